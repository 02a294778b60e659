"""Turn waiting steps into a bundle and its messages in one transaction: no crash says a step twice or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from types import MappingProxyType

from notify.grouping.grouping import HOUSE_QUIET, Key, quiet_until, until
from notify.grouping.inhibition import HIGHEST, Beside, concurrent, inhibited_of
from notify.step import Step
from notify.texts.message_text import briefs_of, fresh, long_of, texts_of, title_of
from notify.texts.prefix import around, language_of
from notify.texts.sms_segments import Composed, compose_first, segments, tidy
from store import bundle, delivery, due
from store.bundle import Bundle, Recipient
from store.delivery import NewDelivery
from store.due import Due
from store.pool import Connection

#: Kinds of addresses that ring.
RINGS = frozenset({"phone", "chat"})
NONE: Mapping[int, frozenset[str]] = MappingProxyType({})


@dataclass(slots=True)
class Expansion:
    """What came of closing a bundle."""

    bundle: int | None = None
    outcome: str = ""
    queued: int = 0
    held: int = 0
    capped: int = 0
    #: By how much concurrent hazards have raised its level.
    raised: int = 0
    steps: list[Step] = field(default_factory=list)


async def load_steps(connection: Connection, ids: Iterable[int]) -> list[Step]:
    """Steps with what has to be known of their alerts and places."""
    return await bundle.steps_of(connection, Step, list(ids))


async def hold(connection: Connection, key: Key) -> bool:
    """Take the key for this transaction; False if another worker has it."""
    return await bundle.hold(connection, key.commune, key.hazard, key.kind)


async def take(connection: Connection, steps: Iterable[Step]) -> set[int]:
    """Delete the steps' due rows; those that were still there are ours."""
    return {int(topic) for topic in await due.take_topics(connection, "notify", "step", [str(s.id) for s in steps])}


async def close(
    connection: Connection,
    key: Key,
    steps: list[Step],
    now: datetime,
    *,
    exercise: bool,
    raise_concurrent: bool = False,
) -> Expansion:
    """Close a bundle of these steps, which the caller has taken, and expand it; within the caller's transaction."""
    beside = await load_beside(connection, key.commune)
    worth = [step for step in steps if step.worth_saying(now)]
    inhibited = inhibited_of(worth, beside)
    heard = [step for step in worth if step.id not in inhibited]
    outcome = "expanded" if heard else "inhibited" if worth else _unsaid(key.kind)
    shown = heard or worth or steps
    highest = max(step.level for step in shown)
    raised = int(raise_concurrent and highest < HIGHEST and concurrent(heard, beside))
    closed = await bundle.insert(
        connection, [step.id for step in steps], commune=key.commune, hazard=key.hazard, kind=key.kind,
        level=highest + raised, at=now, expires=until(shown, now), outcome=outcome, exercise=exercise,
    )  # fmt: skip
    expansion = Expansion(closed.id, outcome, raised=raised, steps=shown)
    if worth:
        await expand(connection, closed, worth, now, expansion, inhibited=inhibited)
        if heard and not expansion.queued + expansion.held + expansion.capped:
            expansion.outcome = "nobody"
            await bundle.note_outcome(connection, closed.id, "nobody")
    return expansion


def _unsaid(kind: str) -> str:
    return "published" if kind == "extend" else "stale"


async def load_beside(connection: Connection, commune: int) -> list[Beside]:
    """Alerts open now in a commune."""
    alerts = await bundle.open_in(connection, commune)
    return [Beside(alert.rule, alert.hazard, alert.place, alert.level, alert.basis) for alert in alerts]


async def expand(
    connection: Connection,
    closed: Bundle,
    steps: list[Step],
    now: datetime,
    expansion: Expansion,
    *,
    rung: int = 0,
    audience: str | None = None,
    beside: str | None = None,
    inhibited: Mapping[int, frozenset[str]] = NONE,
) -> None:
    """Write one message a subscriber, and which steps it says.

    ``audience`` is the only one told, ``beside`` one that is told otherwise; ``inhibited`` says which hazards inhibit a
    step.
    """
    recipients = await bundle.recipients(
        connection, closed, [step.id for step in steps], now, rung=rung, audience=audience, beside=beside,
        inhibited=[(step, hazard) for step, hazards in inhibited.items() for hazard in sorted(hazards)],
    )  # fmt: skip
    by_id = {step.id: step for step in steps}
    raised = max(0, closed.level - max(step.level for step in steps))  # by concurrent hazards
    scribe = Scribe(connection, closed, now, expansion, rung, raised)
    for _, rows in groupby(recipients, key=lambda recipient: recipient.subscriber):
        mine = list(rows)
        await scribe.write(mine, [by_id[row.step] for row in mine])
    if expansion.queued:
        await delivery.wake_senders(connection)


