"""What came of each try is recorded; what no route could take is tried again, and given up aloud."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from notify.delivery.phone import masked
from notify.delivery.route import Route
from notify.delivery.throttle import PROBE, backoff
from notify.provider import Doubt, Elsewhere, Kind, Later, Never, Sent
from store import delivery
from store.delivery import Claimed, HandedOver
from store.pool import Connection

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended."""

    claimed: Claimed
    route: Route
    result: Sent | Later | Elsewhere | Never | Doubt | str  # a word: expired, withdrawn
    at: datetime
    handed_at: datetime


def reference(number: int, renamed: int = 0) -> str:
    """What we call a delivery towards providers; anew after a refusal, which some remember as well as a success."""
    return f"nv-{number}-{renamed}" if renamed else f"nv-{number}"


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where a worker notes what came of its tries."""

    worker: int
    routes: Sequence[Route]

    async def note(self, connection: Connection, outcomes: Iterable[Outcome]) -> None:
        """Note outcomes within the caller's transaction."""
        every = list(outcomes)
        sent = [_handed_over(one, one.result) for one in every if isinstance(one.result, Sent)]
        if sent:
            await delivery.settle_sent(connection, self.worker, sent)
        for outcome in every:
            if isinstance(outcome.result, (Later, Elsewhere)):
                await self._note_refusal(connection, outcome, outcome.result)
            elif not isinstance(outcome.result, Sent):
                await self._note_end(connection, outcome, outcome.result)
        ended = [one.claimed.id for one in every if not isinstance(one.result, (Later, Elsewhere))]
        await delivery.forget_answer_addresses(connection, ended)

    def serving(self, kind: Kind) -> list[str]:
        """Routes of a kind of address, the best first."""
        return [route.name for route in self.routes if kind in route.kinds]

    async def _note_end(self, connection: Connection, outcome: Outcome, result: Never | Doubt | str) -> None:
        state = result if isinstance(result, str) else "doubtful" if isinstance(result, Doubt) else "failed"
        detail = "" if isinstance(result, str) else said(result)
        if outcome.claimed.maybe_taken and state in {"failed", "expired"}:
            state, detail = "doubtful", f"an earlier try may have been taken; since then: {detail or state}"
        await self._end(connection, outcome, state, detail)

    async def _note_refusal(self, connection: Connection, outcome: Outcome, result: Later | Elsewhere) -> None:
        """Try the next route at once; when all have refused, begin again after a while; give up aloud."""
        claimed, serving = outcome.claimed, self.serving(outcome.claimed.kind)
        later = result if isinstance(result, Later) else Later(str(result))
        unfit = [*claimed.unfit_by, outcome.route.name] if isinstance(result, Elsewhere) else claimed.unfit_by
        left = [name for name in serving if name not in unfit]
        nowhere = not left or (isinstance(result, Elsewhere) and claimed.pinned is not None)
        if nowhere or self._tired(outcome, len(serving), person=later.person):
            why = "no route reaches this person" if nowhere else f"given up after {claimed.attempts} tries"
            state = "doubtful" if later.unsure or claimed.maybe_taken else "failed"
            await self._end(connection, outcome, state, f"{why}: {said(result)}")
            _log.error("a message was given up", delivery=claimed.id, hazard=claimed.hazard, reason=said(result))
            return
        refused = [] if later.unsure else [*claimed.refused_by, outcome.route.name]
        others = [name for name in left if name not in refused] if claimed.pinned is None else []
        at_once = bool(others and refused)
        await delivery.settle_again(
            connection,
            self.worker,
            claimed.id,
            detail=said(result),
            refused_by=refused if others else [],
            unfit_by=unfit,
            seconds=0.0 if at_once else self._pause(outcome, later),
            unsure=later.unsure,
            renamed=not later.unsure and not claimed.maybe_taken and outcome.route.provider.idempotent,
        )

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

    async def _end(self, connection: Connection, outcome: Outcome, state: str, detail: str) -> None:
        await delivery.settle_end(connection, self.worker, outcome.claimed.id, state, detail, outcome.at)


def _handed_over(outcome: Outcome, sent: Sent) -> HandedOver:
    """What the tables keep of a message that a route took."""
    segments = sent.segments or outcome.claimed.segments
    return HandedOver(
        delivery=outcome.claimed.id,
        at=outcome.at,
        handed_at=outcome.handed_at,
        segments=segments,
        cost=sent.cost or segments * outcome.route.table.price,
        route=outcome.route.name,
        provider_ids=[plain(provider_id) for provider_id in sent.provider_ids],
    )


def said(failure: Exception) -> str:
    """A provider's words, fit for logs and tables."""
    return masked(plain(str(failure)))


def plain(text: str) -> str:
    """Text of an outside program as the database can hold it."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
