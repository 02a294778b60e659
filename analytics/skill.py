"""How well warnings and forecasts met what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array

Flags = NDArray[np.bool_]


class Span(NamedTuple):
    """An event or an episode; seconds since 1970, the end excluded."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Warned:
    """Contingency of episodes against events."""

    hits: int
    misses: int
    false_alarms: int
    #: Probability of detection, hits / (hits + misses) [1]; NaN without events.
    pod: float
    #: False alarm ratio, false alarms / (hits + false alarms) [1]; NaN without episodes.
    far: float
    #: Critical success index, hits / (hits + misses + false alarms) [1].
    csi: float
    #: Median time from an episode's start to its event's [s]; NaN without hits.
    lead: float


def warnings(episodes: Sequence[Span], events: Sequence[Span], ahead: int = 0) -> Warned:
    """Score episodes against a list of events.

    Parameters
    ----------
    episodes, events : sequences of `Span`
        What was warned of, and what came [s].
    ahead : int
        An episode counts for an event that begins at most so long after it ended [s].

    Returns
    -------
    Warned
        An event is a hit if any episode overlaps it, or came shortly before; an episode that met none is false.

    References
    ----------
    WWRP/WGNE Joint Working Group on Forecast Verification Research: POD, FAR, CSI of the 2 × 2 table.
    """
    met: set[int] = set()
    leads = []
    for event in events:
        mine = [k for k, one in enumerate(episodes) if one.begin < event.end and one.end + ahead > event.begin]
        if mine:
            met |= set(mine)
            leads.append(event.begin - min(episodes[k].begin for k in mine))
    hits, false = len(leads), len(episodes) - len(met)
    misses = len(events) - hits
    return Warned(
        hits,
        misses,
        false,
        _share(hits, hits + misses),
        _share(false, false + len(met)),
        _share(hits, hits + misses + false),
        float(np.median(leads)) if leads else float("nan"),
    )


def contingency(warned: Flags, came: Flags) -> Warned:
    """Score what was said of each of many times, e.g. nights, against what came at it.

    Parameters
    ----------
    warned, came : (n,) arrays
        Whether it was warned of, and whether it came.

    Returns
    -------
    Warned
        The 2 × 2 table; its lead is NaN.

    References
    ----------
    WWRP/WGNE Joint Working Group on Forecast Verification Research: POD, FAR, CSI of the 2 × 2 table.
    """
    hits, misses, false = (int(one.sum()) for one in (warned & came, ~warned & came, warned & ~came))
    return scored(hits, misses, false)


def scored(hits: int, misses: int, false: int, lead: float = float("nan")) -> Warned:
    """The ratios of a 2 × 2 table; NaN where there is nothing to divide by."""
    return Warned(
        hits, misses, false,
        _share(hits, hits + misses), _share(false, hits + false), _share(hits, hits + misses + false), lead,
    )  # fmt: skip


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


@dataclass(frozen=True, slots=True)
class Forecast:
    """How forecasts of a quantity met what was observed."""

    count: int
    #: Mean of forecast − observed [unit].
    bias: float
    #: Mean of |forecast − observed| [unit].
    mae: float
    #: 1 − MAE / MAE of persistence [1]: above 0 is better than "as it is now".
    skill: float


def forecasts(forecast: Array, observed: Array, persistence: Array) -> Forecast:
    """Score forecasts against observations and against persistence.

    Parameters
    ----------
    forecast, observed, persistence : (n,) arrays
        Forecast value, what came, and what was observed when the forecast was issued [unit]; NaN is left out.

    Returns
    -------
    Forecast
        Bias and mean absolute error [unit], skill against persistence [1].
    """
    known = np.isfinite(forecast) & np.isfinite(observed) & np.isfinite(persistence)
    if not known.any():
        nan = float("nan")
        return Forecast(0, nan, nan, nan)
    error = forecast[known] - observed[known]
    lazy = float(np.abs(persistence[known] - observed[known]).mean())
    mae = float(np.abs(error).mean())
    return Forecast(int(known.sum()), float(error.mean()), mae, 1 - mae / lazy if lazy else float("nan"))
