"""School cold: the reading of 6 h against each limit, its hours, the evening before, months, and who hears it."""

import asyncio
from datetime import UTC, datetime, timedelta
from math import cos, pi

import psycopg
import pytest

from analytics.rules import BY_NAME
from analytics.run.engine.forecast_run import looks_ahead
from tests.analytics.field import HOUR, deliver, settle, station

RULES = ("school_cold", "school_cold_tomorrow")


def course(database):
    """[(rule, kind, level, known, short text)] of steps of the two rules."""
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT rule, step.kind, step.level, step.known_at, step.texts -> 'vi' ->> 'short' FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE rule = ANY (%s) AND step.kind IN ('open', 'raise', 'lower')"
            " ORDER BY step.known_at, step.id",
            (list(RULES),),
        ).fetchall()


def air(hour, morning):
    """A day that is coldest at 6 h and then gets warmer by 12 K until the next."""
    return round(morning + 3.0 - 3.0 * cos((hour - 6) / 12 * pi) + 12.0 * min(max((hour - 12) / 18, 0.0), 1.0), 1)


def told(database, first, morning, without=None):
    """Steps, at hours after the first midnight, of a morning and the next one, which is mild."""
    _, streams = station(database, quantities=("air_temperature",))
    for hour in range(36):
        if hour != without:
            deliver(database, streams["air_temperature"], [(first + HOUR * hour, air(hour, morning))])
        if hour in (5, 6, 7, 12, 17, 18, 23, 30, 35):
            asyncio.run(settle(database, first + HOUR * hour + timedelta(minutes=5)))
    return [(rule, kind, level, (known - first) // HOUR, text) for rule, kind, level, known, text in course(database)]


@pytest.mark.parametrize(("value", "level"), [(10.0, 0), (9.9, 1), (7.0, 1), (6.9, 2), (6.0, 2), (5.9, 3), (-1.0, 3)])
def test_each_limit_is_strictly_below(database, value, level):
    """Told at 6 h, and at 18 h of the evening before the next, which is mild: nothing then."""
    found = told(database, datetime(2026, 1, 9, 17, tzinfo=UTC), value)
    expected = [("school_cold", "open", level, 6), ("school_cold_tomorrow", "open", level, 18)] if level else []
    assert [step[:4] for step in found] == expected
    for rule, *_, text in found:
        assert ("nếu trời như nay" in text) is (rule == "school_cold_tomorrow")
        assert "Nếu là ngày học" in text


@pytest.mark.parametrize(
    ("day", "said"), [("2026-03-31", True), ("2026-04-01", False), ("2026-10-31", False), ("2026-11-01", True)]
)
def test_from_november_to_march(database, day, said):
    found = told(database, datetime.fromisoformat(f"{day}T00:00+07:00"), 5.0)
    assert any(rule == "school_cold" for rule, *_ in found) is said


def test_no_reading_of_that_hour_says_nothing(database):
    assert told(database, datetime(2026, 1, 9, 17, tzinfo=UTC), 5.0, without=6) == []


def test_only_who_named_the_hazard_hears_it():
    for name in RULES:
        assert BY_NAME[name].tells_from > BY_NAME[name].top
        assert BY_NAME[name].hazard == "school"


def test_a_morning_ends_at_noon_and_what_was_said_of_it_at_6(database):
    told(database, datetime(2026, 1, 9, 17, tzinfo=UTC), 5.0)
    with psycopg.connect(database) as connection:
        spans = connection.execute(
            "SELECT rule, state, started, ended FROM alert WHERE hazard = 'school' ORDER BY rule"
        ).fetchall()
    first = datetime(2026, 1, 9, 17, tzinfo=UTC)
    hours = [(rule, state, (begun - first) / HOUR, (over - first) / HOUR) for rule, state, begun, over in spans]
    assert hours == [
        ("school_cold", "ended", 6, 12), ("school_cold_tomorrow", "ended", 18, 30),
    ]  # fmt: skip


def test_what_is_said_by_persistence_is_not_said_of_a_forecast():
    silent = {name for name, rule in BY_NAME.items() if name.endswith("_tomorrow") and not looks_ahead(rule)}
    assert silent == {"law_cold_tomorrow", "law_heat_tomorrow", "school_cold_tomorrow"}
    assert looks_ahead(BY_NAME["school_cold"])
