"""The analytics process, which takes marks and due rows as they come, for as long as it is let."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import structlog
from prometheus_client import Counter, Gauge, Histogram

from analytics.run import readers
from analytics.run.engine.engine import Engine
from analytics.run.neighbours.compare import Area
from analytics.run.questions.requests import answer_one
from analytics.run.settings import AnalyticsSettings
from store import care, lease, worker
from store.index_value import forget_issues
from store.lease import Waits
from store.listen import listen
from store.mark import CHANNEL
from store.patience import Patience, reason_of
from store.pool import Pool, pool
from store.rollup import close, refresh
from store.uncomputed import wake
from telemetry.clock import Clock, RealClock, ReplayedClock, follow

log = structlog.get_logger(__name__)
PLACES = Counter("nongvu_analytics_places", "Places computed")
SECONDS = Histogram("nongvu_analytics_step_seconds", "Time of one step of work")
AREA_SECONDS = Histogram("nongvu_analytics_area_seconds", "Time of comparing the stations of an area")
WORKERS = Gauge("nongvu_analytics_workers", "Analytics processes that live, this one included")
#: Longest wait between two looks at the marks [s]; a notification only shortens it.
LOOK = 1.0
#: Between two looks for areas to compare [s]; a replay looks as often as for all else.
AREAS = 5.0
#: Between two looks at the gateways [s].
CARE = 30.0
#: Between two looks for index values of forecasts that are old enough to go [s].
FORGET = 3600.0
#: Rollups serve charts: they may be so much behind [s].
ROLLUP = 1.0
#: How often rollups of days that have ended are put together [s].
CLOSE = 1800.0
#: A step in work when the process is told to stop may take so much longer [s].
PATIENCE = 20.0


@dataclass(slots=True)
class Live:
    """The process."""

    settings: AnalyticsSettings
    clock: Clock
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    patiences: list[Patience] = field(default_factory=list)

    def rouse(self) -> None:
        """Look at marks and rollups now."""
        self.wake.set()
        self.woken.set()

    def patience(self, task: str, *, refusals: bool = True) -> Patience:
        """How a task of this process waits for the database."""
        return self.takes(Patience(task, refusals=refusals))

    def takes(self, patience: Patience) -> Patience:
        """Have a task's patience tell in `trouble`."""
        self.patiences.append(patience)
        return patience

    def trouble(self) -> str:
        """All that goes wrong at the database now, in a line; empty: nothing."""
        return "; ".join(sorted(f"{one.task}: {one.error}" for one in self.patiences if not one.worked))


async def run(settings: AnalyticsSettings) -> None:
    """Work until cancelled."""
    replayed = ReplayedClock() if settings.clock == "replayed" else None
    live = Live(settings, replayed or RealClock())
    async with (
        pool(settings.database_url, name="analytics", least=2, most=8) as connections,
        asyncio.TaskGroup() as tasks,
    ):
        engine = Engine(connections, waits(settings), settings.analytics_batch)
        beat = live.patience("beat")
        if settings.clock != "replayed":  # a replay is one worker's: whoever comes first
            async with beat:
                await engine.beat(live.trouble())
        helpers = [
            tasks.create_task(_beat(engine, live, beat), name="beat"),
            tasks.create_task(_listen(live), name="listen"),
            tasks.create_task(_expire(connections, live), name="expire leases"),
            tasks.create_task(_rollups(connections, live), name="rollups"),
            tasks.create_task(_areas(Area(connections, area_waits(settings)), live), name="areas"),
            tasks.create_task(_requests(connections, live), name="requests"),
            tasks.create_task(_care(connections, live), name="care"),
            tasks.create_task(_forget(connections, live), name="forget old issues"),
            tasks.create_task(readers.watch(connections, live.takes(readers.patience())), name="watch readers"),
        ]
        if replayed is not None:
            helpers += [
                tasks.create_task(
                    follow(replayed, settings.mqtt_url or "", "analytics", ready=live.rouse), name="clock"
                )
            ]
        log.info("analytics started", worker=engine.worker)
        try:
            await _work(engine, live)
        finally:
            for helper in helpers:
                helper.cancel()
            log.info("analytics stopped")


def waits(settings: AnalyticsSettings) -> Waits:
    """How long things wait; a replay waits for nothing but a lost worker."""
    if settings.clock == "replayed":
        return Waits(timedelta(0), timedelta(0), min(settings.analytics_hold, timedelta(seconds=5)), timedelta(0))
    return Waits(settings.analytics_quiet, settings.analytics_oldest, settings.analytics_hold)


def area_waits(settings: AnalyticsSettings) -> Waits:
    """How long areas wait to be compared."""
    if settings.clock == "replayed":
        return waits(settings)
    return Waits(settings.analytics_area_quiet, settings.analytics_area_oldest, settings.analytics_hold)


