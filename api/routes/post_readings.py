"""Readings that a program sends by HTTP; stored by ingest like a gateway's, answered with the receipt."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from api.access.caller import Asker, Asking
from api.access.change import Body
from api.access.dependencies import Here, Resources
from api.protocol.parameters import CODE, Moment, Real
from api.protocol.problems import Problem, not_found
from api.routes.publisher import NoReceipt
from store import audit, visible, visible_row
from telemetry.pack import JSON, MAXIMUM_RECORDS
from telemetry.quantities import QUANTITIES
from telemetry.reading import LEVEL, Reading, milliseconds
from telemetry.wire import encode

router = APIRouter(prefix="/v1", tags=["readings"])


class NewReading(Body):
    """One value as measured, in the unit of its quantity."""

    station: Annotated[str, Field(pattern=CODE, examples=["huu-lung-1"])]
    datastream: Annotated[str, Field(max_length=96, examples=["soil_moisture/-0.30m"])]
    time: Moment
    value: Annotated[Real, Field(ge=-1e12, le=1e12)]


class NewReadings(Body):
    """Readings in any order; sending some of them again changes nothing."""

    readings: Annotated[list[NewReading], Field(min_length=1, max_length=MAXIMUM_RECORDS)]


class NotStored(BaseModel):
    """One reading that was not stored, and why."""

    record: int = Field(description="position in what was sent, from 0; -1 all of it")
    reason: str
    detail: str


class Posted(BaseModel):
    """What became of the readings; they are committed when this is answered."""

    boot: str
    sequence: int
    stored: int = Field(description="stored now, or known already")
    set_aside: list[NotStored]


def reading(sent: NewReading) -> Reading:
    """A reading as it goes on the wire, or a 422."""
    quantity, _, level = sent.datastream.partition("/")
    if quantity not in QUANTITIES:
        raise Problem(422, f"there is no quantity {quantity!r}: see GET /v1/datastreams")
    if level and not LEVEL.match(level):
        raise Problem(422, f"{level[:40]!r} is no level: write -0.30m, 2m or a word")
    return Reading(sent.station, quantity, milliseconds(sent.time), sent.value, level)


async def send(here: Resources, asking: Asker, readings: list[Reading]) -> Posted:
    """Send readings of stations for which the asker has the right, and wait for the receipt."""
    scope = asking.require("readings")
    stations = sorted({entry.station for entry in readings})
    async with here.reading() as connection:
        found = await visible.rows(connection, visible_row.PlaceWithin, "places_within", scope, codes=stations)
    missing = sorted(set(stations) - {row["code"] for row in found})
    if missing:
        raise not_found("station", missing[0])
    if here.uplink is None:
        raise Problem(503, "this installation takes no readings by HTTP: NONGVU_MQTT_URL is not set")
    try:
        sequence, _ = await here.uplink.send(encode(readings, JSON))
    except NoReceipt:
        detail = "no receipt yet: the readings may be stored or not; send the same again, which changes nothing"
        raise Problem(503, detail, headers={"Retry-After": "10"}) from None
    async with here.writing() as connection:
        aside = await visible.rows(
            connection, visible_row.Aside, "aside_of", scope, boot=here.uplink.boot, sequence=sequence
        )
        subject = f"pack:{here.uplink.boot}:{sequence}"
        await audit.record_asked(
            connection, asking.name, "readings posted", subject, stations=stations, readings=len(readings),
            set_aside=len(aside),
        )  # fmt: skip
    lost = len(readings) if any(row["record"] < 0 for row in aside) else len(aside)
    return Posted(boot=here.uplink.boot, sequence=sequence, stored=len(readings) - lost,
                  set_aside=[NotStored(**row) for row in aside])  # fmt: skip


@router.post("/readings", response_model=Posted)
async def post(here: Here, asking: Asking, body: NewReadings) -> object:
    """Post readings; answered when they are committed, with what was set aside and why."""
    asking.require("readings")
    posted = await send(here, asking, [reading(entry) for entry in body.readings])
    status = 200 if posted.stored else 422
    if status == 422:
        aside = [entry.model_dump() for entry in posted.set_aside]
        raise Problem(422, "nothing was stored: see set_aside", set_aside=aside)
    return Response(posted.model_dump_json(), status, media_type="application/json")
