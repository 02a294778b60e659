"""People who get messages: how they are reached, for which places, and what they agreed to; erased on their word.

Every function works within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, time

from store import query
from store.pool import Connection, ConnectionNow


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a subscriber wants to hear of and when: columns of ``subscriber``."""

    audience: str
    language: str
    accents: bool
    minimum_level: int
    hazards: list[str]
    crops: list[str]
    animals: list[str]
    bulletins: list[str]
    time_zone: str
    quiet_from: time | None
    quiet_to: time | None
    urgent_level: int
    daily_cap: int


@dataclass(frozen=True, slots=True)
class Contact:
    """How a subscriber is reached: personal data."""

    kind: str
    address: str = field(repr=False)
    name: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Agreement:
    """That somebody agreed: to which text, how they said so, when, and who wrote it down."""

    text_version: str
    channel: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class CodedPlace:
    """A place by its code."""

    id: int
    code: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """When somebody last withdrew, or was erased, without having agreed since."""

    at: datetime
    erased: bool


@dataclass(frozen=True, slots=True)
class UnknownWord:
    """A word that no rule and no crop knows, with those that there are, as a list to read."""

    field: str
    word: str
    known: str


@dataclass(frozen=True, slots=True)
class Subscriber:
    """All that is kept of a subscriber; of who was erased there is no contact."""

    id: int
    state: str
    kind: str | None
    address: str | None = field(repr=False)
    name: str | None = field(repr=False)
    audience: str
    language: str
    accents: bool
    minimum_level: int
    hazards: list[str]
    crops: list[str]
    animals: list[str]
    bulletins: list[str]
    quiet_from: time | None
    quiet_to: time | None
    urgent_level: int
    daily_cap: int
    places: list[str]
    consent_given_at: datetime | None
    consent_text: str | None
    consent_channel: str | None


@dataclass(frozen=True, slots=True)
class Consent:
    """One consent from its beginning to its end."""

    text_version: str
    given_at: datetime
    channel: str
    recorded_by: str
    withdrawn_at: datetime | None
    withdrawn_channel: str | None


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One line of the ledger of consent."""

    kind: str
    at: datetime
    source: str
    text_version: str
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A message to a subscriber, whatever came of it."""

    id: int
    about: str
    rung: int
    state: str
    text: str
    at: datetime
    sent_at: datetime | None
    route: str | None


@dataclass(frozen=True, slots=True)
class MessageReceived:
    """What a subscriber wrote, as it came."""

    at: datetime | None
    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """Everything kept about a subscriber, which is theirs to see."""

    consents: list[Consent]
    consent_events: list[ConsentEvent]
    messages: list[MessageSent]
    said: list[MessageReceived]


def places_of(connection: ConnectionNow, codes: Collection[str]) -> list[CodedPlace]:
    """Places that have these codes; a code that nothing has is absent."""
    return query.rows_now(connection, CodedPlace, "subscriber", "places", codes=list(codes))


def unknown_words(connection: ConnectionNow, wishes: Wishes) -> list[UnknownWord]:
    """Words of wishes that nothing would ever match."""
    return query.rows_now(
        connection, UnknownWord, "subscriber", "unknown_words",
        hazards=wishes.hazards, crops=wishes.crops, animals=wishes.animals, audience=wishes.audience,
    )  # fmt: skip


def refusal(connection: ConnectionNow, kind: str, address: str) -> Refusal | None:
    """When the person of an address last refused, unless they have agreed again since."""
    return query.row_now(connection, Refusal, "subscriber", "refused", kind=kind, address=address)


def find(connection: ConnectionNow, kind: str, address: str) -> int | None:
    """Number of who has an address."""
    return query.number_now(connection, "subscriber", "find_address", kind=kind, address=address)


def add(connection: ConnectionNow, wishes: Wishes, contact: Contact, at: datetime) -> int:
    """Add a subscriber and return their number; without consent they get nothing."""
    number = query.number_now(connection, "subscriber", "insert_subscriber", **asdict(wishes), at=at)
    assert number is not None  # noqa: S101 — an INSERT without conflicts returns its row
    _keep_contact(connection, number, contact)
    return number


