"""Routes of SensorThings at ``/sta/v1.1``: one for every path, since paths are a language of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast
from urllib.parse import parse_qsl

import msgspec
from fastapi import APIRouter, Request, Response

from api.access.caller import Asker, Asking
from api.access.dependencies import Here, Resources
from api.protocol.etag import json_answer
from api.protocol.problems import Problem, not_found
from api.routes.post_readings import send
from api.sensorthings.address import Place, find
from api.sensorthings.body import told
from api.sensorthings.cost import heavy
from api.sensorthings.grammar import moment, wrong
from api.sensorthings.options import Options, options
from api.sensorthings.patch import apply
from api.sensorthings.read import Reader
from api.sensorthings.write import Writer
from store import sensorthings
from store.pool import Pool
from store.sensorthings import ENTITIES, Row
from telemetry.pack import MAXIMUM_RECORDS
from telemetry.reading import Reading, milliseconds

router = APIRouter(prefix="/sta/v1.1", include_in_schema=False)
SPECIFICATION = "http://www.opengis.net/spec/iot_sensing/1.1/req"
#: Exactly what is kept.
CONFORMANCE = [
    f"{SPECIFICATION}/{part}"
    for part in (
        "datamodel/thing", "datamodel/location", "datamodel/historical-location", "datamodel/datastream",
        "datamodel/sensor", "datamodel/observed-property", "datamodel/observation", "datamodel/feature-of-interest",
        "datamodel/entity-control-information", "resource-path/resource-path-to-entities", "request-data/order",
        "request-data/expand", "request-data/select", "request-data/orderby", "request-data/skip", "request-data/top",
        "request-data/count", "request-data/filter", "request-data/built-in-filter-operations",
        "request-data/pagination",
        "data-array/data-array", "create-update-delete/create-entity", "create-update-delete/deep-insert",
        "create-update-delete/update-entity", "create-update-delete/delete-entity",
    )
]  # fmt: skip


def root(request: Request) -> str:
    """Address of the service."""
    return str(request.base_url).rstrip("/") + "/sta/v1.1"


@asynccontextmanager
async def reading(request: Request, here: Resources, asking: Asker, share: Pool | None = None) -> AsyncIterator[Reader]:
    """Reader for the asker; what is asked in public, or is heavy, has a share of its own of connections and of time."""
    seconds = here.settings.public_seconds if asking.account is None else None
    async with here.reading(share, seconds) as connection:
        yield Reader(connection, asking.scope, root(request), here.now())


@router.get("")
@router.get("/")
async def service(request: Request, asking: Asking) -> Response:  # noqa: ARG001
    """Entity sets and what is conformed to."""
    sets = [{"name": name, "url": f"{root(request)}/{name}"} for name in ENTITIES]
    return json_answer(request, {"value": sets, "serverSettings": {"conformance": CONFORMANCE}})


def asked_of(request: Request) -> dict[str, str]:
    """Options of the address, each once."""
    given: dict[str, str] = {}
    try:
        pairs = parse_qsl(request.url.query, keep_blank_values=True, strict_parsing=False, max_num_fields=20)
    except ValueError:
        raise wrong("more than 20 options") from None
    for name, text in pairs:
        if name in given:
            raise wrong(f"{name[:40]!r} is given twice")
        given[name] = text
    return given


@router.get("/{path:path}")
async def get(request: Request, here: Here, asking: Asking, path: str) -> Response:
    """A set, an entity, a property."""
    share = here.shares.light if asking.account is None else None
    async with reading(request, here, asking, share) as reader:
        place = await find(reader, path)
        asked = options(place.entity, asked_of(request))
        if not heavy(place, asked):
            return await _shown(request, reader, place, asked, path)
    async with reading(request, here, asking, here.shares.heavy) as reader:
        return await _shown(request, reader, place, asked, path)


async def _shown(request: Request, reader: Reader, place: Place, asked: Options, path: str) -> Response:
    address = f"{reader.root}/{path.strip('/')}"
    if place.what == "set":
        return json_answer(request, await reader.page(place.entity, asked, address, place))
    if place.what == "reference":
        return await _references(request, reader, place, asked, address)
    document = await reader.one(place.entity, place.number, asked if place.what == "one" else None)
    if place.what == "one":
        return json_answer(request, document)
    value = document["@iot.id" if place.property == "id" else place.property]
    if place.what == "property":
        return json_answer(request, {place.property: value})
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Response(text, media_type="text/plain")


async def _references(request: Request, reader: Reader, place: Place, asked: Options, address: str) -> Response:
    if place.number is not None:
        return json_answer(request, {"@iot.selfLink": reader.link(place.entity, place.number)})
    document = await reader.page(place.entity, asked, address, place)
    items = cast("list[Row]", document["value"])
    links = [{"@iot.selfLink": item["@iot.selfLink"]} for item in items]
    return json_answer(request, document | {"value": links})


async def body_of(request: Request) -> object:
    """JSON of a body, or a 400."""
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise wrong("the body is no JSON") from None


@router.post("/CreateObservations")
async def create_observations(request: Request, here: Here, asking: Asking) -> Response:
    """Observations of several datastreams as arrays; an address or "error" for each."""
    asking.require("readings")
    tables = await body_of(request)
    if not isinstance(tables, list) or not tables:
        raise wrong("CreateObservations takes an array of {Datastream, components, dataArray}")
    found: list[tuple[int, dict[str, object]]] = []
    for table in tables:
        found += _table(table)
    links = await _observe(request, here, asking, found)
    return Response(msgspec.json.encode(links), 201, media_type="application/json")


def _table(table: object) -> list[tuple[int, dict[str, object]]]:
    match table:
        case {"Datastream": {"@iot.id": int(number)}, "components": [*names], "dataArray": [*rows]}:
            if all(isinstance(row, list) and len(row) == len(names) for row in rows):
                return [(number, dict(zip(map(str, names), row, strict=True))) for row in rows]
    raise wrong("each table has Datastream, components, and a dataArray of rows as long as components")


async def _observe(
    request: Request, here: Resources, asking: Asker, sent: list[tuple[int, dict[str, object]]]
) -> list[str]:
    """Send observations as readings; the address of each, or ``error`` for one that was set aside."""
    if len(sent) > MAXIMUM_RECORDS:
        raise wrong(f"{MAXIMUM_RECORDS} observations at most in one request")
    names: dict[int, Row] = {}
    async with here.reading() as connection:
        for number in {number for number, _ in sent}:
            name = await sensorthings.changed(connection, "wire_name", asking.scope, id=_fits(number))
            if name is None:
                raise not_found("Datastreams", number)
            names[number] = name
    readings = [_reading(names[number], number, body, here) for number, body in sent]
    posted = await send(here, asking, readings)
    lost = {entry.record: entry for entry in posted.set_aside}
    links = []
    for record, ((number, _), entry) in enumerate(zip(sent, readings, strict=True)):
        wrong_one = record in lost or -1 in lost
        links.append("error" if wrong_one else f"{root(request)}/Observations('{number}@{entry.time * 1000}')")
    return links


def _fits(number: int) -> int:
    return number if 0 < number < 2**31 else 0


def _reading(name: Row, number: int, body: dict[str, object], here: Resources) -> Reading:
    body = told("Observations", body)
    feature = body.get("FeatureOfInterest")
    if feature is not None and (not isinstance(feature, dict) or "@iot.id" not in feature):
        raise wrong("the FeatureOfInterest is where the station stands: leave it out")
    result, time = body.get("result"), body.get("phenomenonTime")
    if isinstance(result, str):
        try:
            result = float(result)
        except ValueError:
            result = None
    if not isinstance(result, int | float) or isinstance(result, bool) or not -1e12 <= result <= 1e12:
        raise wrong(f"results are numbers (Datastream {number})")
    if time is not None and not isinstance(time, str):
        raise wrong("phenomenonTime is ISO 8601 text")
    at = moment(time) if time else here.now()
    return Reading(name["station"], name["quantity"], milliseconds(at), float(result), name["level"])


@router.post("/{path:path}")
async def create(request: Request, here: Here, asking: Asking, path: str) -> Response:
    """Create an entity, with others inside it."""
    is_observation = path.strip("/").endswith("Observations")
    asking.require("readings" if is_observation else "places")
    body = await body_of(request)
    async with reading(request, here, asking) as reader:
        place = await find(reader, path)
    if place.what != "set":
        raise Problem(405, "POST goes to an entity set")
    if is_observation:
        return await _created_observation(request, here, asking, place, body)
    async with here.writing() as connection:
        number = await Writer(connection, asking).create(place.entity, body, place.above)
    async with reading(request, here, asking) as reader:
        document = await reader.one(place.entity, number)
    return Response(
        msgspec.json.encode(document), 201, {"Location": str(document["@iot.selfLink"])}, "application/json"
    )


async def _created_observation(
    request: Request, here: Resources, asking: Asker, place: Place, body: object
) -> Response:
    given = told("Observations", body)
    number = int(place.above[1] or 0) if place.above and place.above[0].name == "Datastreams" else None
    if number is None:
        match given.get("Datastream"):
            case {"@iot.id": int(found)} if not isinstance(found, bool):
                number = found
            case _:
                raise wrong("an Observation names its Datastream: {'@iot.id': 7}")
    (link,) = await _observe(request, here, asking, [(number, given)])
    if link == "error":
        raise Problem(409, "the observation was set aside: see GET /v1/set-aside")
    return Response(None, 201, {"Location": link})


@router.put("/{path:path}")
@router.patch("/{path:path}")
async def change(request: Request, here: Here, asking: Asking, path: str) -> Response:
    """Change an entity: what is sent of it, or JSON Patch; what is not sent stays, also with PUT."""
    asking.require("places")
    body = await body_of(request)
    async with reading(request, here, asking) as reader:
        place = await find(reader, path)
        if place.what != "one":
            raise Problem(405, f"{request.method} goes to one entity")
        if request.headers.get("content-type", "").startswith("application/json-patch+json"):
            body = apply(await reader.one(place.entity, place.number), body)
    async with here.writing() as connection:
        await Writer(connection, asking).change(place.entity, place.number, body)
    async with reading(request, here, asking) as reader:
        return json_answer(request, await reader.one(place.entity, place.number))


@router.delete("/{path:path}")
async def drop(request: Request, here: Here, asking: Asking, path: str) -> Response:
    """Delete an entity that has no readings."""
    asking.require("places")
    async with reading(request, here, asking) as reader:
        place = await find(reader, path)
    if place.what != "one":
        raise Problem(405, "DELETE goes to one entity")
    async with here.writing() as connection:
        await Writer(connection, asking).drop(place.entity, place.number)
    return Response(status_code=200)
