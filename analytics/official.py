"""Measures of the official levels: of days in a row with the day that goes on, of rain hour by hour, of water and wind.

A level of the law is told by the hour: a day's maximum counts as soon as it was read, a day's mean as soon as the hours
to come cannot lift it out of its band (`analytics.measure.day_mean_below`), rain and water by the hour.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analytics.grid import Array, hourly, of_values
from analytics.index import Window
from analytics.indices import law, spells
from analytics.indices.hours import sliding_sum
from analytics.indices.rain import beaufort
from analytics.indices.spells import Counts
from analytics.measure import WHOLE_DAY, WHOLE_SUM, day_mean_below
from analytics.quality.evidence import evidence
from analytics.rule import Facts, Measure
from telemetry.unknown import Why

#: From this local hour on people are told what the morrow brings if it is like today.
EVENING = 18
_DAY, _HALF = 24, 12
#: Days in a row of rain that are told apart.
_MOST_DAYS = 5


class Spell(NamedTuple):
    """A kind of days in a row: how days are counted, what level they reach, and where levels of past days stand."""

    name: str
    counted: Callable[[Window, Array], Counts]
    levels: Callable[[Window, Counts], Array]


COLD = Spell("damaging_cold_level", spells.cold_of, spells.cold_levels)
HEAT = Spell("heat_level", spells.heat_of, spells.heat_levels)
FIRE = Spell("forest_fire_level", spells.fire_of, spells.fire_levels)


def damaging_cold(facts: Facts) -> Measure:
    """Level of Điều 53 by days in a row, of the day that goes on as soon as its mean is certain enough."""
    return _followed(facts, COLD, day_mean_below("air_temperature")(facts))


def heat(facts: Facts) -> Measure:
    """Level of Điều 47 by days in a row, of the day that goes on by its highest reading so far."""
    return _followed(facts, HEAT, _hottest(facts))


def forest_fire(facts: Facts) -> Measure:
    """Level of Điều 54 by days in a row above 35 °C."""
    return _followed(facts, FIRE, _hottest(facts))


def damaging_cold_tomorrow(facts: Facts) -> Measure:
    """Higher level that Điều 53 will give tomorrow if that is like today; 0: none that is higher."""
    return _tomorrow(facts, COLD, day_mean_below("air_temperature")(facts))


def heat_tomorrow(facts: Facts) -> Measure:
    """The same of Điều 47."""
    return _tomorrow(facts, HEAT, _hottest(facts))


def _hottest(facts: Facts) -> Measure:
    summary = facts.window.summary("air_temperature")
    whole = facts.over() & (summary.completeness >= WHOLE_DAY)
    hot = summary.maximum > law.HEAT_BANDS[0]
    return Measure(np.where(whole | hot | ~facts.over(), summary.maximum, np.nan), whole)


def _followed(facts: Facts, spell: Spell, of_day: Measure) -> Measure:
    window = facts.window
    value = of_day.value[:, window.lead :]
    level = _with_past(facts, spell, spell.levels(window, spell.counted(window, value)), value)
    return Measure(level, of_day.whole, why=_unset(of_day.value, level))


def _tomorrow(facts: Facts, spell: Spell, of_day: Measure) -> Measure:
    """Known of an evening and not earlier; of a day that is over, what all of that day says of the next."""
    window, grid = facts.window, facts.window.grid
    value = of_day.value[:, window.lead :]
    counts = spell.counted(window, value)
    # tomorrow like today: every run that today goes on with is one day longer
    morrow = Counts(np.where(counts.days > 0.0, counts.days + 1.0, 0.0), counts.state)
    level, higher = spell.levels(window, counts), spell.levels(window, morrow)
    said = facts.now >= grid.day_starts + np.timedelta64(EVENING, "h")
    found = np.full(window.shape, np.nan)
    found[:, window.lead :] = np.where(np.isfinite(value), np.where(higher > level, higher, 0.0 * higher), np.nan)
    return Measure(np.where(said, found, np.nan), facts.over(), hold=_context(window))


def _context(window: Window) -> NDArray[np.bool_]:
    """(places, days) days before the computed ones: what was said then stays said."""
    return np.broadcast_to(np.arange(window.grid.days) < window.lead, window.shape)


def _with_past(facts: Facts, spell: Spell, level: Array, value: Array) -> Array:
    """Levels of a window, the context days' as they are stored, NaN where the day itself is not known."""
    found = facts.indices[spell.name].copy()
    found[:, facts.window.lead :] = np.where(np.isfinite(value), level, np.nan)
    return found


