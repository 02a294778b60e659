"""A season on the page: stage and days to the next one, water balance, what it needs; and whose it is."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from api.web.season import days_to_next

START = datetime(2026, 1, 1, tzinfo=UTC)
FILL = """
INSERT INTO place (code, kind, name, parent, longitude, latitude)
SELECT 'field-a', 'field', 'Ruộng A', id, 106.35, 21.52 FROM place WHERE code = 'farm-a';
INSERT INTO season (place, crop, variety, sown) SELECT id, 'maize', 'NK4300', '2026-01-01' FROM place WHERE code = 'field-a';
INSERT INTO catalogue VALUES ('crop', 'maize', '{"title": {"vi": "Ngô", "en": "Maize"}}')
ON CONFLICT (kind, name) DO UPDATE SET entry = excluded.entry;
INSERT INTO index_value (place, index, subject, time, value, completeness)
SELECT season.place, index_id(kind.index), season.id, day,
       CASE kind.index WHEN 'crop_stage' THEN 2 + (extract(day FROM day + interval '1 day') - 20) / 35
                       ELSE extract(day FROM day + interval '1 day') END, 1
FROM season, (VALUES ('crop_stage'), ('root_zone_depletion'), ('days_to_irrigation')) AS kind (index),
     generate_series(timestamptz '2026-01-20 17:00Z', '2026-01-30 17:00Z', '1 day') AS day;
"""


def days(*stages: float) -> list[tuple[datetime, float]]:
    return [(START + timedelta(days=number), stage) for number, stage in enumerate(stages)]


@pytest.mark.parametrize(
    ("stages", "left"),
    [
        ((), None),
        ((1.5,), None),  # one value has no pace
        ((1.0, 1.05), 19),  # a stage of 20 days, one day passed
        ((1.9, 1.95), 1),
        ((1.95, 2.0), None),  # another stage: its pace is not known yet
        ((4.9, 5.0), None),  # harvest
        ((1.5, 1.5), None),  # nothing moves
    ],
)
def test_days_to_the_next_stage(stages: tuple[float, ...], left: int | None) -> None:
    assert days_to_next(days(*stages)) == left


async def test_a_farmer_reads_the_season_and_others_do_not(
    client: httpx.AsyncClient, province: str, keys: dict[str, dict[str, str]]
) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(FILL)
    page = (await client.get("/?station=farm-a-1&lang=vi", headers=keys["farmer-a"])).text
    assert "Ngô NK4300 – Ruộng A" in page
    assert "Gieo ngày 1/1, đến nay 30 ngày." in page
    assert "Đang ở giai đoạn phát triển thân lá. Còn khoảng 24 ngày đến giữa vụ." in page  # 35 days, 11 passed
    assert "Đất vùng rễ đang thiếu 31,0 mm nước. Nếu không mưa, khoảng 31 ngày nữa phải tưới." in page
    assert 'aria-label="Nước thiếu ở vùng rễ từ khi gieo"' in page
    english = (await client.get("/?station=farm-a-1&lang=en", headers=keys["farmer-a"])).text
    assert "About 24 days to the mid-season." in english
    for name in ("public", "farmer-b", "nobody"):
        assert "Ruộng A" not in (await client.get("/?station=huu-lung-1", headers=keys[name])).text, name


RICE = """
INSERT INTO season (place, crop, variety, sown) SELECT id, 'rice_spring', '', '2026-01-02' FROM place WHERE code = 'field-a';
INSERT INTO catalogue VALUES ('crop', 'rice_spring', '{"title": {"vi": "Lúa xuân", "en": "Spring rice"}}')
ON CONFLICT (kind, name) DO UPDATE SET entry = excluded.entry;
INSERT INTO index_value (place, index, subject, time, value, completeness)
SELECT season.place, index_id(kind.index), season.id, day, kind.value, 1
FROM season, (VALUES ('paddy_water_level', %s::float8), ('paddy_irrigation_requirement', %s),
              ('paddy_days_to_irrigation', %s)) AS kind (index, value),
     generate_series(timestamptz '2026-01-20 17:00Z', '2026-01-30 17:00Z', '1 day') AS day
WHERE crop = 'rice_spring'
"""


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((42, 0, 5), "Nước trong ruộng ước sâu 4,2 cm. Nếu không mưa, khoảng 5 ngày nữa phải tưới."),
        ((-150, 80, 0), "Nước ước thấp hơn mặt ruộng 15,0 cm. Nên tưới 80,0 mm (chưa tính hao hụt"),
    ],
)
async def test_rice_that_stands_in_water_is_told_of_its_pond(
    client: httpx.AsyncClient, province: str, keys: dict[str, dict[str, str]], numbers: tuple[float, ...], says: str
) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(FILL)
        for statement in RICE.split(";"):
            connection.execute(statement.encode(), numbers if "%s" in statement else ())
    page = (await client.get("/?station=farm-a-1&lang=vi", headers=keys["farmer-a"])).text
    rice = page[page.index("Lúa xuân") :]
    assert says in rice
    assert 'aria-label="Mực nước ruộng lúa từ khi cấy"' in rice


async def test_forecast_indices_are_what_is_coming(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO index_value (place, index, reference_time, time, value, completeness)"
            " SELECT id, index_id('air_temperature_mean'), '2026-01-31 12:00Z', '2026-01-31 17:00Z', 3.3, 1 FROM place"
            " WHERE code = 'huu-lung-1'"
        )
    page = (await client.get("/?station=huu-lung-1&lang=en")).text
    coming = page[page.index('id="coming"') : page.index('id="daily"')]
    assert "Mean temperature" in coming
    assert "3.3 °C" in coming
    assert "3.3 °C" not in page[page.index('id="daily"') :], "what was observed stands apart"
