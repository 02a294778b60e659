"""Which packs came, what of them was set aside, and what gateways declared as dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.binary import Column, column
from store.statements import statement


@dataclass(frozen=True, slots=True)
class Batch:
    """One pack as it is recorded; sequence -1 and boot '' where it had no label."""

    gateway: int
    boot: str
    stream: str
    sequence: int
    received_at: datetime
    records: int
    kind: str = "readings"
    revision: int = 0
    trace: str = ""

    @property
    def label(self) -> tuple[int, str, str, int]:
        """What makes it one of a kind."""
        return (self.gateway, self.boot, self.stream, self.sequence)


@dataclass(frozen=True, slots=True)
class Aside:
    """One record, or a whole pack, kept instead of stored."""

    gateway: str
    boot: str
    stream: str
    sequence: int
    record: int
    reason: str
    detail: str
    station: str | None
    content_type: str
    payload: bytes
    received_at: datetime
    #: Of the whole payload, where only its beginning is kept.
    sha256: bytes = b""


async def record(connection: AsyncConnection[TupleRow], batches: Sequence[Batch]) -> list[int | None]:
    """Record packs; their ids in order, None for one whose label came before (here or in the table)."""
    if not batches:
        return []
    cursor = await connection.execute(statement("reading", "batches"), _columns(batches))
    labelled: dict[tuple[int, str, str, int], int] = {}
    unlabelled: dict[tuple[int, str], list[int]] = {}
    for id_, gateway, boot, stream, sequence in await cursor.fetchall():
        if sequence >= 0:
            labelled[gateway, boot, stream, sequence] = id_
        else:
            unlabelled.setdefault((gateway, stream), []).append(id_)
    return [
        labelled.pop(batch.label, None) if batch.sequence >= 0 else unlabelled[batch.gateway, batch.stream].pop()
        for batch in batches
    ]


#: Columns of `batch` that its writer gives.
_GIVEN = {"gateway": "int4", "boot": "text", "stream": "text", "sequence": "int8", "kind": "text", "revision": "int4",
          "received_at": "timestamptz", "records": "int4", "trace": "text"}  # fmt: skip


def _columns(batches: Sequence[Batch]) -> dict[str, Column]:
    """Parameters of one statement for all: arrays, made without a look at each element's type."""
    columns = {}
    for name, kind in _GIVEN.items():
        values = [getattr(batch, name) for batch in batches]
        if kind == "timestamptz":
            values = [moment.astimezone(UTC).replace(tzinfo=None) for moment in values]
        columns[name] = column(kind, np.array(values, "M8[us]" if kind == "timestamptz" else None))
    return columns


async def id_of(connection: AsyncConnection[TupleRow], batch: Batch) -> int | None:
    """Id of a pack that is recorded already."""
    parameters = {"gateway": batch.gateway, "boot": batch.boot, "stream": batch.stream, "sequence": batch.sequence}
    row = await (await connection.execute(statement("reading", "batch_of"), parameters)).fetchone()
    return None if row is None else int(row[0])


async def set_aside(connection: AsyncConnection[TupleRow], asides: Sequence[Aside]) -> None:
    """Keep what cannot be stored; what is kept already stays as it is."""
    if not asides:
        return
    async with connection.cursor() as cursor:
        await cursor.executemany(
            statement("reading", "set_aside"),
            [
                {
                    "gateway": aside.gateway,
                    "boot": aside.boot,
                    "stream": aside.stream,
                    "sequence": aside.sequence,
                    "record": aside.record,
                    "reason": aside.reason,
                    "detail": aside.detail,
                    "station": aside.station,
                    "content_type": aside.content_type,
                    "payload": aside.payload,
                    "sha256": aside.sha256 or hashlib.sha256(aside.payload).digest(),
                    "received_at": aside.received_at,
                }
                for aside in asides
            ],
        )


async def declare_dropped(connection: AsyncConnection[TupleRow], rows: Sequence[dict[str, object]]) -> None:
    """Keep what gateways declared that they had to drop."""
    if not rows:
        return
    async with connection.cursor() as cursor:
        await cursor.executemany(statement("reading", "dropped"), rows)
