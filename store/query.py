"""Ask a named statement and get rows with a type; for the modules of the table families, which give each a name.

``kind`` is a dataclass whose fields are the statement's columns; a test compares both with what the database has.
Functions whose name ends in ``_now`` are for commands, over a connection that waits.
"""

from __future__ import annotations

from typing import TypeVar

from psycopg.rows import class_row

from store.pool import Connection, ConnectionNow
from store.statements import statement

Row = TypeVar("Row")


async def rows(connection: Connection, kind: type[Row], family: str, name: str, /, **values: object) -> list[Row]:
    """Every row of a statement."""
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement(family, name), values)
        return await cursor.fetchall()


async def row(connection: Connection, kind: type[Row], family: str, name: str, /, **values: object) -> Row | None:
    """The first row of a statement; None where there is none."""
    async with connection.cursor(row_factory=class_row(kind)) as cursor:
        await cursor.execute(statement(family, name), values)
        return await cursor.fetchone()


async def run(connection: Connection, family: str, name: str, /, **values: object) -> int:
    """Run a statement that answers nothing; returns how many rows it touched."""
    return (await connection.execute(statement(family, name), values)).rowcount


async def numbers(connection: Connection, family: str, name: str, /, **values: object) -> list[int]:
    """The first column of every row, whole numbers."""
    cursor = await connection.execute(statement(family, name), values)
    return [int(found[0]) for found in await cursor.fetchall()]


async def number(connection: Connection, family: str, name: str, /, **values: object) -> int | None:
    """The first column of the first row, a whole number; None where there is no row."""
    found = await (await connection.execute(statement(family, name), values)).fetchone()
    return int(found[0]) if found else None


async def truth(connection: Connection, family: str, name: str, /, **values: object) -> bool:
    """Whether the first column of the first row is true."""
    found = await (await connection.execute(statement(family, name), values)).fetchone()
    return bool(found and found[0])


async def words(connection: Connection, family: str, name: str, /, **values: object) -> list[str]:
    """The first column of every row, texts."""
    cursor = await connection.execute(statement(family, name), values)
    return [str(found[0]) for found in await cursor.fetchall()]


def rows_now(connection: ConnectionNow, kind: type[Row], family: str, name: str, /, **values: object) -> list[Row]:
    """Every row of a statement, for a command."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement(family, name), values).fetchall()


def row_now(connection: ConnectionNow, kind: type[Row], family: str, name: str, /, **values: object) -> Row | None:
    """The first row of a statement, for a command; None where there is none."""
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(statement(family, name), values).fetchone()


def run_now(connection: ConnectionNow, family: str, name: str, /, **values: object) -> int:
    """Run a statement that answers nothing, for a command; returns how many rows it touched."""
    return connection.execute(statement(family, name), values).rowcount


def numbers_now(connection: ConnectionNow, family: str, name: str, /, **values: object) -> list[int]:
    """The first column of every row, whole numbers, for a command."""
    return [int(found[0]) for found in connection.execute(statement(family, name), values).fetchall()]


def number_now(connection: ConnectionNow, family: str, name: str, /, **values: object) -> int | None:
    """The first column of the first row, a whole number, for a command; None where there is no row."""
    found = connection.execute(statement(family, name), values).fetchone()
    return int(found[0]) if found else None
