"""What hands a message over, and the ways in which that can fail.

* `NotSent`: it certainly was not handed over
  - `Later`: try again, here or by another route (busy, throttled, away, out of credit)
  - `Elsewhere`: not to this person, or not this text, by this route; another may do it, and the route is well
  - `Never`: no route can do it (the receiver wants no more)
* `Doubt`: it may have been handed over; never sent again unless a person asks
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from notify.texts.sms_segments import Coding
from store.delivery import AddressKind

#: Kind of address: what a provider can reach somebody at.
Kind = AddressKind


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one person, ready to hand over."""

    reference: str  # ours, the same at every try
    kind: Kind
    address: str
    text: str
    coding: Coding
    segments: int
    at: datetime  # event time
    expires: datetime
    language: str
    title: str = ""
    long: str = ""
    hazard: str = ""
    level: int = 0
    place: str = ""
    secret: str = field(default="", repr=False)
    unsure_since: datetime | None = None  # real time of the first try of this reference that may have been taken

    @property
    def full(self) -> str:
        """Text for routes without segments."""
        return self.long or self.text


@dataclass(frozen=True, slots=True)
class Sent:
    """It was handed over."""

    provider_ids: tuple[str, ...] = ()  # one a part; receipts name them
    segments: int | None = None
    cost: float = 0.0
    idle: float = field(default=0.0)  # seconds that the route asks to be left alone


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a provider said about a part that it had taken."""

    provider_id: str
    state: Literal["delivered", "failed", "underway", "unknown"]  # unknown: a word that its documents do not have
    detail: str = ""  # as the provider said it
    also: tuple[str, ...] = ()  # other names of the same part, tried where the first is not known


@dataclass(frozen=True, slots=True)
class Heard:
    """A message from a person."""

    sender: str
    text: str


class NotSent(Exception):  # noqa: N818 — the words that code reads by
    """It certainly was not handed over."""


class Later(NotSent):
    """Not now: throttled, away, out of credit.

    ``seconds`` is what the provider asks for, if it does. ``unsure`` says that the provider may have taken it after
    all: it is tried again, since a repeat under the same reference does no harm there, but by no other route.
    ``person`` says that the trouble may be this person's alone: the route stays in use for everybody else.
    """

    def __init__(
        self, reason: str, seconds: float | None = None, *, unsure: bool = False, person: bool = False
    ) -> None:
        super().__init__(reason)
        self.seconds = seconds
        self.unsure = unsure
        self.person = person


class Elsewhere(NotSent):
    """Not to this person, or not this text, by this route: others are asked at once, this one never again."""


class Never(NotSent):
    """Not ever: no route can hand this over."""


class Doubt(Exception):  # noqa: N818
    """The connection went between the request and the answer: it may have been handed over."""


#: Keeps what a provider heard (content type, payloads); returns when it is safe to tell the provider so.
Hear = Callable[[str, Sequence[bytes]], Awaitable[None]]


@runtime_checkable
class Listens(Protocol):
    """A provider that hears receipts and answers by itself, not through a callback to the API."""

    def listen(self, hear: Hear) -> None:
        """Hand everything heard from now on to ``hear``; called before `open`."""


class Provider(Protocol):
    """A way to hand messages over; made from a route's table, opened once, closed once."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """Kinds of address that it serves."""

    @property
    def idempotent(self) -> bool:
        """Whether the same reference may be handed over again without a second message."""

    async def open(self) -> None:
        """Make ready; connections may also be made at the first message."""

    async def close(self) -> None:
        """Let go of everything."""

    async def send(self, message: Message) -> Sent:
        """Hand over, or raise `Later`, `Elsewhere`, `Never` or `Doubt`."""

    async def find(self, reference: str) -> bool | None:
        """Whether a message of this reference was handed over; None where the provider cannot tell."""

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """What an inbound payload of this route says; raises ``ValueError`` for what it cannot read."""
