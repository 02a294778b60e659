"""Leased places become index values, states, alerts and due rows, in one transaction that ends their leases."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID, uuid4

import structlog

from analytics.index import Index
from analytics.indices import INDICES
from analytics.rule import Rule
from analytics.rules import RULES
from analytics.run.alerts.forecast_alerts import AHEAD, FORECAST
from analytics.run.engine import forecast_run
from analytics.run.engine.cache import LiveWindow
from analytics.run.engine.compute import compute, lead_days
from analytics.run.engine.job import Job
from analytics.run.engine.place_lookup import Acquainted
from analytics.run.engine.portions import each, portions
from analytics.run.engine.write import write
from analytics.run.window.place_facts import Known, local_date, midnight
from store import lease, uncomputed, work
from store import worker as workers
from store.lease import Leased, LeaseLost, Waits
from store.pool import Connection, Pool

log = structlog.get_logger(__name__)
#: Whose work it is, among workers of every kind.
OWNER = "analytics"
#: Steps at a time while a backlog is worked off.
LANES = 2
#: Portions of a step are begun for so long [s]; what is left of it goes back, behind what is new.
PATIENCE = 5.0
#: Groups of jobs by how many days they reach back: a place with a year to do does not make others do one.
_REACHES = (1, 7, 31, 366)
#: Causes that change nothing of what is known of a place beside its readings.
_PLAIN = frozenset({"reading", "correction", AHEAD, FORECAST})

#: Causes by which readings themselves changed.
_READ = frozenset({"reading", "correction", "backfill"})


@dataclass(slots=True)
class Engine:
    """A worker; any number of them share the marks."""

    pool: Pool
    waits: Waits = field(default_factory=Waits)
    #: Places of a step: fewer cost more trips, more cost memory (place_days: 0.48 of a COPY with 200, 0.51 with 500).
    most: int = 500
    rules: Sequence[Rule] = RULES
    indices: Sequence[Index] = INDICES
    #: Of its own: containers may share a name, and number their processes alike.
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}")
    #: The live window of places; a cache of the tables.
    cache: dict[int, LiveWindow] = field(default_factory=dict)
    acquainted: Acquainted = field(default_factory=Acquainted)
    #: The workers that lived at the last beat.
    beside: list[str] = field(default_factory=list)

    async def step(self, now: datetime, more: asyncio.Event | None = None) -> int:
        """Take what waits at event time ``now``, compute and write it; return how many places that were.

        ``more`` is set as soon as it is known that there may be more than one step can take.
        """
        token = uuid4()
        async with self.pool.connection() as connection:
            await connection.set_autocommit(True)  # transactions are said where they begin and end
            taken = await lease.take(connection, self.worker, token, now, self.most, self.waits)
            if not taken:
                return 0
            if more is not None and len(taken) == self.most:
                more.set()
            beat = asyncio.create_task(self._hold(token), name="hold leases")
            try:
                return await self._work(connection, token, taken, now)
            except LeaseLost as lost:
                log.warning("lease lost", places=lost.places, again="by whoever takes their marks")
                self._forget(taken)
                await lease.give_up(connection, token)
            except BaseException:
                self._forget(taken)
                raise
            finally:
                beat.cancel()
        return len(taken)

    async def drain(self, now: Callable[[], datetime]) -> int:
        """Step; while there is more than a step can take, in `LANES` at a time: one reads while another thinks."""
        more = asyncio.Event()
        lanes = [asyncio.create_task(self._lane(now, more), name="lane")]
        waiting = asyncio.create_task(more.wait(), name="more")
        try:
            await asyncio.wait({lanes[0], waiting}, return_when=asyncio.FIRST_COMPLETED)
            if more.is_set():
                lanes += [asyncio.create_task(self._lane(now, more), name="lane") for _ in range(LANES - 1)]
        finally:
            waiting.cancel()
            # each goes on to its end: a lane that fails leaves the other no half-done work
            ended = await asyncio.gather(*lanes, return_exceptions=True)
        for lane in ended:
            if isinstance(lane, BaseException):
                raise lane
        return sum(lane for lane in ended if isinstance(lane, int))

    async def _lane(self, now: Callable[[], datetime], more: asyncio.Event) -> int:
        total = 0
        while done := await self.step(now(), more):
            total += done
            if done < self.most:
                break
        return total

    async def beat(self, trouble: str = "") -> int:
        """Say that this worker lives; how many do. Windows of places that have become another's are let go."""
        async with self.pool.connection() as connection:
            names = await workers.beat(connection, OWNER, self.worker, trouble)
            if names != self.beside:
                if self.beside:
                    log.info("workers", live=names)
                self.beside = names
                mine = await workers.own(connection, OWNER, self.worker, list(self.cache))
                self.cache = {place: window for place, window in self.cache.items() if place in mine}
        return len(names)

    async def leave(self) -> None:
        """Say that this worker takes nothing any more."""
        async with self.pool.connection() as connection:
            await workers.leave(connection, OWNER, self.worker)

    async def _hold(self, token: UUID) -> None:
        while True:
            await asyncio.sleep(self.waits.hold.total_seconds() / 3)
            async with self.pool.connection() as connection:
                await lease.renew(connection, token, self.waits.hold)

    def _forget(self, taken: Sequence[Leased]) -> None:
        for leased in taken:
            self.cache.pop(leased.place, None)

    async def _work(self, connection: Connection, token: UUID, taken: Sequence[Leased], now: datetime) -> int:
        looking = [leased for leased in taken if only(AHEAD, leased)]
        done = len(looking)
        if looking:
            waiting = await uncomputed.postponed(connection, token, [leased.place for leased in looking])
            looking = [leased for leased in looking if leased.place not in waiting]
        if looking:
            await each(connection, token, looking, lambda some: self._ahead(connection, token, some, now), "ahead")
        if past := [leased for leased in taken if not only(AHEAD, leased)]:
            done += await self._past(connection, token, past, now)
        return done

    async def _ahead(self, connection: Connection, token: UUID, looking: Sequence[Leased], now: datetime) -> None:
        ids = [leased.place for leased in looking]
        self._forget(looking)  # what it said of forecasts is not what their cache has
        known, _ = await self.acquainted.ask(connection, ids, ())
        places = {place: known[place] for place in ids}
        await forecast_run.look(connection, token, places, self.rules, self.indices, now)
        await uncomputed.healed(connection, ids, "ahead")

    async def _past(self, connection: Connection, token: UUID, taken: Sequence[Leased], now: datetime) -> int:
        """Compute portion by portion; after a while what is left goes back, so that what is new since comes first."""
        jobs: list[Job] = []

        async def know(some: Sequence[Leased]) -> None:
            jobs.extend(await self._jobs(connection, some, now))

        await each(connection, token, taken, know)
        failed = await uncomputed.known(connection, [leased.place for leased in taken])
        done, begin, healed = len(taken) - len(jobs), time.monotonic(), list[int]()
        for portion in portions(grouped(jobs, now), now, lead_days(self.rules, self.indices), failed):
            if done and time.monotonic() - begin > PATIENCE:
                await lease.give_up(connection, token)
                break
            mine = {job.leased.place: job for job in portion}

            async def think(some: Sequence[Leased], mine: dict[int, Job] = mine) -> None:
                await self._compute(connection, token, [mine[leased.place] for leased in some], now)
                healed.extend(leased.place for leased in some if leased.place in failed)

            await each(connection, token, [job.leased for job in portion], think)
            done += len(portion)
        if healed:
            await uncomputed.healed(connection, healed)
        return done

    async def _compute(self, connection: Connection, token: UUID, jobs: Sequence[Job], now: datetime) -> None:
        places = [job.leased.place for job in jobs]
        had = [self.cache.pop(place, None) for place in places]  # what fails half-way is not to be trusted again
        if any(one is None for one in had):
            jobs = [replace(job, cached=None) if one is None else job for job, one in zip(jobs, had, strict=True)]
        computed = await compute(connection, jobs, self.rules, self.indices, now)
        await write(connection, token, places, [computed], now)
        self.cache |= computed.cached

    async def _jobs(self, connection: Connection, taken: Sequence[Leased], now: datetime) -> list[Job]:
        places = [leased.place for leased in taken]
        changed = {leased.place for leased in taken if set(leased.causes) - _PLAIN}
        known, reached = await self.acquainted.ask(connection, places, changed)
        firsts = {one.place: first_day(one, known[one.place], reached.get(one.place), now) for one in taken}
        old = [place for place, first in firsts.items() if (now.date() - first).days > _REACHES[-1]]
        if old:
            # "from the beginning" is where readings begin
            earliest = await work.earliest(connection, old)
            for place in old:
                begin = local_date(earliest.get(place, now), known[place].spot.time_zone)
                firsts[place] = max(firsts[place], begin)
        jobs = []
        for leased in taken:
            one = known[leased.place]
            cached = self.cache.get(leased.place)
            usable = cached is not None and cached.generation == leased.generation and leased.place not in changed
            if not usable:
                self.cache.pop(leased.place, None)
            anew = leased.place in changed or outdated(leased, reached.get(leased.place), now)
            zone = one.spot.time_zone
            today = midnight(local_date(now, zone), zone)
            beside = compares(leased, reached.get(leased.place), today) if one.spot.kind == "station" else ()
            foreseen = None if (found := reached.get(leased.place)) is None else found.ahead
            jobs.append(Job(one, firsts[leased.place], leased, cached if usable else None, anew, beside, foreseen))
        return jobs


