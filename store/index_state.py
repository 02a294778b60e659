"""What a recursive index carries from one local day to the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store.binary import column
from store.index_value import OBSERVED
from store.pool import Connection
from store.statements import statement


@dataclass(frozen=True, slots=True)
class States:
    """States of indices after days; columns of one length, but for the numbers, which lie behind each other."""

    place: NDArray[np.int32]
    index: NDArray[np.object_]
    subject: NDArray[np.int32]
    #: Start of the local day after which it holds, UTC, datetime64[us].
    time: NDArray[np.datetime64]
    #: How many numbers each has.
    length: NDArray[np.int32]
    numbers: NDArray[np.float64]


class StateKey(NamedTuple):
    """Whose state it is."""

    place: int
    #: The index.
    name: str
    subject: int


async def write(cursor: AsyncCursor[TupleRow], parts: Sequence[States], reference_time: str = OBSERVED) -> None:
    """Insert or update; rows that would not change are not touched."""
    if not parts:
        return
    place, index, subject, time, length, numbers = (
        np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(States)
    )
    arguments = {
        "place": column("int4", place),
        "index": column("text", index),
        "subject": column("int4", subject),
        "time": column("timestamptz", time),
        # an array of arrays has to be rectangular, states are not: they lie behind each other, and each has its end
        "numbers": column("float8", numbers),
        "last": column("int4", np.cumsum(length)),
        "length": column("int4", length),
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
    connection: Connection,
    places: Sequence[int],
    times: Sequence[datetime],
    reference_time: str = OBSERVED,
) -> dict[StateKey, list[float]]:
    """Read all states of each place after the local day that begins at its time."""
    arguments = {"place": list(places), "time": list(times), "reference_time": reference_time}
    cursor = await connection.execute(statement("index_state", "read"), arguments)
    return {StateKey(place, index, subject): state for place, index, subject, state in await cursor.fetchall()}
