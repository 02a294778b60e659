"""Does the outbox's work on the buffer file in one thread, within its size limits, even when the card fails."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from edge.buffer_file import BufferFile
from edge.buffer_rows import Bundle, FormedPack, Waiting
from edge.drops import Dropped, add_to_ledger, declare, ledger, make_room
from edge.salvage import Opened, closed, copy_rows, free_bytes, make_alike, open_buffer, shed_ballast, take_ballast
from telemetry.pack import CBOR, DroppedReadings, Stream
from telemetry.reading import moment

log = structlog.get_logger(__name__)

Job = Callable[[BufferFile], Any]
State = tuple[list[FormedPack], dict[str, bytes], Waiting, bool]

#: Part of the buffer that is let go at once when its cap or the card's end is reached.
_SLICE = 0.05
#: Largest buffer kept in memory where the card cannot be written [bytes].
_IN_MEMORY = 32_000_000
#: Attempts to make room on a full card before the buffer moves into memory.
_ATTEMPTS = 4
#: Bytes of the card left to others and to the write-ahead log.
RESERVE = 524_288
#: Time between two trials whether a card can be written again [s].
_RETURN = 60.0


class Keeper:
    """The file and its caps."""

    def __init__(self, path: Path, boot: str, *, content_type: str = CBOR, cap: int = 512_000_000) -> None:
        self.path, self.boot, self.content_type, self.cap = path, boot, content_type, cap
        self.opened: Opened | None = None
        self.commits = 0
        self._next_return = 0.0
        #: Set when the file was replaced at work: what waits in it is to be counted again.
        self.moved = False

    @property
    def file(self) -> BufferFile:
        """The open file."""
        if self.opened is None:
            message = "the buffer is not open"
            raise RuntimeError(message)
        return self.opened.file

    @property
    def note(self) -> str:
        """What a person should know about the buffer; empty where all is well."""
        return self.opened.note if self.opened else ""

    def open(self) -> State:
        """Open the file in whatever state it is, and say what waits in it."""
        self.opened = open_buffer(self.path, self.boot, self.content_type)
        if self.opened.in_memory:
            log.error("buffer", path=str(self.path), note=self.opened.note)
        file = self.file
        return file.packs()[0], file.memory(), file.waiting(), bool(ledger(file))

    def commit(self, jobs: Sequence[Job], gone: Sequence[tuple[str, Stream, int]]) -> tuple[list[Any], Dropped]:
        """Do jobs and forget packs in one transaction; make room, or change the place, where that is needed."""
        dropped = Dropped()
        self._back_to_card()
        for attempt in range(_ATTEMPTS + 3):
            try:
                results = self._transaction(jobs, gone)
            except sqlite3.OperationalError as error:
                self._recover(error, dropped, attempt)
            except sqlite3.DatabaseError as error:
                log.error("buffer damaged", error=str(error))
                self._move(open_buffer(self.path, self.boot, self.content_type))
            else:
                self.commits += 1
                if self.commits % 16 == 0 or len(jobs) > 16:
                    self._keep_cap(dropped)
                return results, dropped
        message = "the buffer can be written neither on the card nor in memory"
        raise RuntimeError(message)

    def _transaction(self, jobs: Sequence[Job], gone: Sequence[tuple[str, Stream, int]]) -> list[Any]:
        file = self.file
        numbers = dict(file.next)
        file.connection.execute("BEGIN IMMEDIATE")
        try:
            file.forget_packs(gone)
            results = [job(file) for job in jobs]
            file.connection.execute("COMMIT")
        except BaseException:
            if file.connection.in_transaction:
                file.connection.execute("ROLLBACK")
            file.next = numbers
            raise
        return results

    def _recover(self, error: sqlite3.OperationalError, dropped: Dropped, attempt: int) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        on_card = self.opened is not None and not self.opened.in_memory
        if code == sqlite3.SQLITE_FULL and on_card and attempt < _ATTEMPTS:
            shed_ballast(self.path)
            log.error("card full", path=str(self.path), free=free_bytes(self.path), used=self.file.used())
            used = self.file.used()
            self._let_go(min(int(used * (1 - _SLICE)), used - 65_536), dropped)
            take_ballast(self.path)
            return
        log.error("card cannot be written", error=str(error))
        memory = Opened(BufferFile(":memory:", self.boot, self.content_type), in_memory=True)
        memory.note = f"kept in memory only: {error}"
        copy_rows(self.file.connection, memory.file, memory)
        self._move(memory)

    def _back_to_card(self) -> None:
        """Try, from time to time, whether the card can be written again."""
        if self.opened is None or not self.opened.in_memory or time.monotonic() < self._next_return:
            return
        self._next_return = time.monotonic() + _RETURN
        opened = open_buffer(self.path, self.boot, self.content_type)
        if opened.in_memory:
            log.warning("card still cannot be written", note=opened.note)
            opened.file.close()
            return
        try:
            make_alike(opened.file, self.file)
        except sqlite3.Error as error:
            log.warning("card still cannot be written", error=str(error))
            opened.file.connection.close()
            return
        opened.note = ""
        self._move(opened)
        log.info("buffer back on the card", path=str(self.path))

    def _move(self, opened: Opened) -> None:
        opened.file.next = self.file.next
        old, self.opened, self.moved = self.file, opened, True
        self._next_return = time.monotonic() + _RETURN
        try:
            old.connection.close()
        except sqlite3.Error as error:
            log.warning("buffer not closed", error=str(error))

    def _keep_cap(self, dropped: Dropped) -> None:
        used = self.file.used()
        if self.opened is not None and self.opened.in_memory:
            cap = min(self.cap, _IN_MEMORY)
        else:
            cap = min(self.cap, self.file.size() + free_bytes(self.path) - RESERVE)
        if used > cap:
            self._let_go(int(cap * (1 - _SLICE)), dropped)

    def _let_go(self, most: int, dropped: Dropped) -> None:
        try:
            found = self._transaction([lambda file: make_room(file, most)], [])[0]
            self.file.connection.execute("PRAGMA incremental_vacuum(64)").fetchall()
            self.file.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            log.error("no room could be made", error=str(error))
            return
        dropped.packs += found.packs
        dropped.unformed += found.unformed
        dropped.undated += found.undated

    # -- jobs ---------------------------------------------------------------------------------------------------

    def form_backlog(self, file: BufferFile, records: int) -> tuple[list[FormedPack], bool, int]:
        """Form one pack of the oldest readings, after one of what was dropped; says what damaged rows held."""
        packs = declare(file)
        bundles, damaged = file.bundles(most=file.enough(records))
        lost = self._lose(file, damaged)
        chosen = _together(bundles, records)
        readings = [item for bundle in chosen for item in bundle.readings]
        if readings:
            importance = max(bundle.importance for bundle in chosen)
            formed = file.form(readings, Stream.BACKLOG, importance, redated=False)
            lost += self._unsayable(file, len(readings) - sum(pack.readings for pack in formed))
            packs += formed
            file.forget_bundles([bundle.id for bundle in chosen])
        return packs, bool(ledger(file)), lost

    def _unsayable(self, file: BufferFile, count: int) -> int:
        if count:
            log.error("readings that the wire has no word for", readings=count)
            add_to_ledger(file, [DroppedReadings("", "", "", "", count)])
        return count

    def _lose(self, file: BufferFile, damaged: Sequence[int]) -> int:
        lost = sum(file.bundle(number)[2] for number in damaged)
        if damaged:
            log.error("damaged rows in the buffer", rows=len(damaged), readings=lost)
            add_to_ledger(file, [DroppedReadings("", "", "", "", lost)])
            file.forget_bundles(damaged)
        return lost

    def date(
        self, file: BufferFile, clock: str, start: int, without: Collection[tuple[str, str, int]] = ()
    ) -> tuple[list[FormedPack], Waiting]:
        """Form packs, marked as dated afterwards, of all readings of a clock whose zero is now known."""
        packs: list[FormedPack] = []
        while True:
            bundles, damaged = file.bundles(clock)
            self._lose(file, damaged)
            if not bundles and not damaged:
                return packs, file.waiting()
            readings = [item for bundle in bundles for item in bundle.readings]
            readings = [item for item in readings if (item.station, item.datastream, item.time) not in without]
            dated = [replace(item, time=item.time + start) for item in readings]
            importance = max((bundle.importance for bundle in bundles), default=0)
            formed = file.form(dated, Stream.BACKLOG, importance, redated=True)
            self._unsayable(file, len(dated) - sum(pack.readings for pack in formed))
            packs += formed
            file.forget_bundles([bundle.id for bundle in bundles])

    def give_up(self, file: BufferFile, clock: str, first: int, last: int) -> int:
        """Drop readings of a clock whose zero will never be known."""
        lost = 0
        while True:
            bundles, damaged = file.bundles(clock)
            lost += self._lose(file, damaged)
            if not bundles and not damaged:
                return lost
            names = [(item.station, item.datastream) for bundle in bundles for item in bundle.readings]
            span = (moment(first).isoformat(), moment(last).isoformat())
            add_to_ledger(file, [DroppedReadings(*name, *span, names.count(name)) for name in sorted(set(names))])
            lost += len(names)
            file.forget_bundles([bundle.id for bundle in bundles])

    def expire(self, file: BufferFile, older_than: int) -> Dropped:
        """Let go of what is older than the age cap [ms]."""
        return make_room(file, self.cap, older_than)

    def close(self) -> None:
        """Close in good order."""
        if self.opened is not None:
            self.opened.file.close()
            if not self.opened.in_memory:
                closed(self.path)


def _together(bundles: Sequence[Bundle], records: int) -> list[Bundle]:
    chosen: list[Bundle] = []
    count = 0
    for bundle in bundles:
        if chosen and count + len(bundle.readings) > records:
            break
        chosen.append(bundle)
        count += len(bundle.readings)
    return chosen
