"""What will happen because event time passes; each process takes only the rows it owns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from psycopg import AsyncCursor
from psycopg.rows import TupleRow

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
