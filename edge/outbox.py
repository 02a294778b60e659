"""Keeps readings until a receipt names them: durable once `add` is done (design: the wire)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog

from edge.buffer_file import BufferFile
from edge.buffer_rows import FormedPack, Waiting
from edge.buffer_worker import Job, Keeper
from edge.drops import Dropped
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

    def __init__(self, keeper: Keeper, linger: float = 0.0) -> None:
        self.keeper = keeper
        self._linger = linger
        self._thread = ThreadPoolExecutor(1, "outbox")
        self._jobs: list[tuple[Job, asyncio.Future[Any]]] = []
        self._wake = asyncio.Event()
        #: Set while somebody waits for an answer that no linger is to delay.
        self._urgent = asyncio.Event()
        self._receipted: list[tuple[str, Stream, int]] = []
        #: Packs not yet receipted, by boot, stream and sequence, in the order of their forming.
        self.formed: dict[tuple[str, Stream, int], FormedPack] = {}
        #: Stored readings that are in no pack yet: dated ones, with the event time of the oldest [ms], those that
        #: still wait for event time and so for any pack; and those being stored now.
        self.bundled = self.undated = self._adding = 0
        self.oldest_unformed: int | None = None
        self.memory: dict[str, bytes] = {}
        #: Readings dropped since the start; drops wait to be declared.
        self.dropped = 0
        self.undeclared = False
        #: Whether the line to the server is believed to be up: then readings go straight into a live pack.
        self.line_up = False
        #: Set whenever there may be something to send.
        self.changed = asyncio.Event()
        self._empty = asyncio.Event()

    async def open(self) -> None:
        """Load what waits from earlier boots."""
        packs, self.memory, waiting, self.undeclared = await self._in_thread(self.keeper.open)
        self.formed = {pack.key: pack for pack in packs}
        self._count(waiting)

    @property
    def waiting(self) -> int:
        """Readings not yet receipted."""
        return self.bundled + self.undated + self._adding + sum(pack.readings for pack in self.formed.values())

    @property
    def oldest(self) -> int | None:
        """Event time of the oldest waiting reading [ms]."""
        times = [pack.first for pack in self.formed.values() if pack.readings]
        if self.oldest_unformed is not None and self.bundled:
            times.append(self.oldest_unformed)
        return min(times, default=None)

    async def emptied(self) -> None:
        """Return when every reading is receipted."""
        await self._empty.wait()

    def room(self, stream: Stream) -> int:
        """How many more packs of a stream may be formed now."""
        window = LIVE_WINDOW if stream is Stream.LIVE else BACKLOG_WINDOW
        return window - sum(1 for key in self.formed if key[1] is stream)

    def add(
        self, readings: Sequence[Reading], memory: Mapping[str, bytes] | None = None, *, importance: int = 1,
        clock: str = "",
    ) -> asyncio.Future[None]:  # fmt: skip
        """Keep readings, and states that go with them; durable when the future is done."""
        states = dict(memory or {})
        self.memory |= states
        live = self.line_up and not clock and self.room(Stream.LIVE) > 0
        self._adding += len(readings)
        self._settle()

        def job(file: BufferFile) -> list[FormedPack]:
            file.remember(states)
            if live:
                return file.form(readings, Stream.LIVE, importance, redated=False)
            file.keep(readings, importance, clock)
            return []

        if readings and not live and not clock:
            first = min(item.time for item in readings)
            self.oldest_unformed = min(first, first if self.oldest_unformed is None else self.oldest_unformed)
        return asyncio.ensure_future(self._added(self._submit(job), len(readings), dated=not clock))

    async def _added(self, job: asyncio.Future[list[FormedPack]], count: int, *, dated: bool) -> None:
        packs = await job
        self._adding -= count
        if not packs and dated:
            self.bundled += count
        elif not packs:
            self.undated += count
        self._formed(packs)
        if self.bundled:
            self.changed.set()

    async def form_backlog(self, records: int = MAXIMUM_RECORDS) -> bool:
        """Put the oldest dated readings that are in no pack yet, or drops to declare, into packs of the backlog.

        Says whether there may be more; never that of itself does it wake the uplink.
        """
        if not (self.bundled or self.undeclared) or self.room(Stream.BACKLOG) <= 0:
            return False
        packs, self.undeclared, lost = await self._submit(
            lambda file: self.keeper.form_backlog(file, records), at_once=True
        )
        if not packs and not lost:
            log.error("buffer holds other readings than were counted", counted=self.bundled)
            self._count(await self._submit(lambda file: file.waiting(), at_once=True))
            return False
        self.bundled -= sum(pack.readings for pack in packs) + lost
        self.dropped += lost
        if not self.bundled:
            self.oldest_unformed = None
        elif packs:
            self.oldest_unformed = max(packs[-1].first, self.oldest_unformed or 0)
        self._formed(packs)
        return True

    async def clocks(self) -> list[str]:
        """Clocks whose readings still wait for event time."""
        return await self._submit(lambda file: file.undated(), at_once=True)

    async def date(self, clock: str, start: int, without: Collection[tuple[str, str, int]] = ()) -> int:
        """Give event time to readings that were taken before it was known; ``start`` is the clock's zero [ms].

        ``without`` names increments (station, datastream, time since ``start``) that turned out to be no readings.
        """
        packs, rest = await self._submit(lambda file: self.keeper.date(file, clock, start, without), at_once=True)
        self._formed(packs)
        self._count(rest)
        return sum(pack.readings for pack in packs)

    async def give_up(self, clock: str, first: int, last: int) -> int:
        """Drop readings that nobody can date any more; declared with the bounds between which they were taken."""
        lost: int = await self._submit(lambda file: self.keeper.give_up(file, clock, first, last), at_once=True)
        self.undated -= lost
        self.dropped += lost
        self._to_declare(lost)
        return lost

    def receipted(self, receipt: Receipt) -> int:
        """Forget what a receipt names; says how many packs that were."""
        named = [
            key
            for key in self.formed
            if key[0] == receipt.boot
            and key[1] is receipt.stream
            and any(first <= key[2] <= last for first, last in receipt.ranges)
        ]
        for key in named:
            del self.formed[key]
        if named:
            if not self._receipted:
                asyncio.get_running_loop().call_later(_TIDY_AFTER, self._wake.set)
            self._receipted += named
            self._settle()
            self.changed.set()
        return len(named)

    async def remember(self, memory: Mapping[str, bytes]) -> None:
        """Keep states that go with no reading."""
        await self.add([], memory)

    async def run(self) -> None:
        """Write what waits, in one transaction each time, until cancelled."""
        while True:
            await self._wake.wait()
            if self._linger and self._jobs:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._urgent.wait(), self._linger)
            self._urgent.clear()
            self._wake.clear()
            await self.flush()

    async def flush(self) -> None:
        """Write what waits now."""
        jobs, self._jobs = self._jobs, []
        gone, self._receipted = self._receipted, []
        if not jobs and not gone:
            return
        results, dropped = await self._in_thread(lambda: self.keeper.commit([job for job, _ in jobs], gone))
        for (_, future), result in zip(jobs, results, strict=True):
            if not future.done():
                future.set_result(result)
        if self.keeper.moved:
            self.keeper.moved = False
            self._count(await self._in_thread(self.keeper.file.waiting))
        if dropped.readings:
            await asyncio.sleep(0)  # whoever waited for these jobs counts first
            self._let_go(dropped)

    def _let_go(self, dropped: Dropped) -> None:
        for pack in dropped.packs:
            self.formed.pop(pack.key, None)
        self.bundled -= dropped.unformed
        self.undated -= dropped.undated
        self.dropped += dropped.readings
        self._to_declare(dropped.readings)
        log.error("buffer full: oldest dropped", readings=dropped.readings, dropped_since_start=self.dropped)

    async def expire(self, older_than: int) -> None:
        """Let go of what is too old for the server [ms]."""
        dropped = await self._submit(lambda file: self.keeper.expire(file, older_than))
        if dropped.readings:
            self._let_go(dropped)

    async def close(self) -> None:
        """Write what waits and let go of the file."""
        await self.flush()
        await self._in_thread(self.keeper.close)
        self._thread.shutdown()

    def _submit(self, job: Callable[[BufferFile], T], *, at_once: bool = False) -> asyncio.Future[T]:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.append((job, future))
        if at_once:
            self._urgent.set()
        self._wake.set()
        return future

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _formed(self, packs: Sequence[FormedPack]) -> None:
        self.formed |= {pack.key: pack for pack in packs}
        self._settle()
        if packs:
            self.changed.set()

    def _count(self, waiting: Waiting) -> None:
        self.bundled, self.undated, self.oldest_unformed = waiting.dated, waiting.undated, waiting.oldest
        self._settle()

    def _to_declare(self, readings: int) -> None:
        self.undeclared = self.undeclared or readings > 0
        self._settle()
        if self.undeclared:
            self.changed.set()

    def _settle(self) -> None:
        if self.bundled or self.undated or self._adding or self.formed:
            self._empty.clear()
        else:
            self._empty.set()
