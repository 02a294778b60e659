"""Work: the process: takes what is due, bundles and expands it, sends it, and starts again after whatever goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
import structlog
from prometheus_client import Counter

from notify import broadcast, bulletin, escalate, inbound, ladder, voice, warning
from notify.deliver import Sender, new_worker, settle_orphans, woken
from notify.expand import Connection, Expansion, close, hold, load_steps, take, waiting
from notify.group import Key, Step, by_key, wait
from notify.provider import Hear, Listens
from notify.route import Route
from notify.settings import NotifySettings
from store.metrics import serve_metrics
from store.pool import Pool, pool
from store.statements import statement
from telemetry.clock import Clock, RealClock, ReplayedClock, follow

FAILED = Counter("nongvu_notify_failures", "Things due that could not be done", ["kind"])
BUNDLES = Counter("nongvu_notify_bundles", "Bundles by what came of them", ["outcome"])
#: Tables are looked at at least this often, whatever notifications say. [s]
POLL = 0.5
#: Bundles closed at once, each on a connection of its own.
AT_ONCE = 4
#: How often dead workers are looked for. [s]
ORPHANS = 3.0
#: How often raw messages of people past their time are emptied. [s]
FORGET = 3600.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Bundler:
    """Closes bundles when their waits are over and does what else event time brings."""

    pool: Pool
    clock: Clock
    settings: NotifySettings
    sender: Sender
    ladder: ladder.Ladder
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    published: asyncio.Event = field(default_factory=asyncio.Event)
    _first_seen: dict[Key, float] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self.wake.clear()
            try:
                pause = await self.look()
            except psycopg.OperationalError as error:
                _log.warning("the database is away", error=str(error))
                pause = 0.5
            await woken(self.wake, max(pause, 0.001))

    async def look(self) -> float:
        """Do all that can be done now, and return how long [s] nothing more can."""
        now = self.clock.now()
        async with self.pool.connection() as connection:
            due = await waiting(connection, now)
        for row in due:
            if row["kind"] != "step":
                await self._happen_or_tell(row["kind"], row["subject"], now)
        return await self._bundle([int(row["subject"]) for row in due if row["kind"] == "step"], now)

    async def _happen_or_tell(self, kind: str, subject: str, now: datetime) -> None:
        """Do one thing; what fails for good is told and dropped, so that it does not hold up everything else."""
        try:
            await self._happen(kind, subject, now)
        except psycopg.OperationalError:
            raise
        except Exception:
            FAILED.labels(kind).inc()
            _log.exception("what was due could not be done and is dropped", kind=kind, subject=subject)
            async with self.pool.connection() as connection:
                values = {"kind": kind, "subject": subject, "now": now}
                await connection.execute(statement("bundle", "take_due"), values)

    async def _happen(self, kind: str, subject: str, now: datetime) -> None:
        """Do one thing whose time has come; its due row goes in the same transaction."""
        does = DUE.get(kind)
        if does is None:
            _log.error("nobody knows what this due row asks for", kind=kind, subject=subject)
            return
        async with self.pool.connection() as connection, connection.transaction():
            values = {"kind": kind, "subject": subject, "now": now}
            found = await (await connection.execute(statement("bundle", "take_due"), values)).fetchone()
            if found:
                await does(self, connection, subject, now)
        self.sender.wake.set()

    async def _bundle(self, ids: list[int], now: datetime) -> float:
        if not ids:
            self._first_seen.clear()
            return POLL
        async with self.pool.connection() as connection:
            groups = by_key(await load_steps(connection, ids))
        self._first_seen = {key: self._first_seen.get(key, time.monotonic()) for key in groups}
        rests = await asyncio.gather(*(self._close_or_tell(key, steps, now) for key, steps in groups.items()))
        return max(0.0, min([rest for rest in rests if rest is not None], default=0.0))

    async def _close_or_tell(self, key: Key, steps: list[Step], now: datetime) -> float | None:
        """Close a group; one that fails is told and tried again later, without holding up the others."""
        try:
            async with self._room:
                return await self._close_when_ready(key, steps, now)
        except psycopg.OperationalError:
            raise
        except Exception:
            FAILED.labels("step").inc()
            _log.exception("a bundle could not be closed", commune=key.commune, hazard=key.hazard, kind=key.kind)
            return POLL

    async def _close_when_ready(self, key: Key, steps: list[Step], now: datetime) -> float | None:
        """Close a group's bundle if its wait is over; else say how long that will be."""
        silent = all(step.stale for step in steps)
        async with self.pool.connection() as connection, connection.transaction():
            ready = time.monotonic() if silent else await self._ready(connection, key, steps)
            rest = ready - time.monotonic()
            if rest > 0:
                return min(rest, POLL)
            if not await hold(connection, key):
                return POLL
            ours = await take(connection, steps)
            mine = [step for step in steps if step.id in ours]
            if mine:
                expansion = await close(
                    connection,
                    key,
                    mine,
                    now,
                    exercise=self.settings.exercise,
                    raise_concurrent=self.settings.raise_concurrent,
                )
                await warning.publish(connection, mine, now, self.settings)
                await escalate.plan(connection, expansion, self.ladder, now)
        self._first_seen.pop(key, None)
        self.published.set()
        if mine:
            self._tell(key, expansion)
        return None

    async def _ready(self, connection: Connection, key: Key, steps: Iterable[Step]) -> float:
        values = {"commune": key.commune, "hazard": key.hazard, "kind": key.kind}
        last = await (await connection.execute(statement("bundle", "last_bundle"), values)).fetchone()
        return wait(
            self._first_seen[key],
            time.monotonic() - last[0] if last else None,
            grouping=self.settings.grouping,
            between=self.settings.between,
            urgent=last is not None and max(step.level for step in steps) > last[1],
        )

    def _tell(self, key: Key, expansion: Expansion) -> None:
        BUNDLES.labels(expansion.outcome).inc()
        self.sender.wake.set()
        _log.info(
            "bundle",
            bundle=expansion.bundle,
            commune=key.commune,
            hazard=key.hazard,
            kind=key.kind,
            outcome=expansion.outcome,
            steps=len(expansion.steps),
            queued=expansion.queued,
            held=expansion.held,
            capped=expansion.capped,
        )


