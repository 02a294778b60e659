"""What is needed to score warnings and forecasts: episodes, and forecasts beside what came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from store.pool import Connection
from store.query import rows
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


@dataclass(frozen=True, slots=True)
class Monitored:
    """A rule beside what it is held against, over days of all stations."""

    rule: str
    #: Index that verifies it; None where nobody measures or observes what it speaks of.
    index: str | None
    #: Days of which both are known.
    days: int
    hits: int
    misses: int
    false_alarms: int
    #: Hits that people were told of before the day, or the night, was over.
    in_time: int


async def monitored(
    connection: Connection, rule: str | None, code: str | None, first: datetime, last: datetime
) -> list[Monitored]:
    """Each rule, or one, beside what was measured; at one place or all stations."""
    return await rows(connection, Monitored, "skill", "monitored", rule=rule, code=code, first=first, last=last)


@dataclass(frozen=True, slots=True)
class Eve:
    """What was said of a morrow by persistence."""

    rule: str
    level: int
    #: Of that day [the rule's unit]; None: the alert was over by then.
    value: float | None


async def eves(connection: Connection, code: str | None, first: datetime, last: datetime, now: datetime) -> list[Eve]:
    """What was said of morrows that are over, at one place or all."""
    return await rows(connection, Eve, "skill", "eves", code=code, first=first, last=last, now=now)


async def forecasts(connection: Connection, code: str | None, first: datetime, last: datetime) -> list[Met]:
    """Forecasts for a span, at one place or all, beside what came."""
    cursor = await connection.execute(statement("skill", "forecasts"), {"code": code, "first": first, "last": last})
    return [Met(*row) for row in await cursor.fetchall()]


async def index_forecasts(connection: Connection, code: str | None, first: datetime, last: datetime) -> list[Met]:
    """Index values on forecasts for a span, at one place or all, beside what was observed."""
    arguments = {"code": code, "first": first, "last": last}
    cursor = await connection.execute(statement("skill", "index_forecasts"), arguments)
    return [Met(*row) for row in await cursor.fetchall()]
