"""Rollups: the same as a plain computation over the readings, whatever was touched in whatever order."""

import datetime as dt
import math
import random

import numpy as np
import psycopg
import pytest

from store.rollup import refresh
from telemetry.quantities import QUANTITIES

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def station(database):
    """A station with temperature, rain and wind direction every 10 minutes; returns ids by quantity."""
    with psycopg.connect(database, autocommit=True) as connection:
        place = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's') RETURNING id"
        ).fetchone()[0]
        return {
            quantity: connection.execute(
                "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 600) RETURNING id",
                [place, quantity],
            ).fetchone()[0]
            for quantity in ("air_temperature", "precipitation", "wind_direction")
        }


def put(connection, datastream, rows):
    connection.cursor().executemany(
        "INSERT INTO reading VALUES (%s, %s, %s, %s, 1)",
        [(time, value, datastream, flag) for time, value, flag in rows],
    )
    times = [row[0] for row in rows]
    connection.execute("SELECT append_marks(%s, %s, %s, 'reading')", [[datastream], [min(times)], [max(times)]])


async def refresh_all(url):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        count = 0
        while found := await refresh(connection, 10):
            count += found
        return count


def series(connection, datastream, days=1, **more):
    arguments = {
        "d": datastream,
        "a": START - dt.timedelta(hours=7),
        "b": START + dt.timedelta(days=days),
        "p": 1000,
        "s": False,
        "w": None,
    } | more
    return connection.execute("SELECT * FROM series(%(d)s, %(a)s, %(b)s, %(p)s, %(s)s, %(w)s)", arguments).fetchall()


def test_aggregates_are_those_of_the_table_of_quantities(database):
    with psycopg.connect(database) as connection:
        for quantity in QUANTITIES.values():
            assert connection.execute("SELECT aggregate_of(%s)", [quantity.name]).fetchone() == (
                quantity.aggregate.value,
            )


async def test_sums_means_and_vector_means(database, station):
    times = [START + dt.timedelta(minutes=10 * n) for n in range(144)]
    with psycopg.connect(database) as connection:
        put(connection, station["air_temperature"], [(t, float(n), 1) for n, t in enumerate(times)])
        put(connection, station["precipitation"], [(t, 0.5, 1) for t in times])
        put(connection, station["wind_direction"], [(t, 350.0 if n % 2 else 20.0, 1) for n, t in enumerate(times)])
    assert await refresh_all(database) == 1
    with psycopg.connect(database) as connection:
        hours = series(connection, station["air_temperature"], w=dt.timedelta(hours=1))
        assert [row[1] for row in hours] == [np.mean(range(6 * h, 6 * h + 6)) for h in range(24)]
        assert {row[5] for row in hours} == {1.0}
        days = series(connection, station["precipitation"], days=2, w=dt.timedelta(days=1))
        assert [row[1] for row in days] == [51.0, 21.0]  # local days of +07: 17 hours, then 7
        assert days[0][0] == START - dt.timedelta(hours=7)
        direction = series(connection, station["wind_direction"], w=dt.timedelta(hours=1))[0][1]
        assert direction == pytest.approx(5.0)
        assert len(series(connection, station["air_temperature"], p=1000)) == 144  # raw
        assert len(series(connection, station["air_temperature"], p=50)) == 24


async def test_flags_verdicts_and_a_persons_word(database, station):
    stream = station["air_temperature"]
    rows = [(START + dt.timedelta(minutes=n), float(n), 1) for n in range(60)]
    with psycopg.connect(database) as connection:
        put(connection, stream, [*rows, (START + dt.timedelta(minutes=60), 999.0, 4 | 1 << 8)])
        say = "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at) VALUES (%s, %s, %s, %s, 'x', %s, %s)"
        at = lambda minute: START + dt.timedelta(minutes=minute)  # noqa: E731
        connection.execute(say, [stream, at(10), at(19), 3 | 1 << 11, "ordered", at(0)])
        connection.execute(say, [stream, at(15), at(16), 4 | 1 << 12, "ordered", at(0)])
        connection.execute(say, [stream, at(19), at(19), 1, "person:an", at(1)])
        flags = dict(
            connection.execute("SELECT phenomenon_time, flag FROM judged WHERE datastream_id = %s", [stream]).fetchall()
        )
        other = station["precipitation"]
        put(connection, other, [(at(n), 0.0, 1) for n in range(60)])
        read = "SELECT phenomenon_time, flag, datastream_id FROM judged_readings(%s, %s, %s)"
        for asked in ([stream], [other, stream]):
            again = connection.execute(read, [asked, at(0), at(61)]).fetchall()
            assert flags == {row[0]: row[1] for row in again if row[2] == stream}
            assert {row[1] for row in again if row[2] != stream} == ({1} if other in asked else set())
            assert again == sorted(again, key=lambda row: (row[2], row[0]))
        assert (
            len(connection.execute(read, [[other, 10**6], at(0), at(61)]).fetchall()) == 60
        )  # of these nothing was said
        assert connection.execute(read, [[], at(0), at(61)]).fetchall() == []
        assert flags[at(9)] == 1
        assert flags[at(10)] == 3 | 1 << 11
        assert flags[at(15)] == 4 | 1 << 11 | 1 << 12
        assert flags[at(19)] & 255 == 1
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        (hour,) = series(connection, stream, w=dt.timedelta(hours=1))
        kept = [n for n in range(60) if not 10 <= n <= 18]
        assert hour[1:5] == (pytest.approx(np.mean(kept)), 0.0, 59.0, len(kept))
        with_suspect = series(connection, stream, w=dt.timedelta(hours=1), s=True)[0]
        assert with_suspect[4] == 58  # all but the two that failed; the one out of range is in the next hour


