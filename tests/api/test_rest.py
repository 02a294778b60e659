"""The REST routes over a small province."""

import re

import httpx
import psycopg
import pytest


async def test_stations_are_those_that_the_public_may_see(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/stations")
    assert answer.status_code == 200
    assert [item["code"] for item in answer.json()["items"]] == ["huu-lung-1", "jfk", "mau-son-1"]
    first = answer.json()["items"][0]
    assert first["commune"] == {"code": "huu-lung", "name": "Xã Hữu Lũng"}
    assert {entry["name"] for entry in first["datastreams"]} >= {"air_temperature", "soil_moisture/-0.30m"}


async def test_stations_page_by_key_and_link_to_the_next(client: httpx.AsyncClient) -> None:
    codes, url = [], "/v1/stations?limit=1"
    while url:
        answer = await client.get(url)
        codes += [item["code"] for item in answer.json()["items"]]
        url = answer.json()["next"]
        linked = re.match(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (linked[1] if linked else None) == url
    assert codes == ["huu-lung-1", "jfk", "mau-son-1"]


async def test_stations_are_filtered(client: httpx.AsyncClient) -> None:
    for query, codes in {
        "place=huu-lung": ["huu-lung-1"],
        "place=nowhere": [],
        "within=106,21,106.5,22": ["huu-lung-1"],
        "near=106.98,21.84,1000": ["mau-son-1"],
        "near=106.98,21.84,100000": ["huu-lung-1", "mau-son-1"],
        "quantity=air_temperature": ["huu-lung-1", "jfk", "mau-son-1"],
        "quantity=water_level": [],
    }.items():
        answer = await client.get(f"/v1/stations?{query}")
        assert [item["code"] for item in answer.json()["items"]] == codes, query


async def test_latest_values_say_their_quality(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)"
            " SELECT datastream.id, '2026-01-31 13:00Z', '2026-01-31 15:00Z', 4 | (1 << 20), 'bird', 'person:an', now()"
            " FROM datastream JOIN place ON place.id = place WHERE code = 'huu-lung-1' AND quantity = 'air_temperature'"
        )
    items = {item["datastream"]: item for item in (await client.get("/v1/stations/huu-lung-1/latest")).json()["items"]}
    assert items["relative_humidity"]["quality"] == "good"
    assert items["air_temperature"]["quality"] == "fail"
    assert items["air_temperature"]["checks"] == ["person"]
    assert items["soil_moisture/-0.30m"]["unit"] == "m3/m3"


async def test_readings_raw_and_by_the_hour(client: httpx.AsyncClient) -> None:
    raw = await client.get(
        "/v1/stations/huu-lung-1/readings",
        params={"datastream": "precipitation", "from": "2026-01-31T03:00:00Z", "to": "2026-01-31T05:00:00Z"},
    )
    assert [item["value"] for item in raw.json()["items"]] == [0.5] * 6 + [0.0] * 6
    hourly = await client.get(
        "/v1/stations/huu-lung-1/readings",
        params={
            "datastream": ["precipitation", "wind_direction"],
            "from": "2026-01-31T03:00:00Z",
            "to": "2026-01-31T05:00:00Z",
            "every": "1h",
        },
    )
    values = {(item["datastream"], item["time"]): item["value"] for item in hourly.json()["items"]}
    assert values["precipitation", "2026-01-31T03:00:00Z"] == 3.0
    assert values["precipitation", "2026-01-31T04:00:00Z"] == 0.0
    north = values["wind_direction", "2026-01-31T03:00:00Z"]
    assert min(north, 360 - north) == pytest.approx(0, abs=1e-6), "350° and 10° are north, not south"


async def test_readings_page_without_gap_or_repeat(client: httpx.AsyncClient) -> None:
    url, seen = "/v1/stations/huu-lung-1/readings?limit=100", []
    while url:
        answer = (await client.get(url)).json()
        seen += [(item["datastream"], item["time"]) for item in answer["items"]]
        url = answer["next"]
    assert len(seen) == len(set(seen)) == 5 * 144


async def test_days_are_local_days(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/v1/stations/jfk/readings",
        params={"datastream": "air_temperature", "every": "1d", "from": "2026-01-28T14:00:00Z"},
    )
    assert {item["time"][11:] for item in answer.json()["items"]} == {"05:00:00Z"}, "midnight in New York"


async def test_indices_with_their_titles(client: httpx.AsyncClient) -> None:
    items = (await client.get("/v1/stations/huu-lung-1/indices")).json()["items"]
    assert len(items) == 3
    assert items[0]["title"]["en"] == "Mean temperature"


async def test_alerts_current_and_history(client: httpx.AsyncClient) -> None:
    opened = (await client.get("/v1/alerts?state=open")).json()["items"]
    assert [(item["rule"], item["place"]["code"]) for item in opened] == [("cold_spell", "huu-lung-1")]
    assert opened[0]["texts"]["en"]["short"] == "Cold."
    assert len((await client.get("/v1/alerts")).json()["items"]) == 2
    before = await client.get("/v1/alerts", params={"to": "2026-01-15T00:00:00Z"})
    assert [item["state"] for item in before.json()["items"]] == ["ended"]
    whole = (await client.get(f"/v1/alerts/{opened[0]['id']}")).json()
    assert [step["kind"] for step in whole["steps"]] == ["open"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [("storm_level", ("official", "Điều 42")), ("frost", ("advice", None)), ("silent_station", ("network", None)),
     ("a_rule_of_old", (None, None))],
)  # fmt: skip
async def test_alerts_say_whether_they_are_official_and_by_which_article(
    client: httpx.AsyncClient, province: str, rule: str, said: tuple[str | None, str | None]
) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute("UPDATE alert SET rule = %s", (rule,))
    listed = (await client.get("/v1/alerts?state=open")).json()["items"]
    assert [(item["category"], item["article"]) for item in listed] == [said]
    whole = (await client.get(f"/v1/alerts/{listed[0]['id']}")).json()
    assert (whole["category"], whole["article"]) == said


async def test_health_tells_the_truth(client: httpx.AsyncClient, province: str) -> None:
    assert (await client.get("/healthz")).status_code == 200
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute("DELETE FROM migration WHERE name LIKE '0001%'")
        behind = await client.get("/healthz")
        assert behind.status_code == 503
        assert behind.json()["database"] == "1 migrations have not run"
        connection.execute("ALTER TABLE migration RENAME TO gone")
        ill = await client.get("/healthz")
        assert ill.status_code == 503
        assert ill.json()["status"] == "ill"


WRONG = [
    ("/v1/stations/nowhere", 404),
    ("/v1/stations/farm-a-1", 404),
    ("/v1/stations/farm-a-1/latest", 404),
    ("/v1/stations/farm-a-1/readings", 404),
    ("/v1/stations/farm-a-1/indices", 404),
    ("/v1/alerts/999999", 404),
    ("/v1/alerts/0", 422),
    ("/v1/alerts/99999999999999999999999", 422),
    ("/v1/nothing", 404),
    ("/v1/stations/../../etc/passwd", 404),
    ("/static/../page.py", 404),
    ("/static/%2e%2e/page.py", 404),
    ("/v1/stations/%00", 400),
    ("/v1/stations?quantity=%00", 400),
    ("/v1/stations/x' OR '1'='1", 422),
    ("/v1/stations?quantity=' OR 1=1 --", 200),
    ("/v1/stations?within=1,2,3", 422),
    ("/v1/stations?within=nan,nan,nan,nan", 422),
    ("/v1/stations?near=1e400,0,1", 422),
    ("/v1/stations?limit=0", 422),
    ("/v1/stations?limit=10001", 422),
    ("/v1/stations?cursor=nonsense!", 422),
    ("/v1/stations?cursor=WzFd", 422),
    ("/v1/stations/huu-lung-1/readings?from=yesterday", 422),
    ("/v1/stations/huu-lung-1/readings?from=2026-01-01T00:00:00", 422),
    ("/v1/stations/huu-lung-1/readings?from=0001-01-01T00:00:00%2B14:00", 422),
    ("/v1/stations/huu-lung-1/readings?from=9999-12-31T23:59:59-14:00", 422),
    ("/v1/stations/huu-lung-1/readings?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z", 422),
    ("/v1/stations/huu-lung-1/readings?every=1%20day';DROP TABLE reading;--", 422),
    ("/v1/stations/huu-lung-1/readings?every=99999d", 200),
    ("/v1/stations/huu-lung-1/readings?aggregate=median", 422),
    ("/v1/stations/huu-lung-1/readings?quality=best", 422),
    ("/v1/alerts?state=maybe", 422),
    ("/?station=nowhere", 404),
    ("/?station=%3Cscript%3E", 422),
    ("/?days=1000", 422),
    ("/v1/stations?x=" + "y" * 20_000, 414),
]  # fmt: skip


async def test_bad_input_is_a_problem_document(client: httpx.AsyncClient) -> None:
    for url, status in WRONG:
        answer = await client.get(url)
        assert answer.status_code == status, (url, answer.text[:200])
        if status >= 400 and not url.startswith("/?station=nowhere"):
            problem = answer.json()
            assert answer.headers["content-type"] == "application/problem+json", url
            assert problem["status"] == status
            assert problem["title"]
            assert problem["detail"]


async def test_other_methods_and_large_bodies_are_problems(client: httpx.AsyncClient) -> None:
    assert (await client.delete("/v1/stations")).status_code == 405
    large = await client.post("/v1/stations", content=b"x" * 2_000_000)
    assert large.status_code == 413
    packed = await client.post("/v1/stations", content=b"x", headers={"content-encoding": "gzip"})
    assert packed.status_code == 415


async def test_openapi_names_problems_and_no_validation_error(client: httpx.AsyncClient) -> None:
    document = (await client.get("/v1/openapi.json")).json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
            if "422" in operation["responses"]:
                assert list(operation["responses"]["422"]["content"]) == ["application/problem+json"]


async def test_a_down_database_is_503_again_later(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET statement_timeout = 0")
    await client.resources.pool.close()
    answer = await client.get("/v1/stations")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
