"""Plan the rungs that follow a bundle, and climb each in its time unless somebody has acknowledged."""

from __future__ import annotations

from datetime import datetime, timedelta

from notify.grouping.escalation_policy import RUNGS, Does, Ladder
from notify.grouping.fan_out import Expansion, expand, load_beside, load_steps
from notify.grouping.grouping import until
from notify.grouping.inhibition import inhibited_of
from notify.publications.broadcast import CLASSES, URGENT, Spoken, aloud, speak_of
from notify.step import RISES, Step
from store import bundle as bundles
from store import due, escalation
from store.bundle import Bundle
from store.due import Due
from store.pool import Connection


async def plan(connection: Connection, expansion: Expansion, ladder: Ladder, now: datetime) -> None:
    """Write due rows for what follows a new alert, or one that got worse, where people must act at once."""
    if expansion.outcome not in {"expanded", "nobody"}:
        return
    for does, after in _rungs(expansion.steps, ladder, expansion.raised):
        await due.plan(connection, "notify", Due(now + after, "rung", f"{expansion.bundle}:{does}"))


def _rungs(steps: list[Step], ladder: Ladder, raised: int) -> list[tuple[Does, timedelta]]:
    pressing = [s for s in steps if s.kind in RISES and s.hazard != "network" and s.pressing]
    rungs = ladder.rungs(max(s.level for s in pressing) + raised) if pressing else []
    # that it goes on is said aloud again, and nobody is asked a second time whether he has read it
    again = all(step.kind == "renew" for step in pressing)
    return [rung for rung in rungs if rung[0] == "loudspeaker"] if again else rungs


async def climb(
    connection: Connection, topic: str, now: datetime, ladder: Ladder, *, voice_exercise: bool
) -> Expansion:
    """Do what a rung says; nothing if it was acknowledged or has ended."""
    number, _, word = topic.partition(":")
    bundle = await bundles.closed(connection, int(number))
    expansion = Expansion(bundle.id, "settled")
    if await _settled(connection, bundle.id):
        return expansion
    ids = await escalation.step_ids(connection, bundle.id)
    steps = [step for step in await load_steps(connection, ids) if not step.stale]
    inhibited = inhibited_of(steps, await load_beside(connection, bundle.commune))
    steps = [step for step in steps if step.id not in inhibited]
    if word == "loudspeaker":
        steps = [step for step in steps if not step.private]
    if not steps:
        return expansion
    expansion.steps, expansion.outcome = steps, word
    does: Does = word  # type: ignore[assignment]
    if does == "loudspeaker":
        await _speak(connection, bundle, expansion, now, exercise=voice_exercise)
        return expansion
    audience = "officer" if does == "officer" else None
    raised = max(0, bundle.level - max(step.level for step in steps))
    told_otherwise = does == "again" and "officer" in dict(_rungs(steps, ladder, raised))
    beside = "officer" if told_otherwise else None
    await expand(connection, bundle, steps, now, expansion, rung=RUNGS[does], audience=audience, beside=beside)
    return expansion


async def _speak(
    connection: Connection, bundle: Bundle, expansion: Expansion, now: datetime, *, exercise: bool
) -> None:
    """Have the loudspeaker say the steps, unless another station of the commune had it say as much."""
    steps = expansion.steps
    if await escalation.said_aloud(connection, bundle, {step.rule for step in steps}, now):
        expansion.outcome = "settled"
        return
    spoken = Spoken(f"bundle:{bundle.id}", bundle.commune, aloud(steps), until(steps, now))
    chosen = CLASSES[min(bundle.level, len(CLASSES)) - 1] if bundle.level else URGENT
    await speak_of(connection, spoken, chosen, now, exercise=exercise)


async def _settled(connection: Connection, bundle: int) -> bool:
    """Whether nobody need be told again: somebody has acknowledged it, or it is over."""
    return await escalation.acknowledged(connection, bundle) or not await escalation.goes_on(connection, bundle)
