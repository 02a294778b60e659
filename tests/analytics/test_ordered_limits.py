"""Checks of a series in its order of time: each limit at, just below and just above it, and series too short for them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.quality.finding import FAIL, GOOD, MISSING, NOT_EVALUATED, SUSPECT
from analytics.quality.ordered import gross_range, persistence, spike, step_change

NAN = float("nan")
INF = float("inf")


@pytest.mark.parametrize(
    ("value", "flag"),
    [(-40.5, FAIL), (-40.0, SUSPECT), (-39.5, SUSPECT), (-30.5, SUSPECT), (-30.0, GOOD), (-29.5, GOOD), (0.0, GOOD), (49.5, GOOD),
     (50.0, GOOD), (50.5, SUSPECT), (55.0, SUSPECT), (55.5, FAIL), (-INF, FAIL), (INF, FAIL), (NAN, MISSING)],
)  # fmt: skip
def test_gross_range(value, flag):
    found = gross_range([value], (-30.0, 50.0), (-40.0, 55.0))
    assert (found.tolist(), found.dtype) == ([flag], np.uint8)
    # bounds of each place, two series side by side
    bounds = np.array([[-30.0], [0.0]]), np.array([[50.0], [50.0]])
    both = gross_range([[-10.0], [-10.0]], bounds, (-40.0, 55.0))
    assert both.tolist() == [[GOOD], [SUSPECT]]


@pytest.mark.parametrize(
    ("change", "flag"),
    [(2.75, GOOD), (3.0, GOOD), (3.25, SUSPECT), (9.75, SUSPECT), (10.0, SUSPECT), (10.25, FAIL), (NAN, MISSING)],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_step_change(change, sign, flag):
    values = [5.0, 5.0 + sign * change]
    found = step_change(values, 3.0, 10.0)
    assert (found.tolist(), found.dtype) == ([NOT_EVALUATED, flag], np.uint8)
    assert step_change(values, 3.0).tolist() == [NOT_EVALUATED, SUSPECT if flag == FAIL else flag]
    side_by_side = step_change([values, [1.0, 1.0]], 3.0, 10.0)
    assert side_by_side.tolist() == [[NOT_EVALUATED, flag], [NOT_EVALUATED, GOOD]]


def test_what_has_no_step_before_is_not_evaluated():
    assert step_change([NAN, 5.0, 6.0, NAN, NAN, 9.0], 3.0, 10.0).tolist() == [
        MISSING, NOT_EVALUATED, GOOD, MISSING, MISSING, NOT_EVALUATED,
    ]  # fmt: skip
    assert step_change([5.0], 3.0, 10.0).tolist() == [NOT_EVALUATED]
    assert step_change([NAN], 3.0).tolist() == [MISSING]


@pytest.mark.parametrize(
    ("apart", "flag"), [(2.75, GOOD), (3.0, GOOD), (3.25, SUSPECT), (7.0, SUSPECT), (7.25, FAIL), (NAN, MISSING)]
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_spike(apart, sign, flag):
    values = [4.0, 5.0 + sign * apart, 6.0]
    found = spike(values, 3.0, 7.0)
    assert (found.tolist(), found.dtype) == ([NOT_EVALUATED, flag, NOT_EVALUATED], np.uint8)
    assert spike(values, 3.0)[1] == (SUSPECT if flag == FAIL else flag)
    assert spike([values, [1.0, 1.0, 1.0]], 3.0, 7.0).tolist()[1] == [NOT_EVALUATED, GOOD, NOT_EVALUATED]


def test_what_lacks_a_neighbour_is_no_spike():
    assert spike([NAN, 99.0, 5.0, 5.0, 99.0, NAN], 3.0, 7.0).tolist() == [
        MISSING, NOT_EVALUATED, FAIL, FAIL, NOT_EVALUATED, MISSING,
    ]  # fmt: skip
    assert spike([1.0, 99.0], 3.0).tolist() == [NOT_EVALUATED] * 2


def plain_persistence(values, variation, steps, exempt):
    """Each span by itself."""
    flags = [NOT_EVALUATED] * len(values)
    for first in range(len(values) - steps + 1):
        span = range(first, first + steps)
        there = [values[at] for at in span if not np.isnan(values[at])]
        if len(there) >= max(2, 0.75 * steps):
            stuck = max(there) - min(there) < variation and not any(exempt[at] for at in span)
            for at in span:
                flags[at] = SUSPECT if stuck or flags[at] == SUSPECT else GOOD
    return [MISSING if np.isnan(value) else flag for value, flag in zip(values, flags, strict=True)]


@given(st.integers(1, 9), st.integers(0, 16), st.data())
def test_persistence_is_that_of_each_span(steps, more, data):
    length = max(steps - 1 + more, 0)
    values = data.draw(st.lists(st.sampled_from([1.0, 1.0, 1.0, 1.25, 1.5, NAN]), min_size=length, max_size=length))
    exempt = data.draw(st.lists(st.sampled_from([False] * 7 + [True]), min_size=length, max_size=length))
    expected = plain_persistence(values, 0.5, steps, exempt)
    found = persistence(values, 0.5, steps, np.array(exempt, bool))
    assert (found.tolist(), found.dtype) == (expected, np.uint8)
    none = plain_persistence(values, 0.5, steps, [False] * len(values))
    both = persistence([values, values], 0.5, steps)
    assert both.tolist() == [none, none]


@pytest.mark.parametrize(("spread", "flag"), [(0.25, SUSPECT), (0.5, GOOD), (0.75, GOOD)])
def test_a_span_that_varies_by_the_least_is_not_stuck(spread, flag):
    assert persistence([1.0, 1.0 + spread, 1.0, 1.0], 0.5, 4).tolist() == [flag] * 4


@pytest.mark.parametrize("steps", range(2, 10))
def test_a_stuck_span_is_marked_to_its_ends_and_no_further(steps):
    around = [10.0, 20.0, 30.0]
    found = persistence([*around, *[40.0] * steps, *np.array(around) + 40], 0.5, steps).tolist()
    assert found == [GOOD] * 3 + [SUSPECT] * steps + [GOOD] * 3
    longer = persistence([*around, *[40.0] * (steps + 5), *np.array(around) + 40], 0.5, steps).tolist()
    assert longer == [GOOD] * 3 + [SUSPECT] * (steps + 5) + [GOOD] * 3
    shorter = persistence([*around, *[40.0] * (steps - 1), *np.array(around) + 40], 0.5, steps).tolist()
    assert shorter == [GOOD] * (steps + 5)


def test_a_span_of_one_value_says_nothing():
    assert persistence([1.0, 1.0], 0.5, 1).tolist() == [NOT_EVALUATED] * 2


@pytest.mark.parametrize(("missing", "flag"), [(1, SUSPECT), (2, SUSPECT), (3, NOT_EVALUATED)])
def test_three_quarters_of_a_span_have_to_be_there(missing, flag):
    assert persistence([NAN] * missing + [1.0] * (8 - missing), 0.5, 8).tolist() == [MISSING] * missing + [flag] * (
        8 - missing
    )


@pytest.mark.parametrize(("length", "flag"), [(3, NOT_EVALUATED), (4, SUSPECT), (5, SUSPECT)])
def test_what_is_shorter_than_a_span_is_not_judged(length, flag):
    assert persistence([1.0] * length, 0.5, 4).tolist() == [flag] * length
    assert persistence([NAN, *[1.0] * (length - 1)], 0.5, 9).tolist() == [MISSING, *[NOT_EVALUATED] * (length - 1)]
