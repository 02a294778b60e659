"""The shelves of what the platform knows; a rule's numbers at a place; what they would have said."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

from api.access.caller import Asking
from api.access.change import Body, Made, Number, PlaceCode, change, made
from api.access.dependencies import Here, Resources
from api.answers.openapi import SIGNED_IN
from api.protocol.etag import json_answer
from api.protocol.parameters import Moment
from api.protocol.problems import Problem, not_found
from api.routes.catalogue import titles
from api.routes.rule_values import RuleValues
from store import visible, visible_row

router = APIRouter(prefix="/v1", tags=["rules"])


class NewRuleSetting(Body):
    """What differs from a rule's own numbers, at a place and everything below it."""

    place: PlaceCode
    values: RuleValues
    valid_from: Moment | None = None


class NewPreview(Body):
    """What a rule would have said in a time past."""

    place: PlaceCode
    first: Moment = Field(alias="from")
    last: Moment = Field(alias="to")
    values: RuleValues = RuleValues()


class Asked(BaseModel):
    """Work that was asked for, and what came of it."""

    id: int
    kind: str
    subject: dict[str, object]
    who: str
    asked_at: datetime
    state: Literal["waiting", "working", "done", "failed"]
    progress: float
    answer: object = None
    answered_at: datetime | None


RuleName = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,62}$", examples=["frost"])]


class Named(BaseModel):
    """An entry of a shelf: a rule, an index, a crop, a quantity."""

    name: str
    entry: dict[str, object]


async def _shelf(request: Request, here: Resources, kind: str) -> Response:
    async with here.reading() as connection:
        found = await titles(connection, kind)
    return json_answer(request, [{"name": name, "entry": entry} for name, entry in sorted(found.items())])


@router.get("/rules", response_model=None, responses={200: {"model": list[Named]}})
async def rules(request: Request, here: Here, asking: Asking) -> Response:  # noqa: ARG001
    """Every alert rule with its levels, texts and sources."""
    return await _shelf(request, here, "rule")


@router.get("/indices", response_model=None, responses={200: {"model": list[Named]}})
async def indices(request: Request, here: Here, asking: Asking) -> Response:  # noqa: ARG001
    """Every index with its title, unit and source."""
    return await _shelf(request, here, "index")


@router.get("/crops", response_model=None, responses={200: {"model": list[Named]}})
async def crops(request: Request, here: Here, asking: Asking) -> Response:  # noqa: ARG001
    """Every crop with its stages."""
    return await _shelf(request, here, "crop")


@router.get("/properties", response_model=None, responses={200: {"model": list[Named]}})
async def properties(request: Request, here: Here, asking: Asking) -> Response:  # noqa: ARG001
    """Every number that people may give of a place or of a season, with its unit and limits."""
    return await _shelf(request, here, "property")


@router.post("/rules/{rule}/settings", status_code=201, response_model=Made)
async def set_rule(here: Here, asking: Asking, rule: RuleName, body: NewRuleSetting) -> Response:
    """Set a rule's numbers at a place and below; what it said since is worked out anew."""
    asking.require("rules")
    values = body.values.told(rule, await _known_rule(here, rule))
    if not values:
        raise Problem(422, "values: say what is to differ from the rule's own")
    row = await change(
        here, asking, "rules", "set_rule", "rule_setting", not_found("place", body.place), rule=rule,
        place=body.place, values=Jsonb(values), valid_from=body.valid_from or here.now(),
    )  # fmt: skip
    return made(row, "rule-settings")


async def _known_rule(here: Resources, rule: str) -> dict[str, object]:
    """The rule's entry in the catalogue."""
    async with here.reading() as connection:
        found = await titles(connection, "rule")
    if rule not in found:
        raise not_found("rule", rule)
    return found[rule]


@router.post("/rules/{rule}/previews", status_code=202, response_model=Made)
async def preview(here: Here, asking: Asking, rule: RuleName, body: NewPreview) -> Response:
    """Ask what a rule would have said; look at ``/v1/requests/{id}`` for the answer."""
    scope = asking.require("rules")
    if not timedelta(0) < body.last - body.first <= timedelta(days=3660):
        raise Problem(422, "'from' must be before 'to', by ten years at most", says="period")
    values = body.values.told(rule, await _known_rule(here, rule))
    subject = {"rule": rule, "place": body.place, "from": body.first.isoformat(), "to": body.last.isoformat(),
               "values": values}  # fmt: skip
    async with here.writing() as connection:
        if await visible.row(connection, visible_row.PlaceWithin, "places_within", scope, codes=[body.place]) is None:
            raise not_found("place", body.place)
        row = await visible.row(
            connection, visible_row.Changed, "ask", scope, kind="preview", subject=Jsonb(subject), who=asking.name
        )
    number = row["id"] if row else 0
    headers = {"Location": f"/v1/requests/{number}"}
    return Response(Made(id=number).model_dump_json(), 202, headers, media_type="application/json")


@router.get("/requests/{id}", response_model=None, responses={200: {"model": Asked}}, openapi_extra=SIGNED_IN)
async def asked(request: Request, here: Here, asking: Asking, number: Number) -> Response:
    """What became of work that the asker asked for."""
    if asking.account is None:
        asking.require("read")
    async with here.reading() as connection:
        row = await visible.row(
            connection, visible_row.Asked, "asked", asking.scope_for("audit"), id=number, who=asking.name
        )
    if row is None:
        raise not_found("request", number)
    return json_answer(request, row)
