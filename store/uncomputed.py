"""Uncomputed: places that analytics could not compute, set apart until they are tried again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from store.statements import statement

#: Waits before a place is tried again: after the first failure, and no longer than [real time].
FIRST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
#: SQLSTATEs by which the database itself is away or full, or asks to try the same again: no fault of what was asked.
_AWAY = frozenset({"08", "57"})
_AGAIN = frozenset({"25006", "25P03", "40001", "40P01", "53100", "53300", "55P03"})
_CANCELLED = "57014"


class Failed(NamedTuple):
    """A place that was set apart."""

    code: str
    failures: int
    again_at: datetime


class Uncomputed(NamedTuple):
    """A place that is set apart, with the reason."""

    code: str
    since: datetime
    failures: int
    reason: str
    again_at: datetime


def is_away(error: BaseException) -> bool:
    """Whether the database did not answer, or has no room for anybody; not: it answered that this cannot be done."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, ConnectionError | TimeoutError)
    state = error.sqlstate
    if state is None:
        # an aborted pipeline says that a statement before it failed
        gone = psycopg.OperationalError | psycopg.InterfaceError
        return isinstance(error, gone) and not isinstance(error, psycopg.errors.PipelineAborted)
    return (state[:2] in _AWAY and state != _CANCELLED) or state in _AGAIN


def reason_of(error: BaseException) -> str:
    """An error in a line, without the rows that a database's message may hold."""
    said = error.diag.message_primary if isinstance(error, psycopg.Error) else None
    lines = (said or str(error)).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


async def set_apart(connection: AsyncConnection[Any], token: UUID, place: int, reason: str) -> Failed | None:
    """Keep a leased place's marks and try it again later; None where the lease was lost. Commits."""
    arguments = {"token": token, "place": place, "reason": reason, "first": FIRST, "longest": LONGEST}
    async with connection.transaction():
        row = await (await connection.execute(statement("uncomputed", "set_apart"), arguments)).fetchone()
    return None if row is None else Failed(*row)


async def known(connection: AsyncConnection[Any], places: Sequence[int]) -> set[int]:
    """Which of some places failed when they were tried last."""
    cursor = await connection.execute(statement("uncomputed", "known"), {"places": list(places)})
    return {row[0] for row in await cursor.fetchall()}


async def healed(connection: AsyncConnection[Any], places: Sequence[int]) -> None:
    """Places were computed after all."""
    await connection.execute(statement("uncomputed", "healed"), {"places": list(places)})


async def again(connection: AsyncConnection[Any]) -> None:
    """Try all that are set apart as soon as somebody takes them."""
    async with connection.transaction():
        await connection.execute(statement("uncomputed", "again"))
        await connection.execute(statement("lease", "expire"))


async def everything(connection: AsyncConnection[Any]) -> list[Uncomputed]:
    """All places that are set apart, the longest first."""
    return [Uncomputed(*row) for row in await (await connection.execute(statement("uncomputed", "all"))).fetchall()]
