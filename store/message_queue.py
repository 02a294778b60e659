"""Messages as an operator sees them: how many there are, which wait or failed, which are sent again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from store import query
from store.pool import ConnectionNow


@dataclass(frozen=True, slots=True)
class Queued:
    """A message and what has come of it."""

    id: int
    about: str
    rung: int
    kind: str
    state: str
    route: str | None
    attempts: int
    level: int
    hazard: str
    at: datetime
    expires: datetime
    detail: str
    subscriber: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages are in a state."""

    state: str
    messages: int


def count(connection: ConnectionNow) -> dict[str, int]:
    """How many messages there are, by state."""
    return {one.state: one.messages for one in query.rows_now(connection, Count, "message_queue", "count")}


def listed(connection: ConnectionNow, states: Collection[str], most: int) -> list[Queued]:
    """Messages in some states, newest first."""
    return query.rows_now(connection, Queued, "message_queue", "listed", states=list(states), most=most)


def retry(connection: ConnectionNow, deliveries: Collection[int]) -> list[int]:
    """Queue failed or doubtful messages again and wake who sends; returns which they are.

    A doubtful one may arrive twice: that is for a person to decide.
    """
    again = query.numbers_now(connection, "message_queue", "retry", deliveries=list(deliveries))
    query.run_now(connection, "delivery", "wake_senders")
    return again