def update(
    connection: ConnectionNow, subscriber: int, wishes: Wishes, contact: Contact, given: Collection[str]
) -> None:
    """Change those wishes whose names were given, and name and secret of the contact where there are any."""
    query.run_now(
        connection, "subscriber", "update_subscriber", **asdict(wishes), subscriber=subscriber, given=sorted(given)
    )
    _keep_contact(connection, subscriber, contact)


def _keep_contact(connection: ConnectionNow, subscriber: int, contact: Contact) -> None:
    query.run_now(connection, "subscriber", "insert_contact", **asdict(contact), subscriber=subscriber)


def add_places(connection: ConnectionNow, subscriber: int, places: Sequence[int]) -> None:
    """Give places, by number, to a subscriber beside those that they have."""
    query.run_now(connection, "subscriber", "insert_places", subscriber=subscriber, places=list(places))


def leave_places(connection: ConnectionNow, subscriber: int, places: Sequence[int]) -> int:
    """Take places, by number, away from a subscriber; returns how many they had of these."""
    return query.run_now(connection, "subscriber", "leave_places", subscriber=subscriber, places=list(places))


def agree_now(connection: ConnectionNow, subscriber: int, agreement: Agreement) -> None:
    """Write down that somebody agreed, and let messages reach them; nothing changes for who was erased."""
    query.run_now(connection, "subscriber", "set_state", subscriber=subscriber, state="active")
    query.run_now(connection, "subscriber", "give_consent", subscriber=subscriber, **asdict(agreement))


async def agree(connection: Connection, subscriber: int, agreement: Agreement) -> None:
    """Write down that somebody agreed, and let messages reach them; nothing changes for who was erased."""
    await query.run(connection, "subscriber", "set_state", subscriber=subscriber, state="active")
    await query.run(connection, "subscriber", "give_consent", subscriber=subscriber, **asdict(agreement))


def stop_now(connection: ConnectionNow, subscriber: int, at: datetime, channel: str) -> bool:
    """Withdraw consent, and every message that waits; False where there is no such subscriber any more."""
    changed = query.run_now(connection, "subscriber", "set_state", subscriber=subscriber, state="stopped")
    query.run_now(connection, "subscriber", "withdraw_consent", subscriber=subscriber, at=at, channel=channel)
    query.run_now(connection, "subscriber", "withdraw_waiting", subscriber=subscriber)
    return changed > 0


async def stop(connection: Connection, subscriber: int, at: datetime, channel: str) -> None:
    """Withdraw consent, and every message that waits."""
    await query.run(connection, "subscriber", "set_state", subscriber=subscriber, state="stopped")
    await query.run(connection, "subscriber", "withdraw_consent", subscriber=subscriber, at=at, channel=channel)
    await query.run(connection, "subscriber", "withdraw_waiting", subscriber=subscriber)


def erase(connection: ConnectionNow, subscriber: int, at: datetime) -> bool:
    """Erase what leads to a person who was stopped; False where that was done before, or there is none."""
    query.run_now(connection, "subscriber", "remember_refusal", subscriber=subscriber, at=at)
    query.run_now(connection, "subscriber", "erase_inbound", subscriber=subscriber)
    query.run_now(connection, "subscriber", "erase_contact", subscriber=subscriber)
    query.run_now(connection, "subscriber", "forget_places", subscriber=subscriber)
    return query.run_now(connection, "subscriber", "erase_subscriber", subscriber=subscriber) > 0


def listed(connection: ConnectionNow, *, state: str | None = None, subscriber: int | None = None) -> list[Subscriber]:
    """Subscribers in a state, or the one with a number; all where neither is given."""
    return query.rows_now(connection, Subscriber, "subscriber", "list", state=state, subscriber=subscriber)


def record_of(connection: ConnectionNow, subscriber: int) -> Record:
    """What is kept about a subscriber beside who they are."""
    return Record(
        consents=query.rows_now(connection, Consent, "subscriber", "consents", subscriber=subscriber),
        consent_events=query.rows_now(connection, ConsentEvent, "subscriber", "consent_events", subscriber=subscriber),
        messages=query.rows_now(connection, MessageSent, "subscriber", "messages", subscriber=subscriber),
        said=query.rows_now(connection, MessageReceived, "subscriber", "said", subscriber=subscriber),
    )
