"""What analytics could not do at a place, set apart until it is tried again.

``past``: compute it from its readings (its marks are kept under a lease that nobody has). ``ahead``: look ahead at it
on its forecast (its readings go on being computed). ``area``: compare the stations below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.statements import statement

#: Waits before a place is tried again: after the first failure, and no longer than [real time].
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
#: What could not be done.
Task = Literal["past", "ahead", "area"]
_SET_APART = {"past": "set_apart", "ahead": "set_apart_ahead", "area": "set_apart_area"}


class Failed(NamedTuple):
    """A place that was set apart."""

    code: str
    failures: int
    again_at: datetime


class Uncomputed(NamedTuple):
    """A place that is set apart, with the reason."""

    code: str
    task: Task
    since: datetime
    failures: int
    reason: str
    again_at: datetime


async def set_apart(
    connection: AsyncConnection[TupleRow], token: UUID, place: int, reason: str, task: Task = "past"
) -> Failed | None:
    """Keep what a leased place waits for and try it again later; None where the lease was lost. Commits."""
    arguments = {"token": token, "place": place, "reason": reason, "first": FIRST, "longest": LONGEST}
    async with connection.transaction():
        row = await (await connection.execute(statement("uncomputed", _SET_APART[task]), arguments)).fetchone()
    return None if row is None else Failed(*row)


async def known(connection: AsyncConnection[TupleRow], places: Sequence[int], task: Task = "past") -> set[int]:
    """Which of some places failed when they were tried last."""
    cursor = await connection.execute(statement("uncomputed", "known"), {"places": list(places), "task": task})
    return {row[0] for row in await cursor.fetchall()}


async def healed(connection: AsyncConnection[TupleRow], places: Sequence[int], task: Task = "past") -> None:
    """It was done at places after all."""
    await connection.execute(statement("uncomputed", "healed"), {"places": list(places), "task": task})


async def postponed(connection: AsyncConnection[TupleRow], token: UUID, places: Sequence[int]) -> set[int]:
    """End leases of places to be looked ahead that are not to be tried yet, and return them; `wake` asks again."""
    async with connection.transaction():
        cursor = await connection.execute(
            statement("uncomputed", "postponed"), {"token": token, "places": list(places)}
        )
        return {row[0] for row in await cursor.fetchall()}


async def wake(connection: AsyncConnection[TupleRow], now: datetime) -> int:
    """Ask again, at event time ``now``, for looks ahead whose wait is over; return how many. Commits."""
    async with connection.transaction():
        row = await (await connection.execute(statement("uncomputed", "wake"), {"now": now})).fetchone()
    return int(row[0]) if row else 0


async def again(connection: AsyncConnection[TupleRow]) -> None:
    """Try all that are set apart as soon as somebody takes them."""
    async with connection.transaction():
        await connection.execute(statement("uncomputed", "again"))
        await connection.execute(statement("lease", "expire"))


async def everything(connection: AsyncConnection[TupleRow]) -> list[Uncomputed]:
    """All that is set apart, the longest first."""
    return [Uncomputed(*row) for row in await (await connection.execute(statement("uncomputed", "all"))).fetchall()]
