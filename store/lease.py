"""A worker's hold on a place while it recomputes it; lost leases become marks again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import AsyncCursor
from psycopg.rows import TupleRow, class_row

from store.pool import Connection
from store.statements import statement


@dataclass(frozen=True, slots=True)
class Leased:
    """A place with all the marks that were ready, or none of them and only a due row."""

    place: int
    #: Event times of what changed; None where only time passed.
    from_time: datetime | None
    to_time: datetime | None
    causes: list[str]
    #: Kinds of due rows whose time has come.
    kinds: list[str]
    #: How many times results of the place were written before.
    generation: int


@dataclass(frozen=True, slots=True)
class Waits:
    """How long marks and leases wait, in real time."""

    #: Older days are taken once no mark came for so long, so that a backlog is recomputed once.
    quiet: timedelta = timedelta(seconds=30)
    #: Older days wait no longer than this.
    oldest: timedelta = timedelta(minutes=5)
    #: A lease not renewed for so long is lost.
    hold: timedelta = timedelta(seconds=60)
    #: What has been ready for so long another worker takes than the one whose place it is; 0: whoever comes first.
    late: timedelta = timedelta(seconds=2)


class LeaseLost(Exception):  # noqa: N818 — says what happened
    """Somebody else took places over; nothing was written."""

    def __init__(self, places: Sequence[int]) -> None:
        super().__init__(f"leases lost on places {list(places)}")
        self.places = list(places)


async def take(
    connection: Connection, worker: str, token: UUID, now: datetime, most: int, waits: Waits
) -> list[Leased]:
    """Lease up to ``most`` places: one statement, committed at once on a connection in autocommit.

    First what is this worker's own among those that live (`store.worker`), the most urgent of it first; what is
    another's only when nothing of its own is ready, and late.
    """
    arguments = {
        "worker": worker,
        "token": token,
        "now": now,
        "most": most,
        "quiet": waits.quiet,
        "oldest": waits.oldest,
        "hold": waits.hold,
        "late": waits.late,
    }
    async with connection.cursor(row_factory=class_row(Leased)) as cursor:
        await cursor.execute(statement("lease", "take"), arguments)
        return await cursor.fetchall()


async def finish(cursor: AsyncCursor[TupleRow], token: UUID, places: Sequence[int], now: datetime) -> None:
    """End leases by their token, computed to ``now``; `finished` then tells which were still held."""
    await cursor.execute(statement("lease", "finish"), {"token": token, "places": list(places), "now": now})


async def finished(cursor: AsyncCursor[TupleRow]) -> dict[int, int]:
    """Places whose lease `finish` ended, with their new generation; nothing may be written for others."""
    return dict(await cursor.fetchall())


async def renew(connection: Connection, token: UUID, hold: timedelta) -> None:
    """Hold on for longer, and commit."""
    async with connection.transaction():
        await connection.execute(statement("lease", "renew"), {"token": token, "hold": hold})


async def give_up(connection: Connection, token: UUID) -> None:
    """Make the token's marks waiting again, and commit."""
    async with connection.transaction():
        await connection.execute(statement("lease", "give_up"), {"token": token})
        await connection.execute(statement("lease", "expire"))


async def expire(connection: Connection) -> int:
    """Turn leases of workers that are gone into marks; return how many."""
    async with connection.transaction():
        row = await (await connection.execute(statement("lease", "expire"))).fetchone()
    return int(row[0]) if row else 0


async def release(cursor: AsyncCursor[TupleRow], token: UUID, places: Sequence[int]) -> set[int]:
    """End leases without a word of how far the places were computed; return those that were still held."""
    await cursor.execute(statement("lease", "release"), {"token": token, "places": list(places)})
    return {row[0] for row in await cursor.fetchall()}
