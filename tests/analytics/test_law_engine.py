"""Official levels from readings to alerts: beside plain loops written from the law, by the hour, whatever the order."""

import asyncio
from datetime import timedelta
from itertools import pairwise

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Json

from tests.analytics.field import HOUR, START, deliver, settle, station

DAY = timedelta(days=1)
#: Means of days that meet every band, its ends, and runs of every length: a winter worse than any.
MEANS = [
    16.0, 12.9, 12.0, 11.0, 9.0, 7.9, 8.0, 7.0, 6.0, 5.0, 5.0, 8.1, 11.0, 13.0, 15.0, 12.0, 10.0, 8.0, 6.0, 4.0, 3.0, 4.0,
    3.5, 2.0, 2.0, 5.0, 8.0, 11.0, 13.1, 13.0, 12.9, 10.0, 7.0, 5.0, 3.0, 0.0, -0.5, -1.0, -2.0, 0.0, 3.0, 4.1, 7.0, 8.1,
    11.0, 12.0, 12.0, 12.0, 12.0, 12.0, 12.0, 15.0, 16.0,
]  # fmt: skip
MAXIMA = [
    34.0, 35.0, 35.1, 36.0, 37.0, 37.1, 38.0, 39.0, 39.1, 40.0, 40.5, 41.0, 41.1, 42.0, 41.5, 38.0, 35.5, 34.0, 35.0,
    36.0, 36.0, *[37.5] * 27, 33.0, *[39.5] * 7, 30.0,
]  # fmt: skip
#: Amounts of the days of two rains [mm]: of every band, and for longer than four days.
RAIN = [0, 30, 110, 150, 0, 0, 0, 0, 60, 240, 0, 0, 0, 0, 0, 110, 120, 110, 130, 210, 410, 100, 0, 0, 0, 0]

#: Hours of a rain are not alike [mm].
SWAY = [0.3, -0.4, 0.1, 0.2, -0.3, 0.1] * 4


def plain_cold(means, mountain=True):
    """Level of each day by Điều 53, a loop a band."""
    rows = {
        True: ((13.0, (0, 0, 1)), (8.0, (0, 1, 2)), (4.0, (1, 2, 3)), (0.0, (2, 3, 3))),
        False: ((13.0, (0, 1, 2)), (8.0, (1, 2, 3))),
    }[mountain]
    levels = []
    for day in range(len(means)):
        best = 0
        for end, by_days in rows:
            run = 0
            while run <= day and (means[day - run] < end if end in (13.0, 0.0) else means[day - run] <= end):
                run += 1
            if run >= 3:
                best = max(best, by_days[0 if run <= 5 else 1 if run <= 10 else 2])
        levels.append(best)
    return levels


def plain_heat(maxima):
    """Level of each day by Điều 47 in Bắc Bộ."""
    rows = ((35.0, (1, 1, 1, 1)), (37.0, (1, 1, 1, 2)), (39.0, (1, 2, 2, 3)), (41.0, (2, 2, 3, 4)))
    levels = []
    for day in range(len(maxima)):
        best = 0
        for end, by_days in rows:
            run = 0
            while run <= day and maxima[day - run] > end:
                run += 1
            if run >= 3:
                best = max(best, by_days[0 if run <= 5 else 1 if run <= 10 else 2 if run <= 25 else 3])
        levels.append(best)
    return levels


def plain_rain(hours, mountain=True):
    """Level of each hour by Điều 44 of a station: 24 hours by 24 hours back while each has the amount."""

    def amount(end, length):
        return round(sum(hours[max(end - length + 1, 0) : end + 1]), 6) if end >= 0 else 0.0

    def band(end):
        total = amount(end, 24)
        short = max((amount(one, 12) for one in range(end - 12, end + 1)), default=0.0)
        return 3 if total > 400 else 2 if total > 200 else 1 if total >= 100 or short >= 50 else 0

    bands = [band(end) for end in range(len(hours))]
    rows = {True: ((1, 2, 3), (2, 3, 4), (3, 4, 4)), False: ((1, 2, 2), (2, 3, 3), (3, 3, 4))}[mountain]
    levels = []
    for now in range(len(hours)):
        best = 0
        for number in (1, 2, 3):
            run = 0
            while run < 5 and now - 24 * run >= 0 and bands[now - 24 * run] >= number:
                run += 1
            if run:
                best = max(best, rows[number - 1][0 if run <= 2 else 1 if run <= 4 else 2])
        levels.append(best)
    return levels


def steady(mean):
    """A day that moves, by hours, with this mean to the last digit."""
    return [round(mean + (0.2 if hour % 2 else -0.2), 1) for hour in range(24)]


def summer(maximum):
    """A day of the sun: its highest reading at 14 h."""
    return [
        round(maximum if hour == 14 else maximum - 0.5 - 0.7 * abs(hour - 14) if hour > 4 else maximum - 8.0, 1)
        for hour in range(24)
    ]


def given(database, place, **properties):
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE place SET properties = %s WHERE id = %s", (Json(properties), place))


def course(database, rule):
    """Second by second when the level became another, of all alerts of a rule."""
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT course, ended FROM alert WHERE rule = %s AND state <> 'cancelled' ORDER BY started", (rule,)
        ).fetchall()
    changes = []
    for steps, ended in rows:
        changes += [(np.datetime64(at[:19]), level) for at, level in steps]
        if ended is not None:
            changes.append((np.datetime64(ended.replace(tzinfo=None)), 0))
    return changes


def level_at(changes, moment):
    moment = np.datetime64(moment.replace(tzinfo=None))
    return next((level for at, level in reversed(changes) if at <= moment), 0)


