"""The second pass of quality on the embedded database: stations of a province compared with each other."""

import asyncio
import random
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import AT_ONCE, HOUR, START, attempt, contents, crash_sometimes, deliver, same, scalar, settle

from analytics.run.engine import write
from analytics.run.engine.engine import Engine
from analytics.run.neighbours import compare
from store.lease import Waits
from store.pool import pool

DAY = 24 * HOUR
HEIGHTS = (250, 300, 350, 500, 900, 1400)


@pytest.fixture
def province(database):
    return build(database)


def build(database):
    """Six stations some kilometres apart and from a valley to a summit; (temperature, rain) datastream of each."""
    streams = []
    with psycopg.connect(database) as connection:
        area = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('ls', 'province', 'LS') RETURNING id"
        ).fetchone()[0]
        for k, height in enumerate(HEIGHTS):
            place = connection.execute(
                "INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation)"
                " VALUES (%s, 'station', %s, %s, %s, 21.8, %s) RETURNING id",
                (f"s{k}", f"S{k}", area, 106.7 + k * 0.03, height),
            ).fetchone()[0]
            streams.append(
                [
                    connection.execute(
                        "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 3600) RETURNING id",
                        (place, quantity),
                    ).fetchone()[0]
                    for quantity in ("air_temperature", "precipitation")
                ]
            )
    return streams


def air(k, days, wrong=()):
    """An inversion every night: by day it is colder above, at night warmer."""
    found = []
    for hour in range(days * 24):
        sun = np.sin((hour - 9) / 12 * np.pi)
        lapse = -0.0065 if sun > 0 else 0.004
        value = 18 + 4 * sun + lapse * (HEIGHTS[k] - 250) + 0.1 * ((hour * 7 + k) % 5)
        found.append((START + HOUR * hour, round(float(value + (8.0 if hour in wrong else 0.0)), 1)))
    return found


def verdicts(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT datastream_id, reason, min(valid_from), max(valid_to) FROM verdict WHERE who = 'spatial'"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()


async def test_inversions_are_normal_and_one_that_is_wrong_all_day_is_found(database, province):
    warm = range(24, 44)
    for k, (stream, _) in enumerate(province):
        deliver(database, stream, air(k, 3, warm if k == 2 else ()))
    await settle(database, START + 3 * DAY + HOUR)
    ((stream, reason, begin, end),) = verdicts(database)
    assert (stream, reason) == (province[2][0], "spatial")
    assert START + DAY <= begin <= START + DAY + HOUR  # the jump itself is found by the check in time
    assert START + DAY + 17 * HOUR < end < START + 2 * DAY
    # its own place was computed anew: a day that is mostly doubted has no mean; the neighbours' stand
    mean = (
        "SELECT count(*) FROM indexed JOIN place ON place.id = place WHERE index = 'air_temperature_mean'"
        " AND code = %s AND reference_time = '-infinity'"
    )
    assert scalar(database, mean, "s2") == 2
    assert scalar(database, mean, "s1") == 3
    assert contents(database)["left"] == [(0, 0)]


async def test_a_verdict_goes_when_its_reason_is_corrected(database, province):
    for k, (stream, _) in enumerate(province):
        deliver(database, stream, air(k, 2, range(24, 44) if k == 2 else ()))
    await settle(database, START + 2 * DAY + HOUR)
    assert len(verdicts(database)) == 1
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE reading SET result = result - 8 WHERE datastream_id = %s AND phenomenon_time >= %s"
            " AND phenomenon_time < %s",
            (province[2][0], START + DAY, START + DAY + 20 * HOUR),
        )
        connection.execute(
            "SELECT append_marks(%s, %s, %s, 'correction')",
            ([province[2][0]], [START + DAY], [START + DAY + 20 * HOUR]),
        )
    await settle(database, START + 2 * DAY + HOUR)
    assert verdicts(database) == []


async def test_a_clogged_gauge_and_rain_that_nobody_near_had(database, province):
    for k, (_, stream) in enumerate(province):
        everywhere = [0.0 if k == 4 else 2.0] * 24
        alone = [3.0 if k == 1 else 0.0] * 24
        deliver(database, stream, [(START + HOUR * h, v) for h, v in enumerate(everywhere + alone)])
    await settle(database, START + 2 * DAY + HOUR)
    found = {(stream, reason): (begin, end) for stream, reason, begin, end in verdicts(database)}
    assert found.keys() == {(province[4][1], "clogged"), (province[1][1], "rain_occurrence")}
    begin, end = found[province[4][1], "clogged"]
    assert begin == START
    assert START + DAY - HOUR < end < START + DAY


