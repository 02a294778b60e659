"""A note that an input of a place changed between two event times, made by whoever changed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store.pool import Connection
from store.statements import statement

#: Channel on which a new mark wakes analytics; a hint only.
CHANNEL = "mark"


async def append(
    cursor: AsyncCursor[TupleRow], places: Sequence[int], from_time: datetime, to_time: datetime, cause: str
) -> None:
    """Mark places in the transaction that changes their input."""
    arguments = {"places": list(places), "from_time": from_time, "to_time": to_time, "cause": cause}
    await cursor.execute(statement("mark", "append"), arguments)


async def below(cursor: AsyncCursor[TupleRow], place: int, from_time: datetime, to_time: datetime, cause: str) -> None:
    """Mark a place and everything below it."""
    arguments = {"place": place, "from_time": from_time, "to_time": to_time, "cause": cause}
    await cursor.execute(statement("mark", "below"), arguments)


async def waiting(connection: Connection) -> int:
    """How many marks nobody has taken yet."""
    row = await (await connection.execute(statement("mark", "waiting"))).fetchone()
    return int(row[0]) if row else 0


async def span(
    connection: Connection,
    codes: Sequence[str] | None,
    from_time: datetime,
    to_time: datetime,
    cause: str,
) -> int:
    """Mark everything below places, or all there is; it is taken without a wait. Return how many places that is."""
    arguments = {"codes": None if codes is None else list(codes), "from_time": from_time, "to_time": to_time}
    row = await (await connection.execute(statement("mark", "spans"), arguments | {"cause": cause})).fetchone()
    return int(row[0]) if row else 0


async def left(connection: Connection, cause: str) -> int:
    """Places that wait or are in work for a cause."""
    row = await (await connection.execute(statement("mark", "left"), {"cause": cause})).fetchone()
    return int(row[0]) if row else 0