def only(cause: str, leased: Leased) -> bool:
    """Whether a place's past is settled, and all that is asked for is to look ahead."""
    return leased.causes == [cause] and not leased.kinds


def compares(leased: Leased, reached: work.Reached | None, today: datetime) -> list[tuple[datetime, datetime]]:
    """Spans of a station's days that have ended since, or in which readings changed: its area is to be compared."""
    spans = []
    if _READ & set(leased.causes) and leased.from_time is not None and leased.from_time < today:
        spans.append((leased.from_time, min(leased.to_time or today, today)))
    through = None if reached is None else reached.through
    if through is not None and through < today:
        spans.append((through, today))
    return spans


def outdated(leased: Leased, reached: work.Reached | None, now: datetime) -> bool:
    """Whether a place is to be looked ahead anew: a forecast came, or something from before its issue changed."""
    if {AHEAD, FORECAST} & set(leased.causes):
        return True
    if reached is None or reached.issued is None or reached.ahead is None or reached.ahead <= now:
        return False
    return leased.from_time is not None and leased.from_time <= reached.issued


def first_day(leased: Leased, known: Known, reached: work.Reached | None, now: datetime) -> date:
    """First local day to compute anew: the earliest that changed, or that time alone has closed since."""
    zone = known.spot.time_zone
    through = None if reached is None else reached.through
    moments = [moment for moment in (leased.from_time, through) if moment is not None and moment <= now]
    return min((local_date(moment, zone) for moment in moments), default=local_date(now, zone))


def grouped(jobs: Sequence[Job], now: datetime) -> list[list[Job]]:
    """Jobs that are computed together, those that reach back least first."""
    groups: dict[int, list[Job]] = {}
    for job in jobs:
        days = (local_date(now, job.known.spot.time_zone) - job.first).days
        reach = next((k for k, limit in enumerate(_REACHES) if days <= limit), len(_REACHES))
        groups.setdefault(reach, []).append(job)
    return [groups[reach] for reach in sorted(groups)]
