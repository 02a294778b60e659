"""Which workers that share a kind of work are alive: a hint of who takes what; leases decide."""

from __future__ import annotations

from collections.abc import Sequence

from store.pool import Connection
from store.statements import statement

#: Real time between two beats [s]; a worker not seen for 8 s (`live_workers`) is taken for dead.
BEAT = 1.0


async def beat(connection: Connection, owner: str, name: str, trouble: str = "") -> list[str]:
    """Say that a worker lives, and what goes wrong with it; the names of all that live, in order."""
    async with connection.transaction():
        await connection.execute(statement("worker", "beat"), {"owner": owner, "name": name, "trouble": trouble})
    row = await (await connection.execute(statement("worker", "live"), {"owner": owner})).fetchone()
    return list(row[0]) if row else []


async def leave(connection: Connection, owner: str, name: str) -> None:
    """Say that a worker takes nothing any more: others have its places at once."""
    async with connection.transaction():
        await connection.execute(statement("worker", "leave"), {"owner": owner, "name": name})


async def own(connection: Connection, owner: str, name: str, places: Sequence[int]) -> set[int]:
    """Which of some places a worker takes before others, as it is now."""
    arguments = {"owner": owner, "name": name, "places": list(places)}
    return {row[0] for row in await (await connection.execute(statement("worker", "own"), arguments)).fetchall()}
