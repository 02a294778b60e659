"""Say what people approved, and drop what they refused."""

from __future__ import annotations

from datetime import datetime

from notify.publications import bulletin
from notify.settings import NotifySettings
from store import approval as approvals
from store import broadcast as broadcasts
from store import bulletin as bulletins
from store.pool import Pool


async def carry_out(connections: Pool, now: datetime, settings: NotifySettings) -> None:
    """Carry out what people decided since the last time."""
    async with connections.connection() as connection, connection.transaction():
        for one in await approvals.decided(connection):
            kind, _, number = one.topic.partition(":")
            if kind == "broadcast":
                await broadcasts.settle(connection, int(number), "ready" if one.state == "approved" else "refused")
            elif one.state == "approved":
                await bulletin.release(connection, int(number), now, settings)
            else:
                await bulletins.refuse(connection, int(number))
