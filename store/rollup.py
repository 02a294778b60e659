"""Rollup: recompute exactly the buckets that something touched; whoever runs calls `refresh` until it returns 0."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from store.statements import statement


async def refresh(connection: AsyncConnection[Any], limit: int = 200) -> int:
    """Take what was touched at up to ``limit`` places, recompute those buckets, and return how many places it were.

    Runs in a transaction of its own. A place that another worker is recomputing is left for the next call; so 0 means
    that nothing waits, or only what somebody else has in hand.
    """
    async with connection.transaction():
        waiting = await _places(connection, "waiting", {"limit": limit})
        if not waiting:
            return 0
        places = await _places(connection, "claim", {"places": waiting})
        # its statement sees every reading whose transaction also committed the touch
        cursor = await connection.execute(statement("rollup", "take"), {"places": places})
        rows = await cursor.fetchall()
        if not rows:
            return 0
        common = {"place": [row[0] for row in rows], "zone": [row[1] for row in rows]}
        for name, column in (("refresh_quarters", 2), ("refresh_hours", 3), ("refresh_days", 4)):
            ranges = [row[column] for row in rows]
            first, last = _span(ranges)
            parameters = common | {"ranges": ranges, "first": first, "last": last}
            await connection.execute(statement("rollup", name), parameters)
    return len(rows)


async def _places(connection: AsyncConnection[Any], name: str, parameters: dict[str, Any]) -> list[int]:
    return [place for (place,) in await (await connection.execute(statement("rollup", name), parameters)).fetchall()]


_MOMENT = re.compile(r"(\d{4,}-[0-9-]+ [0-9:.]+[+-][0-9:]+)")


def _span(ranges: list[str]) -> tuple[datetime, datetime]:
    """Earliest and latest moment in multiranges, so that the planner leaves chunks out."""
    moments = [datetime.fromisoformat(text) for multirange in ranges for text in _MOMENT.findall(multirange)]
    return min(moments), max(moments)
