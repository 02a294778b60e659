"""Close bundles when their waits are over, and do whatever else falls due."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from prometheus_client import Counter

from notify import escalation
from notify.delivery.sender import Sender
from notify.delivery.throttle import woken
from notify.grouping.escalation_policy import Ladder
from notify.grouping.fan_out import Expansion, close, hold, load_steps, take
from notify.grouping.grouping import Key, by_key, wait
from notify.publications import broadcast, bulletin, cap_publisher, withdrawal
from notify.settings import NotifySettings
from notify.step import Step
from store import bundle, delivery, due
from store.patience import ABSENT, Patience
from store.pool import Connection, Pool
from telemetry.clock import Clock

FAILED = Counter("nongvu_notify_failures", "Things due that could not be done", ["kind"])
BUNDLES = Counter("nongvu_notify_bundles", "Bundles by what came of them", ["outcome"])
#: Tables are looked at at least this often, whatever notifications say. [s]
POLL = 0.5
#: Rows whose time has come, taken in one look.
MOST = 5000
#: Bundles closed at once, each on a connection of its own.
AT_ONCE = 4

_log = structlog.get_logger()


@dataclass(slots=True)
class Dispatcher:
    """Closes bundles when their waits are over and does what else event time brings."""

    pool: Pool
    clock: Clock
    settings: NotifySettings
    sender: Sender
    ladder: Ladder
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    published: asyncio.Event = field(default_factory=asyncio.Event)
    _first_seen: dict[Key, float] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def run(self) -> None:
        """Work until cancelled."""
        patience = Patience("bundle")
        while True:
            self.wake.clear()
            pause = 0.0
            async with patience:
                pause = await self.look()
            await woken(self.wake, max(pause, 0.001))

    async def look(self) -> float:
        """Do all that can be done now, and return how long [s] nothing more can."""
        now = self.clock.now()
        async with self.pool.connection() as connection:
            rows = await due.waiting(connection, "notify", now, MOST)
        for row in rows:
            if row.kind != "step":
                await self._happen_or_tell(row.kind, row.topic, now)
        return await self._bundle([int(row.topic) for row in rows if row.kind == "step"], now)

    async def _happen_or_tell(self, kind: str, topic: str, now: datetime) -> None:
        """Do one thing; what fails for good is told and dropped, so that it does not hold up everything else."""
        try:
            await self._happen(kind, topic, now)
        except ABSENT:
            raise
        except Exception:
            FAILED.labels(kind).inc()
            _log.exception("what was due could not be done and is dropped", kind=kind, topic=topic)
            async with self.pool.connection() as connection:
                await due.take_one(connection, "notify", kind, topic, now)

    async def _happen(self, kind: str, topic: str, now: datetime) -> None:
        """Do one thing whose time has come; its due row goes in the same transaction."""
        does = DUE.get(kind)
        if does is None:
            _log.error("nobody knows what this due row asks for", kind=kind, topic=topic)
            return
        async with self.pool.connection() as connection, connection.transaction():
            if await due.take_one(connection, "notify", kind, topic, now):
                await does(self, connection, topic, now)
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
        except ABSENT:
            raise
        except Exception:
            FAILED.labels("step").inc()
            _log.exception("a bundle could not be closed", commune=key.commune, hazard=key.hazard, kind=key.kind)
            return POLL

    async def _close_when_ready(self, key: Key, steps: list[Step], now: datetime) -> float | None:
        """Close a group's bundle if its wait is over; else say how long that will be."""
        silent = all(step.stale or step.kind == "extend" for step in steps)
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
                await cap_publisher.publish(connection, mine, now, self.settings)
                await escalation.plan(connection, expansion, self.ladder, now)
                if key.kind in {"end", "cancel"} and expansion.bundle is not None:
                    over = (key.commune, expansion.bundle, mine)
                    await withdrawal.take_back(connection, *over, now, self.settings)
        self._first_seen.pop(key, None)
        self.published.set()
        if mine:
            self._tell(key, expansion)
        return None

    async def _ready(self, connection: Connection, key: Key, steps: Iterable[Step]) -> float:
        last = await bundle.last_expanded(connection, key.commune, key.hazard, key.kind)
        return wait(
            self._first_seen[key],
            time.monotonic() - last.ago if last else None,
            grouping=self.settings.grouping,
            between=self.settings.between,
            urgent=last is not None and max(step.level for step in steps) > last.level,
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


async def release(dispatcher: Dispatcher, connection: Connection, topic: str, now: datetime) -> None:
    """Quiet hours are over for a message."""
    del dispatcher
    await delivery.release_held(connection, int(topic), now)


async def climb(dispatcher: Dispatcher, connection: Connection, topic: str, now: datetime) -> None:
    """Nobody has acknowledged: the next rung of the ladder."""
    exercise = dispatcher.settings.exercise
    done = await escalation.climb(connection, topic, now, dispatcher.ladder, voice_exercise=exercise)
    _log.info("rung", bundle=done.bundle, does=done.outcome, queued=done.queued)


async def issue(dispatcher: Dispatcher, connection: Connection, topic: str, now: datetime) -> None:
    """It is time for bulletins."""
    made = await bulletin.issue(connection, topic, now, dispatcher.settings)
    _log.info("bulletins", about=topic, made=made)


async def expire(dispatcher: Dispatcher, connection: Connection, topic: str, now: datetime) -> None:
    """Nobody decided on what waited for approval: while its alert goes on it is asked again."""
    if not await withdrawal.ask_again(connection, int(topic), now, dispatcher.settings):
        await broadcast.expire(connection, int(topic))


#: What notify does when a due row's time comes, by its kind.
DUE: dict[str, Callable[[Dispatcher, Connection, str, datetime], Awaitable[None]]] = {
    "quiet": release,
    "rung": climb,
    "bulletin": issue,
    "approval": expire,
}
