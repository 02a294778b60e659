"""One ingest worker, from its two sessions on the broker to the tables."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from ingest import metrics
from ingest.directory import Directory
from ingest.downlink import Downlink
from ingest.pipeline import WRITERS, Pipeline, State
from ingest.registry import Registry
from ingest.settings import IngestSettings
from ingest.subscription import Subscription
from store import reading
from store.listen import listen
from store.metrics import serve_metrics
from store.patience import Patience
from store.pool import Pool, pool
from telemetry import topics
from telemetry.broker import address
from telemetry.clock import Clock, RealClock, ReplayedClock, decode_tick
from telemetry.pack import Stream
from telemetry.topics import Kind

log = structlog.get_logger()


async def run(settings: IngestSettings) -> None:
    """Work until cancelled; what is not committed then is not acknowledged, and comes again."""
    serve_metrics(settings, "ingest")
    async with pool(settings.database_url, name=f"ingest-{settings.ingest_worker}", least=2, most=8) as connections:
        worker = Worker(settings, connections)
        await worker.run()


class Worker:
    """One worker and its tasks."""

    def __init__(self, settings: IngestSettings, connections: Pool) -> None:
        self.settings, self.pool = settings, connections
        self.clock: Clock = ReplayedClock() if settings.clock == "replayed" else RealClock()
        self.state = State(Directory(), reading.HighWater(), self.clock, settings.oldest)
        place = (settings.ingest_worker, settings.ingest_workers)
        self.shards = frozenset(topics.shards_of(*place))
        self.registry = Registry(connections, self.state, self.shards)
        live = (Kind.BIRTH, Kind.LIVE, Kind.STATUS, Kind.REPLY, Kind.CONFIGURED)
        self.live = self._subscription("live", live)
        self.backlog = self._subscription("backlog", (Kind.BACKLOG,))
        self.downlink = Downlink(connections, self.state, self.registry, self.live, self.shards)
        rows, hear = settings.ingest_batch_rows, self.downlink.hear
        self.pipelines = (
            Pipeline(Stream.LIVE, self.live, connections, self.state, hear, rows),
            Pipeline(Stream.BACKLOG, self.backlog, connections, self.state, hear, rows),
        )

    def _subscription(self, stream: str, kinds: tuple[Kind, ...]) -> Subscription:
        settings, client = self.settings, self.settings.client(stream)
        place = (settings.ingest_worker, settings.ingest_workers)
        filters, former = topics.filters(*place, *kinds), topics.other_filters(*place, *kinds)
        where = address(settings.mqtt_url, client, authority=settings.mqtt_authority,
                        certificate=settings.mqtt_certificate, key=settings.mqtt_key)  # fmt: skip
        clock = None
        if settings.clock == "replayed" and stream == "live":
            filters, clock = (*filters, topics.CLOCK), (topics.CLOCK, self._tick)
        return Subscription(
            where, client, filters, former, receive_maximum=settings.ingest_receive_maximum, clock=clock
        )

    def _tick(self, payload: bytes) -> None:
        if isinstance(self.clock, ReplayedClock):
            self.clock.advance(decode_tick(payload))

    async def run(self) -> None:
        """Start everything; the first task that fails stops all."""
        wakes = {"registry": self.registry.changed.set, "gateway": self.downlink.orders.set}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.live.run(), name="live session")
                tasks.create_task(listen(self.settings.database_url, wakes, name="ingest"), name="listen")
                await self._wait_for_the_clock()
                await Patience("start").until(self.registry.load)
                tasks.create_task(self.backlog.run(), name="backlog session")
                tasks.create_task(self.registry.keep(), name="registry")
                tasks.create_task(self.downlink.tell(), name="orders")
                tasks.create_task(self.downlink.keep_states(), name="states")
                for pipeline in self.pipelines:
                    tasks.create_task(pipeline.open(), name=f"{pipeline.stream.value} open")
                    for n in range(WRITERS):
                        tasks.create_task(pipeline.write(), name=f"{pipeline.stream.value} write {n}")
                log.info("ready", worker=self.settings.ingest_worker, of=self.settings.ingest_workers)
                await self._watch()
        except BaseExceptionGroup as group:
            raise _first(group) from group

    async def _wait_for_the_clock(self) -> None:
        """A replayed clock has no time before its first tick."""
        while isinstance(self.clock, ReplayedClock) and not self.clock.started:
            await self.clock.moved()
        started = self.clock.now()
        log.info("clock", kind=self.settings.clock, now=started.isoformat(), real=datetime.now(UTC).isoformat())

    async def _watch(self) -> None:
        while True:
            for pipeline in self.pipelines:
                name = pipeline.stream.value
                metrics.CONNECTED.labels(name).set(pipeline.subscription.connected.is_set())
                metrics.QUEUED.labels(name).set(pipeline.subscription.queue.qsize() + pipeline.busy)
            await asyncio.sleep(1.0)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first failure that is no other group."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
