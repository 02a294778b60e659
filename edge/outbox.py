"""Outbox: readings are durable when `add` is done, and stay until a receipt names them (design: the wire)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from edge.buffer_file import BufferFile, Bundle, FormedPack
from telemetry.pack import MAXIMUM_RECORDS, Receipt, Stream
from telemetry.reading import Reading

T = TypeVar("T")

log = structlog.get_logger(__name__)

#: Packs of a stream that may wait for their receipts at a time.
LIVE_WINDOW, BACKLOG_WINDOW = 32, 8
#: Longest time that a receipted pack stays on the card, where a later re-send after a crash would be a repeat [s].
_TIDY_AFTER = 5.0


class Outbox:
    """The buffer, written by one thread that takes all waiting work into one transaction."""

    def __init__(self, file: BufferFile, linger: float = 0.0) -> None:
        self.file = file
        self._linger = linger
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._jobs: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        self._urgent = False
        self._receipted: list[int] = []
        #: Packs not yet receipted, by boot, stream and sequence, in the order of their forming.
        self.formed: dict[tuple[str, Stream, int], FormedPack] = {}
        #: Readings that are in no pack yet, and the event time of the oldest [ms].
        self.unformed = 0
        self.oldest_unformed: int | None = None
        self.memory: dict[str, bytes] = {}
        #: Whether the line to the server is believed to be up: then readings go straight into a live pack.
        self.line_up = False
        #: Set whenever there may be something to send.
        self.changed = asyncio.Event()
        self._empty = asyncio.Event()
        self.commits = 0

    async def open(self) -> None:
        """Load what waits from earlier boots."""
        packs, self.memory, (self.unformed, self.oldest_unformed) = await self._in_thread(
            lambda: (self.file.packs(), self.file.memory(), self.file.waiting())
        )
        self.formed = {_key(pack): pack for pack in packs[0]}
        self._settle()

    @property
    def waiting(self) -> int:
        """Readings not yet receipted."""
        return self.unformed + sum(pack.readings for pack in self.formed.values())

    @property
    def oldest(self) -> int | None:
        """Event time of the oldest waiting reading [ms]."""
        times = [pack.first for pack in self.formed.values() if pack.readings]
        if self.oldest_unformed is not None:
            times.append(self.oldest_unformed)
        return min(times, default=None)

    async def emptied(self) -> None:
        """Return when every reading is receipted."""
        await self._empty.wait()

    def add(
        self, readings: Sequence[Reading], memory: Mapping[str, bytes] | None = None, *, importance: int = 1,
        clock: str = "",
    ) -> asyncio.Future[None]:  # fmt: skip
        """Keep readings, and states that go with them; durable when the future is done."""
        self.unformed += len(readings)
        self._settle()
        live = self.line_up and not clock and self.room(Stream.LIVE) > 0
        states = dict(memory or {})
        self.memory |= states

        def job() -> tuple[list[FormedPack], list[Bundle]]:
            self.file.remember(states)
            if live:
                return self.file.form(readings, Stream.LIVE, importance, redated=False), []
            return [], self.file.keep(readings, importance, clock) if readings else []

        return asyncio.ensure_future(self._added(self._submit(job)))

    async def _added(self, job: asyncio.Future[tuple[list[FormedPack], list[Bundle]]]) -> None:
        packs, bundles = await job
        for pack in packs:
            self.unformed -= pack.readings
        self._formed(packs)
        dated = [item.time for bundle in bundles if not bundle.clock for item in bundle.readings]
        if dated:
            self.oldest_unformed = min(*dated, self.oldest_unformed or dated[0], dated[0])

    def room(self, stream: Stream) -> int:
        """How many more packs of a stream may be formed now."""
        window = LIVE_WINDOW if stream is Stream.LIVE else BACKLOG_WINDOW
        return window - sum(1 for key in self.formed if key[1] is stream)

    async def form_backlog(self, records: int = MAXIMUM_RECORDS) -> FormedPack | None:
        """Put the oldest readings that are in no pack yet into one of the backlog; None where there are none."""
        if not self.unformed or self.room(Stream.BACKLOG) <= 0:
            return None

        def job() -> tuple[list[FormedPack], tuple[int, int | None]]:
            bundles, damaged = self.file.bundles(dated=True)
            self.file.forget_bundles(damaged)
            chosen = _together(bundles, records)
            readings = [item for bundle in chosen for item in bundle.readings]
            packs = []
            if readings:
                importance = max(bundle.importance for bundle in chosen)
                packs = self.file.form(readings, Stream.BACKLOG, importance, redated=False)
                self.file.forget_bundles([bundle.id for bundle in chosen])
            return packs, self.file.waiting()

        packs, _ = await self._submit(job, at_once=True)
        self.unformed -= sum(pack.readings for pack in packs)
        if not self.unformed:
            self.oldest_unformed = None
        self._formed(packs)
        return packs[0] if packs else None

    def receipted(self, receipt: Receipt) -> int:
        """Forget what a receipt names; says how many packs that were."""
        named = [
            key
            for key in self.formed
            if key[0] == receipt.boot
            and key[1] is receipt.stream
            and any(first <= key[2] <= last for first, last in receipt.ranges)
        ]
        self._receipted += [self.formed.pop(key).id for key in named]
        if named:
            self._settle()
            self.changed.set()
            if len(self._receipted) == len(named):
                asyncio.get_running_loop().call_later(_TIDY_AFTER, self._wake.set)
        return len(named)

    async def remember(self, memory: Mapping[str, bytes]) -> None:
        """Keep states that go with no reading."""
        await self.add([], memory)

    async def run(self) -> None:
        """Write what waits, in one transaction each time, until cancelled."""
        while True:
            await self._wake.wait()
            if self._linger and self._jobs and not self._urgent:
                await asyncio.sleep(self._linger)
            self._urgent = False
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits now."""
        jobs, self._jobs = self._jobs, []
        gone, self._receipted = self._receipted, []
        if jobs or gone:
            await self._in_thread(lambda: self._commit(jobs, gone))

    async def close(self) -> None:
        """Write what waits and let go of the file."""
        await self.flush()
        await self._in_thread(self.file.close)
        self._thread.shutdown()

    def _submit(self, job: Callable[[], T], *, at_once: bool = False) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.append((job, future))
        self._wake.set()
        self._urgent = self._urgent or at_once
        return future

    def _commit(self, jobs: Sequence[tuple[Callable[[], Any], asyncio.Future[Any]]], gone: Sequence[int]) -> None:
        numbers = dict(self.file.next)
        results: list[Any] = []
        self.file.connection.execute("BEGIN IMMEDIATE")
        try:
            self.file.forget_packs(gone)
            results = [job() for job, _ in jobs]
            self.file.connection.execute("COMMIT")
            self.commits += 1
        except BaseException:
            self.file.connection.execute("ROLLBACK")
            self.file.next = numbers
            raise
        loop = self._loop
        for (_, future), result in zip(jobs, results, strict=True):
            loop.call_soon_threadsafe(_finish, future, result)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        self._loop = asyncio.get_running_loop()
        return await self._loop.run_in_executor(self._thread, work)

    def _formed(self, packs: Sequence[FormedPack]) -> None:
        self.formed |= {_key(pack): pack for pack in packs}
        self._settle()
        if packs:
            self.changed.set()

    def _settle(self) -> None:
        if self.unformed or self.formed:
            self._empty.clear()
            self.changed.set()
        else:
            self._empty.set()


def _finish(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)


def _key(pack: FormedPack) -> tuple[str, Stream, int]:
    return (pack.label.boot, pack.label.stream, pack.label.sequence)


def _together(bundles: Sequence[Bundle], records: int) -> list[Bundle]:
    chosen: list[Bundle] = []
    count = 0
    for bundle in bundles:
        if chosen and count + len(bundle.readings) > records:
            break
        chosen.append(bundle)
        count += len(bundle.readings)
    return chosen
