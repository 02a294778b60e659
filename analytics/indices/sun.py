"""The sun's day: its length, and the radiation under a clear sky."""

from __future__ import annotations

import numpy as np

from analytics.grid import Values
from analytics.index import Example, Index, Result, Window, of_place
from analytics.solar import clear_sky_radiation, day_of_year, daylight_hours, extraterrestrial_radiation

_FAO = "Allen et al. (1998), FAO Irrigation and Drainage Paper 56"


def _latitudes_and_days(window: Window) -> tuple[Values, Values]:
    return window.places.latitude[:, None], day_of_year(window.grid.dates)[None, :]


def _day_length(window: Window) -> Result:
    value = daylight_hours(*_latitudes_and_days(window))
    return Result(value, np.isfinite(value).astype(np.float64))


def _clear_sky(window: Window) -> Result:
    value = clear_sky_radiation(
        extraterrestrial_radiation(*_latitudes_and_days(window)), window.places.elevation[:, None]
    )
    return Result(value, np.isfinite(value).astype(np.float64))


INDICES: tuple[Index, ...] = (
    Index(
        name="day_length",
        unit="h",
        needs=(of_place("latitude"),),
        compute=_day_length,
        kernel=daylight_hours,
        source=f"{_FAO}, Eq. 34",
        equation="N = 24/π · arccos(−tan φ tan δ)",
        example=Example({"latitude": -20.0, "day": 246.0}, 11.7, 0.05, "FAO-56, Example 9"),
    ),
    Index(
        name="clear_sky_radiation",
        unit="MJ/m2",
        needs=(of_place("latitude"), of_place("elevation")),
        compute=_clear_sky,
        kernel=clear_sky_radiation,
        source=f"{_FAO}, Eq. 21 and 37",
        equation="Rso = (0.75 + 2·10⁻⁵ z) Ra",
        example=Example({"extraterrestrial": 41.09, "elevation": 100.0}, 30.9, 0.02, "FAO-56, Example 18"),
    ),
)
