"""What was set aside instead of stored: shown with its reason, and tried again when its cause is gone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import DictRow, TupleRow, class_row, dict_row

from store.statements import statement


class Entry(NamedTuple):
    """A record, or a whole pack (record −1), that waits."""

    id: int
    gateway: str
    boot: str
    stream: str
    sequence: int
    record: int
    reason: str
    content_type: str
    payload: bytes
    received_at: datetime


def listed(
    connection: psycopg.Connection[TupleRow], gateway: str | None, reason: str | None, limit: int, *, everything: bool
) -> list[DictRow]:
    """Entries, newest first, of one gateway or for one reason; ``everything``: also what was replayed since."""
    values = {"gateway": gateway, "reason": reason, "limit": limit, "everything": everything}
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("aside", "list"), values).fetchall()


async def curable(
    connection: AsyncConnection[TupleRow], gateway: str, reasons: Collection[str], after: int
) -> list[Entry]:
    """Up to 500 entries of a gateway that wait for some reasons, oldest first, after a number."""
    values = {"gateway": gateway, "after": after, "reasons": sorted(reasons)}
    async with connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(statement("aside", "curable"), values)
        return await cursor.fetchall()


async def curable_gateways(connection: AsyncConnection[TupleRow], reasons: Collection[str]) -> list[str]:
    """Codes of gateways of which something waits for some reasons."""
    cursor = await connection.execute(statement("aside", "curable_gateways"), {"reasons": sorted(reasons)})
    return [code for (code,) in await cursor.fetchall()]


async def still_aside(connection: AsyncConnection[TupleRow], gateways: Sequence[str], reasons: Collection[str]) -> int:
    """How many entries of gateways wait for some reasons."""
    values = {"gateways": list(gateways), "reasons": sorted(reasons)}
    row = await (await connection.execute(statement("aside", "still_aside"), values)).fetchone()
    return int(row[0]) if row else 0


async def another_reason(connection: AsyncConnection[TupleRow], number: int, reason: str, detail: str) -> None:
    """Keep an entry under another fault that it has."""
    values = {"id": number, "reason": reason, "detail": detail}
    await connection.execute(statement("aside", "another_reason"), values)


async def replayed(connection: AsyncConnection[TupleRow], numbers: Sequence[int]) -> None:
    """Note that entries are done."""
    await connection.execute(statement("aside", "replayed"), {"ids": list(numbers)})
