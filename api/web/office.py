"""The officers' side: approvals, who takes charge, who gets messages, silent stations, previews of rules."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api import languages
from api.access.caller import Asker, Asking
from api.access.dependencies import Here, Resources
from api.answers import stored_json
from api.protocol.problems import Problem
from api.routes import approvals
from api.routes import rules as rule_routes
from api.routes import subscribers as subscriber_routes
from api.routes.alerts import ANY_ALERT
from api.routes.catalogue import titles
from api.routes.unjudged import Names, says
from api.web import view
from api.web.ended import ended_on
from api.web.page import language_for, render
from api.web.refused import refusal
from api.web.sign_in import text
from api.web.words import Language, ago, time_and_date
from store import delivery, visible, visible_row
from store.gateway_remarks import remarks
from store.pool import Connection
from telemetry.unknown import Why

router = APIRouter(include_in_schema=False)
#: A station without values for so long is called silent.
SILENT = timedelta(hours=2)
#: Or for so many of its own intervals, where they are longer.
LATE = 1.5
LIST: dict[str, object] = {"after": 0, "before": 2**62, "within": None, "state": None, "limit": 200}


async def _approvals(connection: Connection, asking: Asker, language: Language) -> list[dict[str, object]]:
    if not asking.may("approve"):
        return []
    rows = await visible.rows(
        connection, visible_row.Approval, "approvals", asking.scope_for("approve"), **(LIST | {"state": "waiting"})
    )
    return [{**row, "text": row["text"] or stored_json.bulletin_text(row["texts"], language)} for row in rows]


async def _health(connection: Connection, asking: Asker, now: datetime, language: Language) -> list[dict[str, object]]:
    rows = await visible.rows(connection, visible_row.Overview, "overview", asking.scope_for("acknowledge"), now=now)
    return [_station(row, now, language) for row in rows]


def _station(row: visible_row.Overview, now: datetime, language: Language) -> dict[str, object]:
    said, age = "–", None
    if row["time"]:
        at = time_and_date(row["time"].astimezone(ZoneInfo(row["time_zone"])), language)
        age = now - row["time"]
        said = f"{at} ({ago(age, language)})"
    over = ended_on(row, now)
    known = {"name": row["name"], "commune": row["commune_name"] or "", "last": said}
    if over or (row["recorded"] and not row["missed"]):
        return known | {"silent": False, "ended": over}
    late = age is None or (row["every"] and age > max(SILENT, LATE * timedelta(seconds=row["every"])))
    return known | {"silent": bool(row["missed"] or late), "ended": None}


async def _gateways(connection: Connection, asking: Asker) -> list[dict[str, object]]:
    if not asking.may("gateways"):
        return []
    rows = await visible.rows(connection, visible_row.Gateway, "gateways", asking.scope_for("gateways"), **LIST)
    return [
        {"code": row["code"], "state": stored_json.gateway_state(row["status"]), "remarks": len(remarks(row["status"]))}
        for row in rows
    ]


async def _spent(connection: Connection, asking: Asker) -> list[str]:
    """Routes whose budget is used up, for who deals with messages."""
    if not asking.may("approve"):
        return []
    return [one.route for one in await delivery.exhausted(connection)]


async def _unjudged(
    connection: Connection, asking: Asker, rules: Names, language: Language
) -> list[tuple[str, str, int, str]]:
    """What cannot be judged at the stations looked after: warning, why, at how many places, some of them."""
    if not asking.may("acknowledge"):
        return []
    rows = await visible.rows(
        connection,
        visible_row.UnjudgedCount,
        "unjudged_counts",
        asking.scope_for("acknowledge"),
        sensor=int(Why.SENSOR),
    )
    properties = await titles(connection, "property")
    said = []
    for row in rows:
        title = stored_json.title(rules.get(row["name"]), language, row["name"])
        some = ", ".join(row["names"][:5]) + (" …" if len(row["names"]) > 5 else "")
        said.append((title, says(row, properties, language), row["places"], some))
    return said


@router.get("/office")
async def home(request: Request, here: Here, asking: Asking, said: str = "") -> Response:
    """What there is to do."""
    if asking.account is None:
        return RedirectResponse("/sign-in", 303)
    language, now = language_for(request, here), here.now()
    async with here.reading() as connection:
        scope = asking.scope_for("acknowledge")
        opened = await visible.rows(connection, visible_row.Alert, "alerts", scope, **(ANY_ALERT | {"state": "open"}))
        rules = await titles(connection, "rule")
        given: dict[str, object] = {
            "approvals": await _approvals(connection, asking, language),
            "stations": await _health(connection, asking, now, language) if asking.may("acknowledge") else [],
            "gateways": await _gateways(connection, asking),
            "unjudged": await _unjudged(connection, asking, rules, language),
            "spent": await _spent(connection, asking),
        }
    return render(
        request,
        here,
        "office.html",
        language,
        200,
        asking=asking,
        alerts=view.alerts(opened, language, rules),
        said=said,
        moment=lambda at: time_and_date(at.astimezone(ZoneInfo("Asia/Ho_Chi_Minh")), language),
        **given,
    )


def _back(path: str, said: str) -> Response:
    return RedirectResponse(f"{path}?said={said}", 303)


@router.post("/office/approvals/{number}")
async def decide(request: Request, here: Here, asking: Asking, number: int) -> Response:
    """Approve or refuse."""
    sent = await request.form()
    body = approvals.Decision(
        decision="approved" if text(sent, "decision") == "approved" else "refused", reason=text(sent, "reason")
    )
    await approvals.decide(here, asking, number, body)
    return _back("/office", "done")


@router.post("/office/alerts/{number}")
async def acknowledge(here: Here, asking: Asking, number: int) -> Response:
    """Take charge of an alert."""
    try:
        await approvals.acknowledge(here, asking, number)
    except Problem as problem:
        if problem.status != 404:
            raise
        return _back("/office", "not_sent")
    return _back("/office", "taken")


@router.get("/office/people")
async def subscribers(request: Request, here: Here, asking: Asking, said: str = "") -> Response:
    """Who gets messages."""
    if asking.account is None:
        return RedirectResponse("/sign-in", 303)
    scope = asking.require("subscribers")
    async with here.reading() as connection:
        found = await visible.rows(connection, visible_row.Subscriber, "subscribers", scope, **(LIST | {"limit": 1000}))
    language = language_for(request, here)
    return render(
        request,
        here,
        "people.html",
        language,
        asking=asking,
        people=found,
        said=said,
        wrong="",
        languages=languages.SHELF.names,
    )


@router.post("/office/people")
async def add(request: Request, here: Here, asking: Asking) -> Response:
    """Add somebody who agreed."""
    sent = await request.form()
    try:
        body = subscriber_routes.NewSubscriber.model_validate({
            "address": text(sent, "phone", 40), "places": [text(sent, "place", 63)],
            "language": text(sent, "language", 10) or languages.OFFICIAL, "consent_channel": text(sent, "how", 30),
            "consent_at": _midnight(text(sent, "agreed", 10)),
        })  # fmt: skip
        await subscriber_routes.add(here, asking, body)
    except (ValidationError, Problem) as error:
        if isinstance(error, Problem) and error.status in {401, 403}:
            raise
        language = language_for(request, here)
        async with here.reading() as connection:
            found = await visible.rows(
                connection, visible_row.Subscriber, "subscribers", asking.require("subscribers"), **LIST
            )
        return render(
            request, here, "people.html", language, status=422, asking=asking, people=found, said="",
            wrong=refusal(error, language), languages=languages.SHELF.names,
        )  # fmt: skip
    return _back("/office/people", "added")


@router.post("/office/people/{number}")
async def stop(here: Here, asking: Asking, number: int) -> Response:
    """Send them nothing any more."""
    await subscriber_routes.stop(here, asking, number)
    return _back("/office/people", "stopped")


@router.get("/office/rules")
async def rules(request: Request, here: Here, asking: Asking, asked: int = 0) -> Response:
    """Try a rule on the past."""
    if asking.account is None:
        return RedirectResponse("/sign-in", 303)
    return await _rules(request, here, asking, asked, "")


async def _rules(request: Request, here: Resources, asking: Asker, asked: int, wrong: str) -> Response:
    asking.require("rules")
    number = min(max(asked, 0), 2**31 - 1)
    async with here.reading() as connection:
        rules = await titles(connection, "rule")
        answer = await visible.row(
            connection, visible_row.Asked, "asked", asking.scope_for("audit"), id=number, who=asking.name
        )
    language = language_for(request, here)
    names = {name: stored_json.title(entry, language, name.replace("_", " ")) for name, entry in rules.items()}
    return render(
        request, here, "rules.html", language, status=422 if wrong else 200, asking=asking, names=names,
        answer=stored_json.preview(answer), wrong=wrong,
    )  # fmt: skip


@router.post("/office/rules")
async def preview(request: Request, here: Here, asking: Asking) -> Response:
    """Ask for a preview."""
    sent = await request.form()
    try:
        first, last = (_day(text(sent, name, 10)) for name in ("from", "to"))
        wish = {"place": text(sent, "place", 63), "from": first, "to": last}
        body = rule_routes.NewPreview.model_validate(wish | {"values": _tried(text(sent, "enter", 100))})
        answer = await rule_routes.preview(here, asking, text(sent, "rule", 63), body)
    except (ValueError, Problem) as error:
        if isinstance(error, Problem) and error.status in {401, 403}:
            raise
        return await _rules(request, here, asking, 0, refusal(error, language_for(request, here)))
    return RedirectResponse(f"/office/rules?asked={answer.headers['location'].rpartition('/')[2]}", 303)


def _tried(thresholds: str) -> dict[str, object]:
    """Thresholds as people type them: with decimal points or commas, spaces between."""
    try:
        numbers = [float(part) for part in thresholds.replace(",", ".").replace(";", " ").split()]
    except ValueError:
        raise Problem(422, "thresholds are numbers with spaces between them", says="not_numbers") from None
    return {"enter": numbers} if numbers else {}


def _midnight(written: str) -> str | None:
    """Beginning of a day in Vietnam, as the API reads moments; none where no day was given."""
    return f"{written}T00:00:00+07:00" if written else None


def _day(written: str) -> datetime:
    """A day of a form, as browsers send it."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Problem(422, f"{written[:10]!r} is no day", says="day") from None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
