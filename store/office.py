"""Office: what officers and programs list and change, each within the scope of the right it needs."""

from __future__ import annotations

from typing import Any

from psycopg.rows import dict_row

from store.scope import Scope
from store.shown import Connection, Row
from store.statements import statement


async def rows(connection: Connection, named: str, scope: Scope, /, **values: Any) -> list[Row]:
    """Every row of a statement of ``store/sql/office.sql``."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("office", named), scope.parameters() | values)
        return await cursor.fetchall()


async def row(connection: Connection, named: str, scope: Scope, /, **values: Any) -> Row | None:
    """The first row of a statement, or None."""
    found = await rows(connection, named, scope, **values)
    return found[0] if found else None
