"""Raw values or buckets of a longer period, of one station or many."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.dependencies import Here, Resources
from api.answers.formats import Format, FormatAsked, Wish, streamed, wanted
from api.answers.pagination import EARLIEST, cursor, key, page, shapes
from api.protocol.parameters import (
    CODE,
    QUALITY_NAMES,
    Code,
    CursorText,
    Every,
    From,
    Limit,
    Names,
    To,
    checks,
    datastream_name,
    every_as_timedelta,
    period,
    qualities,
)
from api.protocol.problems import not_found
from store import visible, visible_row
from store.pool import Connection
from store.scope import Scope
from telemetry.quantities import QUANTITIES

router = APIRouter(prefix="/v1", tags=["readings"])
#: Times longer than this are answered from the rollups where these have it.
ROLLED_FROM = timedelta(days=31)
Aggregation = Literal["natural", "mean", "min", "max", "sum", "last"]


class Reading(BaseModel):
    """A raw value, or with ``every`` the value of a bucket."""

    station: str
    datastream: str
    time: datetime = Field(description="of the reading, or the start of the bucket")
    value: float | None
    quality: str | None = Field(None, description="of a raw value: good, not_evaluated, suspect, fail, missing")
    checks: list[str] | None = Field(None, description="of a raw value: checks that failed")
    count: int | None = Field(None, description="of a bucket: how many values")


async def _datastreams(
    connection: Connection, scope: Scope, stations: list[str], names: list[str]
) -> list[visible_row.Datastream]:
    return await visible.rows(
        connection, visible_row.Datastream, "datastreams_of", scope, stations=stations, names=names
    )


def aggregate_of(row: visible_row.Datastream, asked: str) -> str:
    """How a datastream's values become one: as asked, or as is natural for its quantity."""
    if asked != "natural":
        return asked
    known = QUANTITIES.get(row["quantity"])
    return {"maximum": "max"}.get(known.aggregate, str(known.aggregate)) if known else "mean"


async def values(
    here: Resources,
    scope: Scope,
    found: list[visible_row.Datastream],
    times: tuple[datetime, datetime],
    *,
    every: str | None,
    aggregate: str,
    quality: str,
    limit: int,
    after: tuple[datetime, int] | None,
) -> list[visible_row.Reading] | list[visible_row.Bucket]:
    """Rows of raw values or buckets of datastreams that were found within the asker's scope."""
    after_time, after_datastream = after or (EARLIEST, 0)
    common = {
        "datastreams": [row["id"] for row in found],
        "from_time": times[0],
        "to_time": times[1],
        "qualities": qualities(quality),
        "after_time": after_time,
        "after_datastream": after_datastream,
        "limit": limit,
    }
    async with here.reading() as connection:
        if every is None:
            return await visible.rows(connection, visible_row.Reading, "readings", scope, **common)
        if _from_rollups(times, every, aggregate, quality):
            told = {"every": every_as_timedelta(every), "suspect": quality == "suspect"}
            return await visible.rows(connection, visible_row.Bucket, "rolled", scope, **common, **told)
        bucket = {
            "every": every_as_timedelta(every),
            "aggregates": [aggregate_of(row, aggregate) for row in found],
            "time_zone": found[0]["time_zone"] if found else "UTC",
        }
        return await visible.rows(connection, visible_row.Bucket, "buckets", scope, **common, **bucket)


