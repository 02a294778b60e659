"""A picture drawn on the server, and Leaflet over it where scripts are on; no tiles from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from markupsafe import Markup

from api import languages
from api.access.caller import Asking
from api.access.dependencies import Here
from api.web import view
from api.web.page import STATIC, language_for, render
from api.web.words import Language
from store import visible, visible_row

router = APIRouter(include_in_schema=False)
WIDTH, HEIGHT, EDGE = 360, 300, 24


@dataclass(frozen=True, slots=True)
class Spot:
    """A station as a point of the map."""

    name: str
    longitude: float
    latitude: float
    link: str
    level: int
    temperature: str


def picture(stations: Sequence[Spot], label: str) -> Markup:
    """Points of stations on a plane, north up, one degree of longitude drawn as long as it is in the middle."""
    if not stations:
        return Markup("")
    west, east = min(s.longitude for s in stations), max(s.longitude for s in stations)
    south, north = min(s.latitude for s in stations), max(s.latitude for s in stations)
    scale = min((WIDTH - 2 * EDGE) / max(east - west, 1e-3), (HEIGHT - 2 * EDGE) / max(north - south, 1e-3))
    parts = []
    for station in stations:
        x = EDGE + (station.longitude - west) * scale
        y = EDGE + (north - station.latitude) * scale
        kind = "warned" if station.level else "quiet"
        anchor, dx = ("end", -9) if x > WIDTH * 0.6 else ("start", 9)
        point = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="6"/>'
        place = f'x="{x + dx:.1f}" y="{y + 4:.1f}" text-anchor="{anchor}"'
        name = f'<text class="tick" {place}>{escape(station.name)}</text>'
        parts.append(f'<a href="{escape(station.link)}">{point}{name}</a>')
    svg = f'<svg class="chart map" viewBox="0 0 {WIDTH} {HEIGHT}" role="group" aria-label="{escape(label)}">'
    return Markup(svg + "".join(parts) + "</svg>")  # noqa: S704 — every text in it is escaped


def _station(row: visible_row.Overview, language: Language) -> Iterator[Spot]:
    """The station where it stands; nothing of one that stands nowhere."""
    if row["longitude"] is not None and row["latitude"] is not None:
        link, level = f"/?station={row['code']}&lang={language}", row["alert_level"] or 0
        temperature = view.temperature(row["air_temperature"], language)
        yield Spot(row["name"], row["longitude"], row["latitude"], link, level, temperature)


@router.get("/map")
async def map_of_stations(request: Request, here: Here, asking: Asking) -> Response:
    """Where the stations stand."""
    language = language_for(request, here)
    async with here.reading() as connection:
        rows = await visible.rows(connection, visible_row.Overview, "overview", asking.scope, now=here.now())
        communes = await visible.rows(
            connection, visible_row.Place, "places", asking.scope, after=0, within=None, state="commune", limit=500
        )
    stations = [spot for row in rows for spot in _station(row, language)]
    outlines = [row["geometry"] for row in communes if row["geometry"]]
    drawn = picture(stations, languages.SHELF.words(language, "page")["map"])
    return render(
        request,
        here,
        "map.html",
        language,
        asking=asking,
        stations=stations,
        outlines=outlines,
        picture=drawn,
        points=[asdict(spot) for spot in stations],
    )


@router.get("/sw.js")
async def service_worker() -> Response:
    """The service worker, from the root so that it may keep the page."""
    return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": "no-cache"})
