"""Calendars of pests that a count begins: a light trap's peak, then days until the young hatch, as a range.

Whoever counts says so as a reading of ``pest_count/<pest>`` at a station. Nothing is counted from 1 January. Of a pest
whose span from peak to hatch was not read in a source the days are counted, and no date is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, of_place, series, whole
from analytics.indices.crop_stage import days_since_sowing, season_of
from analytics.indices.disease_season import RICE
from analytics.indices.heat_units import degree_days_sine
from telemetry.quantities import Aggregate

#: Own choice: after so many days a lower count begins a new flight, and after so many a peak says nothing any more.
NEW_FLIGHT, FORGOTTEN = 21.0, 60.0
_NONE = 999.0


@dataclass(frozen=True, slots=True)
class Pest:
    """What was read of a pest."""

    name: str
    source: str
    #: Crops on which its young feed.
    crops: tuple[str, ...] = ()
    #: First and last day after the peak on which they hatch [d]; None: not read in a source, and no date is told.
    hatch: tuple[int, int] | None = None
    #: Mean temperature for which that was said [°C].
    warmth: tuple[float, float] = (-np.inf, np.inf)


PESTS: tuple[Pest, ...] = (
    Pest(
        "brown_planthopper",
        source="Plant protection of Phú Thọ (bvtvphutho.vn, 2009): adults lay from day 4 or 5, eggs take 6 or 7 days",
        crops=RICE, hatch=(10, 12),
    ),
    Pest(
        "yellow_stem_borer", source="2lua.vn (2011, 2013): at 19 to 25 °C moths lay after 3 days, eggs take 8 to 13",
        crops=RICE, hatch=(11, 16), warmth=(19.0, 25.0),
    ),
    Pest(
        "fall_armyworm",
        source="Heat requirements for the fall armyworm as a new pest in Egypt, Egypt. Acad. J. Biol. Sci. A (2020): "
        "laying after 4.8 and 2.1 days, eggs 6.9 and 2.1 days at 20 and 30 °C",
        crops=("maize",), hatch=(4, 12), warmth=(20.0, 30.0),
    ),
    Pest("pine_caterpillar", source="no span from peak to hatch was read: the days are counted", crops=("pine",)),
)  # fmt: skip
CALENDARS = tuple(pest for pest in PESTS if pest.hatch)
#: Thermal constants of the fall armyworm: lower threshold, egg to adult, upper threshold.
_ARMYWORM = {"base": 12.57, "generation": 391.0, "ceiling": 30.0}


def days_since_peak(count: Values, peak: Values, since: Values, least: Values = 1.0) -> tuple[Values, Values]:
    """Days since the largest count of a flight, and that count.

    Parameters
    ----------
    count : (...) array
        What was counted on the day; NaN where nobody counted [1].
    peak : (...) array
        Largest count of the flight so far [1].
    since : (...) array
        Days since it, at the end of the day before; large where there is none [d].
    least : (...) array
        Count from which on a peak is one [1].

    Returns
    -------
    since : (...) array
        Days since the peak: 0 on the day of a larger count, or of any from 21 days on [d].
    peak : (...) array
        Largest count of the flight [1].

    References
    ----------
    Own: a flight is what lies within 21 days of its largest count.
    """
    count, peak = np.asarray(count, dtype=np.float64), np.asarray(peak, dtype=np.float64)
    later = np.asarray(since, dtype=np.float64) + 1.0
    begins = (count >= least) & ((count > peak) | (later >= NEW_FLIGHT))
    return np.where(begins, 0.0, later), np.where(begins, count, peak)


def days_to_hatch(since: Values, last: Values, mean: Values, coldest: Values, warmest: Values) -> Values:
    """Days until the last of a peak's young have hatched.

    Parameters
    ----------
    since : (...) array
        Days since the peak [d].
    last : (...) array
        Days from a peak to the last hatching [d].
    mean : (...) array
        Mean temperature since the peak [°C].
    coldest : (...) array
        Lowest mean temperature for which the span was said [°C].
    warmest : (...) array
        Highest mean temperature for which the span was said [°C].

    Returns
    -------
    (...) array
        Days left, below 0 once it is over; NaN where the span was not said for such weather [d].

    References
    ----------
    Spans of the sources named by each pest's index.
    """
    mean = np.asarray(mean, dtype=np.float64)
    said = (mean >= np.asarray(coldest)) & (mean <= np.asarray(warmest))
    return np.where(said, np.asarray(last) - np.asarray(since, dtype=np.float64), np.nan)


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


def _since(pest: Pest) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        row, lead = _ROWS[f"{pest.name}_days_since_peak"], window.lead
        counted = window.summary(f"pest_count/{pest.name}").total
        least = window.places.property(f"{pest.name}_peak", 1.0)
        now = window.state(row)
        value, states = np.full(window.shape, np.nan), np.full((*window.shape, 2), np.nan)
        for day in range(lead, window.grid.days):
            since, peak = days_since_peak(counted[:, day], now[:, 1], now[:, 0], least)
            now = np.stack((np.minimum(since, _NONE), peak), axis=-1)
            states[:, day] = now
            value[:, day] = np.where(since <= FORGOTTEN, since, np.nan)
        return Result(value, whole(value), state=states)

    return compute


def _hatch(pest: Pest) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        row, lead = _ROWS[f"{pest.name}_hatch"], window.lead
        since, mean = window.index(f"{pest.name}_days_since_peak"), window.index("air_temperature_mean")
        now = window.state(row)
        value, states = np.full(window.shape, np.nan), np.full((*window.shape, 2), np.nan)
        last = 0 if pest.hatch is None else pest.hatch[1]
        for day in range(lead, window.grid.days):
            known = np.isfinite(mean[:, day])
            now = np.where((since[:, day] == 0.0)[:, None], 0.0, now)
            now = now + np.stack((np.nan_to_num(mean[:, day]), known), axis=-1)
            states[:, day] = now
            average = now[:, 0] / np.where(now[:, 1] > 0, now[:, 1], np.nan)
            value[:, day] = days_to_hatch(since[:, day], last, average, *pest.warmth)
        return Result(value, whole(value), state=states)

    return compute


def _hatch_season(pest: Pest) -> Callable[[Window], Result]:
    def compute(window: Window) -> Result:
        stands, spoken = _stands(window, pest.crops)
        left = window.index(f"{pest.name}_hatch")
        last = 0 if pest.hatch is None else pest.hatch[1]
        # a peak before the sowing found no crop to lay on
        mine = stands & (last - left <= days_since_sowing(window))
        value = np.where(spoken & np.isfinite(left), np.where(mine, left, -1.0), np.nan)
        return Result(value, whole(value))

    return compute


def _stands(window: Window, crops: tuple[str, ...]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(rows, days) whether one of these crops stands, and whether the season of one has begun."""
    season = season_of(window)
    mine = np.isin(np.array(season.crop), crops)[:, None]
    begun = window.grid.dates[None, :] >= season.sown[:, None]
    ripe: Array = np.asarray(window.index("crop_stage") >= 5.0)
    return np.asarray(np.isfinite(days_since_sowing(window)) & mine & (ripe == 0)), np.asarray(mine & begun)


