"""Weather for disease: rice blast (BLASTAM), late blight (Hutton, Wallin), downy mildew."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, Window, of_index, series
from analytics.indices.hours import from_hour, longest_spell
from analytics.indices.leaf_wetness import hourly_wetness
from telemetry.quantities import Aggregate

#: Wet hours that an infection needs by the mean temperature of the wet period, 15 to 25 °C.
BLAST_HOURS = np.array([17, 15, 14, 13, 12, 11, 11, 10, 10, 10, 10], dtype=np.float64)
BLAST_METHODS = (
    "none", "favourable", "quasi-1: five days below 20", "quasi-2: five days above 25",
    "quasi-3: wet period outside 15–25", "quasi-4: too short",
)  # fmt: skip
_BLASTAM = "Koshimizu (1988), BLASTAM; table of Mie Prefecture plant protection, classes of Oita Prefecture"


def blast_wet_hours(temperature: Values) -> Values:
    """Wet hours that rice blast needs.

    Parameters
    ----------
    temperature : (...) array
        Mean temperature of the wet period, 15 to 25 after rounding; NaN outside [°C].

    Returns
    -------
    (...) array
        Hours of leaf wetness [h].

    References
    ----------
    Koshimizu (1988); table 2 of Mie Prefecture plant protection.
    """
    whole_degrees = np.floor(np.asarray(temperature, dtype=np.float64) + 0.5)
    known = (whole_degrees >= 15.0) & (whole_degrees <= 25.0)
    return np.where(known, BLAST_HOURS[np.where(known, whole_degrees - 15.0, 0.0).astype(np.int64)], np.nan)


def blast_class(wet_hours: Values, wet_temperature: Values, five_day_mean: Values) -> Values:
    """Class of a day for rice blast.

    Parameters
    ----------
    wet_hours : (...) array
        Longest wet period [h].
    wet_temperature : (...) array
        Its mean temperature; of no weight where there was none [°C].
    five_day_mean : (...) array
        Mean temperature of five days, the day included [°C].

    Returns
    -------
    (...) array
        0 none, 1 favourable, 2 to 5 quasi-infections 1 to 4 [1].

    References
    ----------
    Koshimizu (1988), BLASTAM; classes of Oita Prefecture: quasi-1 five days below 20 °C, quasi-2 above 25 °C, quasi-3
    wet period outside 15–25 °C, quasi-4 too short, all with ten hours wet.
    """
    hours, warmth = np.asarray(wet_hours, dtype=np.float64), np.asarray(wet_temperature, dtype=np.float64)
    mean = np.asarray(five_day_mean, dtype=np.float64)
    needed = blast_wet_hours(warmth)
    outside = np.isnan(needed)
    enough = hours >= needed
    infected = np.where(mean < 20.0, 2.0, np.where(mean > 25.0, 3.0, 1.0))
    found = np.where(outside, 4.0, np.where(enough, infected, 5.0))
    found = np.where(hours >= 10.0, found, 0.0)
    return np.where(np.isnan(hours + mean + np.where(hours >= 10.0, warmth, 0.0)), np.nan, found)


#: Warmest daily mean at which late blight spreads: 80 °F of Wallin's table, beyond which a day has severity 0.
BLIGHT_WARMEST = 26.7


def hutton_period(minimum: Values, humid_hours: Values, mean: Values = 0.0) -> Values:
    """Whether a Hutton period ends on each day.

    Parameters
    ----------
    minimum : (..., days) array
        Daily minimum temperature [°C].
    humid_hours : (..., days) array
        Hours of at least 90 % relative humidity [h].
    mean : (..., days) array
        Daily mean temperature; a day above 26.7 counts for nothing, without one no day is too warm [°C].

    Returns
    -------
    (..., days) array
        1 where this and the day before both had 10 °C and six hours, else 0, as on the first day; NaN where that is
        not known [1].

    References
    ----------
    Dancey, Skelsey and Cooke (2017), The Hutton criteria; AHDB. They were made in Britain and have no upper
    temperature: that is of Wallin (1962), 45 to 80 °F.
    """
    minimum, humid_hours = np.asarray(minimum, dtype=np.float64), np.asarray(humid_hours, dtype=np.float64)
    fit = (minimum >= 10.0) & (humid_hours >= 6.0) & (np.asarray(mean) <= BLIGHT_WARMEST)
    day = np.where(np.isnan(minimum + humid_hours + mean), np.nan, fit)
    day = np.where((minimum < 10.0) | (humid_hours < 6.0) | (np.asarray(mean) > BLIGHT_WARMEST), 0.0, day)
    before = np.concatenate((np.zeros((*day.shape[:-1], 1)), day[..., :-1]), axis=-1)
    return np.where((day == 0.0) | (before == 0.0), 0.0 * np.nan_to_num(day), day * before)


#: Lower bounds of severity 1, 2, 3, 4 [h] by band of mean temperature: 45–53, 54–59, 60–80 °F.
WALLIN = np.array([[16.0, 19.0, 22.0, np.inf], [13.0, 16.0, 19.0, 22.0], [10.0, 13.0, 16.0, 19.0]])


def wallin_severity(humid_hours: Values, temperature: Values) -> Values:
    """Severity value of a day for late blight.

    Parameters
    ----------
    humid_hours : (...) array
        Hours of the longest humid period [h].
    temperature : (...) array
        Its mean temperature; of no weight where it is shorter than ten hours [°C].

    Returns
    -------
    (...) array
        Disease severity value, 0 to 4 [1].

    References
    ----------
    Wallin (1962), Summary of recent progress in predicting late blight epidemics, Amer. Potato J. 39, 306–312, as
    tabled by Michigan State University in °F (humidity above 80 %).
    """
    hours = np.asarray(humid_hours, dtype=np.float64)
    fahrenheit = np.floor(np.asarray(temperature, dtype=np.float64) * 1.8 + 32.0 + 0.5)
    band = np.searchsorted([54.0, 60.0], np.nan_to_num(fahrenheit), side="right")
    severity = (hours[..., None] >= WALLIN[band]).sum(axis=-1).astype(np.float64)
    severity = np.where((fahrenheit < 45.0) | (fahrenheit > 80.0), 0.0, severity)
    return np.where(np.isnan(hours + np.where(hours >= 10.0, fahrenheit, 0.0)), np.nan, severity)


def downy_mildew_risk(minimum: Values, rain: Values) -> Values:
    """Whether a primary infection of downy mildew is possible.

    Parameters
    ----------
    minimum : (...) array
        Minimum temperature of the two days [°C].
    rain : (...) array
        Rain of the two days [mm].

    Returns
    -------
    (...) array
        1 with at least 10 °C and 10 mm, else 0 [1].

    References
    ----------
    Baldacci (1947), rule of three tens; the third, shoots of 10 cm, is for the grower to see.
    """
    minimum, rain = np.asarray(minimum, dtype=np.float64), np.asarray(rain, dtype=np.float64)
    return np.where(np.isnan(minimum + rain), np.nan, (minimum >= 10.0) & (rain >= 10.0))


#: BLASTAM looks at the wet period of the 24 hours to 16 h, so that a night counts once.
_CUT = 16


def _wet_period(window: Window) -> tuple[Array, Array, Array]:
    """(places, days) longest wet period of the 24 hours to 16 h, its mean temperature, and the share known."""
    wet = _unbroken(window)
    hours = from_hour(wet, _CUT, window.grid.days)
    warmth = from_hour(window.hourly("air_temperature").mean, _CUT, window.grid.days)
    share = (np.isfinite(hours) & np.isfinite(warmth)).mean(axis=2)
    length, mean = longest_spell(hours == 1.0, warmth)
    return length, mean, share


def _unbroken(window: Window) -> Array:
    """(places, hours) wet hours that nothing breaks: wind above 3 m/s dries, heavy rain washes off."""
    wet, _ = hourly_wetness(window)
    rain, wind = window.hourly("precipitation").total, window.hourly("wind_speed").mean
    heavy = rain >= 3.0
    twice = heavy.copy()
    twice[:, 1:] &= heavy[:, :-1]
    twice[:, 0] = False
    return np.asarray(np.where((wind > 3.0) | (rain >= 4.0) | twice, 0.0 * wet, wet))


def _blast(window: Window) -> Result:
    length, warmth, share = _wet_period(window)
    means = window.index("air_temperature_mean", before=4)
    spans = np.lib.stride_tricks.sliding_window_view(means, 5, axis=1)
    found = blast_class(length, warmth, spans.mean(axis=2))
    method = np.nan_to_num(found).astype(np.uint8)
    return Result(np.where(np.isnan(found), np.nan, found == 1.0), share, method)


def _hutton(window: Window) -> Result:
    humidity = window.hourly("relative_humidity").mean
    by_day = window.hourly_grid().by_day(np.where(np.isnan(humidity), np.nan, humidity >= 90.0))
    hours = np.nansum(by_day, axis=2)
    summary = window.summary("relative_humidity")
    # six humid hours are certain once they were measured; that there were fewer needs the whole day
    hours = np.where((summary.completeness >= 0.85) | (hours >= 6.0), hours, np.nan)
    minimum, mean = window.index("air_temperature_minimum"), window.index("air_temperature_mean")
    completeness = np.minimum(summary.completeness, window.values["air_temperature_minimum"].completeness)
    return Result(hutton_period(minimum, hours, mean), completeness)


def _severity(window: Window) -> Result:
    humidity = from_hour(window.hourly("relative_humidity").mean, 12, window.grid.days)
    warmth = from_hour(window.hourly("air_temperature").mean, 12, window.grid.days)
    length, mean = longest_spell(humidity > 80.0, warmth)
    share = (np.isfinite(humidity) & np.isfinite(warmth)).mean(axis=2)
    return Result(wallin_severity(length, mean), share)


def _mildew(window: Window) -> Result:
    minimum = window.index("air_temperature_minimum", before=1)
    rain = window.index("precipitation_sum", before=1)
    value = downy_mildew_risk(np.minimum(minimum[:, 1:], minimum[:, :-1]), rain[:, 1:] + rain[:, :-1])
    return Result(value, window.values["precipitation_sum"].completeness)


_AIR = (series("air_temperature", before=1), series("relative_humidity", before=1))
_DAMP = (
    series("air_temperature", before=1), series("relative_humidity", required=False, before=1),
    series("leaf_wetness", required=False, before=1), series("precipitation", required=False, before=1),
    series("wind_speed", required=False, before=1),
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    Index(
        name="rice_blast_infection", unit="1", needs=(*_DAMP, of_index("air_temperature_mean", before=4)),
        compute=_blast, kernel=blast_class,
        source=_BLASTAM, equation="wet ≥ hours of the table (15→17 … 22–25→10), five-day mean 20–25 °C",
        example=Example({"wet_hours": 11.0, "wet_temperature": 20.0, "five_day_mean": 22.0}, 1.0, 0.0,
                        "Mie Prefecture, table 2"),
        completeness=0.85, methods=BLAST_METHODS, aggregate=Aggregate.SUM,
        note="1 favourable, 0 not: the method tells quasi-infections. Symptoms come 7 to 10 days after.",
    ),
    Index(
        name="late_blight_hutton", unit="1",
        needs=(_AIR[1], of_index("air_temperature_minimum"), of_index("air_temperature_mean")), compute=_hutton,
        kernel=hutton_period, source="Dancey, Skelsey and Cooke (2017); AHDB; upper temperature of Wallin (1962)",
        equation="two days in a row of Tmin ≥ 10 °C, Tmean ≤ 26.7 °C and six hours of RH ≥ 90 %",
        example=Example({"minimum": [10.0, 10.0, 9.9], "humid_hours": [6.0, 6.0, 12.0]}, 1.0, 0.0, "AHDB", position=1),
        completeness=0.85, aggregate=Aggregate.SUM,
    ),
    Index(
        name="late_blight_severity", unit="1", needs=_AIR, compute=_severity, kernel=wallin_severity,
        source="Wallin (1962), Amer. Potato J. 39, 306–312; table of Michigan State University",
        equation="hours of RH > 80 % × their mean temperature → 0 to 4; 24 hours to noon",
        example=Example({"humid_hours": 16.0, "temperature": 18.0}, 3.0, 0.0, "MSU table, 60–80 °F"),
        completeness=0.85, aggregate=Aggregate.SUM, note="First spray at a sum of 18 to 20 from emergence (BLITECAST).",
    ),
    Index(
        name="downy_mildew_risk", unit="1",
        needs=(of_index("air_temperature_minimum", before=1), of_index("precipitation_sum", before=1)),
        compute=_mildew, kernel=downy_mildew_risk,
        source="Baldacci (1947), three tens",
        equation="Tmin ≥ 10 °C and 10 mm of rain in two days",
        example=Example({"minimum": 12.0, "rain": 15.0}, 1.0, 0.0, "by hand"), aggregate=Aggregate.SUM,
        note="A rule of vineyards; the shoots' length is for the grower to see.",
    ),
)  # fmt: skip