async def release(bundler: Bundler, connection: Connection, subject: str, now: datetime) -> None:
    """Quiet hours are over for a message."""
    del bundler
    await connection.execute(statement("bundle", "release_held"), {"delivery": int(subject), "now": now})


async def climb(bundler: Bundler, connection: Connection, subject: str, now: datetime) -> None:
    """Nobody has acknowledged: the next rung of the ladder."""
    exercise = bundler.settings.exercise
    done = await escalate.climb(connection, subject, now, bundler.ladder, voice_exercise=exercise)
    _log.info("rung", bundle=done.bundle, does=done.outcome, queued=done.queued)


async def issue(bundler: Bundler, connection: Connection, subject: str, now: datetime) -> None:
    """It is time for bulletins."""
    made = await bulletin.issue(connection, subject, now, bundler.settings)
    _log.info("bulletins", about=subject, made=made)


async def expire(bundler: Bundler, connection: Connection, subject: str, now: datetime) -> None:
    """Nobody decided on what waited for approval."""
    del bundler, now
    await broadcast.expire(connection, int(subject))


#: What notify does when a due row's time comes, by its kind.
DUE: dict[str, Callable[[Bundler, Connection, str, datetime], Awaitable[None]]] = {
    "quiet": release,
    "rung": climb,
    "bulletin": issue,
    "approval": expire,
}


@dataclass(slots=True)
class Office:
    """Takes up what came back, carries out what people approved, gives broadcasts their voice, forgets in time."""

    pool: Pool
    clock: Clock
    settings: NotifySettings
    routes: dict[str, Route]
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    published: asyncio.Event = field(default_factory=asyncio.Event)
    _forgot: float = 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self.wake.clear()
            try:
                await self.look()
            except psycopg.OperationalError as error:
                _log.warning("the database is away", error=str(error))
            await woken(self.wake, 1.0)

    async def look(self) -> None:
        """Do all that waits; a duty that fails is told, tried again, and holds up neither the others nor messages."""
        for duty in (self._hear, self._decide, self.feed, self._speak, self._forget):
            try:
                await duty()
            except psycopg.OperationalError:
                raise
            except Exception:
                FAILED.labels(duty.__name__.strip("_")).inc()
                _log.exception("the office could not do something", duty=duty.__name__.strip("_"))

    async def _hear(self) -> None:
        """Take up what came in."""
        while await inbound.take(self.pool, self.routes, self.clock.now()):
            pass

    async def _speak(self) -> None:
        """Give broadcasts their voice."""
        try:
            await broadcast.voice_all(self.pool, self.clock.now(), self.settings)
        except (voice.VoiceError, OSError) as error:
            FAILED.labels("speak").inc()
            _log.error("a broadcast has no audio", reason=str(error))

    async def _forget(self) -> None:
        """Empty raw messages of people past their time."""
        if time.monotonic() > self._forgot + FORGET:
            self._forgot = time.monotonic()
            async with self.pool.connection() as connection:
                await connection.execute(statement("inbound", "forget"), {"days": self.settings.inbound_days})

    async def feed(self) -> None:
        """Write the feed of warnings anew, if there is one that it does not name."""
        if not self.published.is_set():
            return
        self.published.clear()
        try:
            async with self.pool.connection() as connection:
                await warning.publish_feed(connection, self.clock.now(), self.settings)
        except BaseException:
            self.published.set()
            raise

    async def _decide(self) -> None:
        """Carry out what people decided since."""
        now = self.clock.now()
        async with self.pool.connection() as connection, connection.transaction():
            rows = await (await connection.execute(statement("bulletin", "decided"))).fetchall()
            for _, subject, state in rows:
                kind, _, number = subject.partition(":")
                if kind == "broadcast":
                    values = {"broadcast": int(number), "state": "ready" if state == "approved" else "refused"}
                    await connection.execute(statement("bulletin", "set_broadcast"), values)
                elif state == "approved":
                    await bulletin.release(connection, int(number), now, self.settings)
                else:
                    await connection.execute(statement("bulletin", "refuse"), {"bulletin": int(number)})


