"""The day in numbers: temperature, humidity, wind, rain and radiation, each with the share of the day measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics import solar
from analytics.grid import HOUR, Summary, Values, daily_direction
from analytics.index import Example, Index, Result, Window, series
from telemetry.quantities import Aggregate, quantity

#: Share of the day's hours that a mean needs; extremes need more, since the hour of the extreme may be the one lost.
MEAN_COMPLETENESS = 0.8
EXTREME_COMPLETENESS = 0.85
SUM_COMPLETENESS = 0.9

_SOURCE = "WMO-No. 8 (2023), Guide to Instruments and Methods of Observation, vol. III ch. 2; completeness: own rule"


def mean_of_hours(values: Values) -> Values:
    """Mean of a day's hourly values.

    Parameters
    ----------
    values : (..., hours) array
        Hourly means of the quantity [unit of the quantity]; NaN where an hour was not measured.

    Returns
    -------
    (...) array
        Daily mean [unit of the quantity].

    References
    ----------
    WMO-No. 8 (2023), vol. III, ch. 2.
    """
    present = np.isfinite(values)
    count = present.sum(axis=-1)
    return np.where(present, values, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan)


def largest(values: Values) -> Values:
    """Largest of a day's readings.

    Parameters
    ----------
    values : (..., steps) array
        Readings [unit of the quantity]; NaN where there is none.

    Returns
    -------
    (...) array
        Maximum [unit of the quantity].

    References
    ----------
    WMO-No. 8 (2023), vol. III, ch. 2.
    """
    return np.fmax.reduce(np.asarray(values, dtype=np.float64), axis=-1)


def smallest(values: Values) -> Values:
    """Smallest of a day's readings.

    Parameters
    ----------
    values : (..., steps) array
        Readings [unit of the quantity]; NaN where there is none.

    Returns
    -------
    (...) array
        Minimum [unit of the quantity].

    References
    ----------
    WMO-No. 8 (2023), vol. III, ch. 2.
    """
    return np.fmin.reduce(np.asarray(values, dtype=np.float64), axis=-1)


def total(values: Values, factor: float = 1.0) -> Values:
    """Sum of a day's readings.

    Parameters
    ----------
    values : (..., steps) array
        Amounts since the reading before [unit of the quantity]; NaN where there is none.
    factor : float
        What one amount counts [1].

    Returns
    -------
    (...) array
        Sum [unit of the quantity × factor's]; NaN where nothing was measured.

    References
    ----------
    WMO-No. 8 (2023), vol. III, ch. 2.
    """
    present = np.isfinite(values)
    return np.where(present, values, 0.0).sum(axis=-1) * np.where(present.any(axis=-1), factor, np.nan)


def radiation_sum(mean_flux: Values, share: Values = 1.0) -> Values:
    """Energy of a day from the mean flux of the hours that were measured.

    Parameters
    ----------
    mean_flux : (...) array
        Mean of the measured hours' global radiation [W m-2].
    share : (...) array
        Mean clear-sky radiation of the measured hours in relation to that of all hours of the day: above 1 where
        dark hours are missing, below 1 where bright ones are [1].

    Returns
    -------
    (...) array
        Daily sum [MJ m-2 d-1].

    References
    ----------
    Allen et al. (1998), FAO Irrigation and Drainage Paper 56, table 3: 1 W m-2 = 0.0864 MJ m-2 d-1; missing hours are
    taken to have been as clear as the measured ones, own rule.
    """
    return np.maximum(mean_flux, 0.0) * 0.0864 / share


def _radiation(window: Window) -> Result:
    """A day's radiation; what a step is worth, in the sum and in its completeness, the clear sky says."""
    grid, summary, by_day = window.grid, window.summary("global_radiation"), window.hourly_grid().by_day
    middle = grid.shared_times() + np.timedelta64(grid.step // 2, "s")
    sky = solar.clear_sky_flux(window.places.latitude[:, None], window.places.longitude[:, None], 0.0, middle)
    cut = (grid.places, -1, HOUR // grid.step)
    steps = (sky + np.zeros((grid.places, 1))).reshape(cut)
    seen = np.isfinite(window.series("global_radiation")).reshape(cut)
    # an hour that was read in part stands for the whole of it, as in the mean flux; so does the sky of what was read
    read = np.where(seen, steps, 0.0).sum(axis=2) / np.maximum(seen.sum(axis=2), 1)
    hours_of = steps.mean(axis=2), read, window.hourly("global_radiation").completeness
    whole, some, share = (np.nan_to_num(by_day(hours)) for hours in hours_of)
    total, known = whole.sum(axis=2), whole.sum(axis=2) > 0.0
    hours = (share > 0.0).sum(axis=2) / grid.day_hours
    # without a position, and in the polar night, every hour is worth the same
    worth = np.where(known, some.sum(axis=2) / np.where(known & (hours > 0.0), total * hours, np.nan), 1.0)
    measured = (2.0 * share >= share.max(axis=2, keepdims=True)) & (share > 0.0)
    lit = np.where(measured, whole, 0.0).sum(axis=2) / np.where(known, total, 1.0)
    value = radiation_sum(summary.mean, np.where(worth > 0.0, worth, np.nan))
    return Result(value, np.where(known, lit, summary.completeness))


def _picked(name: str, pick: Callable[[Summary], Values]) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        summary = window.summary(name)
        return Result(pick(summary), summary.completeness)

    return compute


def _direction(window: Window) -> Result:
    speed = window.readings.get("wind_speed")
    value = daily_direction(window.grid, window.readings["wind_direction"], speed)
    return Result(value, window.summary("wind_direction").completeness)


def mean_direction(direction: Values, speed: Values) -> Values:
    """Direction of the mean wind vector.

    Parameters
    ----------
    direction : (..., steps) array
        Where the wind comes from [deg].
    speed : (..., steps) array
        Wind speed [m s-1].

    Returns
    -------
    (...) array
        Direction of the mean vector [deg]; NaN where the vectors cancel.

    References
    ----------
    WMO-No. 8 (2023), vol. I, ch. 5, vector mean.
    """
    east = (speed * np.sin(np.radians(direction))).sum(axis=-1)
    north = (speed * np.cos(np.radians(direction))).sum(axis=-1)
    angle = np.degrees(np.arctan2(east, north)) % 360.0
    return np.where(np.hypot(east, north) > 1e-9, angle, np.nan)


_KERNELS = {"mean": mean_of_hours, "maximum": largest, "minimum": smallest, "total": total}
_EQUATIONS = {
    "mean": "mean of the means of the day's hours",
    "maximum": "largest reading of the local day",
    "minimum": "smallest reading of the local day",
    "total": "sum of the amounts of the local day",
}
_EXPECTED = {"mean": 20.0, "maximum": 24.0, "minimum": 16.0, "total": 60.0}
_LEAST = {
    "mean": MEAN_COMPLETENESS,
    "maximum": EXTREME_COMPLETENESS,
    "minimum": EXTREME_COMPLETENESS,
    "total": SUM_COMPLETENESS,
}
_AGGREGATES = {
    "mean": Aggregate.MEAN,
    "maximum": Aggregate.MAXIMUM,
    "minimum": Aggregate.MEAN,
    "total": Aggregate.SUM,
}


def _row(name: str, of: str, what: str) -> Index:
    return Index(
        name=name,
        unit=quantity(of).unit,
        needs=(series(of),),
        compute=_picked(of, lambda summary: getattr(summary, what)),
        kernel=_KERNELS[what],
        source=_SOURCE,
        equation=_EQUATIONS[what],
        example=Example({"values": [16.0, 20.0, 24.0]}, _EXPECTED[what], 1e-12, "by hand"),
        completeness=_LEAST[what],
        aggregate=_AGGREGATES[what],
    )


INDICES: tuple[Index, ...] = (
    _row("air_temperature_mean", "air_temperature", "mean"),
    _row("air_temperature_maximum", "air_temperature", "maximum"),
    _row("air_temperature_minimum", "air_temperature", "minimum"),
    _row("relative_humidity_mean", "relative_humidity", "mean"),
    _row("relative_humidity_maximum", "relative_humidity", "maximum"),
    _row("relative_humidity_minimum", "relative_humidity", "minimum"),
    _row("air_pressure_mean", "air_pressure", "mean"),
    _row("precipitation_sum", "precipitation", "total"),
    _row("wind_speed_mean", "wind_speed", "mean"),
    _row("wind_speed_maximum", "wind_speed", "maximum"),
    _row("wind_gust_maximum", "wind_gust", "maximum"),
    _row("sunshine_sum", "sunshine_duration", "total"),
    _row("soil_moisture_mean", "soil_moisture", "mean"),
    _row("soil_temperature_mean", "soil_temperature", "mean"),
    Index(
        name="wind_direction_mean",
        unit="deg",
        needs=(series("wind_direction"), series("wind_speed", required=False)),
        compute=_direction,
        kernel=mean_direction,
        source="WMO-No. 8 (2023), vol. I, ch. 5, vector mean",
        equation="direction of the sum of u·(sin θ, cos θ) over the local day",
        example=Example({"direction": [80.0, 100.0], "speed": [2.0, 2.0]}, 90.0, 1e-9, "by hand"),
        completeness=MEAN_COMPLETENESS,
        aggregate=Aggregate.VECTOR,
    ),
    Index(
        name="radiation_sum",
        unit="MJ/m2",
        needs=(series("global_radiation"),),
        compute=_radiation,
        kernel=radiation_sum,
        source="Allen et al. (1998), FAO-56, table 3",
        equation="Rs = 0.0864 · mean flux of the measured hours · mean clear sky of all hours / of the measured ones",
        example=Example({"mean_flux": 1.0}, 0.0864, 1e-12, "FAO-56, table 3"),
        note="Completeness is the share of the day's clear-sky radiation whose hours were measured: a night without "
        "readings lacks nothing.",
        completeness=SUM_COMPLETENESS,
        aggregate=Aggregate.SUM,
    ),
)  # fmt: skip
