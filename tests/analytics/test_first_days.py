"""What a record's first days, dry months, thin air and wrong sensors may not say: nothing is known that was only assumed."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.grid import local_days, of_values
from analytics.index import Places, Result, Window, evaluate
from analytics.indices import BY_NAME
from analytics.indices.drought import standardised, standardised_precipitation_index
from analytics.indices.evapotranspiration import evapotranspiration_with_fallbacks, reference_evapotranspiration
from analytics.indices.evapotranspiration_hourly import hourly_evapotranspiration
from analytics.indices.livestock import poultry_index
from analytics.indices.psychrometrics import (
    air_pressure,
    psychrometric_wet_bulb,
    vapour_pressure,
    vapour_pressure_from_psychrometer,
    wet_bulb,
)
from telemetry.unknown import Why

FIRST = date(2014, 11, 1)


def weather(rain: np.ndarray, warmth: float = 28.0, first: date = FIRST, **properties: float) -> Window:
    """Days of a constant temperature, half as damp as air can be, with rain at noon."""
    days = rain.size
    grid = local_days(first, first + timedelta(days=days - 1), ["Asia/Ho_Chi_Minh"], 3600)
    hours = np.zeros((1, days * 24))
    falls = hours.copy()
    falls[0, 6::24] = rain
    readings = {"air_temperature": hours + warmth, "relative_humidity": hours + 50, "wind_speed": hours + 2,
                "precipitation": falls}  # fmt: skip
    given_of = {"annual_precipitation": 1400.0} | properties
    places = Places(
        np.array([21.8]),
        np.array([106.8]),
        np.array([260.0]),
        np.array([10.0]),
        {name: np.array([value]) for name, value in given_of.items()},
    )
    window = Window(grid, places, {name: of_values(value) for name, value in readings.items()})
    names = ("air_temperature_minimum", "air_temperature_maximum", "precipitation_sum", "keetch_byram_drought_index",
             "fine_fuel_moisture_code", "duff_moisture_code", "drought_code", "initial_spread_index", "buildup_index",
             "fire_weather_index")  # fmt: skip
    evaluate([BY_NAME[name] for name in names], window)
    return window


def known(window: Window, name: str) -> np.ndarray:
    return np.flatnonzero(np.isfinite(window.index(name)[0]))


@pytest.mark.parametrize("name", ["keetch_byram_drought_index", "drought_code", "fire_weather_index"])
def test_thirty_dry_days_from_an_unknown_start_tell_nothing(name: str) -> None:
    assert known(weather(np.zeros(30)), name).size == 0
    assert BY_NAME[name].unknown is Why.RECORD


@pytest.mark.parametrize("name", ["keetch_byram_drought_index", "drought_code"])
def test_a_wet_spell_makes_the_start_forgotten(name: str) -> None:
    spell = np.zeros(60)
    spell[10:14] = 70.0
    found = known(weather(spell), name)
    assert found[0] in (12, 13)
    assert found.size == 60 - found[0]
    assert known(weather(np.where(spell > 0, 30.0, 0.0)), name).size == 0, "120 mm leave too much of it"


def test_what_is_given_does_not_hang_on_the_start() -> None:
    rain = np.random.default_rng(5).gamma(0.15, 40.0, 400)
    late = weather(rain[150:], first=FIRST + timedelta(days=150))
    early = weather(rain)
    for name, apart in (("keetch_byram_drought_index", 8.0), ("drought_code", 20.0), ("buildup_index", 0.0)):
        ours, whole = late.index(name)[0], early.index(name)[0, 150:]
        both = np.isfinite(ours) & np.isfinite(whole)
        assert both.sum() > 50, name
        allowed = apart or 0.11 * whole[both] + 1.0
        assert (np.abs(ours - whole)[both] <= allowed).all(), name


def test_a_start_that_is_given_is_believed_at_once() -> None:
    window = weather(np.zeros(5), kbdi_start=120.0)
    assert known(window, "keetch_byram_drought_index").tolist() == [0, 1, 2, 3, 4]
    assert window.index("keetch_byram_drought_index")[0, 0] > 120


def test_a_rainless_month_where_most_are_rainless_is_not_wet() -> None:
    amounts = np.zeros(30)
    amounts[:5] = (3.0, 8.0, 15.0, 21.0, 40.0)
    found = standardised_precipitation_index(np.repeat(amounts, 12) * np.tile(np.arange(12) == 11, 30))[11::12]
    dry = found[amounts == 0]
    assert np.unique(dry).size == 1
    # the middle of 25 zeros of 30 years: (25 + 1)/(2 · 31) = 0.419
    assert dry[0] == pytest.approx(-0.2037, abs=1e-3)
    assert (np.diff(found[:5]) > 0).all()
    assert found[0] > dry[0]


@given(st.integers(0, 30), st.floats(0.3, 5), st.floats(1, 80))
def test_no_rain_is_never_wetter_than_some(zeros: int, shape: float, scale: float) -> None:
    share = zeros / 30
    none, some = (float(standardised(amount, shape, scale, share, 30)) for amount in (0.0, 0.1))
    if zeros > 1:
        assert none <= some
    assert none <= 0.05


@given(st.floats(-20, 50), st.floats(0, 100), st.floats(60, 105))
def test_a_wet_bulb_solves_its_equation(t: float, rh: float, pressure: float) -> None:
    wet = float(psychrometric_wet_bulb(t, rh, pressure))
    assert wet <= t + 1e-9
    back = vapour_pressure_from_psychrometer(t, wet, pressure, 0.000665)
    assert back == pytest.approx(float(vapour_pressure(t, rh)), abs=1e-9)


def test_a_wet_bulb_knows_the_height() -> None:
    """Mẫu Sơn, 1,541 m: Stull's fit at sea level was 1.3 °C too warm."""
    high = float(air_pressure(1541.0))
    assert psychrometric_wet_bulb(44.0, 42.0, high) == pytest.approx(31.1, abs=0.15)
    assert wet_bulb(44.0, 42.0) - psychrometric_wet_bulb(44.0, 42.0, high) == pytest.approx(1.2, abs=0.2)
    assert psychrometric_wet_bulb(30.0, 70.0, 101.325) == pytest.approx(float(wet_bulb(30.0, 70.0)), abs=0.3)
    assert poultry_index(40.0, 50.0, high) < poultry_index(40.0, 50.0)
    assert np.isnan(
        psychrometric_wet_bulb(np.array([20.0, np.nan, 20.0]), np.array([np.nan, 50.0, 120.0]), 100.0)
    ).all()


