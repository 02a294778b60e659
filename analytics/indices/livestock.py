"""Heat and cold of livestock: temperature–humidity index, hours of load, night recovery, chilled animals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, Window, of_place, series
from analytics.indices.evapotranspiration import wind_at_2_m
from analytics.indices.hours import sliding_sum
from analytics.indices.psychrometrics import pressure_of, psychrometric_wet_bulb
from telemetry.quantities import Aggregate

#: THI from which a species suffers: dairy cattle 72 (Armstrong 1994); pigs 74, poultry (own formula) 27.8 °C are
#: general knowledge, buffalo as cattle for want of a source; all may be set by the rules.
THRESHOLDS = {"cattle": 72.0, "buffalo": 72.0, "pig": 74.0}
POULTRY_THRESHOLD = 27.8
#: Livestock Weather Safety Index: alert, danger, emergency (Harrington and Bowles 2002).
SAFETY_CLASSES = (75.0, 79.0, 84.0)
#: Vietnam's advice: no grazing below 12 °C, keep warm below 15 °C (MARD 2018) [Cel].
GRAZING, WARMTH = 12.0, 15.0


def temperature_humidity_index(temperature: Values, humidity: Values) -> Values:
    """Temperature–humidity index of cattle, buffalo and pigs.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].

    Returns
    -------
    (...) array
        Index, on the scale of °F [1].

    References
    ----------
    National Research Council (1971), A guide to environmental research on animals.
    """
    temperature = np.asarray(temperature, dtype=np.float64)
    return (1.8 * temperature + 32.0) - (0.55 - 0.0055 * np.asarray(humidity)) * (1.8 * temperature - 26.0)


def safety_class(index: Values) -> Values:
    """Class of the livestock weather safety index.

    Parameters
    ----------
    index : (...) array
        Temperature–humidity index [1].

    Returns
    -------
    (...) array
        0 normal, 1 alert from 75, 2 danger from 79, 3 emergency from 84 [1].

    References
    ----------
    Harrington and Bowles (2002), AMS Conf. on Biometeorology; Livestock Conservation Institute (1970).
    """
    index = np.asarray(index, dtype=np.float64)
    return np.where(np.isnan(index), np.nan, np.searchsorted(SAFETY_CLASSES, index, side="right"))


def poultry_index(temperature: Values, humidity: Values, pressure: Values = 101.3) -> Values:
    """Temperature–humidity index of laying hens.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    humidity : (...) array
        Relative humidity [%].
    pressure : (...) array
        Air pressure; else that of the sea [kPa].

    Returns
    -------
    (...) array
        0.6 dry bulb and 0.4 wet bulb [°C].

    References
    ----------
    Zulovich and DeShazer (1990), Estimating egg production declines at high environmental temperatures and humidities,
    ASAE paper 90-4021.
    """
    wet = psychrometric_wet_bulb(temperature, humidity, pressure)
    return 0.6 * np.asarray(temperature, dtype=np.float64) + 0.4 * wet


def wind_chill(temperature: Values, wind: Values) -> Values:
    """Wind chill temperature.

    Parameters
    ----------
    temperature : (...) array
        Air temperature; above 10 °C there is no chill [°C].
    wind : (...) array
        Wind speed at 10 m; below 4.8 km/h there is no chill [m s-1].

    Returns
    -------
    (...) array
        Temperature of still air that cools as much [°C].

    References
    ----------
    Osczevski and Bluestein (2005), The new wind chill equivalent temperature chart, Bull. Amer. Meteor. Soc. 86,
    1453–1458.
    """
    temperature, wind = np.asarray(temperature, dtype=np.float64), np.asarray(wind, dtype=np.float64)
    speed = np.maximum(wind * 3.6, 0.0) ** 0.16
    chilled = 13.12 + 0.6215 * temperature - 11.37 * speed + 0.3965 * temperature * speed
    applies = (temperature <= 10.0) & (wind * 3.6 > 4.8)
    return np.where(applies, np.minimum(chilled, temperature), temperature + 0.0 * wind)


def felt_outdoors(temperature: Values, wind: Values, rain: Values) -> Values:
    """How cold it is for cattle and buffalo outdoors: wind chill, and what a wet coat takes away.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    wind : (...) array
        Wind speed at 10 m [m s-1].
    rain : (...) array
        Rain of the last three hours [mm].

    Returns
    -------
    (...) array
        Temperature of dry, still air that is as cold for them [°C]: 3 K less in a wet coat, so that 15 °C are as 12.

    References
    ----------
    As `cold_load`.
    """
    return wind_chill(temperature, wind) - np.where(np.asarray(rain) > 0.2, WARMTH - GRAZING, 0.0 * np.asarray(rain))


def cold_load(temperature: Values, wind: Values, rain: Values) -> Values:
    """Whether an animal outdoors suffers from cold in an hour.

    Parameters
    ----------
    temperature : (...) array
        Air temperature [°C].
    wind : (...) array
        Wind speed at 10 m [m s-1].
    rain : (...) array
        Rain of the last three hours [mm].

    Returns
    -------
    (...) array
        1 below 12 °C, wind chill counted, or below 15 °C with a wet coat; else 0 [h].

    References
    ----------
    Ministry of Agriculture and Rural Development (2018): no grazing or work below 12 °C, keep warm below 15 °C; that a
    wet coat moves the limit to the latter is our own reading.
    """
    felt = felt_outdoors(temperature, wind, rain)
    return np.where(np.isnan(felt), np.nan, (felt < GRAZING).astype(np.float64))


def hours_above(values: Values, threshold: float) -> Values:
    """Hours of a day above a threshold.

    Parameters
    ----------
    values : (..., hours) array
        Hourly values; what is missing is made up for by the hours measured [unit of the values].
    threshold : float
        From which on an hour counts [unit of the values].

    Returns
    -------
    (...) array
        Hours, of 24 [h].

    References
    ----------
    Hahn et al. (1999), heat waves of livestock: hours above the threshold.
    """
    values = np.asarray(values, dtype=np.float64)
    known = np.isfinite(values)
    share = (values >= threshold).sum(axis=-1) / np.where(known.any(axis=-1), known.sum(axis=-1), np.nan)
    return share * values.shape[-1]


def _hourly(window: Window, kernel: Callable[..., Values], *quantities: str) -> Values:
    return window.hourly_grid().by_day(kernel(*(window.hourly(name).mean for name in quantities)))


_AIR = ("air_temperature", "relative_humidity")


def _share(window: Window) -> Array:
    return np.minimum(*(window.summary(name).completeness for name in _AIR))


def _maximum(window: Window) -> Result:
    return Result(np.fmax.reduce(_hourly(window, temperature_humidity_index, *_AIR), axis=2), _share(window))


def _load(kernel: Callable[..., Values], threshold: float) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        return Result(hours_above(_hourly(window, kernel, *_AIR), threshold), _share(window))

    return compute


def _poultry_load(window: Window) -> Result:
    pressure = pressure_of(window.places.elevation)
    warmth, humidity = (window.hourly(name).mean for name in _AIR)
    index = poultry_index(warmth, humidity, pressure)
    return Result(hours_above(window.hourly_grid().by_day(index), POULTRY_THRESHOLD), _share(window))


def _recovery(window: Window) -> Result:
    """Hours below 72 from 20 h of the day before to 8 h: what lies before the window counts as not measured."""
    index = temperature_humidity_index(*(window.hourly(name).mean for name in _AIR))
    cool = np.where(np.isnan(index), np.nan, (index < THRESHOLDS["cattle"]).astype(np.float64))
    places = cool.shape[0]
    padded = np.concatenate((np.full((places, 4), np.nan), cool), axis=1)
    nights = padded[:, : 24 * window.grid.days].reshape(places, window.grid.days, 24)[:, :, :12]
    known = np.isfinite(nights)
    count = known.sum(axis=2)
    value = np.where(known, nights, 0.0).sum(axis=2) / np.where(count > 0, count, np.nan) * 12.0
    return Result(value, count / 12.0)


def hourly_felt(window: Window) -> Array:
    """(places, hours) of `felt_outdoors`; where there is no wind or no rain gauge the air's temperature is judged."""
    return window.once("felt_outdoors", _felt)


