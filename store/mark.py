"""Mark: a note that an input of a place changed between two event times, made by whoever changed it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

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


async def waiting(connection: AsyncConnection[TupleRow]) -> int:
    """How many marks nobody has taken yet."""
    row = await (await connection.execute(statement("mark", "waiting"))).fetchone()
    return int(row[0]) if row else 0
