"""Measures that several rules share: daily means, also of a day that goes on, extremes, sliding sums, silence.

A mean that decides. A day's mean is below a limit long before midnight: as soon as the hours to come, as warm as they
may plausibly get, cannot lift it to the limit. `day_mean_below` gives for a day that goes on that highest mean it can
still reach, and the lowest, so that a class is entered once, when it is certain. It raises a level and lowers none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from analytics.grid import HOUR, Array, hourly, of_values
from analytics.indices.flash_flood import hourly_level
from analytics.indices.livestock import hourly_felt
from analytics.quality.evidence import evidence
from analytics.rule import Facts, Measure
from telemetry.unknown import Why

#: A day speaks for itself when so much of its hours was measured: 18 of 24.
WHOLE_DAY = 0.75
#: A sliding sum is whole when so many of its hours were measured.
WHOLE_SUM = 0.8
#: Time in which rain fell [s], and how much of it is grave [mm]: level 2 of the rules of rain in 10 and 60 minutes.
SUDDEN_FROM = ((600.0, 3600.0), (20.0, 50.0))

Condition = Callable[[Facts], Measure]


class RestOfDay(NamedTuple):
    """How a quantity goes on in a day: for each local hour, what the mean of it and of the rest of the day may become.

    Both are less the hour's first reading [the quantity's unit].
    """

    rise: tuple[float, ...]
    fall: tuple[float, ...]


#: By quantity. Of air temperature the widest 99 % and 5 % quantiles, rounded outward, of 5,204 days with a mean below
#: 20 °C at Chengdu, Shanghai, Beijing and Shenyang (hourly, 2010-2015: "PM2.5 Data of Five Chinese Cities", UCI).
#: Tried at Guangzhou, of which they are not: no day of six years was decided wrongly. From 13 h it is persistence,
#: 1 to 2 K allowed for.
REST_OF_DAY: Mapping[str, RestOfDay] = {
    "air_temperature": RestOfDay(
        rise=(
            9.5, 10.0, 10.5, 11.0, 12.0, 12.5, 13.0, 12.5, 10.5, 8.5, 6.5, 4.5,
            2.5, 1.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.5, 2.0, 2.0, 1.5, 0.0,
        ),
        fall=(
            -3.5, -3.0, -3.0, -2.5, -2.5, -2.0, -1.5, -1.5, -1.5, -2.5, -3.0, -3.5,
            -4.5, -5.5, -6.0, -7.0, -6.5, -6.0, -5.0, -4.0, -3.0, -2.5, -1.5, 0.0,
        ),
    ),
}  # fmt: skip


def day_mean(quantity: str) -> Condition:
    """Mean of a local day that has ended and was measured for most of its hours."""

    def condition(facts: Facts) -> Measure:
        summary = facts.window.summary(quantity)
        whole = facts.over() & (summary.completeness >= WHOLE_DAY)
        return Measure(np.where(whole, summary.mean, np.nan))

    return condition


def day_mean_below(quantity: str) -> Condition:
    """Mean of a local day that has ended; of one that goes on, or was not read to its end, the highest it can be."""

    def condition(facts: Facts) -> Measure:
        return facts.window.once(f"day_mean_below {quantity}", lambda _: _mean_below(facts, quantity))

    return condition


def _mean_below(facts: Facts, quantity: str) -> Measure:
    summary = facts.window.summary(quantity)
    whole = facts.over() & (summary.completeness >= WHOLE_DAY)
    value = np.where(whole, summary.mean, np.nan)
    days = np.flatnonzero(~whole.all(axis=0))
    if quantity not in REST_OF_DAY or not days.size:
        return Measure(value, whole)
    grid = facts.window.grid
    found = grid.by_day(facts.window.series(quantity))[:, days]
    hours = found.reshape(*found.shape[:2], -1, HOUR // grid.step)
    span = means_within(hours, grid.day_hours[:, days], REST_OF_DAY[quantity])
    worst = np.full(value.shape, np.nan)
    worst[:, days] = span.lowest
    value[:, days] = np.where(whole[:, days], value[:, days], span.highest)
    return Measure(value, whole, bound=~whole, worst=worst)


class MeanSpan(NamedTuple):
    """Between what the mean of a day will be; (places, days) [unit]."""

    lowest: Array
    highest: Array


def means_within(steps: Array, length: Array, rest: RestOfDay) -> MeanSpan:
    """Between what a day's mean will be, by what was read of it so far.

    Parameters
    ----------
    steps : (places, days, hours, steps of an hour) array
        Readings, NaN where there is none [unit].
    length : (places, days) array
        Hours of each day [h].
    rest : RestOfDay
        What the rest of a day may become after each hour's first reading [unit].

    Returns
    -------
    MeanSpan
        The narrowest of the spans found at each hour read; NaN where none was, or too few can still be.

    Notes
    -----
    The span at an hour is of what was known when that hour was first read, so it never widens again: what was decided
    by it stays decided until the day's mean is known.
    """
    present = np.isfinite(steps)
    count = present.sum(axis=3)
    seen = count > 0
    sums = np.where(present, steps, 0.0).sum(axis=3)
    means = np.divide(sums, count, out=np.zeros_like(sums), where=seen)
    first = np.take_along_axis(steps, present.argmax(axis=3)[..., None], axis=3)[..., 0]
    total, known = np.cumsum(means, axis=2) - means, np.cumsum(seen, axis=2) - seen
    hour = np.arange(steps.shape[2])
    left = length[..., None] - hour
    least = np.maximum(np.ceil(WHOLE_DAY * length)[..., None] - known, 0.0)
    enough = seen & (least <= left)
    ends = []
    for limits, outer, inner in ((rest.fall, np.fmin, np.fmax), (rest.rise, np.fmax, np.fmin)):
        limit = first + np.asarray(limits)[np.minimum(hour, len(limits) - 1)]
        both = outer(_mixed(total, known, limit, left), _mixed(total, known, limit, np.minimum(least, left)))
        ends.append(inner.reduce(np.where(enough, both, np.nan), axis=2))
    return MeanSpan(*ends)


def _mixed(total: Array, known: Array, limit: Array, further: Array) -> Array:
    """Mean of ``known`` hours of this total and of further ones at a limit; NaN where that is of none."""
    hours = known + further
    mixed: Array = np.divide(total + limit * further, hours, out=np.full(hours.shape, np.nan), where=hours > 0)
    return mixed


def day_maximum(quantity: str) -> Condition:
    """Largest reading of a local day so far; the absence of more is known when a whole day has ended."""

    def condition(facts: Facts) -> Measure:
        summary = facts.window.summary(quantity)
        return Measure(summary.maximum, facts.over() & (summary.completeness >= WHOLE_DAY))

    return condition


def day_minimum(quantity: str) -> Condition:
    """Smallest reading of a local day so far; the absence of less is known when a whole day has ended."""

    def condition(facts: Facts) -> Measure:
        summary = facts.window.summary(quantity)
        return Measure(summary.minimum, facts.over() & (summary.completeness >= WHOLE_DAY))

    return condition


def rain_sum(hours: int) -> Condition:
    """Rain of the last so many hours that is borne out, hour by hour."""

    def condition(facts: Facts) -> Measure:
        total = hourly(facts.window.grid, of_values(evidence(facts.window).borne)).total
        seen = np.isfinite(total)
        amount = _sliding(np.where(seen, total, 0.0), hours)
        share = _sliding(seen.astype(np.float64), hours) / hours
        return Measure(np.where(share > 0, amount, np.nan), share >= WHOLE_SUM)

    return condition


def sudden_rain(facts: Facts) -> Measure:
    """Largest bucket of the last hour that nothing before it bears out, step by step; 0 where there is none.

    Only those count that would open level 2 of the short rains, were they true: less is no danger to be told unsure.
    """
    found = evidence(facts.window)
    grave = np.interp(found.period, *SUDDEN_FROM)
    sudden = np.where(found.sudden < grave, 0.0, found.sudden)
    steps = HOUR // facts.window.grid.step
    padded = np.full((sudden.shape[0], sudden.shape[1] + steps - 1), np.nan)
    padded[:, steps - 1 :] = sudden
    return Measure(np.fmax.reduce(sliding_window_view(padded, steps, axis=1), axis=2))


def _sliding(values: Array, length: int) -> Array:
    """Sum of each value and the ``length`` − 1 before it, fewer at the beginning; never below zero by rounding."""
    total = np.cumsum(values, axis=1)
    total[:, length:] -= total[:, :-length].copy()
    return np.round(total, 6)


def current(quantity: str) -> Condition:
    """Mean of a quantity in each step."""

    def condition(facts: Facts) -> Measure:
        return Measure(facts.window.series(quantity))

    return condition


def highest(quantity: str) -> Condition:
    """Largest reading in each step."""

    def condition(facts: Facts) -> Measure:
        found = facts.window.readings.get(quantity)
        return Measure(facts.window.series(quantity) if found is None else found.maximum)

    return condition


def of_index(name: str) -> Condition:
    """Value of a daily index, of days that have ended."""

    def condition(facts: Facts) -> Measure:
        return Measure(np.where(facts.over(), facts.indices[name], np.nan))

    return condition


def of_season(season: str, unsown: str) -> Condition:
    """Value of a daily index of a crop season; of a place where nothing was entered, of the one that stands for it."""

    def condition(facts: Facts) -> Measure:
        found = facts.indices.get(unsown if facts.window.season is None else season)
        return Measure(np.full(facts.window.shape, np.nan) if found is None else np.where(facts.over(), found, np.nan))

    return condition


def calendar(season: str, unsown: str) -> Condition:
    """Days that a calendar has left, as `of_season`; below 0 where none is running."""
    told = of_season(season, unsown)

    def condition(facts: Facts) -> Measure:
        return Measure(np.where(facts.over(), np.nan_to_num(told(facts).value, nan=-1.0), np.nan))

    return condition


def overdue(facts: Facts) -> Measure:
    """Hours by which the next reading of a place is overdue, at the beginning of each step; never heard is unknown."""
    grid = facts.window.grid
    steps = np.arange(grid.steps)
    last = np.maximum.accumulate(np.where(facts.present, steps, -1), axis=1)
    age = (steps - last) * (grid.step / 3600.0)
    before = last < 0
    if before.any():
        since = (grid.times() - facts.heard[:, None]) / np.timedelta64(3600, "s")
        age = np.where(before, since, age)
    late = np.maximum(age - expected_within(facts.interval)[:, None] / 3600.0, 0.0)
    # a station that stopped for good is not silent, nor is one of which nobody knows whether it did
    last_heard = np.where(before, facts.heard[:, None], grid.times()[:, :1] + last * np.timedelta64(grid.step, "s"))
    stopped = (facts.ended[:, None] <= grid.times()) & ~(last_heard > facts.ended[:, None] + _DAY)
    record = facts.ended[:, None] == np.datetime64(0, "s")
    return Measure(np.where(stopped | record, 0.0, np.where(age > FORGOTTEN, np.nan, late)))


#: Not heard for longer than this [h], 400 days, a station is no longer silent but unknown.
FORGOTTEN = 400 * 24.0
_DAY = np.timedelta64(86_400, "s")


def expected_within(interval: Array) -> Array:
    """(places,) [s] within which the next reading is expected: the interval, a quarter more where people may be late.

    Where no interval is known yet a day is allowed: nothing is guessed from a first reading.
    """
    interval = np.where(np.isfinite(interval), interval, 86_400.0)
    return np.asarray(np.where(interval >= 6 * 3600.0, 1.25 * interval, interval))


def trouble(kind: str) -> Condition:
    """Hours for which something has been wrong with a station's gateway, at the beginning of each step."""

    def condition(facts: Facts) -> Measure:
        grid = facts.window.grid
        return Measure(facts.troubles.get(kind, np.zeros((grid.places, grid.steps))))

    return condition


