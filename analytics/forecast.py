"""A weather forecast as one more source of a window's readings, and what a rule expects of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from analytics import grid as grids
from analytics.episode import Episode, level_before
from analytics.grid import HOUR, Array, Series, Times
from analytics.index import Window
from analytics.indices.evapotranspiration import wind_at_2_m
from analytics.level import Change
from telemetry.quantities import QUANTITIES, Aggregate

#: Quantities of which a forecast's value speaks for the time since the value before it; others speak for an instant.
PRECEDING = frozenset({"precipitation", "sunshine_duration", "global_radiation", "wind_gust"})
#: Values further apart than this say nothing of the time between them [s]: the step of global models' later days.
FARTHEST = 6 * HOUR
#: Height above ground for which models give the wind [m].
MODEL_WIND = 10.0
#: Change of temperature with height [K m-1] from the place a forecast was made for: ICAO standard atmosphere.
LAPSE = -0.0065
#: An observed episode that began so much before what was expected is still what was expected [s].
EARLY = 12 * HOUR
#: For so long after the expected end late readings may still show that it came [s].
GRACE = 6 * HOUR
#: A beginning moved by so much is worth saying [s].
MOVED = 12 * HOUR


class ForecastSeries(NamedTuple):
    """What a forecast says of a quantity."""

    #: (n,) valid times, ascending, UTC, datetime64[s].
    time: Times
    #: (n,) [the quantity's unit].
    value: Array


def spread(said: ForecastSeries, quantity: str, begins: Times, step: int) -> Array:
    """Lay a forecast's values on steps of time.

    Parameters
    ----------
    said : ForecastSeries
        Valid times, ascending, and values [unit of the quantity].
    quantity : str
        Its name: decides whether values are instants (interpolated), means or sums since the value before.
    begins : (steps,) datetime64[s] array
        Where the steps begin, UTC [s].
    step : int
        Their length [s].

    Returns
    -------
    (steps,) array
        Values, NaN where the forecast says nothing [unit of the quantity].

    References
    ----------
    WMO-No. 306, GRIB2 code table 4.10: accumulations and means are of the interval that ends at the valid time.
    """
    time, at = said.time.astype("datetime64[s]").astype(np.int64), begins.astype("datetime64[s]").astype(np.int64)
    apart = np.diff(time)
    usual = int(np.clip(apart.min(initial=FARTHEST), step, FARTHEST)) if apart.size else HOUR
    if quantity in PRECEDING:
        length = np.minimum(np.concatenate(([usual], apart)), FARTHEST)
        which = np.searchsorted(time, at, side="right")
        last = np.minimum(which, time.size - 1)
        inside = (which < time.size) & (at >= time[last] - length[last])
        share = step / length[last] if QUANTITIES[quantity].aggregate is Aggregate.SUM else 1.0
        return np.where(inside, said.value[last] * share, np.nan)
    which = np.searchsorted(time, at, side="right") - 1
    here, following = np.maximum(which, 0), np.minimum(which + 1, time.size - 1)
    gap = np.where(following > here, time[following] - time[here], usual)
    inside = (which >= 0) & (gap <= FARTHEST) & (at - time[here] < gap)
    if QUANTITIES[quantity].aggregate is Aggregate.VECTOR:
        return np.where(inside, said.value[here], np.nan)
    return np.where(inside, np.interp(at, time, said.value), np.nan)


def laid_on(window: Window, forecasts: Sequence[Mapping[str, ForecastSeries]], rise: Array) -> Window:
    """Fill what was not read with what is forecast.

    Parameters
    ----------
    window : Window
        Readings up to the forecast's issue.
    forecasts : sequence of mappings
        Row → quantity → what is said of it.
    rise : (places,) array
        Height of each place above the one that its forecast was made for, NaN where not known [m].

    Returns
    -------
    Window
        The same days: read values stand, gaps and the days ahead are the forecast's, brought to the height of the
        place (temperature) and of its anemometer (wind).
    """
    grid = window.grid
    begins = grid.times()
    readings = dict(window.readings)
    for quantity in sorted({name for of_row in forecasts for name in of_row}):
        ahead = np.full((grid.places, grid.steps), np.nan)
        laid: dict[tuple[int, int], Array] = {}
        for row, of_row in enumerate(forecasts):
            if quantity in of_row:
                key = id(of_row[quantity]), int(grid.start[row].astype(np.int64))
                if key not in laid:
                    laid[key] = spread(of_row[quantity], quantity, begins[row], grid.step)
                ahead[row] = laid[key]
        ahead = _brought_here(quantity, ahead, window, rise)
        readings[quantity] = _filled(readings.get(quantity), ahead, HOUR // grid.step, QUANTITIES[quantity].aggregate)
    if "precipitation" not in readings:
        return replace(window, readings=readings)
    # what is forecast is no gauge's one bucket, and fills what was in doubt
    ahead = np.isnan(window.series("precipitation")) | window.vouched.get("precipitation", False)
    return replace(window, readings=readings, doubted={}, vouched={"precipitation": np.asarray(ahead, np.bool_)})


def _brought_here(quantity: str, ahead: Array, window: Window, rise: Array) -> Array:
    if quantity in {"air_temperature", "dew_point"}:
        return np.asarray(ahead + LAPSE * np.nan_to_num(rise)[:, None])
    if quantity in {"wind_speed", "wind_gust"}:
        height = np.where(np.isfinite(window.places.wind_height), window.places.wind_height, 2.0)
        # the logarithmic profile of FAO-56 Eq. 47, from the model's height down to 2 m and up to the anemometer
        return np.asarray(ahead * (wind_at_2_m(1.0, MODEL_WIND) / wind_at_2_m(1.0, height))[:, None])
    return ahead


def _filled(read: Series | None, ahead: Array, per_hour: int, aggregate: Aggregate) -> Series:
    """Fill whole hours without a reading, in as many steps as the station reads.

    An hour read once is known, and weighs as much in its day as one that was forecast.
    """
    if read is None:
        return grids.of_values(ahead)
    count = np.isfinite(read.value).reshape(len(ahead), -1, per_hour).sum(axis=2)
    once = count.max(axis=1, initial=0) == 1
    ahead[once] = _by_the_hour(ahead[once], per_hour, aggregate)
    missing = np.repeat(count == 0, per_hour, axis=1)
    return Series(*(np.where(missing, ahead, array) for array in (read.value, read.minimum, read.maximum)))


def _by_the_hour(ahead: Array, per_hour: int, aggregate: Aggregate) -> Array:
    """A value an hour, in its first step."""
    hours = ahead.reshape(len(ahead), ahead.shape[1] // per_hour, per_hour)
    first = np.full(hours.shape, np.nan)
    first[..., 0] = hours.sum(axis=2) if aggregate is Aggregate.SUM else hours[..., 0]
    return first.reshape(ahead.shape)


@dataclass(frozen=True, slots=True)
class Coming:
    """What a rule expects by a forecast; seconds since 1970."""

    started: int
    until: int
    #: The highest on the way.
    level: int


def coming(changes: Sequence[Change], base: tuple[int, int], standing: int, issued: int, horizon: int) -> Coming | None:
    """What is worth warning of in the course of a level: the highest stretch ahead, of equal ones the nearest.

    ``base`` is (second, level) at the course's beginning. What already stands as observed when the forecast is issued
    (``standing``) is no news as long as it goes on without a break.
    """
    stretches: list[Coming] = []
    steps = [Change(*base), *changes, Change(horizon, 0)]
    for here, following in pairwise(steps):
        begin, end, level = here.at, min(following.at, horizon), here.level
        if end <= max(issued, begin):
            continue
        if level == 0:
            standing = 0
        elif level > standing:
            last = stretches[-1] if stretches else None
            if last is not None and last.until == begin:
                stretches[-1] = Coming(last.started, end, max(last.level, level))
            else:
                stretches.append(Coming(begin, end, level))
    return max(stretches, key=lambda one: (one.level, -one.started), default=None)


def came_true(expected: Coming, issued: int, observed: Sequence[Episode]) -> int | None:
    """Which of the observed episodes is what was expected: news since the forecast, about its time; None if none."""
    since = min(issued, expected.started)
    before = level_before(observed, since)
    for number, episode in enumerate(observed):
        overlaps = episode.started < expected.until + GRACE and (
            episode.ended is None or episode.ended > expected.started - EARLY
        )
        if overlaps and any(change.at >= since and change.level > before for change in episode.course):
            return number
    return None
