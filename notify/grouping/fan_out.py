"""Turn waiting steps into a bundle and its messages in one transaction: no crash says a step twice or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import groupby
from types import MappingProxyType
from typing import Any

from psycopg.rows import class_row, dict_row

from notify.grouping.grouping import Key, quiet_until, until
from notify.grouping.inhibition import HIGHEST, Beside, concurrent, inhibited_of
from notify.step import Step
from notify.texts.message_text import briefs_of, fresh, long_of, texts_of, title_of
from notify.texts.prefix import around, language_of
from notify.texts.sms_segments import Composed, compose_first, segments, tidy
from store.pool import Connection
from store.statements import statement

NONE: Mapping[int, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Recipient:
    """A subscriber and a step that is theirs."""

    step: int
    subscriber: int
    kind: str
    audience: str
    language: str
    accents: bool
    urgent_level: int
    quiet_from: time | None
    quiet_to: time | None
    time_zone: str
    remaining: int
    told_before: bool
    knows_place: bool


@dataclass(frozen=True, slots=True)
class Bundle:
    """A closed bundle."""

    id: int
    commune: int
    hazard: str
    kind: str
    level: int
    at: datetime
    expires: datetime
    outcome: str
    exercise: bool


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
    async with connection.cursor(row_factory=class_row(Step)) as cursor:
        await cursor.execute(statement("bundle", "steps"), {"steps": list(ids)})
        return await cursor.fetchall()


async def hold(connection: Connection, key: Key) -> bool:
    """Take the key for this transaction; False if another worker has it."""
    name = f"{key.commune}:{key.hazard}:{key.kind}"
    found = await (await connection.execute(statement("bundle", "hold_key"), {"key": name})).fetchone()
    return bool(found and found[0])


async def take(connection: Connection, steps: Iterable[Step]) -> set[int]:
    """Delete the steps' due rows; those that were still there are ours."""
    topics = [str(step.id) for step in steps]
    cursor = await connection.execute(statement("bundle", "take_steps"), {"topics": topics})
    return {int(row[0]) for row in await cursor.fetchall()}


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
    outcome = "expanded" if heard else "inhibited" if worth else _unsaid(steps)
    shown = heard or worth or steps
    highest = max(step.level for step in shown)
    raised = int(raise_concurrent and highest < HIGHEST and concurrent(heard, beside))
    bundle = await _insert_bundle(connection, key, steps, {
        "level": highest + raised, "at": now, "expires": until(shown, now), "outcome": outcome,
        "exercise": exercise,
    })  # fmt: skip
    expansion = Expansion(bundle, outcome, raised=raised, steps=shown)
    if worth:
        await expand(connection, await load_bundle(connection, bundle), worth, now, expansion, inhibited=inhibited)
        if heard and not expansion.queued + expansion.held + expansion.capped:
            expansion.outcome = "nobody"
            await connection.execute(statement("bundle", "bundle_outcome"), {"bundle": bundle, "outcome": "nobody"})
    return expansion


def _unsaid(steps: list[Step]) -> str:
    return "published" if all(step.kind == "extend" for step in steps) else "stale"


async def _insert_bundle(connection: Connection, key: Key, steps: list[Step], values: dict[str, Any]) -> int:
    values |= {"commune": key.commune, "hazard": key.hazard, "kind": key.kind}
    row = await (await connection.execute(statement("bundle", "insert_bundle"), values)).fetchone()
    bundle = int(row[0]) if row else 0
    ids = {"bundle": bundle, "steps": [step.id for step in steps]}
    await connection.execute(statement("bundle", "insert_bundle_steps"), ids)
    return bundle


async def load_beside(connection: Connection, commune: int) -> list[Beside]:
    """Alerts open now in a commune."""
    found = await connection.execute(statement("bundle", "open_beside"), {"commune": commune})
    return [Beside(*row) for row in await found.fetchall()]


async def load_bundle(connection: Connection, bundle: int) -> Bundle:
    """A closed bundle."""
    async with connection.cursor(row_factory=class_row(Bundle)) as cursor:
        await cursor.execute(statement("bundle", "bundle"), {"bundle": bundle})
        found = await cursor.fetchone()
    if found is None:
        message = f"there is no bundle {bundle}"
        raise LookupError(message)
    return found


