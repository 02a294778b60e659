"""Episodes in event time at a place, and the append-only steps of what was said of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypedDict

import msgspec
import structlog
from psycopg import AsyncCursor
from psycopg.rows import TupleRow, class_row

from store.pool import Connection
from store.statements import statement

_log = structlog.get_logger(__name__)


class AlertKey(NamedTuple):
    """What can have one open alert at a time."""

    rule: str
    place: int
    subject: int
    basis: str


class Known(TypedDict, total=False):
    """Of what a text speaks, that part which analytics reads again."""

    #: Local date → the day's value.
    by_day: dict[str, float]
    #: Of a forecast: when it ends, and the issue that says so (ISO 8601).
    until: str
    issued: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An episode as the table has it."""

    id: int
    rule: str
    place: int
    subject: int
    basis: str
    state: str
    started: datetime
    ended: datetime | None
    #: [[from, level], ...]
    course: list[tuple[str, int]]
    values: Known
    #: How many steps were said.
    steps: int
    #: When its newest step expires, and what it knew of: local date of the last whole day.
    expires: datetime | None
    through: str | None
    #: The newest step that people were told: when, of which day, and the worst that it knew of.
    people_at: datetime | None
    people_through: str | None
    people_worst: float | None
    level: int
    #: Of a forecast that came true: the observed one.
    successor: int | None

    @property
    def key(self) -> AlertKey:
        """What it is an episode of."""
        return AlertKey(self.rule, self.place, self.subject, self.basis)


async def current(connection: Connection, places: Sequence[int], from_times: Sequence[datetime]) -> list[Stored]:
    """Episodes of each place that are open or ended at or after its moment, in order of their start."""
    async with connection.cursor(row_factory=class_row(Stored)) as cursor:
        arguments = {"places": list(places), "from_times": list(from_times)}
        await cursor.execute(statement("alert", "current"), arguments)
        return await cursor.fetchall()


def _json(rows: Sequence[dict[str, object]]) -> str:
    return msgspec.json.encode(rows).decode()


async def change(cursor: AsyncCursor[TupleRow], alerts: Sequence[dict[str, object]]) -> None:
    """Rewrite former episodes; those that are not open any more first."""
    for rows in ([row for row in alerts if row["ended"]], [row for row in alerts if not row["ended"]]):
        if rows:
            await cursor.execute(statement("alert", "change"), {"alerts": _json(rows)})


async def cancel(cursor: AsyncCursor[TupleRow], ids: Sequence[int], now: datetime) -> None:
    """Say of episodes that they never were."""
    if ids:
        await cursor.execute(statement("alert", "cancel"), {"ids": list(ids), "now": now})


async def open_new(
    cursor: AsyncCursor[TupleRow], alerts: Sequence[dict[str, object]]
) -> dict[tuple[AlertKey, datetime], int]:
    """Insert episodes and return their ids by key and start."""
    if not alerts:
        return {}
    await cursor.execute(statement("alert", "open"), {"alerts": _json(alerts)})
    return {
        (AlertKey(rule, place, subject, basis), started): number
        for number, rule, place, subject, basis, started in await cursor.fetchall()
    }


async def succeed(cursor: AsyncCursor[TupleRow], successors: dict[int, int]) -> None:
    """Name the successor of cancelled episodes."""
    if successors:
        arguments = {"ids": list(successors), "successors": list(successors.values())}
        await cursor.execute(statement("alert", "succeed"), arguments)


async def say(cursor: AsyncCursor[TupleRow], steps: Sequence[dict[str, object]]) -> None:
    """Append steps and tell notify, in the transaction that writes their episodes; each is one line of the log."""
    if not steps:
        return
    await cursor.execute(statement("alert", "say"), {"steps": _json(steps)})
    for alert, kind, level, trace in await cursor.fetchall():
        _log.info("step", alert=alert, kind=kind, alert_level=level, trace=trace)
