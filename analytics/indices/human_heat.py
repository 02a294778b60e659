"""Heat on people in the field: heat index, discomfort, simplified and Liljegren's wet bulb globe temperature."""

from __future__ import annotations

import numpy as np

from analytics import solar
from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_place, series
from analytics.indices.psychrometrics import air_pressure
from analytics.indices.wet_globe import wet_bulb_globe_temperature, wind_below
from telemetry.quantities import Aggregate

_AIR = ("air_temperature", "relative_humidity")


def heat_index(temperature: Values, humidity: Values) -> Values:
    """Heat index of the US National Weather Service, in the shade.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Apparent temperature; Steadman's simple mean where that is below 80 °F [°C].

    References
    ----------
    Rothfusz (1990), NWS SR 90-23, with both adjustments of the NWS Weather Prediction Center.
    """
    t, rh = np.asarray(temperature, dtype=np.float64) * 1.8 + 32.0, np.asarray(humidity, dtype=np.float64)
    simple = 0.5 * (t + 61.0 + (t - 68.0) * 1.2 + rh * 0.094)
    full = (
        -42.379 + 2.04901523 * t + 10.14333127 * rh - 0.22475541 * t * rh - 6.83783e-3 * t**2 - 5.481717e-2 * rh**2
        + 1.22874e-3 * t**2 * rh + 8.5282e-4 * t * rh**2 - 1.99e-6 * t**2 * rh**2
    )  # fmt: skip
    dry = (rh < 13.0) & (t >= 80.0) & (t <= 112.0)
    damp = (rh > 85.0) & (t >= 80.0) & (t <= 87.0)
    full = full - np.where(dry, (13.0 - rh) / 4.0 * np.sqrt(np.clip((17.0 - np.abs(t - 95.0)) / 17.0, 0.0, 1.0)), 0.0)
    full = full + np.where(damp, (rh - 85.0) / 10.0 * (87.0 - t) / 5.0, 0.0)
    return (np.where((simple + t) / 2.0 >= 80.0, full, (simple + t) / 2.0) - 32.0) / 1.8


def discomfort_index(temperature: Values, humidity: Values) -> Values:
    """Thom's discomfort index.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Discomfort index; at and below 14.5 °C the temperature itself [°C].

    References
    ----------
    Thom (1959), The discomfort index, Weatherwise 12, 57–61; Giles, Balafoutis and Maheras (1990), in °C and %.
    """
    t, rh = np.asarray(temperature, dtype=np.float64), np.asarray(humidity, dtype=np.float64)
    return np.where(t <= 14.5, t + 0.0 * rh, t - 0.55 * (1.0 - 0.01 * rh) * (t - 14.5))


def simple_wet_bulb_globe(temperature: Values, humidity: Values) -> Values:
    """Wet bulb globe temperature of moderate sun and light wind.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Approximate wet bulb globe temperature; too high at night and under clouds [°C].

    References
    ----------
    American College of Sports Medicine (1984), as given by the Australian Bureau of Meteorology.
    """
    t = np.asarray(temperature, dtype=np.float64)
    vapour = np.asarray(humidity) / 100.0 * 6.105 * np.exp(17.27 * t / (237.7 + t))
    return 0.567 * t + 0.393 * vapour + 3.94


def direct_share(radiation: Values, extraterrestrial: Values, cosine: Values) -> Values:
    """Share of global radiation that comes straight from the sun.

    Parameters
    ----------
    radiation : (...) array
        Global radiation [W m-2].
    extraterrestrial : (...) array
        Radiation outside the air on a level surface [W m-2].
    cosine : (...) array
        Cosine of the sun's zenith angle [1].

    Returns
    -------
    (...) array
        Share, 0 to 0.9 [1].

    References
    ----------
    Liljegren et al. (2008), J. Occup. Environ. Hyg. 5, 645–655, Eq. 13.
    """
    relative = np.clip(np.asarray(radiation) / np.maximum(extraterrestrial, 1e-9), 0.0, 0.85)
    share = np.exp(3.0 - 1.34 * relative - 1.65 / np.maximum(relative, 1e-3))
    return np.where((relative > 0.0) & (np.asarray(cosine) >= 0.00873), np.clip(share, 0.0, 0.9), 0.0 * relative)


