"""Levels against a plain reference: codes cell by cell, courses instant by instant, each limit at, below and above it."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grid import local_days
from analytics.index import Places, Step, Window
from analytics.level import Change, Course, Run, course, evaluate, is_unknown, out_of_season, runs, times
from analytics.rule import ALWAYS, Dated, Measure, Terms
from analytics.rules import BY_NAME

#: What a period of which nothing is known, or that is not whole, has for a code.
UNKNOWN, HELD = 256, 7 << 4
NAN = float("nan")


def seconds(number):
    return timedelta(seconds=number)


def rule(step=Step.HOUR, *, below=False, minimum=0, quiet=0, patience=10):
    return replace(
        BY_NAME["heavy_rain"],
        step=step, below=below, minimum=seconds(minimum), quiet=seconds(quiet), patience=seconds(patience),
    )  # fmt: skip


def terms(enter, leave, inclusive=True, enabled=True):
    return Terms(tuple(enter), tuple(leave), (inclusive,) * len(enter), enabled, frozenset())


def codes(of, values, *dated, **rest):
    """Codes of a row of values, as numbers."""
    row = np.array([values], np.float64)
    begins = (np.arange(row.shape[1]) * 10).astype("datetime64[s]")[None, :]
    given = tuple(dated) if dated and isinstance(dated[0], Dated) else (Dated(ALWAYS, dated[0]),)
    measure = Measure(row, **{name: np.array([flags], np.bool_) for name, flags in rest.items()})
    return evaluate(of, measure, begins, [given])[0].tolist()


def code(entered, kept):
    return entered | kept << 4


# --- codes: thresholds ---


@pytest.mark.parametrize(
    ("value", "entered", "kept"),
    [(49.9, 0, 0), (50.0, 0, 1), (59.9, 0, 1), (60.0, 1, 1), (60.1, 1, 1), (89.9, 1, 1), (90.0, 1, 2), (99.9, 1, 2),
     (100.0, 2, 2), (100.1, 2, 2), (NAN, None, None)],
)  # fmt: skip
def test_a_level_is_entered_and_left_at_its_threshold_itself(value, entered, kept):
    expected = UNKNOWN if entered is None else code(entered, kept)
    assert codes(rule(), [value], terms([60.0, 100.0], [50.0, 90.0])) == [expected]


@pytest.mark.parametrize(
    ("value", "entered", "kept"),
    [(50.0, 0, 0), (50.1, 0, 1), (60.0, 0, 1), (60.1, 1, 1), (90.0, 1, 1), (90.1, 1, 2), (100.0, 1, 2), (100.1, 2, 2)],
)
def test_a_threshold_that_is_not_of_its_level(value, entered, kept):
    assert codes(rule(), [value], terms([60.0, 100.0], [50.0, 90.0], inclusive=False)) == [code(entered, kept)]


@pytest.mark.parametrize(
    ("value", "entered", "kept"),
    [(16.1, 0, 0), (16.0, 0, 1), (15.1, 0, 1), (15.0, 1, 1), (14.0, 1, 2), (13.1, 1, 2), (13.0, 2, 2), (-5.0, 2, 2)],
)
def test_below(value, entered, kept):
    assert codes(rule(below=True), [value], terms([15.0, 13.0], [16.0, 14.0])) == [code(entered, kept)]


def test_a_rule_that_is_off_enters_and_keeps_nothing():
    assert codes(rule(), [200.0, NAN], terms([60.0], [50.0], enabled=False)) == [0, UNKNOWN]


TWO = terms([60.0, 100.0], [50.0, 90.0])


@pytest.mark.parametrize(
    ("value", "expected"), [(10.0, UNKNOWN), (59.9, UNKNOWN), (60.0, 1 | HELD), (120.0, 2 | HELD), (NAN, UNKNOWN)]
)
def test_what_is_not_whole_raises_and_never_lowers(value, expected):
    """An incomplete day that entered a level is known; below it nothing is: the rest may have been rain."""
    assert codes(rule(), [value], TWO, whole=[False]) == [expected]
    assert codes(rule(), [value], TWO, whole=[True]) == codes(rule(), [value], TWO)


def test_an_incomplete_day_of_60_mm_does_not_let_level_2_fall():
    day = rule(Step.DAY)
    stretch = codes(day, [60.0], TWO, whole=[False])[0]
    assert course(day, [Run(0, 100, stretch)], 2, 100) == Course((), 2, 110)
    whole = codes(day, [60.0], TWO)[0]
    assert course(day, [Run(0, 100, whole)], 2, 100).changes == (Change(0, 1),)


@pytest.mark.parametrize("value", [10.0, 60.0, 120.0, NAN])
def test_what_is_held_stays_and_is_known(value):
    assert codes(rule(), [value], TWO, hold=[True]) == [HELD]
    assert codes(rule(), [value], TWO, hold=[False]) == codes(rule(), [value], TWO)
    assert codes(rule(), [value], TWO, hold=[True], whole=[False]) == [HELD]


def test_what_entered_a_level_keeps_it_though_it_is_left_above():
    """Thresholds that cross are refused where they are set; read from elsewhere they do not flap."""
    assert codes(rule(), [70.0], terms([60.0], [80.0])) == [code(1, 1)]


def test_terms_hold_from_their_moment_on():
    dated = Dated(ALWAYS, terms([60.0], [50.0])), Dated(np.datetime64(20, "s"), terms([30.0], [20.0]))
    assert codes(rule(), [40.0, 40.0, 40.0, 25.0], *dated) == [0, 0, code(1, 1), code(0, 1)]
    off = Dated(ALWAYS, terms([30.0], [20.0])), Dated(np.datetime64(11, "s"), terms([30.0], [20.0], enabled=False))
    assert codes(rule(), [40.0, 40.0, 40.0], *off) == [code(1, 1), code(1, 1), 0]


def test_before_its_first_terms_nothing_is_entered():
    later = Dated(np.datetime64(10, "s"), TWO), Dated(np.datetime64(20, "s"), TWO)
    assert codes(rule(), [120.0, 120.0], *later) == [0, code(2, 2)]


def test_terms_that_do_not_fit_each_other_are_refused():
    with pytest.raises(ValueError, match="shorter"):
        codes(rule(), [70.0], Terms((60.0, 100.0), (50.0,), (True, True), True, frozenset()))


thresholds = st.lists(st.integers(0, 12), min_size=1, max_size=4, unique=True).map(sorted)


@st.composite
def places_terms(draw):
    """Places with terms, some alike, some that change."""
    dated = [
        Dated(ALWAYS, draw(of_terms())),
        Dated(np.datetime64(draw(st.sampled_from([0, 10, 15, 30])), "s"), draw(of_terms())),
    ]
    kinds = [(dated[0],), (Dated(*dated[0]),), (dated[1]._replace(valid_from=ALWAYS),), tuple(dated)]
    return [kinds[number] for number in draw(st.lists(st.integers(0, 3), min_size=1, max_size=4))]


@st.composite
def of_terms(draw):
    enter = draw(thresholds)
    leave = [float(value - draw(st.integers(0, 2))) for value in enter]
    return terms(list(map(float, enter)), leave, draw(st.booleans()), draw(st.integers(0, 5)) > 0)


def plain_code(value, of, below, whole, hold):
    """The code of one value."""
    sign = -1 if below else 1
    levels = [
        [number for number, limit in enumerate(limits, 1) if sign * value > sign * limit or (of.inclusive[0] and value == limit)]
        for limits in (of.enter, of.leave)
    ]  # fmt: skip
    entered, kept = (max(reached, default=0) if of.enabled else 0 for reached in levels)
    if hold:
        return HELD
    if np.isnan(value) or not (whole or entered):
        return UNKNOWN
    return code(entered, max(entered, kept) if whole else 7)


@given(places_terms(), st.booleans(), st.data())
def test_codes_are_those_of_each_value_by_itself(dated, below, data):
    shape = len(dated), 4
    side = -1.0 if below else 1.0

    def turned(one):
        limits = ([side * value for value in given] for given in (one.terms.enter, one.terms.leave))
        return one._replace(terms=terms(*limits, one.terms.inclusive[0], one.terms.enabled))

    dated = [tuple(map(turned, row)) for row in dated]
    cells = shape[0] * shape[1]
    numbers = data.draw(st.lists(st.sampled_from([*map(float, range(-1, 14)), NAN]), min_size=cells, max_size=cells))
    value = side * np.array(numbers).reshape(shape)
    flags = [
        np.array(data.draw(st.lists(st.booleans(), min_size=cells, max_size=cells))).reshape(shape) for _ in range(2)
    ]
    begins = np.broadcast_to((np.arange(4) * 10).astype("datetime64[s]"), shape)
    found = evaluate(rule(below=below), Measure(value, whole=flags[0], hold=flags[1]), begins, dated)
    for row, column in np.ndindex(*shape):
        holds = [one.terms for one in dated[row] if begins[row, column] >= one.valid_from][-1]
        cell = plain_code(value[row, column], holds, below, flags[0][row, column], flags[1][row, column])
        assert found[row, column] == cell
    assert (is_unknown(found) == (found == UNKNOWN)).all()


# --- periods ---


def window(zones, days, step=1800, first=datetime(2026, 3, 28)):
    grid = local_days(first.date(), (first + timedelta(days=days - 1)).date(), zones, step)
    count = np.full(len(zones), 21.0)
    return Window(grid, Places(count, count, count, count, {}), {})


def utc(*moment):
    return np.datetime64(datetime(*moment), "s")


def test_days_are_local_days_of_their_own_length():
    of = window(["Asia/Ho_Chi_Minh", "Europe/Berlin"], 3)
    begins, ends = times(Step.DAY, of)
    assert begins.tolist()[0] == [datetime(2026, 3, day, 17) for day in (27, 28, 29)]
    assert (ends[:, :-1] == begins[:, 1:]).all()
    assert ends.tolist()[0][-1] == datetime(2026, 3, 30, 17)
    assert [hours.total_seconds() / 3600 for hours in (ends - begins).tolist()[1]] == [24, 23, 24]
    assert begins.dtype == ends.dtype == np.dtype("datetime64[s]")


@pytest.mark.parametrize(("step", "length"), [(Step.HOUR, 3600), (Step.GRID, 1800)])
def test_hours_and_steps(step, length):
    of = window(["Asia/Ho_Chi_Minh"], 2)
    begins, ends = times(step, of)
    assert begins.shape == ends.shape == (1, 2 * 86_400 // length)
    assert begins[0, 0] == utc(2026, 3, 27, 17)
    assert set((begins[0, 1:] - begins[0, :-1]).astype(int)) == {length}
    assert set((ends - begins).astype(int).ravel()) == {length}
    assert begins.dtype == ends.dtype == np.dtype("datetime64[s]")


@pytest.mark.parametrize(("step", "length"), [(Step.DAY, 86_400), (Step.HOUR, 3600), (Step.GRID, 1800)])
@pytest.mark.parametrize(("months", "outside"), [({3}, "0011"), ({4}, "1100"), ({1, 12}, "1111"), ({3, 4}, "0000")])
def test_out_of_season_is_by_the_local_month(step, length, months, outside):
    of = window(["Asia/Ho_Chi_Minh", "UTC"], 4, first=datetime(2026, 3, 30))
    begins, _ = times(step, of)
    found = out_of_season(of, rule(step), begins, frozenset(months))
    assert found.shape == begins.shape
    expected = [day == "1" for day in outside for _ in range(86_400 // length)]
    assert found.tolist() == [expected, expected]


def test_hours_of_a_long_window_stay_with_their_days():
    of = window(["UTC"], 181, first=datetime(2026, 1, 1))
    begins, _ = times(Step.HOUR, of)
    inside = ~out_of_season(of, rule(), begins, frozenset({6}))[0]
    assert begins[0, inside].tolist() == [datetime(2026, 6, 1) + timedelta(hours=hour) for hour in range(30 * 24)]


def test_out_of_season_in_december_and_on_a_long_day():
    of = window(["Europe/Berlin", "UTC"], 2, first=datetime(2026, 12, 31))
    begins, _ = times(Step.HOUR, of)
    assert out_of_season(of, rule(), begins, frozenset({12}))[0].tolist() == [False] * 24 + [True] * 24
    # one row's days are longer than the other's: what lies behind its last day is out
    of = window(["Europe/Berlin", "UTC"], 2, first=datetime(2026, 10, 25))
    begins, _ = times(Step.HOUR, of)
    found = out_of_season(of, rule(), begins, frozenset({10}))
    assert found.sum(axis=1).tolist() == [0, 1]
    assert found[1].tolist() == [False] * 48 + [True]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([5], [(0, 10, 5)]),
        ([5, 5], [(0, 20, 5)]),
        ([5, 6], [(0, 10, 5), (10, 20, 6)]),
        ([5, 6, 6, 5, 256], [(0, 10, 5), (10, 30, 6), (30, 40, 5), (40, 50, 256)]),
    ],
)
def test_stretches_of_one_code(row, expected):
    begins = np.arange(len(row)) * 10
    assert runs(np.array(row, np.int16), begins, begins + 10) == [Run(*one) for one in expected]


# --- courses ---


class Plain:
    """The reference: a state machine that looks at every instant."""

    def __init__(self, rule, level):
        self.rule, self.level, self.first, self.lapsed = rule, level, level, False
        self.reached, self.failing, self.silent, self.heard = {}, {}, None, None
        self.painted, self.last = {}, -1

    def become(self, at, level):
        self.level, self.last = level, max(at, self.last)
        self.painted = {second: one for second, one in self.painted.items() if second < self.last} | {self.last: level}

    def known(self, at, entered, kept):
        self.silent, self.heard = None, at
        self.reached = {level: self.reached.get(level, at) for level in range(1, entered + 1)}
        self.failing = {level: self.failing.get(level, at) for level in range(kept + 1, self.level + 1)}
        for level in range(1, entered + 1):
            if level > self.level and seconds(at - self.reached[level]) >= self.rule.minimum:
                self.become(self.reached[level], level)
                self.lapsed = False
        for level in range(self.level, kept, -1):
            if level == self.level and seconds(at - self.failing[level]) >= self.rule.quiet:
                self.become(self.failing[level], level - 1)
                self.lapsed = False

    def unknown(self, at):
        self.silent = at if self.silent is None else self.silent
        if seconds(at - self.silent) >= self.rule.patience:
            self.reached, self.failing = {}, {}
            if self.level:
                self.become(self.silent, 0)
                self.lapsed = True

    def at(self, second):
        return [level for moment, level in sorted(self.painted.items()) if moment <= second][-1:] or [self.first]


def plain_course(rule, stretches, level, now):
    plain = Plain(rule, level)
    for begin, end, one in stretches:
        if begin <= now:
            past = end if rule.step is Step.DAY and one != UNKNOWN else min(end, now)
            for at in range(begin, past + 1):
                if one == UNKNOWN:
                    plain.unknown(at)
                else:
                    plain.known(at, one & 15, one >> 4)
    return plain


@st.composite
def stretches(draw):
    begin, found = 0, []
    for _ in range(draw(st.integers(0, 9))):
        end = begin + draw(st.integers(1, 6))
        entered = draw(st.integers(0, 3))
        kept = draw(st.sampled_from([entered, entered, entered + 1, 7]))
        found.append(Run(begin, end, draw(st.sampled_from([code(entered, kept)] * 3 + [UNKNOWN]))))
        begin = end
    return found


spans = st.sampled_from([0, 1, 2, 3, 5, 8])


@given(stretches(), st.integers(0, 3), spans, spans, spans, st.integers(0, 45), st.sampled_from([Step.DAY, Step.HOUR]))
def test_a_course_is_that_of_a_plain_state_machine(given_runs, level, minimum, quiet, patience, now, step):
    of = rule(step, minimum=minimum, quiet=quiet, patience=patience)
    found, plain = course(of, given_runs, level, now), plain_course(of, given_runs, level, now)
    assert all(before.at < after.at for before, after in pairwise(found.changes))
    for second in range(-1, 60):
        holds = [change.level for change in found.changes if change.at <= second][-1:] or [level]
        assert holds == plain.at(second), second
    assert (found.level, found.lapsed) == (plain.level, plain.lapsed)
    since = plain.heard if plain.silent is None else plain.silent
    assert found.lapses == (None if since is None or not plain.level else since + patience)


ON, OFF = code(1, 1), code(0, 0)


def changes(of, stretches, level=0, now=1000):
    return [tuple(change) for change in course(of, [Run(*one) for one in stretches], level, now).changes]


@pytest.mark.parametrize(("lasts", "entered"), [(99, []), (100, [(0, 1)]), (101, [(0, 1)])])
def test_a_level_is_entered_once_minimum_is_reached(lasts, entered):
    assert changes(rule(minimum=100), [(0, lasts, ON), (lasts, lasts + 1, code(0, 1))]) == entered
    # what is not known in between breaks nothing while it is shorter than patience
    assert changes(rule(minimum=100, patience=50), [(0, 10, ON), (10, 59, UNKNOWN), (59, lasts, ON)]) == entered


@pytest.mark.parametrize(("lasts", "left"), [(99, []), (100, [(10, 0)]), (101, [(10, 0)])])
def test_a_level_is_left_once_quiet_is_reached(lasts, left):
    of = rule(quiet=100)
    assert changes(of, [(0, 10, ON), (10, 10 + lasts, OFF)], level=1) == left
    assert changes(of, [(0, 10, ON), (10, 10 + lasts, OFF), (10 + lasts, 500, ON)], level=1) == left + [
        (10 + lasts, 1) for _ in left
    ]


@pytest.mark.parametrize(("lasts", "lapsed"), [(99, []), (100, [(10, 0)]), (101, [(10, 0)])])
def test_nothing_holds_once_patience_is_over(lasts, lapsed):
    of, level = rule(patience=100), [(0, 10, ON), (10, 10 + lasts, UNKNOWN)]
    assert changes(of, level, level=1) == lapsed
    found = course(of, [Run(*one) for one in level], 1, 1000)
    assert (found.level, found.lapsed, found.lapses) == ((0, True, None) if lapsed else (1, False, 110))
    # two stretches of silence are one
    assert changes(of, [(0, 10, ON), (10, 50, UNKNOWN), (50, 10 + lasts, UNKNOWN)], level=1) == lapsed
    # a pending level is forgotten with it, and only then
    pending = [(0, 10, ON), (10, 10 + lasts, UNKNOWN), (10 + lasts, 11 + lasts, ON)]
    again = changes(rule(minimum=50, patience=100), pending)
    assert again == ([] if lapsed else [(0, 1)])


@pytest.mark.parametrize(("now", "entered"), [(99, []), (100, [(0, 1)]), (101, [(0, 1)])])
def test_what_is_to_come_is_not_counted_but_a_day_is_one_whole(now, entered):
    assert changes(rule(minimum=100), [(0, 500, ON)], now=now) == entered
    assert changes(rule(Step.DAY, minimum=100), [(0, 500, ON)], now=now) == [(0, 1)]
    assert changes(rule(patience=100), [(0, 500, UNKNOWN)], level=1, now=now) == [(0, 0) for _ in entered]
    assert changes(rule(Step.DAY, patience=100), [(0, 500, UNKNOWN)], level=1, now=now) == [(0, 0) for _ in entered]


@pytest.mark.parametrize(("now", "entered"), [(49, []), (50, [(50, 1)]), (51, [(50, 1)])])
def test_a_stretch_counts_from_its_first_second(now, entered):
    assert changes(rule(), [(0, 50, OFF), (50, 60, ON)], now=now) == entered


def test_lower_levels_reached_earlier_hold_from_their_own_moment():
    steep = [(0, 10, code(1, 1)), (10, 20, code(2, 2)), (20, 60, code(3, 3))]
    assert changes(rule(minimum=40), steep) == [(0, 1), (10, 2), (20, 3)]
    assert changes(rule(minimum=40), [*steep[:2], (20, 59, code(3, 3))]) == [(0, 1), (10, 2)]
    assert changes(rule(minimum=30), [(0, 40, code(3, 3))]) == [(0, 3)]
    assert changes(rule(minimum=40, quiet=99), steep, level=2) == [(20, 3)]


def test_levels_are_left_one_after_the_other_from_their_own_moments():
    falling = [(0, 10, code(3, 3)), (10, 20, code(0, 2)), (20, 30, code(0, 1)), (30, 70, OFF)]
    assert changes(rule(quiet=40), falling, level=3) == [(10, 2), (20, 1), (30, 0)]
    assert changes(rule(quiet=40), [*falling[:3], (30, 69, OFF)], level=3) == [(10, 2), (20, 1)]
    assert changes(rule(quiet=40), [(0, 50, OFF)], level=3) == [(0, 0)]
    # a level that came back is not left for what was before
    back = [(0, 30, code(0, 1)), (30, 40, code(0, 2)), (40, 79, code(0, 1))]
    assert changes(rule(quiet=40), back, level=2) == []


def test_one_level_may_rise_while_another_waits():
    """Of level 1 it is known at 100, of level 2 at 130: each has its minimum of its own."""
    waits = [(0, 30, code(1, 1)), (30, 129, code(2, 2)), (129, 200, code(1, 1))]
    assert changes(rule(minimum=100), waits) == [(0, 1)]
    assert changes(rule(minimum=100), [waits[0], (30, 130, code(2, 2)), (130, 200, code(1, 1))]) == [
        (0, 1),
        (30, 2),
        (130, 1),
    ]


def test_a_level_that_was_not_kept_for_long_enough_before_it_rose():
    """What rose late rises from when it was reached, and what is decided later takes the place of what it undoes."""
    late = [(0, 10, code(1, 1)), (10, 20, UNKNOWN), (20, 30, ON)]
    assert changes(rule(minimum=30, patience=50), late) == [(0, 1)]
    undone = [(0, 30, code(1, 1)), (30, 40, UNKNOWN)]
    assert changes(rule(patience=10), undone) == [(0, 1), (30, 0)]


def test_lapses_follows_what_was_heard_last():
    assert course(rule(), [], 1, 100) == Course((), 1, None)
    assert course(rule(), [], 0, 100) == Course((), 0, None)
    assert course(rule(), [Run(0, 50, ON)], 1, 100) == Course((), 1, 60)
    assert course(rule(), [Run(0, 500, ON)], 1, 100) == Course((), 1, 110)
    assert course(rule(), [Run(0, 50, OFF)], 0, 100) == Course((), 0, None)
    assert course(rule(), [Run(0, 95, ON), Run(95, 500, UNKNOWN)], 1, 100) == Course((), 1, 105)
    again = [Run(0, 95, UNKNOWN), Run(95, 98, OFF)]
    assert course(rule(), again, 1, 100) == Course((Change(0, 0),), 0, None, lapsed=True)
    assert course(rule(), [*again, Run(98, 99, ON)], 1, 100) == Course((Change(0, 0), Change(98, 1)), 1, 109)
