"""A forecast on the grid by hand, and what is worth warning of."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.episode import Episode
from analytics.forecast import EARLY, HOUR, Coming, ForecastSeries, came_true, coming, laid_on, spread
from analytics.grid import local_days, of_values
from analytics.index import Places, Window
from analytics.level import Change

START = np.datetime64("2026-01-10T00:00:00")


def steps(hours, step=600):
    return START + np.arange(hours * HOUR // step) * np.timedelta64(step, "s")


def said(values, every=1):
    return ForecastSeries(START + np.arange(len(values)) * np.timedelta64(every * HOUR, "s"), np.array(values, float))


def test_instants_are_interpolated_and_the_last_one_holds_for_its_hour():
    laid = spread(said([10.0, 16.0]), "air_temperature", steps(3), 600)
    assert laid[:7] == pytest.approx([10, 11, 12, 13, 14, 15, 16])
    assert laid[7:12] == pytest.approx(16)
    assert np.isnan(laid[12:]).all()


def test_sums_are_of_the_time_before_and_keep_their_total():
    rain = said([6.0, 3.0, 0.0], every=3)
    before = steps(12) - np.timedelta64(3, "h")
    laid = spread(rain, "precipitation", before, 600)
    assert laid[:18] == pytest.approx(6 / 18)
    assert laid[18:36] == pytest.approx(3 / 18)
    assert np.nansum(laid) == pytest.approx(9.0)
    assert np.isnan(laid[54:]).all()


def test_radiation_is_a_mean_of_the_time_before():
    laid = spread(said([0.0, 100.0, 300.0]), "global_radiation", steps(2), 600)
    assert laid[:6] == pytest.approx(100.0)
    assert laid[6:] == pytest.approx(300.0)


def test_directions_are_not_averaged_through_the_wrong_half():
    laid = spread(said([350.0, 10.0]), "wind_direction", steps(2), 600)
    assert set(laid.tolist()) == {350.0, 10.0}


def test_nothing_is_made_up_across_a_gap():
    far = ForecastSeries(START + np.array([0, 9]) * np.timedelta64(HOUR, "s"), np.array([10.0, 20.0]))
    assert np.isnan(spread(far, "air_temperature", steps(8), 600)[1:]).all()
    assert np.isnan(spread(far, "precipitation", steps(2), 600)).all()


@given(st.lists(st.floats(0, 50), min_size=1, max_size=30), st.sampled_from([1, 3, 6]))
def test_any_forecast_of_rain_keeps_its_total(values, every):
    begins = steps(30 * every + 12) - np.timedelta64(6 * HOUR, "s")
    laid = spread(said(values, every), "precipitation", begins, 600)
    assert np.nansum(laid) == pytest.approx(sum(values))


def window(readings, height=(2.0,), rows=1):
    grid = local_days(date(2026, 1, 10), date(2026, 1, 10), ["UTC"] * rows, 600)
    places = Places(*(np.full(rows, 20.0) for _ in range(3)), np.array(height))
    full = {}
    for name, values in readings.items():
        array = np.full((rows, grid.steps), np.nan)
        array[:, : len(values)] = values
        full[name] = of_values(array)
    return Window(grid, places, full)


def test_readings_stand_and_the_forecast_goes_on_from_whole_hours_without_one():
    read = window({"precipitation": [2.0, np.nan, np.nan, np.nan, np.nan, np.nan]})
    laid = laid_on(read, [{"precipitation": said([9.0] * 24)}], np.array([np.nan]))
    value = laid.series("precipitation")[0]
    # the first hour was read, once; the second is the forecast's, of the hour that ends at its valid time
    assert np.nansum(value[:6]) == 2.0
    assert np.nansum(value[6:12]) == pytest.approx(9.0)


def test_temperature_is_brought_to_the_place_and_wind_to_its_anemometer():
    both = {"air_temperature": said([10.0] * 24), "wind_speed": said([10.0] * 24)}
    laid = laid_on(window({}, (2.0, 10.0, np.nan), 3), [both] * 3, np.array([1000.0, np.nan, 0.0]))
    assert laid.series("air_temperature")[:, 0] == pytest.approx([3.5, 10.0, 10.0])
    assert laid.series("wind_speed")[:, 0] == pytest.approx([7.48, 10.0, 7.48], abs=0.01)  # FAO-56 Eq. 47


D = 24 * HOUR


def test_the_highest_stretch_ahead_is_warned_of_and_of_equal_ones_the_nearest():
    course = [Change(D, 1), Change(2 * D, 0), Change(4 * D, 2), Change(5 * D, 3), Change(6 * D, 0)]
    assert coming(course, (0, 0), 0, 0, 7 * D) == Coming(4 * D, 6 * D, 3)
    assert coming([*course[:2], Change(4 * D, 1)], (0, 0), 0, 0, 7 * D) == Coming(D, 2 * D, 1)


def test_what_already_stands_is_no_news_until_it_has_ended():
    assert coming([], (0, 1), 1, D, 7 * D) is None
    assert coming([Change(2 * D, 2), Change(3 * D, 0)], (0, 1), 1, D, 7 * D) == Coming(2 * D, 3 * D, 2)
    again = [Change(2 * D, 0), Change(4 * D, 1)]
    assert coming(again, (0, 1), 1, D, 7 * D) == Coming(4 * D, 7 * D, 1)


def test_what_has_passed_before_the_issue_is_not_ahead():
    assert coming([Change(D, 1), Change(2 * D, 0)], (0, 0), 0, 2 * D, 7 * D) is None


def test_an_episode_about_its_time_makes_it_true():
    expected = Coming(4 * D, 5 * D, 1)

    def episode(begin, end, level=1):
        return Episode(begin, end, (Change(begin, level),))

    assert came_true(expected, 2 * D, [episode(4 * D, None)]) == 0
    assert came_true(expected, 2 * D, [episode(4 * D - EARLY, 4 * D)]) == 0  # began before it was expected
    assert came_true(expected, 2 * D, [episode(D, None)]) is None  # stood already when the forecast was made
    assert came_true(expected, 2 * D, [episode(2 * D, 3 * D)]) is None  # another one, long over
    raised = Episode(D, None, (Change(D, 1), Change(4 * D, 2)))
    assert came_true(Coming(4 * D, 5 * D, 2), 2 * D, [raised]) == 0
