"""What is needed to score warnings and forecasts: episodes, and forecasts beside what came."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from store.pool import Connection
from store.statements import statement


class Met(NamedTuple):
    """A forecast value, what came, and what was when it was issued."""

    quantity: str
    days_ahead: int
    value: float
    observed: float | None
    persistence: float | None


async def episodes(
    connection: Connection, rule: str, level: int, first: datetime, last: datetime, now: datetime
) -> list[tuple[str, int, int]]:
    """Code of the place, first and last second of each episode of a rule at a level or above."""
    arguments = {"rule": rule, "level": level, "first": first, "last": last, "now": now}
    cursor = await connection.execute(statement("skill", "episodes"), arguments)
    return [(code, begin, end) for _, code, begin, end in await cursor.fetchall()]


async def forecasts(connection: Connection, code: str | None, first: datetime, last: datetime) -> list[Met]:
    """Forecasts for a span, at one place or all, beside what came."""
    cursor = await connection.execute(statement("skill", "forecasts"), {"code": code, "first": first, "last": last})
    return [Met(*row) for row in await cursor.fetchall()]


async def index_forecasts(connection: Connection, code: str | None, first: datetime, last: datetime) -> list[Met]:
    """Index values on forecasts for a span, at one place or all, beside what was observed."""
    arguments = {"code": code, "first": first, "last": last}
    cursor = await connection.execute(statement("skill", "index_forecasts"), arguments)
    return [Met(*row) for row in await cursor.fetchall()]
