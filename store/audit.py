"""Who changed what; written in the transaction of the change."""

from __future__ import annotations

import getpass
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.types.json import Jsonb

from store.statements import statement


def _values(who: str, action: str, subject: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"who": who, "action": action, "subject": subject, "detail": Jsonb(detail)}


def record(connection: Connection[Any], action: str, subject: str, **detail: Any) -> None:
    """Record what somebody changed by a command on the machine."""
    who = f"command:{getpass.getuser()}"
    connection.execute(statement("access", "audit"), _values(who, action, subject, detail))


async def record_asked(connection: AsyncConnection[Any], who: str, action: str, subject: str, **detail: Any) -> None:
    """Record what somebody changed through the API or the page."""
    await connection.execute(statement("access", "audit"), _values(who, action, subject, detail))
