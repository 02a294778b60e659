"""Cattle in the cold by the hour, and in a long heat: at their limits, beside a plain scan of a year, through the engine."""

import asyncio
import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg
import pytest

from analytics.indices.livestock import GRAZING, WARMTH, cold_load, felt_outdoors
from analytics.renewal import Going, Told, due
from analytics.rule import Urgency
from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import conclude, judge
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known
from store.work import LOADED, Feed, Spot
from tests.analytics.field import HOUR, START, deliver, settle, station

COLD = BY_NAME["cattle_cold"]
ZONE = "Asia/Ho_Chi_Minh"


@pytest.mark.parametrize(
    ("temperature", "wind", "rain", "felt"),
    [
        (12.0, 0.0, 0.0, 12.0),
        (15.0, 0.0, 0.3, 12.0),
        (15.0, 0.0, 0.2, 15.0),
        (10.1, 9.0, 0.0, 10.1),
        (11.9, 9.0, 5.0, 8.9),
    ],
)
def test_a_wet_coat_moves_the_limit_by_three_degrees(temperature, wind, rain, felt):
    assert felt_outdoors(temperature, wind, rain) == pytest.approx(felt)
    assert cold_load(temperature, wind, rain) == (felt < 12.0)


def test_wind_chill_counts_where_it_applies():
    assert felt_outdoors(5.0, 8.0, 0.0) < 2.0
    assert math.isnan(felt_outdoors(np.nan, 2.0, 0.0))


def test_it_is_known_at_night_and_said_in_the_morning():
    assert COLD.urgency is Urgency.EXPECTED
    assert COLD.months == {11, 12, 1, 2, 3}
    assert [level.enter for level in COLD.levels] == [WARMTH, GRAZING] == [15.0, 12.0]


# --- through the engine, hour by hour ---


def hear(database, hours, rain=(), start=START, rule="cattle_cold"):
    """Hourly temperatures [°C] and amounts of rain [mm], looked at with each reading; (known, kind, level, text)."""
    _, streams = station(database)
    for number, value in enumerate(hours):
        deliver(database, streams["air_temperature"], [(start + HOUR * number, value)])
        if rain:
            deliver(database, streams["precipitation"], [(start + HOUR * number, rain[number])])
        asyncio.run(settle(database, start + HOUR * number))
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT extract(epoch FROM step.known_at - %s)::float8 / 3600, step.kind, step.level, step.texts -> 'vi' ->> 'short'"
            " FROM alert_step AS step JOIN alert ON alert.id = step.alert WHERE rule = %s AND step.level >= 2"
            " ORDER BY step.id", (start, rule),
        ).fetchall()  # fmt: skip


def told(steps):
    return [round(known) for known, kind, *_ in steps if kind in {"open", "raise"}]


WARM = [16.0, 16.4, 16.1, 15.8, 15.6, 14.0]


@pytest.mark.parametrize(
    ("cold", "hour"),
    [
        ([11.9, 11.4, 11.0], 8),
        ([11.9, 11.4, 12.0, 13.0], 8),
        ([12.0, 12.0, 12.1, 12.0], None),
        ([11.9, 12.0, 11.9], None),
    ],
)
def test_two_hours_below_twelve_at_the_reading_that_fulfils_it(database, cold, hour):
    steps = hear(database, [*WARM, *cold])
    assert told(steps) == ([] if hour is None else [hour])
    if hour is not None:
        assert steps[0][3].startswith("Không thả trâu bò"), steps[0][3]
        assert "rét như 11" in steps[0][3]


def test_a_wet_coat_at_fifteen_and_a_dry_one(database):
    hours = [16.0, 15.6, 15.2, 14.9, 14.5, 14.3, 14.2]
    assert told(hear(database, hours, [0.0, 0.0, 0.5, 0.4, 0.0, 0.0, 0.0])) == [5]


def test_dry_at_fifteen_nobody_is_told(database):
    assert told(hear(database, [16.0, 15.6, 15.2, 14.9, 14.5, 14.3, 14.2], [0.0] * 7)) == []


def test_a_cold_morning_of_a_mild_day_is_told(database):
    """Below 12 °C until nine, 21 at noon: the day's mean of 15.6 says nothing, the hours do."""
    day = [12.6, 12.3, 11.8, 11.4, 11.0, 10.7, 10.4, 10.6, 11.5, 13.5, 16.0, 18.5, 20.5, 21.5, 22.0, 22.0, 21.0]
    steps = hear(database, day)
    assert told(steps) == [4]


def test_out_of_season_it_is_silent(database):
    april = datetime(2026, 4, 10, 17, tzinfo=UTC)
    assert hear(database, [*WARM, 11.9, 11.4, 11.0, 10.8], start=april) == []


def test_a_mild_afternoon_and_one_mild_day_end_nothing(database):
    night, noon = [11.5, 11.2, 11.0, 10.8], [13.0, 14.0, 15.0, 16.0]
    cold_day = [*night, *night[::-1], *noon, *noon[::-1], *night, *night[::-1]]
    mild_day = [15.5, 15.8, 16.0, 16.2] * 6
    hours = [*cold_day, *mild_day, *cold_day]
    steps = hear(database, hours)
    assert [kind for _, kind, *_ in steps if kind != "extend"] == ["open"]


# --- a year, beside a plain scan ---


