"""Checks between quantities of one place: dew point, gust, radiation at night and above a clear sky, rain."""

from __future__ import annotations

import numpy as np

from analytics.grid import Values
from analytics.quality.finding import FAIL, GOOD, MISSING, SUSPECT, Flags


def _flags(values: Values, suspect: Values, fail: Values | None = None) -> Flags:
    flags = np.full(np.shape(values), GOOD, dtype=np.uint8)
    flags[suspect] = SUSPECT
    if fail is not None:
        flags[fail] = FAIL
    flags[np.isnan(values)] = MISSING
    return flags


def dew_point_within_temperature(dew_point: Values, temperature: Values, tolerance: float = 0.5) -> Flags:
    """Whether the dew point lies at or below the temperature.

    Parameters
    ----------
    dew_point : (..., steps) array
        Dew point [°C].
    temperature : (..., steps) array
        Air temperature [°C].
    tolerance : float
        What two sensors may differ by [°C].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags of the dew point; it fails above temperature + tolerance [1].

    References
    ----------
    WMO-No. 8 (2023), vol. V, ch. 1; MADIS level 2, internal consistency.
    """
    above = np.asarray(dew_point) - temperature > tolerance
    return _flags(dew_point, above, above)


def gust_above_mean(gust: Values, speed: Values, tolerance: float = 0.2) -> Flags:
    """Whether the gust is at least the mean wind of the same step.

    Parameters
    ----------
    gust : (..., steps) array
        Strongest gust [m s-1].
    speed : (..., steps) array
        Mean wind speed [m s-1].
    tolerance : float
        Rounding allowed [m s-1].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags of the gust; suspect where it is below the mean [1].

    References
    ----------
    WMO-No. 8 (2023), vol. V, ch. 1, internal consistency.
    """
    return _flags(gust, np.asarray(speed) - gust > tolerance)


def radiation_plausible(radiation: Values, clear_sky: Values, share: float = 1.10, night: float = 5.0) -> Flags:
    """Whether radiation is dark at night and not brighter than a clear sky.

    Parameters
    ----------
    radiation : (..., steps) array
        Mean global radiation of the step [W m-2].
    clear_sky : (..., steps) array
        Mean clear-sky radiation of the step, 0 while the sun is down [W m-2].
    share : float
        Of the clear sky that is still believed over an hour, edges of clouds included [1].
    night : float
        What a pyranometer may show in the dark [W m-2].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags; suspect above either bound, failed at night above ten times it [1].

    References
    ----------
    Long and Dutton (2002), BSRN global network recommended QC tests; FAO-56, Eq. 37, for the clear sky.
    """
    radiation, clear_sky = np.asarray(radiation, dtype=np.float64), np.asarray(clear_sky)
    dark = clear_sky <= 0.0
    # low sun: 50 W/m² of leeway for the horizon and for the clock
    bright = radiation > np.maximum(share * clear_sky, clear_sky + 50.0)
    return _flags(radiation, np.where(dark, radiation > night, bright), dark & (radiation > 10.0 * night))


def rain_plausible(rain: Values, humidity: Values, wetness: Values, least: float = 0.4) -> Flags:
    """Whether rain falls into damp air or onto wet leaves.

    Parameters
    ----------
    rain : (..., steps) array
        Rain of the step [mm].
    humidity : (..., steps) array
        Relative humidity, NaN where not measured [%].
    wetness : (..., steps) array
        Leaf wetness, NaN where not measured [%].
    least : float
        Rain that must leave a trace: two tips of a bucket [mm].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags of the rain; suspect where the air is below 50 % or the leaves are dry [1].

    References
    ----------
    WMO-No. 1269 (2021), Guidelines on surface station data quality control, consistency of precipitation; the bounds
    are our own.
    """
    falls = np.asarray(rain) >= least
    return _flags(rain, falls & ((np.asarray(humidity) < 50.0) | (np.asarray(wetness) < 5.0)))


def wind_vane_alive(direction: Values, speed: Values, calm: float = 0.3) -> Flags:
    """Whether there is a wind where a direction is told to have none, or none where one is.

    Parameters
    ----------
    direction : (..., steps) array
        Wind direction, 0 for calm [deg].
    speed : (..., steps) array
        Wind speed [m s-1].
    calm : float
        Speed below which it is calm [m s-1].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags of the direction; suspect where it is exactly 0 in more than ten times a calm [1].

    References
    ----------
    WMO-No. 8 (2023), vol. V, ch. 1: wind speed 0 means direction 0.
    """
    return _flags(direction, (np.asarray(direction) == 0.0) & (np.asarray(speed) > 10.0 * calm))


def sunshine_agrees(sunshine: Values, radiation: Values) -> Flags:
    """Whether sunshine and radiation tell of the same sky.

    Parameters
    ----------
    sunshine : (..., steps) array
        Sunshine of the step [min].
    radiation : (..., steps) array
        Mean global radiation of the step [W m-2].

    Returns
    -------
    (..., steps) uint8 array
        QARTOD flags of the sunshine: suspect with sun and no radiation, or none in more than 500 W m-2 [1].

    References
    ----------
    Zahumenský (2004), internal consistency.
    """
    shone, radiation = np.asarray(sunshine), np.asarray(radiation)
    return _flags(sunshine, ((shone > 0.0) & (radiation <= 0.0)) | ((shone == 0.0) & (radiation > 500.0)))