def _keeper(connections: Pool, route: str) -> Hear:
    """Keeps what a route's provider hears by itself."""

    async def keep(content_type: str, payloads: Sequence[bytes]) -> None:
        rows = [{"route": route, "content_type": content_type, "payload": payload} for payload in payloads]
        async with connections.connection() as connection, connection.transaction():
            await connection.cursor().executemany(statement("inbound", "keep"), rows)
            await connection.execute(statement("inbound", "wake"))

    return keep


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
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
                    await self._listen(connection)
            except psycopg.OperationalError as error:
                _log.warning("the database is away", error=str(error))
                await asyncio.sleep(0.5)

    async def _listen(self, connection: psycopg.AsyncConnection[Any]) -> None:
        if self.worker:
            await connection.execute(statement("delivery", "hold_worker"), {"worker": self.worker})
        else:
            self.worker = await new_worker(connection)
        await connection.execute("LISTEN step; LISTEN delivery; LISTEN inbound; LISTEN approval")
        self.begun.set()
        while True:
            await settle_orphans(connection, self.routes, self.worker)
            self.wake()
            async for _ in connection.notifies(timeout=ORPHANS, stop_after=1):
                self.wake()

    def wake(self) -> None:
        """Wake everybody."""
        for event in self.wakes:
            event.set()


async def run(settings: NotifySettings, routes: list[Route], clock: Clock | None = None) -> None:
    """Run notify until cancelled, on the clock of the settings where none is given."""
    serve_metrics(settings, "notify")
    try:
        async with pool(settings.database_url, name="notify", least=2, most=AT_ONCE + 5) as connections:
            office: Office | None = None
            try:
                async with asyncio.TaskGroup() as tasks:
                    for route in routes:
                        if isinstance(route.provider, Listens):
                            route.provider.listen(_keeper(connections, route.name))
                        await route.provider.open()
                    office = await _start(settings, routes, connections, tasks, clock)
            finally:
                if office is not None:  # nothing closes bundles any more: now the feed can name every warning
                    office.published.set()
                    with suppress(psycopg.OperationalError):
                        await office.feed()
    finally:
        for route in routes:
            await route.provider.close()
        _log.info("stopped")


async def _start(
    settings: NotifySettings, routes: list[Route], connections: Pool, tasks: asyncio.TaskGroup, clock: Clock | None
) -> Office:
    listener = Listener(settings.database_url, routes)
    if clock is None and settings.clock == "replayed":
        clock = replayed = ReplayedClock()
        tasks.create_task(follow(replayed, settings.mqtt_url or "", "notify", ready=listener.wake), name="clock")
        await replayed.wait_until(datetime.min.replace(tzinfo=UTC))
    clock = clock or RealClock()
    tasks.create_task(listener.run(), name="listen")
    await listener.begun.wait()
    sender = Sender(connections, clock, routes, listener.worker, await _names(connections))
    bundler = Bundler(connections, clock, settings, sender, ladder.read(settings.ladder))
    office = Office(connections, clock, settings, {route.name: route for route in routes}, published=bundler.published)
    bundler.published.set()
    listener.wakes += [sender.wake, bundler.wake, office.wake]
    async with connections.connection() as connection, connection.transaction():
        await bulletin.plan(connection, clock.now(), settings)
    tasks.create_task(office.run(), name="office")
    tasks.create_task(sender.run(), name="send")
    tasks.create_task(bundler.run(), name="bundle")
    _log.info("started", worker=listener.worker, routes=[route.name for route in routes])
    return office


async def _names(connections: Pool) -> dict[int, str]:
    async with connections.connection() as connection:
        found = await connection.execute(statement("bundle", "place_names"))
        return {int(row[0]): str(row[1]) for row in await found.fetchall()}
