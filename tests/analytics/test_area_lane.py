"""The lane in which areas are compared: the same as comparing everything anew from raw readings, and in nobody's way."""

import asyncio
import random
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import AT_ONCE, HOUR, START, attempt, crash_sometimes, deliver, scalar, settle
from test_area import DAY, build

from analytics import grid as grids
from analytics.quality import check_window, findings, spatial
from analytics.quality.area import DRIFT, SPAN, WHOLE, by_hour, neighbourhood
from analytics.quality.check import trusted
from analytics.quality.finding import GOOD, MISSING, NOT_EVALUATED, SUSPECT, Reason
from analytics.run.engine.engine import Engine
from analytics.run.neighbours import compare
from analytics.run.neighbours.compare import Area
from analytics.run.window import quality_verdicts
from analytics.run.window.frame import frame_of_readings, static
from analytics.run.window.gridding import gather
from analytics.run.window.place_facts import Known, good_readings, local_date, midnight
from store import area as table
from store import uncomputed, work
from store.check import check
from store.lease import Waits
from store.pool import pool
from store.work import Span

ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture
def province(database):
    return build(database)


async def plain(database, now):
    """Spatial verdicts as they come of all raw readings at once, day by day and station by station."""
    async with await psycopg.AsyncConnection.connect(database) as connection:
        place = await (await connection.execute("SELECT id FROM place WHERE kind = 'province'")).fetchone()
        stations = await table.stations(connection, place[0])
        feeds = await table.streams(connection, [one.id for one in stations])
        spots = await work.spots(connection, [one.id for one in stations])
        known = [Known(spots[one.id], feeds[one.id], (), {}) for one in stations]
        first = local_date(START - DAY, ZONE)
        days = (local_date(now, ZONE) - first).days
        means, found = np.full((len(known), days + 2 * SPAN), np.nan), set()
        places = static(known)
        around = neighbourhood(places.latitude, places.longitude, places.elevation)
        for n in range(days):
            day = first + timedelta(days=n)
            window = await of_two_days(connection, known, day)
            air, rain = window.summary("air_temperature"), window.summary("precipitation")
            means[:, 2 * SPAN + n] = np.where(air.completeness >= WHOLE, air.mean, np.nan)[:, 1]
            fallen = np.where(rain.completeness >= WHOLE, rain.total, np.nan)[:, 1:]
            hours = grids.local_days(day, day, [ZONE] * len(known), 3600)
            looked_at = means[:, n + 1 : 2 * SPAN + n + 1].copy()
            dates = np.datetime64(day) - np.arange(2 * SPAN)[::-1]
            for row, one in enumerate(stations):
                put_up = [local_date(moment, ZONE) for moment in one.deployed]
                if newest := [moment for moment in put_up if moment <= day]:
                    looked_at[row, dates <= np.datetime64(max(newest))] = np.nan
            temperature = window.hourly("air_temperature").mean[:, 24:]
            flags = {
                ("air_temperature", Reason.SPATIAL): buddies(around, temperature),
                ("air_temperature", Reason.DRIFT): by_hour(hours, drifted(around, looked_at)),
                ("precipitation", Reason.RAIN_OCCURRENCE): by_hour(
                    hours, spatial.rain_occurrence(fallen, around.shower)
                ),
                ("precipitation", Reason.CLOGGED): by_hour(hours, spatial.clogged_gauge(fallen, around.rainy)),
            }
            found |= set(quality_verdicts.said(known, now, findings(hours, flags)))
        return sorted(found)


