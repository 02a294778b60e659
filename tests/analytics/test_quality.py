"""Quality checks: each on made errors, their intervals, and that good weather passes."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grid import Grid, Series, local_days, of_values
from analytics.index import Places, Window
from analytics.quality import (
    FAIL,
    GOOD,
    MISSING,
    NOT_EVALUATED,
    SUSPECT,
    Reason,
    check,
    check_window,
    consistency,
    findings,
    ordered,
    spatial,
    worst,
)
from store.flag import Check, Quality

NAN = np.nan


def window(step: int = 600, days: int = 2, **readings: np.ndarray) -> Window:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 9 + days), ["Asia/Ho_Chi_Minh"], step)
    places = Places(*(np.array([value]) for value in (21.85, 106.76, 258.0, 10.0)))
    return Window(grid, places, {name: of_values(values[None, :]) for name, values in readings.items()})


def day_course(grid: Grid, mean: float = 15.0, half: float = 4.0) -> np.ndarray:
    hours = np.arange(grid.steps) * grid.step / 3600.0
    return mean - half * np.cos(2 * np.pi * (hours - 3.0) / 24.0)


def test_flags_are_the_stores_own() -> None:
    assert {name: int(value) for name, value in Quality.__members__.items()} == {
        "GOOD": GOOD, "NOT_EVALUATED": NOT_EVALUATED, "SUSPECT": SUSPECT, "FAIL": FAIL, "MISSING": MISSING,
    }  # fmt: skip
    assert {reason.name for reason in Reason} <= set(Check.__members__)


def test_the_worst_flag_wins_and_missing_loses() -> None:
    assert worst(*np.array([[1, 1, 2, 9, 9], [3, 1, 9, 9, 4]])).tolist() == [3, 1, 2, 9, 4]


def test_step_change() -> None:
    values = np.array([10.0, 11.0, 15.0, 30.0, NAN, 30.0, 30.0])
    assert ordered.step_change(values, 3.0, 10.0).tolist() == [2, 1, 3, 4, 9, 2, 1]


def test_spike() -> None:
    assert ordered.spike(np.array([10.0, 10.0, 18.0, 10.0, NAN, 10.0]), 3.0, 7.0).tolist() == [2, 3, 4, 2, 9, 2]


def test_persistence_marks_the_whole_stuck_span_and_spares_what_is_exempt() -> None:
    values = np.concatenate((np.arange(6.0), np.full(8, 5.0), np.arange(6.0)))
    flags = ordered.persistence(values, 0.1, 6)
    assert np.flatnonzero(flags == SUSPECT).tolist() == list(range(5, 14))
    assert (ordered.persistence(values, 0.1, 6, values == 5.0) == GOOD).all()
    gaps = values.copy()
    gaps[7:12] = NAN
    assert not (ordered.persistence(gaps, 0.1, 6) == SUSPECT).any()


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=1, max_size=40), st.integers(2, 9))
def test_persistence_equals_a_plain_scan(values: list[int | None], steps: int) -> None:
    series = np.array([NAN if value is None else value for value in values], dtype=float)
    expected = np.full(len(values), NOT_EVALUATED)
    for begin in range(len(values) - steps + 1):
        span = series[begin : begin + steps]
        if np.isfinite(span).sum() >= max(2, -(-3 * steps // 4)):
            stuck = np.nanmax(span) - np.nanmin(span) < 0.5
            for position in range(begin, begin + steps):
                expected[position] = SUSPECT if stuck or expected[position] == SUSPECT else GOOD
    expected[np.isnan(series)] = MISSING
    assert ordered.persistence(series, 0.5, steps).tolist() == expected.tolist()


def test_gross_range() -> None:
    flags = ordered.gross_range(np.array([-45.0, -35.0, 0.0, 52.0, 60.0, NAN]), (-30.0, 50.0), (-40.0, 55.0))
    assert flags.tolist() == [4, 3, 1, 3, 4, 9]


def test_consistency() -> None:
    assert consistency.dew_point_within_temperature(np.array([10.0, 11.0, NAN]), np.array([10.0] * 3)).tolist() == [
        1, 4, 9,
    ]  # fmt: skip
    assert consistency.gust_above_mean(np.array([5.0, 3.0]), np.array([4.0, 4.0])).tolist() == [1, 3]
    night = consistency.radiation_plausible(np.array([0.0, 20.0, 80.0, 500.0, 900.0]), np.array([0, 0, 0, 600, 600.0]))
    assert night.tolist() == [1, 3, 4, 1, 3]
    rain = consistency.rain_plausible(
        np.array([1.0, 1.0, 1.0, 0.0]), np.array([90.0, 30.0, NAN, 30.0]), np.full(4, NAN)
    )
    assert rain.tolist() == [1, 3, 1, 1]
    assert consistency.rain_plausible(np.array([1.0]), np.array([NAN]), np.array([0.0])).tolist() == [3]
    assert consistency.wind_vane_alive(np.array([0.0, 0.0, 90.0]), np.array([5.0, 0.1, 5.0])).tolist() == [3, 1, 1]
    shone = consistency.sunshine_agrees(np.array([10.0, 0.0, 0.0]), np.array([0.0, 600.0, 100.0]))
    assert shone.tolist() == [3, 3, 1]


def test_limits_are_those_of_the_sources() -> None:
    assert check.change_limit("air_temperature", 60) == (3.0, 10.0)
    assert check.change_limit("air_temperature", 3600)[0] == 4.0
    assert check.change_limit("air_pressure", 3600)[0] == 3.0
    assert check.change_limit("global_radiation", 60) == (800.0, 1000.0)
    assert check.change_limit("air_temperature", 600)[0] == 4.0
    assert check.change_limit("precipitation", 60) == (np.inf, np.inf)


def test_a_fair_day_passes() -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 11), ["Asia/Ho_Chi_Minh"], 600)
    rng = np.random.default_rng(1)
    fair = window(
        air_temperature=day_course(grid) + rng.normal(0, 0.1, grid.steps),
        relative_humidity=70 + rng.normal(0, 1, grid.steps),
        wind_speed=2 + rng.gamma(2, 0.5, grid.steps),
    )
    assert findings(fair.grid, check_window(fair)) == []


@pytest.mark.parametrize("step", [600, 3600])
def test_made_errors_are_found_as_intervals(step: int) -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 11), ["Asia/Ho_Chi_Minh"], step)
    values = day_course(grid)
    at = grid.steps // 2 + 5
    values[at] += 25.0
    made = window(step, air_temperature=values)
    spikes = [found for found in findings(made.grid, check_window(made)) if found.reason is Reason.SPIKE]
    moment = grid.times()[0, at].item().replace(tzinfo=UTC)
    assert any(found.begin <= moment <= found.end and found.flag == FAIL for found in spikes)
    clean = check.trusted(made, check_window(made))
    assert np.isnan(clean.series("air_temperature")[0, at])
    assert np.nanmax(clean.series("air_temperature")) < 20.0


def test_an_hourly_station_on_a_fine_grid_is_checked_by_the_hour() -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 11), ["Asia/Ho_Chi_Minh"], 600)
    values = np.full(grid.steps, NAN)
    values[::6] = day_course(grid)[::6]
    values[60] += 20.0
    made = window(air_temperature=values)
    flags = check_window(made)["air_temperature", Reason.STEP][0]
    assert flags[60] == FAIL
    assert (flags[np.isnan(values)] == MISSING).all()
    values[:] = NAN
    values[::6] = 12.0
    stuck = check_window(window(air_temperature=values))["air_temperature", Reason.PERSISTENCE][0]
    assert (stuck[::6] == SUSPECT).all()


def test_intervals_are_cut_at_midnight_and_from_the_first_day() -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 12), ["Asia/Ho_Chi_Minh"], 3600)
    flags = np.full((1, 72), GOOD, dtype=np.uint8)
    flags[0, 20:30] = SUSPECT
    flags[0, 25] = FAIL
    found = findings(grid, {("air_temperature", Reason.STEP): flags})
    begin = grid.start[0].item().replace(tzinfo=UTC)
    spans = [((f.begin - begin) // timedelta(hours=1), f.flag) for f in found]
    assert spans == [(20, 3), (24, 3), (25, 4), (26, 3)]
    assert found[-1].end == begin + timedelta(seconds=30 * 3600 - 1)
    assert len(findings(grid, {("air_temperature", Reason.STEP): flags}, first_day=1)) == 3


def test_radiation_at_night_is_found() -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 11), ["Asia/Ho_Chi_Minh"], 600)
    made = window(global_radiation=np.full(grid.steps, 100.0))
    flags = check_window(made)["global_radiation", Reason.CLEAR_SKY][0]
    assert flags[0] == FAIL  # midnight
    assert flags[72] == GOOD  # noon


def test_distances_and_neighbours() -> None:
    latitude, longitude = np.array([21.0, 21.1, 21.2, 25.0]), np.array([106.0] * 4)
    distance = spatial.distances(latitude, longitude)
    assert distance[0, 1] == pytest.approx(11.12, abs=0.01)
    assert spatial.neighbours(distance, 50.0, 3).tolist() == [[1, 2, -1], [0, 2, -1], [1, 0, -1], [-1, -1, -1]]


def test_an_inversion_is_estimated_and_does_not_make_the_hill_suspect() -> None:
    elevation = np.array([250.0, 260.0, 300.0, 400.0, 900.0])
    valley = np.array([4.0, 4.1, 4.6, 5.5, 10.5])[:, None] + np.zeros((1, 3))
    lapse = spatial.lapse_rate(valley, elevation)
    assert lapse[0] == pytest.approx(0.01, abs=0.002)
    nearest = np.array([[other for other in range(5) if other != place] for place in range(5)])
    assert (spatial.buddy(valley, nearest, elevation, lapse) == GOOD).all()
    wrong = valley.copy()
    wrong[2, 1] += 9.0
    flags = spatial.buddy(wrong, nearest, elevation, lapse)
    assert flags[2].tolist() == [1, 3, 1]
    assert (np.delete(flags, 2, axis=0) == GOOD).all()


def test_buddies_need_three() -> None:
    values = np.array([[10.0], [50.0], [10.0]])
    nearest = np.array([[1, 2], [0, 2], [0, 1]])
    assert (spatial.buddy(values, nearest, np.zeros(3), np.zeros(1)) == NOT_EVALUATED).all()


def test_rain_of_neighbours() -> None:
    nearest = np.array([[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    rain = np.array([[0.0, 20.0, NAN], [12.0, 0.0, 1.0], [8.0, 0.0, 1.0], [9.0, 0.0, 1.0]])
    assert spatial.clogged_gauge(rain, nearest)[0].tolist() == [3, 1, 9]
    assert spatial.rain_occurrence(rain, nearest)[0].tolist() == [1, 3, 9]


def test_drift_of_a_sensor() -> None:
    rng = np.random.default_rng(2)
    reference = rng.normal(20, 3, (2, 90))
    values = reference + rng.normal(0, 0.3, (2, 90))
    values[1] += np.linspace(0, 4, 90)
    flags = spatial.drift(values, reference, 1.0)
    assert (flags[0, 59:] == GOOD).all()
    assert (flags[1, 59:] == SUSPECT).any()
    assert (flags[:, :59] == NOT_EVALUATED).all()


@pytest.mark.parametrize("module", [ordered, consistency, spatial], ids=lambda module: module.__name__)
def test_every_check_documents_shapes_units_and_source(module: object) -> None:
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if name.startswith("_") or function.__module__ != module.__name__:  # type: ignore[attr-defined]
            continue
        text = inspect.getdoc(function) or ""
        assert "References\n----------" in text, name
        for parameter in inspect.signature(function).parameters:
            described = re.search(rf"^{parameter} : .+\n((?:    .+\n)+)", text, re.MULTILINE)
            assert described, (name, parameter)
            assert re.search(r"\[[^\]]+\]", described[1]), (name, parameter)


def test_series_keep_their_extremes_when_cleaned() -> None:
    grid = local_days(date(2025, 1, 10), date(2025, 1, 10), ["UTC"], 3600)
    value = np.full((1, 24), 10.0) + np.arange(24)[None, :] * 0.1
    made = Window(grid, window().places, {"air_temperature": Series(value, value - 1, value + 1)})
    assert check.trusted(made, {}).readings["air_temperature"].maximum[0, 0] == 11.0
