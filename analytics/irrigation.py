"""Measures of the rules of irrigation: by days that have ended, and of today by the water that came since.

What evaporates today is known at its end; what was poured or fell on the field is known now. So today's water can end
an alert at once and never begin one: it counts only beside a known yesterday, and where it leaves the field better off.
"""

from __future__ import annotations

import numpy as np

from analytics.grid import Array
from analytics.index import Window
from analytics.indices.crop_stage import days_since_sowing
from analytics.indices.crop_water import depletion_fraction, poured, soil
from analytics.indices.irrigation_need import days_to_irrigation, harvested
from analytics.indices.paddy import Field, stored, tube, unasked, water_margin
from analytics.rule import Facts, Flags, Measure

#: Irrigation of so much in a day is a watering: of that day nothing more is asked. [mm]
WATERING = 10.0


def irrigation_left(facts: Facts) -> Measure:
    """Days until irrigation is due, of a crop that does not stand in water [d]."""
    window, over = facts.window, facts.over()
    available, fraction, _ = soil(window)
    use = _mean_use(facts)
    water = _today(window)
    depletion = _before(facts.indices["root_zone_depletion"]) - water
    left = days_to_irrigation(depletion, available, depletion_fraction(fraction, use), use)
    ended = facts.indices["days_to_irrigation"]
    value = np.where(over, ended, np.where(left > _before(ended), left, np.nan))
    return Measure(value, why=_why(window, "days_to_irrigation"), unasked=_watered(window) | harvested(window))


def field_water(facts: Facts) -> Measure:
    """Water of a flooded field over that at which it is to be irrigated [mm]."""
    window, over, field = facts.window, facts.over(), Field.of(facts.window)
    threshold = field.threshold(days_since_sowing(window))
    water, shown = _today(window), tube(window)
    held = np.minimum(stored(_before(facts.indices["paddy_water_level"]), field.porosity) + water, field.bund)
    ended = facts.indices["paddy_water_margin"]
    margin = held - stored(threshold, field.porosity)
    now = np.where(margin > _before(ended), margin, np.nan)
    now = np.where(np.isfinite(shown), water_margin(shown, threshold, field.porosity), now)
    value = np.where(over, ended, now)
    nothing = np.isnan(value) & unasked(window)
    return Measure(value, why=_why(window, "paddy_water_margin"), unasked=_watered(window) | nothing)


def _before(value: Array) -> Array:
    """(rows, days) value of the day before."""
    return np.concatenate((np.full((len(value), 1), np.nan), value[:, :-1]), axis=1)


def _today(window: Window) -> Array:
    """(rows, days) rain and irrigation of a day so far [mm]."""
    return np.asarray(poured(window) + np.nan_to_num(window.summary("precipitation").total))


def _watered(window: Window) -> Flags:
    """(rows, days) days on which somebody irrigated."""
    return np.asarray(poured(window) >= WATERING)


def _mean_use(facts: Facts) -> Array:
    """(rows, days) mean crop evapotranspiration of the five days before [mm d-1]."""
    use = np.concatenate(
        (np.full((facts.window.shape[0], 5), np.nan), facts.indices["crop_evapotranspiration"]), axis=1
    )
    spans = np.lib.stride_tricks.sliding_window_view(use, 5, axis=1)[:, :-1]
    known = np.isfinite(spans)
    return np.asarray(np.where(known, spans, 0.0).sum(axis=2) / np.where(known.any(axis=2), known.sum(axis=2), np.nan))


def _why(window: Window, name: str) -> np.typing.NDArray[np.uint8]:
    """(rows, days) why an index has no value; of days of context nothing more is known."""
    result = window.values.get(name)
    none = np.zeros(window.shape, np.uint8)
    return none if result is None or result.why is None else np.where(np.isnan(result.value), result.why, none)
