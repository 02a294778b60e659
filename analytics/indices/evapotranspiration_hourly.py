"""Reference evapotranspiration by the hour, FAO-56 and ASCE, with the night's clearness carried from the afternoon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analytics import solar
from analytics.grid import Array, Times, Values
from analytics.index import Example, Index, Result, State, Step, Window, of_place, series
from analytics.indices.evapotranspiration import ALBEDO, MOIST, wind_at_2_m
from analytics.indices.psychrometrics import (
    air_pressure,
    psychrometric_constant,
    saturation_vapour_pressure,
    slope_of_saturation,
    vapour_pressure,
)
from telemetry.quantities import Aggregate

STEFAN_BOLTZMANN = 2.043e-10  # [MJ K-4 m-2 h-1], FAO-56, Eq. 39 by the hour
#: The sun is high enough for its radiation to tell of clouds: ASCE-EWRI (2005), p. 34 [rad].
_HIGH = 0.3
#: Clearness of a night before any day was seen: 0.4 to 0.6 in humid climates (FAO-56, p. 75).
_NIGHT = 0.5


def hourly_extraterrestrial(latitude: Values, longitude: Values, middle: Times) -> tuple[Values, Values]:
    """Radiation of an hour outside the atmosphere on a level surface, and the sun's height.

    Parameters
    ----------
    latitude : (...) array
        Latitude, north positive [deg].
    longitude : (...) array
        Longitude, east positive [deg].
    middle : (...) datetime64 array
        Middle of the hour, UTC [s].

    Returns
    -------
    radiation : (...) array
        Extraterrestrial radiation, 0 at night [MJ m-2 h-1].
    height : (...) array
        Height of the sun in the middle of the hour [rad].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 28–33; hours cut by sunrise or sunset as in ASCE-EWRI (2005), Eq. 55–56.
    """
    there = middle + np.round(np.asarray(longitude) * 240.0).astype("timedelta64[s]")
    day = solar.day_of_year(there)
    season = 2.0 * np.pi * (day - 81.0) / 364.0
    correction = 0.1645 * np.sin(2.0 * season) - 0.1255 * np.cos(season) - 0.025 * np.sin(season)
    clock = (there - there.astype("datetime64[D]")) / np.timedelta64(3600, "s")
    angle = np.pi / 12.0 * (clock + correction - 12.0)
    phi, delta, sunset = np.radians(latitude), solar.declination(day), solar.sunset_hour_angle(latitude, day)
    begin, end = (np.clip(angle + side * np.pi / 24.0, -sunset, sunset) for side in (-1.0, 1.0))
    lit = (end - begin) * np.sin(phi) * np.sin(delta)
    lit = lit + np.cos(phi) * np.cos(delta) * (np.sin(end) - np.sin(begin))
    beyond = 12.0 * 60.0 / np.pi * solar.SOLAR_CONSTANT * solar.inverse_distance(day) * lit
    height = np.arcsin(np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(angle))
    return np.maximum(beyond, 0.0), height


def night_clearness(relative: Values, height: Values, before: Values) -> Values:
    """Rs/Rso by the hour, the last one of a high sun being carried through dusk and night.

    Parameters
    ----------
    relative : (..., hours) array
        Rs/Rso as measured, NaN where not known [1].
    height : (..., hours) array
        Height of the sun [rad].
    before : (...) array
        Rs/Rso carried before the first hour [1].

    Returns
    -------
    (..., hours) array
        Rs/Rso, 0.3 to 1 [1].

    References
    ----------
    Allen et al. (1998), FAO-56, p. 75: the ratio of two to three hours before sunset; ASCE-EWRI (2005), Eq. 45–46.
    """
    usable = (np.asarray(height) > _HIGH) & np.isfinite(relative)
    where = np.where(usable, np.arange(usable.shape[-1]), -1)
    last = np.maximum.accumulate(where, axis=-1)
    carried = np.take_along_axis(np.clip(relative, 0.3, 1.0), np.maximum(last, 0), axis=-1)
    return np.where(last >= 0, carried, np.asarray(before)[..., None])


def hourly_evapotranspiration(
    temperature: Values, vapour: Values, radiation: Values, wind: Values, clearness: Values, elevation: Values,
    numerator: float = 37.0, by_day: float = 0.34, by_night: float = 0.34, ground_by_day: float = 0.1,
    ground_by_night: float = 0.5,
) -> Values:  # fmt: skip
    """Evapotranspiration of the reference surface in an hour.

    Parameters
    ----------
    temperature : (...) array
        Mean temperature of the hour [°C].
    vapour : (...) array
        Actual vapour pressure; beyond 1.05 of saturation, what no air holds, there is no value [kPa].
    radiation : (...) array
        Global radiation [MJ m-2 h-1].
    wind : (...) array
        Wind speed at 2 m [m s-1].
    clearness : (...) array
        Rs/Rso, at night that of the afternoon [1].
    elevation : (...) array
        Height above the sea [m].
    numerator : float
        37 for short grass, 66 for tall alfalfa [K mm s3 Mg-1 h-1].
    by_day : float
        0.34 in FAO-56; ASCE 0.24 short, 0.25 tall [s m-1].
    by_night : float
        0.34 in FAO-56; ASCE 0.96 short, 1.7 tall [s m-1].
    ground_by_day : float
        Share of net radiation that goes into the ground by day; tall 0.04 [1].
    ground_by_night : float
        Share of net radiation that the ground gives by night; tall 0.2 [1].

    Returns
    -------
    (...) array
        Reference evapotranspiration; a little below 0 at night [mm h-1].

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 53, 45 and 46; ASCE-EWRI (2005), Eq. 1 and table 1.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    vapour = np.asarray(vapour, dtype=np.float64)
    saturation = saturation_vapour_pressure(temperature)
    vapour = np.where((vapour >= 0.0) & (vapour <= MOIST * saturation), vapour, np.nan)
    loss = STEFAN_BOLTZMANN * (temperature + 273.16) ** 4 * (0.34 - 0.14 * np.sqrt(vapour))
    net = (1.0 - ALBEDO) * np.asarray(radiation) - loss * (1.35 * np.clip(clearness, 0.3, 1.0) - 0.35)
    day = net > 0.0
    net = net * (1.0 - np.where(day, ground_by_day, ground_by_night))
    slope, gamma = slope_of_saturation(temperature), psychrometric_constant(air_pressure(elevation))
    dryness = gamma * numerator / (temperature + 273.0) * wind * (saturation - vapour)
    return (0.408 * slope * net + dryness) / (slope + gamma * (1.0 + np.where(day, by_day, by_night) * wind))