async def of_two_days(connection, known, day):
    """What the ordered checks leave of a day and the one before."""
    spans = [
        Span(feed.datastream, midnight(day - timedelta(days=1), ZONE), midnight(day + timedelta(days=1), ZONE) - timedelta(microseconds=1))
        for one in known for feed in one.feeds
    ]  # fmt: skip
    array = await work.readings(connection, spans)
    parts = [array[np.isin(array["datastream_id"], [feed.datastream for feed in one.feeds])] for one in known]
    parts = [(part, good_readings(part, ())) for part in parts]
    never = np.full(len(known), np.datetime64("NaT", "s"))
    frame = frame_of_readings(known, gather(parts), day, day, 1, midnight(day + timedelta(days=1), ZONE), never)
    return trusted(frame.window, check_window(frame.window))


def buddies(around, values):
    """The buddy check station by station and hour by hour."""
    lapse = spatial.lapse_rate(values[around.ladder], around.elevation[around.ladder])
    flags = np.full(values.shape, NOT_EVALUATED, np.uint8)
    for row, column in np.argwhere(np.isfinite(values)):
        near = around.near[row][around.near[row] >= 0]
        others = values[near, column] + (around.elevation[row] - around.elevation[near]) * lapse[column]
        others = others[np.isfinite(others)]
        if others.size >= 3:
            spread = max(1.4826 * np.median(np.abs(others - np.median(others))), 1.0)
            flags[row, column] = SUSPECT if abs(values[row, column] - np.median(others)) > 4 * spread else GOOD
    flags[np.isnan(values)] = MISSING
    return flags


