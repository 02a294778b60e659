"""F21 and more: bombs, injection, depth, cycles, ranges, forged and replayed requests: 4xx with a problem, never a 500."""

import base64
import gzip
import json
import time
from urllib.parse import quote

import cbor2
import httpx
import psycopg
import pytest

from tests.api.conftest import client_of

INJECTED = (
    "' OR 1=1 --", "1); DROP TABLE reading; --", "%(everything)s", "{{7*7}}", "<script>alert(1)</script>", "../../etc/passwd",
    "a\x01b", "﷽" * 50, "nan", "1e999", "9" * 400, "-1", "",
)  # fmt: skip
#: Every parameter of the document's GET routes that takes a value, and SensorThings' options.
OPTIONS = ("$filter", "$orderby", "$top", "$skip", "$count", "$select", "$expand", "$resultFormat", "$skiptoken", "$x")
BODIES = {
    "nothing": b"", "cut": b'{"readings": [', "no JSON": b"\xff\xfe", "a number": b"7", "null": b"null",
    "deep arrays": b"[" * 200_000, "deep objects": b'{"a":' * 100_000, "deep and closed": b"[" * 50_000 + b"]" * 50_000,
    "long number": b'{"readings": ' + b"9" * 500_000 + b"}", "not finite": b'{"readings": [NaN, 1e999]}',
    "surrogate": b'{"name": "\\ud800", "description": "x"}', "NUL": b'{"name": "a\\u0000", "description": "x"}',
    "wrong types": b'{"name": [], "properties": 7}',
    "many keys": json.dumps({f"k{number}": number for number in range(50_000)}).encode(),
    "gzip": gzip.compress(b"0" * 10_000_000), "decimal": cbor2.dumps(cbor2.CBORTag(4, [10**9, 1])),
}  # fmt: skip
#: Nothing may take longer, on whatever machine.
LONGEST = 20.0


def fair(answer: httpx.Response, *, also: tuple[int, ...] = (200,)) -> bool:
    """Whether an answer is a problem document of the 4xx kind, or one of the others that are right."""
    if answer.status_code in also:
        return True
    document = answer.json() if answer.headers.get("content-type") == "application/problem+json" else {}
    return 400 <= answer.status_code < 500 and bool(document.get("detail")) and document["status"] == answer.status_code


