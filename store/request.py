"""Work that one process asks another for; analytics answers previews, explanations and backfills."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypedDict

from psycopg.types.json import Jsonb

from store.pool import Connection
from store.statements import statement

Topic = TypedDict(
    "Topic",
    {"rule": str, "values": dict[str, object], "place": str, "from": str, "to": str, "day": str, "index": str,
     "places": list[str] | None},
    total=False,
)  # fmt: skip


class Request(NamedTuple):
    """What somebody asked for."""

    id: int
    kind: str
    topic: Topic
    who: str


async def take(connection: Connection) -> Request | None:
    """Lock the longest waiting request in the transaction at hand."""
    row = await (await connection.execute(statement("request", "take"))).fetchone()
    return Request(*row) if row else None


async def answer(
    connection: Connection, number: int, state: Literal["done", "failed"], said: dict[str, object]
) -> None:
    """Answer it, in the transaction that holds it."""
    await connection.execute(statement("request", "answer"), {"id": number, "state": state, "answer": Jsonb(said)})
