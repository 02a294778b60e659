"""Claim waiting messages, hand them to routes, and record what came of it; nothing is silently sent twice."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from prometheus_client import Counter, Gauge, Histogram

from notify.delivery.ledger import Ledger, Outcome, reference, said
from notify.delivery.route import Route
from notify.delivery.throttle import PROBE, Health, woken
from notify.provider import Doubt, Elsewhere, Kind, Later, Message, Never, Sent
from notify.texts.sms_segments import Coding
from store import delivery
from store.delivery import Address, Claimed, Spent
from store.patience import Patience
from store.pool import Pool
from telemetry.clock import Clock

SENT = Counter("nongvu_notify_messages", "Messages by how they ended", ["route", "outcome"])
SEGMENTS = Counter("nongvu_notify_segments", "SMS segments handed over", ["route"])
HANDED = Histogram("nongvu_notify_send_seconds", "Time a route takes to accept a message", ["route"])

SPENT = Gauge("nongvu_notify_budget_spent", "1 while a route's budget of 24 hours is used up", ["route"])

#: The table is looked at at least this often, whatever notifications say. [s]
POLL = 0.5
#: How often a budget that is used up is told of again. [s]
ALARM = 600.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Sender:
    """Sends what is queued, by several routes at once, as one worker among others."""

    pool: Pool
    clock: Clock
    routes: Sequence[Route]
    worker: int
    names: dict[int, str] = field(default_factory=dict)
    health: dict[str, Health] = field(init=False)
    ledger: Ledger = field(init=False)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _outcomes: asyncio.Queue[Outcome] = field(default_factory=asyncio.Queue)
    _running: set[asyncio.Task[None]] = field(default_factory=set)
    #: Deliveries of which a task or an outcome is at hand; a claim beside them was never begun.
    _underway: set[int] = field(default_factory=set)
    _unsure: bool = False

    def __post_init__(self) -> None:
        self.health = {route.name: Health(route) for route in self.routes}
        self.ledger = Ledger(self.worker, self.routes)

    async def run(self) -> None:
        """Send until cancelled; then let what is underway end, and note it."""
        settling, patience = asyncio.create_task(self._settle_forever(), name="settle"), Patience("claim")
        try:
            while True:
                pause = 0.0
                async with patience:
                    await self._take_back()
                    pause = await self._claim_all()
                if not patience.worked:
                    self._unsure = True
                    continue
                await woken(self.wake, pause)
                self.wake.clear()
        finally:
            await self._finish(settling)

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
            await delivery.take_back(connection, self.worker, self._underway)
        self._unsure = False

    async def _claim_all(self) -> float:
        """Claim what each route can take now; returns how long [s] no more can be claimed, if nobody wakes us."""
        pause = POLL
        for route in self.routes:
            health = self.health[route.name]
            most = health.allowance()
            urgent = route.table.urgent_level
            probing = most <= 0 and (most := health.probe()) > 0
            if most <= 0:
                pause = min(pause, health.rest() or POLL, PROBE / 3)  # a place in its window wakes us
                continue
            least = urgent if await self._spent_out(health) or probing else 0
            claimed = await self._claim(route, most, least)
            health.spend(len(claimed))
            await self._start(route, claimed)
            pause = min(pause, health.rest() if len(claimed) == most else POLL)
        return pause

    async def _claim(self, route: Route, most: int, least: int) -> list[Claimed]:
        """Claim for a route at most so many, from a level on."""
        taken: list[Claimed] = []
        async with self.pool.connection() as connection:
            for kind in sorted(route.kinds):
                limits = {"least": least, "most": most - len(taken)}
                if len(taken) < most:
                    better = self._better(route, kind)
                    taken += await delivery.claim(connection, self.worker, route.name, kind, better=better, **limits)
        return sorted(taken, key=lambda claimed: (-claimed.level, claimed.id))

    def _better(self, route: Route, kind: Kind) -> list[str]:
        """Better routes of a kind that are well: those must have refused a message first."""
        earlier = self.routes[: self.routes.index(route)]
        return [other.name for other in earlier if kind in other.kinds and self.health[other.name].well]

    async def _spent_out(self, health: Health) -> bool:
        """Whether a route's budget of the day (24 hours of event time) is used up."""
        table = health.route.table
        if table.daily_segments is None and table.daily_cost is None:
            return False
        since = self.clock.now() - timedelta(hours=24)
        async with self.pool.connection() as connection:
            spent = await delivery.spent(connection, table.name, since)
        segments, cost = spent.segments, spent.cost
        over = bool(segments >= (table.daily_segments or segments + 1) or cost >= (table.daily_cost or cost + 1))
        if over != health.spent_out or not health.told or (over and time.monotonic() > health.told + ALARM):
            await self._alarm(health, over, spent)
        health.spent_out = over
        return over

    async def _alarm(self, health: Health, over: bool, spent: Spent) -> None:
        """Say aloud, again and again, that a budget is used up: log, metrics, and the table that doctor reads."""
        health.told = time.monotonic()
        table = health.route.table
        SPENT.labels(table.name).set(over)
        if over:
            _log.error(
                "the budget of a route is used up: only what is urgent goes on; raise daily_segments or daily_cost",
                route=table.name, segments=spent.segments, cost=spent.cost, urgent_level=table.urgent_level,
            )  # fmt: skip
        else:
            _log.info("a route has budget again", route=table.name)
        async with self.pool.connection() as connection:
            await delivery.note_budget(connection, table.name, spent, self.clock.now(), over=over)

    async def _start(self, route: Route, claimed: list[Claimed]) -> None:
        if not claimed:
            return
        async with self.pool.connection() as connection:
            found = await delivery.addresses(connection, [one.id for one in claimed])
        addresses = {address.id: address for address in found}
        for one in claimed:
            self._underway.add(one.id)
            self.health[route.name].running += 1
            task = asyncio.create_task(self._send(route, one, addresses.get(one.id)))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _send(self, route: Route, claimed: Claimed, address: Address | None) -> None:
        started = time.monotonic()
        result: Sent | Later | Elsewhere | Never | Doubt | str
        try:
            if address is None or not address.address or self._unwanted(claimed, address):
                result = "withdrawn"
            elif claimed.expires <= self.clock.now():
                result = "expired"
            else:
                result = await route.provider.send(self._message(claimed, address.address, address.secret))
                HANDED.labels(route.name).observe(time.monotonic() - started)
        except (Later, Elsewhere, Never, Doubt) as failure:
            result = failure
        except Exception as failure:
            _log.exception("a provider failed in a way it does not know", route=route.name, delivery=claimed.id)
            result = Doubt(f"{type(failure).__name__}: {failure}")
        finally:
            self.health[route.name].running -= 1
        self._outcomes.put_nowait(Outcome(claimed, route, result, self.clock.now(), datetime.now(UTC)))
        self.wake.set()

    def _unwanted(self, claimed: Claimed, address: Address) -> bool:
        """Whether somebody who has stopped would get it; only the answer to what they wrote themselves goes to them."""
        state = address.subscriber_state
        return state == "erased" or (state == "stopped" and not claimed.about.startswith("inbound:"))

    def _message(self, claimed: Claimed, address: str, secret: str) -> Message:
        coding: Coding = "gsm7" if claimed.coding == "gsm7" else "ucs2"
        return Message(
            reference=reference(claimed.id, claimed.renamed),
            kind=claimed.kind,
            address=address,
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
            secret=secret,
            unsure_since=claimed.unsure_since,
        )

    async def _settle_forever(self) -> None:
        """Note outcomes as they come, all that wait in one transaction; a database that is away is waited for."""
        patience = Patience("settle")
        while True:
            outcomes = self._drain([await self._outcomes.get()])
            await patience.until(partial(self._settle_whole, outcomes))

    def _drain(self, outcomes: list[Outcome]) -> list[Outcome]:
        while not self._outcomes.empty():
            outcomes.append(self._outcomes.get_nowait())
        return outcomes

    async def _settle_whole(self, outcomes: list[Outcome]) -> None:
        await asyncio.shield(self._settle(outcomes))

    async def _settle(self, outcomes: list[Outcome]) -> None:
        async with self.pool.connection() as connection, connection.transaction():
            await self.ledger.note(connection, outcomes)
        self._underway -= {outcome.claimed.id for outcome in outcomes}
        for outcome in outcomes:
            self._tell(outcome)
        self.wake.set()

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
            if isinstance(result, Doubt) or (isinstance(result, Later) and not result.person):
                health.failed(result.seconds if isinstance(result, Later) else None)
            _log.warning(word, reason=said(result), **fields)
