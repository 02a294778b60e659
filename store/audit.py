"""Who changed what; written in the transaction of the change."""

from __future__ import annotations

import getpass

from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from store.statements import statement


def _values(who: str, action: str, subject: str, detail: dict[str, object]) -> dict[str, object]:
    return {"who": who, "action": action, "subject": subject, "detail": Jsonb(detail)}


def record(connection: Connection[TupleRow], action: str, subject: str, **detail: object) -> None:
    """Record what somebody changed by a command on the machine."""
    who = f"command:{getpass.getuser()}"
    connection.execute(statement("access", "audit"), _values(who, action, subject, detail))


async def record_asked(
    connection: AsyncConnection[TupleRow], who: str, action: str, subject: str, **detail: object
) -> None:
    """Record what somebody changed through the API or the page."""
    await connection.execute(statement("access", "audit"), _values(who, action, subject, detail))
