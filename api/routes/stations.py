"""Where they are, what they measure, their latest values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, cast

import msgspec
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.dependencies import Here
from api.answers.formats import Format
from api.answers.pagination import Shape, cursor, key, page, shapes
from api.protocol.etag import json_answer
from api.protocol.parameters import QUALITY_NAMES, Code, CursorText, Limit, OfPlace
from api.protocol.problems import Problem, not_found
from store import visible, visible_row
from store.flag import Check
from telemetry.quantities import QUANTITIES

router = APIRouter(prefix="/v1", tags=["stations"])


class Datastream(BaseModel):
    """One quantity that a station measures."""

    name: str = Field(examples=["soil_moisture/-0.30m"])
    quantity: str
    level: str
    unit: str = Field(description="UCUM")
    title: dict[str, str]
    interval_seconds: float
    basis: Literal["measured", "estimated"]


class Commune(BaseModel):
    """The commune a station stands in."""

    code: str
    name: str


class Station(BaseModel):
    """A station and its datastreams."""

    code: str
    name: str
    longitude: float | None
    latitude: float | None
    elevation: float | None = Field(description="metres above mean sea level")
    time_zone: str
    commune: Commune | None
    private: bool
    datastreams: list[Datastream]


class Latest(BaseModel):
    """The newest value of a datastream."""

    station: str
    datastream: str
    time: datetime
    value: float
    unit: str
    quality: Literal["good", "not_evaluated", "suspect", "fail", "missing"]
    checks: list[str] = Field(description="checks that failed")


def _datastream(row: visible_row.DatastreamEntry) -> dict[str, object]:
    known = QUANTITIES.get(row["quantity"])
    unit, title = (known.unit, known.titles) if known else ("", {})
    return {**row, "unit": unit, "title": title}


def station(row: visible_row.Station) -> dict[str, object]:
    """A station's row as the API says it."""
    commune = {"code": row["commune"], "name": row["commune_name"]} if row["commune"] else None
    kept = ("code", "name", "longitude", "latitude", "elevation", "time_zone", "private")
    datastreams, columns = [_datastream(entry) for entry in row["datastreams"]], cast("Mapping[str, object]", row)
    return {name: columns[name] for name in kept} | {"commune": commune, "datastreams": datastreams}


#: No filter; routes put theirs over it.
ANY_STATION: dict[str, object] = dict.fromkeys(
    ("code", "within_place", "quantity", "west", "south", "east", "north", "radius", "near_longitude", "near_latitude")
)


def _numbers(text: str | None, count: int, form: str) -> list[float] | None:
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != count or not all(-1e9 < number < 1e9 for number in numbers):
        raise Problem(422, f"write it as {form}")
    return numbers


@router.get("/stations", response_model=None, responses=shapes(Station))
async def stations(
    request: Request,
    here: Here,
    asking: Asking,
    place: OfPlace = None,
    within: Annotated[
        str | None,
        Query(max_length=100, description="box: west,south,east,north", examples=["106,21,107,22"]),
    ] = None,
    near: Annotated[
        str | None,
        Query(max_length=100, description="circle: longitude,latitude,metres", examples=["106.7,21.8,20000"]),
    ] = None,
    quantity: Annotated[str | None, Query(max_length=63, examples=["air_temperature"])] = None,
    limit: Limit = 1000,
    cursor_text: CursorText = None,
    shape: Shape = "json",
) -> Response:
    """Stations that the asker may see, by code."""
    box = _numbers(within, 4, "within=west,south,east,north")
    circle = _numbers(near, 3, "near=longitude,latitude,metres")
    filters = ANY_STATION | {"within_place": place, "quantity": quantity}
    if box:
        filters |= dict(zip(("west", "south", "east", "north"), box, strict=True))
    if circle:
        filters |= dict(zip(("near_longitude", "near_latitude", "radius"), circle, strict=True))
    (after,) = key(cursor_text, str) or ("",)
    async with here.reading() as connection:
        found = await visible.rows(
            connection, visible_row.Station, "stations", asking.scope, after=after, limit=limit + 1, **filters
        )
    following = cursor(found[limit - 1]["code"]) if len(found) > limit else None
    return page(request, [station(row) for row in found[:limit]], following, shape, Station)


@router.get("/stations/{code}", response_model=None, responses={200: {"model": Station}})
async def one(request: Request, here: Here, asking: Asking, code: Code) -> Response:
    """One station."""
    async with here.reading() as connection:
        found = await visible.row(
            connection,
            visible_row.Station,
            "stations",
            asking.scope,
            after="",
            limit=1,
            **(ANY_STATION | {"code": code}),
        )
    if found is None:
        raise not_found("station", code)
    return json_answer(request, station(found))


#: How the database writes qualities and checks: names by value, and by bit.
_NAMES: dict[str, object] = {
    "qualities": [QUALITY_NAMES.get(value) for value in range(10)],
    "bits": [int(check) for check in Check],
    "checks": [check.name.lower() for check in Check if check.name],
}


async def _latest(
    request: Request,
    here: Here,
    asking: Asking,
    shape: Format,
    *,
    code: str | None = None,
    quantity: str | None = None,
    limit: int = 1000,
    text: str | None = None,
) -> Response:
    station_code, after_quantity, after_level = key(text, str, str, str) or ("", "", "")
    async with here.reading() as connection:
        if (
            code is not None
            and await visible.row(connection, visible_row.Place, "place", asking.scope, code=code) is None
        ):
            raise not_found("station", code)
        found = await visible.row(
            connection,
            visible_row.LatestPage,
            "latest_said",
            asking.scope,
            code=code,
            quantity=quantity,
            after_station=station_code,
            after_quantity=after_quantity,
            after_level=after_level,
            limit=limit,
            **_NAMES,
        )
    assert found is not None  # noqa: S101 — three values always have their row
    following = cursor(*found["last"]) if found["last"] and found["found"] > limit else None
    return page(request, msgspec.Raw(found["items"].encode()), following, shape, Latest)


@router.get("/stations/{code}/latest", response_model=None, responses=shapes(Latest))
async def latest_of_station(
    request: Request, here: Here, asking: Asking, code: Code, shape: Shape = "json"
) -> Response:
    """Newest value of each of a station's datastreams."""
    return await _latest(request, here, asking, shape, code=code)


@router.get("/latest", response_model=None, responses=shapes(Latest))
async def latest(
    request: Request,
    here: Here,
    asking: Asking,
    quantity: Annotated[str | None, Query(max_length=63)] = None,
    limit: Limit = 10_000,
    cursor_text: CursorText = None,
    shape: Shape = "json",
) -> Response:
    """Newest value of every datastream that the asker may see."""
    return await _latest(request, here, asking, shape, quantity=quantity, limit=limit, text=cursor_text)
