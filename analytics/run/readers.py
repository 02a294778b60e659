"""Readers: ends the sessions of people who look at charts that outlast their limits, whatever they set themselves."""

from __future__ import annotations

import asyncio

import structlog
from prometheus_client import Counter

from analytics.run.away import Away
from store import readers
from store.pool import Pool

log = structlog.get_logger(__name__)
ENDED = Counter("nongvu_analytics_reader_sessions_ended", "Sessions of chart readers ended over their limit", ["why"])
#: Between two looks [s]: so much longer than its limit a query may run.
LOOK = 2.0
#: After a look that could not be made [s].
PATIENCE = 60.0


async def watch(connections: Pool, away: Away) -> None:
    """Look for ever."""
    while True:
        pause, found = PATIENCE, []
        with away.told("watch readers", PATIENCE, "run 'nongvu store migrate' as a superuser of the database"):
            async with connections.connection() as connection:
                found, pause = await readers.watch(connection), LOOK
        for session in found:
            ENDED.labels(session.why).inc()
            log.warning(
                "session of a reader ended", user=session.user, why=session.why, seconds=round(session.seconds, 1)
            )
        await asyncio.sleep(pause)
