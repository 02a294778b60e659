"""Expand: waiting steps become a bundle and its messages in one transaction: no crash says a step twice or never."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from itertools import groupby
from types import MappingProxyType
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from notify.group import (
    HIGHEST,
    Beside,
    Key,
    Step,
    concurrent,
    long_of,
    quiet_until,
    silencers,
    superseded,
    texts_of,
    wording,
)
from notify.message import Composed, compose_first, headline
from store.statements import statement

Connection = AsyncConnection[Any]
NONE: Mapping[int, frozenset[str]] = MappingProxyType({})

#: What a drill's messages begin with.
EXERCISE = {"vi": "DIỄN TẬP. ", "en": "EXERCISE. "}
#: What a message begins with for those who had the forecast of what has now come.
UPDATE = {"vi": "Cập nhật: ", "en": "Update: "}
#: What it begins with where hazards that come together have raised its level.
RAISED = {"vi": "Nhiều thiên tai cùng lúc. ", "en": "Several hazards at once. "}


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
    subjects = [str(step.id) for step in steps]
    cursor = await connection.execute(statement("bundle", "take_steps"), {"subjects": subjects})
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
    fresh = [step for step in steps if not step.stale and step.expires > now and not superseded(step)]
    silenced = silenced_of(fresh, beside)
    heard = [step for step in fresh if step.id not in silenced]
    outcome = "expanded" if heard else "inhibited" if fresh else "stale"
    said = heard or fresh or steps
    highest = max(step.level for step in said)
    raised = int(raise_concurrent and highest < HIGHEST and concurrent(heard, beside))
    values = {
        "commune": key.commune,
        "hazard": key.hazard,
        "kind": key.kind,
        "level": highest + raised,
        "at": now,
        "expires": max(step.expires for step in said),
        "outcome": outcome,
        "exercise": exercise,
    }
    row = await (await connection.execute(statement("bundle", "insert_bundle"), values)).fetchone()
    bundle = int(row[0]) if row else 0
    await connection.execute(
        statement("bundle", "insert_bundle_steps"), {"bundle": bundle, "steps": [step.id for step in steps]}
    )
    expansion = Expansion(bundle, outcome, raised=raised, steps=said)
    if fresh:
        await expand(connection, await load_bundle(connection, bundle), fresh, now, expansion, silenced=silenced)
        if heard and not expansion.queued + expansion.held + expansion.capped:
            expansion.outcome = "nobody"
            await connection.execute(statement("bundle", "bundle_outcome"), {"bundle": bundle, "outcome": "nobody"})
    return expansion


def silenced_of(steps: Iterable[Step], beside: list[Beside]) -> dict[int, frozenset[str]]:
    """Steps that are silenced, and by which hazards."""
    return {step.id: loud for step in steps if (loud := silencers(step, beside))}


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
    silenced: Mapping[int, frozenset[str]] = NONE,
) -> None:
    """Write one message a subscriber, and which steps it says.

    ``audience`` is the only one told, ``beside`` one that is told otherwise; ``silenced`` says which hazards silence a
    step.
    """
    pairs = [(step, hazard) for step, loud in silenced.items() for hazard in sorted(loud)]
    async with connection.cursor(row_factory=class_row(Recipient)) as cursor:
        await cursor.execute(
            statement("bundle", "recipients"),
            {
                "steps": [step.id for step in steps],
                "rung": rung,
                "audience": audience,
                "beside": beside,
                "silenced": [step for step, _ in pairs],
                "loud": [hazard for _, hazard in pairs],
                "now": now,
            },
        )
        recipients = await cursor.fetchall()
    by_id = {step.id: step for step in steps}
    raised = max(0, bundle.level - max(step.level for step in steps))  # by concurrent hazards
    composed: dict[tuple[Any, ...], Composed] = {}
    for _, rows in groupby(recipients, key=lambda recipient: recipient.subscriber):
        mine = list(rows)
        await _write(
            connection, bundle, [by_id[row.step] for row in mine], mine[0], now, expansion, composed, rung, raised
        )
    if expansion.queued:
        await connection.execute(statement("bundle", "wake_senders"))


async def _write(
    connection: Connection,
    bundle: Bundle,
    steps: list[Step],
    person: Recipient,
    now: datetime,
    expansion: Expansion,
    composed: dict[tuple[Any, ...], Composed],
    rung: int,
    raised: int,
) -> None:
    """Write one person's message, unless it was written before."""
    level = max(step.level for step in steps) + raised
    pressing = max((step.level + raised for step in steps if step.pressing), default=0)
    asleep = _held_until(person, pressing, now)
    state = "capped" if _capped(person, level, bundle) else "held" if asleep else "queued"
    prefix = _prefix(person, bundle) + (RAISED.get(person.language, RAISED["vi"]) if raised else "")
    key = (tuple(step.id for step in steps), person.language, person.audience, person.accents, prefix)
    if key not in composed:
        wordings = [prefix + text for text in texts_of(steps, person.language, person.audience)]
        composed[key] = compose_first(wordings, accents=person.accents)
    values = {
        "about": f"bundle:{bundle.id}",
        "bundle": bundle.id,
        "subscriber": person.subscriber,
        "rung": rung,
        "kind": person.kind,
        "place": bundle.commune,
        "hazard": bundle.hazard,
        "level": level,
        "language": person.language,
        "title": prefix + title_of(steps, person.language),
        "text": composed[key].text,
        "coding": composed[key].coding,
        "segments": composed[key].segments,
        "long": prefix + long_of(steps, person.language, person.audience),
        "at": now,
        "expires": max(step.expires for step in steps),
        "state": state,
    }
    row = await (await connection.execute(statement("bundle", "insert_delivery"), values)).fetchone()
    if row is None:
        return
    said = {"delivery": row[0], "subscriber": person.subscriber, "rung": rung, "steps": [step.id for step in steps]}
    await connection.execute(statement("bundle", "insert_delivery_steps"), said)
    if state == "held":
        await insert_due(connection, asleep or now, "quiet", str(row[0]))
    setattr(expansion, state, getattr(expansion, state) + 1)


def title_of(steps: list[Step], language: str) -> str:
    """Line for the head of an e-mail."""
    highest = max(steps, key=lambda step: (step.level, step.id))
    said = wording(highest.texts, language)
    return headline(str(said.get("title") or said.get("short", "")))


async def insert_due(connection: Connection, at: datetime, kind: str, subject: str) -> None:
    """Have something happen at an event time."""
    await connection.execute(statement("bundle", "insert_due"), {"at": at, "kind": kind, "subject": subject})


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


def _prefix(person: Recipient, bundle: Bundle) -> str:
    drill = EXERCISE.get(person.language, EXERCISE["vi"]) if bundle.exercise else ""
    update = UPDATE.get(person.language, UPDATE["vi"]) if person.told_before and bundle.kind == "open" else ""
    return drill + update
