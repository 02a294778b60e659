"""Opens a buffer file whatever its state; a damaged one is set aside and read row by row."""

from __future__ import annotations

import contextlib
import glob
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import structlog

from edge.buffer_file import BufferFile
from edge.buffer_rows import BUNDLE_COLUMNS, PACK_COLUMNS, bundle_of, pack_of
from edge.write_ahead_log import commits_lost
from telemetry.pack import CBOR

log = structlog.get_logger(__name__)

#: Files up to this size are checked whole at the start [bytes]; larger ones row by row as they are sent.
CHECKED = 64_000_000
#: On partitions below this size [bytes] the write-ahead log is kept short.
SMALL = 64_000_000
#: Bytes of a page of SQLite.
_PAGE = 4096
#: Rows in a row that cannot be read after which a salvage without a known end gives up.
_PATIENCE = 5000
#: Bytes held back on the card, so that rows can still be deleted when it is full.
BALLAST = 393_216


@dataclass(slots=True)
class Opened:
    """The buffer, and what it took to open it."""

    file: BufferFile
    in_memory: bool = False
    saved: int = 0
    lost: int = 0
    #: What a person should know; empty where all is well.
    note: str = ""


def open_buffer(path: Path, boot: str, content_type: str = CBOR) -> Opened:
    """Open the buffer; a damaged file is set aside and salvaged, an unwritable place replaced by memory."""
    wal = Path(f"{path}-wal")
    lost_log = _marker(path).exists() and path.exists() and not wal.exists()
    lost_commits = commits_lost(wal)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            if _interrupted(path):
                raise sqlite3.DatabaseError("the last start was cut off while it saved its rows")
            opened = Opened(_opened(path, boot, content_type))
        except sqlite3.DatabaseError as error:
            if not _damaged(error):
                raise
            opened = _salvaged(path, boot, content_type, str(error))
        _marker(path).touch()
        _fill_ballast(path)
    except (OSError, sqlite3.OperationalError) as error:
        return Opened(BufferFile(":memory:", boot, content_type), in_memory=True, note=f"kept in memory only: {error}")
    if lost_log:
        opened.note = "the write-ahead log is gone: what was written last before the stop is missing"
    elif lost_commits and not opened.note:
        opened.note = f"the write-ahead log is damaged: the last {lost_commits} writes before the stop are missing"
    if opened.note:
        log.error("buffer", path=str(path), note=opened.note, saved=opened.saved, lost=opened.lost)
    return opened


def closed(path: Path) -> None:
    """Note that the file was closed in good order."""
    with contextlib.suppress(OSError):
        _marker(path).unlink(missing_ok=True)


def shed_ballast(path: Path) -> None:
    """Give back the bytes held back for a full card."""
    with contextlib.suppress(OSError):
        _ballast(path).unlink(missing_ok=True)


def _fill_ballast(path: Path) -> None:
    ballast = _ballast(path)
    if not ballast.exists() and free_bytes(path) > 2 * BALLAST:
        with contextlib.suppress(OSError):
            ballast.write_bytes(os.urandom(BALLAST))


def take_ballast(path: Path) -> None:
    """Hold bytes back again."""
    _fill_ballast(path)


def free_bytes(path: Path) -> int:
    """Bytes that can still be written beside the buffer."""
    try:
        statistics = os.statvfs(path.parent)
    except OSError:
        return 0
    return statistics.f_frsize * statistics.f_bavail


def _marker(path: Path) -> Path:
    return path.with_name(path.name + ".open")


def _ballast(path: Path) -> Path:
    return path.with_name(path.name + ".ballast")


