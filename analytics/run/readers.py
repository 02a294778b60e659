"""Ends the sessions of people who look at charts that outlast their limits, whatever they set themselves."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Counter

from store import readers
from store.patience import Patience
from store.pool import Pool

log = structlog.get_logger(__name__)
ENDED = Counter("nongvu_analytics_reader_sessions_ended", "Sessions of chart readers ended over their limit", ["why"])
#: Between two looks [s]: so much longer than its limit a query may run.
LOOK = 2.0
#: Longest wait after looks that could not be made [s].
LONGEST = 60.0


def patience() -> Patience:
    """How the task waits for the database."""
    return Patience("watch readers", LONGEST, "run 'nongvu store migrate' as a superuser of the database")


async def watch(connections: Pool, patience: Patience) -> None:
    """Look for ever."""
    while True:
        found = []
        async with patience, connections.connection() as connection:
            found = await readers.watch(connection)
        for session in found:
            ENDED.labels(session.why).inc()
            log.warning(
                "session of a reader ended", user=session.user, why=session.why, seconds=round(session.seconds, 1)
            )
        if patience.worked:
            await asyncio.sleep(LOOK)
