"""Settings of the analytics process."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from telemetry.settings import DatabaseSettings


class AnalyticsSettings(DatabaseSettings):
    """Of ``nongvu analytics run``."""

    mqtt_url: str | None = Field(None, description="only under NONGVU_CLOCK=replayed: where the clock is told")
    analytics_batch: int = Field(200, ge=1, le=5000, description="places taken at once")
    analytics_quiet: timedelta = Field(
        timedelta(seconds=30), description="older days are recomputed once nothing came for so long"
    )
    analytics_oldest: timedelta = Field(timedelta(minutes=5), description="older days wait no longer than this")
    analytics_area_quiet: timedelta = Field(
        timedelta(minutes=1), description="neighbours are compared once no older day changed for so long"
    )
    analytics_area_oldest: timedelta = Field(
        timedelta(minutes=5), description="comparing neighbours waits no longer than this"
    )
    analytics_hold: timedelta = Field(
        timedelta(seconds=60), description="a worker not heard for so long lost its places"
    )
    analytics_issues: timedelta = Field(
        timedelta(days=120), ge=timedelta(days=16), description="index values on a forecast go so long after its issue"
    )
