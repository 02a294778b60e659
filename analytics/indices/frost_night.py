"""The minimum of the coming night, looked at before dusk and after it, by what a station's own nights taught it.

What is forecast is how far the temperature will fall from the hour before a look. A look's predictors are the deficit
of the dew point, how much warmer it is than last night's minimum, the temperature itself, and two gates that a
radiation night leaves open: calm, and a sky without rain or saturated air. A shut gate is taken to halve the fall
until the station's own such nights say otherwise. What is not measured leaves its gate open and widens the error.

The error is that of forecasts made before their night was known, each by what had been learned until then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import HOUR, Array
from analytics.index import Example, Index, Result, State, Window, of_index, of_place, series, whole
from analytics.indices.air import smallest
from analytics.indices.evapotranspiration import wind_at_2_m
from analytics.indices.learned_forecast import forecast_error, leverage, shrunk_regression
from analytics.indices.psychrometrics import dew_point
from analytics.solar import sunrise_and_sunset
from telemetry.unknown import Why

LEAST_NIGHTS = 10
#: Wind at 2 m from which air is mixed and a night is none of radiation [m s-1].
WINDY = 3.0
#: Hours before a look whose wind and rain it takes [h].
WIND_HOURS, RAIN_HOURS = 3, 6
#: The night's minimum is that of the hours from 19 to 8; so many of them must be known.
NIGHT_BEGINS, NIGHT_ENDS, LEAST_HOURS = 19, 8, 11
#: A gate that is shut takes this share of the mean fall away, and a degree of deficit adds so much [K K-1], both with
#: the weight of so many nights, until the station's own say otherwise.
SHUT, DRIER, WEIGHT = 0.5, 0.3, 5.0
#: Of what was not measured: share of evenings whose gate is taken to be shut, variance of the deficit [K2].
UNSEEN_SHUT, UNSEEN_DEFICIT = 0.2, 9.0
#: Told where the forecast less so many errors is below: three cases in eight, were errors normal.
LEAN = 0.3
#: What stands for something unknown in a state.
_UNKNOWN = -1e9
_PREDICTORS = ("deficit", "warming", "temperature", "windy", "wet")
_P = len(_PREDICTORS)
_UPPER = np.triu_indices(_P)
_SOURCE = (
    "own regression of the fall of temperature, shrunk to a first guess (Hoerl and Kennard 1970, Technometrics 12, "
    "55-67); what makes a radiation night: Snyder and de Melo-Abreu (2005), Frost protection, vol. 1, FAO, ch. 5"
)


class Look(NamedTuple):
    """When a look is taken, and which evenings it learns from."""

    name: str
    #: From sunset to the look, which is at the next full hour [s].
    after_sunset: int
    #: Air is taken for saturated, and the sky for covered, below this deficit of the dew point [K].
    saturated: float
    #: Only evenings colder than this teach it [°C].
    cool: float


AFTERNOON = Look("afternoon", -2 * HOUR, 3.0, 24.0)
DUSK = Look("dusk", 2 * HOUR, 1.5, 20.0)


def look_hours(window: Window, look: Look) -> NDArray[np.int64]:
    """(places, days) full hour of a look, counted from the row's first midnight; -1 where the sun does not set."""
    grid = window.grid
    _, sunset = sunrise_and_sunset(window.places.latitude[:, None], window.places.longitude[:, None], grid.dates[None])
    seconds = (sunset - grid.start[:, None]) / np.timedelta64(1, "s") + look.after_sunset
    return np.where(np.isfinite(seconds), np.ceil(np.nan_to_num(seconds) / HOUR), -1).astype(np.int64)


def _before(series_: Array, hour: NDArray[np.int64], hours: int) -> Array:
    """(places, days, hours) of the hours before a look, the nearest first; NaN outside the window."""
    index = hour[..., None] - 1 - np.arange(hours)
    inside = (index >= 0) & (index < series_.shape[1]) & (hour[..., None] >= 0)
    index = np.where(inside, index, 0)
    found = np.take_along_axis(series_[:, None, :], index.reshape(len(series_), 1, -1), axis=2).reshape(index.shape)
    return np.where(inside, found, np.nan)


def _newest(hours: Array) -> Array:
    """The nearest hour that was measured."""
    first = np.argmax(np.isfinite(hours), axis=-1)
    return np.take_along_axis(hours, first[..., None], axis=-1)[..., 0]


