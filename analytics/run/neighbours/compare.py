"""The second pass of quality, night by night: the stations of an area compared with each other.

It looks at raw values and at what the ordered checks find in them, never at its own verdicts, so it comes to the same
whatever was said before. A worker that wrote a station's results asks for it once days that have ended changed
(``area_mark``); a verdict that really changed marks its own station with the cause ``spatial``, and nothing else.

It goes in a lane of its own: nothing else ever waits for it. First the days of the stations that changed are made anew
from their readings (`area_days`); what of them really changed says which days are compared anew; those are compared
from the days of all stations, as tables have them, since the lapse rate is the whole area's. Each part is a transaction
that leaves what is still to be done in the tables, and only while the area is leased.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import structlog

from analytics.run.engine.portions import set_apart
from analytics.run.neighbours.spatial_check import REACH, Inputs, Stretch, inputs, spatial_verdicts, stretches
from analytics.run.neighbours.station_days import Piece, days_of, slices, spans
from analytics.run.window.place_facts import Known, local_date, midnight
from store import area, uncomputed, work
from store.area import Station
from store.lease import LeaseLost, Waits
from store.patience import is_away
from store.pool import Connection, Pool
from store.work import Spot

log = structlog.get_logger(__name__)
#: Longer spans are cut to where readings begin.
LONG = timedelta(days=366)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Area:
    """The lane of a worker; of any number of them one at a time compares an area."""

    pool: Pool
    waits: Waits = field(default_factory=Waits)
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}")

    async def step(self, now: datetime) -> int:
        """Compare an area that has waited long enough; return how many that were."""
        token = uuid4()
        async with self.pool.connection() as connection:
            await connection.set_autocommit(True)  # transactions are said where they begin and end
            place = await area.take(connection, self.worker, token, now, self.waits)
            if place is None:
                return 0
            beat = asyncio.create_task(self._hold(token), name="hold area")
            try:
                await compare(connection, token, place, now)
                await uncomputed.healed(connection, [place], "area")
            except LeaseLost:
                log.warning("lease lost", area=place, again="by whoever has it")
            except Exception as error:
                if is_away(error) or connection.broken:
                    raise
                with contextlib.suppress(LeaseLost):
                    await set_apart(connection, token, place, error, "area")
            except asyncio.CancelledError:
                async with self.pool.connection() as another:
                    await area.release(another, token)
                raise
            finally:
                beat.cancel()
        return 1

    async def _hold(self, token: UUID) -> None:
        while True:
            await asyncio.sleep(self.waits.hold.total_seconds() / 3)
            async with self.pool.connection() as connection:
                await area.renew(connection, token, self.waits.hold)


async def compare(connection: Connection, token: UUID, place: int, now: datetime) -> None:
    """Make anew what changed of an area's days, compare what has to be, and end its lease."""
    stations = await area.stations(connection, place)
    known = await _known(connection, stations)
    marks = await area.marks(connection, place)
    if known:
        await _make(connection, token, place, stations, known, marks, now)
    else:
        await area.done(connection, [mark.id for mark in marks])
        await area.compared(connection, place, date.min, date.max)
    deployed = [[local_date(one, station.time_zone) for one in station.deployed] for station in stations]
    last = min((_ended(one, now) for one in known), default=date.min)
    for stretch in stretches(await area.changed_days(connection, place), last, len(known)):
        given = await inputs(connection, known, stretch)
        await _judged(connection, token, place, stretch, given, deployed, now)
    await area.release(connection, token)


async def _known(connection: Connection, stations: Sequence[Station]) -> list[Known]:
    feeds = await area.streams(connection, [one.id for one in stations])
    return [Known(_spot(one), feeds[one.id], (), {}) for one in stations]


def _spot(one: Station) -> Spot:
    """As much of a station as the checks look at."""
    position = one.latitude, one.longitude, one.elevation
    return Spot(one.id, "", "", "station", one.time_zone, *position, {}, [], None, None)


def _ended(known: Known, now: datetime) -> date:
    """Last day that has ended."""
    return local_date(now, known.spot.time_zone) - _DAY


def basis(known: Known) -> str:
    """What a station's days are made from beside its readings."""
    feeds = (f"{feed.datastream} {feed.quantity} {feed.level} {feed.interval_seconds:g}" for feed in known.feeds)
    return "; ".join((known.spot.time_zone, *feeds))