def _damaged(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _opened(path: Path, boot: str, content_type: str) -> BufferFile:
    statistics = os.statvfs(path.parent)
    small = statistics.f_frsize * statistics.f_blocks < SMALL
    file = BufferFile(path, boot, content_type, wal_pages=32 if small else 256)
    try:
        if file.used() < CHECKED:
            verdict = file.connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(verdict)
        file.waiting()
        file.packs()
        file.memory()
    except sqlite3.DatabaseError:
        file.connection.close()
        raise
    return file


def _salvaged(path: Path, boot: str, content_type: str, why: str) -> Opened:
    """Copy what is readable into a new file, which takes the name of the old one when it is whole.

    A power cut in between leaves no file of that name, and the next start begins the copy anew.
    """
    for name in (_being_salvaged(path), Path(f"{_being_salvaged(path)}-wal"), Path(f"{_being_salvaged(path)}-shm")):
        name.unlink(missing_ok=True)
    new = BufferFile(_being_salvaged(path), boot, content_type)
    aside = _set_aside(path)
    _mend(aside)
    counts = Opened(new)
    with contextlib.closing(new.connection), contextlib.closing(sqlite3.connect(str(aside))) as old:
        new.connection.execute("BEGIN IMMEDIATE")
        try:
            copy_rows(old, new, counts)
        except sqlite3.DatabaseError as error:  # a full card: what has been copied is kept
            why = f"{why}; {error}: the rest is in the old file only"
        if new.connection.in_transaction:
            new.connection.execute("COMMIT")
    _being_salvaged(path).rename(path)
    note = f"damaged ({why}); set aside as {aside.name}, readable rows were saved"
    return Opened(_opened(path, boot, content_type), saved=counts.saved, lost=counts.lost, note=note)


def _being_salvaged(path: Path) -> Path:
    return path.with_name(path.name + ".salvaged")


def _interrupted(path: Path) -> bool:
    """Whether the last start was cut off while it saved the rows of a damaged file."""
    return not path.exists() and _being_salvaged(path).exists() and bool(_set_asides(path))


def _set_asides(path: Path) -> list[Path]:
    """Damaged files, in the order in which they were set aside."""
    found = path.parent.glob(f"{glob.escape(path.name)}.damaged-*")
    return sorted((each for each in found if each.suffix[9:].isdecimal()), key=lambda each: int(each.suffix[9:]))


def _set_aside(path: Path) -> Path:
    asides = _set_asides(path)
    if path.exists() or not asides:
        aside = path.with_name(f"{path.name}.damaged-{int(asides[-1].suffix[9:]) + 1 if asides else 1}")
        path.rename(aside)
    else:  # interrupted: it is aside already
        aside = asides.pop()
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{aside}{suffix}")
    for old in asides[:-1]:  # two damaged files are enough to look at; the card is small
        for suffix in ("", "-wal", "-shm"):
            Path(f"{old}{suffix}").unlink(missing_ok=True)
    return aside


def _mend(path: Path) -> None:
    """Give a damaged file whole pages and a sound first one, the same in every buffer but for their number.

    SQLite reads nothing of a file whose header is damaged, or that has fewer pages than its header says.
    """
    with contextlib.closing(BufferFile(":memory:", "").connection) as sound:
        first = bytearray(sound.serialize()[:_PAGE])
    with contextlib.suppress(OSError), path.open("r+b") as file:
        pages = file.seek(0, os.SEEK_END) // _PAGE
        if pages:
            file.truncate(pages * _PAGE)
            first[28:32] = pages.to_bytes(4, "big")  # SQLite, "Database File Format", § 1.3
            file.seek(0)
            file.write(first)


def copy_rows(old: sqlite3.Connection, file: BufferFile, opened: Opened) -> None:
    """Copy every row that can be read by its key and is what was written; count those that are not."""
    for table, columns, good in (("pack", PACK_COLUMNS, pack_of), ("bundle", BUNDLE_COLUMNS, bundle_of)):
        marks = ",".join("?" * len(columns.split(",")))
        for number, row in _rows(old, table, columns, opened):
            if good(number, row) is None:
                opened.lost += 1
                continue
            statement = f"INSERT OR IGNORE INTO {table}({columns}) VALUES({marks})"
            file.connection.execute(statement, (number, *row))
            opened.saved += 1
    with contextlib.suppress(sqlite3.DatabaseError):
        file.remember(dict(old.execute("SELECT name, value FROM memory")))


def make_alike(file: BufferFile, memory: BufferFile) -> None:
    """Make the file hold what memory holds, in small transactions: a card that was full has little room."""
    for table, columns in (("pack", PACK_COLUMNS), ("bundle", BUNDLE_COLUMNS)):
        wanted = [row[0] for row in memory.connection.execute(f"SELECT id FROM {table} ORDER BY id")]  # noqa: S608
        there = {row[0] for row in file.connection.execute(f"SELECT id FROM {table}")}  # noqa: S608
        file.connection.executemany(f"DELETE FROM {table} WHERE id=?", [(n,) for n in there - set(wanted)])  # noqa: S608
        marks = ",".join("?" * len(columns.split(",")))
        for number in wanted:
            if number not in there:
                row = memory.connection.execute(f"SELECT {columns} FROM {table} WHERE id=?", (number,)).fetchone()  # noqa: S608
                file.connection.execute(f"INSERT INTO {table}({columns}) VALUES({marks})", row)
    file.remember(memory.memory())


def _rows(old: sqlite3.Connection, table: str, columns: str, opened: Opened) -> list[tuple[int, tuple[object, ...]]]:
    last = _last(old, table)
    rows, missed = [], 0
    number = _first(old, table) - 1
    while (number := number + 1) <= (last if last is not None else number):
        try:
            row = old.execute(f"SELECT {columns} FROM {table} WHERE id=?", (number,)).fetchone()  # noqa: S608
        except sqlite3.DatabaseError:
            row, missed = None, missed + 1
            opened.lost += 1
        else:
            missed = 0 if row else missed + 1
        if row:
            rows.append((int(row[0]), tuple(row[1:])))
        if last is None and missed > _PATIENCE:
            break
    return rows


def _first(old: sqlite3.Connection, table: str) -> int:
    with contextlib.suppress(sqlite3.DatabaseError):
        return int(old.execute(f"SELECT coalesce(min(id), 1) FROM {table}").fetchone()[0])  # noqa: S608
    return 1


def _last(old: sqlite3.Connection, table: str) -> int | None:
    questions = (f"SELECT max(id) FROM {table}", f"SELECT seq FROM sqlite_sequence WHERE name='{table}'")  # noqa: S608
    for question in questions:
        with contextlib.suppress(sqlite3.DatabaseError):
            row = old.execute(question).fetchone()
            if row and row[0] is not None:
                return int(row[0])
            if row or question is questions[1]:
                return 0
    return None
