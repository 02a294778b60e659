"""A weather service's forecast, pushed by a program; an input that indices and rules build on."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.change import Body
from api.access.dependencies import Here
from api.protocol.parameters import Code, Moment, Real
from api.protocol.problems import Problem, not_found
from store import audit, forecast, visible, visible_row
from telemetry.quantities import QUANTITIES

router = APIRouter(prefix="/v1", tags=["documents"])


class NewValue(Body):
    """What is expected of one quantity at one time, in the unit of the quantity."""

    quantity: Annotated[str, Field(max_length=64, examples=["air_temperature"])]
    valid_time: Moment
    value: Real


class NewForecast(Body):
    """One issue of a forecast, for a place and everything below it."""

    reference_time: Annotated[Moment, Field(description="when it was issued")]
    source: Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$", examples=["open-meteo"])]
    values: Annotated[list[NewValue], Field(min_length=1, max_length=5000)]


class Taken(BaseModel):
    """What became of a forecast."""

    values: int
    changed: int = Field(description="new, or other than this issue said before; 0: the same was there already")


def _said(number: int, sent: NewValue) -> forecast.Said:
    limits = QUANTITIES.get(sent.quantity)
    if limits is None:
        raise Problem(422, f"value {number}: there is no quantity {sent.quantity!r}: see GET /v1/datastreams")
    if not limits.minimum <= sent.value <= limits.maximum:
        possible = f"{limits.minimum:g} to {limits.maximum:g} {limits.unit}"
        raise Problem(422, f"value {number}: {sent.quantity} is {possible}, not {sent.value:g}")
    return forecast.Said(sent.quantity, sent.valid_time, sent.value)


@router.post("/places/{code}/forecasts", response_model=Taken)
async def push(here: Here, asking: Asking, code: Code, body: NewForecast) -> object:
    """Push a forecast; what follows from it is computed anew. The same again changes nothing."""
    scope = asking.require("readings")
    values = [_said(number, sent) for number, sent in enumerate(body.values)]
    async with here.writing() as connection:
        if not await visible.rows(connection, visible_row.PlaceWithin, "places_within", scope, codes=[code]):
            raise not_found("place", code)
        changed = await forecast.put(connection, code, body.reference_time, body.source, values)
        await audit.record_asked(
            connection, asking.name, "forecast pushed", f"place:{code}", source=body.source,
            reference_time=body.reference_time.isoformat(), values=len(values), changed=changed,
        )  # fmt: skip
    return {"values": len(values), "changed": changed}
