"""What a person's message asks the tables: who wrote, of which place or bundle, and how many answers they had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Sender:
    """A subscriber who wrote."""

    subscriber: int
    language: str
    accents: bool


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A place whose weather somebody may ask for."""

    id: int
    code: str
    name: str
    time_zone: str


async def sender(connection: Connection, phone: str) -> Sender | None:
    """The subscriber who has a phone number (E.164)."""
    return await query.row(connection, Sender, "reply", "sender", address=phone)


async def places(connection: Connection) -> list[NamedPlace]:
    """Places whose weather may be asked for, communes first."""
    return await query.rows(connection, NamedPlace, "reply", "places")


async def acknowledge_last(connection: Connection, subscriber: int, now: datetime) -> None:
    """Note that a subscriber has read the newest warning that reached them within 48 hours, if there is one."""
    bundle = await query.number(connection, "reply", "last_bundle", subscriber=subscriber, now=now)
    if bundle is not None:
        values = {"bundle": bundle, "subscriber": subscriber, "who": f"subscriber:{subscriber}", "now": now}
        await query.run(connection, "reply", "acknowledge", **values)


async def count_answers(connection: Connection, subscriber: int | None, now: datetime) -> int:
    """Answers in 24 hours to a subscriber; None: to all who have not subscribed together."""
    return await query.number(connection, "reply", "count_answers", subscriber=subscriber, now=now) or 0


async def keep_address(connection: Connection, delivery: int, phone: str) -> None:
    """Keep where an answer to somebody who has not subscribed goes, until it is sent."""
    await query.run(connection, "reply", "keep_address", delivery=delivery, address=phone)
