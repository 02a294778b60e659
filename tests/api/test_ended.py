"""A station that ended is said to have ended, not to be silent."""

from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest

from api.web.ended import ended_on
from api.web.office import _station

NOW = datetime(2026, 1, 31, 13, tzinfo=UTC)
ROW = {"name": "A", "commune_name": None, "time_zone": "Asia/Ho_Chi_Minh", "time": NOW, "ended": None, "recorded": False,
       "missed": False, "every": None}  # fmt: skip
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, (False, None)),
        ({"time": None}, (True, None)),
        ({"time": NOW - DAY}, (False, None)),  # nobody said how often it reports, and no alert says that it is late
        ({"time": NOW - DAY, "every": 600.0}, (True, None)),
        ({"time": NOW - DAY, "every": 86_400.0}, (False, None)),
        ({"time": NOW - 2 * DAY, "every": 86_400.0}, (True, None)),
        ({"missed": True}, (True, None)),
        ({"time": NOW - 300 * DAY, "recorded": True}, (False, None)),
        ({"time": NOW - 500 * DAY, "missed": True, "every": 600.0}, (False, "18/09/2024")),
        ({"time": NOW - 90 * DAY, "ended": NOW - 90 * DAY}, (False, "02/11/2025")),
        ({"time": None, "ended": NOW - 90 * DAY}, (False, "02/11/2025")),
        ({"time": NOW - DAY, "ended": NOW - 90 * DAY, "every": 600.0}, (True, None)),  # it spoke again
        ({"time": NOW, "ended": NOW + DAY}, (False, None)),
    ],
)
def test_silent_or_ended(given, expected):
    row = ROW | given
    said = _station(row, NOW, "vi")
    assert (said["silent"], said["ended"]) == expected
    assert ended_on(row, NOW) == expected[1]


async def test_the_page_says_when_a_station_ended(client: httpx.AsyncClient, province: str) -> None:
    with psycopg.connect(province) as connection:
        place = connection.execute(
            "SELECT code, name FROM place WHERE kind = 'station' AND NOT private LIMIT 1"
        ).fetchone()
        connection.execute(
            'UPDATE place SET properties = properties || \'{"ended": "2015-12-31"}\' WHERE code = %s', place[:1]
        )
        connection.execute(
            "DELETE FROM latest WHERE datastream_id IN (SELECT datastream.id FROM datastream JOIN place ON place.id = place"
            " WHERE code = %s)", place[:1])  # fmt: skip
    assert "đã ngừng từ 31/12/2015" in (await client.get("/")).text
    assert "ended on 31/12/2015" in (await client.get("/?lang=en")).text
