"""What came of each try is recorded; what no route could take is tried again, and given up aloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
import structlog

from notify.delivery.phone import masked
from notify.delivery.route import Route
from notify.delivery.throttle import PROBE, backoff
from notify.provider import Doubt, Elsewhere, Kind, Later, Never, Sent
from store.statements import statement

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
    unfit_by: list[str] = field(default_factory=list)
    renamed: int = 0
    pinned: str | None = None
    unsure_since: datetime | None = None
    traces: list[str] = field(default_factory=list)

    @property
    def reference(self) -> str:
        """What we call it everywhere, at every try until one is certainly refused."""
        return reference(self.id, self.renamed)

    @property
    def maybe_taken(self) -> bool:
        """Whether an earlier try of this reference may have been taken."""
        return self.pinned is not None or self.unsure_since is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended."""

    claimed: Claimed
    route: Route
    result: Sent | Later | Elsewhere | Never | Doubt | str  # a word: expired, withdrawn
    at: datetime
    handed_at: datetime


def reference(delivery: int, renamed: int = 0) -> str:
    """What we call a delivery towards providers; anew after a refusal, which some remember as well as a success."""
    return f"nv-{delivery}-{renamed}" if renamed else f"nv-{delivery}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where a worker notes what came of its tries."""

    worker: int
    routes: Sequence[Route]

    async def note(self, cursor: psycopg.AsyncCursor[Any], outcomes: Iterable[Outcome]) -> None:
        """Note outcomes within the caller's transaction."""
        every = list(outcomes)
        await self._note_sent(cursor, every)
        for outcome in every:
            if isinstance(outcome.result, (Later, Elsewhere)):
                await self._note_refusal(cursor, outcome, outcome.result)
            elif not isinstance(outcome.result, Sent):
                await self._note_end(cursor, outcome, outcome.result)
        ended = [one.claimed.id for one in every if not isinstance(one.result, (Later, Elsewhere))]
        await cursor.execute(statement("delivery", "forget_answer_address"), {"deliveries": ended})

    def serving(self, kind: Kind) -> list[str]:
        """Routes of a kind of address, the best first."""
        return [route.name for route in self.routes if kind in route.kinds]

    async def _note_sent(self, cursor: psycopg.AsyncCursor[Any], outcomes: Iterable[Outcome]) -> None:
        """Note what was handed over, all in one statement: at a fast route a trip a message would be what is slow."""
        sent = [(one, one.result) for one in outcomes if isinstance(one.result, Sent)]
        if not sent:
            return
        segments = [result.segments or one.claimed.segments for one, result in sent]
        settled = {
            "worker": self.worker,
            "deliveries": [one.claimed.id for one, _ in sent],
            "at": [one.at for one, _ in sent],
            "handed_at": [one.handed_at for one, _ in sent],
            "segments": segments,
            "cost": [
                result.cost or count * one.route.table.price
                for (one, result), count in zip(sent, segments, strict=True)
            ],
        }
        await cursor.execute(statement("delivery", "settle_sent"), settled)
        parts = [
            (one.claimed.id, part, one.route.name, plain(provider_id))
            for one, result in sent
            for part, provider_id in enumerate(result.provider_ids, 1)
        ]
        counts = [len(result.provider_ids) for _, result in sent]
        await cursor.execute(
            statement("delivery", "forget_parts"), {"deliveries": settled["deliveries"], "counts": counts}
        )
        names = ("deliveries", "parts", "routes", "provider_ids")
        if parts:
            columns = dict(zip(names, map(list, zip(*parts, strict=True)), strict=True))
            await cursor.execute(statement("delivery", "insert_parts"), columns)

    async def _note_end(self, cursor: psycopg.AsyncCursor[Any], outcome: Outcome, result: Never | Doubt | str) -> None:
        state = result if isinstance(result, str) else "doubtful" if isinstance(result, Doubt) else "failed"
        detail = "" if isinstance(result, str) else said(result)
        if outcome.claimed.maybe_taken and state in {"failed", "expired"}:
            state, detail = "doubtful", f"an earlier try may have been taken; since then: {detail or state}"
        await self._end(cursor, outcome, state, detail)

    async def _note_refusal(
        self, cursor: psycopg.AsyncCursor[Any], outcome: Outcome, result: Later | Elsewhere
    ) -> None:
        """Try the next route at once; when all have refused, begin again after a while; give up aloud."""
        claimed, serving = outcome.claimed, self.serving(outcome.claimed.kind)
        later = result if isinstance(result, Later) else Later(str(result))
        unfit = [*claimed.unfit_by, outcome.route.name] if isinstance(result, Elsewhere) else claimed.unfit_by
        left = [name for name in serving if name not in unfit]
        nowhere = not left or (isinstance(result, Elsewhere) and claimed.pinned is not None)
        if nowhere or self._tired(outcome, len(serving), person=later.person):
            why = "no route reaches this person" if nowhere else f"given up after {claimed.attempts} tries"
            state = "doubtful" if later.unsure or claimed.maybe_taken else "failed"
            await self._end(cursor, outcome, state, f"{why}: {said(result)}")
            _log.error("a message was given up", delivery=claimed.id, hazard=claimed.hazard, reason=said(result))
            return
        refused = [] if later.unsure else [*claimed.refused_by, outcome.route.name]
        others = [name for name in left if name not in refused] if claimed.pinned is None else []
        at_once = bool(others and refused)
        values = {
            "delivery": claimed.id,
            "worker": self.worker,
            "detail": said(result),
            "refused_by": refused if others else [],
            "unfit_by": unfit,
            "seconds": 0.0 if at_once else self._pause(outcome, later),
            "unsure": later.unsure,
            "renamed": not later.unsure and not claimed.maybe_taken and outcome.route.provider.idempotent,
        }
        await cursor.execute(statement("delivery", "settle_again"), values)

    def _pause(self, outcome: Outcome, later: Later) -> float:
        """Seconds before a message is tried again; what is urgent waits no longer than a route is probed for it."""
        pause = later.seconds or backoff(outcome.claimed.attempts)
        urgent = outcome.claimed.level >= outcome.route.table.urgent_level and not later.person
        return min(pause, PROBE) if urgent else pause

    def _tired(self, outcome: Outcome, routes: int, *, person: bool) -> bool:
        """Whether it is given up; what is urgent is tried until it expires, unless the trouble may be the person's."""
        claimed, table = outcome.claimed, outcome.route.table
        most, urgent = table.attempts * max(1, routes), claimed.level >= table.urgent_level and not person
        if claimed.attempts == most and urgent:
            _log.error("an urgent message is refused again and again; it is tried on", delivery=claimed.id)
        return claimed.attempts >= most and not urgent

    async def _end(self, cursor: psycopg.AsyncCursor[Any], outcome: Outcome, state: str, detail: str) -> None:
        values = {"delivery": outcome.claimed.id, "worker": self.worker, "at": outcome.at}
        await cursor.execute(statement("delivery", "settle_end"), values | {"state": state, "detail": detail})


def said(failure: Exception) -> str:
    """A provider's words, fit for logs and tables."""
    return masked(plain(str(failure)))


def plain(text: str) -> str:
    """Text of an outside program as the database can hold it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
