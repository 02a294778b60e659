"""What a dead worker had claimed is settled by the provider's word, or marked doubtful."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import structlog

from notify.delivery.ledger import reference
from notify.delivery.route import Route
from store.statements import statement

_log = structlog.get_logger()


async def new_worker(connection: psycopg.AsyncConnection[Any]) -> int:
    """Take a number, and hold it for as long as the connection lives."""
    row = await (await connection.execute(statement("delivery", "worker"))).fetchone()
    worker = int(row[0]) if row else 0
    await connection.execute(statement("delivery", "hold_worker"), {"worker": worker})
    return worker


async def settle_orphans(connection: psycopg.AsyncConnection[Any], routes: Sequence[Route], worker: int) -> int:
    """Settle what dead workers had claimed; returns how many.

    Where a repeat under the same reference does no harm, it is queued again; where the provider can tell, by what it
    says; else it is doubtful.
    """
    settled = 0
    found = await connection.execute(statement("delivery", "claimants"), {"worker": worker})
    for (other,) in await found.fetchall():
        held = await (await connection.execute(statement("delivery", "hold_worker"), {"worker": other})).fetchone()
        if not held or not held[0]:
            continue
        try:
            settled += await _settle_dead(connection, {route.name: route for route in routes}, other)
        finally:
            await connection.execute(statement("delivery", "let_worker"), {"worker": other})
    return settled


async def _settle_dead(connection: psycopg.AsyncConnection[Any], routes: dict[str, Route], dead: int) -> int:
    orphans = await (await connection.execute(statement("delivery", "orphans"), {"worker": dead})).fetchall()
    for delivery, route_name, renamed, _ in orphans:
        verdict = await _verdict(routes.get(route_name), reference(delivery, renamed))
        await connection.execute(statement("delivery", verdict), {"delivery": delivery, "worker": dead})
        _log.warning("a dead worker's claim was settled", delivery=delivery, route=route_name, verdict=verdict)
    return len(orphans)


async def _verdict(route: Route | None, name: str) -> str:
    if route is None:
        return "doubt_orphan"
    if route.provider.idempotent:
        return "requeue_orphan"
    found = await route.provider.find(name)
    return {True: "adopt_orphan", False: "requeue_orphan", None: "doubt_orphan"}[found]
