"""Stores what was set aside for want of a registration once that is there; its label stays what it was."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from ingest.accept import Accepted, accept
from ingest.pipeline import State
from store import batch as batches
from store import reading
from store.binary import READING
from store.pool import Pool
from store.statements import statement
from telemetry.reason import CURABLE, Reason


async def reprocess(pool: Pool, gateway: str, state: State, reasons: Collection[Reason] = CURABLE) -> int:
    """Store what can be stored now of a gateway, and return how many entries that were."""
    after, cured = 0, 0
    while True:
        async with pool.connection() as connection:
            await reading.prepare(connection)
            parameters = {"gateway": gateway, "after": after, "reasons": sorted(reasons)}
            rows = await (await connection.execute(statement("reading", "curable"), parameters)).fetchall()
            await connection.commit()  # each entry has a transaction of its own
            for row in rows:
                cured += await _one(connection, row, state)
        if not rows:
            return cured
        after = rows[-1][0]


async def again(pool: Pool, state: State, gateway: str | None, reason: Reason | None) -> tuple[int, int]:
    """Try what waits once more, of one gateway or for one reason: how many entries are stored, how many still wait."""
    reasons = [reason] if reason else list(Reason)
    async with pool.connection() as connection:
        cursor = await connection.execute(statement("reading", "curable_gateways"), {"reasons": sorted(reasons)})
        waiting = [code for (code,) in await cursor.fetchall() if gateway in (None, code)]
    known = [code for code in waiting if code in state.directory.gateways]
    cured = sum([await reprocess(pool, code, state, reasons) for code in known])
    async with pool.connection() as connection:
        parameters = {"gateways": waiting, "reasons": sorted(reasons)}
        row = await (await connection.execute(statement("reading", "still_aside"), parameters)).fetchone()
    return cured, row[0] if row else 0


async def _one(connection: AsyncConnection[Any], row: tuple[Any, ...], state: State) -> bool:
    """Try one entry again; whether it, or a part of a whole pack, is stored now."""
    id_, gateway, boot, stream, sequence, _, reason, content_type, payload, received_at = row
    accepted = accept(payload, content_type, gateway, state.directory, state.window())
    if not len(accepted.rows) and all(aside.reason in {*CURABLE, reason} for aside in accepted.asides):
        return False  # nothing has changed for it
    async with connection.transaction():
        batch = batches.Batch(
            state.directory.gateways[gateway], boot, stream, sequence, received_at, len(accepted.rows)
        )
        (number,) = await batches.record(connection, [batch])
        rows = _rows(accepted, number or await batches.id_of(connection, batch) or 0)
        written = await reading.write(connection, rows, state.water, backlog=True)
        rest = [
            _kept(row, aside.record, aside.reason, aside.detail, aside.station, aside.payload)
            for aside in accepted.asides
        ]
        for index in np.flatnonzero(written.outcome == reading.CONFLICT).tolist():
            detail = f"reprocessed where {written.present[index]!r} is stored"
            rest.append(_kept(row, int(accepted.rows["record"][index]), Reason.CONFLICT, detail, None, payload))
        await _close(connection, id_, rest, whole=row[5] < 0)
    reading.risen(rows, state.water)
    return bool((written.outcome != reading.CONFLICT).any())


async def _close(connection: AsyncConnection[Any], id_: int, rest: list[batches.Aside], *, whole: bool) -> None:
    """A record that is stored is done; one that has another fault keeps its entry under that; a whole pack is split."""
    if rest and not whole:
        parameters = {"id": id_, "reason": rest[0].reason, "detail": rest[0].detail}
        await connection.execute(statement("reading", "another_reason"), parameters)
        return
    await connection.execute(statement("reading", "replayed"), {"ids": [id_]})
    await batches.set_aside(connection, rest)


def _rows(accepted: Accepted, batch: int) -> reading.Array:
    rows = np.empty(len(accepted.rows), READING.dtype)
    rows["phenomenon_time"] = accepted.rows["time"].view("M8[us]")
    rows["result"], rows["datastream_id"] = accepted.rows["result"], accepted.rows["datastream"]
    rows["flag"], rows["batch_id"] = accepted.rows["flag"], batch
    return rows


def _kept(
    row: tuple[Any, ...], record: int, reason: Reason, detail: str, station: str | None, payload: bytes
) -> batches.Aside:
    _, gateway, boot, stream, sequence, _, _, content_type, _, received_at = row
    received: datetime = received_at
    label = (gateway, boot, stream, sequence, record)
    return batches.Aside(*label, reason.value, detail, station, content_type, payload, received)
