"""Keeps readings and packs in an SQLite file until the server has them; synchronous, used by one thread."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge.buffer_rows import (
    BUNDLE_COLUMNS,
    PACK_COLUMNS,
    SCHEMA,
    Bundle,
    FormedPack,
    Waiting,
    bundle_of,
    checksum,
    pack_body,
    pack_of,
)
from telemetry.pack import CBOR, MAXIMUM_BYTES, MAXIMUM_RECORDS, Label, PackKind, Stream
from telemetry.reading import Reading
from telemetry.wire import encode


class BufferFile:
    """The file, with the sequences of this boot."""

    def __init__(self, path: Path | str, boot: str, content_type: str = CBOR, wal_pages: int = 256) -> None:
        self.path, self.boot, self.content_type = path, boot, content_type
        self.next = {Stream.LIVE: 0, Stream.BACKLOG: 0}
        self.connection = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False, timeout=5)
        self.connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute(f"PRAGMA wal_autocheckpoint={wal_pages}")
        self.connection.execute(f"PRAGMA journal_size_limit={wal_pages * 4096}")
        self.connection.executescript(SCHEMA)

    def close(self) -> None:
        """Checkpoint and close."""
        self.connection.close()

    # -- inside one transaction of the writer -------------------------------------------------------------------

    def keep(self, readings: Sequence[Reading], importance: int, clock: str = "") -> list[Bundle]:
        """Store readings that are in no pack yet."""
        bundles = []
        for at in range(0, len(readings), MAXIMUM_RECORDS):
            part = list(readings[at : at + MAXIMUM_RECORDS])
            times = [item.time for item in part]
            body = pack_body(part)
            row = (importance, clock, min(times), max(times), len(part), body)
            number = self.connection.execute(
                "INSERT INTO bundle(importance, clock, first, last, readings, body, checksum) VALUES(?,?,?,?,?,?,?)",
                (*row, checksum(*row)),
            ).lastrowid
            bundles.append(Bundle(number or 0, importance, clock, part))
        return bundles

    def form(self, readings: Sequence[Reading], stream: Stream, importance: int, *, redated: bool) -> list[FormedPack]:
        """Put readings into packs of a stream, numbered, split below the wire's limits."""
        packs = []
        for at in range(0, len(readings), MAXIMUM_RECORDS):
            part = list(readings[at : at + MAXIMUM_RECORDS])
            try:
                payload = encode(part, self.content_type)
            except ValueError:  # what the wire has no word for (another version left it) must not hold up the rest
                sayable = [item for item in part if self._sayable(item)]
                if len(sayable) == len(part):
                    raise
                packs += self.form(sayable, stream, importance, redated=redated)
                continue
            if len(payload) > MAXIMUM_BYTES:
                middle = len(part) // 2
                packs += self.form(part[:middle], stream, importance, redated=redated)
                packs += self.form(part[middle:], stream, importance, redated=redated)
                continue
            label = self._label(stream, PackKind.READINGS, redated=redated)
            first = min(item.time for item in part)
            packs.append(self.insert(label, self.content_type, payload, len(part), importance, first))
        return packs

    def _sayable(self, reading: Reading) -> bool:
        try:
            return bool(encode([reading], self.content_type))
        except ValueError:
            return False

    def declare(self, payload: bytes) -> FormedPack:
        """Put a declaration of drops into a pack of the backlog."""
        label = self._label(Stream.BACKLOG, PackKind.DROPPED, redated=False)
        return self.insert(label, "application/json", payload, 0, 9, 0)

    def _label(self, stream: Stream, kind: PackKind, *, redated: bool) -> Label:
        sequence = self.next[stream]
        self.next[stream] += 1
        return Label(self.boot, stream, sequence, kind, redated=redated, trace=secrets.token_hex(8))

    def insert(
        self, label: Label, content_type: str, payload: bytes, readings: int, importance: int, first: int
    ) -> FormedPack:
        """Store a pack."""
        row = (label.boot, label.stream.value, label.sequence, label.kind.value, int(label.redated), label.trace,
               importance, first, readings, content_type, payload)  # fmt: skip
        number = self.connection.execute(
            "INSERT INTO pack(boot, stream, sequence, kind, redated, trace, importance, first, readings, content_type,"
            " payload, checksum) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)",
            (*row, checksum(*row)),
        ).lastrowid
        return FormedPack(number or 0, label, content_type, payload, readings, importance, first)

    def forget_packs(self, keys: Sequence[tuple[str, Stream, int]]) -> None:
        """Delete packs by boot, stream and sequence."""
        self.connection.executemany("DELETE FROM pack WHERE boot=? AND stream=? AND sequence=?", keys)

    def forget_bundles(self, numbers: Sequence[int]) -> None:
        """Delete bundles."""
        self.connection.executemany("DELETE FROM bundle WHERE id=?", [(number,) for number in numbers])

    def remember(self, memory: Mapping[str, bytes]) -> None:
        """Store small states that must go with the readings: counters, times of the last poll."""
        self.connection.executemany("INSERT OR REPLACE INTO memory VALUES(?,?)", list(memory.items()))

    # -- reading ------------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, bytes]:
        """All states."""
        return dict(self.connection.execute("SELECT name, value FROM memory"))

    def packs(self) -> tuple[list[FormedPack], list[int]]:
        """Packs in the order of their forming, and the numbers of damaged rows."""
        good, damaged = [], []
        for number, *row in self.connection.execute(f"SELECT {PACK_COLUMNS} FROM pack ORDER BY id"):  # noqa: S608
            pack = pack_of(number, row)
            if pack is None:
                damaged.append(number)
            else:
                good.append(pack)
        return good, damaged

    def bundles(self, clock: str = "", most: int = 64) -> tuple[list[Bundle], list[int]]:
        """Oldest bundles of a clock (dated ones where it is empty), and the numbers of damaged rows."""
        good, damaged = [], []
        for number, *row in self.connection.execute(
            f"SELECT {BUNDLE_COLUMNS} FROM bundle WHERE clock=? ORDER BY id LIMIT ?",  # noqa: S608
            (clock, most),
        ):
            bundle = bundle_of(number, row)
            if bundle is None:
                damaged.append(number)
            else:
                good.append(bundle)
        return good, damaged

    def enough(self, records: int, most: int = 64) -> int:
        """How many of the oldest dated bundles it takes for so many readings; at least one."""
        count = total = 0
        for (readings,) in self.connection.execute(
            "SELECT readings FROM bundle WHERE clock='' ORDER BY id LIMIT ?", (most,)
        ):
            count, total = count + 1, total + readings
            if total >= records:
                break
        return max(count, 1)

    def bundle(self, number: int) -> tuple[Bundle | None, int, int]:
        """One bundle (None where it is damaged), its bytes and its number of readings."""
        question = f"SELECT {BUNDLE_COLUMNS} FROM bundle WHERE id=?"  # noqa: S608
        _, *row = self.connection.execute(question, (number,)).fetchone()
        return bundle_of(number, row), len(row[5]), int(row[4])

    def oldest_bundle(self, older_than: int | None = None) -> tuple[int, int, int] | None:
        """Number, importance and event time of the bundle to let go first."""
        if older_than is not None:
            question = "SELECT id, importance, first FROM bundle WHERE clock='' AND last<? ORDER BY id LIMIT 1"
            row = self.connection.execute(question, (older_than,)).fetchone()
        else:
            row = self.connection.execute(
                "SELECT id, importance, first FROM bundle ORDER BY importance, id LIMIT 1"
            ).fetchone()
        return (int(row[0]), int(row[1]), int(row[2])) if row else None

    def undated(self) -> list[str]:
        """Clocks whose readings still wait for event time."""
        return [row[0] for row in self.connection.execute("SELECT DISTINCT clock FROM bundle WHERE clock<>''")]

    def waiting(self) -> Waiting:
        """What is in no pack yet."""
        dated, first, undated = self.connection.execute(
            "SELECT coalesce(sum(readings) FILTER (WHERE clock=''), 0), min(first) FILTER (WHERE clock=''),"
            " coalesce(sum(readings) FILTER (WHERE clock<>''), 0) FROM bundle"
        ).fetchone()
        return Waiting(int(dated), int(undated), first)

    def used(self) -> int:
        """Bytes that rows take in the file."""
        return self.size() - self._pragma("freelist_count") * self._pragma("page_size")

    def size(self) -> int:
        """Bytes of the file, free pages included."""
        return self._pragma("page_count") * self._pragma("page_size")

    def _pragma(self, name: str) -> int:
        return int(self.connection.execute(f"PRAGMA {name}").fetchone()[0])
