"""What may be wrong in the tables, and when the disk will be full."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

from store.migrate import Migration, pending
from store.outline import OutlineError, checked
from store.statements import statement

#: Readings from which on the size of the whole says something about one.
_SAYING = 100_000
#: What analytics could not do, and what becomes of it meanwhile.
_SET_APART = {
    "past": ("{} cannot be computed", "its marks are kept"),
    "ahead": ("{} cannot be looked ahead on its forecast", "its readings are computed"),
    "area": ("stations of {} cannot be compared with each other", "they are computed"),
}
#: Places named one by one; of more only the number is said.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    #: ``fine``, ``note`` (worth knowing) or ``wrong`` (needs a person).
    grade: Literal["fine", "note", "wrong"]
    subject: str
    says: str

    def as_dict(self) -> dict[str, str]:
        """Fields for machines."""
        return asdict(self)


def check(connection: Connection[TupleRow], url: str) -> list[Finding]:
    """Look at everything; needs an autocommit connection, and the url it was made from."""
    waiting = pending(url)
    if [migration for migration in waiting if not migration.post]:
        return [Finding("wrong", "schema", f"{len(waiting)} migrations wait: run 'nongvu store migrate'")]
    return [*_upgrade(waiting), *_integrity(connection), *_flow(connection), *_disk(connection)]


def _upgrade(waiting: list[Migration]) -> Iterator[Finding]:
    if waiting:
        says = f"{len(waiting)} wait: run 'nongvu store migrate --post' when every process is of this version"
        yield Finding("note", "migrations", says)


def _rows(connection: Connection[TupleRow], name: str) -> list[TupleRow]:
    return connection.execute(statement("check", name)).fetchall()


def _integrity(connection: Connection[TupleRow]) -> Iterator[Finding]:
    orphans = _rows(connection, "orphan_readings")
    yield (
        Finding("wrong", "orphans", f"readings of unregistered datastreams: {[row[0] for row in orphans]}")
        if orphans
        else Finding("fine", "orphans", "every reading has its datastream")
    )
    behind = _rows(connection, "latest_behind")
    yield (
        Finding("wrong", "latest", f"older than the newest reading for datastreams {[row[0] for row in behind]}")
        if behind
        else Finding("fine", "latest", "as new as the readings")
    )
    ((total, future, start, end),) = _rows(connection, "chunks")
    yield (
        Finding("wrong", "chunks", f"{future} of {total} chunks lie in the future: look for wrong clocks")
        if future
        else Finding(
            "fine", "chunks", f"readings from {start:%F} to {end:%F} in chunks: {total}" if total else "no reading yet"
        )
    )
    yield from _outlines(connection)
    if broken := _rows(connection, "invalid_indexes"):
        yield Finding("wrong", "indexes", f"invalid: {', '.join(row[0] for row in broken)}: REINDEX them")


def _outlines(connection: Connection[TupleRow]) -> Iterator[Finding]:
    """Outlines that an earlier version took unchecked."""
    wrong, without = [], []
    for code, geometry, longitude in _rows(connection, "outlines"):
        try:
            checked(geometry)
        except OutlineError as error:
            wrong.append(f"{code}: {error}")
        else:
            without += [code] if longitude is None else []
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        yield Finding(
            "wrong", "outlines", f"no place on Earth: {'; '.join(wrong[:5])}{more}: import them again, mended"
        )
    if without:
        says = f"{len(without)} have no point inside ({', '.join(without[:5])}): import their file again"
        yield Finding("wrong", "outlines", says)


def _flow(connection: Connection[TupleRow]) -> Iterator[Finding]:
    for code, missing in _rows(connection, "gateways_with_gaps"):
        yield Finding("note", "gaps", f"{missing} packs of gateway {code} have not come (yet)")
    for reason, count in _rows(connection, "aside"):
        yield Finding("note", "aside", f"{count} set aside as {reason}: see 'nongvu ingest aside'")
    yield from _uncomputed(connection)
    ((silent,),) = _rows(connection, "silent_datastreams")
    if silent:
        yield Finding("note", "datastreams", f"{silent} have no reading yet")


def _uncomputed(connection: Connection[TupleRow]) -> Iterator[Finding]:
    rows = connection.execute(statement("uncomputed", "all")).fetchall()
    for code, task, since, failures, reason, again_at in rows[:_NAMED]:
        what, kept = _SET_APART[task]
        says = (
            f"{what.format(code)} since {since:%Y-%m-%d %H:%M} UTC ({failures} tries): {reason};"
            f" {kept}, next try {again_at:%H:%M}; once it is cured, 'nongvu analytics backfill"
            f" --place {code}' tries at once"
        )
        yield Finding("wrong", "uncomputed", says)
    if len(rows) > _NAMED:
        yield Finding("wrong", "uncomputed", f"and {len(rows) - _NAMED} more")


def _disk(connection: Connection[TupleRow]) -> Iterator[Finding]:
    ((database, readings, rows),) = _rows(connection, "size")
    ((day,),) = _rows(connection, "rate")
    # what grows is more than the readings: rollups, indices, packs
    each = database / rows if rows else 0.0
    says = f"database {database / 2**20:.0f} MiB, readings {readings / 2**20:.0f} MiB"
    if rows > _SAYING:
        says += f": {readings / rows:.0f} bytes a reading, {each:.0f} with all that comes of it"
    yield Finding("fine", "size", says)
    if not day or not each:
        return
    try:
        folder = connection.execute("SELECT current_setting('data_directory', true)").fetchone()
    except psycopg.errors.InsufficientPrivilege:  # who looks is no superuser
        return
    if folder is None or not folder[0]:
        return
    try:
        free = shutil.disk_usage(folder[0]).free
    except OSError:  # the database is on another machine, or its folder is not ours to see
        return
    days = free / (day * each)
    yield Finding(
        "wrong" if days < 14 else "fine",
        "forecast",
        f"{free / 2**30:.1f} GiB free: {days:,.0f} days at the last day's rate",
    )
