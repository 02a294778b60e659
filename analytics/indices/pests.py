"""Pests by degree days: generations of a table with provenance; constants may come with the place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from analytics.grid import Values
from analytics.index import Example, Index, Need, Result, State, Window, of_index, of_place
from analytics.indices.heat_units import degree_days_sine
from telemetry.quantities import Aggregate


@dataclass(frozen=True, slots=True)
class Pest:
    """Thermal constants of a pest; NaN where none is known, to be given as properties of the place."""

    name: str
    #: Lower threshold [°C] and heat of a generation [°C d].
    base: float
    generation: float
    ceiling: float
    source: str


_NAN = float("nan")
PESTS: tuple[Pest, ...] = (
    Pest("fall_armyworm", 12.57, 391.0, 30.0,
         "du Plessis, Schlemmer and van den Berg (2020), Insects 11, 228; sum from egg to adult not verified"),
    Pest("brown_planthopper", _NAN, _NAN, _NAN,
         "constants vary by population: none was taken"),
    Pest("yellow_stem_borer", _NAN, _NAN, _NAN,
         "constants vary by population: none was taken"),
)  # fmt: skip


def generations(daily: Values, generation: Values, before: Values) -> Values:
    """Generations of a pest since the count began.

    Parameters
    ----------
    daily : (..., days) array
        Degree days of each day; a day without adds nothing and has no value [°C d].
    generation : (..., 1) array
        Degree days of a generation [°C d].
    before : (..., 1) array
        Degree days before the first day [°C d].

    Returns
    -------
    (..., days) array
        Generations, with the share of the running one that has passed [1].

    References
    ----------
    Arnold (1959), The determination and significance of the base temperature in a linear heat unit system, Proc. Amer.
    Soc. Hort. Sci. 74, 430–445: the thermal constant.
    """
    daily = np.asarray(daily, dtype=np.float64)
    sums = np.nancumsum(daily, axis=-1) + before
    generation = np.asarray(generation, dtype=np.float64)
    return np.where(np.isnan(daily), np.nan, sums / np.where(generation > 0.0, generation, np.nan))


def _computed(pest: Pest) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        row, lead, places = _ROWS[pest.name], window.lead, window.places
        base, heat, ceiling = (
            places.property(f"{pest.name}_{what}", default)[:, None]
            for what, default in (("base", pest.base), ("generation", pest.generation), ("ceiling", pest.ceiling))
        )
        low, high = window.index("air_temperature_minimum"), window.index("air_temperature_maximum")
        daily = degree_days_sine(low, high, base, np.nan_to_num(ceiling, nan=np.inf))
        # counted from 1 January: the first day of the year begins anew
        january = (window.grid.dates == window.grid.dates.astype("datetime64[Y]").astype("datetime64[D]"))[lead:]
        state = window.state(row)
        value, states = np.full(window.shape, np.nan), np.full((*window.shape, 3), np.nan)
        now: Values = state
        for day in range(lead, window.grid.days):
            now = np.where(january[day - lead], 0.0, now)
            known = np.isfinite(daily[:, day])
            now = now + np.stack((np.nan_to_num(daily[:, day]), known, np.ones_like(known)), axis=-1)
            states[:, day] = now
            value[:, day] = generations(daily[:, day : day + 1], heat, now[:, :1] - daily[:, day : day + 1])[:, 0]
        share = states[:, :, 1] / np.where(states[:, :, 2] > 0, states[:, :, 2], np.nan)
        return Result(value, np.nan_to_num(share), state=states)

    return compute


def _constants(pest: Pest) -> tuple[Need, ...]:
    """What a place may say of a pest, and what is taken otherwise."""
    given = (("base", pest.base), ("generation", pest.generation))
    known = (of_place(f"{pest.name}_{what}", f"{value:g}" if value == value else "") for what, value in given)  # noqa: PLR0124
    highest = f"{pest.ceiling:g}" if pest.ceiling == pest.ceiling else "no upper threshold"
    return (*known, of_place(f"{pest.name}_ceiling", highest))


def _row(pest: Pest) -> Index:
    return Index(
        name=f"{pest.name}_generations", unit="1",
        needs=(of_index("air_temperature_minimum"), of_index("air_temperature_maximum"), *_constants(pest)),
        compute=_computed(pest),
        kernel=generations, source=pest.source,
        equation="Σ degree days of a sine above the base since 1 January / those of a generation",
        example=Example({"daily": [10.0, 10.0], "generation": [40.0], "before": [20.0]}, [0.75, 1.0], 1e-12, "by hand"),
        completeness=0.8, aggregate=Aggregate.LAST,
        state=(State("sum", "Cel.d", 0.0), State("known", "d", 0.0), State("days", "d", 0.0)),
        note=f"The place's properties {pest.name}_base, _generation and _ceiling override the constants.",
    )  # fmt: skip


_ROWS = {pest.name: _row(pest) for pest in PESTS}
INDICES: tuple[Index, ...] = tuple(_ROWS.values())