def _armyworm(window: Window) -> Result:
    lead, places, pest = window.lead, window.places, "fall_armyworm"
    base, heat, ceiling = (places.property(f"{pest}_{what}", given)[:, None] for what, given in _ARMYWORM.items())
    daily = degree_days_sine(
        window.index("air_temperature_minimum"), window.index("air_temperature_maximum"), base, ceiling
    )
    since = window.index(f"{pest}_days_since_peak")
    now = window.state(_ROWS[f"{pest}_generations"])
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 3), np.nan)
    for day in range(lead, window.grid.days):
        now = np.where((since[:, day] == 0.0)[:, None], 0.0, now)
        known = np.isfinite(daily[:, day])
        now = now + np.stack((np.nan_to_num(daily[:, day]), known, np.ones_like(known)), axis=-1)
        states[:, day] = now
        today = np.where(np.isfinite(since[:, day]), daily[:, day], np.nan)[:, None]
        value[:, day] = generations(today, heat, now[:, :1] - np.nan_to_num(today))[:, 0]
    share = states[:, :, 1] / np.where(states[:, :, 2] > 0, states[:, :, 2], np.nan)
    return Result(value, np.nan_to_num(share), state=states)


def _row_since(pest: Pest) -> Index:
    return Index(
        name=f"{pest.name}_days_since_peak", unit="d",
        needs=(series(f"pest_count/{pest.name}"), of_place(f"{pest.name}_peak", "1")),
        compute=_since(pest), kernel=days_since_peak, source=pest.source,
        equation="days since the largest count within 21 days",
        example=Example({"count": [40.0, 90.0, 30.0], "peak": [80.0, 80.0, 80.0], "since": [4.0, 4.0, 20.0]},
                        [5.0, 0.0, 0.0], 0.0, "by hand", part=0),
        completeness=0.0, aggregate=Aggregate.LAST, state=(State("since", "d", _NONE), State("peak", "1", 0.0)),
        bounded=frozenset({"count", "peak", "since"}),
        note="Begun by a count that somebody entered; forgotten after 60 days. Flights of 21 days are an own choice."
        + ("" if pest.hatch else " No date follows from it: the province's own records would have to give the span."),
    )  # fmt: skip


