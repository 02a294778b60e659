"""Rollups: the same as a plain computation over the readings, whatever was touched in whatever order."""

import datetime as dt
import math
import random

import numpy as np
import psycopg
import pytest

from store.rollup import close, refresh
from store.statements import statement
from store.verdict import ORDERED, Verdict, replace
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


async def refresh_all(url, now=START):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        count = 0
        while found := await refresh(connection, now, 10):
            count += found
        return count


async def close_all(url, now):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        station = 0
        while station := await close(connection, now, station, 1):
            pass


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


def compared(connection, zone, streams):
    """Rollups of datastreams beside a plain computation over their readings."""
    first, last = START - dt.timedelta(days=30), START + dt.timedelta(days=60)
    for source, bucket in (
        ("rolled_quarters", "time_bucket('15 min', phenomenon_time)"),
        ("rolled_hours", "time_bucket('1 hour', phenomenon_time)"),
        ("rolled_days", f"date_trunc('day', phenomenon_time, '{zone}')"),
    ):
        plain = connection.execute(
            f"SELECT datastream_id, {bucket}, CASE flag WHEN 2 THEN 1 ELSE flag END, count(*), sum(result), min(result), max(result),"
            " sum(result * result), sum(sin(radians(result))), sum(cos(radians(result))),"
            " (array_agg(result ORDER BY phenomenon_time DESC))[1] FROM reading WHERE datastream_id = ANY(%s)"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
            [streams],
        ).fetchall()
        ours = connection.execute(
            f"SELECT datastream_id, bucket, class, count, sum, minimum, maximum, squares, east, north, last FROM {source}(%s, %s, %s)"
            " ORDER BY 1, 2, 3",
            [streams, first, last],
        ).fetchall()
        assert [row[:4] for row in plain] == [row[:4] for row in ours]
        for left, right in zip(plain, ours, strict=True):
            numbers = [(a, b) for a, b in zip(left[4:], right[4:], strict=True) if b is not None]
            assert len(numbers) == 7 or (source == "rolled_hours" and len(numbers) == 5)
            assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9) for a, b in numbers), (source, left, right)


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("interval", [420, 60])
async def test_any_order_of_touching_ends_in_the_same_rollups(database, station, zone, interval):
    """Against a plain computation, over days of 23 and 25 hours, with quarters and without, while days close."""
    chance, stream = random.Random(4), station["wind_direction"]
    start = dt.datetime(2026, 3, 7, tzinfo=dt.UTC)
    rows = [
        (start + dt.timedelta(minutes=7 * n), chance.uniform(0, 360), chance.choice([1, 1, 1, 3, 4]))
        for n in range(600)
    ]
    chance.shuffle(rows)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE place SET time_zone = %s", [zone])
        connection.execute("UPDATE datastream SET interval_seconds = %s", [interval])
    for part in range(0, 600, 150):
        with psycopg.connect(database) as connection:
            put(connection, stream, rows[part : part + 150])
        now = start + dt.timedelta(hours=chance.uniform(24, 72))
        await refresh_all(database, now)
        await close_all(database, now)
    with psycopg.connect(database) as connection:
        compared(connection, zone, [stream])
        assert (connection.execute("SELECT count(*) FROM rollup_quarter").fetchone()[0] > 0) == (interval < 300)
        open_days = connection.execute("SELECT count(*) FROM rollup_hour").fetchone()[0]
    await close_all(database, start + dt.timedelta(days=20))
    with psycopg.connect(database) as connection:
        compared(connection, zone, [stream])
        assert open_days > 0
        assert connection.execute("SELECT count(*) FROM rollup_hour").fetchone() == (0,)


@pytest.mark.parametrize(("born", "fine"), [(299, True), (300, False), (600, False)])
async def test_quarters_are_for_what_comes_within_five_minutes(database, station, born, fine):
    stream = station["wind_direction"]
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = %s", [born])
        put(connection, stream, [(START + dt.timedelta(seconds=born * n), float(n), 1) for n in range(30)])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        assert bool(connection.execute("SELECT count(*) FROM rollup_quarter").fetchone()[0]) == fine
        compared(connection, "Asia/Ho_Chi_Minh", [stream])


@pytest.mark.parametrize(("gap", "fine"), [(299, True), (300, False)])
async def test_where_no_interval_is_given_the_median_of_gaps_decides(database, station, gap, fine):
    stream = station["wind_direction"]
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = 0")
        put(connection, stream, [(START + dt.timedelta(seconds=gap * n), float(n), 1) for n in range(20)])
    await refresh_all(database)
    grain = "SELECT quarters FROM rollup_grain WHERE datastream_id = %s"
    with psycopg.connect(database) as connection:
        assert connection.execute(grain, [stream]).fetchone() is None  # 19 gaps: nobody knows yet
        put(connection, stream, [(START + dt.timedelta(seconds=gap * 20, hours=12), 1.0, 1)])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        assert connection.execute(grain, [stream]).fetchone() == (fine,)
        compared(connection, "Asia/Ho_Chi_Minh", [stream])


