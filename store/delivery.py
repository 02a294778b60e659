"""Messages on their way to people: claimed by a worker, handed to a route, and what came of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from store import query
from store.pool import Connection, ConnectionNow

#: Kinds of address that somebody may be reached at.
AddressKind = Literal["phone", "email", "webhook", "chat"]
#: What becomes of a dead worker's claim; each is the name of a statement.
Verdict = Literal["requeue_orphan", "doubt_orphan", "adopt_orphan"]


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message to write; one of a matter, a person and a rung."""

    about: str
    kind: str
    place: int | None
    hazard: str
    level: int
    language: str
    title: str
    text: str
    long: str
    coding: str
    segments: int
    at: datetime
    expires: datetime
    bundle: int | None = None
    #: None: an answer to somebody who is no subscriber.
    subscriber: int | None = None
    rung: int = 0
    state: Literal["queued", "held", "capped"] = "queued"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is a worker's to send."""

    id: int
    about: str
    subscriber: int | None
    rung: int
    kind: AddressKind
    place: int | None
    hazard: str
    level: int
    language: str
    title: str
    text: str
    long: str
    coding: str
    segments: int
    at: datetime
    expires: datetime
    attempts: int
    refused_by: list[str]
    unfit_by: list[str]
    #: How often it got a new reference, because the one before was refused.
    renamed: int
    #: The only route that may still send it: an earlier try by it may have been taken.
    pinned: str | None
    unsure_since: datetime | None
    #: Of the packs that its steps answer.
    traces: list[str]

    @property
    def maybe_taken(self) -> bool:
        """Whether an earlier try of its reference may have been taken."""
        return self.pinned is not None or self.unsure_since is not None


@dataclass(frozen=True, slots=True)
class Address:
    """Where a delivery goes; both None where the person is erased or never was."""

    id: int
    address: str | None
    secret: str
    subscriber_state: str | None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A delivery that a route took."""

    delivery: int
    at: datetime
    #: Real time.
    handed_at: datetime
    segments: int
    cost: float
    #: By the route whose name this is; its parts under the provider's ids, in their order.
    route: str
    provider_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Orphan:
    """A delivery that a dead worker had claimed."""

    id: int
    route: str | None
    renamed: int


@dataclass(frozen=True, slots=True)
class Spent:
    """What a route has used of its budget."""

    segments: int
    cost: float


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A route whose budget is used up, and how many messages wait meanwhile, of any route."""

    route: str
    spent_at: datetime
    segments: int
    cost: float
    waiting: int


@dataclass(frozen=True, slots=True)
class UnknownReceipt:
    """A provider's word that no document of its has, and how often it came."""

    route: str
    detail: str
    count: int


@dataclass(frozen=True, slots=True)
class PlaceName:
    """What a place is called."""

    id: int
    name: str


async def insert(connection: Connection, message: NewDelivery) -> int | None:
    """Write a message and return its number; None where it was written before."""
    return await query.number(connection, "delivery", "insert_delivery", **asdict(message))


async def insert_steps(connection: Connection, delivery: int, subscriber: int, rung: int, steps: Sequence[int]) -> None:
    """Note which steps of alerts a message tells its subscriber on a rung."""
    values = {"delivery": delivery, "subscriber": subscriber, "rung": rung, "steps": list(steps)}
    await query.run(connection, "delivery", "insert_delivery_steps", **values)


async def wake_senders(connection: Connection) -> None:
    """Tell whoever sends that something waits, when this transaction commits."""
    await query.run(connection, "delivery", "wake_senders")


async def release_held(connection: Connection, delivery: int, now: datetime) -> None:
    """Queue a message that was held in quiet hours, or drop what need not be said any more."""
    await query.run(connection, "delivery", "release_held", delivery=delivery, now=now)


async def next_worker(connection: Connection) -> int:
    """A number that no other worker has or had."""
    return await query.number(connection, "delivery", "worker") or 0


async def hold_worker(connection: Connection, worker: int) -> bool:
    """Hold a worker's number for as long as the connection lives; False: another connection holds it, it is alive."""
    return await query.truth(connection, "delivery", "hold_worker", worker=worker)


async def let_worker(connection: Connection, worker: int) -> None:
    """Let a worker's number go."""
    await query.run(connection, "delivery", "let_worker", worker=worker)


async def claim(
    connection: Connection, worker: int, route: str, kind: str, *, better: Sequence[str], least: int, most: int
) -> list[Claimed]:
    """Claim at most so many messages of a level of at least so much, which every better route has refused."""
    values = {"kind": kind, "better": list(better), "most": most, "least": least, "worker": worker, "route": route}
    return await query.rows(connection, Claimed, "delivery", "claim", **values)