def _mean(hours: Array) -> Array:
    known = np.isfinite(hours)
    count = known.sum(axis=-1)
    return np.asarray(np.where(known, hours, 0.0).sum(axis=-1) / np.where(count > 0, count, np.nan))


def minima(window: Window) -> Array:
    """(places, days) minimum of the night that ends on each day; NaN where too few of its hours are known."""
    lowest = window.hourly("air_temperature").minimum
    early = 24 - NIGHT_BEGINS
    padded = np.concatenate((np.full((len(lowest), early), np.nan), lowest), axis=1)
    night = padded[:, : 24 * window.grid.days].reshape(*window.shape, 24)[:, :, : early + NIGHT_ENDS]
    enough = np.isfinite(night).sum(axis=2) >= LEAST_HOURS
    return np.where(enough, np.fmin.reduce(night, axis=2), np.nan)


def seen(window: Window, look: Look, minimum: Array) -> tuple[Array, Array]:
    """(places, days) temperature, and (places, days, p) predictors of a look; NaN what was not measured."""
    hour = look_hours(window, look)
    air = window.hourly("air_temperature").mean
    temperature = _newest(_before(air, hour, WIND_HOURS))
    deficit = _newest(_before(air - dew_point(air, window.hourly("relative_humidity").mean), hour, WIND_HOURS))
    height = np.where(np.isfinite(window.places.wind_height), window.places.wind_height, 2.0)
    wind = _mean(_before(window.hourly("wind_speed").mean, hour, WIND_HOURS)) * wind_at_2_m(1.0, height)[:, None]
    rain = _before(window.hourly("precipitation").total, hour, RAIN_HOURS)
    dry = np.where(np.isfinite(rain).any(axis=-1), 0.0, np.nan)
    # rain or saturated air shuts the gate whether or not the other was measured
    wet = np.where((np.nan_to_num(rain).sum(axis=-1) > 0.0) | (deficit < look.saturated), 1.0, dry)
    windy = np.where(np.isfinite(wind), (wind >= WINDY).astype(np.float64), np.nan)
    return temperature, np.stack((deficit, temperature - minimum, temperature, windy, wet), axis=-1)


class Learned(NamedTuple):
    """What a look forecasts; every array is (places, days), states (places, days, columns)."""

    value: Array
    error: Array
    nights: Array
    #: Bits of what was not measured: 1 the dew point, 2 the wind, 4 the rain.
    lacking: NDArray[np.uint8]
    states: Array


#: Columns of a look's state: count, x, y, upper half of xx, xy, squares, forecasts; then its last evening.
_SUMS = 1 + _P + 1 + len(_UPPER[0]) + _P + 2
_COLUMNS = _SUMS + 1 + _P + 1


def _learn(now: Array, minimum: Array, look: Look) -> Array:
    """(places, columns) sums with the night that has just ended, whose evening the state remembers."""
    temperature, x, said = now[:, _SUMS], now[:, _SUMS + 1 : -1], now[:, -1]
    y = temperature - minimum
    teaches = np.isfinite(y) & np.isfinite(x).all(axis=1) & (temperature < look.cool)
    products = (x[:, :, None] * x[:, None, :])[:, _UPPER[0], _UPPER[1]]
    missed = np.where(np.isfinite(said), (said - minimum) ** 2, 0.0)
    parts = (np.ones_like(y), x, y, products, x * y[:, None], missed, np.isfinite(said).astype(np.float64))
    new = np.column_stack(parts)
    return np.asarray(now[:, :_SUMS] + np.where(teaches[:, None], new, 0.0))


class _Sums(NamedTuple):
    nights: Array
    x: Array
    y: Array
    xx: Array
    xy: Array
    squares: Array
    forecasts: Array


def _sums(columns: Array) -> _Sums:
    cuts = np.cumsum([1, _P, 1, len(_UPPER[0]), _P, 1])
    count, x, y, upper, xy, squares, forecasts = np.split(columns[:, :_SUMS], cuts, axis=1)
    xx = np.zeros((len(columns), _P, _P))
    xx[:, _UPPER[0], _UPPER[1]] = upper
    xx[:, _UPPER[1], _UPPER[0]] = upper
    return _Sums(count[:, 0], x, y[:, 0], xx, xy, squares[:, 0], forecasts[:, 0])


