"""Degree days by three methods and degree hours, the clock of crops and pests."""

from __future__ import annotations

import numpy as np

from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_index
from telemetry.quantities import Aggregate


def degree_days(minimum: Values, maximum: Values, base: Values) -> Values:
    """Degree days by the mean, method 1: the base is taken from the mean.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    base : (...) array
        Temperature at and below which nothing develops [°C].

    Returns
    -------
    (...) array
        Degree days, never below 0 [°C d].

    References
    ----------
    McMaster and Wilhelm (1997), Growing degree-days: one equation, two interpretations, Agric. For. Meteorol. 87,
    291–300, Eq. 1, method 1.
    """
    return np.maximum(0.5 * (np.asarray(minimum, dtype=np.float64) + maximum) - base, 0.0)


def degree_days_modified(minimum: Values, maximum: Values, base: Values, ceiling: Values) -> Values:
    """Degree days of maize: both extremes are kept within base and ceiling.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    base : (...) array
        Lower threshold, for maize 10 [°C].
    ceiling : (...) array
        Upper threshold, for maize 30 [°C].

    Returns
    -------
    (...) array
        Degree days [°C d].

    References
    ----------
    McMaster and Wilhelm (1997), Agric. For. Meteorol. 87, 291–300, method 2 with an upper threshold; the "86/50"
    method of maize.
    """
    low, high = np.clip(minimum, base, ceiling), np.clip(maximum, base, ceiling)
    return 0.5 * (low + high) - base


def _sine_above(minimum: Values, maximum: Values, threshold: Values) -> Values:
    """Degree days above a threshold of a sine between the day's extremes."""
    mean, half = 0.5 * (maximum + minimum), np.maximum(0.5 * (maximum - minimum), 1e-12)
    angle = np.arcsin(np.clip((threshold - mean) / half, -1.0, 1.0))
    return ((mean - threshold) * (np.pi / 2.0 - angle) + half * np.cos(angle)) / np.pi


def degree_days_sine(minimum: Values, maximum: Values, base: Values, ceiling: Values = np.inf) -> Values:
    """Degree days of a sine wave between the day's extremes, horizontally cut at an upper threshold.

    Parameters
    ----------
    minimum : (...) array
        Daily minimum temperature [°C].
    maximum : (...) array
        Daily maximum temperature [°C].
    base : (...) array
        Lower threshold [°C].
    ceiling : (...) array
        Upper threshold above which development goes no faster; infinite for none [°C].

    Returns
    -------
    (...) array
        Degree days [°C d].

    References
    ----------
    Baskerville and Emin (1969), Rapid estimation of heat accumulation from maximum and minimum temperatures, Ecology
    50, 514–517; Allen (1976), A modified sine wave method, Environ. Entomol. 5, 388–396, horizontal cut-off.
    """
    minimum, maximum = np.asarray(minimum, dtype=np.float64), np.asarray(maximum, dtype=np.float64)
    above = _sine_above(minimum, maximum, base)
    cut = np.where(np.isfinite(ceiling), _sine_above(minimum, maximum, np.minimum(ceiling, 1e3)), 0.0)
    return np.where(minimum <= maximum, np.maximum(above - cut, 0.0), np.nan)


