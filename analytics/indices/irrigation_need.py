"""When and how much to irrigate a crop that does not stand in water, from the balance of its root zone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Values
from analytics.index import Example, Index, Result, State, Window, of_index, series
from analytics.indices.crop_stage import days_since_sowing
from analytics.indices.crop_water import METHODS, NOTE, depletion_fraction, poured, probed, soil, stages
from telemetry.quantities import Aggregate
from telemetry.unknown import Why

_FAO = "Allen et al. (1998), FAO-56"
#: After so many days on which nobody entered irrigation it is not known any more whether the field was irrigated. [d]
ANSWER = 7.0


def irrigation_requirement(depletion: Values, available: Values, fraction: Values) -> Values:
    """Net irrigation that a field wants.

    Parameters
    ----------
    depletion : (...) array
        Depletion of the root zone [mm].
    available : (...) array
        Total available water [mm].
    fraction : (...) array
        Share of it that is readily available [1].

    Returns
    -------
    (...) array
        Depth that refills the root zone, 0 until the readily available water is used up [mm].

    References
    ----------
    Allen et al. (1998), FAO-56, ch. 8, Eq. 83 and irrigation planning.
    """
    depletion = np.asarray(depletion, dtype=np.float64)
    ready = np.asarray(available) * fraction
    return np.where(np.isnan(ready), np.nan, np.where(depletion >= ready, depletion, 0.0 * depletion))


def days_to_irrigation(depletion: Values, available: Values, fraction: Values, daily_use: Values) -> Values:
    """Days until the readily available water is used up, should no rain come.

    Parameters
    ----------
    depletion : (...) array
        Depletion of the root zone [mm].
    available : (...) array
        Total available water [mm].
    fraction : (...) array
        Share of it that is readily available [1].
    daily_use : (...) array
        Mean crop evapotranspiration of the past days [mm d-1].

    Returns
    -------
    (...) array
        Days left: 0 is today; at most 60 [d].

    References
    ----------
    Allen et al. (1998), FAO-56, ch. 8, irrigation planning.
    """
    left = np.maximum(np.asarray(available) * fraction - depletion, 0.0)
    return np.minimum(np.floor(left / np.maximum(daily_use, 0.1)), 60.0)


def harvested(window: Window) -> NDArray[np.bool_]:
    """(rows, days) beyond the last stage: a season that nobody ended asks for no water."""
    length = np.sum(stages(window), axis=0)
    return np.asarray(days_since_sowing(window) >= length)


def days_asked(before: Values, depletion: Values, available: Values, fraction: Values, answered: Values) -> Values:
    """Days in a row on which irrigation has been due, and nobody said that the field was irrigated.

    Parameters
    ----------
    before : (...) array
        The same after the day before [d].
    depletion : (...) array
        Depletion of the root zone [mm].
    available : (...) array
        Total available water [mm].
    fraction : (...) array
        Share of it that is readily available [1].
    answered : (...) array
        1 where irrigation was entered on the day or a probe tells of the soil, else 0 [1].

    Returns
    -------
    (...) array
        Days, 0 where irrigation is not due or somebody said [d].

    References
    ----------
    Own choice: after `ANSWER` days a balance that nobody feeds does not know whether a field was irrigated.
    """
    due = irrigation_requirement(depletion, available, fraction) > 0.0
    unknown = 0.0 * (np.asarray(depletion, dtype=np.float64) + available + fraction + answered)
    return np.where(due & (np.asarray(answered) == 0.0), before + 1.0, 0.0) + unknown + 0.0 * np.asarray(before)


def _days_asked(window: Window) -> Result:
    available, fraction, _ = soil(window)
    p = depletion_fraction(fraction, window.index("crop_evapotranspiration"))
    depletion, found = window.index("root_zone_depletion"), window.values["root_zone_depletion"]
    answered = (poured(window) > 0.0) | np.isfinite(probed(window, available))
    now: Values = window.state(ASKED)[:, 0]
    value, states = np.full(window.shape, np.nan), np.full((*window.shape, 1), np.nan)
    for day in range(window.lead, window.grid.days):
        after = days_asked(now, depletion[:, day], available[:, day], p[:, day], answered[:, day].astype(np.float64))
        value[:, day] = after
        now = np.where(np.isfinite(after), after, now)
        states[:, day, 0] = now
    return Result(value, found.completeness, found.method, states)


def _known(window: Window, value: Array) -> Result:
    """What follows from the depletion, unknown where it has been due for days and nobody answers."""
    found = window.values["root_zone_depletion"]
    silent = window.index("irrigation_days_asked") > ANSWER
    value = np.where(silent | harvested(window), np.nan, value)
    return Result(value, found.completeness, found.method, why=silent * np.uint8(Why.UNANSWERED))


def _requirement(window: Window) -> Result:
    available, fraction, _ = soil(window)
    p = depletion_fraction(fraction, window.index("crop_evapotranspiration"))
    return _known(window, irrigation_requirement(window.index("root_zone_depletion"), available, p))


def _days_left(window: Window) -> Result:
    available, fraction, _ = soil(window)
    use = window.index("crop_evapotranspiration", before=4)
    spans = np.lib.stride_tricks.sliding_window_view(use, 5, axis=1)
    known = np.isfinite(spans)
    mean = np.where(known, spans, 0.0).sum(axis=2) / np.where(known.any(axis=2), known.sum(axis=2), np.nan)
    p = depletion_fraction(fraction, mean)
    return _known(window, days_to_irrigation(window.index("root_zone_depletion"), available, p, mean))


_UNANSWERED = (
    "Not known once irrigation has been due for a week and nobody entered any: rain that fills the root zone, a probe "
    "or irrigation that is entered tells again. None after the last stage: a season that nobody ended asks for "
    "nothing. "
)

ASKED = Index(
    name="irrigation_days_asked", unit="d", flooded=False,
    needs=(of_index("root_zone_depletion"), series("water_volume", required=False)), compute=_days_asked,
    kernel=days_asked, source="Own choice",
    equation="days in a row with Dr ≥ RAW, no irrigation entered and no probe",
    example=Example({"before": 2.0, "depletion": 72.8, "available": 160.0, "fraction": 0.4, "answered": 0.0}, 3.0,
                    1e-12, "by hand"),
    completeness=0.5, methods=METHODS, aggregate=Aggregate.LAST, season=True, state=(State("days", "d", 0.0),),
    note="After a week of it the days to irrigation are not known, and an alert of them ends. " + NOTE,
)  # fmt: skip

INDICES: tuple[Index, ...] = (
    ASKED,
    Index(
        name="irrigation_requirement", unit="mm", flooded=False,
        needs=(of_index("root_zone_depletion"), of_index("irrigation_days_asked")), compute=_requirement,
        kernel=irrigation_requirement,
        source=f"{_FAO}, Eq. 83, ch. 8", equation="I = Dr where Dr ≥ RAW, else 0",
        example=Example({"depletion": 72.8, "available": 160.0, "fraction": 0.4}, 72.8, 1e-9, "FAO-56, Example 37"),
        completeness=0.5, methods=METHODS, aggregate=Aggregate.LAST, season=True,
        note="Net: losses of the field and the canal come on top. " + _UNANSWERED + NOTE,
    ),
    Index(
        name="days_to_irrigation", unit="d", flooded=False,
        needs=(of_index("root_zone_depletion"), of_index("irrigation_days_asked"),
               of_index("crop_evapotranspiration", before=4)), compute=_days_left,
        kernel=days_to_irrigation,
        source=f"{_FAO}, ch. 8", equation="⌊(RAW − Dr)/mean ETc of 5 days⌋",
        example=Example({"depletion": 40.0, "available": 160.0, "fraction": 0.4, "daily_use": 5.0}, 4.0, 1e-12,
                        "by hand"),
        completeness=0.5, methods=METHODS, aggregate=Aggregate.LAST, season=True,
        note="Irrigate by: the day of the value plus so many days, should no rain come. " + _UNANSWERED + NOTE,
    ),
)  # fmt: skip
