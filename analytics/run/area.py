"""Area: the second pass of quality, night by night: the stations of an area compared with each other.

It looks at raw values and at what the ordered checks find in them, never at its own verdicts, so it comes to the same
whatever was said before. A mark with the cause ``area`` asks for it once days of a station below have ended or
changed; a verdict that really changed marks its own station with the cause ``spatial``, which asks for no area again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import numpy as np

from analytics.grid import Array
from analytics.quality import check_window, findings
from analytics.quality.area import SPAN, WHOLE, Neighbourhood, check_area, neighbourhood
from analytics.quality.check import trusted
from analytics.run import batch, compute, doubts
from analytics.run.batch import Frame, Known, local_date, midnight
from analytics.run.write import LeaseLost
from store import area, lease, verdict, work
from store.verdict import Verdict
from store.work import Connection, Span

AREA, SPATIAL = "area", "spatial"
COMPARED = ("air_temperature", "precipitation")
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Stations:
    """The stations of an area."""

    known: Sequence[Known]
    around: Neighbourhood
    #: Since when the present thermometer measures; None where nobody said.
    deployed: Sequence[datetime | None]


async def compare(
    connection: Connection, token: UUID, place: int, known: Mapping[int, Known], first: datetime, now: datetime
) -> None:
    """Compare an area's stations from a moment to the last day that has ended, and end its lease."""
    deployed = await area.stations(connection, place)
    stations = _stations([known[one] for one in deployed], list(deployed.values()))
    found: list[Verdict] = []
    zones = [one.spot.time_zone for one in stations.known]
    begin = min((local_date(first, zone) for zone in zones), default=now.date())
    last = min((local_date(now, zone) - timedelta(days=1) for zone in zones), default=begin - timedelta(days=1))
    if last >= begin and len(zones) > 3:
        found = await _days(connection, stations, begin, last)
    own = {feed.datastream: one.spot.time_zone for one in stations.known for feed in one.feeds if feed.own}
    async with connection.transaction():
        if not await lease.release(connection.cursor(), token, [place]):
            raise LeaseLost([place])
        if own and last >= begin:
            moments = [midnight(begin, zone) for zone in own.values()]
            cursor = connection.cursor()
            await verdict.replace(cursor, verdict.SPATIAL, list(own), moments, found, now)
            if spans := await cursor.fetchall():
                await area.changed(connection.cursor(), [(stream, since, until) for stream, since, until in spans])


def _stations(known: Sequence[Known], deployed: Sequence[datetime | None]) -> Stations:
    places = batch.static(known)
    around = neighbourhood(places.latitude, places.longitude, places.elevation)
    return Stations(known, around, deployed)


async def _days(connection: Connection, stations: Stations, begin: date, last: date) -> list[Verdict]:
    """Go through the days, a bounded number at a time, keeping the daily means that drift looks back at."""
    length = max(compute.PLACE_DAYS // len(stations.known), 1)
    day = begin - timedelta(days=2 * SPAN)
    before = np.full((len(stations.known), 0), np.nan)
    found: list[Verdict] = []
    while day <= last:
        judged = day >= begin
        end = min(day + timedelta(days=length - 1), last if judged else begin - timedelta(days=1))
        part = await _frame(connection, stations.known, day, end, COMPARED if judged else COMPARED[:1])
        means, verdicts = await asyncio.to_thread(_judge, part, stations, before, judged)
        found += verdicts
        before = np.concatenate((before, means), axis=1)[:, -2 * SPAN :]
        day = end + timedelta(days=1)
    return found


async def _frame(
    connection: Connection, known: Sequence[Known], first: date, last: date, quantities: Sequence[str]
) -> Frame:
    """Raw readings of the stations' own sensors, a day before for the checks in time."""
    own = [
        Known(one.spot, tuple(feed for feed in one.feeds if feed.own and feed.quantity in quantities), (), {})
        for one in known
    ]
    spans = []
    for one in own:
        zone = one.spot.time_zone
        limits = midnight(first - timedelta(days=1), zone), midnight(last + timedelta(days=1), zone) - _INSTANT
        spans += [Span(feed.datastream, *limits) for feed in one.feeds]
    array = await work.readings(connection, spans)
    parts = []
    for one in own:
        streams = [feed.datastream for feed in one.feeds]
        mine = array[np.isin(array["datastream_id"], streams)]
        parts.append((mine, batch.trusted(mine, ())))
    moment = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=2)
    never = np.full(len(own), np.datetime64("NaT", "s"))
    return batch.frame(own, batch.gather(parts), first, last, 1, moment, never)


def _judge(part: Frame, stations: Stations, before: Array, judged: bool) -> tuple[Array, list[Verdict]]:
    window = trusted(part.window, check_window(part.window))
    air, fallen = window.summary("air_temperature"), window.summary("precipitation")
    means = np.where(air.completeness >= WHOLE, air.mean, np.nan)[:, 1:]
    dates = window.grid.dates[1:]
    for row, moment in enumerate(stations.deployed):
        if moment is not None:
            # what another thermometer measured says nothing of a drift of this one
            means[row, dates <= np.datetime64(local_date(moment, stations.known[row].spot.time_zone))] = np.nan
    if not judged:
        return means, []
    hours = window.hourly_grid()
    rain = np.where(fallen.completeness >= WHOLE, fallen.total, np.nan)
    temperature = window.hourly("air_temperature").mean
    lead = np.full((len(means), 1), np.nan)
    found = check_area(stations.around, hours, temperature, rain, np.concatenate((lead, means), axis=1), before)
    return means, doubts.said(part, findings(hours, found, 1))
