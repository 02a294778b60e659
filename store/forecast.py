"""Forecast: what a weather service says of a place, by the moment it was issued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import AsyncConnection

from store.statements import statement


@dataclass(frozen=True, slots=True)
class Said:
    """One value of a forecast, in the quantity's stored unit."""

    quantity: str
    valid_time: datetime
    value: float


async def put(
    connection: AsyncConnection[Any], place: str, reference_time: datetime, source: str, values: Sequence[Said]
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
                statement("forecast", "mark"), {"place": row[0], "first": min(times), "last": max(times)}
            )
        return cursor.rowcount
