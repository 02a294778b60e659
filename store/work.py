"""What analytics reads of leased places before it computes: their facts, what feeds them, their readings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

import numpy as np
from psycopg.rows import TupleRow

from store.binary import Array, column, gather, instants, layout
from store.pool import Connection
from store.statements import statement
from telemetry.instant import INSTANT

#: A window's readings, as loaded.
LOADED: Final = layout(datastream_id="int4", phenomenon_time="timestamptz", result="float8", flag="int4")
#: Up to so many spans a prepared plan is good enough, and planning each time would cost more than it saves.
FEW: Final = 64
#: Readings that one answer holds at most: 20 MB, which a connection keeps as its buffer until it is closed.
PAGE: Final = 500_000


class Reached(NamedTuple):
    """How far a place was computed."""

    place: int
    generation: int
    through: datetime | None
    #: Issue of the forecast it was looked ahead on, and to when that reaches.
    issued: datetime | None = None
    ahead: datetime | None = None


class Feed(NamedTuple):
    """A datastream that speaks for a place."""

    place: int
    datastream: int
    quantity: str
    level: str
    interval_seconds: float
    valid_from: datetime | None
    valid_to: datetime | None
    #: The place is the datastream's own station.
    own: bool = True


@dataclass(frozen=True, slots=True)
class Spot:
    """A place's own facts."""

    id: int
    code: str
    name: str
    kind: str
    time_zone: str
    latitude: float | None
    longitude: float | None
    elevation: float | None
    properties: dict[str, object]
    path: list[int]
    commune: str | None
    wind_height: float | None
    #: When it stopped for good, by an operator's word or because its sensors or its gateway were taken away.
    ended: datetime | None = None
    #: All that is known of it was imported from files, and no gateway reads it: nothing is expected from it.
    recorded: bool = False


class Grown(NamedTuple):
    """A crop season at a place."""

    id: int
    place: int
    crop: str
    variety: str
    sown: date
    ended: date | None
    properties: dict[str, object]


class Setting(NamedTuple):
    """A rule's setting for a place and everything below it."""

    rule: str
    place: int
    values: dict[str, object]
    valid_from: datetime


class Trouble(NamedTuple):
    """Something was wrong with a station's gateway."""

    place: int
    kind: str  # offline, clock, gap
    from_time: datetime
    #: None while it goes on.
    to_time: datetime | None


class Verdict(NamedTuple):
    """What somebody said of readings."""

    datastream: int
    valid_from: datetime
    valid_to: datetime
    flag: int
    who: str


