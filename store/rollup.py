"""Sums by quarter, hour and day: recompute exactly the buckets that something touched, and close old days."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.statements import statement

#: Readings that one call recomputes at most, as expected.
MOST = 2_000_000


async def refresh(connection: AsyncConnection[TupleRow], now: datetime, limit: int = 200) -> int:
    """Take what was touched at up to ``limit`` places, recompute those buckets, and return how many places it were.

    Days before yesterday, as event time ``now`` has it at each place, are closed: their hours are kept as arrays. Runs
    in a transaction of its own. A place that another worker is recomputing is left for the next call; so 0 means that
    nothing waits, or only what somebody else has in hand.
    """
    async with connection.transaction():
        waiting = await _ids(connection, "waiting", {"limit": limit})
        if not waiting:
            return 0
        places = await _ids(connection, "claim", {"places": waiting})
        await connection.execute(statement("rollup", "choose_grain"), {"places": places, "look_again": False})
        await connection.execute(statement("rollup", "split"), {"places": places})
        touched = await _ids(connection, "choose", {"places": places, "most": MOST})
        # its statement sees every reading whose transaction also committed the touch
        taking = {"places": places, "touched": touched, "now": now}
        rows = await (await connection.execute(statement("rollup", "take"), taking)).fetchall()
        if not rows:
            return 0
        names = ("place", "zone", "opens", "hours", "days")
        columns: dict[str, list[str]] = {name: [row[k] for row in rows] for k, name in enumerate(names)}
        first, last = _span(columns["hours"] + columns["days"])
        await connection.execute(statement("rollup", "refresh"), {**columns, "first": first, "last": last})
    return len(rows)


async def close(connection: AsyncConnection[TupleRow], now: datetime, after: int = 0, limit: int = 10) -> int:
    """Turn the hours of days that have closed into arrays, and remove quarters that are no longer kept.

    Looks at up to ``limit`` stations with ids above ``after``, in a transaction of its own; returns the id of the last
    one, to go on from there, and 0 when there is none left. Whoever runs calls it now and then: nothing waits for it.
    """
    async with connection.transaction():
        found = await _ids(connection, "closable", {"now": now, "after": after, "limit": limit})
        if not found:
            return 0
        places = await _ids(connection, "claim", {"places": found})
        await connection.execute(statement("rollup", "choose_grain"), {"places": places, "look_again": True})
        await connection.execute(statement("rollup", "close_hours"), {"places": places, "now": now})
        await connection.execute(statement("rollup", "forget_quarters"), {"places": places})
    return max(found)


async def _ids(connection: AsyncConnection[TupleRow], name: str, parameters: Mapping[str, object]) -> list[int]:
    return [one for (one,) in await (await connection.execute(statement("rollup", name), parameters)).fetchall()]


_MOMENT = re.compile(r"(\d{4,}-[0-9-]+ [0-9:.]+[+-][0-9:]+)")


def _span(ranges: list[str]) -> tuple[datetime, datetime]:
    """Earliest and latest moment in multiranges, so that the planner leaves chunks out."""
    moments = [datetime.fromisoformat(text) for multirange in ranges for text in _MOMENT.findall(multirange)]
    return min(moments), max(moments)
