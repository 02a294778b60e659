"""Index states: what a recursive index carries from one local day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import numpy as np
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from store.binary import column
from store.index_value import OBSERVED, instants
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
        "place": column("int4", np.array(place)),
        "index": column("text", np.array(index)),
        "season": column("int4", np.array(season)),
        "time": column("timestamptz", instants(time)),
        # an array of arrays has to be rectangular, states are not: they lie behind each other, and each has its end
        "numbers": column("float8", np.array(list(chain.from_iterable(state)), np.float64)),
        "last": column("int4", np.cumsum([len(values) for values in state])),
        "length": column("int4", np.array([len(values) for values in state])),
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
