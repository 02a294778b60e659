"""Episodes at places, open and past, and what was said when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, cast

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.dependencies import Here
from api.answers.pagination import EARLIEST, LATEST, Shape, cursor, key, page, shapes
from api.protocol.etag import json_answer
from api.protocol.parameters import CursorText, From, Limit, OfPlace, To
from api.protocol.problems import not_found
from store import visible, visible_row

router = APIRouter(prefix="/v1", tags=["alerts"])
State = Literal["open", "ended", "cancelled"]


class AlertPlace(BaseModel):
    """Where an alert holds."""

    code: str
    name: str
    commune: str | None
    time_zone: str


class Alert(BaseModel):
    """An episode; ``texts`` are those of its newest step."""

    id: int
    rule: str
    hazard: str
    category: Literal["official", "advice", "network"] | None = Field(
        description="official: a criterion of the law, computed from stations, no bulletin; network: the stations' own"
        " state; null: the catalogue has the rule no longer"
    )
    article: str | None = Field(description="of the law whose criterion it is; null where the category is not official")
    place: AlertPlace
    season: int = Field(
        description="the crop season it is of, 0 the place itself; the same as subject where that is one"
    )
    subject: int = Field(description="what at the place it is of, 0 the place itself")
    basis: Literal["observed", "forecast"]
    state: State
    level: int = Field(description="of the rule, 1 the lowest: what holds now, or held last")
    level_highest: int = Field(description="the highest it reached")
    started: datetime
    ended: datetime | None
    values: dict[str, object]
    texts: dict[str, object] = Field(description="language → short, long, group, advice by audience")
    successor: int | None


class Step(BaseModel):
    """What was known and said at one moment; never changed afterwards."""

    number: int
    kind: Literal["open", "raise", "lower", "update", "end", "cancel", "renew", "extend"]
    level: int
    at: datetime = Field(description="when it changed")
    known_at: datetime = Field(description="when it was known")
    expires: datetime
    stale: bool
    values: dict[str, object]
    texts: dict[str, object]


class AlertWithSteps(Alert):
    """An alert and its steps."""

    steps: list[Step]


ANY_ALERT: dict[str, object] = {
    "id": None, "within_place": None, "state": None, "hazard": None, "rule": None, "from_time": EARLIEST,
    "to_time": LATEST, "before_time": LATEST, "before_id": 2**62, "limit": 1000,
}  # fmt: skip


def said(row: visible_row.Alert) -> dict[str, object]:
    """An alert's row as the API says it."""
    place = {"code": row["place"], "name": row["place_name"], "commune": row["commune"], "time_zone": row["time_zone"]}
    kept = ("id", "rule", "hazard", "category", "article", "season", "subject", "basis", "state", "level",
            "level_highest", "started", "ended", "values", "successor")  # fmt: skip
    columns = cast("Mapping[str, object]", row)
    return {name: columns[name] for name in kept} | {"place": place, "texts": row["texts"] or {}}


@router.get("/alerts", response_model=None, responses=shapes(Alert))
async def alerts(
    request: Request,
    here: Here,
    asking: Asking,
    state: Annotated[State | None, Query(description="all if absent")] = None,
    place: OfPlace = None,
    hazard: Annotated[str | None, Query(max_length=63, examples=["cold"])] = None,
    rule: Annotated[str | None, Query(max_length=63, examples=["frost"])] = None,
    first: From = None,
    last: To = None,
    limit: Limit = 100,
    cursor_text: CursorText = None,
    shape: Shape = "json",
) -> Response:
    """Alerts, newest first; ``from`` and ``to`` take those that held in between."""
    before = key(cursor_text, datetime, int) or (LATEST, 2**62)
    asked = ANY_ALERT | {
        "within_place": place, "state": state, "hazard": hazard, "rule": rule, "from_time": first or EARLIEST,
        "to_time": last or LATEST, "before_time": before[0], "before_id": before[1], "limit": limit + 1,
    }  # fmt: skip
    async with here.reading() as connection:
        rows = await visible.rows(connection, visible_row.Alert, "alerts", asking.scope, **asked)
    item = rows[limit - 1] if len(rows) > limit else None
    following = cursor(item["started"], item["id"]) if item else None
    return page(request, [said(row) for row in rows[:limit]], following, shape, Alert)


@router.get("/alerts/{id}", response_model=None, responses={200: {"model": AlertWithSteps}})
async def one(
    request: Request, here: Here, asking: Asking, number: Annotated[int, Path(alias="id", ge=1, lt=2**62)]
) -> Response:
    """One alert with every step."""
    async with here.reading() as connection:
        found = await visible.row(connection, visible_row.Alert, "alerts", asking.scope, **(ANY_ALERT | {"id": number}))
        if found is None:
            raise not_found("alert", number)
        steps = await visible.rows(connection, visible_row.AlertStep, "alert_steps", asking.scope, id=number)
    return json_answer(request, said(found) | {"steps": steps})
