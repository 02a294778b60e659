"""Deliver: claim, send, settle; what a crash left between is settled by the provider's word or marked doubtful."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import structlog
from prometheus_client import Counter, Histogram
from psycopg.rows import class_row, dict_row

from notify.message import Coding
from notify.phone import masked
from notify.provider import Doubt, Kind, Later, Message, Never, Sent
from notify.route import Route
from store.pool import Pool
from store.statements import statement
from telemetry.clock import Clock

SENT = Counter("nongvu_notify_messages", "Messages by how they ended", ["route", "outcome"])
SEGMENTS = Counter("nongvu_notify_segments", "SMS segments handed over", ["route"])
HANDED = Histogram("nongvu_notify_send_seconds", "Time a route takes to accept a message", ["route"])

#: Back-off of a message that no route could take, and of a route that failed. [s]
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
#: Messages of so long that a route may have at once by its rate; half of it is worth a claim. [s]
SPAN = 0.2

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is this worker's to send."""

    id: int
    about: str
    subscriber: int | None
    rung: int
    kind: Kind
    place: int | None
    hazard: str
    level: int
    language: str
    title: str
    text: str
    long: str
    coding: str
    segments: int
    at: datetime
    expires: datetime
    attempts: int
    refused_by: list[str]
    traces: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """What we call it everywhere, at every try."""
        return reference(self.id)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended."""

    claimed: Claimed
    route: Route
    result: Sent | Later | Never | Doubt | str  # a word: expired, withdrawn
    at: datetime
    handed_at: datetime


@dataclass(slots=True)
class Health:
    """Whether a route is well, and how fast it may go."""

    route: Route
    failures: int = 0
    resumes: float = 0.0  # monotonic: not before
    next_free: float = 0.0  # monotonic: by the rate
    spent_out: bool = False
    running: int = 0

    @property
    def well(self) -> bool:
        """Whether it can be given messages now."""
        return time.monotonic() >= self.resumes and not self.spent_out

    def failed(self, seconds: float | None) -> None:
        """Leave it alone for a while, longer each time; messages that fail together count once."""
        if time.monotonic() < self.resumes:
            return
        self.failures += 1
        pause = backoff(self.failures) if seconds is None else seconds
        self.resumes = time.monotonic() + pause

    def worked(self) -> None:
        """It is well again."""
        self.failures = 0

    def allowance(self) -> int:
        """How many messages its window and rate leave now; of a fast route none until a claim is worth its while."""
        free = self.route.table.window - self.running
        rate = self.route.table.rate
        if rate is None:
            return free
        now = time.monotonic()
        self.next_free = max(self.next_free, now - max(SPAN, 1.0 / rate))
        turns = int((now - self.next_free) * rate + 1e-9)
        return min(free, turns) if turns >= SPAN / 2 * rate else 0

    def spend(self, messages: int) -> None:
        """Count messages against the rate."""
        if self.route.table.rate is not None:
            self.next_free += messages / self.route.table.rate


def reference(delivery: int) -> str:
    """What we call a delivery towards providers."""
    return f"nv-{delivery}"


def backoff(failures: int) -> float:
    """Seconds before the next try: doubling, with jitter so that workers do not come back together."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1)) * random.uniform(0.5, 1.0))  # noqa: S311


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long; `asyncio.wait_for` of Python 3.11 may swallow that we are told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


