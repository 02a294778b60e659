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
from store import audit, subscriber, subscriber_entry, visible, visible_row
from store.pool import Connection
from store.subscriber import Agreement, Contact, Wishes

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


def _wishes(body: NewSubscriber) -> Wishes:
    """What they want to hear of; an officer's form does not ask for all of it."""
    return Wishes(
        audience=body.audience,
        language=body.language,
        accents=body.accents,
        minimum_level=body.minimum_level,
        hazards=body.hazards,
        crops=[],
        animals=[],
        bulletins=list(body.bulletins),
        time_zone="Asia/Ho_Chi_Minh",
        quiet_from=body.quiet_from,
        quiet_to=body.quiet_to,
        urgent_level=3,
        daily_cap=10,
    )


async def _known(connection: Connection, body: NewSubscriber, now: datetime) -> int | None:
    """Number of who comes back; 409 for who gets messages already, or withdrew and did not agree again later."""
    refused = await subscriber_entry.refusal(connection, body.kind, body.address)
    agreed = body.consent_at
    if agreed is not None and agreed > now + timedelta(days=1):
        raise Problem(422, "consent_at has not come yet", says="not_come")
    if refused and (agreed is None or agreed <= refused.at):
        word = "was erased" if refused.erased else "withdrew their consent"
        raise Problem(
            409,
            f"this person {word} on {refused.at:%Y-%m-%d}: only their own later word brings them back"
            " (START by SMS, or consent_at later than that)",
            says="erased" if refused.erased else "withdrew",
            fills={"day": f"{refused.at:%d/%m/%Y}"},
        )
    known = await subscriber_entry.find(connection, body.kind, body.address)
    if known is not None and not refused:
        raise Problem(
            409,
            "this address is known already: the department adds places with 'nongvu subscriber add'",
            says="known",
        )
    return known


async def _enter(connection: Connection, body: NewSubscriber, places: list[int], who: str, now: datetime) -> int:
    """Number of the person who was entered."""
    unknown = await subscriber_entry.unknown_words(connection, _wishes(body))
    if unknown:
        word = unknown[0]
        raise Problem(422, f"there is no {word.field} {word.word!r}, there are {word.known}")
    known = await _known(connection, body, now)
    contact = Contact(body.kind, body.address, body.name, secret="")
    agreement = Agreement(CONSENT_TEXT, body.consent_channel, min(body.consent_at or now, now), who)
    return await subscriber_entry.enter(connection, known, _wishes(body), contact, places, agreement, now)


@router.post("/subscribers", status_code=201, response_model=Made)
async def add(here: Here, asking: Asking, body: NewSubscriber) -> Response:
    """Add somebody who agreed; 409 where the address is known already, or its person withdrew later."""
    scope = asking.require("subscribers")
    async with here.writing() as connection:
        found = await visible.rows(connection, visible_row.PlaceWithin, "places_within", scope, codes=body.places)
        missing = sorted(set(body.places) - {row["code"] for row in found})
        if missing:
            raise not_found("place", missing[0])
        number = await _enter(connection, body, [row["id"] for row in found], asking.name, here.now())
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
    async with here.writing() as connection:
        if await visible.row(connection, visible_row.Identified, "subscriber_within", scope, id=number) is None:
            raise not_found("subscriber", number)
        await subscriber.stop(connection, number, here.now(), "web")
        await audit.record_asked(connection, asking.name, "subscriber stopped", f"subscriber:{number}")
    return Response(status_code=204)
