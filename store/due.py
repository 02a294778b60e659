"""What will happen because event time passes; each process takes only the rows it owns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store import query
from store.pool import Connection
from store.statements import statement

Owner = Literal["analytics", "notify"]


class Due(NamedTuple):
    """One thing to come."""

    at: datetime
    kind: str
    topic: str


async def replace(
    cursor: AsyncCursor[TupleRow], owner: Owner, topics: Sequence[str], kinds: Sequence[str], rows: Sequence[Due]
) -> None:
    """Make ``rows`` the only ones of these topics and kinds, in the transaction of the effect."""
    arguments = {
        "owner": owner,
        "topics": list(topics),
        "kinds": list(kinds),
        "at": [row.at for row in rows],
        "kind": [row.kind for row in rows],
        "topic": [row.topic for row in rows],
    }
    await cursor.execute(statement("due", "replace"), arguments)


async def take(cursor: AsyncCursor[TupleRow], owner: Owner, kind: str, now: datetime, most: int) -> list[Due]:
    """Delete and return rows whose time has come; they are back if the transaction does not commit."""
    arguments = {"owner": owner, "kind": kind, "now": now, "most": most}
    await cursor.execute(statement("due", "take"), arguments)
    return [Due(at, kind, topic) for at, topic in await cursor.fetchall()]


async def plan(connection: Connection, owner: Owner, due: Due) -> None:
    """Have one thing happen at an event time; if it was to happen at another, it happens then no more."""
    await query.run(connection, "due", "plan", owner=owner, at=due.at, kind=due.kind, topic=due.topic)


async def waiting(connection: Connection, owner: Owner, now: datetime, most: int) -> list[Due]:
    """At most so many rows whose time has come, the oldest first; they stay until they are taken."""
    return await query.rows(connection, Due, "due", "waiting", owner=owner, now=now, most=most)


async def take_one(connection: Connection, owner: Owner, kind: str, topic: str, now: datetime) -> bool:
    """Delete a row whose time has come, in the transaction of its effect; False: another worker was first."""
    return bool(await query.run(connection, "due", "take_one", owner=owner, kind=kind, topic=topic, now=now))


async def take_topics(connection: Connection, owner: Owner, kind: str, topics: Sequence[str]) -> list[str]:
    """Delete rows of a kind, whenever their time is; returns the topics that were still there."""
    return await query.words(connection, "due", "take_topics", owner=owner, kind=kind, topics=list(topics))
