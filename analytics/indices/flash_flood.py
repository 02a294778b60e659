"""Flash flood and landslide by rain (Điều 46): the whole table, and what is certain of it where not all is known."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values, hourly, of_values
from analytics.index import Result, Window, of_place
from analytics.indices.hours import sliding_sum
from analytics.quality.evidence import evidence
from telemetry.unknown import Why

#: QĐ 18/2021/QĐ-TTg, Điều 46: levels by band of rain (over 100, 200, 400 mm), susceptibility (low … very high) and
#: region (1 … 4); 0 where the article gives none.
_ROWS = (
    ((1, 0, 0, 0), (1, 1, 0, 0), (2, 2, 1, 1), (3, 3, 2, 1)),
    ((1, 1, 0, 0), (2, 2, 1, 0), (3, 3, 2, 1), (3, 3, 3, 2)),
    ((2, 2, 1, 0), (2, 2, 2, 1), (3, 3, 2, 2), (3, 3, 3, 2)),
)
#: Lower ends of the bands [mm]: the first holds its own, the others do not ("từ 100 đến 200", "từ trên 200 đến 400").
LEAST_RAIN, MORE_RAIN, MOST_RAIN = 100.0, 200.0, 400.0
#: Days of rain before: at least so many for the first band, more than so many for the others.
FIRST_DAYS, LATER_DAYS = 1.0, 2.0
#: A day with so much rain is a day of rain [mm].
WET = 0.2
#: A dry day is known to be dry when so much of it was measured.
WHOLE_DAY = 0.75
#: A day's 24 hours are known when so many of them were measured.
WHOLE_SUM = 0.8
#: For Lạng Sơn, until its region is given.
USUAL_REGION = 2.0
#: Days before the window's first that can matter: three before a day on which 24 hours began.
BEFORE = 4


#: The properties of a place, and what is taken where they are not given.
OF_PLACE = (
    of_place("flash_flood_susceptibility", "the least level that is certain, and 1 where any reaches it"),
    of_place("flash_flood_region", "Khu vực 2"),
)


def _tables() -> tuple[Array, Array]:
    """Least and largest level (region, susceptibility, band); number 0 of each stands for "not known"."""
    known = np.zeros((4, 4, 4))
    known[:, :, 1:] = np.moveaxis(np.array(_ROWS, dtype=np.float64), (0, 1, 2), (2, 1, 0))
    found = []
    for extreme in (np.min, np.max):
        table = np.zeros((5, 5, 4))
        table[1:, 1:] = known
        table[0, 1:] = extreme(known, axis=0)
        table[:, 0] = extreme(table[:, 1:], axis=1)
        found.append(table)
    return found[0], found[1]


_LEAST, _LARGEST = _tables()


def flash_flood_level(day_rain: Values, days_before: Values, susceptibility: Values, region: Values) -> Values:
    """Disaster risk level of flash flood and landslide by rain.

    Where a row's days before are not met, the next lower row that is met holds. What is not known (NaN, or outside its
    range) leaves the level open between two: the lower holds, but 1 where any possibility reaches it.

    Parameters
    ----------
    day_rain : (...) array
        Rain of 24 hours; NaN gives NaN [mm].
    days_before : (...) array
        Days of rain before it; more than the first row's one to two meet it too [d].
    susceptibility : (...) array
        Of the place: 1 low, 2 medium, 3 high, 4 very high [1].
    region : (...) array
        1 to 4; Lạng Sơn has so far been taken for 2 [1].

    Returns
    -------
    (...) array
        Level 1 to 3; 0 below 100 mm and where the article gives none; NaN from 100 mm on where no row's days before
        are met: then the level is not defined by rain alone [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 46.
    """
    days = np.asarray(days_before, dtype=np.float64)
    known = days >= 0.0
    return between(day_rain, np.where(known, days, 0.0), np.where(known, days, np.inf), susceptibility, region)


def between(rain: Values, fewest: Values, most: Values, susceptibility: Values, region: Values) -> Values:
    """The same where the days before lie between two numbers [d]."""
    rain = np.asarray(rain, dtype=np.float64)
    low, high = _band(rain, np.asarray(fewest)), _band(rain, np.asarray(most))
    place = _number(region), _number(susceptibility)
    least = _LEAST[(*place, low)]
    level = np.maximum(least, np.minimum(_LARGEST[(*place, high)], 1.0))
    undefined = (rain >= LEAST_RAIN) & (low == 0) & (level == 0.0)
    return np.where(np.isnan(rain) | undefined, np.nan, level)


def _band(rain: Values, days: Values) -> NDArray[np.int64]:
    later = days > LATER_DAYS
    first = np.where((rain >= LEAST_RAIN) & (days >= FIRST_DAYS), 1, 0)
    return np.asarray(np.where((rain > MOST_RAIN) & later, 3, np.where((rain > MORE_RAIN) & later, 2, first)))


def _number(given: Values) -> NDArray[np.int64]:
    """1 to 4; 0 for what is none of them."""
    number = np.nan_to_num(np.asarray(given, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    return np.where(np.isin(number, (1.0, 2.0, 3.0, 4.0)), number, 0.0).astype(np.int64)


#: What was not known of a level; their sum numbers its method.
NO_REGION, NO_SUSCEPTIBILITY, NO_DAYS = 1, 2, 4
_ASSUMED = (
    "region unset: taken for 2",
    "susceptibility unset: least that is certain, at least 1 where any reaches it",
    "days before not all known: least that is certain, at least 1 where any reaches it",
)
METHODS = tuple("; ".join(text for bit, text in enumerate(_ASSUMED) if number >> bit & 1) for number in range(8))


class HourlyLevel(NamedTuple):
    """The level hour by hour; arrays are (places, hours)."""

    #: NaN where nothing is known, or the level is not defined by rain alone.
    level: Array
    #: Number of the method.
    method: NDArray[np.uint8]
    #: From 100 mm on, and no row's days before are met.
    undefined: NDArray[np.bool_]
    #: So many of the 24 hours were measured that the level may also fall.
    whole: NDArray[np.bool_]


def hourly_level(window: Window) -> HourlyLevel:
    """Level of the 24 hours that end with each hour.

    An observed proxy: the article speaks of rain warned of. Two readings of it count, whichever is higher: the 24 hours
    and the days of rain in a row before the day on which they began; and the rain since midnight and the days of rain
    in a row before today. So no rain counts as that of the 24 hours and as that of a day before.
    """
    # as the heavy-rain rules take it: one bucket that nothing bears out opens nothing
    fallen = hourly(window.grid, of_values(evidence(window).borne)).total
    rain = np.round(np.asarray(sliding_sum(fallen, 24), dtype=np.float64), 6)  # 200 mm in tenths is 200 mm
    share = np.nan_to_num(sliding_sum(np.where(np.isfinite(fallen), 1.0, np.nan), 24)) / 24.0
    region, grade = _of_places(window, rain.shape[0])
    assumed = ((_number(region) == 0) * NO_REGION + (_number(grade) == 0) * NO_SUSCEPTIBILITY).astype(np.uint8)
    method = np.repeat(assumed[:, None], rain.shape[1], axis=1)
    level = np.where(np.isnan(rain), np.nan, 0.0)
    undefined = np.zeros(rain.shape, np.bool_)
    region = np.where(_number(region) == 0, USUAL_REGION, region)
    heavy = np.flatnonzero((rain >= LEAST_RAIN).any(axis=1))
    if heavy.size:
        least_days, most_days = _days_before(window, heavy)
        for number, row in enumerate(heavy.tolist()):
            fewest, most = least_days[number], most_days[number]
            today, before = _days_of_hours(window, row), slice(row, row + 1)
            since = _since_midnight(fallen[row], today)
            yesterday = np.maximum(today - 1, 0)
            place = grade[before], region[before]
            of_24 = between(rain[row], fewest[yesterday], most[yesterday], *place)
            found = np.stack((of_24, between(since, fewest[today], most[today], *place)))
            level[row] = np.where(np.isnan(rain[row]), np.nan, np.fmax.reduce(found))
            none = (rain[row] >= LEAST_RAIN) & ~(level[row] > 0.0) & np.isnan(found).any(axis=0)
            undefined[row], level[row] = none, np.where(none, np.nan, level[row])
            doubtful = (rain[row] >= LEAST_RAIN) & ((fewest != most)[yesterday] | (fewest != most)[today])
            method[row] += np.where(doubtful, NO_DAYS, 0).astype(np.uint8)
    return HourlyLevel(level, method, undefined, share >= WHOLE_SUM)


def _of_places(window: Window, places: int) -> tuple[Array, Array]:
    grade, region = (window.places.property(f"flash_flood_{name}") for name in ("susceptibility", "region"))
    return np.broadcast_to(region, (places,)), np.broadcast_to(grade, (places,))


def _days_of_hours(window: Window, row: int) -> NDArray[np.int64]:
    """(hours,) the local day that each hour belongs to."""
    grid = window.grid
    hours = np.arange(grid.steps * grid.step // 3600)
    ends = grid.edges[row, 1:] * grid.step // 3600
    return np.minimum(np.searchsorted(ends, hours, side="right"), grid.days - 1)


def _since_midnight(fallen: Array, today: NDArray[np.int64]) -> Array:
    """(hours,) rain of the local day up to and with each hour; what was not measured adds nothing."""
    total = np.cumsum(np.nan_to_num(fallen))
    begins = np.concatenate(([True], today[1:] != today[:-1]))
    earlier = (total - np.nan_to_num(fallen))[begins]
    return np.asarray(np.round(total - earlier[np.cumsum(begins) - 1], 6))


def _days_before(window: Window, rows: NDArray[np.int64]) -> tuple[Array, Array]:
    """(rows, days) fewest and most days of rain in a row before each day, up to `BEFORE`.

    A day with rain counts however little of it was measured; one that was not measured may have had rain or not.
    """
    summary = window.summary("precipitation")
    rain = np.nan_to_num(summary.total[rows])
    wet = rain >= WET
    maybe = wet | (summary.completeness[rows] < WHOLE_DAY)
    found = []
    for rained, unknown in ((wet, 0.0), (maybe, float(BEFORE))):
        run = np.zeros(rain.shape)
        for day in range(1, rain.shape[1]):
            run[:, day] = np.where(rained[:, day - 1], np.minimum(run[:, day - 1] + 1.0, BEFORE), 0.0)
        run[:, 0] = unknown
        # before the window nothing is known: a run that begins with it may have begun earlier
        still = np.logical_and.accumulate(rained, axis=1)
        run[:, 1:] = np.where(still[:, :-1] & (unknown > 0.0), unknown, run[:, 1:])
        found.append(run)
    return found[0], found[1]


def level_of_days(window: Window) -> Result:
    """Highest level of each local day; what was seen was seen, and a day that is not whole never says "none"."""
    hourly = window.once("flash_flood", hourly_level)
    by_day = window.hourly_grid().by_day
    level = np.fmax.reduce(by_day(hourly.level), axis=2)
    hidden = np.nanmax(by_day(hourly.undefined.astype(np.float64)), axis=2) > 0.0
    summary = window.summary("precipitation")
    sure = (level >= 1.0) | ((summary.completeness >= WHOLE_SUM) & ~hidden)
    method = np.nanmax(by_day(hourly.method.astype(np.float64)), axis=2).astype(np.uint8)
    why = (hidden & ~(level >= 1.0)) * np.uint8(Why.UNDEFINED)
    return Result(np.where(sure, level, np.nan), summary.completeness, method, why=why)
