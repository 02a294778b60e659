"""Keys, accounts, roles, row scope, limits."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

from store import access

from .conftest import client_of

STATIONS = {
    "public": {"huu-lung-1", "mau-son-1", "jfk"},
    "nobody": {"huu-lung-1", "mau-son-1", "jfk"},
    "farmer-a": {"huu-lung-1", "mau-son-1", "jfk", "farm-a-1"},
    "farmer-b": {"huu-lung-1", "mau-son-1", "jfk", "farm-b-1"},
    "officer": {"huu-lung-1", "mau-son-1", "jfk", "farm-a-1", "farm-b-1"},
    "department": {"huu-lung-1", "mau-son-1", "jfk", "farm-a-1", "farm-b-1"},
    "administrator": {"huu-lung-1", "mau-son-1", "jfk", "farm-a-1", "farm-b-1"},
}


async def test_rows_are_those_of_the_asker(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    for name, stations in STATIONS.items():
        listed = await client.get("/v1/stations", headers=keys[name])
        assert {item["code"] for item in listed.json()["items"]} == stations, name
        latest = await client.get("/v1/latest", headers=keys[name])
        assert {item["station"] for item in latest.json()["items"]} == stations - {"mau-son-1"}, name
        alerts = await client.get("/v1/alerts", headers=keys[name])
        assert {item["place"]["code"] for item in alerts.json()["items"]} == stations & {"huu-lung-1", "farm-a-1"}


async def test_closed_platform_opens_to_members_only(province: str, keys: dict[str, dict[str, str]]) -> None:
    async with client_of(province, public="nothing") as client:
        seen = await client.get("/v1/stations", headers=keys["farmer-a"])
        assert [item["code"] for item in seen.json()["items"]] == ["farm-a-1"]


async def test_keys_expire_rotate_and_are_revoked(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province) as connection:
        access.add_account(connection, "an")
        access.grant(connection, "an", "farmer", "farm-a")
        old = access.add_key(connection, "an", expires_at=datetime.now(UTC) + timedelta(days=1))
        late = access.add_key(connection, "an", expires_at=datetime.now(UTC) - timedelta(seconds=1))
        new = access.rotate_key(connection, old.prefix, datetime.now(UTC) + timedelta(days=7))
    for way in ({"x-api-key": new.text}, {"authorization": f"Bearer {old.text}"}):
        assert (await client.get("/v1/stations/farm-a-1", headers=way)).status_code == 200
    basic = httpx.BasicAuth("anything", new.text)
    assert (await client.get("/v1/stations/farm-a-1", auth=basic)).status_code == 200
    for text in (late.text, new.text[:-1], new.text + "x", "nv_", "nv_00000000_x", "a.b.c", "é"):
        answer = await client.get("/v1/stations", headers={"x-api-key": text.encode()})
        assert answer.status_code == 401, text
        assert "www-authenticate" in answer.headers
    with psycopg.connect(province) as connection:
        access.revoke_key(connection, new.prefix)
    assert (await client.get("/v1/stations", headers={"x-api-key": new.text})).status_code == 401
    with psycopg.connect(province) as connection:
        dump = connection.execute("SELECT string_agg(k::text, '') FROM api_key AS k").fetchone()
        assert dump is not None
        assert new.text not in dump[0]
        actions = connection.execute("SELECT array_agg(DISTINCT action) FROM audit").fetchone()
    assert actions is not None
    assert {"key added", "key rotated", "key revoked", "role given", "account added"} <= set(actions[0])


async def test_scopes_bound_a_key(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province) as connection:
        access.add_account(connection, "an")
        access.grant(connection, "an", "farmer", "farm-a")
        narrow = access.add_key(connection, "an", scopes=["acknowledge"])
    answer = await client.get("/v1/stations/farm-a-1", headers={"x-api-key": narrow.text})
    assert answer.status_code == 404, "a key without the scope 'read' sees what the public sees"


async def test_limits_are_told_and_kept(province: str, keys: dict[str, dict[str, str]]) -> None:
    async with client_of(province, per_minute=3) as client:
        told = [(await client.get("/v1/stations")) for _ in range(4)]
        assert [answer.status_code for answer in told] == [200, 200, 200, 429]
        assert told[0].headers["ratelimit-policy"] == '"minute";q=3;w=60'
        assert told[0].headers["ratelimit"].startswith('"minute";r=2;')
        assert int(told[3].headers["retry-after"]) >= 1
        assert (await client.get("/v1/stations", headers=keys["officer"])).status_code == 200, "a key has its own"
        forged = await client.get("/v1/stations", headers={"x-api-key": "nv_x"})
        assert forged.status_code == 429, "forged keys are the address's requests"


async def test_quotas_of_a_day_are_told_and_kept(province: str) -> None:
    with psycopg.connect(province) as connection:
        access.add_account(connection, "an")
        headers = {"x-api-key": access.add_key(connection, "an", per_day=5).text}
    async with client_of(province) as client:
        told = [await client.get("/v1/stations", headers=headers) for _ in range(3)]
        assert [answer.headers["ratelimit"].rpartition(', "day";')[2].partition(";t=")[0] for answer in told] == [
            "r=4", "r=3", "r=2",
        ]  # fmt: skip
        assert told[0].headers["ratelimit-policy"] == '"minute";q=600;w=60, "day";q=5;w=86400'
        client.resources.quotas._spent[headers["x-api-key"][3:11]].settled = float("-inf")  # ten seconds later
        await client.get("/v1/stations", headers=headers)
    async with client_of(province) as another:  # another process knows what the first one told
        assert (await another.get("/v1/stations", headers=headers)).headers["ratelimit"].count("r=1;") == 1
        answers = [await another.get("/v1/stations", headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert 1 <= int(answers[1].headers["retry-after"]) <= 86_400
        assert answers[1].headers["ratelimit-policy"] == '"day";q=5;w=86400'


async def test_passwords_cannot_be_tried_without_end(province: str) -> None:
    async with client_of(province) as client:
        began, tried = time.monotonic(), []
        while 429 not in tried and len(tried) < 200:
            tried.append((await client.post("/sign-in", data={"name": "an", "password": "x"})).status_code)
        refilled = (time.monotonic() - began) * 20 / 60  # a slow machine is given more while it tries
        assert tried == [403] * (len(tried) - 1) + [429]
        assert 20 < len(tried) <= 21 + refilled + 1


async def test_officers_names_stay_inside(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    verdict = {"station": "huu-lung-1", "datastream": "air_temperature", "valid_from": "2026-01-31T13:00:00Z",
               "valid_to": "2026-01-31T13:00:00Z", "quality": "fail", "reason": "spider"}  # fmt: skip
    assert (await client.post("/v1/verdicts", json=verdict, headers=keys["agronomist"])).status_code == 201
    assert (await client.get("/v1/verdicts")).json()["items"][0]["who"] == "person"
    known = (await client.get("/v1/verdicts", headers=keys["officer"])).json()["items"][0]["who"]
    assert known.startswith("person:key:")


@pytest.fixture
def issuer() -> Iterator[tuple[str, RSAKey]]:
    """A local OIDC issuer and its key."""
    key = RSAKey.generate_key(2048, parameters={"kid": "one", "use": "sig", "alg": "RS256"})

    class Issuer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = f"http://127.0.0.1:{self.server.server_port}"
            about = {"issuer": url, "jwks_uri": url + "/keys"}
            body = json.dumps(KeySet([key]).as_dict(private=False) if self.path == "/keys" else about).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Issuer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", key
        server.shutdown()
        thread.join()


async def test_tokens_of_an_issuer(province: str, issuer: tuple[str, RSAKey]) -> None:
    url, key = issuer
    with psycopg.connect(province) as connection:
        access.add_account(connection, "lan", issuer=url, subject="s-1")
        access.grant(connection, "lan", "farmer", "farm-b")
    right = {"iss": url, "aud": "nongvu", "sub": "s-1", "exp": int(time.time()) + 60}

    def token(with_key: object = key, alg: str = "RS256", **changed: object) -> str:
        return jwt.encode({"alg": alg, "kid": "one"}, right | changed, with_key, algorithms=[alg])

    async with client_of(province, oidc_issuer=url) as client:

        async def status(text: str) -> int:
            got = await client.get("/v1/stations/farm-b-1", headers={"authorization": f"Bearer {text}"})
            return got.status_code

        assert await status(token()) == 200
        assert await status(token(aud=["another", "nongvu"], nbf=int(time.time()), iat=int(time.time()))) == 200
        soon = int(time.time()) + 600
        stranger = RSAKey.generate_key(2048, parameters={"kid": "one"})
        wrong = [
            token(exp=int(time.time()) - 600),
            token(iss="https://elsewhere"),
            token(aud="another"),
            token(sub="s-2"),
            token(sub=7),
            token(nbf=soon),
            token(iat=soon),
            token(exp="never"),
            token(aud=[]),
            jwt.encode({"alg": "RS256", "kid": "one"}, {k: v for k, v in right.items() if k != "exp"}, key),
            jwt.encode({"alg": "RS256", "kid": "two"}, right, RSAKey.generate_key(2048, parameters={"kid": "two"})),
            token()[:-4] + "AAAA",
            token(stranger),
            token(OctKey.import_key("x" * 32), alg="HS256"),
            "eyJhbGciOiJub25lIn0." + token().split(".")[1] + ".",
        ]
        for text in wrong:
            assert await status(text) == 401, text


def _run(database: str, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "nongvu", *words], env=os.environ | {"NONGVU_DATABASE_URL": database}, input=typed,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_commands_make_accounts_roles_and_keys(province: str) -> None:
    assert _run(province, "account", "add", "an", "--password", typed="short\n").returncode == 1
    made = _run(province, "account", "add", "an", "--password", typed="a long enough password\n")
    assert made.returncode == 0, made.stderr
    assert _run(province, "account", "add", "an").returncode == 1
    assert _run(province, "account", "grant", "an", "farmer", "--place", "farm-a").returncode == 0
    assert _run(province, "account", "grant", "an", "king").returncode == 1
    listed = json.loads(_run(province, "account", "list", "--json").stdout)
    assert listed[0]["roles"] == ["farmer@farm-a"]
    assert listed[0]["has_password"]
    key = json.loads(_run(province, "key", "add", "an", "--scope", "read", "--json").stdout)
    rotated = _run(province, "key", "rotate", key["prefix"], "--json")
    assert json.loads(rotated.stdout)["prefix"] != key["prefix"]
    assert _run(province, "key", "revoke", key["prefix"]).returncode == 0
    assert _run(province, "key", "add", "an", "--scope", "everything").returncode == 1
    assert key["key"] not in _run(province, "key", "list").stdout