async def _held(
    here: Resources, scope: Scope, found: list[visible_row.Datastream], times: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """The part of a time in which there are readings; an empty one where there are none."""
    async with here.reading() as connection:
        span = await visible.row(connection, visible_row.Span, "span", scope, datastreams=[row["id"] for row in found])
    if not span or span["first"] is None or span["last"] is None:
        return times[0], times[0]
    first, last = max(times[0], span["first"]), min(times[1], span["last"] + timedelta(milliseconds=1))
    return (first, last) if first < last else (times[0], times[0])


def _from_rollups(times: tuple[datetime, datetime], every: str, aggregate: str, quality: str) -> bool:
    """Whether the rollups have it: a long time, one of their widths, each quantity's own aggregate."""
    whole = aggregate == "natural" and quality in {"usable", "suspect"} and every in {"15min", "1h", "1d"}
    return whole and times[1] - times[0] > ROLLED_FROM


def said(row: visible_row.Reading | visible_row.Bucket, datastream: visible_row.Datastream) -> dict[str, object]:
    """A row of values as the API says it."""
    names = {"station": datastream["station"], "datastream": datastream_name(datastream)}
    value = {**names, "time": row["time"], "value": row["value"]}
    if "count" in row:
        return {**value, "count": row["count"]}
    return {**value, "quality": QUALITY_NAMES.get(row["quality"], "not_evaluated"), "checks": checks(row["flag"])}


Quality = Annotated[Literal["good", "usable", "suspect", "all"], Query(description="usable: good or not evaluated")]
SHAPES = shapes(Reading)


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked about readings, besides of which stations."""

    names: list[str]
    first: datetime | None
    last: datetime | None
    every: str | None
    aggregate: str
    quality: str
    limit: int
    cursor: str | None
    shape: Format | None


async def asked_of(
    datastream: Names = [],  # noqa: B006 — FastAPI copies it
    first: From = None,
    last: To = None,
    every: Every = None,
    aggregate: Aggregation = "natural",
    quality: Quality = "usable",
    limit: Limit = 1000,
    cursor_text: CursorText = None,
    shape: FormatAsked = None,
) -> Asked:
    """Parameters that both routes share."""
    return Asked(datastream, first, last, every, aggregate, quality, limit, cursor_text, shape)


async def _answer(
    request: Request, here: Resources, scope: Scope, found: list[visible_row.Datastream], asked: Asked, usual: timedelta
) -> Response:
    """Readings of datastreams in the format wanted."""
    chosen = wanted(request, asked.shape)
    times = period(asked.first, asked.last, here.now(), usual)
    if chosen != "json" or asked.every:
        times = await _held(here, scope, found, times)
    if chosen != "json":
        every = every_as_timedelta(asked.every) if asked.every else None
        aggregates = [aggregate_of(row, asked.aggregate) for row in found]
        return streamed(here, Wish(scope, found, times, qualities(asked.quality), every, aggregates), chosen)
    limit = asked.limit
    rows = await values(
        here, scope, found, times, every=asked.every, aggregate=asked.aggregate, quality=asked.quality,
        limit=limit + 1, after=key(asked.cursor, datetime, int),
    )  # fmt: skip
    by_id = {row["id"]: row for row in found}
    items = [said(row, by_id[row["datastream_id"]]) for row in rows[:limit]]
    more = len(rows) > limit
    following = cursor(rows[limit - 1]["time"], rows[limit - 1]["datastream_id"]) if more else None
    return page(request, items, following)


@router.get("/stations/{code}/readings", response_model=None, responses=SHAPES)
async def of_station(
    request: Request, here: Here, asking: Asking, code: Code, asked: Annotated[Asked, Depends(asked_of)]
) -> Response:
    """Readings of a station in a time; the last day where none is given."""
    async with here.reading() as connection:
        if await visible.row(connection, visible_row.Place, "place", asking.scope, code=code) is None:
            raise not_found("station", code)
        found = await _datastreams(connection, asking.scope, [code], asked.names)
    return await _answer(request, here, asking.scope, found, asked, timedelta(days=1))


@router.get("/readings", response_model=None, responses=SHAPES)
async def of_many(
    request: Request,
    here: Here,
    asking: Asking,
    asked: Annotated[Asked, Depends(asked_of)],
    station: Annotated[
        list[Annotated[str, Field(pattern=CODE)]],
        Query(min_length=1, max_length=500, description="codes of stations", examples=[["huu-lung-1", "mau-son-1"]]),
    ],
) -> Response:
    """Readings of many stations at once; stations that the asker may not see are left out."""
    async with here.reading() as connection:
        found = await _datastreams(connection, asking.scope, station, asked.names)
    return await _answer(request, here, asking.scope, found, asked, timedelta(hours=1))
