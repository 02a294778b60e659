"""What analytics made of a place's readings, day by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.dependencies import Here
from api.answers import stored_json
from api.answers.pagination import EARLIEST, Shape, cursor, key, page, shapes
from api.protocol.parameters import Code, CursorText, From, Limit, To, period
from api.protocol.problems import not_found
from api.routes.catalogue import titles
from store import visible, visible_row

router = APIRouter(prefix="/v1", tags=["indices"])
IndexNames = Annotated[
    list[Annotated[str, Field(max_length=63)]], Query(max_length=100, description="names of indices; all if absent")
]


class IndexValue(BaseModel):
    """An index's value for a local day or hour."""

    place: str
    index: str
    season: int = Field(description="0: of the place, not of a crop's season")
    time: datetime = Field(description="start of the local day or hour")
    value: float
    method: str
    completeness: float = Field(description="share of the readings that were there, 0 to 1")
    title: dict[str, str]
    unit: str


def _said(row: visible_row.IndexValue, names: Mapping[str, object]) -> dict[str, object]:
    entry = names.get(row["index"])
    return {**row, "title": stored_json.titles(entry), "unit": stored_json.unit(entry)}


@router.get("/stations/{code}/indices", response_model=None, responses=shapes(IndexValue))
async def of_station(
    request: Request,
    here: Here,
    asking: Asking,
    code: Code,
    index: IndexNames = [],  # noqa: B006 — FastAPI copies it
    first: From = None,
    last: To = None,
    limit: Limit = 1000,
    cursor_text: CursorText = None,
    shape: Shape = "json",
) -> Response:
    """Index values of a station (or another place) in a time; the last ten days where none is given."""
    start, end = period(first, last, here.now(), timedelta(days=10))
    after = key(cursor_text, datetime, str, int) or (EARLIEST, "", -1)
    async with here.reading() as connection:
        if await visible.row(connection, visible_row.Place, "place", asking.scope, code=code) is None:
            raise not_found("place", code)
        rows = await visible.rows(
            connection,
            visible_row.IndexValue,
            "indices",
            asking.scope,
            code=code,
            indices=index,
            from_time=start,
            to_time=end,
            after_time=after[0],
            after_index=after[1],
            after_season=after[2],
            limit=limit + 1,
        )
        names = await titles(connection, "index")
    item = rows[limit - 1] if len(rows) > limit else None
    following = cursor(item["time"], item["index"], item["season"]) if item else None
    return page(request, [_said(row, names) for row in rows[:limit]], following, shape, IndexValue)
