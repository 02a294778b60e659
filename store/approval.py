"""What waits for a person's word before it is told: urgent broadcasts, bulletins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store import query
from store.pool import Connection, ConnectionNow


@dataclass(frozen=True, slots=True)
class Decided:
    """An approval that somebody decided on; its topic (``broadcast:7``, ``bulletin:3``) still waits."""

    id: int
    topic: str
    state: Literal["approved", "refused"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approval that waits, and the level at which its alert is now; None where it is over, or of no alert."""

    id: int
    kind: Literal["broadcast", "bulletin"]
    title: str
    asked_at: datetime
    expires: datetime
    level: int | None


@dataclass(frozen=True, slots=True)
class Topic:
    """What an approval is about."""

    topic: str


async def ask(connection: Connection, kind: str, topic: str, title: str, at: datetime, expires: datetime) -> int | None:
    """Ask for a word on a topic and return the approval's number; None where it was asked before."""
    values = {"kind": kind, "topic": topic, "title": title, "detail": "{}", "at": at, "expires": expires}
    return await query.number(connection, "approval", "ask_approval", **values)


async def ask_anew(connection: Connection, number: int, title: str, expires: datetime) -> None:
    """Let an approval that waits wait on, under the title that is true now."""
    await query.run(connection, "approval", "ask_anew", approval=number, title=title, expires=expires)


async def decided(connection: Connection) -> list[Decided]:
    """What people decided and nobody carried out yet."""
    return await query.rows(connection, Decided, "approval", "decided")


async def expire(connection: Connection, number: int) -> str | None:
    """Let an approval that nobody decided on expire; returns its topic, None where it does not wait."""
    found = await query.row(connection, Topic, "approval", "expire_approval", approval=number)
    return found.topic if found else None


async def withdraw_broadcasts(connection: Connection, broadcasts: Sequence[int]) -> None:
    """Ask no more for broadcasts that are withdrawn."""
    await query.run(connection, "approval", "withdraw_approvals", broadcasts=list(broadcasts))


def waiting_now(connection: ConnectionNow) -> list[Waiting]:
    """What waits for a person's word, longest first; for a command."""
    return query.rows_now(connection, Waiting, "approval", "waiting_approvals")


def decide_now(
    connection: ConnectionNow, number: int, state: Literal["approved", "refused"], who: str, reason: str, at: datetime
) -> str | None:
    """Decide on an approval and tell notify; returns its topic, None where nothing is to be decided any more."""
    values = {"approval": number, "state": state, "who": who, "reason": reason, "at": at}
    found = query.row_now(connection, Topic, "approval", "decide", **values)
    query.run_now(connection, "approval", "tell_decided")
    return found.topic if found else None
