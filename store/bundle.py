"""Steps of alerts that one message tells, bundled: by commune, hazard and kind of step; and who is to get them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, TypeVar

from store import query
from store.pool import Connection

#: Texts of a step by language, as analytics wrote them.
Texts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AlertStep:
    """What has to be known of an alert's step, of its alert and of its place to tell it."""

    id: int
    alert: int
    rule: str
    hazard: str
    kind: str
    level: int
    basis: str
    place: int
    place_name: str
    commune: int
    commune_name: str
    at: datetime
    known_at: datetime
    expires: datetime
    stale: bool
    texts: Texts
    successor: int | None
    #: Of the rule, in CAP's words.
    urgency: str
    #: Measured on a farm: not to be said aloud in the village.
    private: bool
    #: Its alert is open now.
    goes_on: bool


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open in a commune."""

    rule: str
    hazard: str
    place: int
    level: int
    basis: str


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
    #: Messages that they may still get within 24 hours.
    remaining: int
    #: Of the alert before this one, which its forecast was.
    told_before: bool
    #: Of this alert.
    knows_place: bool


@dataclass(frozen=True, slots=True)
class LastBundle:
    """How long ago [s of real time] a bundle was closed, and its level."""

    ago: float
    level: int


StepKind = TypeVar("StepKind", bound=AlertStep)


async def steps_of(connection: Connection, kind: type[StepKind], ids: Sequence[int]) -> list[StepKind]:
    """Steps by their ids, as the caller's kind of `AlertStep`."""
    return await query.rows(connection, kind, "bundle", "steps", steps=list(ids))


async def hold(connection: Connection, commune: int, hazard: str, kind: str) -> bool:
    """Hold what makes steps one bundle until the transaction ends; False if another worker has it."""
    return await query.truth(connection, "bundle", "hold_key", key=f"{commune}:{hazard}:{kind}")


async def last_expanded(connection: Connection, commune: int, hazard: str, kind: str) -> LastBundle | None:
    """The last bundle that people were told of."""
    values = {"commune": commune, "hazard": hazard, "kind": kind}
    return await query.row(connection, LastBundle, "bundle", "last_bundle", **values)


async def open_in(connection: Connection, commune: int) -> list[OpenAlert]:
    """Alerts open now in a commune."""
    return await query.rows(connection, OpenAlert, "bundle", "open_beside", commune=commune)


async def insert(
    connection: Connection,
    steps: Sequence[int],
    *,
    commune: int,
    hazard: str,
    kind: str,
    level: int,
    at: datetime,
    expires: datetime,
    outcome: str,
    exercise: bool,
) -> Bundle:
    """Write a bundle of these steps."""
    values = {"commune": commune, "hazard": hazard, "kind": kind, "level": level, "at": at, "expires": expires}
    number = await query.number(
        connection, "bundle", "insert_bundle", **values, outcome=outcome, exercise=exercise
    )  # fmt: skip
    bundle = Bundle(number or 0, commune, hazard, kind, level, at, expires, outcome, exercise)
    await query.run(connection, "bundle", "insert_bundle_steps", bundle=bundle.id, steps=list(steps))
    return bundle


async def closed(connection: Connection, number: int) -> Bundle:
    """A closed bundle; `LookupError` where there is none of this number."""
    found = await query.row(connection, Bundle, "bundle", "bundle", bundle=number)
    if found is None:
        message = f"there is no bundle {number}"
        raise LookupError(message)
    return found


async def note_outcome(connection: Connection, number: int, outcome: str) -> None:
    """Note what came of a bundle."""
    await query.run(connection, "bundle", "bundle_outcome", bundle=number, outcome=outcome)


async def recipients(
    connection: Connection,
    bundle: Bundle,
    steps: Sequence[int],
    now: datetime,
    *,
    rung: int,
    audience: str | None,
    beside: str | None,
    inhibited: Sequence[tuple[int, str]],
) -> list[Recipient]:
    """Who gets which of a bundle's steps on a rung, by subscriber and step.

    ``audience`` is the only one told, ``beside`` one that is told otherwise; ``inhibited`` are pairs of a step and a
    hazard that inhibits it.
    """
    return await query.rows(
        connection, Recipient, "bundle", "recipients", steps=list(steps), bundle=bundle.id, commune=bundle.commune,
        rung=rung, audience=audience, beside=beside, now=now, inhibited=[step for step, _ in inhibited],
        sources=[hazard for _, hazard in inhibited],
    )  # fmt: skip