async def test_a_datastream_that_is_born_anew_gets_or_loses_its_quarters(database, station):
    stream = station["wind_direction"]
    count = "SELECT count(*) FROM rollup_quarter"
    with psycopg.connect(database) as connection:
        put(connection, stream, [(START + dt.timedelta(minutes=10 * n), float(n), 1) for n in range(300)])
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = 60")
        later = START + dt.timedelta(days=3)
        put(connection, stream, [(later + dt.timedelta(minutes=n), float(n), 1) for n in range(60)])
    await refresh_all(database, START + dt.timedelta(days=3))
    with psycopg.connect(database) as connection:
        assert connection.execute(count).fetchone()[0] > 200  # of the days before as well
        compared(connection, "Asia/Ho_Chi_Minh", [stream])
        connection.execute("UPDATE datastream SET interval_seconds = 600")
    await close_all(database, START + dt.timedelta(days=3))
    with psycopg.connect(database) as connection:
        assert connection.execute(count).fetchone() == (0,)
        compared(connection, "Asia/Ho_Chi_Minh", [stream])


async def test_what_stands_already_is_not_written_again(database, station):
    stream = station["air_temperature"]
    state = "SELECT xmin::text, ctid::text, bucket, class FROM rollup_{} ORDER BY 1, 2"
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = 60")
        put(connection, stream, [(START + dt.timedelta(minutes=n), float(n % 7), 1) for n in range(4000)])
    now = START + dt.timedelta(days=2)
    await refresh_all(database, now)
    before = {}
    for turn in range(2):
        with psycopg.connect(database) as connection:
            for table in ("quarter", "hour", "day"):
                rows = connection.execute(state.format(table)).fetchall()
                assert rows
                assert turn == 0 or rows == before[table]
                before[table] = rows
            arrays = connection.execute("SELECT xmin::text, ctid::text FROM rollup_hours ORDER BY 1, 2").fetchall()
            assert arrays
            assert turn == 0 or arrays == before["hours"]
            before["hours"] = arrays
            connection.execute(
                "INSERT INTO touched (place, from_time, to_time) SELECT id, %s, %s FROM place", [START, now]
            )
        await refresh_all(database, now)


async def test_ten_years_are_rolled_up_piece_by_piece(database, station):
    """What one call holds is bounded by readings, and the newest days come first."""
    stream = station["precipitation"]
    first = START - dt.timedelta(days=3650)
    with psycopg.connect(database) as connection:
        put(connection, stream, [(first + dt.timedelta(days=n), 1.0, 1) for n in range(0, 3650, 10)])
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as worker:
            connection.commit()
            assert await refresh(worker, START) == 1
            done = connection.execute("SELECT min(bucket), max(bucket) FROM rollup_day").fetchone()
            assert done[1] > START - dt.timedelta(days=20)
    await refresh_all(database)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*), sum(sum) FROM rollup_day").fetchone() == (365, 365.0)
        assert connection.execute("SELECT count(*) FROM touched").fetchone() == (0,)


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


@pytest.mark.parametrize(
    ("former", "present", "touched"),
    [
        ([(0, 60, 3)], [(0, 70, 3)], [(60, 70)]),  # grew by a reading
        ([(0, 60, 3)], [(0, 60, 3)], []),
        ([(0, 60, 3)], [(0, 60, 4)], [(0, 60)]),  # worse than was thought
        ([(0, 60, 3)], [(30, 60, 3)], [(0, 30)]),
        ([(0, 60, 3)], [], [(0, 60)]),
        ([], [(0, 60, 3)], [(0, 60)]),
        ([(0, 10, 3), (500, 600, 3)], [(0, 10, 3), (500, 610, 3)], [(600, 610)]),
    ],
)
async def test_a_finding_touches_only_what_it_changed(database, station, former, present, touched):
    stream = station["air_temperature"]
    at = lambda minute: START + dt.timedelta(minutes=minute)  # noqa: E731

    def verdicts(spans):
        return [Verdict(stream, at(first), at(last), flag, "persistence") for first, last, flag in spans]

    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        cursor = connection.cursor()
        await replace(cursor, ORDERED, [stream], [at(0)], verdicts(former), at(0))
        await connection.execute("DELETE FROM touched")
        await replace(cursor, ORDERED, [stream], [at(0)], verdicts(present), at(0))
        changed = await cursor.fetchall()
        rows = await (await connection.execute("SELECT from_time, to_time FROM touched ORDER BY from_time")).fetchall()
        assert rows == [(at(first), at(last)) for first, last in touched]
        assert changed == ([(stream, at(touched[0][0]), at(touched[-1][1]))] if touched else [])
        held = await (await connection.execute("SELECT count(*) FROM verdict")).fetchone()
        assert held == (len(present),)


async def test_whose_grain_is_known_is_not_asked_again_at_each_refresh(database, station):
    """The median gap of all datastreams at each refresh cost more than the rollups themselves."""
    times = [START + dt.timedelta(minutes=10 * n) for n in range(144)]
    with psycopg.connect(database, autocommit=True) as connection:
        for stream in station.values():
            put(connection, stream, [(t, 1.0, 1) for t in times])
        connection.execute("ANALYZE")
        await refresh_all(database)
        arguments = {"places": [connection.execute("SELECT id FROM place").fetchone()[0]], "look_again": False}
        query = "EXPLAIN (ANALYZE, TIMING off) " + statement("rollup", "choose_grain")
        for born in (600, 0):
            connection.execute("UPDATE datastream SET interval_seconds = %s", [born])
            with connection.transaction(force_rollback=True):
                plan = [row[0] for row in connection.execute(query, arguments)]
            read = [line for line in plan if "_hyper_1_" in line]
            assert read
            assert all("never executed" in line for line in read), plan