@dataclass(slots=True)
class Sender:
    """Sends what is queued, by several routes at once, as one worker among others."""

    pool: Pool
    clock: Clock
    routes: Sequence[Route]
    worker: int
    names: dict[int, str] = field(default_factory=dict)
    health: dict[str, Health] = field(default_factory=dict)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _outcomes: asyncio.Queue[Outcome] = field(default_factory=asyncio.Queue)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    #: Deliveries of which a task or an outcome is at hand; a claim beside them was never begun.
    _underway: set[int] = field(default_factory=set)
    _unsure: bool = False

    def __post_init__(self) -> None:
        self.health = {route.name: Health(route) for route in self.routes}

    async def run(self) -> None:
        """Send until cancelled; then let what is underway end, and note it."""
        settling = asyncio.create_task(self._settle_forever(), name="settle")
        try:
            while True:
                try:
                    await self._take_back()
                    claimed = await self._claim_all()
                except psycopg.OperationalError as error:
                    _log.warning("the database is away; nothing is claimed", error=str(error))
                    self._unsure = True
                    await asyncio.sleep(0.5)
                    continue
                self.wake.clear()
                if not claimed:
                    await self._pause()
        finally:
            await self._finish(settling)

    async def _pause(self) -> None:
        """Wait for news, a free place in a window, or the next try that is due."""
        busy = any(health.route.table.rate for health in self.health.values() if health.running or not health.well)
        await woken(self.wake, 0.05 if busy else 0.5)

    async def _finish(self, settling: asyncio.Task[None]) -> None:
        if self._running:
            await asyncio.wait(self._running, timeout=10)
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)
        if not self._outcomes.empty():
            await self._settle(self._drain([]))

    async def _take_back(self) -> None:
        """Queue again what was claimed over a connection that broke: its sending was never begun."""
        if not self._unsure:
            return
        async with self.pool.connection() as connection:
            values = {"worker": self.worker, "underway": list(self._underway)}
            await connection.execute(statement("delivery", "take_back"), values)
        self._unsure = False

    async def _claim_all(self) -> int:
        """Claim what each route can take now; returns how many."""
        total = 0
        for route in self.routes:
            health = self.health[route.name]
            most = health.allowance()
            if most <= 0 or not health.well or await self._spent_out(health):
                continue
            claimed = await self._claim(route, most)
            health.spend(len(claimed))
            total += len(claimed)
            await self._start(route, claimed)
        return total

    async def _claim(self, route: Route, most: int) -> list[Claimed]:
        taken: list[Claimed] = []
        async with self.pool.connection() as connection, connection.cursor(row_factory=class_row(Claimed)) as cursor:
            for kinds, better in self._kinds_by_better(route):
                if len(taken) < most:
                    await cursor.execute(
                        statement("delivery", "claim"),
                        {
                            "worker": self.worker,
                            "route": route.name,
                            "kinds": kinds,
                            "better": better,
                            "most": most - len(taken),
                        },
                    )
                    taken += await cursor.fetchall()
        return sorted(taken, key=lambda claimed: (-claimed.level, claimed.id))

    def _kinds_by_better(self, route: Route) -> list[tuple[list[str], list[str]]]:
        """Kinds of a route, each with the better routes that are well: those must have refused a message first."""
        found = []
        for kind in sorted(route.kinds):
            earlier = self.routes[: self.routes.index(route)]
            better = [other.name for other in earlier if kind in other.kinds and self.health[other.name].well]
            found.append(([str(kind)], better))
        return found

    async def _spent_out(self, health: Health) -> bool:
        """Whether a route's budget of the day (24 hours of event time) is used up."""
        table = health.route.table
        if table.daily_segments is None and table.daily_cost is None:
            return False
        since = self.clock.now() - timedelta(hours=24)
        async with self.pool.connection() as connection:
            found = await connection.execute(statement("delivery", "spent"), {"route": table.name, "since": since})
            segments, cost = await found.fetchone() or (0, 0.0)
        over = bool(segments >= (table.daily_segments or segments + 1) or cost >= (table.daily_cost or cost + 1))
        if over and not health.spent_out:
            _log.error("the budget of a route is used up", route=table.name, segments=segments, cost=cost)
        health.spent_out = over
        return over

    async def _start(self, route: Route, claimed: list[Claimed]) -> None:
        if not claimed:
            return
        async with self.pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                statement("delivery", "addresses"), {"deliveries": [delivery.id for delivery in claimed]}
            )
            addresses = {row["id"]: row for row in await cursor.fetchall()}
        for delivery in claimed:
            self._underway.add(delivery.id)
            self.health[route.name].running += 1
            task = asyncio.create_task(self._send(route, delivery, addresses.get(delivery.id, {})))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _send(self, route: Route, claimed: Claimed, address: dict[str, Any]) -> None:
        started = time.monotonic()
        result: Sent | Later | Never | Doubt | str
        try:
            if not address.get("address") or self._unwanted(claimed, address):
                result = "withdrawn"
            elif claimed.expires <= self.clock.now():
                result = "expired"
            else:
                result = await route.provider.send(self._message(claimed, address))
                HANDED.labels(route.name).observe(time.monotonic() - started)
        except (Later, Never, Doubt) as failure:
            result = failure
        except Exception as failure:
            _log.exception("a provider failed in a way it does not know", route=route.name, delivery=claimed.id)
            result = Doubt(f"{type(failure).__name__}: {failure}")
        finally:
            self.health[route.name].running -= 1
        self._outcomes.put_nowait(Outcome(claimed, route, result, self.clock.now(), datetime.now(UTC)))
        self.wake.set()

    def _unwanted(self, claimed: Claimed, address: dict[str, Any]) -> bool:
        """Whether somebody who has stopped would get it; only the answer to what they wrote themselves goes to them."""
        state = address.get("subscriber_state")
        return state == "erased" or (state == "stopped" and not claimed.about.startswith("inbound:"))

    def _message(self, claimed: Claimed, address: dict[str, Any]) -> Message:
        coding: Coding = "gsm7" if claimed.coding == "gsm7" else "ucs2"
        return Message(
            reference=claimed.reference,
            kind=claimed.kind,
            address=address["address"],
            text=claimed.text,
            coding=coding,
            segments=claimed.segments,
            at=claimed.at,
            expires=claimed.expires,
            language=claimed.language,
            title=claimed.title,
            long=claimed.long,
            hazard=claimed.hazard,
            level=claimed.level,
            place=self.names.get(claimed.place or 0, ""),
            secret=address.get("secret", ""),
        )

    async def _settle_forever(self) -> None:
        """Note outcomes as they come, all that wait in one transaction; a database that is away is waited for."""
        while True:
            outcomes = self._drain([await self._outcomes.get()])
            while True:
                try:
                    await asyncio.shield(self._settle(outcomes))
                    break
                except psycopg.OperationalError as error:
                    _log.warning("the database is away; outcomes are kept", waiting=len(outcomes), error=str(error))
                    await asyncio.sleep(0.5)

    def _drain(self, outcomes: list[Outcome]) -> list[Outcome]:
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get_nowait())
        return outcomes

    async def _settle(self, outcomes: list[Outcome]) -> None:
        async with self.pool.connection() as connection, connection.transaction(), connection.cursor() as cursor:
            await self._note_sent(cursor, outcomes)
            for outcome in outcomes:
                if not isinstance(outcome.result, Sent):
                    await self._note(cursor, outcome)
            ended = [o.claimed.id for o in outcomes if not isinstance(o.result, Later)]
            await cursor.execute(statement("delivery", "forget_answer_address"), {"deliveries": ended})
        self._underway -= {outcome.claimed.id for outcome in outcomes}
        for outcome in outcomes:
            self._tell(outcome)
        self.wake.set()

    async def _note_sent(self, cursor: psycopg.AsyncCursor[Any], outcomes: list[Outcome]) -> None:
        """Note what was handed over, all in one trip: at a fast route a trip a message would be what is slow."""
        settled: list[dict[str, Any]] = []
        parts: list[dict[str, Any]] = []
        for outcome in outcomes:
            result, claimed, route = outcome.result, outcome.claimed, outcome.route
            if isinstance(result, Sent):
                values = {"delivery": claimed.id, "worker": self.worker, "at": outcome.at}
                count = result.segments or claimed.segments
                cost = result.cost or count * route.table.price
                settled.append(values | {"segments": count, "cost": cost, "handed_at": outcome.handed_at})
                parts += [
                    {"delivery": claimed.id, "part": part, "route": route.name, "provider_id": provider_id}
                    for part, provider_id in enumerate(result.provider_ids, 1)
                ]
        if settled:
            await cursor.executemany(statement("delivery", "settle_sent"), settled)
        if parts:
            await cursor.executemany(statement("delivery", "insert_part"), parts)

    async def _note(self, cursor: psycopg.AsyncCursor[Any], outcome: Outcome) -> None:
        values: dict[str, Any] = {"delivery": outcome.claimed.id, "worker": self.worker, "at": outcome.at}
        result = outcome.result
        if isinstance(result, Later):
            await self._note_later(cursor, outcome, result, values)
        else:
            state = result if isinstance(result, str) else "doubtful" if isinstance(result, Doubt) else "failed"
            detail = "" if isinstance(result, str) else masked(str(result))
            await cursor.execute(statement("delivery", "settle_end"), values | {"state": state, "detail": detail})

    async def _note_later(
        self, cursor: psycopg.AsyncCursor[Any], outcome: Outcome, result: Later, values: dict[str, Any]
    ) -> None:
        """Try the next route at once; when all have refused, begin again after a while; give up aloud."""
        claimed = outcome.claimed
        if claimed.attempts >= outcome.route.table.attempts * max(1, len(self._serving(claimed.kind))):
            state = "doubtful" if result.unsure else "failed"
            detail = f"given up after {claimed.attempts} tries: {masked(str(result))}"
            await cursor.execute(statement("delivery", "settle_end"), values | {"state": state, "detail": detail})
            _log.error("a message was given up", delivery=claimed.id, hazard=claimed.hazard, reason=masked(str(result)))
            return
        refused = [] if result.unsure else [*claimed.refused_by, outcome.route.name]
        others = [name for name in self._serving(claimed.kind) if name not in refused]
        seconds = 0.0 if others and refused else result.seconds or backoff(claimed.attempts)
        values |= {"detail": masked(str(result)), "refused_by": refused if others else [], "seconds": seconds}
        await cursor.execute(statement("delivery", "settle_again"), values | {"unsure": result.unsure})

    def _serving(self, kind: Kind) -> list[str]:
        return [route.name for route in self.routes if kind in route.kinds]

    def _tell(self, outcome: Outcome) -> None:
        """Log, count, and let the route rest if it failed."""
        result, health = outcome.result, self.health[outcome.route.name]
        word = result if isinstance(result, str) else type(result).__name__.lower()
        SENT.labels(outcome.route.name, word).inc()
        fields = {"delivery": outcome.claimed.id, "route": outcome.route.name, "subscriber": outcome.claimed.subscriber}
        if isinstance(result, Sent):
            health.worked()
            SEGMENTS.labels(outcome.route.name).inc(result.segments or outcome.claimed.segments)
            claimed = outcome.claimed
            _log.info("sent", about=claimed.about, segments=claimed.segments, traces=claimed.traces, **fields)
        elif isinstance(result, str):
            _log.info(result, about=outcome.claimed.about, **fields)
        else:
            if isinstance(result, (Later, Doubt)):
                health.failed(result.seconds if isinstance(result, Later) else None)
            _log.warning(word, reason=masked(str(result)), **fields)


