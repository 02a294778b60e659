"""Disaster risk levels of Quyết định 18/2021/QĐ-TTg as tables: an article a kernel, a row of the law a row here.

0: the article gives no level. NaN: it defines none for what was found, or what it asks for is not known.
A region, zone or terrain that is not given leaves only what all of them agree on.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values

#: Điều 53: upper ends of the bands of the daily mean [Cel], and whether the end itself belongs to the band.
COLD_BANDS = ((13.0, False), (8.0, True), (4.0, True), (0.0, False))
#: Days in a row: more than 2 (from 3), more than 5, more than 10.
COLD_DAYS = (2.0, 5.0, 10.0)
#: Levels by zone (1 mountains and midlands of Bắc Bộ; 2 plain of Bắc Bộ, Bắc and Trung Trung Bộ), band, days.
COLD = (
    ((0, 0, 0, 1), (0, 0, 1, 2), (0, 1, 2, 3), (0, 2, 3, 3)),
    ((0, 0, 1, 2), (0, 1, 2, 3), (0, 1, 2, 3), (0, 1, 2, 3)),
)
#: Điều 47: lower ends of the bands of the day's maximum [Cel]; none holds its own end, but a setting may say so of 35.
HEAT_BANDS = (35.0, 37.0, 39.0, 41.0)
#: Days in a row: from 3, more than 5, more than 10, more than 25.
HEAT_DAYS = (2.0, 5.0, 10.0, 25.0)
#: Levels by region (1 Bắc Bộ, 2 Trung Bộ, 3 Tây Nguyên and Nam Bộ), band, days.
HEAT = (
    ((0, 1, 1, 1, 1), (0, 1, 1, 1, 2), (0, 1, 2, 2, 3), (0, 2, 2, 3, 4)),
    ((0, 1, 1, 1, 1), (0, 1, 1, 1, 2), (0, 1, 2, 2, 3), (0, 1, 2, 3, 4)),
    ((0, 1, 1, 1, 1), (0, 1, 1, 2, 3), (0, 2, 2, 3, 4), (0, 2, 3, 4, 4)),
)
#: Điều 42: lower ends of the classes of force; levels by region: 1 Tây Bắc, 2 Việt Bắc, 3 Đông Bắc Bộ, 4 the delta of
#: Bắc Bộ, 5 Bắc, 6 Trung, 7 Nam Trung Bộ, 8 Tây Nguyên, 9 Nam Bộ.
STORM_FORCES = (8.0, 10.0, 12.0, 14.0, 16.0)
STORM = (
    (0, 3, 3, 4, 5, 5), (0, 3, 3, 4, 5, 5), (0, 3, 3, 4, 4, 5), (0, 3, 3, 4, 4, 5), (0, 3, 3, 4, 4, 5),
    (0, 3, 3, 4, 4, 5), (0, 3, 3, 4, 5, 5), (0, 3, 3, 4, 5, 5), (0, 3, 4, 5, 5, 5),
)  # fmt: skip
#: Điều 45: levels by zone of the station and height: below BĐ1, from BĐ1, BĐ2, BĐ3, BĐ3 + 0.3 m, BĐ3 + 1.0 m; in zone 4
#: the historic flood comes last. On one basin, and on several at once.
FLOOD = ((0, 1, 1, 2, 2, 3), (0, 1, 2, 2, 2, 3), (0, 1, 2, 3, 3, 3), (0, 2, 3, 3, 4, 4))
FLOOD_SEVERAL = ((0, 2, 2, 3, 3, 3), (0, 2, 3, 3, 3, 3), (0, 2, 3, 3, 3, 3), (0, 3, 3, 3, 4, 4))
#: Above BĐ3 [m].
ABOVE_THIRD = (0.3, 1.0)
#: Điều 44: amounts of 24 hours [mm] (the first holds its own end), and of 12 hours of the first band.
RAIN_BANDS, RAIN_HALF_DAY = (100.0, 200.0, 400.0), 50.0
#: Days in a row: from 1, more than 2, more than 4.
RAIN_DAYS = (0.0, 2.0, 4.0)
#: Extent of it: on less than half of the communes of one province, on more, over several provinces.
LESS, MORE, SEVERAL = 1, 2, 3
#: (level, least extent, most extent) by terrain (1 midland and mountain, 2 plain and coast), band, days.
#: The fourth names no extent; on less than half the article has no row above 200 mm.
_FIRST, _SECOND, _THIRD, _FOURTH = (1, LESS, LESS), (2, MORE, SEVERAL), (3, SEVERAL, SEVERAL), (4, MORE, SEVERAL)
RAIN = (
    ((_FIRST, _SECOND, _THIRD), (_SECOND, _THIRD, _FOURTH), (_THIRD, _FOURTH, _FOURTH)),
    ((_FIRST, _SECOND, _SECOND), (_SECOND, _THIRD, _THIRD), (_THIRD, _THIRD, _FOURTH)),
)
#: Điều 48, Bắc Bộ: levels by months in a row (from 2, more than 3, more than 5) and by how much less surface water
#: there is than the long mean (from 20, more than 50, more than 70 %).
DROUGHT_MONTHS, DROUGHT_WATER = (1.0, 3.0, 5.0), (20.0, 50.0, 70.0)
DROUGHT = ((0, 0, 0, 0), (0, 0, 1, 3), (0, 1, 2, 4), (0, 2, 3, 4))
#: Điều 54: days in a row above 35 °C (from 1, more than 10, 15, 25, 35), levels by zone. Zone 1 asks for water that has
#: dried up. Zone 2 beyond 15 days stands under level 2 and level 3: 2 is taken. Where no row is (zone 2 beyond 35 days,
#: zone 3 between 25 and 35) the one before holds on.
FIRE_DAYS = (0.0, 10.0, 15.0, 25.0, 35.0)
FIRE = ((0, 0, 0, 0, 0, 2), (0, 1, 1, 2, 2, 2), (0, 1, 2, 3, 3, 4), (0, 1, 2, 3, 4, 5))
#: Điều 51: visibility that parts the rows, and below which there is fog (Điều 5(20)) [m].
DENSE, FOG = 50.0, 1000.0


def cold_level(days: Values, zone: Values) -> Values:
    """Disaster risk level of damaging cold on the last of days in a row.

    Parameters
    ----------
    days : (..., 4) array
        Days in a row with a mean below 13, up to 8, up to 4 and below 0 °C [d].
    zone : (...) array
        1 mountains and midlands of Bắc Bộ, 2 plain of Bắc Bộ, Bắc and Trung Trung Bộ; else unknown [1].

    Returns
    -------
    (...) array
        Level 0 to 3; NaN where it depends on an unknown zone [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 53.
    """
    return _highest(days, COLD_DAYS, COLD, zone)


def heat_level(days: Values, region: Values) -> Values:
    """Disaster risk level of heat on the last of days in a row.

    Parameters
    ----------
    days : (..., 4) array
        Days in a row with a maximum over 35, 37, 39 and 41 °C [d].
    region : (...) array
        1 Bắc Bộ, 2 Trung Bộ, 3 Tây Nguyên and Nam Bộ; else unknown [1].

    Returns
    -------
    (...) array
        Level 0 to 4; NaN where it depends on an unknown region [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 47.
    """
    return _highest(days, HEAT_DAYS, HEAT, region)


def storm_level(force: Values, region: Values) -> Values:
    """Disaster risk level of a storm on land.

    Parameters
    ----------
    force : (...) array
        Beaufort's number of the wind of two minutes [1].
    region : (...) array
        1 Tây Bắc, 2 Việt Bắc, 3 Đông Bắc Bộ, 4 the delta of Bắc Bộ, 5 Bắc, 6 Trung, 7 Nam Trung Bộ, 8 Tây Nguyên, 9 Nam
        Bộ; else unknown [1].

    Returns
    -------
    (...) array
        Level 0, 3, 4 or 5; NaN where it depends on an unknown region [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 42.
    """
    force = np.asarray(force, dtype=np.float64)
    level = _agreed(STORM)[_number(region, len(STORM)), np.searchsorted(STORM_FORCES, force, side="right")]
    return np.where(np.isnan(force), np.nan, level)


def flood_level(
    height: Values, first: Values, second: Values, third: Values, zone: Values, historic: Values, several: Values = 0.0
) -> Values:
    """Disaster risk level of a flood at a station.

    Parameters
    ----------
    height : (...) array
        Water level [m].
    first, second, third : (...) array
        Alarm marks BĐ1, BĐ2 and BĐ3 [m].
    zone : (...) array
        Zone of the station, 1 to 4; else unknown [1].
    historic : (...) array
        The historic flood, the design flood where works protect; NaN leaves the level below it in zone 4 [m].
    several : (...) array
        1: several basins at once; 0: one [1].

    Returns
    -------
    (...) array
        Level 0 to 5; NaN where it depends on an unknown zone [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 45.
    """
    height, third = np.asarray(height, dtype=np.float64), np.asarray(third, dtype=np.float64)
    marks = (first, second, third, *(third + metres for metres in ABOVE_THIRD))
    reached = sum((height >= np.round(mark, 6)).astype(np.int64) for mark in marks)
    place = _number(zone, len(FLOOD))
    level = np.where(np.equal(several, 1.0), _agreed(FLOOD_SEVERAL)[place, reached], _agreed(FLOOD)[place, reached])
    beyond = (place == len(FLOOD)) & (height > historic)
    return np.where(np.isnan(height + first + second + third), np.nan, np.where(beyond, 5.0, level))


def heavy_rain_level(days: Values, extent: Values, terrain: Values) -> Values:
    """Disaster risk level of heavy rain.

    Parameters
    ----------
    days : (..., 3) array
        Days in a row with 100 mm or more in 24 hours (or 50 in 12), with more than 200, with more than 400 mm [d].
    extent : (...) array
        1 on less than half of the communes of one province, 2 on more, 3 over several provinces; else unknown: then the
        level of the row that its amount and days name holds [1].
    terrain : (...) array
        1 midland and mountain, 2 plain and coast; else unknown [1].

    Returns
    -------
    (...) array
        Level 0 to 4; NaN where rain falls between the rows ("not defined"), or it depends on an unknown terrain [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 44.
    """
    days = np.asarray(days, dtype=np.float64)
    counted = np.searchsorted(RAIN_DAYS, np.nan_to_num(days), side="left")
    place = _number(terrain, len(RAIN))[..., None]
    rows = _rain_rows()[place, np.arange(days.shape[-1]), counted]
    spread = _number(extent, SEVERAL)[..., None]
    met = (spread == 0) | ((rows[..., 1] <= spread) & (spread <= rows[..., 2]))
    level = np.where(counted == 0, 0.0, np.where(met, rows[..., 0], np.nan))
    # the first row ends at 200 mm: above it, on so few communes, there is none
    level[..., 0] = np.where((level[..., 0] == 1.0) & (counted[..., 1:] > 0).any(axis=-1), np.nan, level[..., 0])
    found = np.fmax.reduce(level, axis=-1)
    undefined = (counted > 0).any(axis=-1) & ~(found > 0.0)
    return np.where(np.isnan(days).any(axis=-1) | undefined, np.nan, found)


def rain_extent(share: Values, provinces: Values = 1.0) -> Values:
    """Extent of heavy rain by the communes that it falls on.

    Parameters
    ----------
    share : (...) array
        Of the communes of the province, those with such rain [1].
    provinces : (...) array
        How many provinces have it on more than half of their communes [1].

    Returns
    -------
    (...) array
        1 less than half, 2 more, 3 several provinces; NaN at half exactly, of which the article does not speak [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 44.
    """
    share = np.asarray(share, dtype=np.float64)
    one = np.where(share > 0.5, float(MORE), np.where(share < 0.5, float(LESS), np.nan))
    return np.where((np.asarray(provinces) >= 2.0) & (share > 0.5), float(SEVERAL), one)


def drought_level(months: Values, water: Values) -> Values:
    """Disaster risk level of drought in Bắc Bộ.

    Parameters
    ----------
    months : (...) array
        Months in a row whose rain was more than 50 % under its long mean [1].
    water : (...) array
        By how much there is less surface water than the long mean [%].

    Returns
    -------
    (...) array
        Level 0 to 4; NaN without a figure of surface water [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 48.
    """
    months, water = np.asarray(months, dtype=np.float64), np.asarray(water, dtype=np.float64)
    less = np.where(water >= DROUGHT_WATER[0], 1 + sum(water > limit for limit in DROUGHT_WATER[1:]), 0)
    level = np.asarray(DROUGHT, dtype=np.float64)[np.searchsorted(DROUGHT_MONTHS, months, side="left"), less]
    return np.where(np.isnan(months) | np.isnan(water), np.nan, level)


def forest_fire_level(days: Values, zone: Values, dried: Values = np.nan) -> Values:
    """Disaster risk level of natural forest fire.

    Parameters
    ----------
    days : (...) array
        Days in a row with a maximum over 35 °C [d].
    zone : (...) array
        Fire zone, 1 to 4; else unknown [1].
    dried : (...) array
        Zone 1: 1 where the water has dried up, 0 where not; else unknown [1].

    Returns
    -------
    (...) array
        Level 0 to 5; NaN where it depends on what is unknown [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 54.
    """
    days = np.asarray(days, dtype=np.float64)
    place = _number(zone, len(FIRE))
    level = _agreed(FIRE)[place, np.searchsorted(FIRE_DAYS, days, side="left")]
    # without a word on the water nothing is said in zone 1 of so long a spell
    thirsty = np.where(np.equal(dried, 1.0), level, np.where(np.equal(dried, 0.0), 0.0, np.nan))
    level = np.where((place == 1) & (level > 0.0), thirsty, level)
    return np.where(np.isnan(days), np.nan, level)


def fog_level(visibility: Values, road: Values, dense: Values = 1.0) -> Values:
    """Disaster risk level of fog.

    Parameters
    ----------
    visibility : (...) array
        Visibility [m].
    road : (...) array
        1 motorway or airport, 2 sea, river or mountain pass; else unknown [1].
    dense : (...) array
        1: the fog is dense, of which the article gives no number; 0: it is not [1].

    Returns
    -------
    (...) array
        Level 0 to 2; NaN where it depends on an unknown kind of place [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 51.
    """
    visibility = np.asarray(visibility, dtype=np.float64)
    seen = np.where(visibility < DENSE, 2, np.where((visibility < FOG) & np.equal(dense, 1.0), 1, 0))
    level = _agreed(((0, 1, 2), (0, 0, 1)))[_number(road, 2), seen]
    return np.where(np.isnan(visibility), np.nan, level)


def hail_level(share: Values) -> Values:
    """Disaster risk level of whirlwind, lightning and hail.

    Parameters
    ----------
    share : (...) array
        Of the communes of a province, those struck [1].

    Returns
    -------
    (...) array
        Level 0 where none is, 1 on less than half, 2 from half on [1].

    References
    ----------
    QĐ 18/2021/QĐ-TTg, Điều 52.
    """
    share = np.asarray(share, dtype=np.float64)
    return np.where(np.isnan(share), np.nan, np.where(share >= 0.5, 2.0, np.where(share > 0.0, 1.0, 0.0)))


def _highest(
    days: Values, limits: tuple[float, ...], table: tuple[tuple[tuple[int, ...], ...], ...], place: Values
) -> Array:
    """Highest level that any band reaches by its days in a row; ``days`` is (..., bands)."""
    days = np.asarray(days, dtype=np.float64)
    counted = np.searchsorted(limits, np.nan_to_num(days), side="left")
    levels = np.asarray(table, dtype=np.float64)
    bands = np.arange(days.shape[-1])
    of_all = np.stack([levels[one][bands, counted].max(axis=-1) for one in range(len(table))])
    agreed = np.where((of_all == of_all[0]).all(axis=0), of_all[0], np.nan)
    number = np.broadcast_to(_number(place, len(table)), agreed.shape)
    chosen = np.take_along_axis(np.concatenate((agreed[None], of_all)), number[None], axis=0)[0]
    return np.where(np.isnan(days).any(axis=-1), np.nan, chosen)


def _agreed(table: tuple[tuple[int, ...], ...]) -> Array:
    """The rows of a table of places behind one of what all of them say; NaN where they differ."""
    levels = np.asarray(table, dtype=np.float64)
    same = np.where((levels == levels[0]).all(axis=0), levels[0], np.nan)
    return np.concatenate((same[None], levels))


def _rain_rows() -> Array:
    """(terrain, band, days, 3) rows of Điều 44; terrain 0 is what both say, days 0 none."""
    rows = np.asarray(RAIN, dtype=np.float64)
    same = (rows[0] == rows[1]).all(axis=-1, keepdims=True)
    both = np.where(same, rows[0], np.array([np.nan, 0.0, float(SEVERAL)]))
    whole = np.concatenate((both[None], rows))
    return np.concatenate((np.zeros((*whole.shape[:2], 1, 3)), whole), axis=2)


def _number(given: Values, most: int) -> NDArray[np.int64]:
    """1 to ``most``; 0 for what is none of them."""
    number = np.nan_to_num(np.asarray(given, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    inside = (number >= 1.0) & (number <= most) & (number == np.floor(number))
    return np.where(inside, number, 0.0).astype(np.int64)
