"""Days in a row within the bands of the law's tables, and the levels that they reach: cold, heat, forest fire."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_place, series
from analytics.indices import law
from telemetry.quantities import Aggregate
from telemetry.unknown import Why

#: A day speaks for itself when so much of its hours was measured: 18 of 24.
WHOLE_DAY = 0.75
#: Missing days that neither end a spell nor count; one more ends it [d].
GAP = 2.0
#: What holds where a region or zone is not given.
AGREED = "only what all regions of the article agree on is known"
#: Values lie on tenths: what rounding adds beyond this is none of the measurement.
_DIGITS = 6


class Counts(NamedTuple):
    """Days in a row and what is carried on; (..., days, bands) [d] and (..., days, bands + 1) [d]."""

    days: Array
    state: Array


def spell_days(within: Values, before: Values) -> Counts:
    """Days in a row that lie within each of several bands, after each day.

    Parameters
    ----------
    within : (..., days, bands) array
        1 where a day lies within a band, 0 where not, NaN where nothing is known of it [1].
    before : (..., bands + 1) array
        Days in a row in each band before the first day [d], and the missing days that they ended with [d].

    Returns
    -------
    days : (..., days, bands) array
        Days in a row; one that is missing neither counts nor ends them, a third in a row does [d].
    state : (..., days, bands + 1) array
        The same and the missing days, to go on from [d].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 47, 53, 54: "kéo dài từ … ngày đến … ngày".
    """
    inside = np.asarray(within, dtype=np.float64)
    missing = np.isnan(inside[..., 0])
    state = np.empty((*inside.shape[:-1], inside.shape[-1] + 1))
    now = np.asarray(before, dtype=np.float64)
    for day in range(inside.shape[-2]):
        gap = np.where(missing[..., day], now[..., -1] + 1.0, 0.0)[..., None]
        runs = now[..., :-1]
        known = np.where(inside[..., day, :] == 1.0, runs + 1.0, 0.0)
        now = np.concatenate((np.where(gap == 0.0, known, np.where(gap <= GAP, runs, 0.0)), gap), axis=-1)
        state[..., day, :] = now
    return Counts(state[..., :-1], state)


def cold_bands(mean: Values) -> Array:
    """(..., 4) 1 where a daily mean [Cel] lies below the upper end of a band of Điều 53, NaN where it is missing."""
    value = np.round(np.asarray(mean, dtype=np.float64), _DIGITS)
    found = [value <= end if holds else value < end for end, holds in law.COLD_BANDS]
    return np.where(np.isnan(value)[..., None], np.nan, np.stack(found, axis=-1).astype(np.float64))


def heat_bands(maximum: Values, from_35: Values = 0.0) -> Array:
    """(..., 4) 1 where a day's maximum [Cel] lies above the lower end of a band of Điều 47, NaN where it is missing.

    ``from_35`` is 1 where 35.0 itself is a hot day, as Điều 47 may be read; Điều 5(21) says over 35.
    """
    value = np.round(np.asarray(maximum, dtype=np.float64), _DIGITS)
    found = np.stack([value > end for end in law.HEAT_BANDS], axis=-1).astype(np.float64)
    found[..., 0] = np.where(np.equal(from_35, 1.0) & (value == law.HEAT_BANDS[0]), 1.0, found[..., 0])
    return np.where(np.isnan(value)[..., None], np.nan, found)


def cold_of(window: Window, mean: Array) -> Counts:
    """Days in a row of a window from ``lead`` on, by daily means of those days [Cel]."""
    return spell_days(cold_bands(mean), window.state(COLD))


def heat_of(window: Window, maximum: Array) -> Counts:
    """Days in a row of a window from ``lead`` on, by maxima of those days [Cel]."""
    from_35 = window.places.property("hot_day_from_35")[:, None]
    return spell_days(heat_bands(maximum, from_35), window.state(HEAT))


def fire_of(window: Window, maximum: Array) -> Counts:
    """The same of Điều 54, of days above 35 °C."""
    return spell_days(heat_bands(maximum)[..., :1], window.state(FIRE))


def cold_levels(window: Window, counts: Counts) -> Array:
    """(places, days) levels of Điều 53."""
    return np.asarray(law.cold_level(counts.days, window.places.property("cold_zone")[:, None]))


def heat_levels(window: Window, counts: Counts) -> Array:
    """(places, days) levels of Điều 47."""
    return np.asarray(law.heat_level(counts.days, window.places.property("heat_region")[:, None]))


def fire_levels(window: Window, counts: Counts) -> Array:
    """(places, days) levels of Điều 54."""
    zone, dried = (window.places.property(name)[:, None] for name in ("fire_zone", "fire_water_dried"))
    return np.asarray(law.forest_fire_level(counts.days[..., 0], zone, dried))


def _day_means(window: Window) -> Array:
    summary = window.summary("air_temperature")
    return np.where(summary.completeness >= WHOLE_DAY, summary.mean, np.nan)[:, window.lead :]


def _day_maxima(window: Window) -> Array:
    """Maxima of whole days, and of others that were hot for all that is known."""
    summary = window.summary("air_temperature")
    sure = (summary.completeness >= WHOLE_DAY) | (summary.maximum > law.HEAT_BANDS[0])
    return np.where(sure, summary.maximum, np.nan)[:, window.lead :]


def _result(window: Window, counts: Counts, level: Array, known: NDArray[np.bool_]) -> Result:
    """Levels of the days from ``lead`` on; where a level is not known although the day is, its region is not."""
    value = np.full(window.shape, np.nan)
    state = np.full((*window.shape, counts.state.shape[-1]), np.nan)
    value[:, window.lead :] = np.where(known, level, np.nan)
    state[:, window.lead :] = counts.state
    why = np.zeros(window.shape, np.uint8)
    why[:, window.lead :] = (known & np.isnan(level)) * np.uint8(Why.PROPERTY)
    return Result(value, window.summary("air_temperature").completeness, None, state, why)


def _cold(window: Window) -> Result:
    mean = _day_means(window)
    counts = cold_of(window, mean)
    return _result(window, counts, cold_levels(window, counts), np.isfinite(mean))


def _heat(window: Window) -> Result:
    maximum = _day_maxima(window)
    counts = heat_of(window, maximum)
    return _result(window, counts, heat_levels(window, counts), np.isfinite(maximum))


def _fire(window: Window) -> Result:
    maximum = _day_maxima(window)
    counts = fire_of(window, maximum)
    return _result(window, counts, fire_levels(window, counts), np.isfinite(maximum))


_SEEN = series("air_temperature")
_GAP_STATE = State("missing", "d", 0.0)
_NOTE = (
    "A station's proxy of an areal criterion that speaks of what is forecast. A missing day neither counts nor ends a "
    "spell; a third in a row does. "
)

COLD = Index(
    name="damaging_cold_level", unit="1", needs=(_SEEN, of_place("cold_zone", AGREED)), compute=_cold,
    kernel=law.cold_level, source="QĐ 18/2021/QĐ-TTg, Điều 53",
    equation="days in a row with a mean < 13, ≤ 8, ≤ 4, < 0 °C × zone, the highest level of any",
    example=Example({"days": [9.0, 6.0, 0.0, 0.0], "zone": 1.0}, 1.0, 0.0, "Điều 53, mountains: > 4–8 °C, > 5–10 days"),
    completeness=0.0, aggregate=Aggregate.MAXIMUM, bounded=frozenset({"zone"}),
    state=(*(State(f"days_{name}", "d", 0.0) for name in ("13", "8", "4", "0")), _GAP_STATE), note=_NOTE,
)  # fmt: skip

HEAT = Index(
    name="heat_level", unit="1",
    needs=(_SEEN, of_place("heat_region", AGREED), of_place("hot_day_from_35", "over 35 °C (Điều 5(21))")),
    compute=_heat, kernel=law.heat_level, source="QĐ 18/2021/QĐ-TTg, Điều 5(21) and 47",
    equation="days in a row with a maximum > 35, > 37, > 39, > 41 °C × region, the highest level of any",
    example=Example({"days": [6.0, 6.0, 6.0, 0.0], "region": 1.0}, 2.0, 0.0, "Điều 47, Bắc Bộ: > 39–41 °C, 6 days"),
    completeness=0.0, aggregate=Aggregate.MAXIMUM, bounded=frozenset({"region"}),
    state=(*(State(f"days_{name}", "d", 0.0) for name in ("35", "37", "39", "41")), _GAP_STATE),
    note=_NOTE + "A day of which not all was measured counts where what was measured is hot.",
)  # fmt: skip

FIRE = Index(
    name="forest_fire_level", unit="1",
    needs=(_SEEN, of_place("fire_zone", AGREED), of_place("fire_water_dried", "zone 1: not known")),
    compute=_fire, kernel=law.forest_fire_level, source="QĐ 18/2021/QĐ-TTg, Điều 54",
    equation="days in a row with a maximum > 35 °C × fire zone",
    example=Example({"days": 16.0, "zone": 3.0}, 3.0, 0.0, "Điều 54, zone 3: up to 25 days"),
    completeness=0.0, aggregate=Aggregate.MAXIMUM, bounded=frozenset({"zone"}),
    state=(State("days_35", "d", 0.0), _GAP_STATE),
    note=_NOTE + "Zone 2 from the 16th to the 35th day stands under level 2 and level 3 of the article: 2 is taken. "
    "Level 1 of zone 2 in days below 35 °C is left out: every cool day would be one.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (COLD, HEAT, FIRE)
