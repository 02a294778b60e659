"""The stations that are compared with each other, those of a province, else of a tree's root; and their days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

import numpy as np
import numpy.typing as npt
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store.binary import Array, Layout, column, gather, instants, layout
from store.lease import Waits
from store.pool import Connection
from store.statements import statement
from store.verdict import Verdict
from store.work import Feed

#: Means and rain of days, and temperatures of hours, as loaded.
DAILY: Final = layout(station="int4", day="date", value="float8")
HOURLY: Final = layout(station="int4", day="date", hour="int4", value="float8")


class Station(NamedTuple):
    """A station that is compared, and what its days were made from."""

    id: int
    time_zone: str
    latitude: float | None
    longitude: float | None
    elevation: float | None
    #: When its thermometers were put up.
    deployed: list[datetime]
    #: Since when its days are made; None: from the beginning.
    since: date | None
    #: Time zone and datastreams that its days were made from; None where none were made.
    basis: str | None
    #: The thermometers that were known then.
    known: list[datetime] | None


class Mark(NamedTuple):
    """Days of a station that have ended changed."""

    id: int
    station: int
    from_time: datetime
    to_time: datetime


class Span(NamedTuple):
    """Days of a station, both ends included."""

    station: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Days:
    """Days of stations; columns of one length, but for the hours' temperatures, which lie behind each other."""

    station: npt.NDArray[np.int32]
    day: npt.NDArray[np.datetime64]
    #: Mean temperature of whole days [°C] and rain of whole days [mm], NaN where missing.
    air: npt.NDArray[np.float64]
    rain: npt.NDArray[np.float64]
    #: How many hours each day has.
    length: npt.NDArray[np.int32]
    temperature: npt.NDArray[np.float64]


