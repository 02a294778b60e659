"""What server-sent events tell: new batches and steps of alerts, in the order in which they can be seen.

The asker's scope is applied to each listener by ``path`` and ``private``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Heads:
    """The newest batch and the newest step of an alert; 0: none yet."""

    batch: int
    step: int


class NewReading(TypedDict):
    """The newest value of a datastream, and the batch that brought it."""

    id: int
    path: list[int]
    private: bool
    station: str
    quantity: str
    level: str
    time: datetime
    value: float
    flag: int


class NewStep(TypedDict):
    """A step of an alert."""

    id: int
    path: list[int]
    private: bool
    alert: int
    rule: str
    hazard: str
    place: str
    state: str
    kind: str
    level: int
    at: datetime
    known_at: datetime
    texts: object
    #: Of the rule, as in `store.visible_row.Alert`.
    category: str | None
    article: str | None


async def heads(connection: Connection) -> Heads:
    """Where the growing tables end now."""
    return await query.row(connection, Heads, "heard", "heads") or Heads(0, 0)


async def batches(connection: Connection, after: int) -> list[int]:
    """At most 10,000 batches after one."""
    return await query.numbers(connection, "heard", "batches", after=after)


async def steps(connection: Connection, after: int) -> list[int]:
    """At most 10,000 steps of alerts after one."""
    return await query.numbers(connection, "heard", "steps", after=after)


async def latest_of(connection: Connection, batches: Sequence[int]) -> list[NewReading]:
    """Newest values that these batches brought."""
    return await query.rows(connection, NewReading, "heard", "latest_of", ids=list(batches))


async def latest_since(connection: Connection, after: int) -> list[NewReading]:
    """Newest values that any later batch brought."""
    return await query.rows(connection, NewReading, "heard", "latest_since", after=after)


async def steps_of(connection: Connection, numbers: Sequence[int]) -> list[NewStep]:
    """Steps of alerts by number."""
    return await query.rows(connection, NewStep, "heard", "steps_of", ids=list(numbers))
