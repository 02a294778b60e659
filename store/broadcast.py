"""What loudspeakers of communes say: queued in a legal class, approved where urgent, voiced, laid out, withdrawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store import query
from store.pool import Connection

State = Literal["waiting", "ready", "refused", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True)
class NewBroadcast:
    """A broadcast to queue; one of a matter."""

    about: str
    place: int
    legal_class: str
    state: State
    language: str
    #: As people read it, and as it is spoken: numbers and units as words.
    text: str
    spoken: str
    at: datetime
    play_from: datetime
    expires: datetime
    exercise: bool


@dataclass(frozen=True, slots=True)
class Laid:
    """Where the files of a broadcast lie in the players' folders."""

    id: int
    about: str
    legal_class: str
    play_from: datetime
    code: str
    time_zone: str
    #: Name of its document; empty: not voiced yet.
    audio: str


@dataclass(frozen=True, slots=True)
class Unvoiced:
    """A broadcast that is ready and has no audio yet."""

    id: int
    about: str
    legal_class: str
    language: str
    text: str
    spoken: str
    at: datetime
    play_from: datetime
    expires: datetime
    place: int
    code: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A broadcast that was withdrawn, and the rules of the alerts that it spoke of."""

    id: int
    was: State
    rules: list[str]
    legal_class: str
    place: int
    audio: str
    play_from: datetime


@dataclass(frozen=True, slots=True)
class StillAsked:
    """A broadcast that waits for approval, with the newest steps of its alerts that go on."""

    broadcast: int
    legal_class: str
    steps: list[int]


@dataclass(frozen=True, slots=True)
class Announced:
    """A broadcast in the feed."""

    audio: str
    about: str
    legal_class: str
    text: str
    at: datetime
    play_from: datetime
    expires: datetime
    code: str
    name: str


async def insert(connection: Connection, new: NewBroadcast) -> int | None:
    """Queue a broadcast and return its number; None where it was there."""
    return await query.number(
        connection, "broadcast", "insert_broadcast", about=new.about, place=new.place, state=new.state,
        language=new.language, text=new.text, spoken=new.spoken, at=new.at, play_from=new.play_from,
        expires=new.expires, exercise=new.exercise, legal_class=new.legal_class,
    )  # fmt: skip


async def settle(connection: Connection, number: int, state: State) -> None:
    """Give a broadcast that waits its state."""
    await query.run(connection, "broadcast", "set_broadcast", broadcast=number, state=state)


async def unvoiced(connection: Connection, now: datetime) -> list[Unvoiced]:
    """The next five that are ready and have no audio."""
    return await query.rows(connection, Unvoiced, "broadcast", "silent", now=now)


async def set_audio(connection: Connection, number: int, audio: str) -> None:
    """Note the document of a broadcast's audio, and that its files are laid out."""
    await query.run(connection, "broadcast", "set_audio", broadcast=number, audio=audio)


async def withdraw(connection: Connection, commune: int, alerts: Sequence[int]) -> list[Withdrawn]:
    """Withdraw what waits or is ready in a commune, or of these alerts, and speaks of nothing that goes on."""
    return await query.rows(connection, Withdrawn, "broadcast", "withdraw", commune=commune, alerts=list(alerts))


async def still_asked(connection: Connection, approval: int) -> StillAsked | None:
    """The broadcast of alerts that an approval waits for; None where there is none."""
    return await query.row(connection, StillAsked, "broadcast", "still_asked", approval=approval)


async def say_anew(
    connection: Connection, number: int, text: str, spoken: str, now: datetime, expires: datetime
) -> None:
    """Give a broadcast that waits the text that is true now."""
    values = {"broadcast": number, "text": text, "spoken": spoken, "now": now, "expires": expires}
    await query.run(connection, "broadcast", "say_anew", **values)


async def outdated(connection: Connection, now: datetime) -> list[Laid]:
    """Broadcasts whose files are to be played no more."""
    return await query.rows(connection, Laid, "broadcast", "laid_out", now=now)


async def note_cleaned(connection: Connection, numbers: Sequence[int]) -> None:
    """Note that the files of broadcasts are gone."""
    await query.run(connection, "broadcast", "cleaned", broadcasts=list(numbers))


async def announced(connection: Connection, now: datetime) -> list[Announced]:
    """Broadcasts of the feed, the newest first."""
    return await query.rows(connection, Announced, "broadcast", "broadcasts", now=now)