async def addresses(connection: Connection, deliveries: Sequence[int]) -> list[Address]:
    """Where deliveries go."""
    return await query.rows(connection, Address, "delivery", "addresses", deliveries=list(deliveries))


async def take_back(connection: Connection, worker: int, underway: Collection[int]) -> None:
    """Queue again what a worker claimed without having begun to send it."""
    await query.run(connection, "delivery", "take_back", worker=worker, underway=list(underway))


async def settle_sent(connection: Connection, worker: int, sent: Sequence[HandedOver]) -> None:
    """Note what was handed over, in three statements for all: at a fast route a trip a message would be slow."""
    deliveries = [one.delivery for one in sent]
    await query.run(
        connection, "delivery", "settle_sent", worker=worker, deliveries=deliveries, at=[one.at for one in sent],
        handed_at=[one.handed_at for one in sent], segments=[one.segments for one in sent],
        cost=[one.cost for one in sent],
    )  # fmt: skip
    counts = [len(one.provider_ids) for one in sent]
    await query.run(connection, "delivery", "forget_parts", deliveries=deliveries, counts=counts)
    parts = [(one, part, name) for one in sent for part, name in enumerate(one.provider_ids, 1)]
    if parts:
        await query.run(
            connection, "delivery", "insert_parts", deliveries=[one.delivery for one, _, _ in parts],
            parts=[part for _, part, _ in parts], routes=[one.route for one, _, _ in parts],
            provider_ids=[name for _, _, name in parts],
        )  # fmt: skip


async def settle_again(
    connection: Connection,
    worker: int,
    delivery: int,
    *,
    detail: str,
    refused_by: Sequence[str],
    unfit_by: Sequence[str],
    seconds: float,
    unsure: bool,
    renamed: bool,
) -> None:
    """Queue a message again after some seconds of real time; ``unsure``: only for the route that has it now."""
    await query.run(
        connection, "delivery", "settle_again", worker=worker, delivery=delivery, detail=detail,
        refused_by=list(refused_by), unfit_by=list(unfit_by), seconds=seconds, unsure=unsure, renamed=renamed,
    )  # fmt: skip


async def settle_end(connection: Connection, worker: int, delivery: int, state: str, detail: str, at: datetime) -> None:
    """Note that a message will not be sent, or that nobody knows whether it was."""
    values = {"delivery": delivery, "worker": worker, "at": at, "state": state, "detail": detail}
    await query.run(connection, "delivery", "settle_end", **values)


async def forget_answer_addresses(connection: Connection, deliveries: Sequence[int]) -> None:
    """Drop the addresses of people who are no subscribers, kept only for these answers to them."""
    await query.run(connection, "delivery", "forget_answer_address", deliveries=list(deliveries))


async def claimants(connection: Connection, worker: int) -> list[int]:
    """Workers that hold claims, but for this one."""
    return await query.numbers(connection, "delivery", "claimants", worker=worker)


async def orphans(connection: Connection, dead: int) -> list[Orphan]:
    """What a dead worker had claimed."""
    return await query.rows(connection, Orphan, "delivery", "orphans", worker=dead)


async def settle_orphan(connection: Connection, dead: int, delivery: int, verdict: Verdict) -> None:
    """Settle a claim of a dead worker."""
    await query.run(connection, "delivery", verdict, delivery=delivery, worker=dead)


async def spent(connection: Connection, route: str, since: datetime) -> Spent:
    """Segments and money of a route since a moment of event time."""
    return await query.row(connection, Spent, "delivery", "spent", route=route, since=since) or Spent(0, 0.0)


async def note_budget(connection: Connection, route: str, used: Spent, at: datetime, *, over: bool) -> None:
    """Note what a route has used, and whether that is all of its budget."""
    values = {"route": route, "over": over, "at": at, "segments": used.segments, "cost": used.cost}
    await query.run(connection, "delivery", "note_budget", **values)


async def exhausted(connection: Connection) -> list[Exhausted]:
    """Routes whose budget is used up."""
    return await query.rows(connection, Exhausted, "delivery", "budgets")


def exhausted_now(connection: ConnectionNow) -> list[Exhausted]:
    """The same for a command."""
    return query.rows_now(connection, Exhausted, "delivery", "budgets")


def unknown_receipts_now(connection: ConnectionNow) -> list[UnknownReceipt]:
    """What providers said in the last seven days that no document of theirs has, the most frequent first."""
    return query.rows_now(connection, UnknownReceipt, "delivery", "unknown_receipts")


async def place_names(connection: Connection) -> dict[int, str]:
    """What the places that deliveries are of are called, by number."""
    return {place.id: place.name for place in await query.rows(connection, PlaceName, "delivery", "place_names")}
