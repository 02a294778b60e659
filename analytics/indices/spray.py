"""When a crop can be sprayed: wind that neither drifts nor stands, air that is not too dry, no rain after it."""

from __future__ import annotations

import numpy as np

from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_place, series
from analytics.indices.evapotranspiration import wind_at_2_m
from analytics.indices.psychrometrics import pressure_of, psychrometric_wet_bulb

#: Hours of the day that are looked at, and for how long after one there must be no rain [h].
FIRST, LAST, DRY = 5, 19, 4
#: Wind at 2 m [m s-1], of 2 and 15 km/h, and depression of the wet bulb [K].
WIND, DEPRESSION = (2.0 / 3.6, 15.0 / 3.6), (2.0, 8.0)


def fit_for_spraying(wind: Values, depression: Values, rain: Values) -> Values:
    """Whether an hour is fit for spraying.

    Parameters
    ----------
    wind : (...) array
        Wind speed at 2 m [m s-1].
    depression : (...) array
        Air temperature less that of the wet bulb, Delta T [K].
    rain : (...) array
        Rain of the hour and of those after it in which the leaf must stay dry [mm].

    Returns
    -------
    (...) array
        1 where it is, else 0; NaN where something is not known [1].

    References
    ----------
    Bureau of Meteorology (Australia), Delta T and spraying: 2 to 8 K; wind of 2 to 15 km/h.
    """
    wind, depression, rain = (np.asarray(one, dtype=np.float64) for one in (wind, depression, rain))
    fit = (wind >= WIND[0]) & (wind <= WIND[1]) & (depression >= DEPRESSION[0]) & (depression <= DEPRESSION[1])
    known = np.isfinite(wind) & np.isfinite(depression) & np.isfinite(rain)
    return np.where(known, (fit & (rain <= 0.0)).astype(np.float64), np.nan)


def _hours(window: Window) -> Result:
    """Fit hours of the daylight of each day; all that they need lies within the day."""
    air, wet = window.hourly("air_temperature").mean, window.hourly("relative_humidity").mean
    depression = air - psychrometric_wet_bulb(air, wet, pressure_of(window.places.elevation))
    height = np.where(np.isfinite(window.places.wind_height), window.places.wind_height, 2.0)
    wind = window.hourly("wind_speed").mean * wind_at_2_m(1.0, height)[:, None]
    fallen = np.concatenate((window.hourly("precipitation").total, np.full((len(air), DRY), np.nan)), axis=1)
    after = np.lib.stride_tricks.sliding_window_view(fallen, DRY + 1, axis=1).sum(axis=2)
    by_day = window.hourly_grid().by_day(fit_for_spraying(wind, depression, after))[:, :, FIRST:LAST]
    known = np.isfinite(by_day)
    return Result(np.where(known, by_day, 0.0).sum(axis=2), known.mean(axis=2))


INDICES: tuple[Index, ...] = (
    Index(
        name="spray_hours", unit="h", compute=_hours, kernel=fit_for_spraying,
        needs=(series("air_temperature"), series("relative_humidity"), series("wind_speed"), series("precipitation"),
               of_place("elevation", "sea level")),
        source="Delta T of 2 to 8 K: Bureau of Meteorology (Australia), as widely quoted, not read by us; wind of 2 to "
               "15 km/h and 4 h without rain: own choice of operation",
        equation="hours from 5 to 19 h with wind of 2 to 15 km/h, T − Tw of 2 to 8 K, no rain in them and 4 h after",
        example=Example({"wind": 2.0, "depression": 5.0, "rain": 0.0}, 1.0, 0.0, "by hand"),
        note="Of today and the days ahead only on a forecast. What stands on the label comes first.",
    ),
)  # fmt: skip
