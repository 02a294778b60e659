"""Days of an area's stations judged by their neighbours: what tables have of them in, verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import grid as grids
from analytics.grid import HOUR, Array, Grid
from analytics.quality import findings
from analytics.quality.area import SPAN, Neighbourhood, by_hour, check_drift, check_hours, neighbourhood
from analytics.quality.finding import Flags, Reason
from analytics.run.window import quality_verdicts
from analytics.run.window.frame import static
from analytics.run.window.place_facts import Known
from store import area
from store.pool import Connection
from store.verdict import Verdict

#: Days before it that a day's drift looks back at.
REACH = 2 * SPAN - 1
#: Station-days compared at once, of as many days as drift looks back at, at most.
TOGETHER = 60_000
#: Fewer are not compared: a majority of two is no evidence.
LEAST = 4
_DAY = timedelta(days=1)


class Stretch(NamedTuple):
    """Days one after the other that are compared: wholly, or only for drift."""

    first: date
    last: date
    whole: bool


def stretches(changed: Sequence[tuple[date, bool]], last: date, stations: int) -> list[Stretch]:
    """Runs of the days that changed, (day, wholly) in order, of days that have ended everywhere; none is too long."""
    longest = min(max(TOGETHER // max(stations, 1), 1), REACH + 1)
    found: list[Stretch] = []
    for day, whole in changed:
        if day > last:
            break
        former = found[-1] if found else None
        if (
            former is not None
            and former.whole == whole
            and former.last + _DAY == day
            and (day - former.first).days < longest
        ):
            found[-1] = former._replace(last=day)
        else:
            found.append(Stretch(day, day, whole))
    return found


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a stretch of days is judged from; the last two None where only drift is."""

    known: Sequence[Known]
    #: (stations, `REACH` + days) mean temperatures of whole days [°C].
    means: Array
    #: (stations, days) rain of whole days [mm]; temperatures as `store.area.HOURLY`.
    rain: Array | None
    hours: NDArray[Any] | None


async def inputs(connection: Connection, known: Sequence[Known], stretch: Stretch) -> Inputs:
    """Read what a stretch of days is judged from."""
    ids = [one.spot.id for one in known]
    begin = stretch.first - timedelta(days=REACH)
    means = _laid(await area.means(connection, ids, begin, stretch.last), ids, begin, stretch.last)
    if not stretch.whole:
        return Inputs(known, means, None, None)
    rain = _laid(await area.rain(connection, ids, stretch.first, stretch.last), ids, stretch.first, stretch.last)
    return Inputs(known, means, rain, await area.hours(connection, ids, stretch.first, stretch.last))


def _laid(rows: NDArray[Any], ids: Sequence[int], first: date, last: date) -> Array:
    """Rows of `store.area.DAILY` as (stations, days)."""
    laid = np.full((len(ids), (last - first).days + 1), np.nan)
    row = np.searchsorted(ids, rows["station"])
    laid[row, (rows["day"] - np.datetime64(first, "D")).astype(np.int64)] = rows["value"]
    return laid


def spatial_verdicts(
    given: Inputs, stretch: Stretch, deployed: Sequence[Sequence[date]], now: datetime
) -> list[Verdict]:
    """What the comparison says of a stretch of days; ``deployed`` has the days on which thermometers were put up."""
    if len(given.known) < LEAST:
        return []
    places = static(given.known)
    around = neighbourhood(places.latitude, places.longitude, places.elevation)
    zones = [one.spot.time_zone for one in given.known]
    hours = grids.local_days(stretch.first, stretch.last, zones, HOUR)
    found = {("air_temperature", Reason.DRIFT): by_hour(hours, drifting(around, given.means, stretch, deployed))}
    if given.rain is not None and given.hours is not None:
        temperature = _by_the_hour(hours, given.hours, [one.spot.id for one in given.known])
        found |= check_hours(around, hours, temperature, given.rain)
    return quality_verdicts.said(given.known, now, findings(hours, found))


def _by_the_hour(grid: Grid, rows: NDArray[Any], ids: Sequence[int]) -> Array:
    """Temperatures as (stations, hours)."""
    laid = np.full((grid.places, grid.steps), np.nan)
    row = np.searchsorted(ids, rows["station"])
    day = (rows["day"] - grid.first).astype(np.int64)
    laid[row, grid.edges[row, day] + rows["hour"]] = rows["value"]
    return laid


def drifting(around: Neighbourhood, means: Array, stretch: Stretch, deployed: Sequence[Sequence[date]]) -> Flags:
    """(stations, days) flags of drift: each day looks back no further than the thermometer of then was put up.

    What another thermometer measured says nothing of a drift of this one, nor of its neighbours'.
    """
    days = (stretch.last - stretch.first).days + 1
    dates = np.datetime64(stretch.first, "D") - REACH + np.arange(REACH + days)
    # from where on other thermometers were in force than the day before
    fresh = {day for one in deployed for day in one if stretch.first < day <= stretch.last}
    begins = sorted({0, *((day - stretch.first).days for day in fresh)})
    flags = np.empty((len(means), days), np.uint8)
    for begin, end in zip(begins, [*begins[1:], days], strict=True):
        newest = stretch.first + timedelta(days=begin)
        put_up = np.array([max((day for day in one if day <= newest), default=date.min) for one in deployed], "M8[D]")
        part = slice(begin, REACH + end)
        masked = np.where(dates[None, part] <= put_up[:, None], np.nan, means[:, part])
        flags[:, begin:end] = check_drift(around, masked)
    return flags
