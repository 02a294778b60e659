"""Whether the rungs that follow a bundle are climbed: what goes on, who took charge, what was said aloud."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from store import query
from store.bundle import Bundle
from store.pool import Connection


async def step_ids(connection: Connection, bundle: int) -> list[int]:
    """Ids of the steps that a bundle tells."""
    return await query.numbers(connection, "escalation", "steps", bundle=bundle)


async def acknowledged(connection: Connection, bundle: int) -> bool:
    """Whether somebody has said that they know, or take charge."""
    return await query.truth(connection, "escalation", "acknowledged", bundle=bundle)


async def goes_on(connection: Connection, bundle: int) -> bool:
    """Whether an alert of the bundle is open."""
    return await query.truth(connection, "escalation", "still_open", bundle=bundle)


async def said_aloud(connection: Connection, bundle: Bundle, rules: Collection[str], now: datetime) -> bool:
    """Whether the commune's loudspeaker says, for an earlier bundle, what areal rules show at this level or above."""
    return await query.truth(
        connection, "escalation", "said_aloud", bundle=bundle.id, commune=bundle.commune, level=bundle.level, now=now,
        rules=sorted(rules),
    )  # fmt: skip