async def test_the_order_of_arrival_changes_no_verdict(database, empty_database, province):
    from store.migrate import migrate

    migrate(empty_database)
    other = build(empty_database)
    readings = [air(k, 3, range(24, 44) if k == 2 else ()) for k in range(6)]
    for (stream, _), values in zip(province, readings, strict=True):
        deliver(database, stream, values)
    await settle(database, START + 3 * DAY + HOUR)
    for step in range(3):  # station by station and day by day, the last first, settled in between
        for (stream, _), values in reversed(list(zip(other, readings, strict=True))):
            deliver(empty_database, stream, values[(2 - step) * 24 : (3 - step) * 24])
        await settle(empty_database, START + 3 * DAY + HOUR, workers=2)
    ours, theirs = contents(empty_database), contents(database)
    assert ours["verdicts"] == theirs["verdicts"]
    assert ours["values"] == theirs["values"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_shuffled_split_repeated_with_crashes_and_several_workers(
    database, empty_database, province, seed, monkeypatch
):
    """What holds of places holds of the areas that compare them: design §6."""
    from store.migrate import migrate

    migrate(empty_database)
    other, streams = empty_database, build(empty_database)
    chance = random.Random(seed)
    readings = [air(k, 3, range(24, 44) if k == 2 else ()) for k in range(6)]
    rain = [(START + HOUR * h, 0.0 if k == 4 else 2.0) for k in range(6) for h in range(24)]
    parts = []
    for k, (mine, theirs) in enumerate(zip(province, streams, strict=True)):
        for n, values in enumerate((readings[k], rain[24 * k : 24 * (k + 1)])):
            deliver(database, mine[n], values)
            shuffled = chance.sample(values, len(values))
            parts += [(theirs[n], shuffled[at : at + 17]) for at in range(0, len(shuffled), 17)]
    parts += chance.sample(parts, len(parts) // 3)  # repeats
    chance.shuffle(parts)
    now = START + 3 * DAY + HOUR
    await settle(database, now)
    expected = contents(database)
    assert {row[4] for row in expected["verdicts"] if row[5] == "spatial"} >= {"spatial", "clogged"}
    # between the comparison and its release, and between the verdicts and the marks they leave
    crash_sometimes(
        monkeypatch, chance, (write, "_indices"), (compare, "_make"), (compare.area, "write"), (compare.area, "done"),
        (compare, "_judged"), (compare.area, "replace"), (compare.area, "changed"), (compare.area, "release"),
    )  # fmt: skip
    async with pool(other, name="test", most=6) as connections:
        waits = Waits(*[AT_ONCE.quiet] * 2, hold=0.3 * HOUR / 3600)
        engines = [Engine(connections, waits, most=1 + 2 * k, worker=f"w{k}") for k in range(3)]
        for number, (stream, values) in enumerate(parts):
            deliver(other, stream, values)
            if number % 9 == 0:
                await asyncio.gather(*(attempt(engine, now) for engine in engines))
        await asyncio.gather(*(attempt(engine, now) for engine in engines))
        monkeypatch.undo()
        await asyncio.sleep(0.4)
        async with connections.connection() as connection:
            await connection.execute("SELECT expire_leases()")
    await settle(other, now, workers=3)
    assert same(contents(other), expected)


async def test_a_drifting_thermometer_is_found_but_not_a_new_one(database, province):
    days = 70
    for k, (stream, _) in enumerate(province):
        values = air(k, days)
        if k in {1, 3}:
            slow = [0.06 * max(n / 24 - 30, 0) for n in range(len(values))]
            values = [(time, round(value + more, 1)) for (time, value), more in zip(values, slow, strict=True)]
        deliver(database, stream, values)
    with psycopg.connect(database) as connection:  # that of the fourth was changed for another
        connection.execute(
            "INSERT INTO deployment (datastream, sensor_model, serial, valid_from) VALUES (%s, 'm', 'x', %s)",
            (province[3][0], START + 40 * DAY),
        )
    await settle(database, START + days * DAY + HOUR)
    drifting = {stream for stream, reason, *_ in verdicts(database) if reason == "drift"}
    assert drifting == {province[1][0]}
