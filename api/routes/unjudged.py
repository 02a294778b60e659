"""The rules and indices that say nothing at a place now, and why: no warning is not the same as no danger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from api import languages
from api.access.caller import Asking
from api.access.dependencies import Here
from api.answers import stored_json
from api.protocol.etag import json_answer
from api.protocol.parameters import Code
from api.protocol.problems import not_found
from api.routes.catalogue import titles
from store import visible, visible_row
from telemetry.quantities import QUANTITIES
from telemetry.unknown import Why, words

router = APIRouter(prefix="/v1", tags=["rules"])
#: Numbers of a place that are its coordinates.
_COORDINATES = ("latitude", "longitude", "elevation")
Names = Mapping[str, Mapping[str, object]]


class Unjudged(BaseModel):
    """A rule or an index that cannot be judged at a place, or only by what is certain."""

    kind: Literal["rule", "index"]
    name: str
    title: dict[str, str]
    season: int = Field(description="0: of the place, not of a crop's season")
    reason: str = Field(description="sensor, readings, property, outside, undefined, record, seldom, unanswered")
    lacks: list[str] = Field(description="quantities or properties")
    holds: bool = Field(description="what is certain is told meanwhile")
    says: dict[str, str]


def what(name: str, properties: Names, language: str) -> str:
    """Name of a quantity or property in a language."""
    if quantity := QUANTITIES.get(name.split("/", maxsplit=1)[0]):
        return quantity.title(language)
    if name in _COORDINATES and name not in properties:
        return languages.SHELF.words(language, "unjudged")[name]
    return stored_json.text(stored_json.mapping(properties.get(name)).get(language)) or name


def says(row: visible_row.Unjudged | visible_row.UnjudgedCount, properties: Names, language: str) -> str:
    """Why, in a language."""
    names: Sequence[str] = [what(name, properties, language).split(" (")[0] for name in row["lacks"]]
    # of several sensors any one will do, of several numbers each is wanted
    any_of = languages.SHELF.words(language, "unjudged")["any_of"]
    lacking = [any_of.join(names)] if row["reason"] == Why.SENSOR else names
    lower = [name[:1].lower() + name[1:] for name in lacking]
    return words(row["reason"], lower, language, holds=row["holds"])


def reason(number: int) -> str:
    """A reason's stable name; the number of one that a newer version wrote."""
    return Why(number).name.lower() if number in set(Why) else str(number)


@router.get("/stations/{code}/unjudged", response_model=None, responses={200: {"model": list[Unjudged]}})
async def of_station(request: Request, here: Here, asking: Asking, code: Code) -> Response:
    """What cannot be judged at a station (or another place) now, and why; what is not in it is judged."""
    async with here.reading() as connection:
        if await visible.row(connection, visible_row.Place, "place", asking.scope, code=code) is None:
            raise not_found("place", code)
        rows = await visible.rows(connection, visible_row.Unjudged, "unjudged", asking.scope, code=code)
        shelves = {kind: await titles(connection, kind) for kind in ("rule", "index", "property")}
    said = [
        {
            **row,
            "title": stored_json.titles(shelves[row["kind"]].get(row["name"])),
            "reason": reason(row["reason"]),
            "says": {language: says(row, shelves["property"], language) for language in languages.SHELF.codes},
        }
        for row in rows
    ]
    return json_answer(request, said)
