"""What was sown where, and when it ended; indices of the crop are computed from that day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response
from psycopg.types.json import Jsonb
from pydantic import Field

from api.access.caller import Asking
from api.access.change import Body, Made, Number, PlaceCode, change, made
from api.access.dependencies import Here, Resources
from api.answers import stored_json
from api.protocol.parameters import Real
from api.protocol.problems import Problem, not_found
from api.routes.catalogue import titles
from store.property import PropertyError, checked

router = APIRouter(prefix="/v1", tags=["changes"])
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]


class NewSeason(Body):
    """A crop sown on a field."""

    place: PlaceCode
    crop: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["rice"])]
    variety: Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")] = ""
    sown: Day
    ended: Day | None = None
    properties: Annotated[dict[str, Real | None], Field(max_length=60, examples=[{"field_capacity": 0.31}])] = {}  # noqa: RUF012 — copied by pydantic


class SeasonChange(Body):
    """What became known of a season; what is left out stays, a property that is null is taken away."""

    ended: Annotated[Day | None, Field(description="the day of harvest")] = None
    variety: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]*$")] = None
    properties: Annotated[dict[str, Real | None], Field(max_length=60, examples=[{"initial_depletion": 20}])] = {}  # noqa: RUF012 — copied by pydantic


@router.post("/seasons", status_code=201, response_model=Made)
async def add_season(here: Here, asking: Asking, body: NewSeason) -> Response:
    """Say what was sown where; indices of the crop are computed from that day."""
    if body.ended and body.ended < body.sown:
        raise Problem(422, "'ended' is before 'sown'")
    values = body.model_dump() | {"properties": await _properties(here, body.properties)}
    row = await change(here, asking, "seasons", "add_season", "season", not_found("place", body.place), **values)
    return made(row, "seasons")


@router.patch("/seasons/{id}", response_model=Made)
async def change_season(here: Here, asking: Asking, number: Number, body: SeasonChange) -> object:
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
        rows = {name: row for name, entry in known.items() if (row := stored_json.property_row(entry))}
        return Jsonb(checked(rows, given, "properties"))
    except PropertyError as error:
        raise Problem(422, str(error)) from error
