"""What a person may ask for is checked before it reaches the tables; consent and erasure are carried out there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from notify import languages
from notify.delivery.phone import PhoneError, normalised
from notify.provider import Kind
from store import subscriber
from store.csv_list import lines
from store.pool import ConnectionNow

#: Version of the text that people agree to; see docs/messages.md for the text itself.
CONSENT_TEXT = "2026-1"


def _listed(value: Any) -> Any:
    """Take ``a;b c`` of a spreadsheet's cell as three entries."""
    return tuple(part for part in re.split(r"[;,\s]+", value) if part) if isinstance(value, str) else value


def _blank(value: Any) -> Any:
    return None if value == "" else value


def _day_first(value: Any) -> Any:
    """``20/01/2026`` as people here write it; whatever else is a date by ISO 8601."""
    if not isinstance(value, str):
        return value
    written = value.strip()
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", written)
    if found:
        return date(int(found[3]), int(found[2]), int(found[1]))
    return (datetime.fromisoformat(written) if ":" in written else date.fromisoformat(written)) if written else None


def _spoken(code: str) -> str:
    """A language that messages are written in."""
    if code not in languages.SHELF.codes:
        message = f"there is no language {code!r}, there are {', '.join(languages.SHELF.codes)}"
        raise ValueError(message)
    return code


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Clock = Annotated[time | None, BeforeValidator(_blank)]
Agreed = Annotated[date | datetime | None, BeforeValidator(_day_first)]


