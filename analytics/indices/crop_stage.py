"""Where a crop stands: heat since sowing and its stage, by heat where its sums are known, else by days."""

from __future__ import annotations

import numpy as np

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, Season, State, Window, of_crop, of_index, whole
from analytics.indices.heat_units import degree_days_modified
from telemetry.quantities import Aggregate


def season_of(window: Window) -> Season:
    """The seasons of a window made by `Window.take`."""
    if window.season is None:
        message = "an index of a crop season needs a window of seasons: Window.take(rows, season)"
        raise ValueError(message)
    return window.season


def days_since_sowing(window: Window) -> Array:
    """(rows, days) whole days since sowing, 0 on the day of sowing; NaN outside the season."""
    season, dates = season_of(window), window.grid.dates
    days = (dates[None, :] - season.sown[:, None]).astype("timedelta64[D]")
    ended = (dates[None, :] > season.ended[:, None]) & ~np.isnat(season.ended[:, None])
    unknown = np.isnat(days)
    number = np.where(unknown, np.timedelta64(-1, "D"), days).astype(np.float64)
    return np.where(unknown | (number < 0) | ended, np.nan, number)


def stage(progress: Values, initial: Values, development: Values, middle: Values, late: Values) -> Values:
    """Stage of a crop, as a number that grows through the season.

    Parameters
    ----------
    progress : (...) array
        What has passed since sowing, in days or degree days [d or °C d].
    initial : (...) array
        Length of the initial stage, in the same [d or °C d].
    development : (...) array
        Length of the development stage [d or °C d].
    middle : (...) array
        Length of the mid-season stage [d or °C d].
    late : (...) array
        Length of the late stage [d or °C d].

    Returns
    -------
    (...) array
        1 to 2 in the initial stage, then development, mid-season, late to 5 at harvest: the whole number is the
        stage, the rest how much of it has passed [1].

    References
    ----------
    Allen et al. (1998), FAO-56, ch. 6, figure 29: the four stages.
    """
    progress = np.asarray(progress, dtype=np.float64)
    done, begin = 1.0 + 0.0 * progress, 0.0 * progress
    for length in (initial, development, middle, late):
        length_known = np.where(np.asarray(length) > 0.0, length, np.nan)
        done = done + np.clip((progress - begin) / length_known, 0.0, 1.0)
        begin = begin + length
    return done


def heat_sum(minimum: Values, maximum: Values, base: Values, ceiling: Values, before: Values) -> Values:
    """Degree days since sowing.

    Parameters
    ----------
    minimum : (..., days) array
        Daily minimum temperature [°C].
    maximum : (..., days) array
        Daily maximum temperature [°C].
    base : (..., 1) array
        Lower threshold of the crop [°C].
    ceiling : (..., 1) array
        Upper threshold of the crop [°C].
    before : (...) array
        Sum before the first day [°C d].

    Returns
    -------
    (..., days) array
        Sum after each day; a day without temperatures has none and adds nothing [°C d].

    References
    ----------
    McMaster and Wilhelm (1997), Agric. For. Meteorol. 87, 291–300, method 2 with an upper threshold.
    """
    daily = degree_days_modified(minimum, maximum, base, ceiling)
    sums = np.nancumsum(daily, axis=-1) + np.asarray(before)[..., None]
    return np.where(np.isnan(daily), np.nan, sums)


def _heat(window: Window) -> Result:
    season, lead = season_of(window), window.lead
    days: Values = days_since_sowing(window)
    base = season.parameter("heat_base")[:, None]
    ceiling = season.parameter("heat_ceiling", np.inf)[:, None]
    low, high = window.index("air_temperature_minimum"), window.index("air_temperature_maximum")
    active: Values = np.isfinite(days)
    low = np.where(active, low, np.nan)
    state = window.state(HEAT)
    value: Values = np.full(window.shape, np.nan)
    states: Values = np.full((*window.shape, 2), np.nan)
    value[:, lead:] = heat_sum(low[:, lead:], high[:, lead:], base, ceiling, state[:, 0])
    known: Values = np.isfinite(value)
    sums = np.nancumsum(np.where(known, degree_days_modified(low, high, base, ceiling), 0.0)[:, lead:], axis=1)
    states[:, lead:, 0] = sums + state[:, :1]
    states[:, lead:, 1] = np.cumsum(known[:, lead:], axis=1) + state[:, 1:]
    completeness = np.nan_to_num(states[:, :, 1] / (days + 1.0))
    return Result(value, np.clip(completeness, 0.0, 1.0), state=states)


def _stage(window: Window) -> Result:
    season = season_of(window)
    days: Values = days_since_sowing(window)
    by_days = stage(days, *_parts(season, "stage"))
    heat: Values = window.index("season_degree_days")
    by_heat = stage(heat, *_parts(season, "heat"))
    warm: Values = np.isfinite(by_heat)
    value: Values = np.where(warm, by_heat, by_days)
    return Result(value, whole(value), warm.astype(np.uint8))


def _parts(season: Season, kind: str) -> tuple[Array, ...]:
    return tuple(season.parameter(f"{kind}_{part}")[:, None] for part in ("initial", "development", "middle", "late"))


_LENGTHS = tuple(of_crop(f"stage_{part}") for part in ("initial", "development", "middle", "late"))
HEAT = Index(
    name="season_degree_days", unit="Cel.d",
    needs=(of_index("air_temperature_minimum"), of_index("air_temperature_maximum"), of_crop("heat_base")),
    compute=_heat, kernel=heat_sum,
    source="McMaster and Wilhelm (1997), Agric. For. Meteorol. 87, 291–300",
    equation="Σ (clip(Tmax, Tb, Tu) + clip(Tmin, Tb, Tu))/2 − Tb",
    example=Example({"minimum": [18.0] * 10, "maximum": [30.0] * 10, "base": [14.0], "ceiling": [99.0], "before": 0.0},
                    100.0, 1e-9, "agrometeorologiapy 1.0.1: 10 °C d a day, sowing day counted", position=9),
    completeness=0.9, aggregate=Aggregate.LAST, season=True,
    state=(State("sum", "Cel.d", 0.0), State("days_known", "d", 0.0)),
    note="Only for crops whose base temperature is known or given with the season.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    HEAT,
    Index(
        name="crop_stage", unit="1", needs=(of_index("season_degree_days", required=False), *_LENGTHS),
        compute=_stage, kernel=stage,
        source="Allen et al. (1998), FAO-56, ch. 6 and table 11", equation="stage + share of it that has passed",
        example=Example({"progress": 55.0, "initial": 25.0, "development": 25.0, "middle": 30.0, "late": 20.0},
                        3.0 + 5.0 / 30.0, 1e-12, "by hand with the stages of FAO-56, Example 28"),
        completeness=0.0, methods=("days", "degree-days"), aggregate=Aggregate.LAST, season=True,
        note="By days with the table's lengths unless heat sums are given with the season.",
    ),
)  # fmt: skip
