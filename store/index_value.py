"""What was computed of a place, for a local day or an hour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor
from psycopg.rows import TupleRow

from store.binary import column, instants
from store.pool import Connection
from store.statements import statement

#: Reference time of what was observed, not forecast.
OBSERVED = "-infinity"
#: Rows a statement; a longer list only costs memory.
_CHUNK = 20_000

Times = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Values:
    """Columns of index values; all of one length."""

    place: NDArray[np.int32]
    index: NDArray[np.object_]
    #: What at the place it speaks of (`subject`), 0 the place itself.
    subject: NDArray[np.int32]
    #: Start of the local day or hour, UTC, datetime64[us].
    time: Times
    value: NDArray[np.float64]
    method: NDArray[np.object_]
    completeness: NDArray[np.float32]

    def __len__(self) -> int:
        return int(self.place.size)

    def take(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Values:
        """Some of the rows."""
        return Values(*(getattr(self, name)[rows] for name in COLUMNS))


#: With their PostgreSQL types.
COLUMNS: Final = {
    "place": "int4", "index": "text", "subject": "int4", "time": "timestamptz", "value": "float8", "method": "text",
    "completeness": "float4",
}  # fmt: skip


def concatenate(parts: Sequence[Values]) -> Values:
    """All rows of several."""
    if not parts:
        return Values(
            np.empty(0, np.int32),
            np.empty(0, np.object_),
            np.empty(0, np.int32),
            np.empty(0, "datetime64[us]"),
            np.empty(0),
            np.empty(0, np.object_),
            np.empty(0, np.float32),
        )
    return Values(*(np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS))


def moments(times: Times) -> list[datetime]:
    """Aware UTC times of an array."""
    return [moment.replace(tzinfo=UTC) for moment in times.astype("datetime64[us]").tolist()]


async def insert(cursor: AsyncCursor[TupleRow], values: Values, reference_time: str = OBSERVED) -> None:
    """Insert what cannot be there: the places were cleared."""
    await _in_chunks(cursor, "insert", values, reference_time)


async def write(cursor: AsyncCursor[TupleRow], values: Values, reference_time: str = OBSERVED) -> None:
    """Insert or update; rows that would not change are not touched."""
    await _in_chunks(cursor, "write", values, reference_time)


async def _in_chunks(cursor: AsyncCursor[TupleRow], name: str, values: Values, reference_time: str) -> None:
    for start in range(0, len(values), _CHUNK):
        part = values.take(slice(start, start + _CHUNK))
        arguments = {name: column(kind, getattr(part, name)) for name, kind in COLUMNS.items()}
        await cursor.execute(statement("index_value", name), arguments | {"reference_time": reference_time})


async def remove(cursor: AsyncCursor[TupleRow], values: Values, reference_time: str = OBSERVED) -> None:
    """Delete the rows with these keys."""
    if len(values):
        keys = ("place", "index", "subject", "time")
        arguments = {name: column(COLUMNS[name], getattr(values, name)) for name in keys}
        await cursor.execute(statement("index_value", "remove"), arguments | {"reference_time": reference_time})


async def clear(
    cursor: AsyncCursor[TupleRow],
    places: Sequence[int],
    from_times: Sequence[datetime],
    reference_time: str = OBSERVED,
) -> None:
    """Delete everything of each place from its moment on."""
    arguments = {"place": list(places), "from_time": list(from_times), "reference_time": reference_time}
    await cursor.execute(statement("index_value", "clear"), arguments)


async def clear_issues(
    cursor: AsyncCursor[TupleRow], places: Sequence[int], from_times: Sequence[datetime], issued: datetime
) -> None:
    """Delete what forecasts issued from each place's moment to ``issued`` gave."""
    arguments = {"place": list(places), "from_time": list(from_times), "issued": issued}
    await cursor.execute(statement("index_value", "clear_issues"), arguments)


async def forget_issues(connection: Connection, limit: datetime) -> int:
    """Delete what forecasts issued before ``limit`` gave, and return how many rows that were."""
    return (await connection.execute(statement("index_value", "forget_issues"), {"limit": limit})).rowcount


async def read(
    connection: Connection,
    places: Sequence[int],
    from_time: datetime,
    to_time: datetime,
    *,
    indices: Sequence[str] | None = None,
    reference_time: str = OBSERVED,
) -> Values:
    """Read the values of places in ``from_time`` ≤ time < ``to_time``, of all or some indices."""
    arguments = {
        "places": list(places),
        "indices": None if indices is None else list(indices),
        "from_time": from_time,
        "to_time": to_time,
        "reference_time": reference_time,
    }
    cursor = await connection.execute(statement("index_value", "read"), arguments)
    rows = await cursor.fetchall()
    if not rows:
        return concatenate([])
    place, index, subject, time, value, method, completeness = zip(*rows, strict=True)
    return Values(
        np.array(place, np.int32),
        np.array(index, np.object_),
        np.array(subject, np.int32),
        instants(time),
        np.array(value, np.float64),
        np.array(method, np.object_),
        np.array(completeness, np.float32),
    )