def a_year(seed=5):
    """(hour → temperature, rain) of a subtropical year with waves, fronts and showers."""
    noise = np.random.default_rng(seed)
    hours = np.arange(365 * 24)
    wave = np.repeat(np.cumsum(noise.normal(0, 1.5, 365)), 24)
    wave -= np.convolve(wave, np.ones(480) / 480, "same")
    warm = 21 - 9 * np.cos((hours / 24 - 15) / 365 * 2 * np.pi) + 4 * np.sin((hours - 9) / 24 * 2 * np.pi) + wave
    rain = np.where(noise.random(hours.size) < 0.06, np.round(noise.gamma(1.0, 2.0, hours.size), 1), 0.0)
    missing = noise.random(hours.size) < 0.02
    return np.where(missing, np.nan, np.round(warm, 1)), np.where(missing, np.nan, rain)


def plain_year(warm, rain, now):
    """Episodes as [(first hour, end, [(hour, level), ...])] by a loop over the hours."""
    felt = []
    for hour, value in enumerate(warm):
        fallen = [rain[at] for at in range(max(hour - 2, 0), hour + 1) if not math.isnan(rain[at])]
        felt.append(float(value) - (3.0 if sum(fallen) > 0.2 else 0.0))
    changes, level, since, milder, gap = [], 0, {}, {}, None

    def become(at, new):
        while changes and changes[-1][0] >= at:
            at = changes.pop()[0]
        changes.append((at, new))
        return new

    for hour, value in enumerate(felt):
        end, month = min(hour + 1, now), (datetime(2025, 1, 1) + timedelta(hours=hour)).month
        if math.isnan(value) and month in COLD.months:
            gap = hour if gap is None else gap
            assert end - gap < 24, "no such hole"
            continue
        gap, reached = None, (value < 15) + (value < 12) if month in COLD.months else 0
        since = {one: since.get(one, hour) for one in range(1, reached + 1)}
        milder = {one: milder.get(one, hour) for one in range(reached + 1, level + 1)}
        for one in sorted(since):
            if one > level and end - since[one] >= 2:
                level = become(since[one], one)
        while level in milder and end - milder[level] >= 50:
            level = become(milder[level], level - 1)
    return changes


def test_a_year_equals_a_plain_scan():
    warm, rain = a_year()
    begin = datetime(2024, 12, 31, 17)
    rows = [
        (stream, begin + timedelta(hours=hour), float(value), 1)
        for stream, series in ((1, warm), (2, rain))
        for hour, value in enumerate(series)
        if not math.isnan(value)
    ]
    feeds = tuple(
        Feed(1, n, name, "", 3600.0, None, None) for n, name in ((1, "air_temperature"), (2, "precipitation"))
    )
    place = Known(Spot(1, "a", "a", "station", ZONE, 21.8, 106.8, 260.0, {}, [1], None, None), feeds, (), {})
    now = datetime(2025, 12, 31, 16, tzinfo=UTC)
    loaded = np.array(rows, LOADED.dtype)
    frame = frame_of_readings(
        [place], Readings(np.zeros(len(rows), np.int64), loaded, np.ones(len(rows), bool)), date(2025, 1, 1),
        date(2025, 12, 31), 0, now, np.full(1, np.datetime64("NaT", "s")),
    )  # fmt: skip
    trails, rule = {}, replace(COLD, horizon=None)
    judge([rule], frame, {}, set(), trails)
    (outcome,) = conclude({rule.name: rule}, {1: place}, trails, {}, int(now.timestamp()))
    ours = sorted({(change.at, change.level) for one in outcome.revisions for change in one.new.course})
    zero = int(begin.replace(tzinfo=UTC).timestamp())
    expected = [(zero + at * 3600, level) for at, level in plain_year(warm, rain, 365 * 24 - 1) if level]
    assert ours == expected
    assert len(expected) > 10
    assert sum(one.new.level >= 2 for one in outcome.revisions) >= 3


# --- a long heat ---


def test_a_wave_within_a_long_heat_is_told_and_its_ordinary_days_are_not():
    """A hundred days: the third, tenth, fortieth, then every thirtieth; and the wave that is hotter by two."""
    rule = BY_NAME["livestock_heat"]
    begin = int(datetime(2026, 5, 1, tzinfo=UTC).timestamp()) - 7 * 3600
    by_day, said = {}, []
    told_of = Told(begin + 8 * 3600, people_at=begin + 13 * 3600)
    for number in range(100):
        hottest = 86.5 if 60 <= number < 64 else 81.0 + number % 3 * 0.5
        by_day[f"{datetime(2026, 5, 1) + timedelta(days=number):%Y-%m-%d}"] = hottest
        now = begin + (number + 1) * 86_400 + 7 * 3600
        going = Going(begin, dict(by_day), False, ZONE, now, 4 * 3600)
        if due(rule.renewal, going, told_of, now) == "renew":
            said.append(number + 1)
            through = max(by_day)
            told_of = Told(now + 8 * 3600, through, through, now, max(by_day.values()))
    assert said == [3, 10, 40, 61, 70, 100]


def test_buffalo_used_to_heat_have_a_rule_that_is_off_until_a_source_is_read():
    rule = BY_NAME["buffalo_heat"]
    assert rule.status == "unverified"
    assert rule.for_animals == {"buffalo"}