def _heat_index(window: Window) -> Result:
    hours = heat_index(*(window.hourly(name).mean for name in _AIR))
    value = np.fmax.reduce(window.hourly_grid().by_day(hours), axis=2)
    return Result(value, np.minimum(*(window.summary(name).completeness for name in _AIR)))


def _globe(window: Window) -> Result:
    """Daily maximum over the hours; measured radiation and wind where there are any, else the simple formula."""
    t, rh = (window.hourly(name).mean for name in _AIR)
    context = np.arange(t.shape[1]) < window.hourly_grid().edges[:, window.lead, None]
    t = np.where(context, np.nan, t)  # the dearest kernel is spared the days before the first one asked for
    latitude, longitude = window.places.latitude[:, None], window.places.longitude[:, None]
    middle = window.grid.shared_times(3600) + np.timedelta64(1800, "s")
    cosine = solar.cosine_of_zenith(latitude, longitude, middle)
    beyond = (
        solar.SOLAR_CONSTANT * 1e6 / 60.0 * solar.inverse_distance(solar.day_of_year(middle)) * np.maximum(cosine, 0.0)
    )
    radiation = np.maximum(window.hourly("global_radiation").mean, 0.0)
    pressure = window.hourly("air_pressure").mean
    pressure = np.where(np.isnan(pressure), air_pressure(window.places.elevation)[:, None] * 10.0, pressure)
    height = np.where(np.isfinite(window.places.wind_height), window.places.wind_height, 2.0)[:, None]
    wind = window.hourly("wind_speed").mean
    wind = np.where(height > 5.0, wind_below(wind, radiation, cosine), np.maximum(wind, 0.13))
    full = wet_bulb_globe_temperature(t, rh, pressure, wind, radiation, direct_share(radiation, beyond, cosine), cosine)
    by_day = window.hourly_grid().by_day
    hours, simple = by_day(full), by_day(simple_wet_bulb_globe(t, rh))
    enough: Values = np.isfinite(hours).sum(axis=2) >= 0.8 * window.grid.day_hours
    value: Values = np.where(enough, np.fmax.reduce(hours, axis=2), np.fmax.reduce(simple, axis=2))
    return Result(value, np.minimum(*(window.summary(name).completeness for name in _AIR)), (~enough).astype(np.uint8))


_NEEDS = (series("air_temperature"), series("relative_humidity"))

INDICES: tuple[Index, ...] = (
    Index(
        name="heat_index_maximum", unit="Cel", needs=_NEEDS, compute=_heat_index, kernel=heat_index,
        source="Rothfusz (1990), NWS SR 90-23", equation="regression of T and RH with both adjustments",
        example=Example({"temperature": 35.0, "humidity": 70.0}, 50.3405, 0.001, "MetPy 1.7, test_heat_index_units"),
        completeness=0.85, aggregate=Aggregate.MAXIMUM,
    ),
    Index(
        name="wet_bulb_globe_temperature_maximum", unit="Cel",
        needs=(*_NEEDS, series("global_radiation", required=False), series("wind_speed", required=False),
               series("air_pressure", required=False), of_place("latitude"), of_place("longitude")),
        compute=_globe, kernel=wet_bulb_globe_temperature,
        source="Liljegren et al. (2008), J. Occup. Environ. Hyg. 5, 645–655; without radiation or wind ACSM (1984)",
        equation="0.7 Tnw + 0.2 Tg + 0.1 T; simple: 0.567 T + 0.393 e + 3.94",
        example=Example({"temperature": 30.0, "humidity": 70.0, "pressure": 1010.0,
                         "wind": 3.0 * 0.2 ** 0.20, "radiation": 500.0, "direct": 0.5, "cosine": 0.7},
                        302.954374 - 273.15, 1e-4, "Liljegren's program, case 2 of thermofeel 2.3.0"),
        completeness=0.85, methods=("liljegren", "simple"), aggregate=Aggregate.MAXIMUM,
        note="The simple formula assumes moderate sun and light wind.",
    ),
)  # fmt: skip