async def _make(
    connection: Connection,
    token: UUID,
    place: int,
    stations: Sequence[Station],
    known: Sequence[Known],
    marks: Sequence[area.Mark],
    now: datetime,
) -> None:
    """Make days that changed, and those that are looked back at and never were made."""
    pieces = await _changed(connection, stations, known, marks, now)
    anew = list(_thermometers(stations, max(_ended(one, now) for one in known)))
    waiting = [day for day, _ in await area.changed_days(connection, place)]
    firsts = [piece.first for piece in pieces] + [first for first, _ in anew] + waiting
    need = min(firsts, default=date.max) - timedelta(days=REACH)
    lacking = [
        Piece(one, need, min(station.since - _DAY, _ended(one, now)))
        for station, one in zip(stations, known, strict=True)
        if station.since is not None and need < station.since
    ]
    await _write(connection, token, place, pieces, known, now, asks=True)
    await _write(connection, token, place, await _clipped(connection, lacking), known, now, asks=False)
    came = [
        station._replace(since=None if station.since is None else min(station.since, need), basis=basis(one))
        for station, one in zip(stations, known, strict=True)
    ]
    async with connection.transaction():
        await _hold(connection, token, place)
        if anew:
            await area.ask(connection, place, anew)
        await area.made(connection, came)
        await area.done(connection, [mark.id for mark in marks])


async def _changed(
    connection: Connection,
    stations: Sequence[Station],
    known: Sequence[Known],
    marks: Sequence[area.Mark],
    now: datetime,
) -> list[Piece]:
    """Days that changed, and all where a station is not any more what its days were made from."""
    of_station = {one.spot.id: one for one in known}
    pieces = []
    for mark in marks:
        if (one := of_station.get(mark.station)) is not None:
            first, last = (local_date(moment, one.spot.time_zone) for moment in (mark.from_time, mark.to_time))
            # the day after looks back at it
            pieces.append(Piece(one, first, min(last + _DAY, _ended(one, now))))
    others = [
        one.spot.id for station, one in zip(stations, known, strict=True) if station.basis not in (None, basis(one))
    ]
    if others:
        for station, day in (await area.first_days(connection, others)).items():
            pieces.append(Piece(of_station[station], day, _ended(of_station[station], now)))
    return await _clipped(connection, merged(pieces))


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """The same days, each once; in order of station and day."""
    found: list[Piece] = []
    for piece in sorted(pieces, key=lambda one: (one.known.spot.id, one.first)):
        if piece.first > piece.last:
            continue
        last = found[-1] if found else None
        if last is not None and last.known is piece.known and piece.first <= last.last + _DAY:
            found[-1] = last._replace(last=max(last.last, piece.last))
        else:
            found.append(piece)
    return found


async def _clipped(connection: Connection, pieces: Sequence[Piece]) -> list[Piece]:
    """Long spans from where a station's readings begin."""
    long = [piece.known.spot.id for piece in pieces if piece.last - piece.first > LONG]
    if not long:
        return list(pieces)
    earliest = await work.earliest(connection, long)
    found = []
    for piece in pieces:
        begin = piece.first
        if piece.last - piece.first > LONG:
            moment = earliest.get(piece.known.spot.id)
            begin = piece.last if moment is None else max(begin, local_date(moment, piece.known.spot.time_zone))
        if begin <= piece.last:
            found.append(piece._replace(first=begin))
    return found


def _thermometers(stations: Sequence[Station], last: date) -> Iterable[tuple[date, date]]:
    """Days that are judged otherwise because a thermometer was put up, or was not after all."""
    for station in stations:
        for moment in set(station.deployed) ^ set(station.known if station.known is not None else station.deployed):
            first = local_date(moment, station.time_zone)
            if first <= last:
                yield first, min(first + timedelta(days=REACH + 1), last)


async def _write(
    connection: Connection,
    token: UUID,
    place: int,
    pieces: Sequence[Piece],
    known: Sequence[Known],
    now: datetime,
    *,
    asks: bool,
) -> None:
    until = max(_ended(one, now) for one in known)
    for part in slices(pieces):
        array = await work.readings(connection, spans(part))
        days = await asyncio.to_thread(days_of, part, array)
        wanted = [area.Span(one.spot.id, first, last) for one, first, last in part]
        async with connection.transaction():
            await _hold(connection, token, place)
            await area.write(connection, place, wanted, days, REACH, until, asks=asks)


async def _hold(connection: Connection, token: UUID, place: int) -> None:
    if not await area.held(connection, place, token):
        raise LeaseLost([place])


async def _judged(
    connection: Connection,
    token: UUID,
    place: int,
    stretch: Stretch,
    given: Inputs,
    deployed: Sequence[Sequence[date]],
    now: datetime,
) -> None:
    """Compare a stretch of days, and write what came of it."""
    found = await asyncio.to_thread(spatial_verdicts, given, stretch, deployed, now)
    limits = [
        (
            feed.datastream,
            midnight(stretch.first, one.spot.time_zone),
            midnight(stretch.last + _DAY, one.spot.time_zone),
        )
        for one in given.known
        for feed in one.feeds
    ]
    async with connection.transaction():
        await _hold(connection, token, place)
        await area.compared(connection, place, stretch.first, stretch.last)
        if changed := await area.replace(connection.cursor(), limits, found, now, whole=stretch.whole):
            await area.changed(connection.cursor(), changed)