async def mark(cursor: AsyncCursor[TupleRow], spans: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Have days of stations that ended compared anew; spans are (station, first time, last time)."""
    stations, from_times, to_times = zip(*spans, strict=True)
    arguments = {"stations": list(stations), "from_times": list(from_times), "to_times": list(to_times)}
    await cursor.execute(statement("area", "mark"), arguments)


async def take(connection: Connection, worker: str, token: UUID, now: datetime, waits: Waits) -> int | None:
    """Lease an area that has waited long enough; None where there is none. Committed at once in autocommit."""
    arguments = {
        "worker": worker, "token": token, "now": now, "quiet": waits.quiet, "oldest": waits.oldest, "hold": waits.hold,
    }  # fmt: skip
    row = await (await connection.execute(statement("area", "take"), arguments)).fetchone()
    return None if row is None else int(row[0])


async def renew(connection: Connection, token: UUID, hold: timedelta) -> None:
    """Hold on for longer, and commit."""
    async with connection.transaction():
        await connection.execute(statement("area", "renew"), {"token": token, "hold": hold})


async def held(connection: Connection, area: int, token: UUID) -> bool:
    """Whether an area is still ours, and so until the transaction ends."""
    cursor = await connection.execute(statement("area", "held"), {"area": area, "token": token})
    return await cursor.fetchone() is not None


async def release(connection: Connection, token: UUID) -> None:
    """End a lease."""
    await connection.execute(statement("area", "release"), {"token": token})


async def stations(connection: Connection, area: int) -> list[Station]:
    """Stations of an area that measure what is compared, in order of their numbers."""
    cursor = await connection.execute(statement("area", "stations"), {"area": area})
    return [Station(*row) for row in await cursor.fetchall()]


async def streams(connection: Connection, stations: Sequence[int]) -> dict[int, tuple[Feed, ...]]:
    """Datastreams of stations' own that are compared."""
    cursor = await connection.execute(statement("area", "streams"), {"stations": list(stations)})
    found: dict[int, list[Feed]] = {}
    for station, datastream, quantity, level, interval in await cursor.fetchall():
        found.setdefault(station, []).append(Feed(station, datastream, quantity, level, interval, None, None))
    return {station: tuple(feeds) for station, feeds in found.items()}


async def marks(connection: Connection, area: int) -> list[Mark]:
    """What of an area changed."""
    cursor = await connection.execute(statement("area", "marks"), {"area": area})
    return [Mark(*row) for row in await cursor.fetchall()]


async def done(connection: Connection, marks: Sequence[int]) -> None:
    """Take away what waited."""
    await connection.execute(statement("area", "done"), {"ids": list(marks)})


async def made(connection: Connection, stations: Sequence[Station]) -> None:
    """Remember what the days of stations were made from."""
    arguments = {
        "stations": [one.id for one in stations],
        "since": [one.since for one in stations],
        "basis": [one.basis for one in stations],
        "whose": [one.id for one in stations for _ in one.deployed],
        "deployed": [moment for one in stations for moment in one.deployed],
    }
    await connection.execute(statement("area", "made"), arguments)


async def first_days(connection: Connection, stations: Sequence[int]) -> dict[int, date]:
    """First day of each station that was made; absent where none was."""
    cursor = await connection.execute(statement("area", "first_days"), {"stations": list(stations)})
    return dict(await cursor.fetchall())


async def write(
    connection: Connection, area: int, spans: Sequence[Span], days: Days, reach: int, until: date, *, asks: bool
) -> None:
    """Make ``days`` all days of spans; ask for what changed to be compared, and ``reach`` days on, to ``until``."""
    arguments = {
        "area": area,
        "stations": [one.station for one in spans],
        "firsts": [one.first for one in spans],
        "lasts": [one.last for one in spans],
        "station": column("int4", days.station),
        "day": column("date", days.day),
        "air": column("float8", days.air),
        "rain": column("float8", days.rain),
        "numbers": column("float8", days.temperature),
        "last": column("int4", np.cumsum(days.length)),
        "length": column("int4", days.length),
        "reach": reach,
        "until": until,
        "asks": asks,
    }
    await connection.execute(statement("area", "write"), arguments)


async def ask(connection: Connection, area: int, spans: Sequence[tuple[date, date]]) -> None:
    """Have spans of days compared anew for drift, whatever changed."""
    firsts, lasts = zip(*spans, strict=True)
    await connection.execute(statement("area", "ask"), {"area": area, "firsts": list(firsts), "lasts": list(lasts)})


async def changed_days(connection: Connection, area: int) -> list[tuple[date, bool]]:
    """Days to compare anew, in order; and whether wholly, not only for drift."""
    cursor = await connection.execute(statement("area", "changed_days"), {"area": area})
    return [(day, whole) for day, whole in await cursor.fetchall()]


async def compared(connection: Connection, area: int, first: date, last: date) -> None:
    """Days that were compared."""
    await connection.execute(statement("area", "compared"), {"area": area, "first": first, "last": last})


async def means(connection: Connection, stations: Sequence[int], first: date, last: date) -> Array:
    """Mean temperatures of whole days, as an array of `DAILY`."""
    return await _read(connection, "means", DAILY, stations, first, last)


async def rain(connection: Connection, stations: Sequence[int], first: date, last: date) -> Array:
    """Rain of whole days, as an array of `DAILY`."""
    return await _read(connection, "rain", DAILY, stations, first, last)


async def hours(connection: Connection, stations: Sequence[int], first: date, last: date) -> Array:
    """Temperatures of hours, as an array of `HOURLY`."""
    return await _read(connection, "hours", HOURLY, stations, first, last)


async def _read(
    connection: Connection, name: str, columns: Layout, stations: Sequence[int], first: date, last: date
) -> Array:
    arguments = {"stations": list(stations), "first": first, "last": last}
    return await gather(connection.cursor(), statement("area", name), columns, arguments)


async def replace(
    cursor: AsyncCursor[TupleRow],
    spans: Sequence[tuple[int, datetime, datetime]],
    verdicts: Sequence[Verdict],
    now: datetime,
    *,
    whole: bool,
) -> list[tuple[int, datetime, datetime]]:
    """Make ``verdicts`` all that the comparison says in spans (datastream, from, before); return what changed.

    Unless days were compared wholly, only what it says of drift.
    """
    datastreams, from_times, to_times = zip(*spans, strict=True)
    arguments = {
        "whole": whole,
        "now": now,
        "datastreams": column("int4", np.array(datastreams, np.int64)),
        "from_times": column("timestamptz", instants(from_times)),
        "to_times": column("timestamptz", instants(to_times)),
        "datastream": column("int4", np.array([one.datastream for one in verdicts], np.int64)),
        "valid_from": column("timestamptz", instants([one.valid_from for one in verdicts])),
        "valid_to": column("timestamptz", instants([one.valid_to for one in verdicts])),
        "flag": column("int4", np.array([one.flag for one in verdicts], np.int64)),
        "reason": column("text", np.array([one.reason for one in verdicts], np.object_)),
    }
    await cursor.execute(statement("area", "replace"), arguments)
    return [(stream, since, until) for stream, since, until in await cursor.fetchall()]


async def changed(cursor: AsyncCursor[TupleRow], spans: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Mark what changed verdicts are of; never the area again."""
    datastreams, from_times, to_times = zip(*spans, strict=True)
    arguments = {"datastreams": list(datastreams), "from_times": list(from_times), "to_times": list(to_times)}
    await cursor.execute(statement("area", "changed"), arguments)