class Span(NamedTuple):
    """Readings of a datastream from one time to another, both included."""

    datastream: int
    from_time: datetime
    to_time: datetime


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same readings in spans of which no two share one, in order of datastream and time."""
    found: list[Span] = []
    for span in sorted(spans):
        last = found[-1] if found else None
        if last is not None and last.datastream == span.datastream and span.from_time <= last.to_time:
            found[-1] = last._replace(to_time=max(last.to_time, span.to_time))
        else:
            found.append(span)
    return found


async def _rows(connection: Connection, name: str, places: Sequence[int]) -> list[TupleRow]:
    cursor = await connection.execute(statement("work", name), {"places": list(places)})
    return await cursor.fetchall()


async def reached_and_feeds(connection: Connection, places: Sequence[int]) -> tuple[dict[int, Reached], list[Feed]]:
    """How far each place was computed (absent where never), and what feeds it; one journey to the server."""
    async with connection.pipeline():
        how_far = await connection.execute(statement("work", "known"), {"places": list(places)})
        fed = await connection.execute(statement("work", "feeds"), {"places": list(places)})
        reached = {row[0]: Reached(*row) for row in await how_far.fetchall()}
        return reached, [Feed(*row) for row in await fed.fetchall()]


async def spots(connection: Connection, places: Sequence[int]) -> dict[int, Spot]:
    """Facts of places."""
    return {row[0]: Spot(*row) for row in await _rows(connection, "spots", places)}


async def seasons(connection: Connection, places: Sequence[int]) -> list[Grown]:
    """Crop seasons of places."""
    return [Grown(*row) for row in await _rows(connection, "seasons", places)]


async def settings(connection: Connection, places: Sequence[int]) -> list[Setting]:
    """Rule settings that hold for places, from the root of the tree down."""
    return [Setting(*row) for row in await _rows(connection, "settings", places)]


async def troubles(connection: Connection, places: Sequence[int]) -> list[Trouble]:
    """What was wrong with the gateways of stations, and when."""
    return [Trouble(*row) for row in await _rows(connection, "troubles", places)]


async def earliest(connection: Connection, places: Sequence[int]) -> dict[int, datetime]:
    """First reading of what feeds each place; absent where there is none."""
    return dict(await _rows(connection, "earliest", places))


def _span_columns(spans: Sequence[Span]) -> dict[str, object]:
    datastreams, from_times, to_times = zip(*spans, strict=True)
    return {
        "datastreams": column("int4", np.array(datastreams)),
        "from_times": column("timestamptz", instants(from_times)),
        "to_times": column("timestamptz", instants(to_times)),
        "first": min(from_times),
        "last": max(to_times),
    }


async def page(connection: Connection, spans: Sequence[Span], most: int = PAGE) -> tuple[Array, list[Span]]:
    """First readings of `merged` spans, no more than ``most``, as an array of `LOADED`; and what is left to read."""
    arguments = _span_columns(spans) | {"most": most}
    prepare = len(spans) <= FEW
    found = await gather(connection.cursor(), statement("work", "readings"), LOADED, arguments, prepare=prepare)
    return found, behind(spans, found) if len(found) == most else []


def behind(spans: Sequence[Span], found: Array) -> list[Span]:
    """Those spans, or parts of them, that come after the last reading found."""
    stream, time = int(found["datastream_id"][-1]), found["phenomenon_time"][-1].item().replace(tzinfo=UTC)
    at = next(k for k, one in enumerate(spans) if one.datastream == stream and one.from_time <= time <= one.to_time)
    rest = spans[at]._replace(from_time=time + INSTANT)
    return [*([rest] if rest.from_time <= rest.to_time else []), *spans[at + 1 :]]


async def readings(connection: Connection, spans: Iterable[Span], most: int = PAGE) -> Array:
    """Readings of spans, each once, in order of datastream and time, as an array of `LOADED`.

    They come in pages of at most ``most``: PostgreSQL cannot make a row of more than 1 GB (27 million readings), and
    neither side holds more than a page twice.
    """
    left = merged(spans)
    pages: list[Array] = []
    while left:
        found, left = await page(connection, left, most)
        pages.append(found)
    if not pages:
        return LOADED.empty(0)
    return pages[0] if len(pages) == 1 else np.concatenate(pages)


async def newest(connection: Connection, datastreams: Sequence[int]) -> dict[int, datetime]:
    """Time of each datastream's last reading, whenever it came; absent where there never was one."""
    cursor = await connection.execute(statement("work", "newest"), {"datastreams": list(datastreams)})
    return dict(await cursor.fetchall())


async def heard(connection: Connection, spans: Sequence[Span]) -> dict[int, datetime]:
    """Time of each datastream's last reading in a span; absent where there is none."""
    if not spans:
        return {}
    return dict(await (await connection.execute(statement("work", "heard"), _span_columns(spans))).fetchall())


async def verdicts(
    connection: Connection, datastreams: Sequence[int], first: datetime, last: datetime
) -> list[Verdict]:
    """What people and the spatial pass said of readings in a span, in the order in which it was said."""
    arguments = {"datastreams": list(datastreams), "first": first, "last": last}
    cursor = await connection.execute(statement("work", "verdicts"), arguments)
    return [Verdict(*row) for row in await cursor.fetchall()]


#: A long past, as loaded.
PAST: Final = layout(place="int4", time="timestamptz", value="float8")


async def long_past(
    connection: Connection, places: Sequence[int], index: str, first: datetime, last: datetime
) -> Array:
    """Observed values of a daily index in ``first`` ≤ time < ``last``, as an array of `PAST`."""
    arguments = {"places": list(places), "index": index, "first": first, "last": last}
    return await gather(connection.cursor(), statement("work", "long_past"), PAST, arguments)
