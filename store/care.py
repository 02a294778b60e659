"""What is wrong with gateways (offline, clock, holes in their numbered packs), as spells of event time."""

from __future__ import annotations

from datetime import datetime, timedelta

from store.pool import Connection
from store.statements import statement

#: Numbers looked at again: a transaction that took its number earlier may be seen later.
AGAIN = 5000
#: A clock that is further off than this is wrong. [s]
OFFSET = 60.0
#: A hole of a stream that was not heard for so long is of no interest any more.
REMEMBERED = timedelta(days=7)


async def look(connection: Connection, now: datetime) -> int:
    """Bring the spells up to date at event time ``now`` and mark the stations they concern; return how many changed."""
    async with connection.transaction():
        found = await (await connection.execute(statement("care", "only_one"))).fetchone()
        if not found or not found[0]:
            return 0
        values = {"now": now, "again": AGAIN, "offset": OFFSET, "remembered": REMEMBERED}
        await connection.execute(statement("care", "follow"), values)
        await connection.execute(statement("care", "holes"))
        row = await (await connection.execute(statement("care", "troubles"), values)).fetchone()
    return int(row[0]) if row else 0
