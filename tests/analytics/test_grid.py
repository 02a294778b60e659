"""The grid: local days, laying readings, summaries with completeness."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grid import Grid, Series, daily, daily_direction, hourly, lay, local_days, of_values
from telemetry.quantities import Aggregate

LANG_SON = "Asia/Ho_Chi_Minh"


def one_day(step: int = 3600, days: int = 1) -> Grid:
    return local_days(date(2025, 1, 1), date(2025, 1, days), [LANG_SON], step)


def test_a_day_begins_at_local_midnight() -> None:
    grid = one_day()
    assert grid.start[0] == np.datetime64("2024-12-31T17:00:00")
    assert grid.times()[0, -1] == np.datetime64("2025-01-01T16:00:00")


def test_days_of_23_and_25_hours_and_leap_days() -> None:
    spring = local_days(date(2013, 3, 9), date(2013, 3, 11), ["America/New_York", LANG_SON], 600)
    assert spring.day_hours.tolist() == [[24, 23, 24], [24, 24, 24]]
    autumn = local_days(date(2013, 11, 2), date(2013, 11, 4), ["America/New_York"], 3600)
    assert autumn.day_hours.tolist() == [[24, 25, 24]]
    leap = local_days(date(2024, 2, 28), date(2024, 3, 1), [LANG_SON])
    assert leap.dates.astype(str).tolist() == ["2024-02-28", "2024-02-29", "2024-03-01"]


def test_cutting_days_of_unequal_length_keeps_every_step_in_its_day() -> None:
    grid = local_days(date(2013, 3, 9), date(2013, 3, 11), ["America/New_York", LANG_SON], 3600)
    series = np.broadcast_to(np.arange(grid.steps, dtype=float), (2, grid.steps))
    cut = grid.by_day(series)
    assert cut.shape == (2, 3, 24)
    assert np.isnan(cut[0, 1, 23])
    assert cut[0, 2, 0] == 47
    assert cut[1, 2, 0] == 48
    assert grid.day_ends(series).tolist() == [[23, 46, 70], [23, 47, 71]]


def test_a_step_must_divide_an_hour() -> None:
    with pytest.raises(ValueError, match="does not divide"):
        local_days(date(2025, 1, 1), date(2025, 1, 1), [LANG_SON], 700)


def test_readings_are_laid_by_how_they_aggregate() -> None:
    grid = one_day()
    times = grid.start[0] + np.array([60, 120, 3600, -60, 86_400]) * np.timedelta64(1, "s")
    rows, values = np.zeros(5, dtype=np.int64), np.array([1.0, 3.0, 5.0, 99.0, 99.0])
    laid = {how: lay(grid, rows, times, values, how) for how in Aggregate}
    first = {how: found.value[0, 0] for how, found in laid.items() if how is not Aggregate.VECTOR}
    assert first == {Aggregate.MEAN: 2, Aggregate.SUM: 4, Aggregate.LAST: 3, Aggregate.MAXIMUM: 3}
    found = laid[Aggregate.MEAN]
    assert (found.minimum[0, 0], found.maximum[0, 0], found.value[0, 1]) == (1, 3, 5)
    assert np.isfinite(found.value).sum() == 2  # what lies outside the grid is left out


def test_directions_are_averaged_as_vectors() -> None:
    grid = one_day()
    times = grid.start[0] + np.array([60, 120]) * np.timedelta64(1, "s")
    laid = lay(grid, np.zeros(2, dtype=np.int64), times, np.array([350.0, 30.0]), Aggregate.VECTOR)
    assert laid.value[0, 0] == pytest.approx(10.0)
    strong = Series(*[np.array([[0.0, 90.0] + [np.nan] * 22])] * 3)
    speed = of_values(np.array([[1.0, 1.0] + [np.nan] * 22]))
    assert daily_direction(grid, strong, speed)[0, 0] == pytest.approx(45.0)


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(-100, 90_000), st.floats(-50, 50)), max_size=60), st.randoms())
def test_the_order_of_arrival_changes_nothing(readings: list[tuple[int, int, float]], random: object) -> None:
    grid = local_days(date(2025, 1, 1), date(2025, 1, 1), [LANG_SON, "UTC"], 600)
    unique = list({(row, second): (row, second, value) for row, second, value in readings}.values())
    found = []
    for _ in range(2):
        row = np.array([reading[0] for reading in unique], dtype=np.int64)
        seconds = np.array([reading[1] for reading in unique], dtype=np.int64)
        times = grid.start[row] + seconds.astype("timedelta64[s]")
        value = np.array([reading[2] for reading in unique], dtype=float)
        found.append([lay(grid, row, times, value, how).value for how in (Aggregate.LAST, Aggregate.MAXIMUM)])
        random.shuffle(unique)  # type: ignore[attr-defined]
    np.testing.assert_array_equal(found[0], found[1])


def test_completeness_is_the_share_of_hours_measured() -> None:
    grid = one_day(600)
    value = np.full((1, 144), 10.0)
    assert daily(grid, of_values(value)).completeness[0, 0] == 1.0
    value[:, :72] = np.nan
    half = daily(grid, of_values(value))
    assert half.completeness[0, 0] == 0.5
    assert half.mean[0, 0] == 10.0
    sparse = np.full((1, 144), np.nan)
    sparse[:, ::6] = 5.0  # an hourly station is complete
    assert daily(grid, of_values(sparse)).completeness[0, 0] == 1.0
    sparse[:, 1:72:1] = 5.0  # half a day by ten minutes, half by the hour: the second half counts as thin
    assert daily(grid, of_values(sparse)).completeness[0, 0] == 0.5


def test_nothing_measured_is_missing_not_zero() -> None:
    found = daily(one_day(), of_values(np.full((1, 24), np.nan)))
    assert np.isnan([found.mean, found.minimum, found.maximum, found.total]).all()
    assert found.completeness[0, 0] == 0.0
    assert np.isnan(hourly(one_day(), of_values(np.full((1, 24), np.nan))).total).all()


def test_an_hour_read_more_often_weighs_no_more() -> None:
    grid = one_day(600)
    value = np.full((1, 144), np.nan)
    value[:, ::6] = 10.0
    value[:, 1:6] = 10.0
    value[:, :6] = 34.0
    assert daily(grid, of_values(value)).mean[0, 0] == pytest.approx(10.0 + 24.0 / 24.0)


def test_a_day_is_the_same_in_any_window() -> None:
    rng = np.random.default_rng(1)
    grid = one_day(600, days=5)
    value = rng.normal(20, 5, (1, grid.steps))
    value[rng.random(value.shape) < 0.4] = np.nan
    long = daily(grid, of_values(value))
    third = local_days(date(2025, 1, 3), date(2025, 1, 3), [LANG_SON], 600)
    short = daily(third, of_values(value[:, 288:432]))
    for name in ("mean", "minimum", "maximum", "total", "completeness"):
        np.testing.assert_array_equal(getattr(long, name)[:, 2:3], getattr(short, name))


def test_hours() -> None:
    grid = one_day(600)
    value = np.arange(144.0)[None, :]
    found = hourly(grid, of_values(value))
    assert found.mean.shape == (1, 24)
    assert found.mean[0, 1] == pytest.approx(8.5)
    assert found.total[0, 0] == 15.0
    assert (found.minimum[0, 23], found.maximum[0, 23]) == (138, 143)


def test_taking_rows() -> None:
    grid = local_days(date(2025, 1, 1), date(2025, 1, 2), [LANG_SON, "UTC"], 3600)
    assert grid.take(np.array([1, 1, 0])).start.tolist() == [grid.start[1], grid.start[1], grid.start[0]]
