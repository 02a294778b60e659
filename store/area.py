"""Area: the stations that are compared with each other: those of a province, else of a tree's root."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from store.statements import statement

Connection = AsyncConnection[TupleRow]


async def of_places(connection: Connection, places: Sequence[int]) -> dict[int, int]:
    """Area of each station; one that stands alone has none."""
    cursor = await connection.execute(statement("area", "of_places"), {"places": list(places)})
    return dict(await cursor.fetchall())


async def stations(connection: Connection, area: int) -> dict[int, datetime | None]:
    """Stations of an area, with when their present thermometer was put up."""
    cursor = await connection.execute(statement("area", "stations"), {"area": area})
    return dict(await cursor.fetchall())


async def mark(cursor: AsyncCursor[TupleRow], firsts: Mapping[int, datetime], now: datetime) -> None:
    """Have areas compared anew from a moment on."""
    arguments = {"areas": list(firsts), "from_times": list(firsts.values()), "now": now}
    await cursor.execute(statement("area", "mark"), arguments)


async def changed(cursor: AsyncCursor[TupleRow], spans: Sequence[tuple[int, datetime, datetime]]) -> None:
    """Mark what changed verdicts are of; never the area again."""
    datastreams, from_times, to_times = zip(*spans, strict=True)
    arguments = {"datastreams": list(datastreams), "from_times": list(from_times), "to_times": list(to_times)}
    await cursor.execute(statement("area", "changed"), arguments)
