"""Điều 46: the table cell by cell, its ends, what is not known of it, and the alert from reading to text."""

import asyncio
import csv
from datetime import timedelta
from itertools import product
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.indices.rain import flash_flood_level
from tests.analytics.field import HOUR, START, deliver, settle, station

GRADES = {"low": 1, "medium": 2, "high": 3, "very high": 4}
#: Row → (just below its rain, at its lower end or just beyond it, its upper end), and days that meet it and do not.
RAIN = {"100-200": (100.0, 150.0, 200.0), ">200-400": (200.1, 300.0, 400.0), ">400": (400.1, 450.0, 900.0)}
DAYS = {"1-2": (1.0, 2.0), ">2": (3.0, 4.0, 30.0)}
ANY_RAIN = st.floats(0.0, 900.0)
ANY_DAYS = st.integers(0, 10)
GRADE = st.integers(1, 4)


def table():
    path = Path(__file__).parents[1] / "golden" / "flash_flood_rain.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    for row in csv.DictReader(lines):
        for region in (1, 2, 3, 4):
            said = row[f"region_{region}"]
            yield (
                row["rain"],
                row["days_before"],
                GRADES[row["susceptibility"]],
                region,
                0 if said == "-" else int(said),
            )


@pytest.mark.parametrize(("rain", "days", "grade", "region", "level"), list(table()))
def test_cell_of_the_article(rain, days, grade, region, level):
    for amount, before in product(RAIN[rain], DAYS[days]):
        assert flash_flood_level(amount, before, grade, region) == level, (amount, before)


def cell(rain, grade, region):
    return next(found for name, _, of, where, found in table() if (name, of, where) == (rain, grade, region))


@pytest.mark.parametrize(("grade", "region"), list(product((1, 2, 3, 4), (1, 2, 3, 4))))
def test_ends_of_bands_and_the_next_lower_row(grade, region):
    first, second, third = (cell(name, grade, region) for name in RAIN)
    for amount, before, level in [
        (99.9, 0, 0), (99.9, 5, 0), (100.0, 1, first), (100.0, 2, first), (200.0, 1, first), (200.0, 3, first),
        (200.1, 3, second), (400.0, 3, second), (400.1, 3, third), (200.1, 2, first), (200.1, 1, first),
        (400.1, 2, first), (900.0, 1, first),
    ]:  # fmt: skip
        assert flash_flood_level(amount, before, grade, region) == level, (amount, before)
    for amount in (100.0, 150.0, 213.0, 450.0):
        assert np.isnan(flash_flood_level(amount, 0, grade, region)), "not defined by rain alone, never 0"


def test_the_inputs_that_were_asked_for():
    assert flash_flood_level(150.0, 2, 3, 2) == 2
    assert flash_flood_level(450.0, 3, 1, 2) == 2


@given(ANY_RAIN, ANY_RAIN, ANY_DAYS, GRADE, GRADE, st.integers(1, 4))
def test_more_rain_and_more_susceptible_is_never_less(rain, more, days, grade, other, region):
    low, high = flash_flood_level(np.sort([rain, more]), days, grade, region)
    assert np.isnan(low) or np.isnan(high) or high >= low
    calm, worse = flash_flood_level(rain, days, np.sort([grade, other]), region)
    assert np.isnan(calm) == np.isnan(worse)
    assert np.isnan(calm) or worse >= calm


@given(ANY_RAIN, ANY_DAYS, st.sampled_from([np.nan, 0.0, 5.0, 2.5, -1.0, np.inf]), GRADE)
def test_what_is_unknown_is_bounded_never_silent(rain, days, unknown, given_one):
    possible = flash_flood_level(rain, days, np.array([1, 2, 3, 4]), given_one)
    found = flash_flood_level(rain, days, unknown, given_one)
    regions = flash_flood_level(rain, days, given_one, np.array([1, 2, 3, 4]))
    elsewhere = flash_flood_level(rain, days, given_one, unknown)
    for one, of in ((found, possible), (elsewhere, regions)):
        assert np.isnan(one) == np.isnan(of).all()
        if not np.isnan(one):
            assert one == max(of.min(), min(of.max(), 1.0))