def _forecast(sums: _Sums, temperature: Array, x: Array) -> tuple[Array, Array, Array]:
    """(places,) minimum and its error, and (places, p) predictors with the mean for what was not measured."""
    count = np.maximum(sums.nights, 1.0)
    middle, fall = sums.x / count[:, None], np.asarray(sums.y / count)
    unseen = ~np.isfinite(x)
    x = np.where(unseen, middle, x)
    shut = -SHUT * np.maximum(fall, 0.0)
    flat = np.zeros_like(fall)
    prior = np.stack((np.full_like(fall, DRIER), flat, flat, shut, shut), axis=-1)
    intercept, slopes, inverse = shrunk_regression(
        count, sums.x, sums.y, sums.xx, sums.xy, prior, np.full(prior.shape, WEIGHT)
    )
    variance = sums.xx[:, range(_P), range(_P)] / count[:, None] - middle**2
    variance = np.maximum(variance, [UNSEEN_DEFICIT, 0.0, 0.0, *[UNSEEN_SHUT * (1 - UNSEEN_SHUT)] * 2])
    doubt = (np.where(unseen, slopes**2 * variance, 0.0)).sum(axis=-1)
    # of what was never seen the first guess speaks, which is not without bound
    away = np.minimum(leverage(count, x - middle, inverse), 1.0)
    error = forecast_error(sums.squares, sums.forecasts, away, doubt)
    value = temperature - np.maximum(intercept + (slopes * x).sum(axis=-1), 0.0)
    ready = (sums.nights >= LEAST_NIGHTS) & np.isfinite(temperature)
    return np.where(ready, value, np.nan), np.where(ready, error, np.nan), x


def _look(window: Window, look: Look, minimum: Array, before: Array) -> Learned:
    """Go through the days of a window with one look."""
    temperature, predictors = seen(window, look, minimum)
    shape = window.shape
    value, error = np.full(shape, np.nan), np.full(shape, np.nan)
    states, nights = np.full((*shape, _COLUMNS), np.nan), np.zeros(shape)
    now = np.where(before <= _UNKNOWN / 2, np.nan, before)
    for day in range(window.lead, window.grid.days):
        learned = _learn(now, minimum[:, day], look)
        found, off, x = _forecast(_sums(learned), temperature[:, day], predictors[:, day])
        value[:, day], error[:, day], nights[:, day] = found, off, learned[:, 0]
        now = np.column_stack((learned, temperature[:, day], x, found))
        states[:, day] = np.where(np.isnan(now), _UNKNOWN, now)
    lacking = (~np.isfinite(predictors[..., [0, 3, 4]]) * np.array([1, 2, 4])).sum(axis=-1).astype(np.uint8)
    return Learned(value, error, nights, lacking, states)


def _looks(window: Window) -> tuple[Learned, Learned]:
    """The looks before dusk and after it, made once for all that is said of them."""
    minimum, state = minima(window), window.state(FORECAST)
    return (
        _look(window, AFTERNOON, minimum, state[:, :_COLUMNS]),
        _look(window, DUSK, minimum, state[:, _COLUMNS:]),
    )


def _both(window: Window) -> tuple[Learned, Learned]:
    return window.once("frost_night", _looks)


def _trust(nights: Array) -> Array:
    """Completeness: ten nights are half of what a regression should have."""
    return np.asarray(np.minimum(nights / (2 * LEAST_NIGHTS), 1.0))


def _at_dusk(window: Window) -> Result:
    afternoon, dusk = _both(window)
    states = np.concatenate((afternoon.states, dusk.states), axis=2)
    return Result(dusk.value, _trust(dusk.nights), dusk.lacking, states)


def _at_dusk_error(window: Window) -> Result:
    _, dusk = _both(window)
    return Result(dusk.error, _trust(dusk.nights))


def _before_dusk(window: Window) -> Result:
    afternoon, _ = _both(window)
    return Result(afternoon.value, _trust(afternoon.nights), afternoon.lacking)


def _before_dusk_error(window: Window) -> Result:
    afternoon, _ = _both(window)
    return Result(afternoon.error, _trust(afternoon.nights))


def _observed(window: Window) -> Result:
    value = minima(window)
    return Result(value, whole(value))