async def test_touched_buckets_are_read_from_raw_until_they_are_recomputed(database, station):
    stream = station["air_temperature"]
    with psycopg.connect(database) as connection:
        put(connection, stream, [(START + dt.timedelta(minutes=n), 1.0, 1) for n in range(120)])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        put(connection, stream, [(START + dt.timedelta(minutes=n, seconds=30), 3.0, 1) for n in range(60)])
    for _ in range(2):
        with psycopg.connect(database) as connection:
            assert [row[1] for row in series(connection, stream, w=dt.timedelta(hours=1))] == [2.0, 1.0]
            assert series(connection, stream, w=dt.timedelta(days=1))[0][1] == pytest.approx(300 / 180)
        await refresh_all(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM touched").fetchone() == (0,)


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Asia/Kathmandu"])
async def test_any_order_of_touching_ends_in_the_same_rollups(database, station, zone):
    """Against a plain computation, over days of 23 and 25 hours."""
    chance, stream = random.Random(4), station["wind_direction"]
    start = dt.datetime(2026, 3, 7, tzinfo=dt.UTC)
    rows = [
        (start + dt.timedelta(minutes=7 * n), chance.uniform(0, 360), chance.choice([1, 1, 1, 3, 4]))
        for n in range(600)
    ]
    chance.shuffle(rows)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE place SET time_zone = %s", [zone])
    for part in range(0, 600, 150):
        with psycopg.connect(database) as connection:
            put(connection, stream, rows[part : part + 150])
        await refresh_all(database)
    with psycopg.connect(database) as connection:
        for table, bucket in (
            ("quarter", "time_bucket('15 min', phenomenon_time)"),
            ("hour", "time_bucket('1 hour', phenomenon_time)"),
            ("day", f"date_trunc('day', phenomenon_time, '{zone}')"),
        ):
            plain = connection.execute(
                f"SELECT {bucket}, CASE flag WHEN 2 THEN 1 ELSE flag END, count(*), sum(result), min(result), max(result),"
                " sum(result * result), sum(sin(radians(result))), sum(cos(radians(result))),"
                " (array_agg(result ORDER BY phenomenon_time DESC))[1] FROM reading GROUP BY 1, 2 ORDER BY 1, 2"
            ).fetchall()
            ours = connection.execute(
                f"SELECT bucket, class, count, sum, minimum, maximum, squares, east, north, last FROM rollup_{table} ORDER BY 1, 2"
            ).fetchall()
            assert len(plain) == len(ours)
            for left, right in zip(plain, ours, strict=True):
                assert left[:3] == right[:3]
                assert all(
                    math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in zip(left[3:], right[3:], strict=True)
                )


async def test_a_bucket_whose_readings_are_all_withdrawn_disappears(database, station):
    stream = station["air_temperature"]
    with psycopg.connect(database) as connection:
        put(connection, stream, [(START, 1.0, 1)])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at) VALUES (%s, %s, %s, 4, 'x', 'ordered', %s)",
            [stream, START, START, START],
        )
        connection.execute("SELECT append_marks(ARRAY[%s], ARRAY[%s], ARRAY[%s], 'verdict')", [stream, START, START])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT class FROM rollup_day").fetchall() == [(4,)]
        assert series(connection, stream, w=dt.timedelta(days=1)) == []
