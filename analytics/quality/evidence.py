"""Rain of a window by what bears it out: what heavy-rain rules may add up, and what is told as one reading alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.grid import Array
from analytics.index import Window
from analytics.quality.bucket import Buckets, large_buckets, periods

RAIN = "precipitation"


@dataclass(frozen=True, slots=True)
class Gathered:
    """All rain that was read and may be true; every array is (places, steps)."""

    #: Rain of each step, and the largest reading in it, NaN where nothing was read [mm].
    total: Array
    largest: Array
    #: For how long a reading collected [s].
    period: Array
    #: Rain of further gauges of the place [mm].
    beside: Array


@dataclass(frozen=True, slots=True)
class Evidence:
    """Rain as the rules take it; every array is (places, steps)."""

    #: Borne out, NaN where nothing was read or where one bucket says it alone [mm].
    borne: Array
    #: Of large buckets that nothing before bears out, 0 in other steps that were read [mm].
    sudden: Array
    #: For how long the rain of each step may have been collected [s].
    period: Array


def gathered(window: Window) -> Gathered:
    """Readings that stand and readings in doubt together."""
    read, doubt = window.readings.get(RAIN), window.doubted.get(RAIN)
    nothing = np.full((window.grid.places, window.grid.steps), np.nan)
    total, largest = (nothing, nothing) if read is None else (read.value, read.maximum)
    if doubt is not None:
        total = np.where(np.isnan(total), doubt.value, total + np.nan_to_num(doubt.value))
        largest = np.fmax(largest, doubt.maximum)
    said = window.declared.get(RAIN, np.full(window.grid.places, np.nan))
    return Gathered(total, largest, periods(np.isfinite(total), window.grid.step, said), _beside(window, total))


def _beside(window: Window, total: Array) -> Array:
    """Rain of gauges at other levels; the main one stands under its level too."""
    found = np.zeros(total.shape)
    for name, series in window.readings.items():
        if name.startswith(f"{RAIN}/"):
            own = np.isclose(series.value, total, equal_nan=True).all(axis=1, keepdims=True)
            found += np.where(own, 0.0, np.nan_to_num(series.value))
    return found


def buckets_of(window: Window) -> tuple[Gathered, Buckets]:
    """Its rain and the large buckets of it."""
    rain = gathered(window)
    return rain, large_buckets(rain.total, rain.largest, rain.period, window.grid.step, rain.beside)


def evidence(window: Window) -> Evidence:
    """What of a window's rain is borne out, and what came suddenly; found once."""
    return window.once("rain evidence", _evidence)


def _evidence(window: Window) -> Evidence:
    rain, large = buckets_of(window)
    borne, sudden = rain.total.copy(), np.where(np.isnan(rain.total), np.nan, 0.0)
    vouched = window.vouched.get(RAIN)
    told = np.zeros(large.row.size, np.bool_) if vouched is None else vouched[large.row, large.step]
    doubtful = ~large.borne & ~told
    borne[large.row[doubtful], large.step[doubtful]] = np.nan
    new = large.sudden & ~told
    sudden[large.row[new], large.step[new]] = large.amount[new]
    return Evidence(borne, sudden, rain.period)
