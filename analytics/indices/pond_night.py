"""Oxygen of a pond at the coming dawn, projected from two readings of the evening."""

from __future__ import annotations

import numpy as np

from analytics.grid import HOUR, Values
from analytics.index import Example, Index, Result, Window, of_place, series, whole
from analytics.solar import sunrise_and_sunset

NAME = "dissolved_oxygen_dawn_forecast"
#: Local hour at which it is said, when the hour of the second reading is over.
LOOK = 21
#: So far apart both readings must be at least [h].
APART = 2


def projected_oxygen(dusk: Values, later: Values, apart: Values, ahead: Values) -> Values:
    """Dissolved oxygen at dawn, should it go on falling through the night as it did in the evening.

    Parameters
    ----------
    dusk : (...) array
        Dissolved oxygen at dusk [mg L-1].
    later : (...) array
        Dissolved oxygen some hours later [mg L-1].
    apart : (...) array
        Hours between both [h].
    ahead : (...) array
        Hours from the later one to dawn [h].

    Returns
    -------
    (...) array
        Dissolved oxygen at dawn, not below 0 [mg L-1].

    References
    ----------
    Boyd, Romaire and Johnston (1978), Trans. Am. Fish. Soc. 107, 484-492: a straight line through two readings of the
    evening, drawn on to dawn.
    """
    dusk, later = np.asarray(dusk, dtype=np.float64), np.asarray(later, dtype=np.float64)
    return np.maximum(later + (later - dusk) / np.asarray(apart) * np.asarray(ahead), 0.0)


def _projected(window: Window) -> Result:
    """The hour of the sunset and the one before the look; dawn is the sunrise of the day that follows."""
    grid = window.hourly_grid()
    oxygen = window.hourly("dissolved_oxygen").mean
    where = window.places.latitude[:, None], window.places.longitude[:, None]
    sunset = sunrise_and_sunset(*where, grid.dates[None])[1] - grid.start[:, None]
    dawn = sunrise_and_sunset(*where, grid.dates[None] + 1)[0] - grid.start[:, None]
    known = np.isfinite(sunset / np.timedelta64(1, "s"))
    first = np.where(known, sunset // np.timedelta64(HOUR, "s"), 0).astype(np.int64)
    second = grid.edges[:, :-1] + LOOK - 1
    inside = [np.clip(one, 0, grid.steps - 1) for one in (first, second)]
    dusk, later = (np.take_along_axis(oxygen, one, axis=1) for one in inside)
    ahead = dawn / np.timedelta64(HOUR, "s") - (second + 0.5)
    usable = known & (second - first >= APART)
    value = projected_oxygen(dusk, later, np.where(usable, second - first, np.nan), ahead)
    return Result(value, whole(value))


INDICES: tuple[Index, ...] = (
    Index(
        name=NAME, unit="mg/L", needs=(series("dissolved_oxygen"), of_place("latitude"), of_place("longitude")),
        compute=_projected, kernel=projected_oxygen,
        source="Boyd, Romaire and Johnston (1978), Trans. Am. Fish. Soc. 107, 484-492",
        equation="DO2 + (DO2 − DO1)/(t2 − t1) · (dawn − t2)",
        example=Example({"dusk": 8.0, "later": 7.0, "apart": 2.0, "ahead": 8.0}, 3.0, 1e-12, "by hand"),
        note="From the hour of sunset and that from 20 to 21 h, two hours apart or more, for the dawn that follows: "
             "an aerator that runs in the evening, or starts in the night, makes it untrue.",
    ),
)  # fmt: skip
