"""What people and programs are shown, list and change, each within the asker's scope: rows with a type, or arrays."""

from __future__ import annotations

from typing import TypeVar, cast

from psycopg.rows import dict_row

from store.binary import Array, Layout, gather
from store.pool import Connection
from store.scope import Scope
from store.statements import statement

Row = TypeVar("Row")


async def rows(connection: Connection, kind: type[Row], name: str, scope: Scope, /, **values: object) -> list[Row]:
    """Every row of a statement of ``store/sql/visible.sql``; ``kind`` says its columns (`store.visible_row`)."""
    del kind  # for the type alone: a test compares it with the columns that the database tells
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("visible", name), scope.parameters() | values)
        return cast("list[Row]", await cursor.fetchall())


async def row(connection: Connection, kind: type[Row], name: str, scope: Scope, /, **values: object) -> Row | None:
    """The first row of a statement, or None."""
    del kind
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("visible", name), scope.parameters() | values)
        return cast("Row | None", await cursor.fetchone())


async def array(connection: Connection, name: str, scope: Scope, layout: Layout, /, **values: object) -> Array:
    """Rows of a statement as an array."""
    async with connection.cursor() as cursor:
        return await gather(cursor, statement("visible", name), layout, scope.parameters() | values)
