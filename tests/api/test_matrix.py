"""Who may do what: every route of the OpenAPI document × every role; and one farm's ids asked for by another."""

import httpx
import psycopg
import pytest

from store.access import ROLES

from .conftest import PEOPLE

#: The right each route needs; "public" where none. A route that is not here fails the test.
NEEDS = {
    ("get", "/v1/stations"): "public",
    ("get", "/v1/stations/{code}"): "public",
    ("get", "/v1/stations/{code}/latest"): "public",
    ("get", "/v1/latest"): "public",
    ("get", "/v1/stations/{code}/readings"): "public",
    ("get", "/v1/readings"): "public",
    ("post", "/v1/readings"): "readings",
    ("get", "/v1/stations/{code}/indices"): "public",
    ("get", "/v1/stations/{code}/unjudged"): "public",
    ("get", "/v1/alerts"): "public",
    ("get", "/v1/alerts/{id}"): "public",
    ("get", "/v1/documents/{name}"): "public",
    ("get", "/v1/places/{code}/forecasts"): "public",
    ("post", "/v1/places/{code}/forecasts"): "readings",
    ("get", "/v1/stream"): "public",
    ("get", "/v1/places"): "public",
    ("get", "/v1/datastreams"): "public",
    ("get", "/v1/bulletins"): "public",
    ("get", "/v1/seasons"): "public",
    ("get", "/v1/verdicts"): "public",
    ("get", "/v1/rules"): "public",
    ("get", "/v1/indices"): "public",
    ("get", "/v1/crops"): "public",
    ("get", "/v1/properties"): "public",
    ("get", "/v1/subscribers"): "subscribers",
    ("get", "/v1/deliveries"): "subscribers",
    ("get", "/v1/gateways"): "gateways",
    ("get", "/v1/set-aside"): "gateways",
    ("get", "/v1/approvals"): "approve",
    ("get", "/v1/rule-settings"): "rules",
    ("get", "/v1/audit"): "audit",
    ("post", "/v1/seasons"): "seasons",
    ("patch", "/v1/seasons/{id}"): "seasons",
    ("post", "/v1/verdicts"): "verdicts",
    ("delete", "/v1/verdicts/{id}"): "verdicts",
    ("post", "/v1/alerts/{id}/acknowledgements"): "acknowledge",
    ("post", "/v1/approvals/{id}"): "approve",
    ("post", "/v1/rules/{rule}/settings"): "rules",
    ("post", "/v1/rules/{rule}/previews"): "rules",
    ("get", "/v1/requests/{id}"): "account",
    ("post", "/v1/subscribers"): "subscribers",
    ("delete", "/v1/subscribers/{id}"): "subscribers",
    ("get", "/v1/inbound/{route}"): "inbound",
    ("post", "/v1/inbound/{route}"): "inbound",
    ("get", "/healthz"): "public",
}
SENSORTHINGS = "/sta/v1.1"
MOMENT = "2026-01-31T13:00:00Z"
BODIES = {
    "/v1/readings": {"readings": [{"station": "{station}", "datastream": "air_temperature", "time": MOMENT, "value": 1}]},
    "/v1/places/{code}/forecasts": {"reference_time": MOMENT, "source": "s",
                                   "values": [{"quantity": "air_temperature", "valid_time": MOMENT, "value": 1}]},
    "/v1/seasons": {"place": "{station}", "crop": "rice", "sown": "2026-01-01"},
    "/v1/seasons/{id}": {"ended": "2026-02-01"},
    "/v1/verdicts": {"station": "{station}", "datastream": "air_temperature", "valid_from": MOMENT, "valid_to": MOMENT,
                     "quality": "fail", "reason": "r"},
    "/v1/approvals/{id}": {"decision": "refused"},
    "/v1/rules/{rule}/settings": {"place": "{station}", "values": {"enabled": False}},
    "/v1/rules/{rule}/previews": {"place": "{station}", "from": "2025-01-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"},
    "/v1/inbound/{route}": {"id": "1", "state": "delivered"},
    "/v1/subscribers": {"address": "0912345678", "places": ["{station}"], "consent_channel": "paper"},
}  # fmt: skip


