"""Which steps become one message and when it has to wait: each limit below, at and above, and properties."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.grouping.grouping import LATE, Key, by_key, quiet_until, until, wait
from tests.notify.conftest import NOW
from tests.notify.steps import A_STEP, STEPS

TICK = timedelta(microseconds=1)
CLOCK = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
MOMENT = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))


@given(STEPS)
def test_steps_of_one_commune_hazard_kind_and_basis_are_one_message_and_no_other(steps):
    groups = by_key(steps)
    assert sorted(step.id for group in groups.values() for step in group) == sorted(step.id for step in steps)
    for key, group in groups.items():
        assert {(s.commune, s.hazard, s.kind, s.basis) for s in group} == {
            (key.commune, key.hazard, key.kind, key.basis)
        }
        assert all(one.id < other.id for one, other in pairwise(group)), "in the order in which they were written"
    assert all(groups[one][0].id < groups[other][0].id for one, other in pairwise(groups)), "what is older comes first"


def test_each_part_of_a_key_parts_messages():
    others = [{"commune": 9}, {"hazard": "heat"}, {"kind": "raise"}, {"basis": "forecast"}]
    steps = [A_STEP, *(replace(A_STEP, id=n, **other) for n, other in enumerate(others, 2))]
    assert len(by_key(steps)) == 5
    assert by_key([replace(A_STEP, id=2, place=9, rule="x", level=3, alert=8), A_STEP]) == {
        Key(1, "cold", "open", "observed"): [A_STEP, replace(A_STEP, id=2, place=9, rule="x", level=3, alert=8)]
    }


@pytest.mark.parametrize(
    ("last", "urgent", "at"),
    [
        (None, False, 101.0),
        (None, True, 101.0),
        (40.0, False, 101.0),  # its distance has been kept long ago
        (41.0, False, 101.0),
        (42.0, False, 102.0),
        (99.0, False, 159.0),
        (99.0, True, 101.0),  # it got worse: only for its neighbours
    ],
)
def test_a_first_message_waits_for_its_neighbours_a_later_one_keeps_its_distance_unless_it_is_worse(last, urgent, at):
    assert wait(100.0, last, grouping=1.0, between=60.0, urgent=urgent) == at


@given(st.floats(0, 1e6), st.none() | st.floats(0, 1e6), st.floats(0, 600), st.floats(0, 86400), st.booleans())
def test_nothing_waits_less_than_its_grouping_nor_longer_than_both_waits(first, last, grouping, between, urgent):
    ready = wait(first, last, grouping=grouping, between=between, urgent=urgent)
    assert ready >= first + grouping
    assert ready in {first + grouping, last + between if last is not None and not urgent else first + grouping}


@pytest.mark.parametrize(
    ("expires", "end"),
    [
        ([-TICK], NOW + LATE),
        ([timedelta()], NOW + LATE),
        ([TICK], NOW + TICK),
        ([-TICK, 2 * TICK, TICK], NOW + 2 * TICK),
        ([timedelta(hours=7)], NOW + timedelta(hours=7)),
    ],
)
def test_a_message_is_worth_as_long_as_its_longest_step_and_what_is_late_six_hours(expires, end):
    assert timedelta(hours=6) == LATE
    assert until([replace(A_STEP, expires=NOW + left) for left in expires], NOW) == end


RISE = ("open", "raise", "renew", "update")
FALL = ("end", "cancel", "lower")


@pytest.mark.parametrize("kind", RISE + FALL)
@pytest.mark.parametrize("left", [-TICK, timedelta(), TICK])
@pytest.mark.parametrize("goes_on", [True, False])
def test_worth_saying_is_what_is_fresh_or_goes_on_or_ends_what_was_said(kind, left, goes_on):
    step = replace(A_STEP, kind=kind, expires=NOW + left, goes_on=goes_on)
    assert step.worth_saying(NOW) is (left > timedelta() or goes_on or kind in FALL)
    assert not replace(step, stale=True).worth_saying(NOW)
    assert not replace(step, kind="extend").worth_saying(NOW)
    goes_elsewhere = replace(step, successor=7)
    assert goes_elsewhere.worth_saying(NOW) is (kind not in {"end", "cancel"} and step.worth_saying(NOW))


@pytest.mark.parametrize(("urgency", "pressing"), [("Immediate", True), ("Expected", False), ("Future", False)])
def test_people_must_act_at_once_where_the_rule_says_immediate(urgency, pressing):
    assert replace(A_STEP, urgency=urgency).pressing is pressing


HANOI = "Asia/Ho_Chi_Minh"
SECOND = timedelta(seconds=1)


def local(day, hour, minute=0, zone=HANOI):
    return datetime(2026, 1, day, hour, minute, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", [HANOI, "UTC", "America/New_York"])
@pytest.mark.parametrize(
    ("start", "end", "moment", "ends"),
    [
        (time(21), time(5), (15, 21, 0, -SECOND), None),
        (time(21), time(5), (15, 21, 0, -TICK), None),
        (time(21), time(5), (15, 21, 0, timedelta()), (16, 5)),  # the first minute
        (time(21), time(5), (15, 23, 59, SECOND), (16, 5)),
        (time(21), time(5), (16, 0, 0, timedelta()), (16, 5)),
        (time(21), time(5), (16, 4, 59, timedelta()), (16, 5)),  # the last minute
        (time(21), time(5), (16, 5, 0, -TICK), (16, 5)),
        (time(21), time(5), (16, 5, 0, timedelta()), None),
        (time(12), time(13), (15, 12, 0, -TICK), None),  # within one day
        (time(12), time(13), (15, 12, 0, timedelta()), (15, 13)),
        (time(12), time(13), (15, 13, 0, -TICK), (15, 13)),
        (time(12), time(13), (15, 13, 0, timedelta()), None),
        (time(0), time(23, 59), (15, 0, 0, timedelta()), (15, 23, 59)),  # from midnight on
        (time(0), time(23, 59), (15, 23, 59, timedelta()), None),
        (time(22), time(0), (15, 22, 0, timedelta()), (16, 0)),  # up to midnight
        (time(22), time(0), (16, 0, 0, timedelta()), None),
        (time(7), time(7), (15, 7, 0, timedelta()), None),  # no hours at all
        (None, time(7), (15, 6, 0, timedelta()), None),
        (time(7), None, (15, 8, 0, timedelta()), None),
    ],
)
def test_quiet_hours_at_their_first_and_last_moment(zone, start, end, moment, ends):
    now = (local(*moment[:3], zone=zone) + moment[3]).astimezone(UTC)
    expected = None if ends is None else local(*ends, zone=zone)
    assert quiet_until(now, start, end, zone) == expected
    assert expected is None or quiet_until(now, start, end, zone).tzinfo is UTC


@given(MOMENT, CLOCK, CLOCK, st.sampled_from([HANOI, "Asia/Kathmandu", "UTC", "Pacific/Apia"]))
def test_quiet_hours_are_the_minutes_from_start_to_end_of_any_day(now, start, end, zone):
    """Against minute after minute on the clock on the wall."""
    wall = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    quiet, minute = set(), start
    while minute != end:
        quiet.add(minute)
        minute = (datetime.combine(wall.date(), minute) + timedelta(minutes=1)).time()
    ends = wall
    while ends.time() in quiet:
        ends += timedelta(minutes=1)
    assert quiet_until(now, start, end, zone) == (ends if wall.time() in quiet else None)
