"""Frost nights: the coming minimum from the station's own dusk, by a regression that each station learns for itself."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, of_place, series
from analytics.indices.psychrometrics import dew_point
from analytics.solar import sunrise_and_sunset
from telemetry.unknown import Why

LEAST_NIGHTS = 10
#: A radiation night: wind below 2 m/s and no rain (Snyder and de Melo-Abreu 2005, ch. 5).
CALM = 2.0
#: How a dusk that was not measured stands in a state [°C].
_UNKNOWN = -1e9
_SOURCE = "Snyder and de Melo-Abreu (2005), Frost protection: fundamentals, practice and economics, vol. 1, FAO, ch. 5"


def frost_regression(
    count: Values, x: Values, d: Values, y: Values, xx: Values, dd: Values, yy: Values, xd: Values, xy: Values,
    dy: Values,
) -> tuple[Values, ...]:  # fmt: skip
    """Two-step regression of the night's minimum from sums over past nights.

    Parameters
    ----------
    count : (...) array
        Nights [1].
    x : (...) array
        Sum of the temperatures two hours after sunset [°C].
    d : (...) array
        Sum of the dew points two hours after sunset [°C].
    y : (...) array
        Sum of the minima [°C].
    xx : (...) array
        Sum of squares of x [°C2].
    dd : (...) array
        Sum of squares of d [°C2].
    yy : (...) array
        Sum of squares of y [°C2].
    xd : (...) array
        Sum of products of x and d [°C2].
    xy : (...) array
        Sum of products of x and y [°C2].
    dy : (...) array
        Sum of products of d and y [°C2].

    Returns
    -------
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope of what is left on the dew point [1].
    c : (...) array
        Intercept [°C].
    error : (...) array
        Standard error of a prediction, of count − 3 degrees of freedom [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST: the minimum is regressed on the temperature, then its residuals on the
    dew point; this is not the joint regression on both.
    """
    count = np.where(np.asarray(count) >= 3.0, count, np.nan)
    sxx, sxy, sxd = xx - x * x / count, xy - x * y / count, xd - x * d / count
    sdd, sdy, syy = dd - d * d / count, dy - d * y / count, yy - y * y / count
    a = sxy / np.where(sxx > 1e-9, sxx, np.nan)
    # residuals of the first step have mean 0, and with d the covariance sdy − a sxd
    b = np.where(sdd > 1e-9, (sdy - a * sxd) / np.where(sdd > 1e-9, sdd, 1.0), 0.0)
    c = (y - a * x - b * d) / count
    left = syy - 2.0 * a * sxy + a * a * sxx - 2.0 * b * (sdy - a * sxd) + b * b * sdd
    missing = 0.0 * c
    return a + missing, b + missing, c, np.sqrt(np.maximum(left, 0.0) / np.where(count > 3.0, count - 3.0, np.nan))


def frost_coefficients(temperature: Values, dew: Values, minimum: Values) -> tuple[Values, ...]:
    """Coefficients of a station's frost regression from past radiation nights.

    Parameters
    ----------
    temperature : (..., nights) array
        Temperature two hours after sunset [°C].
    dew : (..., nights) array
        Dew point two hours after sunset [°C].
    minimum : (..., nights) array
        Minimum of the night [°C].

    Returns
    -------
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope of what is left on the dew point [1].
    c : (...) array
        Intercept [°C].
    error : (...) array
        Standard error of a prediction [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST.
    """
    x, d, y = (np.asarray(a, dtype=np.float64) for a in (temperature, dew, minimum))
    return frost_regression(*(a.sum(axis=-1) for a in _moments(x, d, y)))


def _moments(x: Values, d: Values, y: Values) -> tuple[Values, ...]:
    return np.ones_like(x), x, d, y, x * x, d * d, y * y, x * d, x * y, d * y


def night_minimum(temperature: Values, dew: Values, a: Values, b: Values, c: Values) -> Values:
    """Minimum of the coming night.

    Parameters
    ----------
    temperature : (...) array
        Temperature two hours after sunset [°C].
    dew : (...) array
        Dew point two hours after sunset [°C].
    a : (...) array
        Slope on the temperature [1].
    b : (...) array
        Slope on the dew point [1].
    c : (...) array
        Intercept [°C].

    Returns
    -------
    (...) array
        Predicted minimum [°C].

    References
    ----------
    Snyder and de Melo-Abreu (2005), ch. 5, FFST: Tp = a T0 + b Td0 + c.
    """
    return a * np.asarray(temperature, dtype=np.float64) + b * np.asarray(dew, dtype=np.float64) + c


def _at_dusk(window: Window, series_: Array) -> Array:
    """(places, days) mean of the half hours around two hours after sunset; the step itself on a coarse grid."""
    grid = window.grid
    _, sunset = sunrise_and_sunset(window.places.latitude[:, None], window.places.longitude[:, None], grid.dates[None])
    seconds = (sunset + np.timedelta64(7200, "s") - grid.start[:, None]) / np.timedelta64(1, "s")
    known = np.isfinite(seconds)
    first = (np.where(known, seconds, 0.0) - 900.0) // grid.step
    last = (np.where(known, seconds, 0.0) + 900.0) // grid.step
    total, count = np.zeros(known.shape), np.zeros(known.shape)
    for offset in range(-(-1800 // grid.step) + 1):
        step = np.clip((first + offset).astype(np.int64), 0, grid.steps - 1)
        found = np.take_along_axis(series_, step, axis=1)
        use = known & (first + offset <= last) & (first + offset < grid.steps) & np.isfinite(found)
        total, count = total + np.where(use, found, 0.0), count + use
    return np.asarray(total / np.where(count > 0, count, np.nan))


def _nights(window: Window) -> tuple[Array, Array, Array]:
    """(places, days) minimum, mean wind and rain of the night (19–8 h) that ends on each day."""
    hours = {name: window.hourly(name) for name in ("air_temperature", "wind_speed", "precipitation")}

    def night(values: Array) -> Array:
        padded = np.concatenate((np.full((values.shape[0], 5), np.nan), values), axis=1)
        return padded[:, : 24 * window.grid.days].reshape(*window.shape, 24)[:, :, :13]

    lowest = night(hours["air_temperature"].minimum)
    enough = np.isfinite(lowest).sum(axis=2) >= 11
    minimum = np.where(enough, np.fmin.reduce(lowest, axis=2), np.nan)
    wind, rain = night(hours["wind_speed"].mean), night(hours["precipitation"].total)
    windy = np.isfinite(wind)
    mean = np.where(windy, wind, 0.0).sum(axis=2) / np.where(windy.any(axis=2), windy.sum(axis=2), np.nan)
    return minimum, mean, np.where(np.isfinite(rain), rain, 0.0).sum(axis=2)


def _learned(window: Window, row: Index) -> tuple[Array, Array, tuple[Values, ...], Array]:
    """Dusk temperature and dew point, coefficients of each day, and states: sums over the nights, the last dusk."""
    temperature = window.series("air_temperature")
    t0 = _at_dusk(window, temperature)
    td0 = _at_dusk(window, dew_point(temperature, window.series("relative_humidity")))
    minimum, wind, rain = _nights(window)
    states = np.full((*window.shape, 12), np.nan)
    now = window.state(row)
    now = np.where(now <= _UNKNOWN / 2, np.nan, now)
    for day in range(window.lead, window.grid.days):
        # the night that has just ended began at yesterday's dusk, which the state remembers; without an anemometer a
        # night without rain is taken for a radiation night
        moments = np.stack(_moments(now[:, 10], now[:, 11], minimum[:, day]), axis=-1)
        learn = np.isfinite(moments).all(axis=1) & ~(wind[:, day] >= CALM) & (rain[:, day] <= 0.0)
        now = np.concatenate(
            (now[:, :10] + np.where(learn[:, None], moments, 0.0), t0[:, day, None], td0[:, day, None]), axis=1
        )
        states[:, day] = np.where(np.isnan(now), _UNKNOWN, now)
    sums = np.moveaxis(states[:, :, :10], -1, 0)
    return t0, td0, frost_regression(*sums), states


def _predicted(window: Window) -> Result:
    t0, td0, (a, b, c, _), states = _learned(window, FORECAST)
    value = night_minimum(t0, td0, a, b, c)
    return Result(np.where(states[:, :, 0] >= LEAST_NIGHTS, value, np.nan), _trust(states), state=states)


def _error(window: Window) -> Result:
    """The error of the forecast's regression, from the sums that the forecast carries."""
    states = window.values[FORECAST.name].state
    if states is None:
        return Result(np.full(window.shape, np.nan), np.zeros(window.shape))
    error = frost_regression(*np.moveaxis(states[:, :, :10], -1, 0))[3]
    return Result(np.where(states[:, :, 0] >= LEAST_NIGHTS, error, np.nan), _trust(states))


def _trust(states: Array) -> Array:
    """Completeness: ten nights are half of what a regression should have."""
    return np.asarray(np.nan_to_num(np.minimum(states[:, :, 0] / (2 * LEAST_NIGHTS), 1.0)))


_NEEDS = (
    series("air_temperature", before=1), series("relative_humidity"), series("wind_speed", required=False),
    series("precipitation", required=False), of_place("latitude"), of_place("longitude"),
)  # fmt: skip
_STATE = (
    State("nights", "1", 0.0),
    *(State(name, "Cel", 0.0) for name in ("x", "d", "y", "xx", "dd", "yy", "xd", "xy", "dy")),
    State("dusk_temperature", "Cel", _UNKNOWN), State("dusk_dew_point", "Cel", _UNKNOWN),
)  # fmt: skip
_BOOK = {
    "temperature": [3.2, 0.8, 0.2, 2.6, 4.4, 5.2, 2.7, 1.2, 4.5, 5.6],
    "dew": [-4.2, -8.8, -6.5, -6.2, -6.1, 2.6, -0.7, -1.7, -1.2, 0.1],
    "minimum": [-3.1, -5.0, -6.3, -5.4, -4.0, -2.5, -4.8, -5.0, -4.4, -3.3],
}

FORECAST = Index(
    name="frost_night_minimum_forecast", unit="Cel", needs=_NEEDS, compute=_predicted, kernel=night_minimum,
    source=_SOURCE,
    equation="Tp = a T0 + b Td0 + c, learned from the station's own radiation nights",
    example=Example({"temperature": 10.0, "dew": 2.0, "a": 0.502812148, "b": 0.026471645, "c": -5.821986654},
                    -0.7409219, 1e-6, "frost 0.0.4 (R), predFAO(10, 2)"),
    completeness=0.5, state=_STATE, unknown=Why.RECORD,
    note="For clear calm nights; known two hours after sunset, for the night that follows. See its error.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    FORECAST,
    Index(
        name="frost_night_minimum_error", unit="K", needs=(of_index("frost_night_minimum_forecast"),), compute=_error,
        kernel=frost_coefficients,
        source=_SOURCE,
        equation="√(Σ residual²/(n − 3))",
        example=Example(_BOOK, 0.502812148, 1e-6, "FAO's book, as in frost 0.0.4 (R)", part=0),
        completeness=0.5, unknown=Why.RECORD,
    ),
)  # fmt: skip
