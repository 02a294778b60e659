"""A day's mean that decides as soon as it must: beside a plain loop, at its limits, through the engine, on a record.

The record trial wants ``NONGVU_TRIAL_RECORD``: an hourly CSV with columns year, month, day, hour, TEMP (the layout of
"PM2.5 Data of Five Chinese Cities"); without it that test is skipped aloud.
"""

import asyncio
import csv
import math
import os
from collections import defaultdict
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.measure import REST_OF_DAY, means_within
from tests.analytics.field import HOUR, START, deliver, settle, station

NAN = float("nan")
AIR = REST_OF_DAY["air_temperature"]


def plain(hours, course=AIR):
    """(lowest, highest) that a day of 24 hours can have as its mean, by lists of readings an hour; loops alone."""
    lowest, highest = -math.inf, math.inf
    for now, read in enumerate(hours):
        if not read:
            continue
        before = [sum(one) / len(one) for one in hours[:now] if one]
        fewest = max(18 - len(before), 0)
        if fewest > 24 - now:
            continue  # too little of the day was read, and can still be
        ends = {"fall": [], "rise": []}
        for further in {fewest, 24 - now}:
            if len(before) + further:
                for name, end in ends.items():
                    limit = read[0] + getattr(course, name)[now]
                    end.append((sum(before) + further * limit) / (len(before) + further))
        lowest, highest = max(lowest, min(ends["fall"])), min(highest, max(ends["rise"]))
    return (NAN, NAN) if math.isinf(highest) else (lowest, highest)


def within(hours, steps=1):
    filled = [[*read, *[NAN] * (steps - len(read))] for read in hours] + [[NAN] * steps] * (24 - len(hours))
    span = means_within(np.array([[filled]]), np.full((1, 1), 24.0), AIR)
    return float(span.lowest[0, 0]), float(span.highest[0, 0])


READ = st.lists(st.floats(-10, 35).map(lambda value: round(value, 1)), max_size=3)


@settings(max_examples=200, deadline=None)
@given(st.lists(READ, max_size=24))
def test_it_equals_a_plain_loop(hours):
    assert within(hours, 3) == pytest.approx(plain(hours), nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(-10, 35), min_size=2, max_size=24))
def test_what_was_decided_stays_decided(day):
    ends = [within([[value] for value in day[:hour]]) for hour in range(1, len(day) + 1)]
    for (low, high), (later_low, later_high) in pairwise(ends):
        assert later_high <= high + 1e-9
        assert later_low >= low - 1e-9


def test_a_steady_day_is_decided_at_its_limit_and_not_before():
    """Twelve hours at 10 °C: the rest may rise to 12.5 at most, so the mean to 11.25 and not to a hair less."""
    _, highest = within([[10.0]] * 13)
    assert highest == pytest.approx((12 * 10.0 + 12 * (10.0 + AIR.rise[12])) / 24)
    assert within([[10.0]] * 6)[1] > 15.0, "at five in the morning the day may still become mild"
    assert math.isnan(within([])[1])
    assert math.isnan(within([[]] * 10 + [[5.0]] * 14)[1]), "ten hours that were not read: no mean of the day"


# --- through the engine ---


def replay(database, temperatures, rule="cold_spell"):
    """Hourly readings looked at hour by hour: (when it was known, kind, level, latest, text) of each step."""
    _, streams = station(database, quantities=("air_temperature",))
    for hour, value in enumerate(temperatures):
        deliver(database, streams["air_temperature"], [(START + HOUR * hour, value)])
        asyncio.run(settle(database, START + HOUR * hour))
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.known_at, step.kind, step.level, step.values, step.texts FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE rule = %s ORDER BY step.id",
            (rule,),
        ).fetchall()


#: A mild day that ends in a front.
FRONT = [22.0, 22.3] * 10 + [20.0, 18.0, 16.0, 14.0]


def unsteady(temperature, hours):
    """Hours of a mean temperature, not one as the other: a sensor that never moves is suspect."""
    return [temperature + (0.3 if hour % 2 else -0.3) for hour in range(hours)]


def test_a_cold_day_is_told_while_it_goes_on_and_once(database):
    cold = [*unsteady(12.0, 6), *unsteady(11.0, 8), *unsteady(10.0, 10)]
    steps = replay(database, [*FRONT, *cold, 10.0])
    told = [(known, kind, level) for known, kind, level, _, _ in steps if kind in {"open", "raise"} and level >= 2]
    ((known, _, level),) = told
    assert level == 3, "one step, of the class that it is"
    hour = next(hour for hour in range(24) if plain([[value] for value in cold[: hour + 1]])[1] < 13.0)
    assert known == START + HOUR * (24 + hour), "with the reading that decides it, not at midnight"
    assert hour <= 12
    text = next(texts for at, _, _, _, texts in steps if at == known)["vi"]["short"]
    assert "trung bình ngày không quá 12," in text, text
    assert "ngày 11/01" in text
    assert not any(kind == "cancel" for _, kind, *_ in steps)


@pytest.mark.parametrize(("temperature", "level"), [(13.0, 2), (12.9, 3)])
def test_the_limit_itself_is_not_below_it(database, temperature, level):
    steps = replay(database, [*FRONT, *unsteady(temperature, 25)])
    assert max(found for _, _, found, _, _ in steps) == level


def test_a_station_that_falls_silent_after_the_decision_takes_nothing_back(database):
    steps = replay(database, [*FRONT, 12.0, 10.0, *unsteady(8.0, 13)])
    assert steps[-1][2] == 3
    asyncio.run(settle(database, START + HOUR * 50))
    with psycopg.connect(database) as connection:
        (found,) = connection.execute(
            "SELECT array_agg(step.kind) FROM alert_step AS step JOIN alert ON alert.id = step.alert"
            " WHERE rule = 'cold_spell'"
        ).fetchone()
    assert "cancel" not in found
    assert "end" not in found


# --- a real record ---


@pytest.fixture(scope="module")
def record():
    path = os.environ.get("NONGVU_TRIAL_RECORD")
    if not path or not Path(path).exists():
        pytest.skip("NONGVU_TRIAL_RECORD names no hourly record (CSV: year, month, day, hour, TEMP)")
    days = defaultdict(dict)
    with Path(path).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["TEMP"] not in {"NA", ""}:
                day = date(int(row["year"]), int(row["month"]), int(row["day"]))
                days[day][int(row["hour"])] = float(row["TEMP"])
    return {day: hours for day, hours in days.items() if len(hours) == 24}


@pytest.mark.parametrize("limit", [13.0, 15.0])
def test_on_a_record_it_decides_early_and_truly(record, limit):
    decided, wrong = {}, []
    for day, hours in record.items():
        mean = sum(hours.values()) / 24
        series = np.array([[[[hours[hour] if hour <= now else NAN] for hour in range(24)]] for now in range(24)])
        highest = means_within(series, np.full((24, 1), 24.0), AIR).highest[:, 0]
        first = next((hour for hour in range(24) if highest[hour] < limit), None)
        if mean < limit:
            decided[day] = 24 if first is None else first
        elif first is not None:
            wrong.append(day)
    print(f"below {limit}: {len(decided)} days, decided at {np.percentile(list(decided.values()), [50, 90, 100])} h")
    assert len(wrong) <= 0.01 * len(decided), wrong
    assert np.median(list(decided.values())) <= 14
