"""What is known of a place beside its readings, and its local days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analytics.rule import Dated
from store.flag import QUALITY_MASK, Quality
from store.work import Feed, Grown, Spot, Trouble, Verdict

RAIN = "precipitation"
#: Length of a step of the grid [s].
STEP = 600


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a place beside its readings."""

    spot: Spot
    feeds: tuple[Feed, ...]
    seasons: tuple[Grown, ...]
    #: Rule → its terms here, where they are not the rule's own.
    terms: Mapping[str, tuple[Dated, ...]]
    #: When something was wrong with its gateway.
    troubles: tuple[Trouble, ...] = ()

    @property
    def interval(self) -> float:
        """Shortest regular interval [s] of the station's datastreams; NaN where there is none."""
        regular = [feed.interval_seconds for feed in self.feeds if feed.interval_seconds > 0]
        return min(regular, default=np.nan)

    def series(self) -> dict[int, list[str]]:
        """Datastream → names of the series it makes: ``quantity/level``, and ``quantity`` for the main level."""
        named: dict[int, list[str]] = {}
        main: dict[str, str] = {}
        for feed in self.feeds:
            best = main.get(feed.quantity)
            if best is None or _depth(feed.level) < _depth(best):
                main[feed.quantity] = feed.level
        for feed in self.feeds:
            names = [f"{feed.quantity}/{feed.level}"] if feed.level else []
            named[feed.datastream] = names + ([feed.quantity] if main[feed.quantity] == feed.level else [])
        return named


def _depth(level: str) -> tuple[float, str]:
    """Order of levels: none, then the nearest to the surface."""
    if not level:
        return -1.0, ""
    try:
        return abs(float(level.rstrip("m"))), level
    except ValueError:
        return np.inf, level


def local_date(moment: datetime, time_zone: str) -> date:
    """Local date of an aware time."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def midnight(day: date, time_zone: str) -> datetime:
    """Aware UTC time at which a local day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def naive(moment: datetime) -> np.datetime64:
    """An aware time as datetime64[us] in UTC."""
    return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")


def good_readings(readings: NDArray[Any], verdicts: Sequence[Verdict]) -> NDArray[np.bool_]:
    """Which readings are good or not evaluated, once verdicts were laid over them; a person has the last word."""
    flag = readings["flag"] & QUALITY_MASK
    good = (flag == Quality.GOOD) | (flag == Quality.NOT_EVALUATED)
    for verdict in sorted(verdicts, key=lambda verdict: verdict.who.startswith("person:")):
        inside = (
            (readings["datastream_id"] == verdict.datastream)
            & (readings["phenomenon_time"] >= naive(verdict.valid_from))
            & (readings["phenomenon_time"] <= naive(verdict.valid_to))
        )
        good[inside] = (verdict.flag & QUALITY_MASK) in (Quality.GOOD, Quality.NOT_EVALUATED)
    return np.asarray(good)


def rain_streams(known: Known) -> list[int]:
    """Datastreams of the place's main rain gauge."""
    return [datastream for datastream, names in known.series().items() if RAIN in names]
