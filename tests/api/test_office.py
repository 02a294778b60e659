"""The officers' side: signing in, forms, and what scripts from elsewhere cannot do."""

import json
import re

import httpx
import psycopg
import pytest
from argon2 import PasswordHasher

from store import access

from .conftest import client_of

PASSWORD = "một mật khẩu dài"


@pytest.fixture
def people(province: str) -> str:
    """Officer and farmer with a password."""
    with psycopg.connect(province) as connection:
        hashed = PasswordHasher(time_cost=1, memory_cost=64).hash(PASSWORD)
        for name, role, place in (("can-bo", "officer", "huu-lung"), ("dan", "farmer", "farm-a"),
                                  ("ky-su", "agronomist", "lang-son"), ("so", "department", "lang-son")):  # fmt: skip
            access.add_account(connection, name, f"Ông {name}", password=hashed)
            access.grant(connection, name, role, place)
    return province


async def sign_in(client: httpx.AsyncClient, name: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/sign-in", data={"name": name, "password": password})


def csrf(page: str) -> str:
    found = re.search(r'name="csrf" value="([0-9a-f]{128})"', page)
    assert found is not None
    return found[1]


async def test_sign_in_see_sign_out(client: httpx.AsyncClient, people: str) -> None:
    assert (await client.get("/office")).headers["location"] == "/sign-in"
    answer = await sign_in(client, "dan")
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    page = await client.get("/")
    assert "Trạm trại A" in page.text, "the farmer sees the farm's station"
    assert "Trạm trại B" not in page.text
    assert (await client.get("/office")).status_code == 200
    assert (await client.get("/office/people")).status_code == 403
    out = await client.post("/sign-out", data={"csrf": csrf(page.text)})
    assert out.status_code == 303
    assert "storage" in out.headers["clear-site-data"], "the farm's pages are not left on the device"
    client.cookies.set("nongvu_session", cookie.split("=")[1].split(";")[0])
    assert "Trạm trại A" not in (await client.get("/")).text, "a session that was ended is worth nothing"


async def test_secure_cookies_unless_told_otherwise(people: str) -> None:
    async with client_of(people, secure_cookies=True) as client:
        assert "Secure" in (await sign_in(client, "dan")).headers["set-cookie"]


async def test_wrong_passwords_lock_the_account(client: httpx.AsyncClient, people: str) -> None:
    for name in ("nobody", "dan"):
        answer = await sign_in(client, name, "wrong")
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    for _ in range(4):
        await sign_in(client, "dan", "wrong")
    assert (await sign_in(client, "dan")).status_code == 403, "locked"
    with psycopg.connect(people, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'account locked'").fetchone() == (1,)
        connection.execute("UPDATE account SET locked_until = clock_timestamp() - interval '1 second'")
    assert (await sign_in(client, "dan")).status_code == 303


async def test_pages_of_a_session_are_packed_and_their_marks_are_never_twice_the_same(
    client: httpx.AsyncClient, people: str
) -> None:
    await sign_in(client, "so")
    pages = [await client.get("/office") for _ in range(2)]
    assert [page.headers["content-encoding"] for page in pages] == ["gzip", "gzip"]
    first, second = (csrf(page.text) for page in pages)
    assert first != second
    for mark, status in ((second, 422), (first, 422), (first[:64] + second[64:], 403), (first[64:], 403), ("zz", 403)):
        answer = await client.post("/office/people", data={"csrf": mark, "phone": "1"})
        assert answer.status_code == status, "each mark of the session is good, a mixed one is none"


async def test_forms_of_other_sites_are_refused(client: httpx.AsyncClient, people: str) -> None:
    other = {"sec-fetch-site": "cross-site"}
    sent = await client.post("/sign-in", data={"name": "so", "password": PASSWORD}, headers=other)
    assert sent.status_code == 403
    await sign_in(client, "so")
    body = {"phone": "0912345678", "place": "huu-lung", "how": "paper", "language": "vi"}
    assert (await client.post("/office/people", data=body)).status_code == 403
    assert (await client.post("/office/people", data=body | {"csrf": "0" * 128})).status_code == 403
    season = {"place": "farm-a", "crop": "rice", "sown": "2026-01-10"}
    assert (await client.post("/v1/seasons", json=season)).status_code == 403, "the REST side asks for the mark too"
    page = (await client.get("/office/people")).text
    made = await client.post("/v1/seasons", json=season, headers={"x-csrf-token": csrf(page)})
    assert made.status_code == 201


async def test_an_officer_works(client: httpx.AsyncClient, people: str) -> None:
    with psycopg.connect(people, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO broadcast (about, place, class, state, text, spoken, at, play_from, expires)
            SELECT 'bundle:1', id, 'khan_cap', 'waiting', 'Rét hại <gấp>', 'rét hại', '2026-01-31 13:00Z',
                   '2026-01-31 13:00Z', '2026-02-01 13:00Z' FROM place WHERE code = 'huu-lung';
            INSERT INTO approval (kind, topic, title, asked_at, expires)
            VALUES ('broadcast', 'broadcast:1', 'Loa: rét hại', '2026-01-31 13:00Z', '2026-02-01 13:00Z')
            """
        )
    await sign_in(client, "can-bo")
    page = (await client.get("/office")).text
    assert "Rét hại &lt;gấp&gt;" in page
    assert "Trạm trại A" in page
    assert "Trạm Mẫu Sơn" not in page, "another commune's"
    mark = csrf(page)
    done = await client.post("/office/approvals/1", data={"csrf": mark, "decision": "approved", "reason": "đúng"})
    assert done.headers["location"] == "/office?said=done"
    with psycopg.connect(people) as connection:
        assert connection.execute("SELECT state, who FROM approval").fetchone() == ("approved", "account:can-bo")
    taken = await client.post("/office/alerts/1", data={"csrf": mark})
    assert taken.headers["location"] == "/office?said=not_sent"
    body = {"csrf": mark, "phone": "0912345678", "place": "huu-lung", "how": "paper", "language": "vi"}
    assert (await client.post("/office/people", data=body)).headers["location"] == "/office/people?said=added"
    wrong = await client.post("/office/people", data=body | {"phone": "12"})
    assert wrong.status_code == 422
    listed = (await client.get("/office/people?lang=en")).text
    assert "huu-lung" in listed
    assert "912345678" not in listed
    assert (await client.post("/office/people/1", data={"csrf": mark})).headers["location"].endswith("stopped")
    assert (await client.get("/office/rules")).status_code == 403


async def test_an_agronomist_previews_a_rule(client: httpx.AsyncClient, people: str) -> None:
    await sign_in(client, "ky-su")
    page = (await client.get("/office/rules")).text
    assert "Rét đậm, rét hại" in page
    body = {"csrf": csrf(page), "rule": "cold_spell", "place": "huu-lung-1", "from": "2025-12-01", "to": "2026-01-01"}
    asked = await client.post("/office/rules", data=body)
    assert asked.headers["location"] == "/office/rules?asked=1"
    with psycopg.connect(people, autocommit=True) as connection:
        waiting = (await client.get(asked.headers["location"])).text
        assert 'http-equiv="refresh"' in waiting
        outcome = {"episodes": 3, "places": 1, "days": {"1": 7, "2": 4}, "longest_days": 5}
        answer = json.dumps({"now": outcome, "then": outcome | {"episodes": 8, "days": {"1": 19}}})
        connection.execute("UPDATE request SET state = 'done', progress = 1, answer = %s", [answer])
        done = (await client.get(asked.headers["location"])).text
        assert 'http-equiv="refresh"' not in done
        assert re.search(r"Số đợt</th><td>3</td><td>8</td>", done)
        assert re.search(r"cấp 2</th><td>4</td><td>0</td>", done)
        tried = await client.post("/office/rules", data=body | {"enter": "19,5 14 12"})
        assert tried.status_code == 303, tried.text
        told = connection.execute("SELECT topic -> 'values' FROM request ORDER BY id DESC LIMIT 1").fetchone()
        assert told == ({"enter": [19.5, 14.0, 12.0]},)
        connection.execute("UPDATE request SET state = 'failed', answer = '{\"problem\": \"<none>\"}'")
        assert "&lt;none&gt;" in (await client.get(tried.headers["location"])).text
    for wrong in ("19 14", "12 14 19", "a b c"):
        refused = await client.post("/office/rules", data=body | {"enter": wrong})
        assert refused.status_code == 422
    assert "Ngưỡng là các số" in refused.text
    assert (await client.post("/office/rules", data=body | {"from": "x"})).status_code == 422


async def test_map_bulletin_forecast_and_offline_parts(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO bulletin (place, kind, day, state, made_at, texts)
            SELECT id, 'daily', '2026-01-31', 'released', '2026-01-31 10:00Z', '{"vi": {"page": "Đêm nay rét đậm."}}'
            FROM place WHERE code = 'huu-lung';
            INSERT INTO broadcast (about, place, class, state, text, spoken, audio, at, play_from, expires)
            SELECT 'bulletin:1', id, 'thong_thuong', 'ready', 't', 't', 'ban-tin.mp3', '2026-01-31 10:00Z',
                   '2026-01-31 10:00Z', '2026-02-01 10:00Z' FROM place WHERE code = 'huu-lung';
            INSERT INTO forecast SELECT id, 'air_temperature', '2026-01-31 12:00Z', '2026-02-01 05:00Z', 12.5, 'model'
            FROM place WHERE code = 'huu-lung-1'
            """
        )
    page = (await client.get("/?station=huu-lung-1")).text
    assert "Đêm nay rét đậm." in page
    assert 'src="/v1/documents/ban-tin.mp3"' in page
    assert "12,5 – 12,5 °C" in page
    chart = (await client.get("/map")).text
    assert chart.count("<circle") == 3
    assert "Trạm trại" not in chart
    for path in ("/sw.js", "/static/manifest.webmanifest", "/static/leaflet/leaflet.js", "/static/leaflet/LICENSE.txt"):
        assert (await client.get(path)).status_code == 200
