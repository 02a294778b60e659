"""What providers and people sent, kept raw until it is understood: taken up, applied to messages, put away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Incoming:
    """One payload as it came by a route."""

    id: int
    route: str
    content_type: str
    payload: bytes = field(repr=False)
    #: How often it was taken up before.
    tries: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a payload; ``waiting``: it is taken up again."""

    id: int
    state: Literal["done", "waiting", "unmatched", "refused"]
    kind: str
    subscriber: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class NamedReceipt:
    """A receipt by one of the names that it gives its message; the lowest rank that is known counts."""

    number: int
    rank: int
    route: str
    provider_id: str
    state: str
    detail: str


@dataclass(frozen=True, slots=True)
class Understood:
    """The delivery that a receipt, by number, speaks of."""

    number: int
    delivery: int


async def keep(connection: Connection, route: str, content_type: str, payloads: Sequence[bytes]) -> None:
    """Keep payloads raw, and tell notify when the transaction commits."""
    await query.run(connection, "inbound", "keep_all", route=route, content_type=content_type, payloads=list(payloads))
    await query.run(connection, "inbound", "wake")


async def take(connection: Connection, most: int) -> list[Incoming]:
    """Lock what is new, or has waited long enough, in the transaction at hand; oldest first."""
    return await query.rows(connection, Incoming, "inbound", "take", most=most)


async def note(connection: Connection, outcomes: Sequence[Outcome], at: datetime) -> None:
    """Note what came of payloads."""
    await query.run(
        connection, "inbound", "done", at=at,
        ids=[one.id for one in outcomes], states=[one.state for one in outcomes],
        kinds=[one.kind for one in outcomes], subscribers=[one.subscriber for one in outcomes],
        details=[one.detail for one in outcomes],
    )  # fmt: skip


async def apply_receipts(connection: Connection, receipts: Sequence[NamedReceipt], at: datetime) -> dict[int, int]:
    """Apply receipts in the order of their numbers; returns the delivery of each that names a message we know."""
    understood = await query.rows(
        connection, Understood, "inbound", "apply_receipts", at=at,
        numbers=[one.number for one in receipts], names=[one.rank for one in receipts],
        routes=[one.route for one in receipts], provider_ids=[one.provider_id for one in receipts],
        states=[one.state for one in receipts], details=[one.detail for one in receipts],
    )  # fmt: skip
    found = {one.number: one.delivery for one in understood}
    await query.run(connection, "inbound", "settle_by_receipts", deliveries=sorted(set(found.values())))
    return found


async def forget(connection: Connection, days: int) -> None:
    """Empty payloads that came so many days ago and wait for nothing."""
    await query.run(connection, "inbound", "forget", days=days)
