"""The page at ``/``: choose a station; its values, charts and warnings."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from api import languages
from api.access.caller import Asker, Asking
from api.access.dependencies import Here, Resources
from api.protocol.parameters import CODE
from api.routes.alerts import ANY_ALERT
from api.routes.catalogue import titles
from api.routes.readings import values
from api.routes.unjudged import Names
from api.web import season, unjudged, view
from api.web.ended import ended_on
from api.web.style import STYLE
from api.web.words import Language, ago, language_of, short_date, time_and_date, weekday
from store import visible, visible_row
from store.pool import Connection
from telemetry.quantities import QUANTITIES

router = APIRouter(include_in_schema=False)
TEMPLATES = Environment(loader=PackageLoader("api.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True)  # fmt: skip
STATIC = Path(__file__).parent / "static"
DAYS = (1, 3, 7, 14)
#: At most so many charts on the page: a slow phone pays for each.
CHARTS = 6


def render(
    request: Request, here: Resources, name: str, language: Language, status: int = 200, **given: object
) -> Response:
    """A template filled with what every page needs besides its own."""
    others = [
        (code, name, str(request.url.include_query_params(lang=code).query))
        for code, name in languages.SHELF.names.items()
        if code != language
    ]
    given = {"asking": None, "office": languages.SHELF.words(language, "office")} | given
    settings = here.settings
    notice = (settings.notice_en if language == "en" else "") or settings.notice
    text = TEMPLATES.get_template(name).render(
        words=languages.SHELF.words(language, "page"), language=language, notice=notice, style=STYLE, others=others,
        **given,
    )  # fmt: skip
    headers = {
        "Content-Language": language,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Authorization, Cookie, X-API-Key",
    }
    return Response(text, status, headers, "text/html; charset=utf-8")


def language_for(request: Request, here: Resources) -> Language:
    """Language of a request."""
    return language_of(
        request.query_params.get("lang"), request.headers.get("accept-language", ""), here.settings.language
    )


async def _hourly(
    here: Resources, asking: Asker, found: list[visible_row.Datastream], times: tuple[datetime, datetime]
) -> list[tuple[visible_row.Datastream, list[tuple[datetime, float]]]]:
    chosen = sorted(
        (row for row in found if row["quantity"] in QUANTITIES and row["quantity"] not in view.UNDRAWN),
        key=lambda row: view.rank(row["quantity"]),
    )[:CHARTS]
    rows = await values(
        here, asking.scope, chosen, times, every="1h", aggregate="natural", quality="usable", limit=20_000, after=None
    )
    points: dict[int, list[tuple[datetime, float]]] = {row["id"]: [] for row in chosen}
    for row in rows:
        if row["value"] is not None:
            points[row["datastream_id"]].append((row["time"], row["value"]))
    return [(row, points[row["id"]]) for row in chosen]


async def _station(
    here: Resources,
    asking: Asker,
    code: str,
    days: int,
    language: Language,
    names: Names,
    rules: Names,
) -> dict[str, object] | None:
    """Everything about one station, or None where there is none to see."""
    now = here.now()
    async with here.reading() as connection:
        place = await visible.row(connection, visible_row.Place, "place", asking.scope, code=code)
        if place is None:
            return None
        latest = await visible.rows(
            connection, visible_row.Latest, "latest", asking.scope, code=code, quantity=None, limit=200
        )
        found = await visible.rows(
            connection, visible_row.Datastream, "datastreams_of", asking.scope, stations=[code], names=[]
        )
        indices = await visible.rows(
            connection,
            visible_row.IndexValue,
            "indices",
            asking.scope,
            code=code,
            indices=[],
            from_time=now - timedelta(days=4),
            to_time=now + timedelta(days=1),
            after_time=now - timedelta(days=5),
            after_index="",
            after_season=-1,
            limit=2000,
        )
        forecast = await visible.rows(
            connection,
            visible_row.Forecast,
            "forecasts",
            asking.scope,
            code=code,
            from_time=now,
            to_time=now + timedelta(days=5),
            now=now,
            limit=2000,
        )
        silent = await visible.rows(connection, visible_row.Unjudged, "unjudged", asking.scope, code=code)
        awaited = await visible.row(connection, visible_row.Awaited, "awaited", asking.scope, code=code, now=now)
        ahead = await visible.rows(
            connection,
            visible_row.ComingIndex,
            "coming_indices",
            asking.scope,
            code=code,
            from_time=now,
            to_time=now + timedelta(days=5),
            now=now,
        )
        properties = await titles(connection, "property") if silent else {}
    zone = ZoneInfo(place["time_zone"])
    times = (now - timedelta(days=days), now)
    newest = max((row["time"] for row in latest), default=None)
    return {
        "place": place,
        "newest": view.latest_values(latest, now, language),
        "measured": time_and_date(newest.astimezone(zone), language) if newest else "",
        "age": ago(now - newest, language) if newest else "",
        "charts": view.charts(await _hourly(here, asking, found, times), times, zone, language),
        "coming": view.coming(forecast, zone, language),
        "ahead": view.daily(ahead, names, zone, language, newest=False),
        "daily": view.daily(indices, names, zone, language),
        "local": time_and_date(now.astimezone(zone), language),
        "since": time_and_date(awaited["since"].astimezone(zone), language) if awaited and awaited["since"] else "",
        "unjudged": unjudged.of_page(silent, rules, properties, language),
    }


async def _seasons(
    connection: Connection,
    here: Resources,
    asking: Asker,
    place: visible_row.Overview,
    commune: str | None,
    language: Language,
) -> list[season.Growing]:
    """Crops in the field that the asker may see at a station and around it."""
    now, zone = here.now(), ZoneInfo(place["time_zone"])
    found = await visible.rows(
        connection,
        visible_row.Growing,
        "growing",
        asking.scope,
        code=place["code"],
        commune=commune,
        today=now.astimezone(zone).date(),
    )
    if not found:
        return []
    values = await visible.rows(
        connection,
        visible_row.SeasonValue,
        "season_values",
        asking.scope,
        seasons=[row["id"] for row in found],
        indices=list(season.SHOWN),
        now=now,
    )
    crops = await titles(connection, "crop")
    made = []
    for row in found:
        mine = [value for value in values if value["season"] == row["id"]]
        made.append(season.growing(row, mine, crops.get(row["crop"], {}), now, language))
    return made


def _groups(rows: list[visible_row.Overview], now: datetime, language: Language) -> dict[str, list[view.Station]]:
    groups: dict[str, list[view.Station]] = {}
    words = languages.SHELF.words(language, "page")
    for row in rows:
        commune = row["commune_name"] or words["no_commune"]
        over = ended_on(row, now)
        said = f"{words['ended']} {over}" if over else view.temperature(row["air_temperature"], language)
        groups.setdefault(commune, []).append(view.Station(row["code"], row["name"], said))
    return groups


@router.get("/")
async def home(
    request: Request,
    here: Here,
    asking: Asking,
    station: Annotated[str | None, Query(pattern=CODE + "|^$")] = None,
    days: Annotated[int, Query(ge=1, le=14)] = 3,
    lang: Annotated[str | None, Query(max_length=10)] = None,  # noqa: ARG001 — read by language_for
) -> Response:
    """The farmers' page."""
    language = language_for(request, here)
    async with here.reading() as connection:
        overview = await visible.rows(connection, visible_row.Overview, "overview", asking.scope, now=here.now())
        opened = await visible.rows(
            connection, visible_row.Alert, "alerts", asking.scope, **(ANY_ALERT | {"state": "open"})
        )
        index_names = await titles(connection, "index")
        rule_names = await titles(connection, "rule")
    known = {row["code"] for row in overview}
    chosen = station or next((row["code"] for row in overview if row["time"]), None)
    about = None
    if chosen and chosen in known:
        about = await _station(here, asking, chosen, days, language, index_names, rule_names)
    at = next((row for row in overview if row["code"] == chosen), None)
    commune = at["commune"] if at else None
    bulletins, seasons = [], []
    async with here.reading() as connection:
        if about and at:
            seasons = await _seasons(connection, here, asking, at, commune, language)
        if commune:
            bulletins = await visible.rows(
                connection,
                visible_row.Bulletin,
                "bulletins",
                asking.scope,
                before=2**62,
                state=None,
                within=commune,
                limit=3,
            )
    near = [row for row in opened if row["place"] == chosen or (commune and row["commune"] == commune)]
    far = [row for row in opened if row not in near]
    return render(
        request, here, "home.html", language, status=404 if station and about is None else 200,
        asking=asking, seasons=seasons, bulletin=view.bulletin(bulletins, language),
        groups=_groups(overview, here.now(), language), about=about, chosen=chosen, asked=station, days=days,
        choices=DAYS, near=view.dangers(view.alerts(near, language, rule_names)),
        far=view.dangers(view.alerts(far, language, rule_names)), count=len(overview),
        weekday=weekday, short_date=short_date,
    )  # fmt: skip
