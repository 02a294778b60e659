"""Base temperature and heat sum of a crop from its own harvest days, with the error they leave (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.grid import Array
from analytics.indices.heat_units import degree_days_modified

#: Fewer years, and a base and a sum fit anything.
LEAST_YEARS = 4
#: Base temperatures that are tried [°C].
BASES = np.arange(0.0, 20.01, 0.5)
#: A season of which less of its days was measured says nothing.
LEAST_DAYS = 0.9


class TooLittle(ValueError):  # noqa: N818 — says what it is
    """There are too few seasons to fit; says why."""


@dataclass(frozen=True, slots=True)
class Grown:
    """A season from sowing to harvest, and the weather of it."""

    place: str
    #: Year of the harvest.
    year: int
    #: Days from sowing to harvest [d].
    days: int
    #: (days,) daily extremes from the day of sowing on [°C]; NaN where they were not measured.
    minimum: Array
    maximum: Array


@dataclass(frozen=True, slots=True)
class Fit:
    """What was found, and how far it is off."""

    seasons: int
    years: int
    #: Base temperature [°C] and heat from sowing to harvest [°C d], with its standard deviation.
    base: float
    heat: float
    spread: float
    #: Root mean square, and mean, of predicted minus true day of each season left out in turn [d].
    error: float
    bias: float
    #: The same root mean square of counting days alone [d].
    error_of_days: float
    #: The base is the first or the last that was tried: the seasons do not tell it.
    at_the_edge: bool


def fit(seasons: Sequence[Grown], ceiling: float = np.inf) -> Fit:
    """Fit base and sum, and score them by leaving each season out in turn; `TooLittle` of too few years."""
    years = {season.year for season in seasons}
    if len(years) < LEAST_YEARS:
        message = (
            f"{len(seasons)} seasons of {len(years)} years that can be used: at least {LEAST_YEARS} different years "
            "are needed, since base and sum of fewer fit anything"
        )
        raise TooLittle(message)
    heats = np.stack([[_heat(season, base, ceiling) for season in seasons] for base in BASES])
    length = np.array([season.days for season in seasons], float)
    whole = np.ones(len(seasons), np.bool_)
    best = _best(heats, length, whole)
    left_out = [_left_out(heats, length, number) for number in range(len(seasons))]
    off = np.array([heat for heat, _ in left_out])
    counted = np.array([days for _, days in left_out])
    return Fit(
        len(seasons),
        len(years),
        float(BASES[best]),
        float(heats[best].mean()),
        float(heats[best].std(ddof=1)),
        float(np.sqrt((off**2).mean())),
        float(off.mean()),
        float(np.sqrt((counted**2).mean())),
        best in (0, len(BASES) - 1),
    )


def usable(season: Grown) -> str:
    """Why a season cannot be used; empty where it can."""
    if season.days < 1:
        return "harvested before it was sown, or on that day"
    known = float((np.isfinite(season.minimum) & np.isfinite(season.maximum)).mean())
    return "" if known >= LEAST_DAYS else f"temperatures of {100 * known:.0f} % of its days, 90 % are needed"


def _heat(season: Grown, base: float, ceiling: float) -> float:
    """Heat from sowing to harvest [°C d]; days that were not measured are taken as warm as the others."""
    daily = degree_days_modified(season.minimum, season.maximum, base, ceiling)
    return float(np.nanmean(daily)) * season.days


def _off(heats: Array, length: Array, mean: Array) -> Array:
    """(bases, seasons) days by which a sum is reached too late, at the season's own pace of heat."""
    pace = np.maximum(heats / length, 1e-6)
    return np.asarray(np.clip((mean - heats) / pace, -365.0, 365.0))


def _best(heats: Array, length: Array, kept: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> int:
    """Number of the base whose mean sum misses the harvests of the seasons kept by the fewest days."""
    off = _off(heats[:, kept], length[kept], heats[:, kept].mean(axis=1, keepdims=True))
    return int((off**2).mean(axis=1).argmin())


def _left_out(heats: Array, length: Array, number: int) -> tuple[float, float]:
    """Days by which a season is missed by what the others tell: by heat, and by their mean length."""
    kept = np.arange(length.size) != number
    best = _best(heats, length, kept)
    mean = heats[best, kept].mean()
    off = _off(heats[best : best + 1, ~kept], length[~kept], np.full((1, 1), mean))
    return float(off[0, 0]), float(length[kept].mean() - length[number])
