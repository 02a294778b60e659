"""What people found about readings: good, suspect or wrong; raw values stay as they are."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from api.access.caller import Asking
from api.access.change import Body, Made, Number, PlaceCode, change, made
from api.access.dependencies import Here
from api.protocol.parameters import Moment
from api.protocol.problems import Problem, not_found
from store.flag import Check, Quality

router = APIRouter(prefix="/v1", tags=["changes"])
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class NewVerdict(Body):
    """What a person found about readings; their values stay as they are."""

    station: PlaceCode
    datastream: Annotated[str, Field(max_length=96, pattern=r"^[^\x00]*$", examples=["air_temperature"])]
    valid_from: Moment
    valid_to: Moment = Field(description="inclusive")
    quality: Literal["good", "suspect", "fail"]
    reason: Text


@router.post("/verdicts", status_code=201, response_model=Made)
async def add_verdict(here: Here, asking: Asking, body: NewVerdict) -> Response:
    """Say that readings are good, suspect or wrong; what follows from them is computed anew."""
    if body.valid_to < body.valid_from:
        raise Problem(422, "'valid_to' is before 'valid_from'")
    if body.valid_to - body.valid_from > timedelta(days=3660):
        raise Problem(422, "a verdict reaches over ten years at most")
    row = await change(
        here, asking, "verdicts", "add_verdict", "verdict",
        not_found("datastream", f"{body.station}:{body.datastream}"), station=body.station, datastream=body.datastream,
        valid_from=body.valid_from, valid_to=body.valid_to, reason=body.reason, who=f"person:{asking.name}",
        flag=int(Quality[body.quality.upper()]) | int(Check.PERSON),
    )  # fmt: skip
    return made(row, "verdicts")


@router.delete("/verdicts/{id}", status_code=204)
async def drop_verdict(here: Here, asking: Asking, number: Number) -> Response:
    """Take back a person's verdict."""
    await change(here, asking, "verdicts", "drop_verdict", "verdict", not_found("verdict", number), id=number)
    return Response(status_code=204)