async def new_worker(connection: psycopg.AsyncConnection[Any]) -> int:
    """Take a number, and hold it for as long as the connection lives."""
    row = await (await connection.execute(statement("delivery", "worker"))).fetchone()
    worker = int(row[0]) if row else 0
    await connection.execute(statement("delivery", "hold_worker"), {"worker": worker})
    return worker


async def settle_orphans(connection: psycopg.AsyncConnection[Any], routes: Sequence[Route], worker: int) -> int:
    """Settle what dead workers had claimed; returns how many.

    Where a repeat under the same reference does no harm, it is queued again; where the provider can tell, by what it
    says; else it is doubtful.
    """
    settled = 0
    found = await connection.execute(statement("delivery", "claimants"), {"worker": worker})
    for (other,) in await found.fetchall():
        held = await (await connection.execute(statement("delivery", "hold_worker"), {"worker": other})).fetchone()
        if not held or not held[0]:
            continue
        try:
            settled += await _settle_dead(connection, {route.name: route for route in routes}, other)
        finally:
            await connection.execute(statement("delivery", "let_worker"), {"worker": other})
    return settled


async def _settle_dead(connection: psycopg.AsyncConnection[Any], routes: dict[str, Route], dead: int) -> int:
    orphans = await (await connection.execute(statement("delivery", "orphans"), {"worker": dead})).fetchall()
    for delivery, route_name, _ in orphans:
        verdict = await _verdict(routes.get(route_name), reference(delivery))
        await connection.execute(statement("delivery", verdict), {"delivery": delivery, "worker": dead})
        _log.warning("a dead worker's claim was settled", delivery=delivery, route=route_name, verdict=verdict)
    return len(orphans)


async def _verdict(route: Route | None, name: str) -> str:
    if route is None:
        return "doubt_orphan"
    if route.provider.idempotent:
        return "requeue_orphan"
    found = await route.provider.find(name)
    return {True: "adopt_orphan", False: "requeue_orphan", None: "doubt_orphan"}[found]