async def _work(engine: Engine, live: Live) -> None:
    pause, patience = 0.0, live.patience("work", refusals=False)
    while True:
        live.wake.clear()
        if isinstance(live.clock, ReplayedClock) and not live.clock.started:
            await _wait(live.wake, LOOK)
            continue
        done = 1
        try:
            async with patience:
                done = await _finish(asyncio.create_task(_step(engine, live), name="step"), live)
                pause = 0.0
        except Exception as error:
            pause = min(max(2 * pause, 0.2), 5.0)
            log.exception("places not computed", reason=reason_of(error), again="when their leases expire")
            await asyncio.sleep(pause)
        if not done:
            await _wait(live.wake, LOOK)


async def _step(engine: Engine, live: Live) -> int:
    begin = time.perf_counter()
    done = await engine.drain(live.clock.now)
    if done:
        PLACES.inc(done)
        SECONDS.observe(time.perf_counter() - begin)
        log.debug("computed", places=done, milliseconds=round(1000 * (time.perf_counter() - begin), 1))
    return done


async def _finish(step: asyncio.Task[int], live: Live) -> int:
    """Wait for a step; a stop lets it end, so that no lease is left behind."""
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        live.stopping.set()
        with contextlib.suppress(TimeoutError, psycopg.Error):
            await asyncio.wait_for(step, PATIENCE)
        raise


async def _wait(event: asyncio.Event, seconds: float) -> None:
    # not wait_for: that of Python 3.11 may swallow that we are told to stop
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


async def _beat(engine: Engine, live: Live, patience: Patience) -> None:
    """Say that this worker lives, with what goes wrong; until told to stop, when others have its places at once."""
    if live.settings.clock == "replayed":
        return
    try:
        while not live.stopping.is_set():
            await _wait(live.stopping, worker.BEAT)
            async with patience:
                WORKERS.set(await engine.beat(live.trouble()))
    finally:
        with contextlib.suppress(
            TimeoutError, psycopg.Error
        ):  # nobody waits for it: it would be taken for dead in a moment
            await asyncio.wait_for(engine.leave(), LOOK)


async def _listen(live: Live) -> None:
    """Be woken by marks; without it they are found by looking, later."""
    url, patience = live.settings.database_url, live.patience("listen")
    await listen(url, {CHANNEL: live.rouse}, name="analytics", patience=patience)


async def _expire(connections: Pool, live: Live) -> None:
    patience = live.patience("expire leases")
    while True:
        await asyncio.sleep(LOOK)
        async with patience, connections.connection() as connection:
            if lost := await lease.expire(connection):
                log.warning("leases expired", leases=lost)
                live.rouse()
            if (not isinstance(live.clock, ReplayedClock) or live.clock.started) and await wake(
                connection, live.clock.now()
            ):
                live.rouse()


async def _care(connections: Pool, live: Live) -> None:
    """Look after gateways. Not in a replay: the real time between two looks would be days of its event time."""
    patience = live.patience("care")
    while live.settings.clock != "replayed":
        async with patience, connections.connection() as connection:
            if changed := await care.look(connection, live.clock.now()):
                log.info("network", gateways=changed)
        if patience.worked:
            await asyncio.sleep(CARE)


async def _forget(connections: Pool, live: Live) -> None:
    """Let index values on forecasts of long ago go: a forecast a day makes as many rows as ten days of readings."""
    patience = live.patience("forget old issues")
    while True:
        if not isinstance(live.clock, ReplayedClock) or live.clock.started:
            async with patience, connections.connection() as connection:
                await forget_issues(connection, live.clock.now() - live.settings.analytics_issues)
        if patience.worked:
            await asyncio.sleep(FORGET)


async def _rollups(connections: Pool, live: Live) -> None:
    looked, patience = -CLOSE, live.patience("rollups")
    while True:
        live.woken.clear()
        if isinstance(live.clock, ReplayedClock) and not live.clock.started:
            await _wait(live.woken, LOOK)
            continue
        async with patience, connections.connection() as connection:
            while await refresh(connection, live.clock.now()):
                pass
            if time.monotonic() - looked >= CLOSE:
                station = 0
                while station := await close(connection, live.clock.now(), station):
                    pass
                looked = time.monotonic()
        if patience.worked:
            await asyncio.sleep(ROLLUP)
            await _wait(live.woken, 30.0)


async def _areas(area: Area, live: Live) -> None:
    """Compare neighbours in a lane of its own: what is live never waits for it."""
    replayed, patience = isinstance(live.clock, ReplayedClock), live.patience("areas")
    while True:
        done = 0
        try:
            if not isinstance(live.clock, ReplayedClock) or live.clock.started:
                begin = time.perf_counter()
                async with patience:
                    done = await area.step(live.clock.now())
                if done:
                    AREA_SECONDS.observe(time.perf_counter() - begin)
        except Exception:
            log.exception("area not compared", again="when its lease expires")
        if not done and patience.worked:
            await asyncio.sleep(LOOK if replayed else AREAS)


async def _requests(connections: Pool, live: Live) -> None:
    patience = live.patience("requests")
    while True:
        await asyncio.sleep(LOOK)
        if isinstance(live.clock, ReplayedClock) and not live.clock.started:
            continue
        async with patience, connections.connection() as connection:
            await connection.set_autocommit(True)
            while await answer_one(connection, live.clock.now()):
                pass
