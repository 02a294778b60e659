"""Somebody who agreed is entered by an officer over the API; what the commands do is in `store.subscriber`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from store import query, subscriber
from store.pool import Connection
from store.subscriber import Agreement, Contact, Refusal, UnknownWord, Wishes


async def unknown_words(connection: Connection, wishes: Wishes) -> list[UnknownWord]:
    """Words of wishes that nothing would ever match."""
    return await query.rows(
        connection, UnknownWord, "subscriber", "unknown_words",
        hazards=wishes.hazards, crops=wishes.crops, animals=wishes.animals, audience=wishes.audience,
    )  # fmt: skip


async def refusal(connection: Connection, kind: str, address: str) -> Refusal | None:
    """When the person of an address last refused, unless they have agreed again since."""
    return await query.row(connection, Refusal, "subscriber", "refused", kind=kind, address=address)


async def find(connection: Connection, kind: str, address: str) -> int | None:
    """Number of who has an address."""
    return await query.number(connection, "subscriber", "find_address", kind=kind, address=address)


async def enter(
    connection: Connection,
    known: int | None,
    wishes: Wishes,
    contact: Contact,
    places: Sequence[int],
    agreement: Agreement,
    now: datetime,
) -> int:
    """Enter somebody new, or bring back who is ``known``, with their places and their word; returns their number."""
    number = known
    if number is None:
        number = await query.number(connection, "subscriber", "insert_subscriber", **asdict(wishes), at=now) or 0
    await query.run(connection, "subscriber", "insert_contact", **asdict(contact), subscriber=number)
    await query.run(connection, "subscriber", "insert_places", subscriber=number, places=list(places))
    await subscriber.agree(connection, number, agreement)
    return number