class Person(BaseModel):
    """A subscriber as entered by a person or a row of a CSV file."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Kind = "phone"
    address: str = Field(min_length=3, max_length=500)
    name: str = Field("", max_length=200)
    secret: str = Field("", repr=False)
    places: Listed = Field(min_length=1)
    audience: str = Field("farmer", pattern=r"^[a-z_]+$")
    language: Annotated[str, AfterValidator(_spoken)] = languages.OFFICIAL
    accents: bool = True
    minimum_level: int = Field(1, ge=1, le=5)
    hazards: Listed = ()
    crops: Listed = ()
    animals: Listed = ()
    bulletins: Annotated[tuple[Literal["daily", "ten_day"], ...], BeforeValidator(_listed)] = ()
    time_zone: str = "Asia/Ho_Chi_Minh"
    quiet_from: Clock = None
    quiet_to: Clock = None
    urgent_level: int = Field(3, ge=1, le=6)
    daily_cap: int = Field(10, ge=1, le=1000)
    consent_channel: str = ""  # empty: has not agreed; gets nothing
    consent_at: Agreed = None  # when they agreed; a day begins at midnight where they are

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "phone":
            try:
                self.address = normalised(self.address)
            except PhoneError as error:
                raise ValueError(str(error)) from error
        if self.kind == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", self.address):
            message = "not an e-mail address"
            raise ValueError(message)
        if self.kind == "webhook" and not self.address.startswith("https://"):
            message = "a webhook's address begins with https://"
            raise ValueError(message)
        if (self.quiet_from is None) != (self.quiet_to is None):
            message = "quiet hours have a beginning and an end"
            raise ValueError(message)
        if self.time_zone not in available_timezones():
            message = f"there is no time zone {self.time_zone!r}"
            raise ValueError(message)
        return self

    @property
    def agreed(self) -> datetime | None:
        """When they agreed (UTC), if it is known and by what way; a date without its source proves nothing."""
        if self.consent_at is None or not self.consent_channel:
            return None
        moment = self.consent_at
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.time_zone))).astimezone(UTC)

    @property
    def wishes(self) -> subscriber.Wishes:
        """What they want to hear of and when, as the table keeps it."""
        return subscriber.Wishes(
            audience=self.audience,
            language=self.language,
            accents=self.accents,
            minimum_level=self.minimum_level,
            hazards=list(self.hazards),
            crops=list(self.crops),
            animals=list(self.animals),
            bulletins=list(self.bulletins),
            time_zone=self.time_zone,
            quiet_from=self.quiet_from,
            quiet_to=self.quiet_to,
            urgent_level=self.urgent_level,
            daily_cap=self.daily_cap,
        )

    @property
    def contact(self) -> subscriber.Contact:
        """How they are reached."""
        return subscriber.Contact(self.kind, self.address, self.name, self.secret)


class SubscriberError(Exception):
    """Cannot be done as asked; says what to change."""


class WithdrawnError(SubscriberError):
    """The person withdrew their consent or was erased, and nothing shows that they agreed again later."""

    def __init__(self, since: datetime, *, erased: bool) -> None:
        self.reason = f"{'was erased' if erased else 'withdrew their consent'} on {since:%Y-%m-%d}"
        self.erased = erased
        super().__init__(
            f"this person {self.reason}: only their own later word brings them back (START by SMS,"
            " or --consent with a later --consent-at)"
        )


def add(connection: ConnectionNow, person: Person, at: datetime, who: str) -> tuple[int, bool]:
    """Add a person, or bring up to date the one with this address; returns the number and whether it is new.

    Of who is known only what was given changes, and places are added: no list takes away what another one gave. Raises
    `WithdrawnError` for who withdrew or was erased and is not shown to have agreed later; then nothing changes.
    """
    places = _places(connection, person)
    agreed = _agreed(connection, person, at)
    wishes = person.wishes
    unknown = subscriber.unknown_words(connection, wishes)
    if unknown:
        raise SubscriberError(
            "; ".join(f"there is no {one.field} {one.word!r}, there are {one.known}" for one in unknown)
        )
    known = subscriber.find(connection, person.kind, person.address)
    if known is None:
        number = subscriber.add(connection, wishes, person.contact, at)
    else:
        number = known
        subscriber.update(connection, number, wishes, person.contact, person.model_fields_set)
    subscriber.add_places(connection, number, places)
    if person.consent_channel:
        agreement = subscriber.Agreement(CONSENT_TEXT, person.consent_channel, agreed, who)
        subscriber.agree_now(connection, number, agreement)
    return number, known is None


def leave(connection: ConnectionNow, number: int, codes: list[str]) -> int:
    """Take places away from a person; returns how many they had of these."""
    places = subscriber.places_of(connection, codes)
    return subscriber.leave_places(connection, number, [place.id for place in places])


def _agreed(connection: ConnectionNow, person: Person, at: datetime) -> datetime:
    """When the person agreed; raises where they refused later."""
    if person.agreed is not None and person.agreed > at + timedelta(days=1):
        message = "the date of consent has not come yet"
        raise SubscriberError(message)
    refused = subscriber.refusal(connection, person.kind, person.address)
    if refused and (person.agreed is None or person.agreed <= refused.at):
        raise WithdrawnError(refused.at, erased=refused.erased)
    return min(person.agreed or at, at)


def _places(connection: ConnectionNow, person: Person) -> list[int]:
    found = subscriber.places_of(connection, person.places)
    missing = set(person.places) - {place.code for place in found}
    if missing:
        message = f"there is no place {', '.join(sorted(missing))}: 'nongvu place list' shows the codes"
        raise SubscriberError(message)
    return [place.id for place in found]


def stop(connection: ConnectionNow, number: int, at: datetime, channel: str) -> bool:
    """Withdraw consent; nothing that waits is sent any more."""
    return subscriber.stop_now(connection, number, at, channel)


def erase(connection: ConnectionNow, number: int, at: datetime, channel: str) -> bool:
    """Erase what leads to the person; history stays under a number that leads to nobody."""
    subscriber.stop_now(connection, number, at, channel)
    return subscriber.erase(connection, number, at)


def rows(text: str, name: str) -> Iterator[tuple[int, Person | str]]:
    """Rows of a CSV file with their line numbers: a person, or what is wrong with the row.

    Where semicolons divide the cells, spaces divide the lists in them.
    """
    for line, row, problem in lines(text, name, SubscriberError):
        if problem:
            yield line, problem
            continue
        given = {key: value for key, value in row.items() if value}
        if "phone" in given:
            given |= {"kind": "phone", "address": given.pop("phone")}
        try:
            yield line, Person.model_validate(given)
        except ValidationError as error:
            yield line, problems(error)


def problems(error: ValidationError) -> str:
    """What is wrong, without repeating anybody's number."""
    found = error.errors(include_url=False, include_input=False)
    said = ((".".join(map(str, problem["loc"])), problem["msg"].removeprefix("Value error, ")) for problem in found)
    return "; ".join(": ".join(filter(None, words)) for words in said)
