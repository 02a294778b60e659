"""What is shown to people and programs: stations, readings, indices, alerts, each within the asker's scope."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, dict_row

from store.binary import Array, Layout, gather
from store.scope import Scope
from store.statements import statement

Row = dict[str, Any]
Connection = AsyncConnection[TupleRow]


async def rows(connection: Connection, name: str, scope: Scope, **values: Any) -> list[Row]:
    """Every row of a statement of ``store/sql/shown.sql``."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("shown", name), scope.parameters() | values)
        return await cursor.fetchall()


async def row(connection: Connection, name: str, scope: Scope, **values: Any) -> Row | None:
    """The first row of a statement, or None."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("shown", name), scope.parameters() | values)
        return await cursor.fetchone()


async def array(connection: Connection, name: str, scope: Scope, layout: Layout, **values: Any) -> Array:
    """Rows of a statement as an array."""
    async with connection.cursor() as cursor:
        return await gather(cursor, statement("shown", name), layout, scope.parameters() | values)