def month_end(name: str) -> Condition:
    """Value of a monthly index; between the ends of months the level stays."""

    def condition(facts: Facts) -> Measure:
        dates = facts.window.grid.dates
        last = (dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")
        closing = facts.over() & last
        return Measure(np.where(closing, facts.indices[name], np.nan), hold=~closing)

    return condition


def of_hour(name: str) -> Condition:
    """Value of an hourly index."""

    def condition(facts: Facts) -> Measure:
        found = facts.window.values.get(name)
        grid = facts.window.grid
        hours = (grid.places, grid.steps * grid.step // 3600)
        return Measure(np.full(hours, np.nan) if found is None else found.value)

    return condition


def hour_of(kernel: Callable[..., Array], *quantities: str) -> Condition:
    """Value of a kernel on hourly means."""

    def condition(facts: Facts) -> Measure:
        return Measure(kernel(*(facts.window.hourly(quantity).mean for quantity in quantities)))

    return condition


def felt_by_cattle(facts: Facts) -> Measure:
    """How cold each hour is for cattle and buffalo outdoors, wind and a wet coat counted."""
    return Measure(hourly_felt(facts.window))


def short_rain(minutes: int) -> Condition:
    """Rain over so many minutes that is borne out, step by step; only of stations that report at least as often."""

    def condition(facts: Facts) -> Measure:
        found = evidence(facts.window)
        # what came after a long gap may be of all the gap
        value = np.where(found.period > 180.0 * minutes, np.nan, found.borne)
        steps = max(minutes * 60 // facts.window.grid.step, 1)
        seen = np.isfinite(value)
        amount = _sliding(np.where(seen, value, 0.0), steps)
        often = np.nan_to_num(facts.interval, nan=np.inf) <= minutes * 60
        # a reading speaks for all the time in which it collected: one an hour covers its hour
        covered = np.where(seen, np.clip(found.period, facts.window.grid.step, 60.0 * minutes), 0.0)
        share = _sliding(covered, steps) / (60.0 * minutes)
        seldom = np.broadcast_to(~often[:, None], value.shape) * np.uint8(Why.SELDOM)
        return Measure(np.where(often[:, None] & (share > 0), amount, np.nan), share >= WHOLE_SUM, why=seldom)

    return condition


def flash_flood(facts: Facts) -> Measure:
    """Level of flash flood by rain of the 24 hours that end with each hour."""
    hourly = facts.window.once("flash_flood", hourly_level)
    return Measure(hourly.level, hourly.whole, why=hourly.undefined * np.uint8(Why.UNDEFINED))


def doubted(check: str) -> Condition:
    """Hours of a day in which a check doubted one of the sensors."""

    def condition(facts: Facts) -> Measure:
        shape = facts.window.shape
        return Measure(facts.doubted.get(check, np.zeros(shape)) + np.zeros(shape), facts.over())

    return condition