def _unset(value: Array, level: Array) -> NDArray[np.uint8]:
    """Where a day is known and its level is not: the region is not given."""
    return np.asarray((np.isfinite(value) & np.isnan(level)) * np.uint8(Why.PROPERTY))


class RainDays(NamedTuple):
    """Rain of Điều 44 at each hour."""

    #: (places, hours, 3) days in a row, back from the hour, with 100 mm in 24 hours (50 in 12), over 200, over 400.
    days: Array
    #: (places, hours) enough of the last 24 hours was measured, and anything at all.
    whole: NDArray[np.bool_]
    seen: NDArray[np.bool_]


def rain_days(fallen: Array) -> RainDays:
    """Days in a row of heavy rain, back from each hour by 24 hours at a time; ``fallen`` is (places, hours) [mm]."""
    amount = np.asarray(np.round(sliding_sum(fallen, _DAY), 6), dtype=np.float64)
    half = np.asarray(np.round(sliding_sum(fallen, _HALF), 6), dtype=np.float64)
    share = np.nan_to_num(sliding_sum(np.where(np.isfinite(fallen), 1.0, np.nan), _DAY)) / _DAY
    days = np.zeros((*fallen.shape, len(law.RAIN_BANDS)))
    heavy = np.flatnonzero((half >= law.RAIN_HALF_DAY).any(axis=1))
    if heavy.size:
        days[heavy] = _blocks(amount[heavy], half[heavy])
    return RainDays(days, share >= WHOLE_SUM, share > 0.0)


def _blocks(amount: Array, half: Array) -> Array:
    hours = amount.shape[1]
    padded = np.concatenate((np.full((half.shape[0], _HALF), np.nan), half), axis=1)
    best_half = np.fmax.reduce(sliding_window_view(padded, _HALF + 1, axis=1), axis=2)
    first, second, third = law.RAIN_BANDS
    inside = np.stack(((amount >= first) | (best_half >= law.RAIN_HALF_DAY), amount > second, amount > third), axis=-1)
    days, going = inside.astype(np.float64), inside.copy()
    for back in range(1, _MOST_DAYS):
        if back * _DAY >= hours:
            break
        earlier = np.zeros_like(inside)
        earlier[:, back * _DAY :] = inside[:, : -back * _DAY]
        going &= earlier
        days += going
    return days


def heavy_rain(facts: Facts) -> Measure:
    """Level of Điều 44 by rain of the last 24 hours and of those before; its extent is not known of one station."""
    window = facts.window
    found = window.once("heavy_rain_days", lambda _: rain_days(_fallen(window)))
    terrain = window.places.property("rain_terrain")[:, None]
    level = law.heavy_rain_level(found.days, np.nan, terrain)
    level = np.where(found.seen, level, np.nan)
    unset = (found.seen & np.isnan(level)) * np.uint8(Why.PROPERTY)
    return Measure(level, found.whole, why=unset)


def _fallen(window: Window) -> Array:
    return hourly(window.grid, of_values(evidence(window).borne)).total


def flood(facts: Facts) -> Measure:
    """Level of Điều 45 by the water's height at a river's station, hour by hour."""
    window = facts.window
    height = window.hourly("water_level").mean
    first, second, third, zone, historic, basins = (
        window.places.property(name)[:, None]
        for name in ("mark_1", "mark_2", "mark_3", "flood_zone", "flood_historic", "flood_several_basins")
    )
    level = law.flood_level(height, first, second, third, zone, historic, basins)
    unset = (np.isfinite(height) & np.isnan(level)) * np.uint8(Why.PROPERTY)
    return Measure(np.asarray(level), why=unset)


def storm(facts: Facts) -> Measure:
    """Level of Điều 42 by the mean wind."""
    speed = facts.window.series("wind_speed")
    level = law.storm_level(beaufort(speed), facts.window.places.property("storm_region")[:, None])
    return Measure(level, why=(np.isfinite(speed) & np.isnan(level)) * np.uint8(Why.PROPERTY))
