"""A small province in the tables, and clients of an API over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from api.app import create
from api.run import opened
from api.settings import ApiSettings
from store import access

#: Event time of the tests: 21:00 in Lạng Sơn.
NOW = datetime(2026, 1, 31, 14, 0, tzinfo=UTC)
FILL = """
INSERT INTO place (code, kind, name, longitude, latitude) VALUES ('lang-son', 'province', 'Lạng Sơn', 106.76, 21.85);
INSERT INTO place (code, kind, name, parent, longitude, latitude)
SELECT code, 'commune', name, (SELECT id FROM place WHERE code = 'lang-son'), longitude, latitude
FROM (VALUES ('huu-lung', 'Xã Hữu Lũng', 106.34, 21.51), ('mau-son', 'Xã Mẫu Sơn', 106.98, 21.84))
    AS commune (code, name, longitude, latitude);
INSERT INTO place (code, kind, name, parent)
SELECT code, 'farm', name, (SELECT id FROM place WHERE code = 'huu-lung')
FROM (VALUES ('farm-a', 'Trại A'), ('farm-b', 'Trại B')) AS farm (code, name);
INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation, time_zone)
SELECT code, 'station', name, (SELECT id FROM place WHERE code = upper), longitude, latitude, elevation, zone
FROM (VALUES ('huu-lung-1', 'Trạm Hữu Lũng', 'huu-lung', 106.34, 21.51, 40.0, 'Asia/Ho_Chi_Minh'),
             ('mau-son-1', 'Trạm Mẫu Sơn', 'mau-son', 106.98, 21.84, 1150.0, 'Asia/Ho_Chi_Minh'),
             ('jfk', 'Kennedy', 'lang-son', -73.78, 40.64, 4.0, 'America/New_York'),
             ('farm-a-1', 'Trạm trại A', 'farm-a', 106.35, 21.52, 42.0, 'Asia/Ho_Chi_Minh'),
             ('farm-b-1', 'Trạm trại B', 'farm-b', 106.36, 21.53, 45.0, 'Asia/Ho_Chi_Minh'))
    AS station (code, name, upper, longitude, latitude, elevation, zone);
INSERT INTO datastream (place, quantity, level, interval_seconds)
SELECT place.id, quantity, level, 600 FROM place,
    (VALUES ('air_temperature', ''), ('relative_humidity', ''), ('precipitation', ''), ('wind_direction', ''),
            ('soil_moisture', '-0.30m')) AS kind (quantity, level)
WHERE place.kind = 'station';
INSERT INTO batch (gateway, received_at) SELECT id, '2026-01-31 14:00Z' FROM gateway WHERE code = 'api';
INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)
SELECT moment, CASE quantity
           WHEN 'air_temperature' THEN 10 + 5 * sin(extract(epoch FROM moment) / 86400 * 2 * pi())
           WHEN 'relative_humidity' THEN 80
           WHEN 'precipitation' THEN CASE WHEN extract(hour FROM moment) = 3 THEN 0.5 ELSE 0 END
           WHEN 'wind_direction' THEN CASE WHEN extract(minute FROM moment) < 30 THEN 350 ELSE 10 END
           ELSE 0.25 END, datastream.id, 1, 1
FROM datastream, generate_series(timestamptz '2026-01-28 14:00Z', '2026-01-31 14:00Z', '10 minutes') AS moment
WHERE (SELECT code FROM place WHERE place.id = datastream.place) <> 'mau-son-1';
INSERT INTO latest SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_time, result, flag, batch_id
FROM reading ORDER BY datastream_id, phenomenon_time DESC;
INSERT INTO catalogue VALUES
    ('index', 'air_temperature_mean', '{"title": {"vi": "Nhiệt độ trung bình", "en": "Mean temperature"}, "unit": "Cel"}'),
    ('rule', 'cold_spell', '{"title": {"vi": "Rét đậm, rét hại", "en": "Cold spell"}}')
ON CONFLICT (kind, name) DO UPDATE SET entry = catalogue.entry || excluded.entry;
INSERT INTO index_value (place, index, time, value, completeness)
SELECT id, index_id('air_temperature_mean'), day, 9.5, 1 FROM place,
    generate_series(timestamptz '2026-01-28 17:00Z', '2026-01-30 17:00Z', '1 day') AS day WHERE kind = 'station';
INSERT INTO alert (rule, hazard, place, basis, state, level, started, ended)
SELECT 'cold_spell', 'cold', id, 'observed', state, 2, started, ended
FROM place, (VALUES ('open', timestamptz '2026-01-30 17:00Z', NULL),
                    ('ended', '2026-01-10 17:00Z', timestamptz '2026-01-12 17:00Z')) AS episode (state, started, ended)
WHERE code IN ('huu-lung-1', 'farm-a-1');
INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, texts)
SELECT id, 1, 'open', 2, started, started, started + interval '1 day',
    '{"vi": {"short": "Rét đậm.", "long": "Rét đậm tại xã, nhiệt độ trung bình 9,5 °C.",
             "advice": {"livestock": "Nhốt trâu bò, che chắn chuồng."}},
      "en": {"short": "Cold.", "long": "Cold spell, daily mean 9.5 °C.", "advice": {"livestock": "House the cattle."}}}'
FROM alert;
"""


class StoppedClock:
    """Event time stands still."""

    def now(self) -> datetime:
        return NOW

    async def wait_until(self, moment: datetime) -> None:
        raise NotImplementedError


@pytest.fixture
def province(database: str) -> str:
    """Url of a database with a small province in it."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(FILL)
    return database


@asynccontextmanager
async def client_of(url: str, **settings: object) -> AsyncIterator[httpx.AsyncClient]:
    told = ApiSettings(database_url=url, **({"per_minute": 100_000, "secure_cookies": False} | settings))
    async with opened(told) as resources:
        resources.clock = StoppedClock()
        transport = httpx.ASGITransport(create(resources), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://nongvu.test") as client:
            client.resources = resources
            yield client


@pytest.fixture
async def client(province: str) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(province) as asking:
        yield asking


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def hour() -> timedelta:
    return timedelta(hours=1)


#: Accounts of the tests: role and place of each.
PEOPLE = {
    "farmer-a": ("farmer", "farm-a"),
    "farmer-b": ("farmer", "farm-b"),
    "officer": ("officer", "huu-lung"),
    "agronomist": ("agronomist", "lang-son"),
    "department": ("department", "lang-son"),
    "gateway": ("gateway", "huu-lung"),
    "provider": ("provider", None),
    "administrator": ("administrator", None),
    "nobody": (None, None),
}


@pytest.fixture
def keys(province: str) -> dict[str, dict[str, str]]:
    """Headers with a key of each of the tests' accounts, every scope open to it."""
    headers = {"public": {}}
    with psycopg.connect(province) as connection:
        for name, (role, place) in PEOPLE.items():
            access.add_account(connection, name)
            if role:
                access.grant(connection, name, role, place)
            key = access.add_key(connection, name, scopes=list(access.RIGHTS), per_minute=100_000)
            headers[name] = {"authorization": f"Bearer {key.text}"}
    return headers
