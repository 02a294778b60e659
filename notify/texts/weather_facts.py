"""What the tables know of a commune now, before and ahead: the facts that texts are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from notify.texts.message_text import wording
from store.statements import statement

#: Daily indices that bulletins speak of.
INDICES = (
    "air_temperature_minimum", "air_temperature_maximum", "air_temperature_mean", "relative_humidity_mean",
    "precipitation_sum", "wind_gust_maximum", "reference_evapotranspiration", "soil_moisture_mean",
)  # fmt: skip
SUMS = ("precipitation_sum", "reference_evapotranspiration")


@dataclass(frozen=True, slots=True)
class Facts:
    """Values of a commune; what is unknown is absent."""

    commune: str
    day: date
    stations: list[str]
    own: bool  # False: the nearest station stands in
    now: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    most: Mapping[str, float] = field(default_factory=dict)
    mean: Mapping[str, float] = field(default_factory=dict)
    total: Mapping[str, float] = field(default_factory=dict)
    rain_days: int = 0
    ahead: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    alerts: Sequence[Mapping[str, Any]] = field(default_factory=list)
    crops: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def known(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.now or self.mean or self.ahead or self.alerts)

    def document(self) -> dict[str, Any]:
        """Facts as they are kept beside the texts."""
        return asdict(self)


async def facts(connection: AsyncConnection[Any], commune: Mapping[str, Any], now: datetime, days: int = 1) -> Facts:
    """Facts of a commune: the last ``days`` whole local days, the present, and as many days ahead."""
    zone = ZoneInfo(commune["time_zone"])
    today = now.astimezone(zone).date()
    first = datetime.combine(today - timedelta(days=days), time(), zone)
    last = datetime.combine(today, time(), zone)
    window: dict[str, Any] = {"first": first, "last": last, "indices": list(INDICES), "now": now, "day": today}
    window["commune"] = commune["id"]
    window["until"] = now + timedelta(days=days)
    sources = await _rows(connection, "sources", window)
    window["places"] = [row["id"] for row in sources]
    values = await _rows(connection, "daily_values", window)
    sums = await _rows(connection, "sums", window | {"indices": list(SUMS)})
    latest = await _rows(connection, "latest_values", window)
    ahead = await _rows(connection, "forecast", window | {"places": [*window["places"], commune["id"]]})
    return Facts(
        commune=commune["name"],
        day=today,
        stations=[row["name"] for row in sources],
        own=all(row["own"] for row in sources),
        now={row["quantity"]: row["value"] for row in latest},
        least={row["index"]: row["least"] for row in values},
        most={row["index"]: row["most"] for row in values},
        mean={row["index"]: row["mean"] for row in values},
        total={row["index"]: row["total"] for row in sums},
        rain_days=next((row["days"] for row in sums if row["index"] == "precipitation_sum"), 0),
        ahead={row["quantity"]: row for row in ahead},
        alerts=await _rows(connection, "open_alerts", window),
        crops=await _rows(connection, "crops", window),
    )


def advice(found: Facts, language: str) -> list[str]:
    """What to do: of each open alert, what is for the crops that grow here, else what is for everybody."""
    crops = [str(row[name]) for row in found.crops for name in ("crop", "audience") if row.get(name)]
    said: list[str] = []
    for alert in found.alerts:
        by_audience = wording(alert["texts"], language).get("advice", {})
        chosen = [by_audience[name] for name in (*crops, "cattle", "farmer") if name in by_audience]
        said += chosen or list(by_audience.values())[:1]
    return list(dict.fromkeys(said))


async def _rows(connection: AsyncConnection[Any], name: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("bulletin", name), values)
        return list(await cursor.fetchall())