def _felt(window: Window) -> Array:
    height = window.places.wind_height
    wind = wind_at_2_m(window.hourly("wind_speed").mean, np.where(np.isfinite(height), height, 2.0)[:, None])
    wind = wind / wind_at_2_m(1.0, 10.0)
    rain = sliding_sum(window.hourly("precipitation").total, 3)
    felt: Array = felt_outdoors(window.hourly("air_temperature").mean, np.nan_to_num(wind), np.nan_to_num(rain))
    return felt


def _cold(window: Window) -> Result:
    felt = hourly_felt(window)
    cold = np.where(np.isnan(felt), np.nan, (felt < GRAZING).astype(np.float64))
    by_day = window.hourly_grid().by_day(cold)
    method = 2 * np.isfinite(window.summary("wind_speed").mean) + np.isfinite(window.summary("precipitation").total)
    return Result(hours_above(by_day, 0.5), window.summary("air_temperature").completeness, method.astype(np.uint8))


_NEEDS = (series("air_temperature"), series("relative_humidity"))
_NRC = "National Research Council (1971); "
_THI = "THI = 1.8 T + 32 − (0.55 − 0.0055 RH)(1.8 T − 26)"
_CHART = Example({"temperature": 30.0, "humidity": 80.0}, 82.92, 0.01, "Clemson chart, 86 °F and 80 %: 83")
_TWO_OF_FOUR = Example({"values": [70.0, 72.0, 75.0, 60.0], "threshold": 72}, 2.0, 1e-12, "by hand")


