"""Takes deliveries of one session into the tables, then acknowledges and receipts them; waits for no other session."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from ingest import metrics
from ingest.accept import Window, whole
from ingest.directory import Directory
from ingest.pack import Addressed, Delivery, Pack, label_or_none, open_packs, receipts
from ingest.subscription import Subscription
from ingest.write import write
from store import reading
from store.patience import Patience
from store.pool import Pool
from telemetry import topics
from telemetry.clock import Clock
from telemetry.pack import DroppedPacks, Stream, encode_receipt
from telemetry.reason import Reason

log = structlog.get_logger()

#: The gateway's clock may be ahead by this much.
AHEAD = timedelta(minutes=10)
#: Packs taken apart and not yet written, in transactions' worth.
AHEAD_OF_WRITING = 2
#: Small packs are taken apart together, up to so many bytes; a large one by itself, lest the others wait.
TOGETHER = 16 * 1024
#: Transactions of a pipeline that may be open at once: while the database works on one, the next is made.
WRITERS = 2
#: Rows from which one begins beside another: a quiet pipeline commits one after the other, with the least delay.
BESIDE = 5_000


@dataclass(slots=True)
class State:
    """What the pipelines of a worker share."""

    directory: Directory
    water: reading.HighWater
    clock: Clock
    oldest: timedelta

    def window(self) -> Window:
        """Event times that are accepted now."""
        now = self.clock.now()
        return Window((now - self.oldest).timestamp(), (now + AHEAD).timestamp())


class Pipeline:
    """One of the two ways of a worker: live, or backlog."""

    def __init__(
        self,
        stream: Stream,
        subscription: Subscription,
        pool: Pool,
        state: State,
        other: Callable[[topics.Topic, Delivery], Awaitable[None]],
        rows: int,
    ) -> None:
        self.stream, self.subscription, self.pool, self.state = stream, subscription, pool, state
        self._other, self._most = other, rows
        self._opened: deque[tuple[Pack, float]] = deque()
        self._rows = 0
        self._changed = asyncio.Event()
        self.busy = 0

    async def open(self) -> None:
        """Take deliveries apart as they come, many small ones at a time, while the writers wait for the database."""
        queue = self.subscription.queue
        while True:
            deliveries = [await queue.get()]
            size = len(deliveries[0].payload)
            while size < TOGETHER and not queue.empty():
                deliveries.append(queue.get_nowait())
                size += len(deliveries[-1].payload)
            await self._take_in(deliveries)
            await asyncio.sleep(0)  # a full queue never yields by itself
            while self._rows > AHEAD_OF_WRITING * self._most:
                self._changed.clear()
                await self._changed.wait()

    async def _take_in(self, deliveries: list[Delivery]) -> None:
        """Open packs; what is none is heard in its place, since births come before their readings."""
        packs: list[Addressed] = []
        for delivery in deliveries:
            try:
                topic = topics.parse(delivery.topic)
            except ValueError:
                metrics.STRAY.inc()
                self.subscription.acknowledge([delivery])
                continue
            if topic.kind in (topics.Kind.LIVE, topics.Kind.BACKLOG):
                packs.append(Addressed(delivery, topic.gateway, Stream(topic.kind.value)))
                continue
            self._open(packs)
            packs = []
            await self._other(topic, delivery)
            self.subscription.acknowledge([delivery])
        self._open(packs)

    def _open(self, addressed: list[Addressed]) -> None:
        arrived, received_at = time.monotonic(), datetime.now(UTC)
        try:
            packs = open_packs(addressed, self.state.directory, self.state.window(), received_at)
        except Exception as error:  # a fault of ours must not stop a gateway for ever: the pack is kept whole
            if len(addressed) > 1:
                for one in addressed:
                    self._open([one])
                return
            (one,) = addressed
            log.exception("cannot open a pack", gateway=one.gateway)
            wrong = whole(Reason.MALFORMED, f"could not be taken apart: {error!r}", one.delivery.payload)
            label = label_or_none(one.delivery.properties)
            packs = [Pack(one.delivery, one.gateway, one.stream, label, received_at, wrong)]
        for pack in packs:
            self._opened.append((pack, arrived))
            self._rows += len(pack.accepted.rows) + 1
        self._changed.set()

    async def write(self) -> None:
        """Write what is open, at once; what comes meanwhile is the next transaction, begun early where it is large."""
        while True:
            while not self._opened or (self.busy and self._rows < min(self._most, BESIDE)):
                self._changed.clear()
                await self._changed.wait()
            taken = self._take()
            self.busy += len(taken)
            metrics.QUEUED.labels(self.stream.value).set(
                self.subscription.queue.qsize() + len(self._opened) + self.busy
            )
            await self._commit([pack for pack, _ in taken])
            self._tell(taken)
            self.busy -= len(taken)
            self._changed.set()

    def _take(self) -> list[tuple[Pack, float]]:
        taken: list[tuple[Pack, float]] = []
        rows = 0
        while self._opened and (not taken or rows + len(self._opened[0][0].accepted.rows) <= self._most):
            entry = self._opened.popleft()
            taken.append(entry)
            rows += len(entry[0].accepted.rows)
            self._rows -= len(entry[0].accepted.rows) + 1
        self._changed.set()
        metrics.BATCH_ROWS.labels(self.stream.value).observe(rows)
        return taken

    async def _commit(self, packs: list[Pack]) -> None:
        """Write until the database takes it; nothing is acknowledged before."""

        async def attempt() -> None:
            for pack in packs:
                pack.stored = pack.repeated = pack.set_aside = 0
                pack.problems.clear()
            async with self.pool.connection() as connection:
                await reading.prepare(connection)
                await write(connection, packs, self.state.directory, self.state.water)

        await Patience(f"write {self.stream.value}").until(attempt)  # also while a person mends rights or tables

    def _tell(self, taken: list[tuple[Pack, float]]) -> None:
        """Acknowledge, send receipts and count, after the commit."""
        stream = self.stream.value
        self.subscription.publish(
            [
                (topics.topic(gateway, topics.Kind.RECEIPT), encode_receipt(receipt))
                for gateway, receipt in receipts(pack for pack, _ in taken)
            ]
        )
        now = time.monotonic()
        lag, receipt_lag = metrics.LAG.labels(stream), metrics.RECEIPT_LAG.labels(stream)
        self.subscription.acknowledge(pack.delivery for pack, _ in taken)
        for pack, arrived in taken:
            lag.observe(now - arrived)
            if pack.label is not None:
                log.debug("committed", gateway=pack.gateway, stream=stream, sequence=pack.label.sequence,
                          trace=pack.label.trace, stored=pack.stored)  # fmt: skip
                receipt_lag.observe(now - arrived)
            for problem in pack.accepted.asides:
                metrics.ASIDE.labels(problem.reason.value).inc()
            for drop in pack.drops:
                count = drop.readings if isinstance(drop, DroppedPacks) else drop.count
                metrics.DECLARED_DROPPED.labels(pack.gateway).inc(count)
        metrics.PACKS.labels(stream).inc(len(taken))
        for outcome in ("stored", "repeated", "set_aside"):
            metrics.READINGS.labels(stream, outcome).inc(sum(getattr(pack, outcome) for pack, _ in taken))

    def idle(self) -> bool:
        """Whether everything that came is committed."""
        return not self.busy and not self._opened and self.subscription.queue.empty()