def filled(value: object, station: str) -> object:
    if isinstance(value, dict):
        return {name: filled(part, station) for name, part in value.items()}
    if isinstance(value, list):
        return [filled(part, station) for part in value]
    return station if value == "{station}" else value


async def ask(
    client: httpx.AsyncClient, method: str, path: str, headers: dict, station: str, number: int = 999_999
) -> httpx.Response:
    names = {"code": station, "id": number, "name": f"{station}.mp3", "rule": "cold_spell", "route": "brand"}
    url = path.format(**names)
    if path == "/v1/readings" and method == "get":
        url += f"?station={station}"
    body = filled(BODIES[path], station) if method in {"post", "patch"} and path in BODIES else None
    return await client.request(method, url, json=body, headers=headers)


def expected(needs: str, role: str | None, name: str) -> set[int]:
    """Statuses that say: not known, not allowed, or neither of them."""
    allowed = {200, 201, 202, 204, 404, 409, 422, 503}
    if needs == "public" or (needs == "account" and name != "public"):
        return allowed
    if name == "public":
        return {401}
    return allowed if role and needs in ROLES[role] else {403}


async def trespasses(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> tuple[int, list[tuple]]:
    """How many pairs of route and role were tried, and those answered otherwise than the role allows."""
    document = (await client.get("/v1/openapi.json")).json()
    routes = {
        (method, path)
        for path, operations in document["paths"].items()
        for method in operations
        if not path.startswith(SENSORTHINGS)
    }
    assert routes == set(NEEDS), "say above which right a new route needs"
    for (method, path), needs in NEEDS.items():
        assert ({} in document["paths"][path][method]["security"]) == (needs == "public"), (method, path)
    wrong, asked = [], 0
    for method, path in sorted(routes - {("get", "/v1/stream")}):
        for name, headers in keys.items():
            role = PEOPLE.get(name, (None, None))[0]
            answer = await ask(client, method, path, headers, "huu-lung-1")
            asked += 1
            if answer.status_code not in expected(NEEDS[method, path], role, name):
                wrong.append((method, path, name, answer.status_code, answer.text[:100]))
    return asked, wrong


async def test_every_route_and_every_role(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    asked, wrong = await trespasses(client, keys)
    assert not wrong
    assert asked > 400


@pytest.fixture
def farm_b(province: str) -> dict[str, int]:
    """Ids of things of farm B, whose text says so."""
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO alert (rule, hazard, place, basis, state, level, started)
            SELECT 'frost', 'frost', id, 'observed', 'open', 1, '2026-01-31 13:00Z' FROM place WHERE code = 'farm-b-1';
            INSERT INTO season (place, crop, sown) SELECT id, 'SECRET', '2026-01-01' FROM place WHERE code = 'farm-b';
            INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
            SELECT min(datastream.id), '2026-01-31 13:00Z', '2026-01-31 13:00Z', 4, 'SECRET', 'person:b', '2026-01-31 13:00Z'
            FROM datastream JOIN place ON place.id = place WHERE code = 'farm-b-1';
            INSERT INTO document (kind, name, content_type, body, place, created_at)
            SELECT 'audio', 'farm-b-1.mp3', 'audio/mpeg', 'SECRET', id, '2026-01-31 13:00Z' FROM place
            WHERE code = 'farm-b';
            INSERT INTO forecast SELECT id, 'air_temperature', '2026-01-31 12:00Z', '2026-01-31 15:00Z', 77.77, 'SECRET'
            FROM place WHERE code = 'farm-b-1';
            INSERT INTO subscriber (created_at) VALUES ('2026-01-31 13:00Z');
            INSERT INTO subscriber_place SELECT 1, id FROM place WHERE code = 'farm-b';
            """
        )
        names = {
            "alerts": "alert WHERE rule = 'frost'",
            "seasons": "season",
            "verdicts": "verdict",
            "subscribers": "subscriber",
        }
        return {name: connection.execute(f"SELECT max(id) FROM {table}").fetchone()[0] for name, table in names.items()}


#: Asked of SensorThings as somebody without a right to farm B: by id, by filter, over other entities.
ENTITIES = (
    "Things({thing})", "Things({thing})/Datastreams", "Things({thing})/Locations", "Locations({thing})",
    "FeaturesOfInterest({thing})", "FeaturesOfInterest({thing})/Observations", "Datastreams({datastream})",
    "Datastreams({datastream})/Observations", "Datastreams({datastream})/Thing", "Things?$filter=id eq {thing}",
    "Datastreams?$filter=id eq {datastream}", "Observations?$filter=Datastream/id eq {datastream}",
    "Observations?$filter=FeatureOfInterest/id eq {thing}", "Things?$filter=properties/code eq 'farm-b-1'",
    "ObservedProperties('air_temperature')/Datastreams?$expand=Thing,Observations($top=1)&$top=1000",
    "Things?$top=1000&$expand=Locations,HistoricalLocations,Datastreams($expand=Observations($top=1))",
    "HistoricalLocations?$top=1000&$expand=Thing", "Sensors?$top=1000&$expand=Datastreams($expand=Thing)",
)  # fmt: skip
FIRST_OF_B = """
SELECT place.id, min(datastream.id) FROM place JOIN datastream ON datastream.place = place.id
WHERE place.code = 'farm-b-1' GROUP BY place.id
"""


def tells_of_b(text: str) -> bool:
    """Whether an answer says anything of farm B, besides what was asked."""
    said = text.replace("'farm-b-1'", "").replace("'farm-b-1.mp3'", "")
    return any(mark in said for mark in ("SECRET", "farm-b", "Trại B", "trại B", "77.77"))


async def leaks_of_b(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]], province: str, farm_b: dict[str, int]
) -> tuple[int, list[tuple]]:
    """How often farm B's things were asked for by others, and the answers that told something."""
    leaks, asked = [], 0
    with psycopg.connect(province) as connection:
        thing, datastream = connection.execute(FIRST_OF_B).fetchone()
    for name in ("public", "farmer-a", "nobody"):
        for method, path in sorted(set(NEEDS) - {("get", "/v1/stream"), ("get", "/healthz")}):
            number = farm_b.get(path.split("/")[2], 999_999)
            answer = await ask(client, method, path, keys[name], "farm-b-1", number)
            asked += 1
            refused = answer.status_code in {401, 403, 404} or "{" not in path or "rule" in path
            if tells_of_b(answer.text) or answer.status_code >= 500 or not refused:
                leaks.append((method, path, name, answer.status_code, answer.text[:200]))
        for path in ENTITIES:
            url = f"{SENSORTHINGS}/{path.format(thing=thing, datastream=datastream)}"
            answer = await client.get(url, headers=keys[name])
            asked += 1
            if tells_of_b(answer.text) or answer.status_code >= 500:
                leaks.append(("get", url, name, answer.status_code, answer.text[:200]))
    return asked, leaks


async def test_no_route_gives_another_farms_rows(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]], province: str, farm_b: dict[str, int]
) -> None:
    asked, leaks = await leaks_of_b(client, keys, province, farm_b)
    assert not leaks
    assert asked > 150


async def test_the_farmer_sees_what_others_do_not(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]], farm_b: dict[str, int]
) -> None:
    mine = keys["farmer-b"]
    for path in ("alerts", "seasons", "verdicts"):
        items = (await client.get(f"/v1/{path}", headers=mine)).json()["items"]
        assert farm_b[path] in {item["id"] for item in items}, path
    assert (await client.get("/v1/documents/farm-b-1.mp3", headers=mine)).content == b"SECRET"
    assert (await client.get("/v1/places/farm-b-1/forecasts", headers=mine)).json()[0]["value"] == 77.77
    seen = await client.get(
        f"{SENSORTHINGS}/Things?$filter=properties/code eq 'farm-b-1'&$expand=Locations", headers=mine
    )
    assert tells_of_b(seen.text), "what the search for leaks looks for is there"