def _hours_row(species: str, threshold: float, note: str) -> Index:
    return Index(
        name=f"heat_load_hours_{species}", unit="h",
        needs=(*_NEEDS, of_place("elevation", "sea level")) if species == "poultry" else _NEEDS,
        compute=_poultry_load if species == "poultry" else _load(temperature_humidity_index, threshold),
        kernel=hours_above,
        source="Zulovich and DeShazer (1990)" if species == "poultry" else f"{_NRC}Armstrong (1994)",
        equation=f"hours of {'0.6 T + 0.4 Tw' if species == 'poultry' else 'THI'} ≥ {threshold:g}",
        example=_TWO_OF_FOUR, aggregate=Aggregate.SUM, note=note,
    )  # fmt: skip


INDICES: tuple[Index, ...] = (
    Index(
        name="temperature_humidity_index_maximum", unit="1", needs=_NEEDS, compute=_maximum,
        kernel=temperature_humidity_index,
        source="National Research Council (1971)", equation=_THI, example=_CHART, completeness=0.85,
        note="Alert 75, danger 79, emergency 84; dairy cattle suffer from 72.",
    ),
    _hours_row("cattle", THRESHOLDS["cattle"], "From THI 72, dairy cattle."),
    _hours_row("buffalo", THRESHOLDS["buffalo"], "As cattle: no source for buffalo was read."),
    _hours_row("pig", THRESHOLDS["pig"], "From THI 74; the cut-off is general knowledge."),
    _hours_row("poultry", POULTRY_THRESHOLD, "From 27.8 °C; the cut-off is general knowledge."),
    Index(
        name="night_recovery_hours", unit="h", needs=(series("air_temperature", before=1), _NEEDS[1]),
        compute=_recovery, kernel=hours_above,
        source=f"{_NRC}Hahn et al. (1999)", equation="hours of THI < 72 from 20 h to 8 h",
        example=_TWO_OF_FOUR, note="Of 12; counted to the day on which the night ends.",
    ),
    Index(
        name="livestock_cold_hours", unit="h",
        needs=(_NEEDS[0], series("wind_speed", required=False), series("precipitation", required=False, before=1)),
        compute=_cold, kernel=cold_load,
        source="MARD (2018) thresholds 12 and 15 °C; wind chill of Osczevski and Bluestein (2005)",
        equation="hours of felt temperature < 12 °C, < 15 °C with a wet coat",
        example=Example({"temperature": 13.0, "wind": 2.0, "rain": 1.0}, 1.0, 0.0, "by hand"),
        methods=("temperature", "temperature rain", "temperature wind", "temperature wind rain"),
        aggregate=Aggregate.SUM,
    ),
)  # fmt: skip
