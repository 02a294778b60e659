"""What a weather service says of a place, by the moment it was issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection, AsyncCursor
from psycopg.rows import TupleRow

from store.binary import instants
from store.pool import Connection
from store.statements import statement


@dataclass(frozen=True, slots=True)
class Said:
    """One value of a forecast, in the quantity's stored unit."""

    quantity: str
    valid_time: datetime
    value: float


async def put(
    connection: AsyncConnection[TupleRow], place: str, reference_time: datetime, source: str, values: Sequence[Said]
) -> int | None:
    """Write a forecast in one transaction and mark the place; values that changed or are new, None without the place.

    The same forecast again changes nothing and marks nothing.
    """
    async with connection.transaction():
        row = await (await connection.execute(statement("forecast", "place"), {"code": place})).fetchone()
        if row is None:
            return None
        if not values:
            return 0
        unique = {(said.quantity, said.valid_time): said.value for said in values}
        cursor = await connection.execute(
            statement("forecast", "put"),
            {
                "place": row[0],
                "reference_time": reference_time,
                "source": source,
                "quantity": [quantity for quantity, _ in unique],
                "valid_time": [time for _, time in unique],
                "value": list(unique.values()),
            },
        )
        if cursor.rowcount:
            times = [time for _, time in unique]
            await connection.execute(
                statement("forecast", "mark"),
                {"place": row[0], "first": min(times), "last": max(times), "reference_time": reference_time},
            )
        return cursor.rowcount


class Issue(NamedTuple):
    """A quantity of the forecast that is a place's own or, without one, of the nearest place above it."""

    place: int
    #: The place that it was made for.
    source: int
    quantity: str
    reference_time: datetime
    #: Height of the place above the source's [m].
    rise: float | None


#: Source, quantity and issue → valid times (datetime64[us], ascending) and values.
Series = dict[tuple[int, str, datetime], tuple[NDArray[np.datetime64], NDArray[np.float64]]]


async def newest(connection: Connection, places: Sequence[int], now: datetime) -> tuple[list[Issue], Series]:
    """Newest issues that reach beyond ``now``, and what they say; a source of many places is read once."""
    arguments = {"places": list(places), "now": now}
    cursor = await connection.execute(statement("forecast", "newest"), arguments)
    issues = [Issue(*row) for row in await cursor.fetchall()]
    wanted = sorted({(issue.source, issue.quantity, issue.reference_time) for issue in issues})
    if not wanted:
        return [], {}
    source, quantity, reference_time = (list(column) for column in zip(*wanted, strict=True))
    arguments = {"place": source, "quantity": quantity, "reference_time": reference_time}
    cursor = await connection.execute(statement("forecast", "said"), arguments)
    issued = {(one[0], one[1]): one for one in wanted}
    said: Series = {}
    for key, rows in groupby(await cursor.fetchall(), key=lambda row: (row[0], row[1])):
        _, _, times, values = zip(*rows, strict=True)
        said[issued[key]] = instants(times), np.array(values, np.float64)
    return issues, said


async def looked(
    cursor: AsyncCursor[TupleRow],
    token: UUID,
    places: Sequence[int],
    reach: dict[int, tuple[datetime, datetime]],
) -> dict[int, int]:
    """End leases by their token; ``reach`` has issue and end of the places that have a forecast.

    Returns the places whose lease was still held, with their new generation.
    """
    arguments = {
        "token": token,
        "places": list(places),
        "of_place": list(reach),
        "issued": [issued for issued, _ in reach.values()],
        "ahead": [ahead for _, ahead in reach.values()],
    }
    await cursor.execute(statement("forecast", "looked"), arguments)
    return dict(await cursor.fetchall())
