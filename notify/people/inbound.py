"""What providers and people send is kept raw and read here: receipts many at once, people one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import structlog
from prometheus_client import Counter

from notify.delivery.ledger import plain
from notify.delivery.phone import masked
from notify.delivery.route import Route
from notify.people.keyword_replies import answer
from notify.provider import Hear, Heard, Receipt
from store import inbound
from store.inbound import Incoming, NamedReceipt, Outcome
from store.patience import ABSENT
from store.pool import Connection, Pool

HEARD = Counter("nongvu_notify_inbound", "Inbound messages by what they were", ["kind"])
SAID = Counter(
    "nongvu_notify_receipts",
    "Receipts by what they said; unknown: no word of the provider's documents",
    ["route", "state"],
)
#: A receipt may overtake the answer that names its message; for so many looks it waits for it.
TRIES = 8
#: Rows taken up in one transaction.
AT_ONCE = 1000

_log = structlog.get_logger()


@dataclass(slots=True)
class Taken:
    """What came in, and what came of it."""

    incoming: Incoming
    said: list[Receipt | Heard] = field(default_factory=list)
    state: Literal["done", "waiting", "unmatched", "refused"] = "done"
    kind: str = "unknown"
    subscriber: int | None = None
    detail: str = ""

    @property
    def outcome(self) -> Outcome:
        """What is noted of it."""
        return Outcome(self.incoming.id, self.state, self.kind, self.subscriber, self.detail)

    def refuse(self, error: Exception) -> None:
        """Nothing can be made of it."""
        reason = masked(plain(str(error) if isinstance(error, ValueError) else repr(error)))[:300]
        self.state, self.detail = "refused", reason
        _log.warning("what came in cannot be read", inbound=self.incoming.id, route=self.incoming.route, reason=reason)


def keeper(connections: Pool, route: str) -> Hear:
    """Keeps raw what a route's provider hears by itself."""

    async def keep(content_type: str, payloads: Sequence[bytes]) -> None:
        async with connections.connection() as connection, connection.transaction():
            await inbound.keep(connection, route, content_type, payloads)

    return keep


async def take_all(connections: Pool, routes: dict[str, Route], now: datetime) -> None:
    """Take up all that came in."""
    while await take(connections, routes, now):
        pass


async def forget(connections: Pool, days: int) -> None:
    """Empty raw messages of people that came so many days ago."""
    async with connections.connection() as connection:
        await inbound.forget(connection, days)


async def take(connections: Pool, routes: dict[str, Route], now: datetime) -> int:
    """Take up what came in; returns how many."""
    async with connections.connection() as connection, connection.transaction():
        taken = [Taken(incoming) for incoming in await inbound.take(connection, AT_ONCE)]
        for one in taken:
            _read(one, routes.get(one.incoming.route))
        await _receipts(connection, taken, now)
        for one in taken:
            await _hear(connection, one, now)
            HEARD.labels(one.kind).inc()
        if taken:
            await inbound.note(connection, [one.outcome for one in taken], now)
    return len(taken)


def _read(taken: Taken, route: Route | None) -> None:
    """Read one payload; whatever a provider posts must not hold up what others wrote."""
    incoming = taken.incoming
    try:
        if route is None:
            message = f"there is no route {incoming.route!r} any more"
            raise ValueError(message)
        taken.said = route.provider.read(incoming.content_type, incoming.payload)
    except Exception as error:
        taken.refuse(error)


async def _receipts(connection: Connection, taken: Sequence[Taken], now: datetime) -> None:
    """Apply every receipt in the order in which they came; those that name no message we know wait for it."""
    receipts = [(one, said) for one in taken for said in one.said if isinstance(said, Receipt)]
    if not receipts:
        return
    details = [masked(plain(receipt.detail)) for _, receipt in receipts]
    named = [
        NamedReceipt(number, rank, one.incoming.route, plain(name), receipt.state, details[number])
        for number, (one, receipt) in enumerate(receipts)
        for rank, name in enumerate((receipt.provider_id, *receipt.also))
    ]
    found = await inbound.apply_receipts(connection, named, now)
    for number, (one, receipt) in enumerate(receipts):
        _note_receipt(one, receipt, details[number], found.get(number))


def _note_receipt(taken: Taken, receipt: Receipt, detail: str, delivery: int | None) -> None:
    """What came of one receipt; ``delivery``: what it speaks of, None where it names no message we know."""
    incoming = taken.incoming
    taken.kind = "receipt"
    SAID.labels(incoming.route, receipt.state).inc()
    if receipt.state == "unknown":
        taken.detail = f"not known: {detail}"[:300]
        _log.warning("a receipt says what is not known", inbound=incoming.id, route=incoming.route, said=detail)
    if delivery is None:
        taken.state = "waiting" if incoming.tries + 1 < TRIES else "unmatched"
        taken.detail = "names no message we know"
    elif receipt.state == "failed":
        _log.warning("a provider could not deliver", delivery=delivery, reason=detail)


async def _hear(connection: Connection, taken: Taken, now: datetime) -> None:
    """Answer what people wrote; what cannot be answered is told, and holds up nobody else."""
    if taken.incoming.tries:  # it waits for receipts only: people were answered at the first look
        return
    for one in taken.said:
        if isinstance(one, Heard):
            try:
                async with connection.transaction():
                    taken.kind, taken.subscriber, taken.detail = await answer(connection, taken.incoming.id, one, now)
            except ABSENT:
                raise
            except Exception as error:
                taken.refuse(error)
