"""Evapotranspiration where little is measured: Hargreaves–Samani, Priestley–Taylor, Thornthwaite, each by itself."""

from __future__ import annotations

import numpy as np

from analytics import solar
from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_index, of_place
from analytics.indices.evapotranspiration import ALBEDO, net_longwave
from analytics.indices.psychrometrics import (
    air_pressure,
    psychrometric_constant,
    slope_of_saturation,
    vapour_pressure,
)
from telemetry.quantities import Aggregate


def hargreaves(minimum: Values, maximum: Values, extraterrestrial: Values, mean: Values | None = None) -> Values:
    """Reference evapotranspiration from temperatures alone.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    extraterrestrial : (...) array
        Extraterrestrial radiation [MJ m-2 d-1].
    mean : (...) array
        Daily mean temperature; that of the extremes if not given [°C].

    Returns
    -------
    (...) array
        Reference evapotranspiration [mm d-1]; NaN where the minimum is above the maximum.

    References
    ----------
    Hargreaves and Samani (1985); Allen et al. (1998), FAO-56, Eq. 52, with radiation in mm by 0.408.
    """
    minimum, maximum = np.asarray(minimum, dtype=np.float64), np.asarray(maximum, dtype=np.float64)
    mean = 0.5 * (minimum + maximum) if mean is None else mean
    spread = np.where(maximum >= minimum, maximum - minimum, np.nan)
    return np.maximum(0.0023 * (mean + 17.8) * np.sqrt(spread) * 0.408 * np.asarray(extraterrestrial), 0.0)


def priestley_taylor(temperature: Values, net: Values, elevation: Values, alpha: float = 1.26) -> Values:
    """Evapotranspiration of a wet surface.

    Parameters
    ----------
    temperature : (...) array
        Daily mean temperature [°C].
    net : (...) array
        Net radiation less what goes into the ground [MJ m-2 d-1].
    elevation : (...) array
        Height above the sea [m].
    alpha : float
        Priestley and Taylor's constant [1].

    Returns
    -------
    (...) array
        Evapotranspiration, from 0 [mm d-1].

    References
    ----------
    Priestley and Taylor (1972), On the assessment of surface heat flux and evaporation, Mon. Weather Rev. 100, 81–92.
    """
    slope, gamma = slope_of_saturation(temperature), psychrometric_constant(air_pressure(elevation))
    return np.maximum(alpha * slope / (slope + gamma) * np.asarray(net) * 0.408, 0.0)


def thornthwaite(temperature: Values, daylight: Values, days: Values) -> Values:
    """Potential evapotranspiration of twelve months.

    Parameters
    ----------
    temperature : (..., 12) array
        Monthly mean temperature, January to December [°C].
    daylight : (..., 12) array
        Mean daylight of the months [h].
    days : (..., 12) array
        Days of the months [d].

    Returns
    -------
    (..., 12) array
        Potential evapotranspiration [mm month-1].

    References
    ----------
    Thornthwaite (1948), An approach toward a rational classification of climate, Geogr. Rev. 38, 55–94.
    """
    warm = np.maximum(np.asarray(temperature, dtype=np.float64), 0.0)
    heat = ((warm / 5.0) ** 1.514).sum(axis=-1, keepdims=True)
    power = 6.75e-7 * heat**3 - 7.71e-5 * heat**2 + 1.792e-2 * heat + 0.49239
    base = np.where(heat > 0.0, 10.0 * warm / np.where(heat > 0.0, heat, np.where(np.isnan(heat), np.nan, 1.0)), heat)
    return 1.6 * 10.0 * base**power * np.asarray(daylight) / 12.0 * np.asarray(days) / 30.0


def monthly_ground_heat(before: Values, after: Values) -> Values:
    """Heat that goes into the ground in a month.

    Parameters
    ----------
    before : (...) array
        Mean temperature of the month before [°C].
    after : (...) array
        Mean temperature of the month after [°C].

    Returns
    -------
    (...) array
        Soil heat flux [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 43.
    """
    return 0.07 * (np.asarray(after, dtype=np.float64) - before)


def _hargreaves(window: Window) -> Result:
    beyond = solar.extraterrestrial_radiation(
        window.places.latitude[:, None], solar.day_of_year(window.grid.dates)[None, :]
    )
    value = hargreaves(window.index("air_temperature_minimum"), window.index("air_temperature_maximum"), beyond)
    return Result(value, window.values["air_temperature_minimum"].completeness)


def _priestley_taylor(window: Window) -> Result:
    latitude, day = window.places.latitude[:, None], solar.day_of_year(window.grid.dates)[None, :]
    elevation = window.places.elevation[:, None]
    clear = solar.clear_sky_radiation(solar.extraterrestrial_radiation(latitude, day), elevation)
    mean, humidity = window.index("air_temperature_mean"), window.index("relative_humidity_mean")
    radiation = window.index("radiation_sum")
    relative = np.where(clear > 0.0, radiation / np.where(clear > 0.0, clear, 1.0), 0.0 * clear)
    low, high = window.index("air_temperature_minimum"), window.index("air_temperature_maximum")
    net = (1.0 - ALBEDO) * radiation - net_longwave(low, high, vapour_pressure(mean, humidity), relative)
    return Result(priestley_taylor(mean, net, elevation), window.values["radiation_sum"].completeness)


_EXTREMES = (of_index("air_temperature_minimum"), of_index("air_temperature_maximum"))

INDICES: tuple[Index, ...] = (
    Index(
        name="evapotranspiration_hargreaves", unit="mm", needs=(*_EXTREMES, of_place("latitude")), compute=_hargreaves,
        kernel=hargreaves,
        source="Hargreaves and Samani (1985); Allen et al. (1998), FAO-56, Eq. 52",
        equation="0.0023 (T + 17.8) √(Tmax − Tmin) Ra/λ",
        example=Example({"minimum": 28.0, "maximum": 38.0, "extraterrestrial": 38.93715, "mean": 35.0}, 6.1, 0.06,
                        "Mehta (2006), worked example"),
        completeness=0.85, aggregate=Aggregate.SUM, note="Too high in humid, too low in windy climates.",
    ),
    Index(
        name="evapotranspiration_priestley_taylor", unit="mm",
        needs=(*_EXTREMES, of_index("air_temperature_mean"), of_index("relative_humidity_mean"),
               of_index("radiation_sum"), of_place("elevation")),
        compute=_priestley_taylor, kernel=priestley_taylor,
        source="Priestley and Taylor (1972), Mon. Weather Rev. 100, 81–92",
        equation="1.26 Δ/(Δ + γ) (Rn − G)/λ",
        example=Example({"temperature": 16.9, "net": 13.28, "elevation": 100.0}, 4.43, 0.02,
                        "by hand with Δ and γ of FAO-56, Example 18"),
        aggregate=Aggregate.SUM, note="Needs no wind: for humid land without advection.",
    ),
)  # fmt: skip
