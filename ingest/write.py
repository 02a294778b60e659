"""Puts packs into the tables, many in one transaction; one that the database refuses never holds up the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from psycopg import AsyncConnection

from ingest.accept import ROWS, one_record
from ingest.directory import Directory
from ingest.pack import Pack, drop_rows
from store import batch as batches
from store import binary, reading
from store.binary import READING
from telemetry.reason import Reason


async def write(
    connection: AsyncConnection[Any], packs: Sequence[Pack], directory: Directory, water: reading.HighWater
) -> None:
    """Write packs in one transaction; on return it is committed and each pack knows what became of it.

    Raises
    ------
    psycopg.Error
        The database cannot now: again later, with the same packs.
    """
    try:
        async with connection.transaction():
            written = await _write(connection, packs, directory, water)
    except (psycopg.DataError, psycopg.IntegrityError, ValueError) as error:
        await _divide(connection, packs, directory, water, error)
        return
    for rows, backlog in written:
        reading.risen(rows, water, backlog=backlog)


async def _divide(
    connection: AsyncConnection[Any],
    packs: Sequence[Pack],
    directory: Directory,
    water: reading.HighWater,
    error: Exception,
) -> None:
    """Halve until the pack that the database refuses stands alone; that one is set aside whole."""
    for pack in packs:
        pack.stored = pack.repeated = pack.set_aside = 0
        pack.problems.clear()
    if len(packs) > 1:
        half = len(packs) // 2
        await write(connection, packs[:half], directory, water)
        await write(connection, packs[half:], directory, water)
        return
    (pack,) = packs
    detail = " ".join(str(error).replace("\0", "").split())[:300]
    async with connection.transaction():
        gateway = directory.gateways.get(pack.gateway)
        if gateway is not None:
            await batches.record(connection, [_batch(pack, gateway)])
        await batches.set_aside(connection, [_whole(pack, Reason.RECORD, f"the database refused it: {detail}")])
    pack.note(-1, Reason.RECORD.value, "the database refused it")


async def _write(
    connection: AsyncConnection[Any], packs: Sequence[Pack], directory: Directory, water: reading.HighWater
) -> list[tuple[binary.Array, bool]]:
    known = [pack for pack in packs if pack.gateway in directory.gateways]
    ids = await batches.record(connection, [_batch(pack, directory.gateways[pack.gateway]) for pack in known])
    fresh: list[tuple[Pack, int]] = []
    for pack, id_ in zip(known, ids, strict=True):
        if id_ is None:
            pack.repeated += len(pack.accepted.rows) + len(pack.drops)
            for aside in pack.accepted.asides:
                pack.note(aside.record, aside.reason.value, aside.detail)
        else:
            fresh.append((pack, id_))
    asides = [row for pack in packs if pack.gateway not in directory.gateways for row in _asides(pack)]
    asides += [row for pack, _ in fresh for row in _asides(pack)]
    drops = [row for pack, id_ in fresh if pack.drops for row in drop_rows(pack, directory.gateways[pack.gateway], id_)]
    written = []
    for group in _groups(fresh):
        rows, backlog = _rows(group), group[0][0].stream.value == "backlog"
        result = await reading.write(connection, rows, water, backlog=backlog, revision=group[0][0].revision)
        asides += _tell(group, result)
        written.append((rows, backlog))
    await batches.set_aside(connection, asides)
    await batches.declare_dropped(connection, drops)
    return written


def _groups(fresh: list[tuple[Pack, int]]) -> list[list[tuple[Pack, int]]]:
    """What can be written as one array: ordinary packs together, every correction by itself in order of revision."""
    bearing = [entry for entry in fresh if len(entry[0].accepted.rows)]
    ordinary = [entry for entry in bearing if not entry[0].revision]
    corrections = sorted((entry for entry in bearing if entry[0].revision), key=lambda entry: entry[0].revision)
    return ([ordinary] if ordinary else []) + [[entry] for entry in corrections]


def _batch(pack: Pack, gateway: int) -> batches.Batch:
    label = pack.label
    return batches.Batch(
        gateway,
        label.boot if label else "",
        pack.stream.value,
        pack.sequence,
        pack.received_at,
        len(pack.accepted.rows),
        pack.kind.value,
        pack.revision,
        label.trace.replace("\0", "") if label else "",
    )


def _rows(group: list[tuple[Pack, int]]) -> binary.Array:
    parts = [pack.accepted.rows for pack, _ in group]
    # numpy asks of each part how its fields go with the others' before it concatenates
    joined = parts[0] if len(parts) == 1 else np.frombuffer(b"".join([part.tobytes() for part in parts]), ROWS)
    rows = np.empty(len(joined), READING.dtype)
    rows["phenomenon_time"] = joined["time"].view("M8[us]")
    rows["result"], rows["datastream_id"], rows["flag"] = joined["result"], joined["datastream"], joined["flag"]
    rows["batch_id"] = np.repeat(np.array([id_ for _, id_ in group], np.int64), [len(part) for part in parts])
    return rows


def _tell(group: list[tuple[Pack, int]], result: reading.Written) -> list[batches.Aside]:
    """Tell every pack what became of its rows; conflicts are set aside."""
    asides: list[batches.Aside] = []
    if not result.outcome.any():  # all is stored, as nearly always
        for pack, _ in group:
            pack.stored += len(pack.accepted.rows)
        return asides
    start = 0
    for pack, _ in group:
        end = start + len(pack.accepted.rows)
        counts = np.bincount(result.outcome[start:end], minlength=3)
        pack.stored += int(counts[reading.STORED])
        pack.repeated += int(counts[reading.REPEATED])
        if counts[reading.CONFLICT]:
            clashes = np.flatnonzero(result.outcome[start:end] == reading.CONFLICT).tolist()
            asides += [_conflict(pack, index, result.present[start + index]) for index in clashes]
        start = end
    return asides


def _conflict(pack: Pack, index: int, present: float) -> batches.Aside:
    row = pack.accepted.rows[index]
    detail = f"{float(row['result'])!r} came where {present!r} is stored; send a correction to replace it"
    pack.note(int(row["record"]), Reason.CONFLICT.value, detail)
    record = int(row["record"])
    payload = one_record(pack.delivery.payload, pack.delivery.content_type, record)
    return _aside(pack, record, Reason.CONFLICT, detail, None, payload)


def _asides(pack: Pack) -> list[batches.Aside]:
    rows = []
    for aside in pack.accepted.asides:
        pack.note(aside.record, aside.reason.value, aside.detail)
        rows.append(_aside(pack, aside.record, aside.reason, aside.detail, aside.station, aside.payload))
    return rows


def _whole(pack: Pack, reason: Reason, detail: str) -> batches.Aside:
    return _aside(pack, -1, reason, detail, None, pack.delivery.payload)


def _aside(pack: Pack, record: int, reason: Reason, detail: str, station: str | None, payload: bytes) -> batches.Aside:
    return batches.Aside(
        pack.gateway,
        pack.label.boot if pack.label else "",
        pack.stream.value,
        pack.sequence,
        record,
        reason.value,
        detail,
        station,
        pack.delivery.content_type.replace("\0", "")[:100],
        payload,
        pack.received_at,
        pack.sha256() if record < 0 else b"",
    )
