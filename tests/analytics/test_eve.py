"""The evening before a day of the schedule, by persistence: when it is said, when not, and through the engine."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from analytics.renewal import EVENING, MORNING, Going, Renew, Told, due, eve_of, next_due
from analytics.rules import BY_NAME
from analytics.run.questions.verification import score_eves
from tests.analytics.field import HOUR, START, deliver, settle, station

DAY, ZONE = 86_400, "Asia/Ho_Chi_Minh"
#: Local midnight of 10 January.
BEGIN = int(START.timestamp())
RENEW = Renew(days=(3, 5, 10, 20), eve=True)


def day(number):
    """Local date of a day of the spell, 1 the first."""
    return (date(2026, 1, 10) + timedelta(days=number - 1)).isoformat()


def spell(days, at, **rest):
    """A spell of so many days, the last of which goes on, at seconds after that day's midnight."""
    now = BEGIN + (days - 1) * DAY + at
    going = Going(BEGIN, {day(number): 9.0 for number in range(1, days + 1)}, True, ZONE, now, 3600)
    return replace(going, **rest), now


def told(through=""):
    return Told(BEGIN + 99 * DAY, through, through, BEGIN, None)


@pytest.mark.parametrize(
    ("days", "said"), [(1, ""), (2, day(3)), (3, ""), (4, day(5)), (9, day(10)), (10, ""), (19, day(20))]
)
def test_the_day_before_one_of_the_schedule(days, said):
    going, now = spell(days, 18 * 3600)
    assert eve_of(RENEW, going, told(), now) == said
    assert (due(RENEW, going, told(day(days - 1)), now) == "renew") == bool(said)


@pytest.mark.parametrize(("at", "said"), [(18 * 3600 - 1, ""), (18 * 3600, day(3)), (DAY - 1, day(3))])
def test_from_eighteen_hours_on(at, said):
    going, now = spell(2, at)
    assert eve_of(RENEW, going, told(), now) == said


def test_not_twice_not_beside_a_forecast_and_not_where_today_does_not_show_it():
    going, now = spell(2, 19 * 3600)
    assert eve_of(RENEW, going, told(day(2)), now) == day(3)
    assert eve_of(RENEW, going, told(day(3)), now) == "", "they were told of tomorrow"
    assert eve_of(replace(RENEW, eve=False), going, told(), now) == ""
    midnight = BEGIN + 2 * DAY
    assert eve_of(RENEW, replace(going, foreseen=midnight + 1), told(), now) == "", "a forecast rules"
    assert eve_of(RENEW, replace(going, foreseen=midnight), told(), now) == day(3), "it ends before tomorrow"
    mild, _ = spell(2, 0, by_day={day(1): 9.0})
    assert eve_of(RENEW, mild, told(), now) == ""


def test_somebody_looks_at_that_hour():
    going, now = spell(2, 12 * 3600)
    assert next_due(RENEW, going, told(day(1)), now) == BEGIN + DAY + EVENING.hour * 3600
    assert MORNING < EVENING


def test_only_spells_of_cold_look_ahead():
    assert [name for name, rule in BY_NAME.items() if rule.renewal.eve] == ["cold_spell"]


def cold(hour):
    return 10.0 + (0.4 if hour % 2 else -0.4) + (12.0 if hour < 12 else 0.0)


def steps(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.known_at, step.kind, step.values ->> 'eve', step.texts -> 'vi' ->> 'short'"
            " FROM alert_step AS step JOIN alert ON alert.id = step.alert"
            " WHERE rule = 'cold_spell' AND step.kind <> 'extend' AND step.level >= 2 ORDER BY step.id"
        ).fetchall()


def test_a_farmer_hears_it_in_the_evening_once(database):
    _, streams = station(database, quantities=("air_temperature",))
    for hour in range(0, 4 * 24 + 8, 2):
        now = START + HOUR * (hour + 1)
        readings = [(START + HOUR * (hour + k), cold(hour + k)) for k in range(2)]
        deliver(database, streams["air_temperature"], readings)
        asyncio.run(settle(database, now))
    found = [(known, eve, text) for known, kind, eve, text in steps(database) if kind == "renew"]
    ((known, eve, text),) = found
    evening = known + timedelta(hours=7)
    assert (evening.date(), evening.hour) == (date(2026, 1, 12), 19)
    assert eve == "2026-01-13"
    assert text.startswith("Mai là ngày thứ 3 rét hại tại Trạm")
    assert "nếu trời như nay: trung bình ngày không quá 10," in text, text
    assert text.endswith("che mạ."), text


async def test_what_was_said_of_morrows_is_scored(database):
    """Three were said: one came, one was too mild, one is not over; an alert that ended before it is one that failed."""
    now = START + timedelta(days=9)
    place, _ = station(database, quantities=("air_temperature",))
    with psycopg.connect(database) as connection:
        (alert,) = connection.execute(
            "INSERT INTO alert (rule, hazard, place, basis, state, level, started, course, values)"
            " VALUES ('cold_spell', 'cold', %s, 'observed', 'open', 3, %s, '[]', %s) RETURNING id",
            (place, START, psycopg.types.json.Json({"by_day": {"2026-01-12": 12.9, "2026-01-14": 13.0}})),
        ).fetchone()
        for number, eve in enumerate(("2026-01-12", "2026-01-14", "2026-01-16", "2026-01-19"), start=1):
            connection.execute(
                "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, stale, values, texts)"
                " VALUES (%s, %s, 'renew', 3, %s, %s, %s, false, %s, '{}')",
                (alert, number, START, now - HOUR, now, psycopg.types.json.Json({"eve": eve})),
            )
    found = await score_eves(database, None, (START, now), now)
    assert found == {"cold_spell": {"said": 3, "came": 1, "share": 0.333}}
    assert await score_eves(database, "elsewhere", (START, now), now) == {}
