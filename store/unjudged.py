"""Rules and indices of which nothing can be said at a place now, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from psycopg import AsyncConnection, AsyncCursor, Connection
from psycopg.rows import TupleRow

from store.binary import column
from store.statements import statement
from telemetry.unknown import Why


class Unjudged(NamedTuple):
    """One rule or index at a place, or in a season there."""

    place: int
    #: "rule" or "index".
    kind: str
    name: str
    subject: int
    #: `telemetry.unknown.Why`; 0: nothing new, it stays as the table has it.
    reason: int
    #: Properties or quantities.
    lacks: tuple[str, ...] = ()
    #: It is judged by what is certain all the same.
    holds: bool = False


class Counted(NamedTuple):
    """How many places lack the same."""

    kind: str
    name: str
    reason: int
    lacks: list[str]
    holds: bool
    places: int
    #: Codes of the first of them.
    some: list[str]


async def replace(cursor: AsyncCursor[TupleRow], places: Sequence[int], rows: Sequence[Unjudged]) -> None:
    """All that cannot be judged at places is this; rows that would not change are not touched."""
    arguments: dict[str, object] = {
        "place": column("int4", np.array([row.place for row in rows], np.int32)),
        "subject": column("int4", np.array([row.subject for row in rows], np.int32)),
        "reason": column("int4", np.array([row.reason for row in rows], np.int32)),
        "holds": column("int4", np.array([row.holds for row in rows], np.int32)),
        "kind": column("text", np.array([row.kind for row in rows], np.object_)),
        "name": column("text", np.array([row.name for row in rows], np.object_)),
        "lacks": column("text", np.array([",".join(row.lacks) for row in rows], np.object_)),
        "places": list(places),
    }
    await cursor.execute(statement("unjudged", "replace"), arguments)


async def counted(
    connection: AsyncConnection[TupleRow], name: str | None = None, places: Sequence[int] | None = None
) -> list[Counted]:
    """Places by what cannot be judged there and why, but for those where nothing measures it."""
    arguments = {"sensor": int(Why.SENSOR), "name": name, "places": None if places is None else list(places)}
    found = await connection.execute(statement("unjudged", "counted"), arguments)
    return [Counted(*row) for row in await found.fetchall()]


def counted_now(connection: Connection[TupleRow]) -> list[Counted]:
    """The same of all places, for whoever does not wait."""
    arguments = {"sensor": int(Why.SENSOR), "name": None, "places": None}
    return [Counted(*row) for row in connection.execute(statement("unjudged", "counted"), arguments).fetchall()]


async def unmeasured(connection: AsyncConnection[TupleRow], name: str, places: Sequence[int]) -> int:
    """At how many of the places nothing measures what a rule needs."""
    arguments = {"sensor": int(Why.SENSOR), "name": name, "places": list(places)}
    found = await connection.execute(statement("unjudged", "unmeasured"), arguments)
    row = await found.fetchone()
    return 0 if row is None else int(row[1])
