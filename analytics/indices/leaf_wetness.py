"""Hours of wet leaves by a sensor, else by humidity and rain, with the method stored."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, Window, series
from telemetry.quantities import Aggregate

METHODS = ("sensor", "humidity", "humidity rain")


def wet_by_humidity(humidity: Values, threshold: float = 90.0) -> Values:
    """Whether leaves are wet, by relative humidity.

    Parameters
    ----------
    humidity : (...) array
        Relative humidity [%].
    threshold : float
        From which on leaves count as wet [%].

    Returns
    -------
    (...) array
        1 wet, 0 dry [1].

    References
    ----------
    Sentelhas et al. (2008), Suitability of relative humidity as an estimator of leaf wetness duration, Agric. For.
    Meteorol. 148, 392–400.
    """
    humidity = np.asarray(humidity, dtype=np.float64)
    return np.where(np.isnan(humidity), np.nan, humidity >= threshold)


def wetness_hours(wet: Values) -> Values:
    """Hours of wet leaves in a day.

    Parameters
    ----------
    wet : (..., hours) array
        1 wet, 0 dry, NaN where not known; what is missing is made up for by the hours known [1].

    Returns
    -------
    (...) array
        Wet hours [h].

    References
    ----------
    Sentelhas et al. (2008), Agric. For. Meteorol. 148, 392–400.
    """
    wet = np.asarray(wet, dtype=np.float64)
    known = np.isfinite(wet)
    count = np.where(known.any(axis=-1), known.sum(axis=-1), np.nan)
    return np.where(known, wet, 0.0).sum(axis=-1) / count * wet.shape[-1]


def hourly_wetness(window: Window) -> tuple[Array, Array]:
    """(places, hours) whether leaves are wet, and by which method: a sensor where it speaks, else humidity or rain."""
    sensor = window.hourly("leaf_wetness").mean
    rain = window.hourly("precipitation").total
    estimated = np.fmax(wet_by_humidity(window.hourly("relative_humidity").mean), np.where(rain > 0.0, 1.0, np.nan))
    measured = np.isfinite(sensor)
    wet = np.where(measured, np.where(np.isnan(sensor), np.nan, sensor >= 50.0), estimated)
    return np.asarray(wet), np.where(measured, 0.0, np.where(np.isfinite(rain), 2.0, 1.0))


def _hours(window: Window) -> Result:
    wet, method = hourly_wetness(window)
    by_day = window.hourly_grid().by_day
    days = by_day(wet)
    completeness = np.minimum(np.isfinite(days).sum(axis=2) / window.grid.day_hours, 1.0)
    used = np.nan_to_num(by_day(method)).max(axis=2, initial=0).astype(np.uint8)
    return Result(wetness_hours(days), completeness, used)


INDICES: tuple[Index, ...] = (
    Index(
        name="leaf_wetness_hours", unit="h",
        needs=(series("leaf_wetness", required=False), series("relative_humidity", required=False),
               series("precipitation", required=False)),
        compute=_hours, kernel=wetness_hours,
        source="Sentelhas et al. (2008), Agric. For. Meteorol. 148, 392–400",
        equation="hours of sensor ≥ 50 %, else of RH ≥ 90 % or rain",
        example=Example({"wet": [1.0, 0.0, 1.0, 0.0]}, 2.0, 1e-12, "by hand"), methods=METHODS,
        aggregate=Aggregate.SUM, note="Estimated from humidity it is uncertain by about three hours.",
    ),
)  # fmt: skip
