"""Moist air: vapour pressures, dew point, wet bulb, pressure by elevation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Values, daily, of_values
from analytics.index import Example, Index, Result, Window, of_place, series

_FAO = "Allen et al. (1998), FAO Irrigation and Drainage Paper 56"
#: Steps to a thousandth of a degree from the driest air at 60 °C.
_NEWTON = 6


def saturation_vapour_pressure(temperature: Values) -> Values:
    """Saturation vapour pressure over water.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].

    Returns
    -------
    (...) array
        Saturation vapour pressure [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 11.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    return 0.6108 * np.exp(17.27 * temperature / (temperature + 237.3))


def slope_of_saturation(temperature: Values) -> Values:
    """Slope of the saturation vapour pressure curve.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].

    Returns
    -------
    (...) array
        Slope [kPa °C-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 13.
    """
    return 4098.0 * saturation_vapour_pressure(temperature) / (np.asarray(temperature) + 237.3) ** 2


def air_pressure(elevation: Values) -> Values:
    """Mean air pressure at an elevation.

    Parameters
    ----------
    elevation : (...) array
        Height above the sea [m].

    Returns
    -------
    (...) array
        Air pressure [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 7.
    """
    return 101.3 * ((293.0 - 0.0065 * np.asarray(elevation, dtype=np.float64)) / 293.0) ** 5.26


def psychrometric_constant(pressure: Values) -> Values:
    """Psychrometric constant of the energy balance.

    Parameters
    ----------
    pressure : (...) array
        Air pressure [kPa].

    Returns
    -------
    (...) array
        Psychrometric constant [kPa °C-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 8.
    """
    return 0.000665 * np.asarray(pressure, dtype=np.float64)


def vapour_pressure_from_psychrometer(
    dry_bulb: Values, wet_bulb: Values, pressure: Values, coefficient: float = 0.000662
) -> Values:
    """Actual vapour pressure from a dry and a wet thermometer.

    Parameters
    ----------
    dry_bulb : (...) array
        Dry bulb temperature [°C].
    wet_bulb : (...) array
        Wet bulb temperature [°C].
    pressure : (...) array
        Air pressure [kPa].
    coefficient : float
        Of the instrument: 0.000662 for Assmann's with 5 m/s of air [°C-1].

    Returns
    -------
    (...) array
        Actual vapour pressure [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 15 and 16.
    """
    return saturation_vapour_pressure(wet_bulb) - coefficient * pressure * (np.asarray(dry_bulb) - wet_bulb)


def vapour_pressure(temperature: Values, humidity: Values) -> Values:
    """Actual vapour pressure of air.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Actual vapour pressure [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 10 and 54.
    """
    return saturation_vapour_pressure(temperature) * np.asarray(humidity) / 100.0


def daily_vapour_pressure(
    minimum: Values, maximum: Values, humidity_maximum: Values, humidity_minimum: Values
) -> Values:
    """Actual vapour pressure of a day from the extremes of temperature and humidity.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    humidity_maximum : (...) array
        Daily maximum relative humidity [%].
    humidity_minimum : (...) array
        Daily minimum relative humidity [%].

    Returns
    -------
    (...) array
        Actual vapour pressure [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 17.
    """
    return 0.5 * (vapour_pressure(minimum, humidity_maximum) + vapour_pressure(maximum, humidity_minimum))


def dew_point_of_pressure(pressure: Values) -> Values:
    """Dew point of air of a vapour pressure.

    Parameters
    ----------
    pressure : (...) array
        Actual vapour pressure [kPa].

    Returns
    -------
    (...) array
        Dew point [°C].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 11 solved for temperature (Annex 3, Eq. 3-11).
    """
    pressure = np.asarray(pressure, dtype=np.float64)
    ratio = np.log(np.where(pressure > 0.0, pressure, np.nan) / 0.6108)
    return 237.3 * ratio / (17.27 - ratio)


def dew_point(temperature: Values, humidity: Values) -> Values:
    """Dew point of air, with respect to water.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%]; dry air of 0 % has no dew point.

    Returns
    -------
    (...) array
        Dew point [°C].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 10 and 11 solved for temperature.
    """
    humidity = np.asarray(humidity, dtype=np.float64)
    return dew_point_of_pressure(vapour_pressure(temperature, np.where(humidity > 0.0, humidity, np.nan)))


def relative_humidity(temperature: Values, dew: Values) -> Values:
    """Relative humidity from the dew point.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    dew : (...) array
        Dew point [°C].

    Returns
    -------
    (...) array
        Relative humidity, at most 100 [%].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 10, 11 and 14.
    """
    return np.minimum(100.0 * saturation_vapour_pressure(dew) / saturation_vapour_pressure(temperature), 100.0)


def wet_bulb(temperature: Values, humidity: Values) -> Values:
    """Wet bulb temperature near sea level.

    Parameters
    ----------
    temperature : (...) array
        Air temperature, −20 to 50 [°C]; NaN outside.
    humidity : (...) array
        Relative humidity, 5 to 99 [%]; 100 is taken as saturated air, NaN below 5.

    Returns
    -------
    (...) array
        Wet bulb temperature [°C].

    References
    ----------
    Stull (2011), Wet-bulb temperature from relative humidity and air temperature, J. Appl. Meteor. Climatol. 50,
    2267–2269, Eq. 1.
    """
    t, rh = np.asarray(temperature, dtype=np.float64), np.asarray(humidity, dtype=np.float64)
    known = (t >= -20.0) & (t <= 50.0) & (rh >= 5.0) & (rh <= 100.0)
    rh = np.where(known, rh, np.nan)
    fitted = (
        t * np.arctan(0.151977 * np.sqrt(rh + 8.313659)) + np.arctan(t + rh) - np.arctan(rh - 1.676331)
        + 0.00391838 * rh**1.5 * np.arctan(0.023101 * rh) - 4.686035
    )  # fmt: skip
    return np.minimum(fitted, t)


def psychrometric_wet_bulb(temperature: Values, humidity: Values, pressure: Values) -> Values:
    """Wet bulb temperature at a pressure.

    Parameters
    ----------
    temperature : (...) array
        Air temperature, −40 to 60 [°C]; NaN outside.
    humidity : (...) array
        Relative humidity over water, 0 to 100; what is a little more counts as 100 [%].
    pressure : (...) array
        Air pressure [kPa].

    Returns
    -------
    (...) array
        Wet bulb temperature, of water also below 0 [°C].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 8 and 15: e°(Tw) − γ (T − Tw) = e, solved for Tw by Newton's method from above,
    where the left side is convex.
    """
    t, rh = np.asarray(temperature, dtype=np.float64), np.asarray(humidity, dtype=np.float64)
    known = (t >= -40.0) & (t <= 60.0) & (rh >= 0.0) & (rh <= 105.0)
    gamma = psychrometric_constant(pressure)
    found = np.where(known, t, np.nan) + 0.0 * gamma
    wanted = vapour_pressure(t, np.minimum(rh, 100.0)) + gamma * t
    for _ in range(_NEWTON):
        held = saturation_vapour_pressure(found)
        slope = 4098.0 * held / (found + 237.3) ** 2
        found = found - (held + gamma * found - wanted) / (slope + gamma)
    return found


def vapour_pressure_deficit(temperature: Values, humidity: Values) -> Values:
    """How far air is from saturation.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Vapour pressure deficit [kPa].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 10 and 11, ch. 3.
    """
    return saturation_vapour_pressure(temperature) * (1.0 - np.asarray(humidity) / 100.0)


def pressure_of(elevation: Values) -> Values:
    """(places, 1) mean air pressure of places, at sea level where the elevation is not known [kPa]."""
    return air_pressure(np.where(np.isfinite(elevation), elevation, 0.0))[:, None]


def _of_air(kernel: Callable[..., Values], pick: str, pressed: bool = False) -> Callable[[Window], Result]:
    """A day's mean, minimum or maximum of what is computed from each step's temperature and humidity, and pressure."""

    def compute(window: Window) -> Result:
        given = window.series("air_temperature"), window.series("relative_humidity")
        pressure = (pressure_of(window.places.elevation),) if pressed else ()
        steps = np.full(given[0].shape, np.nan)
        begin = int(window.grid.edges[:, window.lead].min())  # nothing is asked of the days of context
        steps[:, begin:] = kernel(*(series_[:, begin:] for series_ in given), *pressure)
        summary = daily(window.grid, of_values(steps))
        return Result(getattr(summary, pick), summary.completeness)

    return compute


_NEEDS = (series("air_temperature"), series("relative_humidity"))

INDICES: tuple[Index, ...] = (
    Index(
        name="dew_point_mean",
        unit="Cel",
        needs=_NEEDS,
        compute=_of_air(dew_point, "mean"),
        kernel=dew_point,
        source=f"{_FAO}, Eq. 10 and 11",
        equation="e = RH/100 · 0.6108 exp(17.27 T/(T + 237.3)); Td = 237.3 ln(e/0.6108)/(17.27 − ln(e/0.6108))",
        example=Example({"temperature": 25.0, "humidity": 54.0}, 14.99, 0.08, "frost 0.0.4 (R), mode A"),
    ),
    Index(
        name="vapour_pressure_deficit_mean",
        unit="kPa",
        needs=_NEEDS,
        compute=_of_air(vapour_pressure_deficit, "mean"),
        kernel=vapour_pressure_deficit,
        source=f"{_FAO}, Eq. 10 and 11",
        equation="VPD = e°(T) (1 − RH/100)",
        example=Example({"temperature": 24.5, "humidity": 50.0}, 3.075 / 2, 0.005, "FAO-56, Example 3: e°(24.5)"),
    ),
    Index(
        name="wet_bulb_maximum",
        unit="Cel",
        needs=(*_NEEDS, of_place("elevation", "sea level")),
        compute=_of_air(psychrometric_wet_bulb, "maximum", pressed=True),
        kernel=psychrometric_wet_bulb,
        source=f"{_FAO}, Eq. 8 and 15",
        equation="e°(Tw) − γ (T − Tw) = e, γ by the pressure of the elevation",
        example=Example(
            {"temperature": 20.0, "humidity": 50.0, "pressure": 101.325},
            13.8,
            0.1,
            "psychrometric chart, 20 °C and 50 %",
        ),
        completeness=0.85,
        note="Of a ventilated wet thermometer, of water also below 0.",
    ),
)
