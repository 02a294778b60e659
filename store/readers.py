"""Sessions of people who look, which end when they outlast their limits.

A role's ``statement_timeout`` is a default that its user may lift; whoever watches from outside cannot be told to wait.
"""

from __future__ import annotations

from typing import NamedTuple

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow

from store.statements import statement


class Ended(NamedTuple):
    """A session that was ended."""

    user: str
    #: How long the query, the transaction or the idling lasted [s].
    seconds: float
    #: ``query``, ``transaction`` or ``idle in transaction``.
    why: str


def end_long_sessions(connection: Connection[TupleRow]) -> list[Ended]:
    """End what is over its limit; who was ended and why."""
    return [Ended(*row) for row in connection.execute(statement("readers", "end_long_sessions")).fetchall()]


async def watch(connection: AsyncConnection[TupleRow]) -> list[Ended]:
    """The same for a process that does other things meanwhile."""
    cursor = await connection.execute(statement("readers", "end_long_sessions"))
    return [Ended(*row) for row in await cursor.fetchall()]
