"""Reservoirs, rivers and ponds: level against named marks, oxygen before dawn, un-ionised ammonia."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, Step, Window, of_index, of_place, series, whole
from analytics.indices.air import smallest
from analytics.indices.hours import at_hour
from analytics.indices.psychrometrics import air_pressure
from telemetry.quantities import Aggregate

#: Marks of a place [m], from low to high: a reservoir's dead, normal and design flood level (MNC, MNDBT, MNLTK), or a
#: river's alarm levels; properties of the place.
MARKS = ("mark_1", "mark_2", "mark_3", "mark_4")


def rate_of_rise(level: Values, hours: int = 3) -> Values:
    """How fast water rises: the slope of the level over the last hours.

    Parameters
    ----------
    level : (..., steps) array
        Level of each hour [m].
    hours : int
        Span of the slope [h].

    Returns
    -------
    (..., steps) array
        Rise by least squares; NaN with fewer than three levels in the span [m h-1].

    References
    ----------
    Draper and Smith (1998), Applied regression analysis, ch. 1: slope of a straight line.
    """
    level = np.asarray(level, dtype=np.float64)
    padded = np.concatenate((np.full((*level.shape[:-1], hours), np.nan), level), axis=-1)
    spans = np.lib.stride_tricks.sliding_window_view(padded, hours + 1, axis=-1)
    known = np.isfinite(spans)
    count = np.where(known.sum(axis=-1) >= 3, known.sum(axis=-1), np.nan)
    hour = np.arange(hours + 1.0)
    x, y = np.where(known, hour, 0.0), np.where(known, spans, 0.0)
    mean_x, mean_y = x.sum(axis=-1) / count, y.sum(axis=-1) / count
    along = np.where(known, hour - mean_x[..., None], 0.0)
    return (along * (y - mean_y[..., None])).sum(axis=-1) / (along * along).sum(axis=-1)


def marks_reached(level: Values, marks: Values) -> Values:
    """How many marks a level has reached.

    Parameters
    ----------
    level : (...) array
        Level [m].
    marks : (..., marks) array
        Marks in rising order, NaN where there is none [m].

    Returns
    -------
    (...) array
        Number of the highest mark at or below the level, 0 below all [1].

    References
    ----------
    NĐ 114/2018/NĐ-CP, levels to watch at a dam; QĐ 18/2021/QĐ-TTg, Điều 45, alarm levels of rivers.
    """
    level = np.asarray(level, dtype=np.float64)
    marks = np.asarray(marks)
    # its own number, whether or not the lower ones are known
    reached = np.where(level[..., None] >= marks, np.arange(1, marks.shape[-1] + 1), 0).max(axis=-1)
    return np.where(np.isnan(level), np.nan, reached)


def hours_to_mark(level: Values, rise: Values, marks: Values) -> Values:
    """Hours until the next mark is reached, should the water go on rising as it does.

    Parameters
    ----------
    level : (...) array
        Level [m].
    rise : (...) array
        Rate of rise [m h-1].
    marks : (..., marks) array
        Marks, NaN where there is none [m].

    Returns
    -------
    (...) array
        Hours, at most 240; NaN where nothing rises or no mark is above [h].

    References
    ----------
    Own: distance over rate.
    """
    level, rise = np.asarray(level, dtype=np.float64), np.asarray(rise, dtype=np.float64)
    above = np.asarray(marks, dtype=np.float64) - level[..., None]
    nearest = np.where(above > 0.0, above, np.inf).min(axis=-1)
    hours = nearest / np.where(rise > 1e-4, rise, np.nan)
    return np.where(np.isfinite(hours) & (hours <= 240.0), hours, np.nan)


def oxygen_saturation(temperature: Values, elevation: Values = 0.0) -> Values:
    """Dissolved oxygen of fresh water in balance with the air.

    Parameters
    ----------
    temperature : (...) array
        Water temperature, 0 to 40 [°C].
    elevation : (...) array
        Height above the sea, for the air's pressure [m].

    Returns
    -------
    (...) array
        Oxygen at saturation [mg L-1].

    References
    ----------
    Benson and Krause (1984), Limnol. Oceanogr. 29, 620–632, Eq. 32, for fresh water and a pressure (Eq. 24) of FAO-56,
    Eq. 7.
    """
    celsius = np.asarray(temperature, dtype=np.float64)
    kelvin = celsius + 273.15
    standard = np.exp(
        -139.34411 + 1.575701e5 / kelvin - 6.642308e7 / kelvin**2 + 1.243800e10 / kelvin**3 - 8.621949e11 / kelvin**4
    )
    pressure = air_pressure(elevation) / 101.325
    vapour = np.exp(11.8571 - 3840.70 / kelvin - 216_961.0 / kelvin**2)
    theta = 0.000975 - 1.426e-5 * celsius + 6.436e-8 * celsius**2
    ratio = pressure * (1.0 - vapour / pressure) * (1.0 - theta * pressure) / ((1.0 - vapour) * (1.0 - theta))
    # the standard pressure of FAO-56, 101.3 kPa, is taken as an atmosphere, so that the sea's level changes nothing
    return standard * np.where(np.asarray(elevation) == 0.0, 1.0, ratio)


def oxygen_share(oxygen: Values, temperature: Values, elevation: Values) -> Values:
    """Dissolved oxygen as a share of saturation.

    Parameters
    ----------
    oxygen : (...) array
        Dissolved oxygen [mg L-1].
    temperature : (...) array
        Water temperature [°C].
    elevation : (...) array
        Height above the sea [m].

    Returns
    -------
    (...) array
        Share of saturation [%].

    References
    ----------
    Benson and Krause (1984), Limnol. Oceanogr. 29, 620–632.
    """
    return 100.0 * np.asarray(oxygen, dtype=np.float64) / oxygen_saturation(temperature, elevation)


def unionised_ammonia_share(temperature: Values, ph: Values) -> Values:
    """Share of ammonia that is un-ionised and so poisons fish.

    Parameters
    ----------
    temperature : (...) array
        Water temperature [°C].
    ph : (...) array
        pH of the water [1].

    Returns
    -------
    (...) array
        Share of total ammonia nitrogen, 0 to 1 [1].

    References
    ----------
    Emerson, Russo, Lund and Thurston (1975), J. Fish. Res. Board Can. 32, 2379–2383: pKa = 0.09018 + 2729.92/T.
    """
    dissociation = 0.09018 + 2729.92 / (np.asarray(temperature, dtype=np.float64) + 273.15)
    return 1.0 / (1.0 + 10.0 ** (dissociation - np.asarray(ph)))


def unionised_ammonia(total: Values, temperature: Values, ph: Values) -> Values:
    """Un-ionised ammonia nitrogen.

    Parameters
    ----------
    total : (...) array
        Total ammonia nitrogen [mg L-1].
    temperature : (...) array
        Water temperature [°C].
    ph : (...) array
        pH of the water [1].

    Returns
    -------
    (...) array
        Un-ionised ammonia nitrogen [mg L-1].

    References
    ----------
    Emerson et al. (1975), J. Fish. Res. Board Can. 32, 2379–2383.
    """
    return np.asarray(total, dtype=np.float64) * unionised_ammonia_share(temperature, ph)


def dawn_trend(oxygen: Values) -> Values:
    """Change of the oxygen before dawn from morning to morning.

    Parameters
    ----------
    oxygen : (..., days) array
        Least oxygen before dawn of the last days [mg L-1].

    Returns
    -------
    (...) array
        Slope by least squares; NaN with fewer than three days [mg L-1 d-1].

    References
    ----------
    Boyd and Tucker (1998), Pond aquaculture water quality management, ch. 6: oxygen is least at dawn.
    """
    oxygen = np.asarray(oxygen, dtype=np.float64)
    return rate_of_rise(oxygen, oxygen.shape[-1] - 1)[..., -1]


def _marks(window: Window) -> Array:
    return np.stack([window.places.property(name) for name in MARKS], axis=-1)


def _levels(window: Window) -> tuple[Array, Array]:
    level = window.hourly("water_level").mean
    return level, np.asarray(rate_of_rise(level))


def _rise(window: Window) -> Result:
    _, rise = _levels(window)
    return Result(rise, whole(rise))


def _reached(window: Window) -> Result:
    value = marks_reached(_levels(window)[0], _marks(window)[:, None, :])
    marked: Values = np.isfinite(_marks(window)).any(axis=1)
    value = np.where(marked[:, None], value, np.nan)
    return Result(value, whole(value))


def _to_mark(window: Window) -> Result:
    value = hours_to_mark(*_levels(window), _marks(window)[:, None, :])
    return Result(value, whole(value))


def _share(window: Window) -> Result:
    elevation = np.nan_to_num(window.places.elevation)[:, None]
    oxygen, temperature = window.hourly("dissolved_oxygen").mean, window.hourly("water_temperature").mean
    value = oxygen_share(oxygen, temperature, elevation)
    return Result(value, whole(value))


def _dawn(window: Window) -> Result:
    """Least oxygen of the hours from 3 to 7."""
    hours = np.stack([at_hour(window, "dissolved_oxygen", hour) for hour in range(3, 7)], axis=-1)
    return Result(np.fmin.reduce(hours, axis=2), np.isfinite(hours).mean(axis=2))


def _trend(window: Window) -> Result:
    days = window.index("dissolved_oxygen_dawn", before=4)
    spans = np.lib.stride_tricks.sliding_window_view(days, 5, axis=1)
    value = dawn_trend(spans)
    return Result(value, np.isfinite(spans).mean(axis=2))


def _ammonia(window: Window) -> Result:
    names = ("total_ammonia_nitrogen", "water_temperature", "water_ph")
    value = unionised_ammonia(*(window.hourly(name).mean for name in names))
    return Result(value, whole(value))


_BENSON = "Benson and Krause (1984), Limnol. Oceanogr. 29, 620–632"
_EMERSON = "Emerson et al. (1975), J. Fish. Res. Board Can. 32, 2379–2383"
_LEVEL = (series("water_level", before=1),)
_MARKS = of_place("mark_1", any_of=MARKS[:3])

INDICES: tuple[Index, ...] = (
    Index(
        name="water_level_rise", unit="m/h", step=Step.HOUR, needs=_LEVEL, compute=_rise, kernel=rate_of_rise,
        source="slope of a straight line over 3 hours",
        equation="least-squares slope of the last 3 hours",
        example=Example({"level": [1.0, 1.2, 1.4, 1.6]}, 0.2, 1e-12, "by hand", position=3),
        aggregate=Aggregate.MAXIMUM,
    ),
    Index(
        name="water_marks_reached", unit="1", step=Step.HOUR, needs=(*_LEVEL, _MARKS), compute=_reached,
        kernel=marks_reached,
        source="NĐ 114/2018/NĐ-CP; QĐ 18/2021/QĐ-TTg, Điều 45", equation="number of the highest mark ≤ level",
        example=Example({"level": 12.0, "marks": (10, 12, 14)}, 2.0, 0.0, "by hand"), aggregate=Aggregate.MAXIMUM,
        note="Marks are the place's properties mark_1 … mark_4, from low to high; any may lack.",
    ),
    Index(
        name="water_hours_to_mark", unit="h", step=Step.HOUR, needs=(*_LEVEL, _MARKS), compute=_to_mark,
        kernel=hours_to_mark,
        source="own: distance over rate", equation="(mark − level)/rise",
        example=Example({"level": 12.5, "rise": 0.5, "marks": (10, 12, 14)}, 3.0, 1e-12, "by hand"),
        note="Should the water go on rising as it did in the last 3 hours; no forecast of inflow.",
    ),
    Index(
        name="oxygen_saturation", unit="%", step=Step.HOUR,
        needs=(series("dissolved_oxygen"), series("water_temperature")), compute=_share, kernel=oxygen_share,
        source=_BENSON, equation="100 · DO/DO*(T, p)",
        example=Example({"oxygen": 9.09, "temperature": 20.0, "elevation": 0.0}, 100.0, 0.1, "gsw 3.6.20: 9.09 mg/L"),
        note="Of fresh water; where the elevation is not known, at sea level.",
    ),
    Index(
        name="dissolved_oxygen_dawn", unit="mg/L", needs=(series("dissolved_oxygen"),), compute=_dawn,
        kernel=smallest,
        source="Boyd and Tucker (1998), ch. 6", equation="least hourly mean from 3 to 7 h",
        example=Example({"values": [5.0, 4.2, 4.4]}, 4.2, 0.0, "by hand"), completeness=0.75,
    ),
    Index(
        name="dissolved_oxygen_dawn_trend", unit="mg/L/d", needs=(of_index("dissolved_oxygen_dawn", before=4),),
        compute=_trend, kernel=dawn_trend,
        source="Boyd and Tucker (1998), ch. 6", equation="least-squares slope of five dawns",
        example=Example({"oxygen": [5.0, 4.5, 4.0, 3.5, 3.0]}, -0.5, 1e-12, "by hand"), completeness=0.6,
    ),
    Index(
        name="unionised_ammonia", unit="mg/L", step=Step.HOUR,
        needs=(series("total_ammonia_nitrogen"), series("water_temperature"), series("water_ph")), compute=_ammonia,
        kernel=unionised_ammonia, source=_EMERSON,
        equation="TAN/(1 + 10^(pKa − pH)), pKa = 0.09018 + 2729.92/T",
        example=Example({"total": 1.0, "temperature": 20.0, "ph": 8.0}, 0.0381, 0.0008, "table of Emerson et al."),
        note="Of fresh water: salt lowers the share a little.",
    ),
)  # fmt: skip
