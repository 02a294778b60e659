"""Whole batches into the table in one transaction, with latest, marks, corrections and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, LiteralString
from weakref import WeakSet

import numpy as np
import numpy.typing as npt
from psycopg import AsyncConnection, errors
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from store.binary import READING, Array, column, copy_in, layout
from store.statements import statement

STAGED: Final = layout(**READING.columns, n="int4", revision="int4")
#: Rows below this are written by one INSERT; from here on COPY is faster (measured: about equal at 100 rows).
FEW = 100
_NEVER: Final = int(np.iinfo(np.int64).min)
#: What became of a row.
STORED, REPEATED, CONFLICT = 0, 1, 2


@dataclass(slots=True)
class Written:
    """What became of an array of rows, in its order."""

    outcome: npt.NDArray[np.int8]
    #: Present value of those in conflict: row → value.
    present: dict[int, float] = field(default_factory=dict)


@dataclass(slots=True)
class HighWater:
    """Newest time that is stored, by datastream id [microseconds since 1970]: what lies above it cannot be a repeat.

    A memory of the table, not the truth: the table's key has the last word.
    """

    latest: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(1024, _NEVER))
    backlog: npt.NDArray[np.int64] = field(default_factory=lambda: np.full(1024, _NEVER))

    def hold(self, datastream: int) -> None:
        """Make room for a datastream id."""
        while datastream >= len(self.latest):
            more = np.full(len(self.latest), _NEVER)
            self.latest = np.concatenate([self.latest, more])
            self.backlog = np.concatenate([self.backlog, more])


_PREPARED: Final[WeakSet[AsyncConnection[TupleRow]]] = WeakSet()


async def prepare(connection: AsyncConnection[TupleRow]) -> None:
    """Make a connection ready to write readings; costs nothing the second time."""
    if connection not in _PREPARED:
        await connection.execute(statement("reading", "staged"))
        await connection.commit()
        _PREPARED.add(connection)


async def write(
    connection: AsyncConnection[TupleRow], rows: Array, water: HighWater, *, backlog: bool = False, revision: int = 0
) -> Written:
    """Write rows (dtype of `READING`) within the transaction that is open; repeats and conflicts change nothing.

    ``revision`` above 0 makes all of them corrections. `HighWater` is raised by `risen`, after the commit.
    """
    written = Written(np.zeros(len(rows), np.int8))
    if not len(rows):
        return written
    times = rows["phenomenon_time"].view(np.int64)
    order = np.lexsort((times, rows["datastream_id"]))
    first, followers = _first_of_their_key(rows, times, order)
    water.hold(int(rows["datastream_id"].max()))
    if revision:
        await _write_staged(connection, rows, first, written, revision)
    elif len(first) < FEW:
        await _write_few(connection, rows, first, written)
    else:
        mark = water.backlog if backlog else water.latest
        fresh = times[first] > np.minimum(mark, water.latest)[rows["datastream_id"][first]]
        direct, doubtful = first[fresh], first[~fresh]
        if len(direct) and not await _write_direct(connection, rows[direct]):
            doubtful = first
        if len(doubtful):
            await _write_staged(connection, rows, doubtful, written, 0)
    _follow(rows, followers, written)
    await _follow_up(connection, rows, order, written, water, "correction" if revision else "reading")
    return written


def _first_of_their_key(rows: Array, times: Array, order: Array) -> tuple[Array, list[tuple[int, int]]]:
    """Rows in order of their key, without those whose key came before in this very array: these, each with that row."""
    streams, moments = rows["datastream_id"][order], times[order]
    same = np.zeros(len(order), bool)
    same[1:] = (streams[1:] == streams[:-1]) & (moments[1:] == moments[:-1])
    if not same.any():
        return order, []
    leaders = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    return order[~same], list(zip(order[same].tolist(), order[leaders[same]].tolist(), strict=True))


def _follow(rows: Array, followers: list[tuple[int, int]], written: Written) -> None:
    """Rows whose key came before in their array: what became of that row decides what they repeat."""
    for index, leader in followers:
        present = written.present.get(leader, float(rows["result"][leader]))
        if rows["result"][index] == present:
            written.outcome[index] = REPEATED
        else:
            written.outcome[index], written.present[index] = CONFLICT, present


async def _write_direct(connection: AsyncConnection[TupleRow], rows: Array) -> bool:
    """COPY into the table; False if one of the rows is there already, and then none is written."""
    try:
        async with connection.transaction(), connection.cursor() as cursor:
            await copy_in(cursor, statement("reading", "copy"), READING, rows)
    except errors.UniqueViolation:
        return False
    return True


async def _write_few(connection: AsyncConnection[TupleRow], rows: Array, chosen: Array, written: Written) -> None:
    part = rows[chosen]
    cursor = await connection.execute(statement("reading", "insert_few"), _columns(part))
    if cursor.rowcount != len(part):
        await _write_staged(connection, rows, chosen, written, 0)


def _columns(part: Array) -> dict[str, object]:
    return {
        "time": column("timestamptz", part["phenomenon_time"]),
        "result": column("float8", part["result"]),
        "datastream": column("int4", part["datastream_id"]),
        "flag": column("int4", part["flag"]),
        "batch": column("int4", part["batch_id"]),
    }


def moments(times: Array) -> list[datetime]:
    """Aware UTC moments of an array of times."""
    return [moment.replace(tzinfo=UTC) for moment in times.astype("M8[us]").tolist()]


async def _write_staged(
    connection: AsyncConnection[TupleRow], rows: Array, chosen: Array, written: Written, revision: int
) -> None:
    """Write through a temporary table, leaving alone what is there, and find out what that was."""
    part = STAGED.empty(len(chosen))
    for name in READING.columns:
        part[name] = rows[name][chosen]
    part["n"], part["revision"] = chosen, revision
    if revision:
        await connection.execute(statement("reading", "lock_corrections"))
    async with connection.cursor() as cursor:
        await cursor.execute(statement("reading", "unstage"))
        await copy_in(cursor, statement("reading", "copy_staged"), STAGED, part)
        await cursor.execute(statement("reading", "insert_staged"))
        if cursor.rowcount == len(part):
            return
        span = part["phenomenon_time"].min(), part["phenomenon_time"].max()
        first, last = moments(np.array(span, "M8[us]"))
        await cursor.execute(statement("reading", "clashing"), {"first": first, "last": last})
        clashes = await cursor.fetchall()
    await _settle(connection, rows, clashes, written, revision)


async def _settle(
    connection: AsyncConnection[TupleRow],
    rows: Array,
    clashes: list[TupleRow],
    written: Written,
    revision: int,
) -> None:
    """Decide between what is there and what came: the highest revision wins, whichever came first."""
    won: list[tuple[int, float, int, int, int]] = []
    lost: list[tuple[int, int, int]] = []
    for n, result, flag, batch, its_revision, was_there in clashes:
        same = result == rows["result"][n]
        if revision > its_revision:
            won.append((n, result, flag, batch, its_revision))
            written.outcome[n] = REPEATED if same else STORED
        elif same or was_there:
            written.outcome[n] = REPEATED
        elif revision < its_revision:
            lost.append((n, batch, its_revision))
        else:
            written.outcome[n], written.present[n] = CONFLICT, result
    if won:
        await _overrule(connection, rows, won, revision)
    if lost:
        await _arrive_superseded(connection, rows, lost, revision)
        written.outcome[[n for n, _, _ in lost]] = REPEATED  # kept, but changes nothing that is read


async def _overrule(
    connection: AsyncConnection[TupleRow], rows: Array, won: list[tuple[int, float, int, int, int]], revision: int
) -> None:
    other = [row for row in won if row[1] != rows["result"][row[0]]]
    part = rows[[row[0] for row in other]]
    if other:
        await connection.execute(
            statement("reading", "supersede"),
            {
                "datastream": part["datastream_id"].tolist(),
                "time": moments(part["phenomenon_time"]),
                "result": [row[1] for row in other],
                "flag": [row[2] for row in other],
                "batch": [row[3] for row in other],
                "revision": [row[4] for row in other],
                "by_revision": [revision] * len(other),
                "by_batch": part["batch_id"].tolist(),
            },
        )
    part = rows[[row[0] for row in won]]
    times = moments(part["phenomenon_time"])
    await connection.execute(
        statement("reading", "correct"), _columns(part) | {"first": min(times), "last": max(times)}
    )
    if other:
        detail = {
            "revision": revision,
            "readings": len(other),
            "from": min(times).isoformat(),
            "to": max(times).isoformat(),
            "datastreams": sorted(set(part["datastream_id"].tolist())),
        }
        subject = f"batch {int(part['batch_id'][0])}"
        await connection.execute(
            statement("reading", "audit"),
            {"who": "process:ingest", "action": "correct readings", "subject": subject, "detail": Jsonb(detail)},
        )


async def _arrive_superseded(
    connection: AsyncConnection[TupleRow], rows: Array, lost: list[tuple[int, int, int]], revision: int
) -> None:
    part = rows[[row[0] for row in lost]]
    await connection.execute(
        statement("reading", "supersede"),
        _columns(part)
        | {
            "revision": [revision] * len(lost),
            "by_batch": [row[1] for row in lost],
            "by_revision": [row[2] for row in lost],
        },
    )


async def _follow_up(
    connection: AsyncConnection[TupleRow], rows: Array, order: Array, written: Written, water: HighWater, cause: str
) -> None:
    """Keep `latest` and append marks for what was stored."""
    stored = order[written.outcome[order] == STORED]
    if not len(stored):
        return
    streams, times = rows["datastream_id"][stored], rows["phenomenon_time"][stored]
    starts = np.flatnonzero(np.append(True, streams[1:] != streams[:-1]))
    ends = np.append(starts[1:], len(stored)) - 1
    newest = stored[ends]  # ordered by time within a datastream
    ahead = newest[times[ends].view(np.int64) >= water.latest[streams[ends]]]
    await connection.execute(
        statement("reading", "latest_and_marks"),
        _columns(rows[ahead])
        | {
            "changed": column("int4", streams[starts]),
            "first": column("timestamptz", times[starts]),
            "last": column("timestamptz", times[ends]),
            "cause": cause,
        },
    )


def risen(rows: Array, water: HighWater, *, backlog: bool = False) -> None:
    """Raise the high water after the transaction has been committed."""
    if not len(rows):
        return
    times = rows["phenomenon_time"].view(np.int64)
    np.maximum.at(water.latest, rows["datastream_id"], times)
    if backlog:
        np.maximum.at(water.backlog, rows["datastream_id"], times)


def named(name: str) -> LiteralString:
    """Statement of this family."""
    return statement("reading", name)
