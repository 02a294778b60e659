"""Changes: what people with the right may change: seasons, verdicts, rules, approvals, acknowledgements."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field

from api import told
from api.access import Asker, Asking
from api.catalogue import titles
from api.parameters import CODE, Moment, Real
from api.problems import Problem, not_found
from api.resources import Here, Resources
from store import audit, office
from store.flag import Check, Quality
from store.property import PropertyError, checked

router = APIRouter(prefix="/v1", tags=["changes"])
Number = Annotated[int, Path(alias="id", ge=1, lt=2**31)]
PlaceCode = Annotated[str, Field(pattern=CODE, examples=["field-1"])]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
Text = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Body(BaseModel):
    """What is sent; a field that is not known is an error, not ignored."""

    model_config = ConfigDict(extra="forbid")


class Made(BaseModel):
    """Number of what was made or changed."""

    id: int


class NewSeason(Body):
    """A crop sown on a field."""

    place: PlaceCode
    crop: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["rice"])]
    variety: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    sown: Day
    ended: Day | None = None
    properties: Annotated[dict[str, Real | None], Field(max_length=60, examples=[{"field_capacity": 0.31}])] = {}


class SeasonChange(Body):
    """What became known of a season; what is left out stays, a property that is null is taken away."""

    ended: Annotated[Day | None, Field(description="the day of harvest")] = None
    variety: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]*$")] = None
    properties: Annotated[dict[str, Real | None], Field(max_length=60, examples=[{"initial_depletion": 20}])] = {}


class NewVerdict(Body):
    """What a person found about readings; their values stay as they are."""

    station: PlaceCode
    datastream: Annotated[str, Field(max_length=96, pattern=r"^[^\x00]*$", examples=["air_temperature"])]
    valid_from: Moment
    valid_to: Moment = Field(description="inclusive")
    quality: Literal["good", "suspect", "fail"]
    reason: Text


class Decision(Body):
    """A person's word."""

    decision: Literal["approved", "refused"]
    reason: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


class Acknowledged(BaseModel):
    """How many bundles of messages somebody took charge of."""

    bundles: int


async def change(
    here: Resources, asking: Asker, right: str, statement: str, subject: str, missing: Problem, /, **values: Any
) -> dict[str, Any]:
    """One change with its audit in one transaction; ``missing`` where nothing could be changed."""
    scope = asking.require(right)
    async with here.writing() as connection:
        told = {"now": here.now(), "who": asking.name} | values
        row = await office.row(connection, statement, scope, **told)
        if row is None:
            raise missing
        said = {name: str(value) for name, value in values.items() if not isinstance(value, Jsonb) and name != "who"}
        await audit.record_asked(connection, asking.name, statement, f"{subject}:{row.get('id', '')}", **said)
    return row


def made(row: dict[str, Any], path: str) -> Response:
    """201 with where the new thing is."""
    return Response(
        Made(id=row["id"]).model_dump_json(), 201, {"Location": f"/v1/{path}"}, media_type="application/json"
    )


@router.post("/seasons", status_code=201, response_model=Made)
async def add_season(here: Here, asking: Asking, body: NewSeason) -> Response:
    """Say what was sown where; indices of the crop are computed from that day."""
    if body.ended and body.ended < body.sown:
        raise Problem(422, "'ended' is before 'sown'")
    values = body.model_dump() | {"properties": await _properties(here, body.properties)}
    row = await change(here, asking, "seasons", "add_season", "season", not_found("place", body.place), **values)
    return made(row, "seasons")


@router.patch("/seasons/{id}", response_model=Made)
async def change_season(here: Here, asking: Asking, number: Number, body: SeasonChange) -> Any:
    """Say when a season ended, or what else became known of it; it is computed anew."""
    values = body.model_dump() | {"properties": await _properties(here, body.properties)}
    row = await change(
        here, asking, "seasons", "change_season", "season", not_found("season", number), id=number, **values
    )
    return {"id": row["id"]}


async def _properties(here: Resources, given: dict[str, float | None]) -> Jsonb:
    """Numbers of a season as the catalogue knows them (``GET /v1/properties``); 422 where one cannot be."""
    try:
        async with here.reading() as connection:
            known = await titles(connection, "property")
        rows = {name: row for name, entry in known.items() if (row := told.property_row(entry))}
        return Jsonb(checked(rows, given, "properties"))
    except PropertyError as error:
        raise Problem(422, str(error)) from error


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


@router.post("/alerts/{id}/acknowledgements", response_model=Acknowledged)
async def acknowledge(here: Here, asking: Asking, number: Number) -> Any:
    """Take charge of an alert: it is not repeated to others up the ladder."""
    scope = asking.require("acknowledge")
    async with here.writing() as connection:
        found = await office.rows(connection, "acknowledge", scope, id=number, who=asking.name, now=here.now())
        if not found:
            detail = "no message was made of it, or one that speaks of more than you look after"
            raise Problem(404, f"nobody can take charge of alert {number!r} for you: {detail}")
        await audit.record_asked(connection, asking.name, "acknowledge", f"alert:{number}")
    return {"bundles": len(found)}


@router.post("/approvals/{id}", response_model=Made)
async def decide(here: Here, asking: Asking, number: Number, body: Decision) -> Any:
    """Approve or refuse what waits for a person's word."""
    row = await change(
        here, asking, "approve", "decide", "approval",
        Problem(404, f"approval {number!r} does not wait, is over, or you may not see it"), id=number,
        decision=body.decision, reason=body.reason,
    )  # fmt: skip
    return {"id": row["id"]}
