"""When an alert that goes on is said again: each limit at, just below and just above, and schedules against a plain list."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.renewal import (
    BY_DAY,
    BY_HOUR,
    UNRENEWED,
    Going,
    Renew,
    Told,
    due,
    lead_of,
    milestone,
    next_due,
    number_of,
    whole_through,
    worst_of,
)

ZONE = "Asia/Ho_Chi_Minh"
HOUR, DAY = 3600, 86_400
#: Local midnight of 10 January.
BEGIN = int(datetime(2026, 1, 9, 17, tzinfo=UTC).timestamp())
#: Six in the morning of the third day.
SIX = BEGIN + 3 * DAY + 6 * HOUR
FAR = BEGIN + 99 * DAY


def days(*values, first=10):
    """Local days from 10 January on; None where nothing was measured."""
    return {f"2026-01-{first + n:02d}": float(value) for n, value in enumerate(values) if value is not None}


def going(by_day, **rest):
    return Going(
        **{"since": BEGIN, "by_day": by_day, "below": True, "time_zone": ZONE, "heard": FAR, "freshness": HOUR} | rest
    )


def told(through="2026-01-10", people="2026-01-10", at=BEGIN + DAY, worst=8.0, expires=FAR, **rest):
    return Told(expires, through, people, at, worst, **rest)


THREE = days(8, 8, 8)


def test_what_rules_have_by_themselves():
    assert (BY_DAY.days, BY_DAY.hours, BY_DAY.record, BY_DAY.at_once) == ((3, 5, 10, 15), 0, 0.0, False)
    assert (BY_HOUR.days, BY_HOUR.hours) == ((), 12)
    assert Told(5) == Told(5, "", "", None, None, HOUR)
    assert (going({}).shown, going({}).monthly) == (True, False)


# --- by days ---


@pytest.mark.parametrize(("now", "said"), [(SIX - 1, "extend"), (SIX, "renew"), (SIX + 1, "renew")])
def test_people_are_told_from_six_in_the_morning_on(now, said):
    assert due(BY_DAY, going(THREE), told(), now) == said
    assert due(replace(BY_DAY, at_once=True), going(THREE), told(), now) == "renew"


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (2, None),
        (3, "renew"),
        (4, None),
        (5, "renew"),
        (6, None),
        (10, "renew"),
        (15, "renew"),
        (19, None),
        (20, "renew"),
    ],
)
def test_on_the_days_of_the_schedule_and_no_other(length, said):
    """Of each day it is asked at six the next morning, people having been told of the day before."""
    spell = going(days(*[8] * length))
    before = f"2026-01-{8 + length:02d}"
    at = BEGIN + length * DAY + 6 * HOUR
    known = told(through=f"2026-01-{9 + length:02d}", people=before)
    assert due(BY_DAY, spell, known, at) == said
    assert due(BY_DAY, spell, replace(known, people_through=known.through), at) is None, "they were told of it"
    assert due(Renew(hours=12), spell, replace(known, people_at=at - 6 * HOUR), at - 1) is None


def test_a_day_that_nobody_measured_is_no_day_of_the_spell():
    gap = days(8, None, 8)
    assert due(BY_DAY, going(gap), told(), SIX) == "extend"
    assert due(BY_DAY, going(gap, monthly=True), told(), SIX) == "renew", "between the ends of months every day counts"
    assert due(BY_DAY, going({}), told(through="", people=""), SIX) is None


def test_the_first_day_is_no_renewal():
    at_six = BEGIN + DAY + 6 * HOUR
    every = Renew(days=(1,), record=1.0)
    assert due(every, going(days(8)), told(through="2026-01-10", people=""), at_six) is None
    assert due(every, going(days(8, 8)), told(through="2026-01-11", people="2026-01-10"), at_six + DAY) == "renew"


@pytest.mark.parametrize(("value", "said"), [(6.1, None), (6.0, "renew"), (5.9, "renew"), (8.0, None), (12.0, None)])
def test_a_day_worse_by_the_record_is_told(value, said):
    record = Renew(days=(30,), record=2.0)
    cold = going(days(8, value))
    known = told(through="2026-01-11", worst=8.0)
    at = BEGIN + 2 * DAY + 6 * HOUR
    assert due(record, cold, known, at) == said
    assert due(replace(record, record=0.0), cold, known, at) is None
    assert due(record, cold, replace(known, worst=None), at) is None
    hot = going({day: 40.0 - of for day, of in cold.by_day.items()}, below=False)
    assert due(record, hot, replace(known, worst=32.0), at) == said


def test_what_was_told_of_a_day_is_not_told_again_because_it_was_worse_than_known():
    record = Renew(days=(30,), record=2.0)
    at = BEGIN + 2 * DAY + 6 * HOUR
    for people, said in (("2026-01-10", "renew"), ("2026-01-11", None), ("2026-01-12", None)):
        assert due(record, going(days(8, 5)), told(through="2026-01-11", people=people), at) == said


def test_who_is_told_by_hours_is_not_told_by_days():
    assert due(BY_HOUR, going(THREE), told(at=SIX - HOUR), SIX) == "extend"


@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(0, 60), st.integers(0, 60))
def test_the_schedule_goes_on_at_its_last_distance(steps, before, now):
    schedule = [sum(steps[: n + 1]) for n in range(len(steps))]
    distance = schedule[-1] - schedule[-2] if len(schedule) > 1 else schedule[-1]
    listed = {*schedule, *range(schedule[-1], 200, distance)}
    assert milestone(tuple(schedule), before, now) == any(before < number <= now for number in listed)


@pytest.mark.parametrize(
    ("day", "number", "monthly"),
    [("", 0, 0), ("2026-01-07", 0, 0), ("2026-01-09", 0, 0), ("2026-01-10", 1, 1), ("2026-01-11", 1, 2), ("2026-01-12", 2, 3), ("2026-01-14", 3, 5), ("2026-01-31", 3, 22)],
)  # fmt: skip
def test_which_day_of_a_spell_it_is(day, number, monthly):
    spell = going(days(7, 8, None, 8, 8, first=9))
    assert number_of(spell, day) == number
    assert number_of(replace(spell, monthly=True), day) == monthly
    # local days: it began at 16:59 UTC, the day before
    assert number_of(replace(spell, since=BEGIN - 1, monthly=True), "2026-01-10") == 2


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (BEGIN + 2 * DAY - 1, "2026-01-10"),
        (BEGIN + 2 * DAY, "2026-01-11"),
        (BEGIN, ""),
        (BEGIN + 9 * DAY, "2026-01-12"),
    ],
)
def test_a_day_counts_once_it_has_ended_or_at_once(now, last):
    spell = going(THREE)
    assert whole_through(BY_DAY, spell, now) == last
    assert whole_through(replace(BY_DAY, at_once=True), spell, now) == "2026-01-12"
    assert whole_through(BY_DAY, going({}), now) == ""


@pytest.mark.parametrize(
    ("through", "least", "most"),
    [("2026-01-09", None, None), ("2026-01-10", 5, 5), ("2026-01-11", 3, 5), ("2026-01-12", 3, 9)],
)
def test_the_worst_up_to_a_day_and_with_it(through, least, most):
    spell = going(days(5, 3, 9))
    assert worst_of(spell, through) == least
    assert worst_of(replace(spell, below=False), through) == most


# --- by hours ---


def by_hours(now, **rest):
    known = {"through": "", "people": "", "at": BEGIN} | {
        key: rest.pop(key) for key in ("at", "expires") if key in rest
    }
    return due(BY_HOUR, going({}, below=False, **rest), told(**known), now)


@pytest.mark.parametrize(
    ("hours", "said"), [(12 * HOUR - 1, None), (12 * HOUR, "renew"), (12 * HOUR + 1, "renew"), (24 * HOUR, "renew")]
)
def test_every_twelve_hours_while_it_shows(hours, said):
    assert by_hours(BEGIN + hours) == said
    assert by_hours(BEGIN + hours, shown=False) is None, "a lull"
    assert by_hours(BEGIN + hours, at=None) == said


@pytest.mark.parametrize(("now", "said"), [(24 * HOUR - 1, None), (24 * HOUR, "renew"), (24 * HOUR + 1, "renew")])
def test_the_hours_count_from_when_it_began_not_from_what_was_said(now, said):
    assert by_hours(BEGIN + now, at=BEGIN + 13 * HOUR) == said


@pytest.mark.parametrize(("ago", "said"), [(6 * HOUR - 1, None), (6 * HOUR, "renew"), (6 * HOUR + 1, "renew")])
def test_what_was_said_just_now_is_not_said_again(ago, said):
    assert by_hours(BEGIN + 12 * HOUR, at=BEGIN + 12 * HOUR - ago) == said
    assert by_hours(BEGIN + 12 * HOUR, at=BEGIN - 9 * DAY) == "renew", "said of it before it was worse"
    assert by_hours(BEGIN + 11 * HOUR, at=BEGIN - 9 * DAY) is None


@pytest.mark.parametrize(
    ("heard", "said"), [(HOUR + 1, None), (HOUR, "renew"), (HOUR - 1, "renew"), (-HOUR, "renew"), (-2 * HOUR, "renew")]
)
def test_only_of_what_is_heard(heard, said):
    now = BEGIN + 12 * HOUR
    assert by_hours(now, heard=now - heard) == said
    assert by_hours(now, heard=None) is None
    assert due(BY_DAY, going(THREE, heard=SIX - heard), told(), SIX) == (said or "extend")


# --- to machines ---


@pytest.mark.parametrize(("left", "said"), [(HOUR + 1, None), (HOUR, "extend"), (HOUR - 1, "extend"), (-5, "extend")])
def test_a_message_is_renewed_before_it_expires(left, said):
    now = BEGIN + HOUR
    assert by_hours(now, expires=now + left) == said
    assert due(UNRENEWED, going({}), told(expires=now + left), now) is None
    short = told("", "", BEGIN, expires=now + left - HOUR + 60, lead=60)
    assert due(BY_HOUR, going({}), short, now) == said


@pytest.mark.parametrize(
    ("through", "said"), [("2026-01-11", "extend"), ("2026-01-12", None), ("2026-01-13", None), ("", "extend")]
)
def test_machines_hear_of_each_whole_day(through, said):
    assert due(BY_DAY, going(THREE), told(through=through, people="2026-01-12"), SIX) == said


@pytest.mark.parametrize(
    ("validity", "lead"),
    [
        (timedelta(hours=30), HOUR),
        (timedelta(hours=4), HOUR),
        (timedelta(hours=4, seconds=-4), HOUR - 1),
        (timedelta(hours=1), 900),
    ],
)
def test_a_message_is_renewed_an_hour_before_or_a_quarter_of_its_life(validity, lead):
    assert lead_of(validity) == lead
    assert isinstance(lead_of(validity), int)


@pytest.mark.parametrize(
    ("renew", "now", "coming"),
    [
        (BY_DAY, SIX - 1, SIX),
        (BY_DAY, SIX, FAR - HOUR),
        (BY_DAY, SIX + 1, FAR - HOUR),
        (BY_DAY, SIX - 6 * HOUR, SIX),
        (BY_DAY, SIX - 6 * HOUR - 1, FAR - HOUR),
        (BY_HOUR, BEGIN, BEGIN + 12 * HOUR),
        (BY_HOUR, BEGIN + 12 * HOUR - 1, BEGIN + 12 * HOUR),
        (BY_HOUR, BEGIN + 12 * HOUR, BEGIN + 24 * HOUR),
        (BY_HOUR, BEGIN + 12 * HOUR + 1, BEGIN + 24 * HOUR),
        (Renew(record=1.0), FAR - HOUR - 1, FAR - HOUR),
        (Renew(record=1.0), FAR - HOUR, FAR - HOUR + 60),
        (UNRENEWED, SIX, None),
    ],
)
def test_when_it_is_looked_at_next(renew, now, coming):
    assert next_due(renew, going(THREE), told(), now) == coming


def test_the_reference_of_these_tests():
    assert datetime.fromtimestamp(SIX, UTC) + timedelta(hours=7) == datetime(2026, 1, 13, 6, tzinfo=UTC)
    assert date.fromisoformat(max(THREE)) == date(2026, 1, 12)
