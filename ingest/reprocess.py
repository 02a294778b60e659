"""Stores what was set aside for want of a registration once that is there; its label stays what it was."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from ingest.accept import Accepted, accept
from ingest.pipeline import State
from store import aside as waiting
from store import batch as batches
from store import binary, reading
from store.binary import READING
from store.pool import Pool
from telemetry.reason import CURABLE, Reason


async def reprocess(pool: Pool, gateway: str, state: State, reasons: Collection[Reason] = CURABLE) -> int:
    """Store what can be stored now of a gateway, and return how many entries that were."""
    after, cured = 0, 0
    while True:
        async with pool.connection() as connection:
            await reading.prepare(connection)
            rows = await waiting.curable(connection, gateway, reasons, after)
            await connection.commit()  # each entry has a transaction of its own
            for row in rows:
                cured += await _one(connection, row, state)
        if not rows:
            return cured
        after = rows[-1].id


async def again(pool: Pool, state: State, gateway: str | None, reason: Reason | None) -> tuple[int, int]:
    """Try what waits once more, of one gateway or for one reason: how many entries are stored, how many still wait."""
    reasons = [reason] if reason else list(Reason)
    async with pool.connection() as connection:
        codes = [code for code in await waiting.curable_gateways(connection, reasons) if gateway in (None, code)]
    known = [code for code in codes if code in state.directory.gateways]
    cured = sum([await reprocess(pool, code, state, reasons) for code in known])
    async with pool.connection() as connection:
        return cured, await waiting.still_aside(connection, codes, reasons)


async def _one(connection: AsyncConnection[Any], row: waiting.Entry, state: State) -> bool:
    """Try one entry again; whether it, or a part of a whole pack, is stored now."""
    accepted = accept(row.payload, row.content_type, row.gateway, state.directory, state.window())
    if not len(accepted.rows) and all(aside.reason in {*CURABLE, row.reason} for aside in accepted.asides):
        return False  # nothing has changed for it
    async with connection.transaction():
        batch = batches.Batch(
            state.directory.gateways[row.gateway],
            row.boot,
            row.stream,
            row.sequence,
            row.received_at,
            len(accepted.rows),
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
            rest.append(_kept(row, int(accepted.rows["record"][index]), Reason.CONFLICT, detail, None, row.payload))
        await _close(connection, row.id, rest, whole=row.record < 0)
    reading.risen(rows, state.water)
    return bool((written.outcome != reading.CONFLICT).any())


async def _close(connection: AsyncConnection[Any], id_: int, rest: list[batches.Aside], *, whole: bool) -> None:
    """A record that is stored is done; one that has another fault keeps its entry under that; a whole pack is split."""
    if rest and not whole:
        await waiting.another_reason(connection, id_, rest[0].reason, rest[0].detail)
        return
    await waiting.replayed(connection, [id_])
    await batches.set_aside(connection, rest)


def _rows(accepted: Accepted, batch: int) -> binary.Array:
    rows = np.empty(len(accepted.rows), READING.dtype)
    rows["phenomenon_time"] = accepted.rows["time"].view("M8[us]")
    rows["result"], rows["datastream_id"] = accepted.rows["result"], accepted.rows["datastream"]
    rows["flag"], rows["batch_id"] = accepted.rows["flag"], batch
    return rows


def _kept(
    row: waiting.Entry, record: int, reason: Reason, detail: str, station: str | None, payload: bytes
) -> batches.Aside:
    label = (row.gateway, row.boot, row.stream, row.sequence, record)
    return batches.Aside(*label, reason.value, detail, station, row.content_type, payload, row.received_at)
