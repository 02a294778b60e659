"""What daily indices read off the hours: the value at noon, sums that slide, spells that last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Window


def at_hour(window: Window, quantity: str, hour: int) -> Array:
    """(places, days) mean of the local hour that begins at ``hour``; NaN where it was not measured."""
    by_day = window.hourly_grid().by_day(window.hourly(quantity).mean)
    return np.asarray(by_day[:, :, min(hour, by_day.shape[2] - 1)])


def from_hour(series: Array, hour: int, days: int) -> Array:
    """(places, days, 24) hours of the 24 hours that end at ``hour`` of each day; NaN before the window.

    ``series`` is (places, hours) from the first local midnight. Days of 23 or 25 hours are taken as the clock of the
    first day shows them, which moves the cut by an hour for the rest of a window.
    """
    places = series.shape[0]
    padded = np.concatenate((np.full((places, 24), np.nan), series, np.full((places, 24), np.nan)), axis=1)
    return np.asarray(padded[:, hour : hour + 24 * days].reshape(places, days, 24))


def complete_sum(hours: Array, least: float) -> tuple[Array, Array]:
    """Sum over the last axis, NaN where fewer than the share ``least`` is present; and that share."""
    present = np.isfinite(hours)
    share = present.mean(axis=-1)
    total = np.where(present, hours, 0.0).sum(axis=-1)
    return np.where(share >= least - 1e-9, total, np.nan), share


def sliding_sum(values: Values, steps: int) -> Values:
    """Sum of the last ``steps`` steps.

    Parameters
    ----------
    values : (..., steps) array
        Amounts of each step, NaN where not measured [unit of the quantity].
    steps : int
        How many steps a sum spans, its own included [1].

    Returns
    -------
    (..., steps) array
        Sum of what was measured; NaN where nothing was [unit of the quantity].

    References
    ----------
    WMO-No. 8 (2023), vol. I, ch. 6, precipitation intensity over a period.
    """
    present = np.isfinite(values)
    # sums by halves: exact for the window, where a difference of running totals would carry rounding along the series
    total, count = np.where(present, values, 0.0), present.astype(np.float64)
    total, count = _doubling(total, steps), _doubling(count, steps)
    return np.where(count > 0.0, total, np.nan)


def _doubling(values: Array, steps: int) -> Array:
    """Trailing sum over a number of steps, by sums of powers of two."""
    result, done = np.zeros_like(values), 0
    power, span = values, 1
    while True:
        if steps & span:
            result = result + _shifted(power, done)
            done += span
        if done == steps:
            return result
        power = power + _shifted(power, span)
        span *= 2


def _shifted(values: Array, steps: int) -> Array:
    if steps == 0:
        return values
    shifted = np.zeros_like(values)
    if steps < values.shape[-1]:
        shifted[..., steps:] = values[..., : values.shape[-1] - steps]
    return shifted


def longest_spell(holds: NDArray[np.bool_], values: Array) -> tuple[Array, Array]:
    """Length [h] of the longest run of true along the last axis, and the mean of ``values`` in it (NaN without one)."""
    length, total = np.zeros(holds.shape[:-1]), np.zeros(holds.shape[:-1])
    best, best_total = length.copy(), total.copy()
    for hour in range(holds.shape[-1]):
        on = holds[..., hour]
        length = np.where(on, length + 1.0, 0.0)
        total = np.where(on, total + np.nan_to_num(values[..., hour]), 0.0)
        longer = length > best
        best, best_total = np.where(longer, length, best), np.where(longer, total, best_total)
    return best, best_total / np.where(best > 0.0, best, np.nan)
