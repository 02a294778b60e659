"""What ``nongvu demo`` asks of the tables: whether an hour is worked off, and what came of it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is still to be worked on before the clock may go on."""

    marks: int
    leases: int
    due: int
    deliveries: int

    @property
    def nothing(self) -> bool:
        """Whether the clock may go on."""
        return not (self.marks or self.leases or self.due or self.deliveries)


@dataclass(frozen=True, slots=True)
class Stored:
    """What the tables have at the end."""

    readings: int
    duplicates: int
    set_aside: int
    alerts_opened: int
    messages_sent: int


async def waiting(connection: Connection, tick: datetime | None) -> Waiting | None:
    """What is still to be worked on up to a tick of the clock."""
    return await query.row(connection, Waiting, "replay", "waiting", tick=tick)


async def waiting_detail(connection: Connection, tick: datetime | None) -> list[str]:
    """The first of it in words, for a log."""
    return await query.words(connection, "replay", "waiting_detail", tick=tick)


async def stored(connection: Connection) -> Stored | None:
    """What the tables have now."""
    return await query.row(connection, Stored, "replay", "stored")
