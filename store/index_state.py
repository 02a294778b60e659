"""Index states: what a recursive index carries from one local day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from store.index_value import OBSERVED
from store.statements import statement


class State(NamedTuple):
    """State of an index after a day."""

    place: int
    #: The index.
    name: str
    season: int
    #: Start of the local day after which it holds.
    time: datetime
    state: list[float]


class Key(NamedTuple):
    """Whose state it is."""

    place: int
    #: The index.
    name: str
    season: int


async def write(cursor: AsyncCursor[TupleRow], states: Sequence[State], reference_time: str = OBSERVED) -> None:
    """Insert or update; rows that would not change are not touched."""
    if not states:
        return
    place, index, season, time, state = zip(*states, strict=True)
    arguments = {
        "place": list(place),
        "index": list(index),
        "season": list(season),
        "time": list(time),
        # an array of arrays has to be rectangular, states are not: each goes as its literal
        "state": ["{" + ",".join(map(repr, map(float, values))) + "}" for values in state],
        "reference_time": reference_time,
    }
    await cursor.execute(statement("index_state", "write"), arguments)


async def clear(
    cursor: AsyncCursor[TupleRow],
    places: Sequence[int],
    from_times: Sequence[datetime],
    reference_time: str = OBSERVED,
) -> None:
    """Delete every state of each place from its moment on."""
    arguments = {"place": list(places), "from_time": list(from_times), "reference_time": reference_time}
    await cursor.execute(statement("index_state", "clear"), arguments)


async def read(
    connection: AsyncConnection[TupleRow],
    places: Sequence[int],
    times: Sequence[datetime],
    reference_time: str = OBSERVED,
) -> dict[Key, list[float]]:
    """Read all states of each place after the local day that begins at its time."""
    arguments = {"place": list(places), "time": list(times), "reference_time": reference_time}
    cursor = await connection.execute(statement("index_state", "read"), arguments)
    return {Key(place, index, season): state for place, index, season, state in await cursor.fetchall()}
