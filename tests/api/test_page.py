"""The farmers' page without a browser."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest

from api.languages import SHELF
from api.web.chart import chart, ticks
from api.web.words import ago, language_of, number, with_unit

from .conftest import client_of


async def test_page_shows_values_chart_and_alert_in_vietnamese(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?station=huu-lung-1")).text
    assert '<html lang="vi">' in page
    assert "10,0" in page or "6,9" in page or "5,0" in page or "°C" in page
    assert page.count("<svg") >= 3
    assert "Rét đậm tại xã" in page
    assert "Nhốt trâu bò" in page
    assert "21:00 ngày 31/01/2026" in page, "local time"


async def test_an_official_criterion_stands_after_the_advice_with_its_article(
    client: httpx.AsyncClient, province: str
) -> None:
    heading = "Tiêu chí chính thức, tính từ trạm đo (không phải bản tin)"
    address = "/?station=huu-lung-1"
    assert heading not in (await client.get(address)).text, "nothing official is open"
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO alert (rule, hazard, place, basis, state, level, started)"
            " SELECT 'law_cold', 'cold', id, 'observed', 'open', 1, '2026-01-30 18:00Z' FROM place"
            " WHERE code = 'huu-lung-1'"
        )
    page = (await client.get(address)).text
    advice, official = page.split(heading)
    assert "Rét đậm tại xã" in advice
    assert "Điều 53" not in advice
    assert "Điều 53, Quyết định 18/2021/QĐ-TTg" in official
    assert "Rét đậm tại xã" not in official
    english = (await client.get(f"{address}&lang=en")).text
    assert "Official criterion, computed from stations (not a bulletin)" in english
    elsewhere = (await client.get("/?station=jfk")).text
    assert "Điều 53" in elsewhere.split(heading)[1], "of other communes too"
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute("DELETE FROM alert_step; DELETE FROM alert WHERE rule <> 'law_cold'")
    alone = (await client.get(address)).text
    assert SHELF.words("vi", "page")["no_advice"] in alone.split(heading)[0]
    assert SHELF.words("vi", "page")["no_alerts"] not in alone, "there is one"


async def test_page_in_english_and_other_zone(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?station=jfk&lang=en")).text
    assert '<html lang="en">' in page
    assert "09:00, 31 January 2026" in page, "nine in the morning in New York"
    assert "Mean temperature" in page
    accepted = await client.get("/", headers={"accept-language": "en-GB,en;q=0.9"})
    assert accepted.headers["content-language"] == "en"


async def test_page_shows_no_farm_to_the_public(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    assert "Trại A" not in page
    assert "Trạm trại A" not in page
    assert (await client.get("/?station=farm-a-1")).status_code == 404


async def test_page_without_values_says_so(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?station=mau-son-1")).text
    assert SHELF.words("vi", "page")["no_values"] in page


async def test_notice_is_shown_and_escaped(province: str) -> None:
    async with client_of(province, notice="Phát lại <năm 2013>") as client:
        assert "Phát lại &lt;năm 2013&gt;" in (await client.get("/")).text
        assert "Phát lại" in (await client.get("/?lang=en")).text


async def test_notice_speaks_the_readers_language(province: str) -> None:
    async with client_of(province, notice="Phát lại", notice_en="A replay") as client:
        vi, en = (await client.get("/?lang=vi")).text, (await client.get("/?lang=en")).text
    assert "Phát lại" in vi
    assert "A replay" not in vi
    assert "A replay" in en
    assert "Phát lại" not in en


async def test_first_load_is_small_and_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/?station=huu-lung-1")
    parts = [answer.content]
    for address in re.findall(r'(?:src|href)="([^"]+)"', answer.text):
        assert not re.match(r"(https?:)?//", address), address
        if address.startswith("/static/"):
            got = await client.get(address)
            assert got.status_code == 200
            parts.append(got.content)
    assert sum(map(len, parts)) < 100_000
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "style=" not in answer.text, "the policy refuses inline styles"


async def test_closed_platform_shows_nothing(province: str) -> None:
    async with client_of(province, public="nothing") as client:
        assert (await client.get("/v1/stations")).json()["items"] == []
        assert "Trạm Hữu Lũng" not in (await client.get("/")).text


async def test_empty_database_is_a_page_too(database: str) -> None:
    async with client_of(database) as client:
        assert SHELF.words("vi", "page")["no_stations"] in (await client.get("/")).text


@pytest.mark.parametrize(
    ("value", "unit", "vi", "en"),
    [
        (-3.25, "Cel", "−3,2 °C", "−3.2 °C"),
        (0.253, "m3/m3", "25%", "25%"),
        (-0.04, "Cel", "0,0 °C", "0.0 °C"),
        (1013.4, "hPa", "1013 hPa", "1013 hPa"),
        (315.0, "deg", "Tây Bắc", "north-west"),
        (359.0, "deg", "Bắc", "north"),
    ],
)
def test_values_as_people_write_them(value: float, unit: str, vi: str, en: str) -> None:
    assert with_unit(value, unit, "vi") == vi
    assert with_unit(value, unit, "en") == en


def test_language_and_age() -> None:
    assert language_of("en", "", "vi") == "en"
    assert language_of("xx", "fr, en;q=0.1", "vi") == "en"
    assert language_of(None, "", "vi") == "vi"
    assert ago(timedelta(minutes=5), "en") == "5 min ago"
    assert ago(timedelta(days=3), "vi") == "cách đây 3 ngày"
    assert number(0.0, "mm", "vi") == "0,0"


def test_chart_breaks_at_gaps_and_spans_round_ticks() -> None:
    assert ticks(9.3, 14.2) == [8, 10, 12, 14, 16]
    assert ticks(5, 5)[0] < 5 < ticks(5, 5)[-1]
    start = datetime(2026, 1, 1, tzinfo=UTC)
    hours = [(start + timedelta(hours=hour), float(hour)) for hour in (0, 1, 2, 10, 11)]
    picture = chart(hours, (start, start + timedelta(days=1)), zone=ZoneInfo("Asia/Ho_Chi_Minh"), unit="Cel",
                    language="vi", bars=False, every=timedelta(hours=1), label="a < b")  # fmt: skip
    path = re.search(r'class="line" d="([^"]+)"', picture)
    assert path is not None
    assert path[1].count("M") == 2
    assert "a &lt; b" in picture
