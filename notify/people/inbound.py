"""What providers and people send is kept raw and read here: receipts many at once, people one by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from prometheus_client import Counter
from psycopg.rows import class_row

from notify.delivery.ledger import plain
from notify.delivery.phone import masked
from notify.delivery.route import Route
from notify.people.keyword_replies import answer
from notify.provider import Hear, Heard, Receipt
from store.patience import ABSENT
from store.pool import Connection, Pool
from store.statements import statement

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
class Row:
    """What came in, and what came of it."""

    id: int
    route: str
    content_type: str
    payload: bytes
    tries: int
    said: list[Receipt | Heard] = field(default_factory=list)
    state: str = "done"
    kind: str = "unknown"
    subscriber: int | None = None
    detail: str = ""

    def refuse(self, error: Exception) -> None:
        """Nothing can be made of it."""
        reason = masked(plain(str(error) if isinstance(error, ValueError) else repr(error)))[:300]
        self.state, self.detail = "refused", reason
        _log.warning("what came in cannot be read", inbound=self.id, route=self.route, reason=reason)


def keeper(connections: Pool, route: str) -> Hear:
    """Keeps raw what a route's provider hears by itself."""

    async def keep(content_type: str, payloads: Sequence[bytes]) -> None:
        values = {"route": route, "content_type": content_type, "payloads": list(payloads)}
        async with connections.connection() as connection, connection.transaction():
            await connection.execute(statement("inbound", "keep_all"), values)
            await connection.execute(statement("inbound", "wake"))

    return keep


async def take_all(connections: Pool, routes: dict[str, Route], now: datetime) -> None:
    """Take up all that came in."""
    while await take(connections, routes, now):
        pass


async def forget(connections: Pool, days: int) -> None:
    """Empty raw messages of people that came so many days ago."""
    async with connections.connection() as connection:
        await connection.execute(statement("inbound", "forget"), {"days": days})


async def take(connections: Pool, routes: dict[str, Route], now: datetime) -> int:
    """Take up what came in; returns how many."""
    async with connections.connection() as connection, connection.transaction():
        async with connection.cursor(row_factory=class_row(Row)) as cursor:
            await cursor.execute(statement("inbound", "take"), {"most": AT_ONCE})
            rows = await cursor.fetchall()
        for row in rows:
            _read(row, routes.get(row.route))
        await _receipts(connection, rows, now)
        for row in rows:
            await _hear(connection, row, now)
            HEARD.labels(row.kind).inc()
        if rows:
            await connection.execute(statement("inbound", "done"), _columns(rows) | {"at": now})
    return len(rows)


def _read(row: Row, route: Route | None) -> None:
    """Read one payload; whatever a provider posts must not hold up what others wrote."""
    try:
        if route is None:
            message = f"there is no route {row.route!r} any more"
            raise ValueError(message)
        row.said = route.provider.read(row.content_type, bytes(row.payload))
    except Exception as error:
        row.refuse(error)


async def _receipts(connection: Connection, rows: Sequence[Row], now: datetime) -> None:
    """Apply every receipt in the order in which they came; those that name no message we know wait for it."""
    receipts = [(row, one) for row in rows for one in row.said if isinstance(one, Receipt)]
    if not receipts:
        return
    details = [masked(plain(one.detail)) for _, one in receipts]
    named = [
        (number, rank, row.route, plain(name), one.state, details[number])
        for number, (row, one) in enumerate(receipts)
        for rank, name in enumerate((one.provider_id, *one.also))
    ]
    columns = ("numbers", "names", "routes", "provider_ids", "states", "details")
    values = {"at": now, **dict(zip(columns, map(list, zip(*named, strict=True)), strict=True))}
    found: dict[int, int] = dict(
        await (await connection.execute(statement("inbound", "apply_receipts"), values)).fetchall()
    )
    deliveries = {"deliveries": sorted(set(found.values()))}
    await connection.execute(statement("inbound", "settle_by_receipts"), deliveries)
    for number, (row, receipt) in enumerate(receipts):
        row.kind = "receipt"
        SAID.labels(row.route, receipt.state).inc()
        if receipt.state == "unknown":
            row.detail = f"not known: {details[number]}"[:300]
            _log.warning("a receipt says what is not known", inbound=row.id, route=row.route, said=details[number])
        if number not in found:
            row.state = "waiting" if row.tries + 1 < TRIES else "unmatched"
            row.detail = "names no message we know"
        elif receipt.state == "failed":
            _log.warning("a provider could not deliver", delivery=found[number], reason=details[number])


async def _hear(connection: Connection, row: Row, now: datetime) -> None:
    """Answer what people wrote; what cannot be answered is told, and holds up nobody else."""
    if row.tries:  # it waits for receipts only: people were answered at the first look
        return
    for one in row.said:
        if isinstance(one, Heard):
            try:
                async with connection.transaction():
                    row.kind, row.subscriber, row.detail = await answer(connection, row.id, one, now)
            except ABSENT:
                raise
            except Exception as error:
                row.refuse(error)


def _columns(rows: Sequence[Row]) -> dict[str, Any]:
    return {
        "ids": [row.id for row in rows],
        "states": [row.state for row in rows],
        "kinds": [row.kind for row in rows],
        "subscribers": [row.subscriber for row in rows],
        "details": [row.detail for row in rows],
    }