@given(st.floats(100.0, 900.0), GRADE, st.integers(1, 4))
def test_unknown_days_before_leave_what_is_certain(rain, grade, region):
    most = np.nanmax(flash_flood_level(rain, np.array([0.0, 1.0, 3.0]), grade, region))
    found = flash_flood_level(rain, np.nan, grade, region)
    assert found == 1.0 if most >= 1.0 else np.isnan(found)
    assert np.isnan(flash_flood_level(np.nan, 3, grade, region))


# --- from readings to alerts ---


def rain(database, amounts, properties=None, gaps=()):
    """A station with hourly rain [mm] of days, each a list of up to 24; what the engine made of it."""
    place, streams = station(database, quantities=("precipitation",))
    if properties:
        with psycopg.connect(database) as connection:
            connection.execute(
                "UPDATE place SET properties = %s WHERE id = %s", (psycopg.types.json.Json(properties), place)
            )
    readings = [
        (START + timedelta(days=day) + HOUR * hour, float(amount))
        for day, of_day in enumerate(amounts)
        for hour, amount in enumerate(of_day)
        if day not in gaps
    ]
    deliver(database, streams["precipitation"], readings)
    now = START + timedelta(days=len(amounts) - 1) + HOUR * len(amounts[-1])
    asyncio.run(settle(database, now))
    return place


def alerts(database, rule="flash_flood_rain"):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT alert.level, alert.started, step.texts FROM alert JOIN alert_step AS step ON step.alert = alert.id"
            " WHERE rule = %s ORDER BY step.id", (rule,),
        ).fetchall()  # fmt: skip


DRY, WET_DAY = [0.0] * 24, [1.0] * 24
STORM = [10.0] * 15


def test_the_alert_of_a_susceptible_place_from_its_readings(database):
    rain(database, [DRY, DRY, WET_DAY, WET_DAY, STORM], {"flash_flood_susceptibility": 3, "flash_flood_region": 2})
    (level, started, texts), *more = alerts(database)
    assert (level, more) == (2, [])
    # 24 mm of the day before leave the 24 hours as the storm's come in: 100 mm in the tenth hour
    assert started == START + timedelta(days=4) + HOUR * 8
    assert "Nguy cơ lũ quét, sạt lở cấp 2" in texts["vi"]["short"]
    assert "Điều 46" in texts["vi"]["short"]
    assert "Rời ven suối" in texts["vi"]["advice"]["everyone"]
    assert "cấp 1" not in str(texts)


def test_level_three_tells_to_leave_now(database):
    rain(database, [DRY, WET_DAY, WET_DAY, WET_DAY, STORM], {"flash_flood_susceptibility": 4})
    assert [level for level, _, _ in alerts(database)] == [3]
    texts = alerts(database)[-1][2]
    assert "Rời NGAY suối" in texts["vi"]["short"]
    assert "Rời NGAY" in texts["vi"]["advice"]["everyone"]
    assert "NOW" in texts["en"]["advice"]["everyone"]


def test_a_gauge_washed_away_does_not_take_its_alert_along(database):
    """Nine hours of the day, then silence: what was seen was seen."""
    rain(database, [DRY, DRY, WET_DAY, WET_DAY, [17.0] * 9], {"flash_flood_susceptibility": 3})
    assert [level for level, _, _ in alerts(database)] == [2]


def test_unset_susceptibility_still_opens(database):
    rain(database, [DRY, DRY, WET_DAY, WET_DAY, STORM])
    assert [level for level, _, _ in alerts(database)] == [1]


def test_days_before_that_nobody_measured_may_have_been_wet(database):
    rain(database, [DRY, WET_DAY, WET_DAY, WET_DAY, STORM], {"flash_flood_susceptibility": 4}, gaps=(2, 3))
    assert [level for level, _, _ in alerts(database)] == [1]


def test_a_storm_out_of_the_dry_is_told_by_the_rain_rules(database):
    """7 May 2010: 213 mm in 24 hours, 99 of them in one: no row of the article, and midnight makes none."""
    storm = [0.0] * 9 + [14.0, 99.0, 60.0, 40.0] + [0.0] * 11
    rain(database, [DRY] * 5 + [storm, [0.0] * 6], {"flash_flood_susceptibility": 3})
    assert alerts(database) == []
    assert alerts(database, "heavy_rain")[0][0] == 3
    assert alerts(database, "intense_rain_60min")[0][0] == 2
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT time, value FROM indexed WHERE index = 'flash_flood_rain_level' ORDER BY time"
        ).fetchall()
    assert [value for _, value in found] == [0.0] * 5, "of the day itself nothing, not 0"
