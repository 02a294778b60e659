"""Say what people approved, and drop what they refused."""

from __future__ import annotations

from datetime import datetime

from notify.publications import bulletin
from notify.settings import NotifySettings
from store.pool import Pool
from store.statements import statement


async def carry_out(connections: Pool, now: datetime, settings: NotifySettings) -> None:
    """Carry out what people decided since the last time."""
    async with connections.connection() as connection, connection.transaction():
        rows = await (await connection.execute(statement("bulletin", "decided"))).fetchall()
        for _, topic, state in rows:
            kind, _, number = topic.partition(":")
            if kind == "broadcast":
                values = {"broadcast": int(number), "state": "ready" if state == "approved" else "refused"}
                await connection.execute(statement("bulletin", "set_broadcast"), values)
            elif state == "approved":
                await bulletin.release(connection, int(number), now, settings)
            else:
                await connection.execute(statement("bulletin", "refuse"), {"bulletin": int(number)})
