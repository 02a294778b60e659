"""Which station and datastreams a file of old readings fills."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.statements import statement


@dataclass(frozen=True, slots=True)
class Station:
    """A station and the gateway in whose name its history is recorded."""

    id: int
    gateway: int


@dataclass(frozen=True, slots=True)
class Datastreams:
    """Ids by quantity and level, and the names of those made just now."""

    known: dict[tuple[str, str], int]
    created: list[str]


async def station(connection: AsyncConnection[TupleRow], code: str) -> Station | None:
    """Station of a code, if there is one."""
    row = await (await connection.execute(statement("history", "station"), {"code": code})).fetchone()
    return None if row is None else Station(*row)


async def datastreams(
    connection: AsyncConnection[TupleRow], place: int, names: Iterable[tuple[str, str]], *, create: bool
) -> Datastreams:
    """Datastreams of a station; those of ``names`` that are missing are made if asked for."""
    known = await _known(connection, place)
    made = []
    for quantity, level in names if create else ():
        if (quantity, level) not in known:
            parameters = {"place": place, "quantity": quantity, "level": level}
            await connection.execute(statement("history", "create"), parameters)
            made.append(f"{quantity}/{level}".rstrip("/"))
    return Datastreams(await _known(connection, place) if made else known, made)


async def _known(connection: AsyncConnection[TupleRow], place: int) -> dict[tuple[str, str], int]:
    rows = await (await connection.execute(statement("history", "datastreams"), {"place": place})).fetchall()
    return {(quantity, level): id_ for quantity, level, id_ in rows}