async def expand(
    connection: Connection,
    bundle: Bundle,
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
    pairs = [(step, hazard) for step, hazards in inhibited.items() for hazard in sorted(hazards)]
    asked = {
        "steps": [step.id for step in steps], "bundle": bundle.id, "commune": bundle.commune, "rung": rung,
        "audience": audience, "beside": beside, "now": now,
        "inhibited": [step for step, _ in pairs], "sources": [hazard for _, hazard in pairs],
    }  # fmt: skip
    async with connection.cursor(row_factory=class_row(Recipient)) as cursor:
        await cursor.execute(statement("bundle", "recipients"), asked)
        recipients = await cursor.fetchall()
    by_id = {step.id: step for step in steps}
    raised = max(0, bundle.level - max(step.level for step in steps))  # by concurrent hazards
    scribe = Scribe(connection, bundle, now, expansion, rung, raised)
    for _, rows in groupby(recipients, key=lambda recipient: recipient.subscriber):
        mine = list(rows)
        await scribe.write(mine, [by_id[row.step] for row in mine])
    if expansion.queued:
        await connection.execute(statement("bundle", "wake_senders"))


@dataclass(slots=True)
class Scribe:
    """Writes a bundle's messages, each person's unless it was written before."""

    connection: Connection
    bundle: Bundle
    now: datetime
    expansion: Expansion
    rung: int
    raised: int
    composed: dict[tuple[Any, ...], Composed] = field(default_factory=dict)

    async def write(self, rows: list[Recipient], steps: list[Step]) -> None:
        """Write one person's message about these steps; ``rows`` are one a step."""
        person, level = rows[0], max(step.level for step in steps) + self.raised
        pressing = max((step.level + self.raised for step in steps if step.pressing), default=0)
        asleep = _held_until(person, pressing, self.now)
        state = "capped" if _capped(person, level, self.bundle) else "held" if asleep else "queued"
        known = any(row.knows_place for row in rows)
        foretold = self.bundle.kind == "open" and all(row.told_before for row in rows)
        values = self._said(person, steps, known=known, foretold=foretold) | {
            "level": level,
            "state": state,
        }
        row = await (await self.connection.execute(statement("bundle", "insert_delivery"), values)).fetchone()
        if row is None:
            return
        said = {"delivery": row[0], "subscriber": person.subscriber, "rung": self.rung}
        ids = {"steps": [step.id for step in steps]}
        await self.connection.execute(statement("bundle", "insert_delivery_steps"), said | ids)
        if state == "held":
            await insert_due(self.connection, asleep or self.now, "quiet", str(row[0]))
        setattr(self.expansion, state, getattr(self.expansion, state) + 1)

    def _said(self, person: Recipient, steps: list[Step], *, known: bool, foretold: bool) -> dict[str, Any]:
        """Values of a delivery but its level and state.

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
                texts = [text for text in (*texts, *briefs) if len(segments(tidy(text))) == 1][:1] or texts
            wordings = [wording for text in texts for wording in dict.fromkeys((text + end, text))]
            self.composed[key] = compose_first(wordings, accents=person.accents)
        sms = self.composed[key]
        return {
            "about": f"bundle:{bundle.id}", "bundle": bundle.id, "subscriber": person.subscriber, "rung": self.rung,
            "kind": person.kind, "place": bundle.commune, "hazard": bundle.hazard, "language": language,
            "title": prefix + title_of(steps, language), "text": sms.text, "coding": sms.coding,
            "segments": sms.segments, "long": prefix + long_of(steps, language, audience),
            "at": self.now, "expires": until(steps, self.now),
        }  # fmt: skip


async def insert_due(connection: Connection, at: datetime, kind: str, topic: str) -> None:
    """Have something happen at an event time."""
    await connection.execute(statement("bundle", "insert_due"), {"at": at, "kind": kind, "topic": topic})


async def waiting(connection: Connection, now: datetime, most: int = 5000) -> list[Mapping[str, Any]]:
    """Due rows whose time has come."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("bundle", "waiting"), {"now": now, "most": most})
        return list(await cursor.fetchall())


def _held_until(person: Recipient, level: int, now: datetime) -> datetime | None:
    if level >= person.urgent_level:
        return None
    return quiet_until(now, person.quiet_from, person.quiet_to, person.time_zone)


def _capped(person: Recipient, level: int, bundle: Bundle) -> bool:
    return person.remaining <= 0 and level < person.urgent_level and bundle.kind not in {"cancel", "end"}