@dataclass(slots=True)
class Scribe:
    """Writes a bundle's messages, each person's unless it was written before."""

    connection: Connection
    bundle: Bundle
    now: datetime
    expansion: Expansion
    rung: int
    raised: int
    composed: dict[tuple[object, ...], Composed] = field(default_factory=dict)

    async def write(self, rows: list[Recipient], steps: list[Step]) -> None:
        """Write one person's message about these steps; ``rows`` are one a step."""
        person, level = rows[0], max(step.level for step in steps) + self.raised
        pressing = max((step.level + self.raised for step in steps if step.pressing), default=0)
        asleep = _held_until(person, pressing, self.now, wakes=any(step.wakes for step in steps))
        known = any(row.knows_place for row in rows)
        foretold = self.bundle.kind == "open" and all(row.told_before for row in rows)
        message = self._message(person, steps, level, known=known, foretold=foretold)
        if _capped(person, level, self.bundle):
            message = replace(message, state="capped")
        elif asleep:
            message = replace(message, state="held")
        number = await delivery.insert(self.connection, message)
        if number is None:
            return
        await delivery.insert_steps(self.connection, number, person.subscriber, self.rung, [step.id for step in steps])
        if message.state == "held":
            await due.plan(self.connection, "notify", Due(asleep or self.now, "quiet", str(number)))
        setattr(self.expansion, message.state, getattr(self.expansion, message.state) + 1)

    def _message(self, person: Recipient, steps: list[Step], level: int, *, known: bool, foretold: bool) -> NewDelivery:
        """A message but for its state.

        ``known``: the person was told of these alerts before; ``foretold``: of each by its forecast, and it has come.
        """
        bundle, audience = self.bundle, person.audience
        language = language_of(steps, person.language)
        by_commune = bundle.kind in {"end", "lower", "cancel"} and not known
        if bundle.kind == "raise" and (self.rung or not known):
            steps = [fresh(step) for step in steps]
        prefix, end = around(language, rung=self.rung, drill=bundle.exercise, update=foretold, raised=self.raised > 0)
        key = (tuple(step.id for step in steps), language, audience, person.accents, prefix, known)
        if key not in self.composed:
            texts = [prefix + text for text in texts_of(steps, language, audience, by_commune=by_commune)]
            briefs = [prefix + text for text in briefs_of(steps, language)] if bundle.kind == "renew" else []
            if briefs and person.accents:  # an accent lost is a word that may be another: rather less, and whole
                texts = [text for text in (*texts, *briefs) if len(segments(tidy(text))) == 1] or texts
            wordings = [wording for text in texts for wording in dict.fromkeys((text + end, text))]
            self.composed[key] = compose_first(wordings, accents=person.accents)
        sms = self.composed[key]
        return NewDelivery(
            about=f"bundle:{bundle.id}", bundle=bundle.id, subscriber=person.subscriber, rung=self.rung,
            kind=person.kind, place=bundle.commune, hazard=bundle.hazard, level=level, language=language,
            title=prefix + title_of(steps, language), text=sms.text, coding=sms.coding, segments=sms.segments,
            long=prefix + long_of(steps, language, audience), at=self.now, expires=until(steps, self.now),
        )  # fmt: skip


def _held_until(person: Recipient, level: int, now: datetime, *, wakes: bool) -> datetime | None:
    """When somebody may be told: by their own quiet hours, or by the house's where a phone has none of its own."""
    if person.quiet_from is None:  # then there is no end of them either
        return None if wakes or person.kind not in RINGS else quiet_until(now, *HOUSE_QUIET, person.time_zone)
    return (
        None if level >= person.urgent_level else quiet_until(now, person.quiet_from, person.quiet_to, person.time_zone)
    )


def _capped(person: Recipient, level: int, bundle: Bundle) -> bool:
    return person.remaining <= 0 and level < person.urgent_level and bundle.kind not in {"cancel", "end"}