def drifted(around, means):
    """(stations, 1) drift of the last of 2 × SPAN days."""
    lapse = spatial.lapse_rate(means[around.ladder], around.elevation[around.ladder])
    flags = np.full((len(means), 1), NOT_EVALUATED, np.uint8)
    for row in range(len(means)):
        near = around.near[row][around.near[row] >= 0]
        others = means[near] + (around.elevation[row] - around.elevation[near])[:, None] * lapse
        apart = [
            means[row, n] - np.median(others[np.isfinite(others[:, n]), n]) if np.isfinite(others[:, n]).sum() >= 3 else np.nan
            for n in range(2 * SPAN)
        ]  # fmt: skip
        spans = np.array(apart).reshape(2, SPAN)
        if (np.isfinite(spans).sum(axis=1) >= 2 * SPAN // 3).all():
            before, after = (np.median(span[np.isfinite(span)]) for span in spans)
            flags[row] = SUSPECT if abs(after - before) > DRIFT else GOOD
        if np.isnan(apart[-1]):
            flags[row] = MISSING
    return flags


def said(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT datastream_id, valid_from, valid_to, flag, reason FROM verdict WHERE who = 'spatial' ORDER BY 1, 2, 3, 4, 5"
        ).fetchall()


def history(chance, streams, days):
    """Weather of some stations with what goes wrong: drift, spells too warm, clogged gauges, showers, gaps, lost days."""
    readings = {}
    noise = np.random.default_rng(chance.randrange(1 << 30))
    wet = noise.random(days) < 0.3
    for k, (air, rain) in enumerate(streams):
        hours = np.arange(days * 24)
        warm = 18 + 4 * np.sin((hours - 9) / 12 * np.pi) - 0.004 * k * 100 + noise.normal(0, 0.4, hours.size)
        if k in {1, 3}:
            warm += np.maximum(hours / 24 - days / 2, 0) * 0.15
        for begin in noise.integers(0, hours.size, 3):
            warm[begin : begin + 12] += 9.0
        fallen = np.where(wet[hours // 24], noise.gamma(1.0, 1.5, hours.size).round(1), 0.0)
        if k == 4:
            fallen[:] = 0.0
        fallen[hours // 24 == int(noise.integers(days))] = 2.0
        kept = noise.random(hours.size) > 0.03
        kept[hours // 24 == int(noise.integers(days))] = False
        for stream, values in ((air, warm), (rain, fallen)):
            readings[stream] = [
                (START + HOUR * int(h), round(float(v), 1)) for h, v, k_ in zip(hours, values, kept, strict=True) if k_
            ]
    return readings


def correct(database, stream, moment, value):
    with psycopg.connect(database) as connection:
        connection.execute(
            "UPDATE reading SET result = %s WHERE datastream_id = %s AND phenomenon_time = %s", (value, stream, moment)
        )
        connection.execute("SELECT append_marks(%s, %s, %s, 'correction')", ([stream], [moment], [moment]))


@pytest.mark.parametrize("seed", [1, 2])
async def test_it_comes_to_what_all_raw_readings_at_once_come_to(database, province, seed, monkeypatch):
    """Late, corrected and missing days, thermometers changed, a person's word, several workers, some killed."""
    chance, days = random.Random(seed), 58
    readings = history(chance, province, days)
    parts = []
    for stream, values in readings.items():
        for begin in range(0, len(values), 400):
            parts.append((stream, values[begin : begin + 400]))
    chance.shuffle(parts)
    now = START + days * DAY + HOUR
    crash_sometimes(
        monkeypatch, chance, (compare, "_make"), (table, "write"), (table, "done"), (compare, "_judged"), (table, "replace"),
        (table, "changed"), (table, "release"),
    )  # fmt: skip
    waits = Waits(timedelta(0), timedelta(0), hold=timedelta(seconds=0.3))
    async with pool(database, name="test", most=6) as connections:
        engines = [Engine(connections, waits, worker=f"w{k}") for k in range(2)]
        for number, (stream, values) in enumerate(parts):
            deliver(database, stream, values)
            if number % 12 == 5:
                # as time went by then, or as if all came at the end
                moment = now - chance.choice([0, 0, 3]) * DAY
                await asyncio.gather(*(attempt(engine, moment) for engine in engines))
            if number == len(parts) // 2:
                with psycopg.connect(database) as connection:
                    connection.execute(
                        "INSERT INTO deployment (datastream, sensor_model, serial, valid_from) VALUES (%s, 'm', 'x', %s)",
                        (province[chance.choice([0, 3])][0], START + chance.randrange(5, 30) * DAY),
                    )
                    connection.execute(
                        "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)"
                        " VALUES (%s, %s, %s, 3, '', 'person:a', now())",
                        (province[2][0], START + 8 * DAY, START + 12 * DAY),
                    )
                    connection.execute(
                        "SELECT append_marks(%s, %s, %s, 'verdict')",
                        ([province[2][0]], [START + 8 * DAY], [START + 12 * DAY]),
                    )
        for stream in chance.sample(list(readings), 4):
            moment, value = chance.choice(readings[stream])
            correct(database, stream, moment, value + 6.0)
        await asyncio.gather(*(attempt(engine, now) for engine in engines))
        monkeypatch.undo()
        await asyncio.sleep(0.4)
        async with connections.connection() as connection:
            await connection.execute("SELECT expire_leases()")
    await settle(database, now, workers=2)
    found = said(database)
    assert found == [tuple(one) for one in await plain(database, now)]
    assert {row[4] for row in found} == {"spatial", "drift", "clogged", "rain_occurrence"}
    assert scalar(database, "SELECT (SELECT count(*) FROM area_mark) + (SELECT count(*) FROM area_day_changed)") == 0


async def filled(database, province, days, seed=5):
    """A province computed to the end of some days; its readings."""
    readings = history(random.Random(seed), province, days)
    for stream, values in readings.items():
        deliver(database, stream, values)
    now = START + days * DAY + HOUR
    await settle(database, now)
    return readings, now


async def test_ordinary_work_never_compares_and_a_pass_reads_only_what_changed(database, province, monkeypatch):
    _, now = await filled(database, province, 40)
    before = said(database)
    stream = province[0][0]
    correct(database, stream, START + 38 * DAY, 60.0)  # 26 hours old
    for hour in range(1, 7):
        correct(database, province[3][0], START + 38 * DAY + hour * HOUR, 33.0 + hour)
    loaded = []
    original = work.readings

    async def readings_counted(connection, spans):
        array = await original(connection, spans)
        loaded.append(array.size)
        return array

    async with pool(database, name="test", most=3) as connections:
        engine, lane = Engine(connections, AT_ONCE), Area(connections, AT_ONCE)
        while await engine.step(now):
            pass
        assert said(database) == before  # the lane has not been at it
        assert scalar(database, "SELECT count(*) FROM area_mark") > 0
        monkeypatch.setattr(work, "readings", readings_counted)
        assert await lane.step(now)
        assert await lane.step(now) == 0
        monkeypatch.undo()
    assert said(database) == [tuple(one) for one in await plain(database, now)]
    # two stations, two days that changed or look back at one that did, the day before: not 61 days of all stations
    assert 0 < sum(loaded) <= 2 * 3 * 24 * 2
    assert said(database) != before


async def test_one_lane_at_a_time_and_what_a_dead_one_left_is_taken_up(database, province):
    await filled(database, province, 4)
    correct(database, province[0][0], START + 2 * DAY, 19.0)
    now = START + 4 * DAY + HOUR
    async with pool(database, name="test", most=3) as connections:
        engine = Engine(connections, AT_ONCE)
        while await engine.step(now):
            pass
        async with connections.connection() as connection:
            await connection.set_autocommit(True)
            waits = Waits(timedelta(0), timedelta(0), hold=timedelta(seconds=0.2))
            place, token = await table.take(connection, "a", uuid4(), now, waits), uuid4()
            assert place is not None
            assert await table.take(connection, "b", token, now, waits) is None
            assert await Area(connections, AT_ONCE).step(now) == 0
            await asyncio.sleep(0.3)
            assert await table.take(connection, "b", token, now, waits) == place
            async with connection.transaction():
                assert await table.held(connection, place, token)
            await asyncio.sleep(0.3)
        assert await Area(connections, AT_ONCE).step(now) == 1
        assert await Area(connections, AT_ONCE).step(now) == 0


async def test_it_waits_until_older_days_are_quiet_but_not_for_ever(database, province):
    await filled(database, province, 3)
    now = START + 3 * DAY + HOUR
    async with pool(database, name="test", most=3) as connections:
        engine = Engine(connections, AT_ONCE)
        correct(database, province[0][0], START + 2 * DAY, 19.0)
        while await engine.step(now):
            pass
        assert await Area(connections, Waits(HOUR, 2 * HOUR)).step(now) == 0
        assert await Area(connections, Waits(HOUR, timedelta(0))).step(now) == 1
        correct(database, province[0][0], START + 2 * DAY, 20.0)
        while await engine.step(now):
            pass
        assert await Area(connections, Waits(timedelta(0), HOUR)).step(now) == 1


async def test_days_of_before_the_table_was_there_are_made_when_they_are_looked_back_at(database, province):
    _, now = await filled(database, province, 58)
    former = said(database)
    assert any(row[4] == "drift" for row in former)
    with psycopg.connect(database) as connection:  # as an older version left it
        connection.execute("TRUNCATE area_day, area_station")
        connection.execute(
            "INSERT INTO area_station (station, since) SELECT id, '9999-01-01' FROM place WHERE kind = 'station'"
        )
    correct(database, province[2][0], START + 56 * DAY, 18.0)
    await settle(database, now)
    assert said(database) == [tuple(one) for one in await plain(database, now)]
    # a year later nothing of that year was made in vain
    assert scalar(database, "SELECT min(since) = min(day) - 1 OR min(since) < min(day) FROM area_station, area_day")


async def test_another_main_thermometer_makes_a_stations_days_anew(database, province):
    _, now = await filled(database, province, 6)
    with psycopg.connect(database) as connection:
        place = connection.execute("SELECT place FROM datastream WHERE id = %s", (province[0][0],)).fetchone()[0]
        connection.execute("UPDATE datastream SET level = '10m' WHERE id = %s", (province[0][0],))
        new = connection.execute(
            "INSERT INTO datastream (place, quantity, level, interval_seconds) VALUES (%s, 'air_temperature', '2m', 3600)"
            " RETURNING id",
            (place,),
        ).fetchone()[0]
    deliver(database, new, [(START + 5 * DAY + HOUR * h, 18.0 + 0.3 * h) for h in range(20)])
    await settle(database, now)
    assert said(database) == [tuple(one) for one in await plain(database, now)]
    days = "SELECT count(*) FROM area_day WHERE station = %s AND air IS NOT NULL"
    assert scalar(database, days, place) == 1


def test_findings_say_the_same_for_one_station_or_many():
    """Medians over blocks of stations are those of each station alone."""
    noise = np.random.default_rng(2)
    values = np.where(noise.random((150, 30)) < 0.2, np.nan, noise.normal(15, 2, (150, 30)))
    around = neighbourhood(
        21.8 + noise.random(150) * 0.5, 106.5 + noise.random(150) * 0.5, noise.uniform(200, 900, 150)
    )
    lapse = spatial.lapse_rate(values[around.ladder], around.elevation[around.ladder])
    assert (spatial.buddy(values, around.near, around.elevation, lapse) == buddies(around, values)).all()


async def test_an_area_that_fails_is_set_apart_and_told_and_keeps_no_other_waiting(database, province, monkeypatch):
    await filled(database, province, 3)
    with psycopg.connect(database) as connection:
        other = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('zz', 'province', 'ZZ') RETURNING id"
        ).fetchone()[0]
        connection.execute("UPDATE place SET parent = %s WHERE code IN ('s4', 's5')", (other,))
        sick, healthy = connection.execute(
            "SELECT (SELECT id FROM place WHERE code = 'ls'), (SELECT id FROM place WHERE code = 'zz')"
        ).fetchone()
    assert sick < healthy
    judged, tried = compare._judged, []

    async def fails(connection, token, place, *rest):
        tried.append(place)
        if place == sick:
            raise ZeroDivisionError("a sick area")
        await judged(connection, token, place, *rest)

    monkeypatch.setattr(compare, "_judged", fails)
    now = START + 3 * DAY + HOUR

    def changed(value):
        for stream in (province[0][0], province[4][0]):
            correct(database, stream, START + 2 * DAY, value)

    async with pool(database, name="test", most=3) as connections:
        engine, lane = Engine(connections, AT_ONCE), Area(connections, AT_ONCE)

        async def passes():
            tried.clear()
            while await engine.step(now):
                pass
            while await lane.step(now):
                assert len(tried) < 10
            return tried

        changed(19.0)
        assert await passes() == [sick, healthy]
        changed(20.0)
        assert await passes() == [healthy]  # the other waits
        assert scalar(database, "SELECT count(*) FROM area_lease") == 0
        with psycopg.connect(database, autocommit=True) as connection:
            said = [one.says for one in check(connection, database) if one.subject == "uncomputed"]
        assert len(said) == 1
        assert said[0].startswith("stations of ls cannot be compared with each other since")
        assert "ZeroDivisionError: a sick area" in said[0]
        async with connections.connection() as connection:
            await uncomputed.again(connection)
        changed(21.0)
        assert await passes() == [healthy, sick]  # what failed comes after all others
        assert scalar(database, "SELECT failures FROM uncomputed WHERE task = 'area'") == 2
        assert scalar(database, "SELECT extract(epoch FROM again_at - clock_timestamp()) FROM uncomputed") > 110
        monkeypatch.setattr(compare, "_judged", judged)
        async with connections.connection() as connection:
            await uncomputed.again(connection)
        await passes()
    assert scalar(database, "SELECT count(*) FROM uncomputed") == 0
    assert scalar(database, "SELECT (SELECT count(*) FROM area_mark) + (SELECT count(*) FROM area_day_changed)") == 0