def growing_degree_hours(
    temperature: Values, base: float = 4.0, optimum: float = 25.0, critical: float = 36.0
) -> Values:
    """Growing degree hours of an hour by the asymmetric curve of fruit trees.

    Parameters
    ----------
    temperature : (...) array
        Mean temperature of the hour [°C].
    base : float
        Temperature below which nothing develops [°C].
    optimum : float
        Temperature of fastest development [°C].
    critical : float
        Temperature above which nothing develops [°C].

    Returns
    -------
    (...) array
        Growing degree hours [°C h].

    References
    ----------
    Anderson, Richardson and Kesner (1986), Validation of chill unit and flower bud phenology models for 'Montmorency'
    sour cherry, Acta Hortic. 184, 71–78.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    span = optimum - base
    rising = span / 2.0 * (1.0 + np.cos(np.pi + np.pi * (temperature - base) / span))
    falling = span * (1.0 + np.cos(np.pi / 2.0 + np.pi / 2.0 * (temperature - optimum) / (critical - optimum)))
    curve = np.where(temperature <= optimum, rising, falling)
    return np.where((temperature < base) | (temperature > critical), 0.0 * temperature, curve)


def _extremes(window: Window) -> tuple[Values, Values, Values]:
    minimum, maximum = window.index("air_temperature_minimum"), window.index("air_temperature_maximum")
    completeness = np.minimum(
        window.values["air_temperature_minimum"].completeness, window.values["air_temperature_maximum"].completeness
    )
    return minimum, maximum, completeness


def _degree_days_10(window: Window) -> Result:
    minimum, maximum, completeness = _extremes(window)
    return Result(degree_days(minimum, maximum, 10.0), completeness)


def _maize(window: Window) -> Result:
    minimum, maximum, completeness = _extremes(window)
    return Result(degree_days_modified(minimum, maximum, 10.0, 30.0), completeness)


def _sine_10(window: Window) -> Result:
    minimum, maximum, completeness = _extremes(window)
    return Result(degree_days_sine(minimum, maximum, 10.0, 30.0), completeness)


def _degree_hours(window: Window) -> Result:
    hours = window.hourly("air_temperature").mean
    summary = window.summary("air_temperature")
    by_day = window.hourly_grid().by_day(growing_degree_hours(hours))
    present = np.isfinite(by_day)
    mean = np.where(present, by_day, 0.0).sum(axis=2) / np.maximum(present.sum(axis=2), 1)
    return Result(mean * window.grid.day_hours, summary.completeness)


_EXTREMES = (of_index("air_temperature_minimum"), of_index("air_temperature_maximum"))
_MCMASTER = "McMaster and Wilhelm (1997), Agric. For. Meteorol. 87, 291–300"

INDICES: tuple[Index, ...] = (
    Index(
        name="degree_days",
        unit="Cel.d",
        needs=_EXTREMES,
        compute=_degree_days_10,
        kernel=degree_days,
        source=f"{_MCMASTER}, method 1",
        equation="max((Tmax + Tmin)/2 − Tb, 0), Tb = 10 °C",
        example=Example({"minimum": 18.0, "maximum": 30.0, "base": 14.0}, 10.0, 1e-12, "agrometeorologiapy 1.0.1"),
        completeness=0.85,
        aggregate=Aggregate.SUM,
    ),
    Index(
        name="degree_days_maize",
        unit="Cel.d",
        needs=_EXTREMES,
        compute=_maize,
        kernel=degree_days_modified,
        source=f"{_MCMASTER}, method 2 with an upper threshold",
        equation="(min(max(Tmax, Tb), Tu) + min(max(Tmin, Tb), Tu))/2 − Tb, Tb = 10, Tu = 30 °C",
        example=Example({"minimum": 5.0, "maximum": 34.0, "base": 10.0, "ceiling": 30.0}, 10.0, 1e-12, "by hand"),
        completeness=0.85,
        aggregate=Aggregate.SUM,
    ),
    Index(
        name="degree_days_sine",
        unit="Cel.d",
        needs=_EXTREMES,
        compute=_sine_10,
        kernel=degree_days_sine,
        source="Baskerville and Emin (1969), Ecology 50, 514–517; horizontal cut-off",
        equation="area of a sine between Tmin and Tmax above Tb and below Tu",
        example=Example({"minimum": 0.0, "maximum": 20.0, "base": 10.0}, 10.0 / np.pi, 1e-9, "half a sine: a/π"),
        completeness=0.85,
        aggregate=Aggregate.SUM,
    ),
    Index(
        name="growing_degree_hours",
        unit="Cel.h",
        needs=(of_index("air_temperature_mean"),),
        compute=_degree_hours,
        kernel=growing_degree_hours,
        source="Anderson, Richardson and Kesner (1986), Acta Hortic. 184, 71–78",
        equation="asymmetric cosine through Tb = 4, Tu = 25, Tc = 36 °C; the mean hour × the hours of the day",
        example=Example({"temperature": 25.0}, 21.0, 1e-9, "top of the curve: Tu − Tb"),
        aggregate=Aggregate.SUM,
    ),
)
