"""Who gets messages; officers add and stop them for their own places. Addresses go in and never come out."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Literal

import phonenumbers
from fastapi import APIRouter, Response
from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from api.access.caller import Asking
from api.access.change import Body, Made, Number, PlaceCode
from api.access.dependencies import Here
from api.languages import OFFICIAL, SHELF, known
from api.protocol.problems import Problem, not_found
from store import audit, visible, visible_row
from store.pool import Connection
from store.statements import statement

router = APIRouter(prefix="/v1", tags=["people"])
#: Version of the text that people agree to; see docs/messages.md.
CONSENT_TEXT = "2026-1"
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class NewSubscriber(Body):
    """Somebody who agreed to get messages."""

    kind: Literal["phone", "email"] = "phone"
    address: Annotated[str, Field(min_length=3, max_length=200, examples=["+84912345678"])]
    name: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""
    places: Annotated[list[PlaceCode], Field(min_length=1, max_length=50)]
    audience: Word = "farmer"
    language: Annotated[str, AfterValidator(known), Field(json_schema_extra={"enum": list(SHELF.codes)})] = OFFICIAL
    accents: bool = True
    minimum_level: Annotated[int, Field(ge=1, le=5)] = 1
    hazards: Annotated[list[Word], Field(max_length=50, default_factory=list)]
    bulletins: Annotated[list[Literal["daily", "ten_day"]], Field(max_length=2, default_factory=list)]
    quiet_from: time | None = None
    quiet_to: time | None = None
    consent_channel: Annotated[str, Field(pattern=r"^[a-z_]{2,30}$", description="how they agreed", examples=["paper"])]
    consent_at: Annotated[
        AwareDatetime | None,
        Field(description="when they agreed; needed of somebody who had withdrawn, and later than that"),
    ] = None

    @model_validator(mode="after")
    def _reachable(self) -> "NewSubscriber":
        if self.kind == "phone":
            try:
                number = phonenumbers.parse(self.address, "VN")
            except phonenumbers.NumberParseException:
                number = None
            if number is None or not phonenumbers.is_valid_number(number):
                message = "not a phone number"
                raise ValueError(message)
            self.address = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        elif not re.fullmatch(r"[^@\s\x00]+@[^@\s\x00]+\.[^@\s\x00]+", self.address):
            message = "not an e-mail address"
            raise ValueError(message)
        if (self.quiet_from is None) != (self.quiet_to is None):
            message = "quiet hours have a beginning and an end"
            raise ValueError(message)
        return self


def _values(body: NewSubscriber, places: list[int], who: str, now: datetime) -> dict[str, object]:
    fixed = {"crops": [], "animals": [], "time_zone": "Asia/Ho_Chi_Minh", "urgent_level": 3, "daily_cap": 10}
    consent = {"text_version": CONSENT_TEXT, "channel": body.consent_channel, "who": who, "at": now, "secret": ""}
    return body.model_dump() | fixed | consent | {"places": places}


async def _enter(connection: Connection, body: NewSubscriber, values: dict[str, object], now: datetime) -> int:
    """Number of the person; 409 for who gets messages already, and for who withdrew and did not agree again later."""
    refused = await (await connection.execute(statement("subscriber", "refused"), values)).fetchone()
    agreed = body.consent_at
    if agreed is not None and agreed > now + timedelta(days=1):
        raise Problem(422, "consent_at has not come yet", says="not_come")
    if refused and (agreed is None or agreed <= refused[0]):
        word = "was erased" if refused[1] else "withdrew their consent"
        raise Problem(
            409,
            f"this person {word} on {refused[0]:%Y-%m-%d}: only their own later word brings them back"
            " (START by SMS, or consent_at later than that)",
            says="erased" if refused[1] else "withdrew",
            fills={"day": f"{refused[0]:%d/%m/%Y}"},
        )
    known = await (await connection.execute(statement("subscriber", "find_address"), values)).fetchone()
    if known and not refused:
        raise Problem(
            409,
            "this address is known already: the department adds places with 'nongvu subscriber add'",
            says="known",
        )
    if known:
        number = int(known[0])
        await connection.execute(statement("subscriber", "set_state"), {"subscriber": number, "state": "active"})
    else:
        row = await (await connection.execute(statement("subscriber", "insert_subscriber"), values)).fetchone()
        number = int(row[0]) if row else 0
    values |= {"subscriber": number}
    for step in ("insert_contact", "insert_places"):
        await connection.execute(statement("subscriber", step), values)
    await connection.execute(statement("subscriber", "give_consent"), values | {"at": min(agreed or now, now)})
    return number


@router.post("/subscribers", status_code=201, response_model=Made)
async def add(here: Here, asking: Asking, body: NewSubscriber) -> Response:
    """Add somebody who agreed; 409 where the address is known already, or its person withdrew later."""
    scope = asking.require("subscribers")
    async with here.writing() as connection:
        found = await visible.rows(connection, visible_row.PlaceWithin, "places_within", scope, codes=body.places)
        missing = sorted(set(body.places) - {row["code"] for row in found})
        if missing:
            raise not_found("place", missing[0])
        values = _values(body, [row["id"] for row in found], asking.name, here.now())
        unknown = await (await connection.execute(statement("subscriber", "unknown_words"), values)).fetchone()
        if unknown:
            raise Problem(422, "there is no {} {!r}, there are {}".format(*unknown))
        number = await _enter(connection, body, values, here.now())
        await audit.record_asked(
            connection, asking.name, "subscriber added", f"subscriber:{number}", places=body.places
        )
    return Response(
        Made(id=number).model_dump_json(), 201, {"Location": "/v1/subscribers"}, media_type="application/json"
    )


@router.delete("/subscribers/{id}", status_code=204)
async def stop(here: Here, asking: Asking, number: Number) -> Response:
    """Withdraw somebody's consent: nothing is sent to them any more."""
    scope = asking.require("subscribers")
    values = {"subscriber": number, "state": "stopped", "at": here.now(), "channel": "web"}
    async with here.writing() as connection:
        if await visible.row(connection, visible_row.Identified, "subscriber_within", scope, id=number) is None:
            raise not_found("subscriber", number)
        for step in ("set_state", "withdraw_consent", "withdraw_waiting"):
            await connection.execute(statement("subscriber", step), values)
        await audit.record_asked(connection, asking.name, "subscriber stopped", f"subscriber:{number}")
    return Response(status_code=204)
