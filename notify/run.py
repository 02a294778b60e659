"""Run the process: everything that notify does, started together and kept going whatever goes away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from notify.delivery.route import Route
from notify.delivery.sender import Sender
from notify.delivery.stalled import new_worker, settle_orphans
from notify.dispatcher import AT_ONCE, Dispatcher
from notify.grouping import escalation_policy
from notify.housekeeping import Housekeeping, duties
from notify.people.inbound import keeper
from notify.provider import Listens
from notify.publications import bulletin
from notify.publications.cap_publisher import Feed
from notify.settings import NotifySettings
from store import delivery
from store.listen import listen
from store.metrics import serve_metrics
from store.patience import ABSENT
from store.pool import Connection, Pool, pool
from telemetry.clock import Clock, RealClock, ReplayedClock, follow

#: Connections that bundles do not need.
BESIDE = 5
#: What others tell notify.
CHANNELS = ("step", "delivery", "inbound", "approval")
#: How often dead workers are looked for. [s]
ORPHANS = 3.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Listener:
    """Holds the worker's number, wakes whoever sleeps, and settles what dead workers left."""

    url: str
    routes: list[Route]
    worker: int = 0
    wakes: list[asyncio.Event] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until cancelled, over as many connections as it takes."""
        wakes = dict.fromkeys(CHANNELS, self.wake)
        await listen(self.url, wakes, name="notify", begin=self._hold, look=self._look, every=ORPHANS)

    async def _hold(self, connection: Connection) -> None:
        if self.worker:
            await delivery.hold_worker(connection, self.worker)
        else:
            self.worker = await new_worker(connection)
        self.begun.set()

    async def _look(self, connection: Connection) -> None:
        await settle_orphans(connection, self.routes, self.worker)

    def wake(self) -> None:
        """Wake everybody."""
        for event in self.wakes:
            event.set()


async def run(settings: NotifySettings, routes: list[Route], clock: Clock | None = None) -> None:
    """Run notify until cancelled, on the clock of the settings where none is given."""
    serve_metrics(settings, "notify")
    try:
        async with pool(settings.database_url, name="notify", least=2, most=AT_ONCE + BESIDE) as connections:
            feed: Feed | None = None
            try:
                async with asyncio.TaskGroup() as tasks:
                    for route in routes:
                        if isinstance(route.provider, Listens):
                            route.provider.listen(keeper(connections, route.name))
                        await route.provider.open()
                    feed = await _start(settings, routes, connections, tasks, clock)
            finally:
                if feed is not None:  # nothing closes bundles any more: now it can name every warning
                    feed.published.set()
                    with suppress(*ABSENT):
                        await feed.keep()
    finally:
        for route in routes:
            await route.provider.close()
        _log.info("stopped")


async def _start(
    settings: NotifySettings, routes: list[Route], connections: Pool, tasks: asyncio.TaskGroup, clock: Clock | None
) -> Feed:
    listener = Listener(settings.database_url, routes)
    if clock is None and settings.clock == "replayed":
        clock = replayed = ReplayedClock()
        tasks.create_task(follow(replayed, settings.mqtt_url or "", "notify", ready=listener.wake), name="clock")
        await replayed.wait_until(datetime.min.replace(tzinfo=UTC))
    clock = clock or RealClock()
    tasks.create_task(listener.run(), name="listen")
    await listener.begun.wait()
    async with connections.connection() as connection:
        names = await delivery.place_names(connection)
    sender = Sender(connections, clock, routes, listener.worker, names)
    dispatcher = Dispatcher(connections, clock, settings, sender, escalation_policy.read(settings.ladder))
    feed = Feed(connections, clock, settings, dispatcher.published)
    every = duties(connections, settings, {route.name: route for route in routes}, feed)
    housekeeping = Housekeeping(clock, every)
    dispatcher.published.set()
    listener.wakes += [sender.wake, dispatcher.wake, housekeeping.wake]
    async with connections.connection() as connection, connection.transaction():
        await bulletin.plan(connection, clock.now(), settings)
    tasks.create_task(housekeeping.run(), name="housekeeping")
    tasks.create_task(sender.run(), name="send")
    tasks.create_task(dispatcher.run(), name="dispatch")
    _log.info("started", worker=listener.worker, routes=[route.name for route in routes])
    return feed