def _rows_hatch(pest: Pest) -> tuple[Index, Index]:
    first, last = pest.hatch or (0, 0)
    example = Example({"since": [0.0, 12.0, 3.0], "last": [12.0, 12.0, 12.0], "mean": [25.0, 25.0, 18.0],
                       "coldest": [19.0, 19.0, 19.0], "warmest": [30.0, 30.0, 30.0]}, [12.0, 0.0, np.nan], 0.0,
                      "by hand")  # fmt: skip
    said = f"Hatching from the {first}th to the {last}th day after the peak"
    low, high = pest.warmth
    said += f", said for {low:g} to {high:g} °C: no value outside." if np.isfinite(low) else "."
    of_the_place = Index(
        name=f"{pest.name}_hatch", unit="d",
        needs=(of_index(f"{pest.name}_days_since_peak"), of_index("air_temperature_mean")), compute=_hatch(pest),
        kernel=days_to_hatch, source=pest.source, equation=f"{last} − days since the peak", example=example,
        completeness=0.0, aggregate=Aggregate.LAST, state=(State("sum", "Cel", 0.0), State("known", "d", 0.0)),
        note=said,
    )  # fmt: skip
    return of_the_place, Index(
        name=f"{pest.name}_hatch_season", unit="d",
        needs=(of_index(f"{pest.name}_hatch"), of_index("crop_stage", required=False)), compute=_hatch_season(pest),
        kernel=days_to_hatch, source=pest.source, equation=f"{last} − days since the peak", example=example,
        completeness=0.0, aggregate=Aggregate.LAST, season=True,
        note=f"{said} Of {', '.join(pest.crops)} alone, and of peaks since its sowing.",
    )  # fmt: skip


_GENERATIONS = Index(
    name="fall_armyworm_generations", unit="1",
    needs=(of_index("air_temperature_minimum"), of_index("air_temperature_maximum"),
           of_index("fall_armyworm_days_since_peak"),
           *(of_place(f"fall_armyworm_{what}", f"{value:g}") for what, value in _ARMYWORM.items())),
    compute=_armyworm, kernel=generations,
    source="du Plessis, Schlemmer and van den Berg (2020), Insects 11, 228; sum from egg to adult not verified",
    equation="Σ degree days of a sine above the base since the peak / those of a generation",
    example=Example({"daily": [10.0, 10.0], "generation": [40.0], "before": [20.0]}, [0.75, 1.0], 1e-12, "by hand"),
    completeness=0.8, aggregate=Aggregate.LAST,
    state=(State("sum", "Cel.d", 0.0), State("known", "d", 0.0), State("days", "d", 0.0)),
    note="The place's properties fall_armyworm_base, _generation and _ceiling override the constants.",
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    *(_row_since(pest) for pest in PESTS),
    *(row for pest in CALENDARS for row in _rows_hatch(pest)),
    _GENERATIONS,
)
_ROWS = {row.name: row for row in INDICES}