def told(database, quantity, days, parts, **properties):
    """Deliver days of 24 readings, in so many parts, each settled when it has come."""
    place, streams = station(database, quantities=(quantity,))
    given(database, place, **properties)
    readings = [(START + DAY * day + HOUR * hour, float(value)) for day, of_day in enumerate(days)
                for hour, value in enumerate(of_day)]  # fmt: skip
    cuts = np.linspace(0, len(readings), parts + 1).astype(int)
    for first, last in pairwise(cuts.tolist()):
        deliver(database, streams[quantity], readings[first:last])
        asyncio.run(settle(database, readings[last - 1][0]))
    asyncio.run(settle(database, readings[-1][0] + HOUR))
    return place, streams


@pytest.mark.parametrize("parts", [1, 9])
@pytest.mark.parametrize("zone", [1, 2])
def test_cold_of_every_day_is_what_a_plain_loop_says(database, parts, zone):
    told(database, "air_temperature", [steady(mean) for mean in MEANS], parts, cold_zone=zone)
    changes, levels = course(database, "law_cold"), plain_cold(MEANS, zone == 1)
    assert [level_at(changes, START + DAY * day + HOUR * 12) for day in range(len(MEANS))] == levels
    assert set(levels) >= {0, 1, 2}


@pytest.mark.parametrize("parts", [1, 7])
def test_heat_of_every_day_is_what_a_plain_loop_says(database, parts):
    told(database, "air_temperature", [summer(maximum) for maximum in MAXIMA], parts, heat_region=1)
    changes, levels = course(database, "law_heat"), plain_heat(MAXIMA)
    assert [level_at(changes, START + DAY * day + HOUR * 12) for day in range(len(MAXIMA))] == levels
    assert set(levels) == {0, 1, 2}


@pytest.mark.parametrize("parts", [1, 9])
@pytest.mark.parametrize("terrain", [1, 2])
def test_rain_of_every_hour_is_what_a_plain_loop_says(database, parts, terrain):
    days = [[round(max(amount / 24 + sway, 0.0), 2) for sway in SWAY] if amount else [0.0] * 24 for amount in RAIN]
    told(database, "precipitation", days, parts, rain_terrain=terrain)
    hours = [one for day in days for one in day]
    changes, levels = course(database, "law_rain"), plain_rain(hours, terrain == 1)
    # left after six hours below: a lull of heavy rain is not its end
    held = [max(levels[max(hour - 5, 0) : hour + 1]) if hour else levels[0] for hour in range(len(levels))]
    found = [level_at(changes, START + HOUR * hour + timedelta(minutes=30)) for hour in range(len(levels))]
    rising = [hour for hour in range(1, len(levels)) if levels[hour] > held[hour - 1]]
    assert all(found[hour] >= levels[hour] for hour in range(len(levels)))
    assert all(found[hour] == levels[hour] for hour in rising), "it begins in its hour"
    assert all(found[hour] <= held[hour] for hour in range(len(levels)))
    assert set(levels) >= {0, 1, 2, 3}


def steps_of(database, rule):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.known_at, step.kind, step.level, step.texts FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE rule = %s ORDER BY step.id", (rule,)
        ).fetchall()  # fmt: skip


def test_heat_is_told_with_the_reading_that_fulfils_it(database):
    days = [summer(36.0), summer(36.5), summer(36.0)]
    place, streams = station(database, quantities=("air_temperature",))
    given(database, place, heat_region=1)
    for hour, value in enumerate(value for day in days for value in day):
        deliver(database, streams["air_temperature"], [(START + HOUR * hour, value)])
        asyncio.run(settle(database, START + HOUR * hour))
    (first, kind, level, texts), *_ = steps_of(database, "law_heat")
    assert (kind, level) == ("open", 1)
    hour = next(hour for hour in range(24) if days[2][hour] > 35.0)
    assert first == START + DAY * 2 + HOUR * hour
    assert "Điều 47" in texts["vi"]["short"]
    (before, kind, level, _), *_ = steps_of(database, "law_heat_tomorrow")
    assert (before, kind, level) == (START + DAY + HOUR * 18, "open", 1), "of the evening before, by persistence"


def test_cold_is_told_before_its_day_is_over_and_the_evening_before(database):
    place, streams = station(database, quantities=("air_temperature",))
    given(database, place, cold_zone=1)
    for hour, value in enumerate(value for mean in (3.0, 3.0, 3.0) for value in steady(mean)):
        deliver(database, streams["air_temperature"], [(START + HOUR * hour, value)])
        asyncio.run(settle(database, START + HOUR * hour))
    (known, kind, level, _), *_ = steps_of(database, "law_cold")
    assert (kind, level) == ("open", 1)
    assert START + DAY * 2 < known < START + DAY * 2 + HOUR * 16
    (known, kind, level, texts), *_ = steps_of(database, "law_cold_tomorrow")
    assert (known, kind, level) == (START + DAY + HOUR * 18, "open", 1)
    assert "Mai có thể rét hại cấp 1" in texts["vi"]["short"]


def test_a_place_without_a_zone_says_so_and_says_no_level(database):
    told(database, "air_temperature", [steady(6.0)] * 12, 1)
    assert steps_of(database, "law_cold") == []
    with psycopg.connect(database) as connection:
        rows = dict(connection.execute("SELECT name, lacks FROM unjudged WHERE name LIKE 'law_cold%'").fetchall())
    assert "cold_zone" in rows["law_cold"]


def test_what_every_zone_says_needs_no_zone(database):
    told(database, "air_temperature", [steady(3.0)] * 4, 1)
    assert [level for _, kind, level, _ in steps_of(database, "law_cold") if kind == "open"] == [1]