async def test_injection_in_every_parameter(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    paths = (await client.get("/v1/openapi.json")).json()["paths"]
    wrong, asked = [], 0
    for path, operations in paths.items():
        operation = operations.get("get")
        if operation is None or path == "/v1/stream":
            continue
        for parameter in operation.get("parameters", []):
            for text in INJECTED:
                names = {"code": "huu-lung-1", "id": "1", "name": "x.mp3", "rule": "cold_spell"}
                query = {"station": "huu-lung-1"} if path == "/v1/readings" else {}
                if parameter["in"] == "path":
                    names[parameter["name"]] = quote(text, safe="")
                elif parameter["in"] == "query":
                    query[parameter["name"]] = text
                headers = dict(keys["administrator"])
                if parameter["in"] == "header":
                    headers[parameter["name"]] = text.encode()
                answer = await client.get(path.format(**names), params=query, headers=headers)
                asked += 1
                if not fair(answer, also=(200, 307) if text == "" else (200,)):
                    wrong.append((path, parameter["name"], text[:30], answer.status_code, answer.text[:200]))
    assert not wrong
    assert asked > 500
    assert (await client.get("/v1/latest")).json()["items"], "the tables are still there"


async def test_injection_in_every_option_of_sensorthings(client: httpx.AsyncClient) -> None:
    wrong = []
    for text in INJECTED:
        for option in OPTIONS:
            answer = await client.get("/sta/v1.1/Things", params={option: text})
            if not fair(answer):
                wrong.append((option, text[:30], answer.status_code, answer.text[:200]))
        for path in (f"/sta/v1.1/{quote(text, safe='')}", f"/sta/v1.1/Things({quote(text, safe='')})",
                     f"/sta/v1.1/Things(4)/{quote(text, safe='')}"):  # fmt: skip
            answer = await client.get(path)
            if not fair(answer):
                wrong.append((path, text[:30], answer.status_code, answer.text[:200]))
        texts = await client.get(
            "/sta/v1.1/Things", params={"$filter": f"name eq '{text.replace(chr(39), chr(39) * 2)}'"}
        )
        assert texts.status_code == 200, (text, texts.text)
        assert texts.json()["value"] == [], "a text is a value and nothing else"
    assert not wrong


DEEP = {
    "parentheses": "(" * 10_000 + "1 eq 1" + ")" * 10_000,
    "not": "not " * 3000 + "true",
    "minus": "id eq " + "-" * 10_000 + "1",
    "or": " or ".join(["id eq 1"] * 1500),
    "sum": "id eq 1" + " add 1" * 2000,
    "functions": "tolower(" * 1200 + "name" + ")" * 1200 + " eq 'a'",
    "path": "/".join(["Datastreams/Thing"] * 700) + "/name eq 'a'",
    "polygon": "st_within(location, geography'POLYGON((" + ",".join(["1 1"] * 3500) + "))')",
    "quotes": "name eq '" + "''" * 7000 + "'",
    "unclosed": "name eq '" + "a" * 10_000,
    "times": "phenomenonTime add duration'P999999D' gt now()",
    "overflow": "1e300 mul 1e300 gt result",
    "root": "result div 0 eq 1 or result mod 0 eq 1",
    "substring": "substring(name, 1e300, -1e300) eq 'a'",
    "far": "year(maxdatetime()) eq 1 or date(mindatetime()) eq date(maxdatetime())",
}


@pytest.mark.parametrize("name", DEEP)
async def test_deep_and_long_filters(client: httpx.AsyncClient, name: str) -> None:
    began = time.monotonic()
    entity = "Observations" if "result" in DEEP[name] or "phenomenon" in DEEP[name] else "Things"
    answer = await client.get(f"/sta/v1.1/{entity}", params={"$filter": DEEP[name], "$top": "2"})
    assert fair(answer), answer.text[:300]
    assert time.monotonic() - began < LONGEST


async def test_expansions_that_go_round(client: httpx.AsyncClient) -> None:
    circle = "Datastreams/Thing/"
    nested = "Datastreams($expand=Thing("
    for text in (
        (circle * 20).strip("/"),
        nested * 30 + "$top=1" + "))" * 30,
        ",".join(["Datastreams"] * 50),
        "Datastreams($expand=Observations($expand=Datastream($expand=Thing($expand=Datastreams($expand=Thing)))))",
        "Datastreams(" * 3000,
        "Datastreams($expand=Observations($filter=" + "(" * 500 + "))",
    ):
        answer = await client.get("/sta/v1.1/Things", params={"$expand": text})
        assert answer.status_code in {400, 414}, (text[:60], answer.status_code)
        assert fair(answer)


async def test_huge_ranges_end(client: httpx.AsyncClient) -> None:
    began = time.monotonic()
    everything = "from=1800-01-01T00:00:00Z&to=2200-12-31T00:00:00Z"
    for rest in ("", "&every=1min", "&every=99999d", "&every=1min&format=csv", "&format=parquet", "&limit=10000"):
        answer = await client.get(f"/v1/readings?station=huu-lung-1&{everything}{rest}")
        assert fair(answer), (rest, answer.text[:300])
    for code in ("huu-lung-1", "lang-son"):
        for every in ("40000d", "99999d", "99999h", "1min"):
            for form in ("csv", "parquet", "arrow", "json"):
                answer = await client.get(f"/v1/stations/{code}/readings?{everything}&every={every}&format={form}")
                assert answer.status_code == 200, (code, every, form, answer.text[:300])
    for wrong in ("from=0001-01-01T00:00:00Z", "to=9999-12-31T23:59:59Z", "from=2026-01-02&to=2026-01-01", "from=1e9",
                  "from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "every=0min", "every=-1h", "limit=0",
                  "limit=1000000000", "from=2026-02-30T00:00:00Z"):  # fmt: skip
        answer = await client.get(f"/v1/stations/huu-lung-1/readings?{wrong}")
        assert answer.status_code == 422, (wrong, answer.text[:200])
    assert time.monotonic() - began < 3 * LONGEST


async def test_bodies_that_are_bombs(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    wrong = []
    targets = ("/v1/readings", "/v1/seasons", "/v1/rules/cold_spell/settings", "/v1/subscribers", "/sta/v1.1/Things",
               "/sta/v1.1/CreateObservations", "/sta/v1.1/Datastreams(1)/Observations", "/sign-in")  # fmt: skip
    for name, body in BODIES.items():
        for path in targets:
            for kind in (
                ("application/x-www-form-urlencoded",) if path == "/sign-in" else ("application/json", "text/xml")
            ):
                began = time.monotonic()
                answer = await client.post(path, content=body, headers=keys["administrator"] | {"content-type": kind})
                taken = time.monotonic() - began
                page = path == "/sign-in" and answer.status_code == 403
                if not (page or fair(answer, also=())) or taken > LONGEST:
                    wrong.append((name, path, kind, answer.status_code, round(taken, 2), answer.text[:200]))
    assert not wrong


async def test_what_is_no_number_is_none(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    at = "2026-01-31T13:00:00Z"
    for value in (True, False, "8.4", None, [1], {}):
        for path, body in (
            ("/v1/readings", {"readings": [{"station": "huu-lung-1", "datastream": "air_temperature", "time": at, "value": value}]}),
            ("/v1/places/lang-son/forecasts", {"reference_time": at, "source": "x", "values": [
                {"quantity": "air_temperature", "valid_time": at, "value": value}]}),
            ("/v1/rules/cold_spell/settings", {"place": "lang-son", "values": {"enter": [20, 15, value]}}),
            ("/v1/seasons", {"place": "farm-a", "crop": "rice", "sown": "2026-01-10", "properties": {"field_capacity": value}}),
        ):  # fmt: skip
            answer = await client.post(path, json=body, headers=keys["administrator"])
            if not (path == "/v1/seasons" and value is None):
                assert answer.status_code == 422, (path, value, answer.text)


async def test_patches_that_are_bombs(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    kinds = {"content-type": "application/json-patch+json"} | keys["administrator"]
    for operations in (
        {}, [[]], [{"op": "add"}], [{"op": "add", "path": "properties"}], [{"op": "copy", "from": "/x", "path": "/y"}],
        [{"op": "replace", "path": "/" + "a/" * 5000}], [{"op": "add", "path": "/properties/a", "value": 1}] * 101,
        [{"op": "test", "path": "/@iot.id", "value": 1}, {"op": "remove", "path": "/@iot.id"}],
        [{"op": "add", "path": "/properties/~2", "value": "\0"}],
    ):  # fmt: skip
        answer = await client.request("PATCH", "/sta/v1.1/Things(4)", json=operations, headers=kinds)
        assert fair(answer, also=()), (str(operations)[:80], answer.status_code, answer.text[:200])


async def test_tricks_with_paths(client: httpx.AsyncClient) -> None:
    for path in (
        "/static/../settings.py", "/static/%2e%2e/page.py", "/static/..%2fpage.py", "/static/%2fetc/passwd",
        "/static/....//page.py", "/static/nongvu.css%00.js", "/static/", "/static/leaflet", "/v1/documents/..%2f..%2fx",
        "/v1/stations/%2e%2e/latest", "/v1/../v1/audit", "//v1/audit", "/v1//audit", "/v1/stations/HUU-LUNG-1", "/v1/%ff",
        "/sta/v1.1/Things(1)/%24value", "/sta/v1.1/Things(1)(2)", "/sta/v1.1/$batch", "/%00",
        "/sta/v1.1/Things(99999999999999999999)", "/sta/v1.1/Observations('1@99999999999999999')", "/sta/v1.1/" + "a/" * 900,
    ):  # fmt: skip
        answer = await client.get(path)
        assert fair(answer, also=(401,)), (path, answer.status_code, answer.text[:200])
    assert (await client.get("/v1/" + "x" * 20_000)).status_code == 414


async def test_cursors_and_tokens_that_were_changed(client: httpx.AsyncClient) -> None:
    def made(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()

    for value in ([], {}, [1], ["a", 1], [None, None], [1e400], ["\0"], ["a" * 300], [[[]]], [2**70, 2**70, 2**70],
                  ["2026-01-01", 1], ["0001-01-01T00:00:00+00:00", 1], ["9999-12-31T23:59:59-12:00", 1],
                  ["2026-01-01T00:00:00Z", 2**63], ["2026-01-01T00:00:00", 1], ["a", "b", "c"], ["a", "b", "\0"]):  # fmt: skip
        token = made(value)
        for path in ("/v1/stations", "/v1/latest", "/v1/alerts", "/v1/places", "/v1/stations/huu-lung-1/readings",
                     "/v1/stations/huu-lung-1/indices"):  # fmt: skip
            answer = await client.get(path, params={"cursor": token})
            assert fair(answer), (path, value, answer.status_code, answer.text[:200])
        for order in ("", "name", "properties/code desc"):
            asked = {"$skiptoken": token} | ({"$orderby": order} if order else {})
            answer = await client.get("/sta/v1.1/Things", params=asked)
            assert fair(answer), (value, answer.status_code, answer.text[:200])


async def test_forged_sessions_and_mixed_proofs(client: httpx.AsyncClient, keys: dict[str, dict[str, str]]) -> None:
    for cookie in ("x", "'", "a" * 4000, "nv_00000000_x"):
        answer = await client.get("/office", headers={"cookie": f"nongvu_session={cookie}"})
        assert answer.status_code == 303, "a session that is none is nobody"
        assert answer.headers["location"] == "/sign-in"
    for header in ("Bearer", "Bearer ", "Basic", "Basic !!", "Basic " + "A" * 5000, "Digest x", "Bearer " + "a." * 3000,
                   "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJib3NzIn0."):  # fmt: skip  # pragma: allowlist secret
        answer = await client.get("/v1/audit", headers={"authorization": header})
        assert answer.status_code == 401, (header, answer.text)
        assert fair(answer)
    # a key in the address is no key: addresses stand in logs
    key = keys["administrator"]["authorization"].removeprefix("Bearer ")
    assert (await client.get(f"/v1/audit?key={key}&api_key={key}")).status_code == 401


async def test_replayed_changes_change_nothing_more(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]], province: str
) -> None:
    verdict = {"station": "huu-lung-1", "datastream": "air_temperature", "valid_from": "2026-01-31T13:00:00Z",
               "valid_to": "2026-01-31T13:00:00Z", "quality": "fail", "reason": "spider"}  # fmt: skip
    numbers = {
        (await client.post("/v1/verdicts", json=verdict, headers=keys["agronomist"])).json()["id"] for _ in range(3)
    }
    assert len(numbers) == 1
    person = {"address": "0912345678", "places": ["huu-lung"], "consent_channel": "paper"}
    answers = [await client.post("/v1/subscribers", json=person, headers=keys["officer"]) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 409, 409]
    with psycopg.connect(province) as connection:
        assert connection.execute("SELECT count(*) FROM subscriber").fetchone() == (1,)


async def test_errors_tell_nothing_of_the_inside(province: str) -> None:
    async with client_of(province) as client:

        async def broken() -> None:
            message = "secret: password=hunter2 at /srv/nongvu/api.py"
            raise RuntimeError(message)

        client._transport.app.add_api_route("/broken", broken)
        answer = await client.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text