def _columns(look: Look) -> tuple[State, ...]:
    """The columns of a look's state."""
    pairs = [f"{_PREDICTORS[i]}_{_PREDICTORS[j]}" for i, j in zip(*_UPPER, strict=True)]
    sums = ["nights", *_PREDICTORS, "fall", *pairs, *(f"{name}_fall" for name in _PREDICTORS), "squares", "forecasts"]
    last = ["last_temperature", *(f"last_{name}" for name in _PREDICTORS), "last_forecast"]
    return (
        *(State(f"{look.name}_{name}", "1" if name in ("nights", "forecasts") else "Cel", 0.0) for name in sums),
        *(State(f"{look.name}_{name}", "Cel", _UNKNOWN) for name in last),
    )


_NEEDS = (
    series("air_temperature", before=1), series("relative_humidity", required=False),
    series("wind_speed", required=False), series("precipitation", required=False),
    of_place("latitude"), of_place("longitude"),
)  # fmt: skip
_METHODS = tuple(
    "" if not bits else "not measured: " + ", ".join(
        name for bit, name in ((1, "dew point"), (2, "wind"), (4, "rain")) if bits & bit
    )
    for bits in range(8)
)  # fmt: skip
_FALL = {
    "count": 3.0, "x": [6.0], "y": 12.0, "xx": [[14.0]], "xy": [28.0], "prior": [0.0], "weight": [2.0],
}  # fmt: skip
_BY_HAND = Example(_FALL, 2.0, 1e-12, "by hand: falls 2, 4, 6 K at 1, 2, 3, slope 4/(2 + 2)", part=0)
_SQUARES = {"squares": 20.0, "count": 15.0, "away": 0.25, "unseen": 0.5}
_ERROR_BY_HAND = Example(_SQUARES, 1.9244, 5e-5, "by hand: √(51.25/20 · 1.25 + 0.5)")
_EQUATION = "Tmin = T − fall, fall = b0 + b·(T − Td, T − last night's minimum, T, wind ≥ 3 m/s, rain or saturated air)"
_NOTE = (
    "Learned from the station's own cool nights, ten of them at least; what is not measured leaves its gate open, "
    "stands in the method and widens the error."
)

FORECAST = Index(
    name="frost_night_minimum_forecast", unit="Cel", needs=_NEEDS, compute=_at_dusk, kernel=shrunk_regression,
    source=_SOURCE, equation=_EQUATION, example=_BY_HAND, completeness=0.5, methods=_METHODS,
    state=(*_columns(AFTERNOON), *_columns(DUSK)), unknown=Why.RECORD,
    note=f"At the first full hour two hours after sunset, for the night that follows. {_NOTE}",
)  # fmt: skip

_OF_FORECAST = (of_index("frost_night_minimum_forecast"),)

INDICES: tuple[Index, ...] = (
    FORECAST,
    Index(
        name="frost_night_minimum_error", unit="K", needs=_OF_FORECAST, compute=_at_dusk_error, kernel=forecast_error,
        source=_SOURCE, equation="√((Σ error² + 5 · 2.5²)/(n + 5) · (1 + leverage) + variance of what is not measured)",
        example=_ERROR_BY_HAND, completeness=0.5, unknown=Why.RECORD,
        note="Of forecasts made before their nights were known.",
    ),
    Index(
        name="frost_night_minimum_before_dusk", unit="Cel", needs=_OF_FORECAST, compute=_before_dusk,
        kernel=shrunk_regression, source=_SOURCE, equation=_EQUATION, example=_BY_HAND, completeness=0.5,
        methods=_METHODS, unknown=Why.RECORD,
        note=f"At the first full hour within two hours before sunset, for the night that follows. {_NOTE}",
    ),
    Index(
        name="frost_night_minimum_before_dusk_error", unit="K", needs=_OF_FORECAST, compute=_before_dusk_error,
        kernel=forecast_error, source=_SOURCE,
        equation="√((Σ error² + 5 · 2.5²)/(n + 5) · (1 + leverage) + variance of what is not measured)",
        example=_ERROR_BY_HAND, completeness=0.5, unknown=Why.RECORD,
        note="Of forecasts made before their nights were known.",
    ),
    Index(
        name="frost_night_minimum", unit="Cel", needs=(series("air_temperature", before=1),), compute=_observed,
        kernel=smallest,
        source="own: what a night's forecast is held against", equation="least of the hours from 19 to 8",
        example=Example({"values": [5.0, 3.2, 4.4]}, 3.2, 0.0, "by hand"),
        note="Of the night that ends on the day.",
    ),
)  # fmt: skip
