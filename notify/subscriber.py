"""Subscriber: what a person may ask for, checked before it reaches the tables, and what is done with them there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import datetime, time
from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

import psycopg
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from notify.phone import PhoneError, normalised
from notify.provider import Kind
from store.statements import statement

#: Version of the text that people agree to; see docs/messages.md for the text itself.
CONSENT_TEXT = "2026-1"


def _listed(value: Any) -> Any:
    """Take ``a;b c`` of a spreadsheet's cell as three entries."""
    return tuple(part for part in re.split(r"[;,\s]+", value) if part) if isinstance(value, str) else value


def _blank(value: Any) -> Any:
    return None if value == "" else value


Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Clock = Annotated[time | None, BeforeValidator(_blank)]


class Person(BaseModel):
    """A subscriber as entered by a person or a row of a CSV file."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    kind: Kind = "phone"
    address: str = Field(min_length=3, max_length=500)
    name: str = Field("", max_length=200)
    secret: str = Field("", repr=False)
    places: Listed = Field(min_length=1)
    audience: str = Field("farmer", pattern=r"^[a-z_]+$")
    language: Literal["vi", "en", "tay", "nung", "dao"] = "vi"
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


class SubscriberError(Exception):
    """Cannot be done as asked; says what to change."""


def add(connection: psycopg.Connection[Any], person: Person, at: datetime, who: str) -> tuple[int, bool]:
    """Add a person, or bring up to date the one with this address; returns the number and whether it is new."""
    found = _places(connection, person)
    values = person.model_dump() | {
        "at": at,
        **{name: list(getattr(person, name)) for name in ("hazards", "crops", "animals", "bulletins")},
    }
    unknown = connection.execute(statement("subscriber", "unknown_words"), values).fetchall()
    if unknown:
        raise SubscriberError(
            "; ".join(f"there is no {field} {word!r}, there are {known}" for field, word, known in unknown)
        )
    known = connection.execute(statement("subscriber", "find_address"), values).fetchone()
    if known:
        number = int(known[0])
        connection.execute(statement("subscriber", "update_subscriber"), values | {"subscriber": number})
    else:
        row = connection.execute(statement("subscriber", "insert_subscriber"), values).fetchone()
        number = int(row[0]) if row else 0
    values |= {"subscriber": number, "places": found, "who": who}
    connection.execute(statement("subscriber", "insert_contact"), values)
    connection.execute(statement("subscriber", "forget_places"), values)
    connection.execute(statement("subscriber", "insert_places"), values)
    if person.consent_channel:
        values |= {"text_version": CONSENT_TEXT, "channel": person.consent_channel}
        connection.execute(statement("subscriber", "give_consent"), values)
        connection.execute(statement("subscriber", "set_state"), values | {"state": "active"})
    return number, not known


def _places(connection: psycopg.Connection[Any], person: Person) -> list[int]:
    found = connection.execute(statement("subscriber", "places"), {"codes": list(person.places)}).fetchall()
    missing = set(person.places) - {code for _, code in found}
    if missing:
        message = f"there is no place {', '.join(sorted(missing))}: 'nongvu place list' shows the codes"
        raise SubscriberError(message)
    return [place for place, _ in found]


def stop(connection: psycopg.Connection[Any], number: int, at: datetime, channel: str) -> bool:
    """Withdraw consent; nothing that waits is sent any more."""
    values = {"subscriber": number, "state": "stopped", "at": at, "channel": channel}
    changed = connection.execute(statement("subscriber", "set_state"), values).fetchone() is not None
    connection.execute(statement("subscriber", "withdraw_consent"), values)
    connection.execute(statement("subscriber", "withdraw_waiting"), values)
    return changed


def erase(connection: psycopg.Connection[Any], number: int, at: datetime, channel: str) -> bool:
    """Erase what leads to the person; history stays under a number that leads to nobody."""
    stop(connection, number, at, channel)
    values = {"subscriber": number}
    connection.execute(statement("subscriber", "erase_inbound"), values)
    connection.execute(statement("subscriber", "erase_contact"), values)
    connection.execute(statement("subscriber", "forget_places"), values)
    return connection.execute(statement("subscriber", "erase_subscriber"), values).fetchone() is not None


def rows(text: str) -> Iterator[tuple[int, Person | str]]:
    """Rows of a CSV file with their line numbers: a person, or what is wrong with the row."""
    header = text.partition("\n")[0]
    # Spreadsheets where the comma is the decimal mark divide cells by semicolons; lists are then divided by spaces.
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in header and "," not in header else ","
    )
    for row in reader:
        line = reader.line_num
        if None in row:
            yield line, "more cells than the header has"
            continue
        given = {key.strip(): value for key, value in row.items() if key and value not in {None, ""}}
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
