"""What cannot be judged is said: at the API, on the farmers' page, in the office, each within the asker's scope."""

import re

import httpx
import psycopg
import pytest

from api.web.words import with_unit
from telemetry.unknown import Why


@pytest.fixture
def silent(province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        for code, name, why, lacks, holds in [
            ("mau-son-1", "flash_flood_rain", Why.PROPERTY, ["flash_flood_susceptibility"], True),
            ("mau-son-1", "heavy_rain", Why.READINGS, [], False),
            ("mau-son-1", "pond_oxygen", Why.SENSOR, ["dissolved_oxygen"], False),
            ("mau-son-1", "battery_low", Why.SENSOR, ["battery_voltage"], False),
            ("farm-a-1", "heavy_rain", Why.READINGS, [], False),
        ]:
            connection.execute(
                "INSERT INTO unjudged (place, kind, name, reason, lacks, holds)"
                " SELECT id, 'rule', %s, %s, %s, %s FROM place WHERE code = %s",
                (name, int(why), lacks, holds, code),
            )
        connection.execute(
            "INSERT INTO unjudged (place, kind, name, reason, lacks) SELECT id, 'index', 'keetch_byram_drought_index',"
            " 3, '{annual_precipitation}' FROM place WHERE code = 'mau-son-1'"
        )


@pytest.mark.usefixtures("silent")
async def test_the_api_says_what_cannot_be_judged_and_why(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/stations/mau-son-1/unjudged")
    assert answer.status_code == 200
    found = {row["name"]: row for row in answer.json()}
    flood = found["flash_flood_rain"]
    assert (flood["reason"], flood["lacks"], flood["holds"]) == ("property", ["flash_flood_susceptibility"], True)
    assert flood["says"]["vi"] == "chưa khai mức nhạy cảm lũ quét; tạm báo theo mức chắc chắn"
    assert flood["title"]["vi"] == "Mưa gây lũ quét, sạt lở"
    assert found["heavy_rain"]["says"]["en"] == "too few readings"
    assert found["keetch_byram_drought_index"]["kind"] == "index"
    assert (await client.get("/v1/stations/huu-lung-1/unjudged")).json() == []
    assert (await client.get("/v1/stations/farm-a-1/unjudged")).status_code == 404
    assert (await client.get("/v1/stations/nowhere/unjudged")).status_code == 404


@pytest.mark.usefixtures("silent")
async def test_a_page_never_says_no_warning_of_what_it_cannot_know(client: httpx.AsyncClient) -> None:
    page = (await client.get("/?station=mau-son-1")).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "Hiện không có cảnh báo nào trong những điều biết được ở đây." in text
    assert "Hiện không có cảnh báo nào." not in text
    assert "Chưa biết: Mưa gây lũ quét, sạt lở – chưa khai mức nhạy cảm lũ quét; tạm báo theo mức chắc chắn." in text
    assert "Mưa vừa, mưa to, mưa rất to – thiếu số liệu." in text
    assert "Ở đây không có máy đo để báo (1) Ao thiếu ôxy" in text, "batteries are nothing a farmer has to know"
    english = (await client.get("/?station=mau-son-1&lang=en")).text
    assert "There is no warning now among what can be known here." in english
    known = (await client.get("/?station=jfk")).text
    assert "Chưa biết" not in known


def read(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


async def test_a_station_that_never_sent_is_not_called_quiet(province: str, client: httpx.AsyncClient) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('new-1', 'station', 'Trạm mới')")
    text = read((await client.get("/?station=new-1")).text)
    assert "Hiện không có cảnh báo nào" not in text
    assert "Chưa biết có cảnh báo hay không: trạm chưa gửi số liệu." in text
    english = read((await client.get("/?station=new-1&lang=en")).text)
    assert "There is no warning" not in english
    assert "Not known whether there is a warning: the station has sent no readings." in english


@pytest.mark.parametrize(("minutes", "late"), [(2, False), (40, True)])
async def test_readings_that_nobody_judged_yet_are_said(
    province: str, client: httpx.AsyncClient, minutes: int, late: bool
) -> None:
    """Analytics stood still, and the page went on saying that there is no warning."""
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO mark (place, from_time, to_time, cause, marked_at) SELECT id, now(), now(), 'reading',"
            " clock_timestamp() - make_interval(mins => %s) FROM place WHERE code = 'jfk'",
            [minutes],
        )
    text = read((await client.get("/?station=jfk")).text)
    assert ("Chưa biết: số liệu mới chưa được xét" in text) == late
    assert ("Hiện không có cảnh báo nào." in text) is not late


@pytest.mark.usefixtures("silent")
async def test_the_office_sees_what_cannot_be_judged_within_its_area(
    client: httpx.AsyncClient, keys: dict[str, dict[str, str]]
) -> None:
    page = (await client.get("/office", headers=keys["department"])).text
    assert "Cảnh báo chưa xét được" in page
    assert "chưa khai mức nhạy cảm lũ quét" in page
    assert "Trạm Mẫu Sơn" in page
    other = (await client.get("/office", headers=keys["officer"])).text
    assert "chưa khai mức nhạy cảm lũ quét" not in other, "Mẫu Sơn is not theirs"


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (2.0, "2"), (0.53, "0,53"), (-1.2, "−1,2")])
def test_a_level_is_a_whole_number_without_a_unit(value: float, text: str) -> None:
    """The page said "0,00 1" of the level of flash floods."""
    assert with_unit(value, "1", "vi") == text