def test_no_air_is_damper_than_saturated() -> None:
    """A dew point of 30 °C in air of 15 to 25 °C is of a sensor that is wrong: it was −0.35 mm, shown as 0."""
    from analytics.indices.psychrometrics import saturation_vapour_pressure as full

    args = (20.0, 2.0, 40.0, 100.0)
    assert np.isnan(reference_evapotranspiration(15.0, 25.0, full(30.0), *args))
    assert np.isfinite(reference_evapotranspiration(15.0, 25.0, full(20.0), *args))
    nan = np.nan
    value, method = evapotranspiration_with_fallbacks(
        15.0, 25.0, nan, nan, nan, np.array([30.0, 20.0, nan]), 20.0, nan, 2.0, 40.0, 12.0, 100.0
    )
    assert (method // 6).tolist() == [3, 2, 3], "as where there is no humidity at all"
    assert value[0] == value[2]
    assert np.isnan(hourly_evapotranspiration(20.0, full(25.0), 2.0, 2.0, 0.7, 100.0))
    assert np.isfinite(hourly_evapotranspiration(20.0, full(20.0), 2.0, 2.0, 0.7, 100.0))


def test_resumed_from_the_day_before_it_says_the_same() -> None:
    rain = np.zeros(40)
    rain[10:14] = 70.0
    whole = weather(rain)
    index = BY_NAME["drought_code"]
    state = whole.values["drought_code"].state
    assert state is not None
    again = Window(whole.grid, whole.places, whole.readings, {}, {"drought_code": state[:, 19]}, 20)
    found: Result = index.evaluate(again)
    np.testing.assert_allclose(found.value[:, 20:], whole.index("drought_code")[:, 20:])
