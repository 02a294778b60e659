"""What somebody would try who wants in, wants to see more, or wants to silence others; beside the matrix of rights."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from psycopg_pool import PoolTimeout
from starlette.requests import Request

from api.access.caller import address_of
from notify.grouping.fan_out import load_steps
from notify.publications import cap_publisher
from notify.settings import NotifySettings
from store import access
from store.pool import pool

from .conftest import NOW, client_of
from .served import running

Keys = dict[str, dict[str, str]]
PASSWORD = "một mật khẩu dài"


async def test_a_filter_does_not_spell_what_is_hidden(client: httpx.AsyncClient, keys: Keys) -> None:
    verdict = {"station": "huu-lung-1", "datastream": "air_temperature", "valid_from": "2026-01-31T13:00:00Z",
               "valid_to": "2026-01-31T13:00:00Z", "quality": "fail", "reason": "spider"}  # fmt: skip
    assert (await client.post("/v1/verdicts", json=verdict, headers=keys["agronomist"])).status_code == 201
    known = (await client.get("/v1/verdicts", headers=keys["officer"])).json()["items"][0]["who"]
    for asked, headers, count in (
        ("person", {}, 1), (known, keys["officer"], 1), (known, {}, 0), (known[:12], {}, 0), ("p%", {}, 0), ("_erson", {}, 0),
    ):  # fmt: skip
        answer = await client.get("/v1/verdicts", params={"filter": asked}, headers=headers)
        assert len(answer.json()["items"]) == count, (asked, headers)


COMPARED = (
    "Things?$filter=startswith(properties/code,'farm-b')", "Things?$filter=length(name) eq 11 and contains(name,'B')",
    "Things?$filter=Datastreams/Observations/result gt 0 and name eq 'Trạm trại B'", "Locations?$filter=name eq 'Trạm trại B'",
    "Things?$filter=geo.distance(Locations/location,geography'POINT(106.36 21.53)') lt 1",
    "Locations?$filter=geo.distance(location,geography'POINT(106.36 21.53)') lt 1",
    "Locations?$filter=st_within(location,geography'POLYGON((106.355 21.525,106.365 21.525,106.365 21.535,106.355 21.525))')",
    "Datastreams?$filter=Thing/name eq 'Trạm trại B'", "Datastreams?$filter=properties/station eq 'farm-b-1'",
    "Observations?$filter=Datastream/Thing/properties/code eq 'farm-b-1'",
    "FeaturesOfInterest?$filter=name eq 'Trạm trại B'", "HistoricalLocations?$filter=Thing/name eq 'Trạm trại B'",
    "Sensors?$filter=Datastreams/Thing/name eq 'Trạm trại B'",
    "ObservedProperties?$filter=Datastreams/Thing/name eq 'Trạm trại B'",
)  # fmt: skip


async def test_a_comparison_does_not_tell_of_another_farm(client: httpx.AsyncClient, keys: Keys) -> None:
    for path in COMPARED:
        url = f"/sta/v1.1/{path}&$count=true"
        for name in ("public", "farmer-a"):
            answer = await client.get(url, headers=keys[name])
            if answer.status_code == 400:
                continue  # not a thing that can be asked, of whomever
            assert answer.json()["@iot.count"] == 0, (path, name, answer.text[:200])
        mine = await client.get(url, headers=keys["farmer-b"])
        assert mine.status_code == 400 or mine.json()["@iot.count"] > 0 or "length" in path, (path, mine.text[:200])


async def test_order_and_paging_do_not_count_what_is_hidden(client: httpx.AsyncClient, keys: Keys) -> None:
    for order in ("id", "name", "properties/code", "id desc"):
        url, seen = f"/sta/v1.1/Things?$top=1&$orderby={order}&$count=true", []
        while url:
            page = (await client.get(url)).json()
            assert page["@iot.count"] == 3
            seen += [item["properties"]["code"] for item in page["value"]]
            url = page.get("@iot.nextLink", "").replace("http://nongvu.test", "")
        assert sorted(seen) == ["huu-lung-1", "jfk", "mau-son-1"]


@pytest.fixture
def lesser(province: str) -> dict[str, str]:
    """Headers of the administrator of farm A alone."""
    with psycopg.connect(province) as connection:
        access.add_account(connection, "lesser")
        access.grant(connection, "lesser", "administrator", "farm-a")
        key = access.add_key(connection, "lesser", scopes=list(access.RIGHTS))
        connection.execute(
            "INSERT INTO sensor (name, description, encoding_type, metadata)"
            " VALUES ('SECRET', 'of farm B', 'text/plain', 'serial 7')"
        )
        connection.execute(
            "UPDATE datastream SET sensor = (SELECT max(id) FROM sensor) FROM place"
            " WHERE place.id = place AND code = 'farm-b-1'"
        )
    return {"authorization": f"Bearer {key.text}"}


async def test_who_looks_after_one_farm_changes_nothing_elsewhere(
    client: httpx.AsyncClient, province: str, lesser: dict[str, str]
) -> None:
    with psycopg.connect(province) as connection:
        ids = dict(connection.execute("SELECT code, id FROM place WHERE kind = 'station'").fetchall())
        streams = dict(connection.execute("SELECT code, min(datastream.id) FROM datastream JOIN place ON place.id = place"
                                          " GROUP BY code").fetchall())  # fmt: skip
        (sensor,) = connection.execute("SELECT max(id) FROM sensor").fetchone()
    other = {"Sensor": {"@iot.id": sensor}}
    sta = "/sta/v1.1"
    made = {"name": "x", "Thing": {"@iot.id": ids["farm-a-1"]}, "ObservedProperty": {"@iot.id": "soil_temperature"}}
    for method, path, body in (
        ("PATCH", f"Datastreams({streams['farm-a-1']})", other), ("POST", "Datastreams", made | other),
        ("PATCH", f"Things({ids['farm-b-1']})", {"name": "mine"}), ("DELETE", f"Things({ids['farm-b-1']})", None),
        ("PATCH", f"Things({ids['huu-lung-1']})", {"name": "mine"}), ("DELETE", f"Datastreams({streams['farm-b-1']})", None),
        ("PATCH", f"Datastreams({streams['huu-lung-1']})", {"name": "mine"}), ("PATCH", f"Sensors({sensor})", {"name": "x"}),
        ("PATCH", f"Locations({ids['jfk']})", {"location": {"type": "Point", "coordinates": [1, 1]}}),
        ("POST", "Things", {"name": "x", "properties": {"parent": "farm-b"}}), ("POST", "Things", {"name": "x"}),
        ("POST", "Datastreams", made | {"Thing": {"@iot.id": ids["farm-b-1"]}}),
        ("POST", f"Things({ids['farm-b-1']})/Datastreams", made), ("DELETE", f"Sensors({sensor})", None),
    ):  # fmt: skip
        answer = await client.request(method, f"{sta}/{path}", json=body, headers=lesser)
        assert answer.status_code in {400, 403, 404, 409}, (method, path, answer.status_code, answer.text[:200])
        assert "SECRET" not in answer.text
    assert "SECRET" not in (await client.get(f"{sta}/Sensors", headers=lesser)).text
    own = await client.patch(f"{sta}/Datastreams({streams['farm-a-1']})", json={"name": "mine"}, headers=lesser)
    assert own.status_code == 200, "its own it may change"


async def test_warnings_of_a_farm_are_the_farms(client: httpx.AsyncClient, province: str, keys: Keys) -> None:
    async with pool(province, name="test") as connections, connections.connection() as connection:
        steps = await load_steps(connection, [1, 2, 3, 4])
        settings = NotifySettings(database_url=province)
        await cap_publisher.publish(connection, steps, NOW.replace(year=2020), settings)
        await connection.execute("UPDATE document SET expires = %s", [NOW.replace(year=2030)])
        await cap_publisher.publish_feed(connection, NOW, settings)
    with psycopg.connect(province) as reading:
        names = dict(
            reading.execute("SELECT document.name, code FROM document JOIN place ON place.id = place").fetchall()
        )
    assert sorted(names.values()) == ["farm-a-1", "farm-a-1", "huu-lung-1", "huu-lung-1"]
    feed = (await client.get("/v1/documents/cap.atom")).text
    for name, place in names.items():
        seen = (await client.get(f"/v1/documents/{name}")).status_code == 200
        assert seen == (place == "huu-lung-1")
        assert (name in feed) == (place == "huu-lung-1")
        assert (await client.get(f"/v1/documents/{name}", headers=keys["farmer-a"])).status_code == 200
        assert ((await client.get(f"/v1/documents/{name}", headers=keys["farmer-b"])).status_code == 200) == seen
    assert "trại A" not in feed
    async with client_of(province, public="nothing") as closed:
        assert (await closed.get("/v1/documents/cap.atom")).status_code == 404
        assert (await closed.get("/v1/documents/cap.atom", headers=keys["officer"])).status_code == 200


@pytest.fixture
def person(province: str) -> str:
    with psycopg.connect(province) as connection:
        hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
        access.add_account(connection, "can-bo", "Bà Lan", password=hashed)
        access.grant(connection, "can-bo", "officer", "huu-lung")
    return province


async def test_guesses_made_at_once_are_locked_out_too(person: str) -> None:
    async with client_of(person) as client:

        def tried(password: str) -> asyncio.Task[httpx.Response]:
            return asyncio.create_task(client.post("/sign-in", data={"name": "can-bo", "password": password}))

        guesses = [tried(f"wrong {number}") for number in range(12)]
        await asyncio.sleep(0)
        right = tried(PASSWORD)
        assert {answer.status_code for answer in await asyncio.gather(*guesses)} == {403}
        assert (await right).status_code == 403, "the lock holds for those whose turn comes after it"


async def test_a_session_is_made_new_and_the_old_one_ends(person: str) -> None:
    async with client_of(person, secure_cookies=True) as client:
        client.base_url = "https://nongvu.test"
        form = {"name": "can-bo", "password": PASSWORD}
        planted = await client.post("/sign-in", data=form, headers={"cookie": "__Host-nongvu_session=planted"})
        first = planted.headers["set-cookie"]
        assert first.startswith("__Host-nongvu_session=")
        assert "planted" not in first
        for mark in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
            assert mark in first
        assert "Domain" not in first
        old = first.split(";")[0]
        client.cookies.clear()
        page = (await client.get("/sign-in", headers={"cookie": old})).text
        csrf = page.split('name="csrf" value="')[1][:128]
        again = await client.post("/sign-in", data=form | {"csrf": csrf}, headers={"cookie": old})
        client.cookies.clear()
        new = again.headers["set-cookie"].split(";")[0]
        assert (await client.get("/office", headers={"cookie": old})).headers.get("location") == "/sign-in"
        assert (await client.get("/office", headers={"cookie": new})).status_code == 200
        bare = new.replace("__Host-", "")
        assert (await client.get("/office", headers={"cookie": bare})).headers.get("location") == "/sign-in"


async def test_forms_are_taken_from_here_only(client: httpx.AsyncClient, person: str) -> None:
    form = {"name": "can-bo", "password": PASSWORD}
    for headers, status in (
        ({"origin": "https://evil.example"}, 403), ({"origin": "null"}, 403), ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://nongvu.test"}, 403),
        ({"origin": "http://nongvu.test"}, 303), ({"sec-fetch-site": "same-origin"}, 303), ({}, 303),
    ):  # fmt: skip
        client.cookies.clear()
        assert (await client.post("/sign-in", data=form, headers=headers)).status_code == status, headers


async def test_disabled_accounts_are_out_at_once(client: httpx.AsyncClient, person: str) -> None:
    with psycopg.connect(person) as connection:
        key = access.add_key(connection, "can-bo")
    assert (await client.post("/sign-in", data={"name": "can-bo", "password": PASSWORD})).status_code == 303
    assert (await client.get("/office")).status_code == 200
    with psycopg.connect(person) as connection:
        access.change(connection, "can-bo", "set_disabled", "account disabled", disabled=True)
    assert (await client.get("/office")).status_code == 303
    assert (await client.get("/v1/stations", headers={"x-api-key": key.text})).status_code == 401


async def test_nothing_private_is_left_in_a_cache(client: httpx.AsyncClient, person: str) -> None:
    await client.post("/sign-in", data={"name": "can-bo", "password": PASSWORD})
    tag = (await client.get("/v1/latest")).headers["etag"]
    for path, headers in (
        ("/", {}), ("/map", {}), ("/office", {}), ("/office/people", {}), ("/sign-in", {}), ("/v1/latest", {}),
        ("/v1/latest", {"if-none-match": tag}), ("/v1/stations/nowhere", {}), ("/v1/stations/farm-a-1", {}),
        ("/v1/readings?station=huu-lung-1&format=csv", {}), ("/v1/readings?station=huu-lung-1&format=parquet", {}),
        ("/sta/v1.1/Things", {}), ("/sta/v1.1/Things(1)/name/$value", {}), ("/v1/audit", {}), ("/v1/openapi.json", {}),
        ("/healthz", {}), ("/nowhere", {}),
    ):  # fmt: skip
        answer = await client.get(path, headers=headers)
        kept = answer.headers["cache-control"]
        assert "no-store" in kept or ("private" in kept and "no-cache" in kept), (path, kept)
        if "private" in kept:
            assert "cookie" in answer.headers["vary"].lower(), path
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers
    client.base_url = "https://nongvu.test"
    assert (await client.get("/healthz")).headers["strict-transport-security"].startswith("max-age=")


def test_one_customer_of_ipv6_is_one_address() -> None:
    def of(host: str) -> str:
        return address_of(Request({"type": "http", "client": (host, 1), "headers": []}))

    assert of("2001:db8:1:2::1") == of("2001:db8:1:2:ffff::9") != of("2001:db8:1:3::1")
    assert of("::ffff:192.0.2.7") == of("192.0.2.7") == "192.0.2.7"
    assert of("192.0.2.7") != of("192.0.2.8")


def test_addresses_behind_a_proxy_are_believed_from_it_alone(province: str) -> None:
    def statuses(address: str, forwarded: list[str]) -> list[int]:
        return [
            httpx.get(address + "/v1/stations", headers={"x-forwarded-for": name}).status_code for name in forwarded
        ]

    with running(province, per_minute=2) as address:
        forged = statuses(address, [f"198.51.100.{number}" for number in range(4)])
        assert forged == [200, 200, 429, 429], "nobody gets a new purse by a header"
    with running(province, per_minute=2, trusted_proxies=["127.0.0.1"]) as address:
        assert statuses(address, ["198.51.100.1", "198.51.100.1", "198.51.100.1", "198.51.100.2"]) == [
            200,
            200,
            429,
            200,
        ]
        forged = statuses(address, [f"203.0.113.{number}, 198.51.100.3" for number in range(4)])
        assert forged == [200, 200, 429, 429], "what a client put before the proxy's own word counts for nothing"


async def test_forged_keys_run_dry_before_the_database_does(province: str) -> None:
    async with client_of(province, per_minute=3) as client:
        for _ in range(4):
            last = await client.get("/v1/stations", headers={"x-api-key": "nv_00000000_forged"})
        assert last.status_code == 429
        pool_ = client.resources.pool

        async def none() -> None:
            message = "the database was asked"
            raise PoolTimeout(message)

        client.resources.pool = client.resources.read_pool = type("Gone", (), {"connection": lambda _: none()})()
        again = await client.get("/v1/stations", headers={"x-api-key": "nv_00000000_forged"})
        assert again.status_code == 429
        client.resources.pool = client.resources.read_pool = pool_


@pytest.fixture
def slow_issuer() -> Iterator[tuple[str, RSAKey, dict[str, object]]]:
    """An OIDC issuer whose answers a test changes: its name, its keys, how long it takes; and how often it was asked."""
    key = RSAKey.generate_key(2048, parameters={"kid": "one"})
    told: dict[str, object] = {"keys": [key], "seconds": 0.0, "asked": 0}

    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told["asked"] += 1
            time.sleep(told["seconds"])
            url = f"http://127.0.0.1:{self.server.server_port}"
            about = {"issuer": told.get("name", url), "jwks_uri": url + "/keys"}
            self.send_response(200)
            self.end_headers()
            keys = KeySet(told["keys"]).as_dict(private=False)
            self.wfile.write(json.dumps(keys if self.path == "/keys" else about).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", key, told
        server.shutdown()
        thread.join()


def token_of(url: str, key: RSAKey, kid: str = "one") -> dict[str, str]:
    claims = {"iss": url, "aud": "nongvu", "sub": "s-1", "exp": int(time.time()) + 60}
    return {"authorization": f"Bearer {jwt.encode({'alg': 'RS256', 'kid': kid}, claims, key)}"}


async def test_an_issuer_that_is_slow_holds_nobody_up(
    province: str, slow_issuer: tuple[str, RSAKey, dict[str, object]]
) -> None:
    url, key, told = slow_issuer
    told["seconds"] = 1.0
    async with client_of(province, oidc_issuer=url, database_connections=2) as client:
        waiting = [asyncio.create_task(client.get("/v1/stations", headers=token_of(url, key))) for _ in range(8)]
        await asyncio.sleep(0.2)
        began = time.monotonic()
        assert (await client.get("/v1/stations")).status_code == 200
        assert time.monotonic() - began < 0.8, "no connection waits for the issuer"
        assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {401}
    assert told["asked"] == 2, "one asks for all"


async def test_keys_of_an_issuer_rotate_and_impostors_are_refused(
    province: str, slow_issuer: tuple[str, RSAKey, dict[str, object]]
) -> None:
    url, key, told = slow_issuer
    with psycopg.connect(province) as connection:
        access.add_account(connection, "lan", issuer=url, subject="s-1")
    async with client_of(province, oidc_issuer=url) as client:

        async def status(headers: dict[str, str]) -> int:
            return (await client.get("/v1/stations", headers=headers)).status_code

        assert await status(token_of(url, key)) == 200
        following = RSAKey.generate_key(2048, parameters={"kid": "two"})
        told["keys"] = [following]
        for _ in range(5):
            assert await status(token_of(url, following, "two")) == 401, "new keys are asked for seldom"
        assert told["asked"] == 2
        client.resources.issuer._at -= 60
        assert await status(token_of(url, following, "two")) == 200
        assert await status(token_of(url, key)) == 401, "a key that is no longer published is worth nothing"
    told["name"] = "https://elsewhere.example"
    async with client_of(province, oidc_issuer=url) as client:
        refused = [(await client.get("/v1/stations", headers=token_of(url, following, "two"))) for _ in range(3)]
        assert [answer.status_code for answer in refused] == [503] * 3
        assert refused[0].headers["retry-after"] == "30"
    assert told["asked"] == 5, "of an issuer with another name the keys are not even fetched, and it is asked once"