@dataclass(frozen=True, slots=True)
class _Weather:
    """What all three references begin with; (places, hours) each."""

    temperature: Array
    vapour: Array
    radiation: Array
    wind: Array
    #: Radiation in relation to that of a clear sky, NaN by night.
    relative: Array
    #: Of the sun [rad].
    height: Array

    @classmethod
    def of(cls, window: Window) -> _Weather:
        middle = window.grid.times(3600) + np.timedelta64(1800, "s")
        places = window.places
        beyond, height = hourly_extraterrestrial(places.latitude[:, None], places.longitude[:, None], middle)
        radiation = np.maximum(window.hourly("global_radiation").mean, 0.0) * 0.0036
        clear = solar.clear_sky_radiation(beyond, places.elevation[:, None])
        relative = np.divide(radiation, clear, out=np.full_like(radiation, np.nan), where=clear > 0.0)
        temperature = window.hourly("air_temperature").mean
        vapour = vapour_pressure(temperature, window.hourly("relative_humidity").mean)
        mast = np.where(np.isfinite(places.wind_height), places.wind_height, 2.0)[:, None]
        wind = wind_at_2_m(window.hourly("wind_speed").mean, mast)
        return cls(temperature, vapour, radiation, wind, relative, height)


def _computed(name: str, **constants: object) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        grid, lead = window.hourly_grid(), window.lead
        weather = window.once("hourly weather", _Weather.of)
        begin = int(grid.edges[:, lead].min())
        clearness = np.full(weather.radiation.shape, np.nan)
        before = window.state(_ROWS[name])[:, 0]
        clearness[:, begin:] = night_clearness(weather.relative[:, begin:], weather.height[:, begin:], before)
        given = (weather.temperature, weather.vapour, weather.radiation, weather.wind, clearness)
        t, vapour, radiation, wind, clear = (hours[:, begin:] for hours in given)
        value = np.full(clearness.shape, np.nan)
        value[:, begin:] = hourly_evapotranspiration(
            t,
            vapour,
            radiation,
            wind,
            clear,
            window.places.elevation[:, None],
            **constants,  # type: ignore[arg-type]
        )
        states: Array = grid.day_ends(clearness)[:, :, None]
        states[:, :lead] = np.nan
        return Result(value, np.isfinite(value).astype(np.float64), state=states)

    return compute


def _row(name: str, source: str, example: Example, **constants: object) -> Index:
    needs = (
        *(series(q) for q in ("air_temperature", "relative_humidity", "global_radiation", "wind_speed")),
        *(of_place(q) for q in ("latitude", "longitude", "elevation")),
    )
    return Index(
        name=name, unit="mm", step=Step.HOUR, needs=needs, compute=_computed(name, **constants),
        kernel=hourly_evapotranspiration, source=source,
        equation="ET0 = (0.408 Δ (Rn − G) + γ Cn/(T + 273) u2 (e° − e))/(Δ + γ (1 + Cd u2))", example=example,
        aggregate=Aggregate.SUM, state=(State("clearness", "1", _NIGHT),),
        note="All four measured: there is no fall-back by the hour. Until a first day was seen the night is taken as "
             "half clear.",
    )  # fmt: skip


_NOON = {
    "temperature": 38.0, "vapour": 3.445, "radiation": 2.450, "wind": 3.3, "clearness": 2.450 / 2.658, "elevation": 8.0
}  # fmt: skip
_ROWS = {
    row.name: row
    for row in (
        _row(
            "reference_evapotranspiration_hourly", "Allen et al. (1998), FAO-56, Eq. 53",
            Example(_NOON, 0.63, 0.006, "FAO-56, Example 19 (N'Diaye, 14–15 h)"),
        ),
        _row(
            "reference_evapotranspiration_hourly_short", "ASCE-EWRI (2005), Eq. 1 and table 1",
            Example({**_NOON, "by_day": 0.24, "by_night": 0.96}, 0.68, 0.03, "FAO's 0.63 by Cd 0.24 for 0.34"),
            by_day=0.24, by_night=0.96,
        ),
        _row(
            "reference_evapotranspiration_hourly_tall", "ASCE-EWRI (2005), Eq. 1 and table 1",
            Example({**_NOON, "numerator": 66.0, "by_day": 0.25, "by_night": 1.7, "ground_by_day": 0.04,
                     "ground_by_night": 0.2}, 0.9, 0.1,
                    "bounded by the short reference and its usual ratio"),
            numerator=66.0, by_day=0.25, by_night=1.7, ground_by_day=0.04, ground_by_night=0.2,
        ),
    )
}  # fmt: skip
INDICES: tuple[Index, ...] = tuple(_ROWS.values())
