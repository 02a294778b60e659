"""What a dead worker had claimed is settled by the provider's word, or marked doubtful."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from notify.delivery.ledger import reference
from notify.delivery.route import Route
from store import delivery
from store.delivery import Verdict
from store.pool import Connection

_log = structlog.get_logger()


async def new_worker(connection: Connection) -> int:
    """Take a number, and hold it for as long as the connection lives."""
    worker = await delivery.next_worker(connection)
    await delivery.hold_worker(connection, worker)
    return worker


async def settle_orphans(connection: Connection, routes: Sequence[Route], worker: int) -> int:
    """Settle what dead workers had claimed; returns how many.

    Where a repeat under the same reference does no harm, it is queued again; where the provider can tell, by what it
    says; else it is doubtful.
    """
    settled = 0
    for other in await delivery.claimants(connection, worker):
        if not await delivery.hold_worker(connection, other):
            continue
        try:
            settled += await _settle_dead(connection, {route.name: route for route in routes}, other)
        finally:
            await delivery.let_worker(connection, other)
    return settled


async def _settle_dead(connection: Connection, routes: dict[str, Route], dead: int) -> int:
    orphans = await delivery.orphans(connection, dead)
    for orphan in orphans:
        verdict = await _verdict(routes.get(orphan.route or ""), reference(orphan.id, orphan.renamed))
        await delivery.settle_orphan(connection, dead, orphan.id, verdict)
        _log.warning("a dead worker's claim was settled", delivery=orphan.id, route=orphan.route, verdict=verdict)
    return len(orphans)


async def _verdict(route: Route | None, name: str) -> Verdict:
    if route is None:
        return "doubt_orphan"
    if route.provider.idempotent:
        return "requeue_orphan"
    found = await route.provider.find(name)
    return "doubt_orphan" if found is None else "adopt_orphan" if found else "requeue_orphan"
