"""Whole windows: splitting changes nothing, state resumes, bad input is never a confident number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import solar
from analytics.grid import Series, local_days, of_values
from analytics.index import Index, Kind, Places, Result, Season, Step, Window, evaluate
from analytics.indices import BY_NAME, INDICES, SEASON_INDICES
from analytics.indices.crop_stage import season_of
from analytics.indices.crops import crops, seasons
from analytics.indices.pests import PESTS
from analytics.indices.rain import storm_erosivity

FIRST, DAYS = date(2024, 2, 20), 20  # with a leap day
ZONES = ["Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minh", "America/New_York"]  # the clocks of the last change on 10 March
STEP = 600


def places() -> Places:
    further = {
        "annual_precipitation": np.array([1400.0, 1500.0, 1200.0]), "mark_1": np.array([10.0, np.nan, 11.0]),
        "mark_2": np.array([12.0, np.nan, 13.0]), "flash_flood_susceptibility": np.array([1.0, 2.0, 3.0]),
        "flash_flood_region": np.array([1.0, 2.0, 1.0]),
    }  # fmt: skip
    return Places(
        np.array([21.85, 21.6, 40.6]), np.array([106.76, 106.9, -73.8]), np.array([258.0, 300.0, 4.0]),
        np.array([2.0, np.nan, 10.0]), further,
    )  # fmt: skip


@cache
def weather(seed: int = 3) -> dict[str, np.ndarray]:
    grid = local_days(FIRST, FIRST + timedelta(days=DAYS - 1), ZONES, STEP)
    rng = np.random.default_rng(seed)
    shape = (3, grid.steps)
    hours = np.arange(grid.steps) * STEP / 3600 % 24
    sunny = np.maximum(np.sin((hours - 6) / 12 * np.pi), 0)
    slow = np.cumsum(rng.normal(0, 0.05, shape), axis=1)
    temperature = 16 + 5 * np.sin((hours - 9) / 12 * np.pi) + slow
    wet = rng.random(shape) < 0.04
    found = {
        "air_temperature": temperature,
        "relative_humidity": np.clip(85 - 18 * np.sin((hours - 9) / 12 * np.pi) + rng.normal(0, 3, shape), 5, 100),
        "global_radiation": 700 * sunny * rng.uniform(0.4, 1.0, shape),
        "wind_speed": rng.gamma(2, 0.7, shape),
        "wind_gust": rng.gamma(2, 0.7, shape) + 3,
        "wind_direction": rng.uniform(0, 360, shape),
        "precipitation": np.where(wet, rng.exponential(2.5, shape), 0.0),
        "air_pressure": 985 + slow,
        "soil_moisture": np.clip(0.25 + slow / 100, 0.05, 0.5),
        "soil_temperature": 18 + slow / 2,
        "sunshine_duration": 10 * sunny + np.zeros(shape),
        "water_level": 11 + slow / 5,
        "water_temperature": 20 + slow / 3,
        "dissolved_oxygen": 7 + 2 * np.sin((hours - 9) / 12 * np.pi) + slow / 10,
        "total_ammonia_nitrogen": np.full(shape, 0.8),
        "water_ph": np.full(shape, 7.6),
        **{
            f"pest_count/{pest.name}": np.where(rng.random(shape) < 0.002, rng.integers(1, 90, shape), np.nan)
            for pest in PESTS
        },
    }
    gaps = rng.random(shape) < 0.02
    gaps[1, 144 * 6 : 144 * 8] = True  # two days lost
    for values in found.values():
        values[gaps] = np.nan
        for row in range(3):
            values[row, grid.edges[row, -1] :] = np.nan
    return found


def window(begin: int, end: int, lead: int = 0, **given: object) -> Window:
    """Days ``begin`` to ``end`` (exclusive) of the weather, with ``lead`` days of context before."""
    whole = local_days(FIRST, FIRST + timedelta(days=DAYS - 1), ZONES, STEP)
    first = begin - lead
    grid = local_days(FIRST + timedelta(days=first), FIRST + timedelta(days=end - 1), ZONES, STEP)
    cut = {}
    for name, values in weather().items():
        laid = np.full((3, grid.steps), np.nan)
        for row in range(3):
            span = values[row, whole.edges[row, first] : whole.edges[row, end]]
            laid[row, : span.size] = span
        cut[name] = of_values(laid)
    return Window(grid, places(), cut, lead=lead, **given)  # type: ignore[arg-type]


@cache
def of_nothing() -> dict[str, Result]:
    empty = window(0, 5)
    nothing = {name: of_values(np.full_like(series.value, np.nan)) for name, series in empty.readings.items()}
    return evaluate(INDICES, replace(empty, readings=nothing, values={}, _memory={}))


def whole_run() -> dict[str, Result]:
    return evaluate(INDICES, window(0, DAYS))


@pytest.fixture(scope="module")
def whole() -> dict[str, Result]:
    return whole_run()


@pytest.fixture(scope="module")
def resumed(whole: dict[str, Result]) -> tuple[Window, dict[str, Result]]:
    """The last eight days, from stored states and values, as the engine does it."""
    at, lead = 12, 3
    states = {index.name: whole[index.name].state[:, at - 1] for index in INDICES if index.state}  # type: ignore[index]
    past = {name: result.value[:, : at - lead] for name, result in whole.items() if result.value.shape == (3, DAYS)}
    later = window(at, DAYS, lead, states=states, past=past)
    return later, evaluate(INDICES, later)


def test_every_index_that_can_be_is_computed(whole: dict[str, Result]) -> None:
    skipped = {index.name for index in INDICES} - set(whole)
    assert skipped == set()
    silent = {name for name, result in whole.items() if not np.isfinite(result.value).any()}
    # thirty years of days are not there; nor the warmth for which pests are known; nor ten calm dry nights
    assert {name for name in silent if not name.startswith(("spi_", "spei_"))} <= {
        "yellow_stem_borer_hatch", "fall_armyworm_hatch", "frost_night_minimum_forecast",
        "frost_night_minimum_error", "leaf_wetness_hours", "rain_erosivity", "fall_armyworm_generations",
        "dew_point_mean", "drought_code", "keetch_byram_drought_index",
    }, silent  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=lambda index: index.name)
class TestEveryIndexOverAWindow:
    def test_shapes(self, index: Index, whole: dict[str, Result]) -> None:
        result, grid = whole[index.name], window(0, DAYS).grid
        steps = {Step.HOUR: grid.steps * STEP // 3600, Step.GRID: grid.steps}.get(index.step, DAYS)
        assert result.value.shape == result.completeness.shape == (3, steps)
        assert np.isfinite(result.completeness).all()
        assert ((result.completeness >= 0) & (result.completeness <= 1 + 1e-9)).all()
        if result.method is not None:
            assert result.method.shape == result.value.shape
            assert result.method.max() < len(index.methods)
        if index.state:
            assert result.state is not None
            assert result.state.shape == (3, DAYS, len(index.state))
            assert np.isfinite(result.state).all()

    def test_resuming_from_state_equals_the_whole(
        self, index: Index, whole: dict[str, Result], resumed: tuple[Window, dict[str, Result]]
    ) -> None:
        later, found = resumed
        result, full = found[index.name], whole[index.name]
        if index.step is Step.HOUR:
            begins = later.grid.edges[:, later.lead] * STEP // 3600
            starts = window(0, DAYS).grid.edges[:, 12] * STEP // 3600
            ends = window(0, DAYS).grid.edges[:, -1] * STEP // 3600
            for row in range(3):
                length = int(ends[row] - starts[row])
                np.testing.assert_allclose(
                    result.value[row, begins[row] : begins[row] + length], full.value[row, starts[row] : ends[row]],
                    rtol=1e-9, atol=1e-9,
                )  # fmt: skip
            return
        np.testing.assert_allclose(result.value[:, later.lead :], full.value[:, 12:], rtol=1e-9, atol=1e-9)
        if index.state:
            assert result.state is not None
            assert full.state is not None
            assert np.isnan(result.state[:, : later.lead]).all()
            np.testing.assert_allclose(result.state[:, later.lead :], full.state[:, 12:], rtol=1e-9, atol=1e-9)

    def test_nothing_measured_gives_nothing(self, index: Index) -> None:
        result = of_nothing()[index.name]
        if all(need.kind is Kind.PLACE for need in index.needs):
            assert np.isfinite(result.value).all()
        else:
            assert not np.isfinite(result.value).any()

    def test_a_place_alone_equals_a_place_among_others(self, index: Index, whole: dict[str, Result]) -> None:
        result = _alone()[index.name]
        length = result.value.shape[1]
        np.testing.assert_allclose(result.value[0], whole[index.name].value[1, :length], rtol=1e-12, atol=1e-12)


@cache
def _alone() -> dict[str, Result]:
    return evaluate(INDICES, window(0, DAYS).take(np.array([1])))


def test_half_a_day_has_no_maximum_and_no_evapotranspiration() -> None:
    half = window(0, 1)
    readings = {}
    for name, series in half.readings.items():
        values = series.value.copy()
        values[:, 72:] = np.nan
        readings[name] = of_values(values)
    found = evaluate(INDICES, replace(half, readings=readings, values={}, _memory={}))
    for name in (
        "air_temperature_maximum",
        "air_temperature_mean",
        "reference_evapotranspiration",
        "precipitation_sum",
    ):
        assert np.isnan(found[name].value).all()
        assert (found[name].completeness <= 0.55).all()


def test_missing_inputs_name_their_fall_back() -> None:
    some = window(0, 3)
    kept = {name: series for name, series in some.readings.items() if name == "air_temperature"}
    found = evaluate(INDICES, replace(some, readings=kept, values={}, _memory={}))["reference_evapotranspiration"]
    index = next(index for index in INDICES if index.name == "reference_evapotranspiration")
    assert found.method is not None
    assert index.methods[found.method[0, 0]] == "humidity:night-minimum radiation:temperature-range wind:assumed-2m/s"
    assert np.isfinite(found.value[0, 0])


def test_impossible_extremes_have_no_evapotranspiration() -> None:
    from analytics.indices.evapotranspiration import evapotranspiration_with_fallbacks as both

    value, _ = both(20.0, 10.0, 90.0, 50.0, 70.0, np.nan, 15.0, np.nan, 2.0, 30.0, 12.0, 100.0)
    assert np.isnan(value)


@pytest.mark.parametrize("latitude", [-90.0, -66.6, 0.0, 66.6, 90.0])
def test_poles_and_equator_are_defined(latitude: float) -> None:
    from analytics import solar
    from analytics.indices.evapotranspiration import evapotranspiration_with_fallbacks as both

    day = np.arange(1.0, 367.0)
    beyond, light = solar.extraterrestrial_radiation(latitude, day), solar.daylight_hours(latitude, day)
    assert ((beyond >= 0) & (light >= 0) & (light <= 24)).all()
    value, _ = both(-5.0, 5.0, 90.0, 60.0, np.nan, np.nan, np.nan, np.nan, 3.0, beyond, light, 10.0)
    assert np.isfinite(value).all()


def season_window(readings: dict[str, Series] | None = None) -> Window:
    base = window(0, DAYS)
    base = replace(base, readings=readings or base.readings)
    evaluate(INDICES, base)
    rows = np.array([0, 0, 2, 1, 0])
    days = [timedelta(days=days) for days in (-40, 5, 0, 0, -25)]
    sown = np.array([FIRST + apart for apart in days], dtype="datetime64[D]")
    ended = np.array(["NaT", FIRST + timedelta(days=10), "NaT", "NaT", "NaT"], dtype="datetime64[D]")
    season: Season = seasons(
        ["maize", "maize", "tea", "star_anise", "rice_spring"],
        sown,
        ended,
        [{"field_capacity": 0.3, "wilting_point": 0.15}, {}, {}, {}, {}],
    )
    return base.take(rows, season)


def test_seasons_of_fields() -> None:
    base = season_window()
    found = evaluate(SEASON_INDICES, base)
    assert set(found) == {index.name for index in SEASON_INDICES}
    stage = found["crop_stage"].value
    assert 2 < stage[0, 0] < 3  # 40 days: in the development stage
    assert np.isnan(stage[1, :5]).all()
    assert stage[1, 5] == 1.0
    assert np.isnan(stage[1, 11:]).all()
    depletion = found["root_zone_depletion"].value
    assert np.isfinite(depletion[0]).sum() > 10
    assert np.nanmin(depletion) >= 0
    # of star anise nothing is known, and nothing is invented
    assert all(not np.isfinite(result.value[3]).any() for result in found.values())
    assert found["root_zone_depletion"].method is not None
    # rice stands in water: of the root zone nothing is said, and of a pond only of rice
    assert all(np.isnan(found[index.name].value[4]).all() for index in SEASON_INDICES if index.flooded is False)
    assert all(np.isnan(found[index.name].value[:4]).all() for index in SEASON_INDICES if index.flooded)
    assert np.isfinite(found["paddy_water_level"].value[4]).sum() > 10


def test_seasons_resume_from_state() -> None:
    base = season_window()
    full = evaluate(SEASON_INDICES, base)
    for index in SEASON_INDICES:
        if index.state:
            state = full[index.name].state
            assert state is not None
            mine = np.array([index.flooded in (None, crop == "rice_spring") for crop in season_of(base).crop])
            assert np.isfinite(state[mine]).all()
            assert np.isnan(state[~mine]).all()
            again = index.evaluate(
                Window(base.grid, base.places, base.readings, base.past, {index.name: state[:, 9]}, 10, base.season,
                       base.values)
            )  # fmt: skip
            np.testing.assert_allclose(again.value[:, 10:], full[index.name].value[:, 10:], rtol=1e-9)


def test_every_crop_says_where_its_numbers_come_from() -> None:
    assert set(crops()) == {
        "rice_spring", "rice_summer", "maize", "potato", "tobacco", "tea", "custard_apple", "persimmon", "star_anise",
        "vegetables", "cabbage", "tomato", "chilli", "sweet_potato", "beans", "black_jelly_grass", "pine", "acacia",
        "eucalyptus",
    }  # fmt: skip
    for crop in crops().values():
        assert set(crop.title) == {"vi", "en"}
        assert {"stages", "kc", "kcb", "root", "heat", "degree_days"} <= set(crop.provenance)


def test_a_probe_corrects_the_balance() -> None:
    from analytics.indices.crop_water import root_zone

    alone, _ = root_zone(5.0, 0.0, 0.0, 100.0, 0.5, 20.0)
    told, _ = root_zone(5.0, 0.0, 0.0, 100.0, 0.5, 20.0, 45.0, 0.5)
    assert (alone, told) == (25.0, 35.0)


@pytest.mark.parametrize(
    "missing", ["precipitation", "relative_humidity", "air_temperature", "global_radiation", "wind_speed"]
)
def test_a_sensor_that_is_not_there_takes_only_its_own_indices_away(missing):
    """Also where the days before are known, as the engine knows them: all of them, NaN where there was nothing."""
    whole = window(0, DAYS)
    past = {name: np.full((3, 40), np.nan) for name in evaluate(INDICES, whole)}
    less = window(0, DAYS, past=past)
    less = replace(less, readings={name: found for name, found in less.readings.items() if name != missing})
    found = evaluate(INDICES, less)
    assert len(found) > 10
    assert all(result.value.shape == result.completeness.shape for result in found.values())


def sunny_window(missing: slice, step: int = STEP) -> tuple[Window, float]:
    """A clear day at Lạng Sơn of which some hours were not measured, and the sum of the whole of it [MJ/m²]."""
    grid = local_days(date(2025, 6, 20), date(2025, 6, 20), ZONES[:1], step)
    here = Places(*(np.array([value]) for value in (21.85, 106.76, 258.0, 2.0)))
    middle = grid.times() + np.timedelta64(step // 2, "s")
    flux = 0.6 * np.asarray(solar.clear_sky_flux(21.85, 106.76, 258.0, middle))
    total = float(flux.sum() * step / 1e6)
    flux[:, missing] = np.nan
    return Window(grid, here, {"global_radiation": of_values(flux)}), total


@pytest.mark.parametrize(
    ("missing", "completeness"),
    [(slice(0, 0), 1.0), (slice(0, 30), 1.0), (slice(32, 42), 0.96), (slice(102, 144), 0.98)],
    ids=["nothing", "the night", "the low sun that a check removed", "the evening"],
)
def test_radiation_of_a_day_is_not_biased_by_the_hours_that_are_missing(missing: slice, completeness: float) -> None:
    """Taken as the mean of what is there, a day without its night would shine a quarter brighter."""
    made, total = sunny_window(missing)
    found = evaluate([BY_NAME["radiation_sum"]], made)["radiation_sum"]
    assert found.value[0, 0] == pytest.approx(total, rel=0.006)
    assert found.completeness[0, 0] == pytest.approx(completeness, abs=0.02)


def test_half_a_day_of_radiation_is_no_day() -> None:
    made, _ = sunny_window(slice(60, 84))
    assert np.isnan(evaluate([BY_NAME["radiation_sum"]], made)["radiation_sum"].value).all()


@given(st.lists(st.sampled_from([0.0, 0.0, 2.0, 5.0, 9.0]), min_size=60, max_size=160), st.integers(6, 55))
def test_a_storm_over_midnight_is_one_storm(rain: list[float], cut: int) -> None:
    """Its strongest half hour may have begun on the day before."""
    series = np.array(rain)
    whole_storm, after = storm_erosivity(series, 6, np.zeros(5))
    first, state = storm_erosivity(series[:cut], 6, np.zeros(5))
    second, end = storm_erosivity(series[cut:], 6, state[-1], earlier=series[cut - 6 : cut])
    np.testing.assert_allclose(np.concatenate((first, second)), whole_storm, rtol=1e-12)
    np.testing.assert_allclose(end[-1], after[-1], rtol=1e-12)
