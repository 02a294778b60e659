"""What a check says: QARTOD flags of each step, and the intervals that they become."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import repeat
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Grid, Times, Values

# QARTOD primary flags (IOOS QARTOD manual); the same numbers as store.flag.Quality
GOOD, NOT_EVALUATED, SUSPECT, FAIL, MISSING = 1, 2, 3, 4, 9

#: (places, steps) QARTOD flags.
Flags: TypeAlias = NDArray[np.uint8]


class Reason(StrEnum):
    """Which check found something; the lower-case name of a ``store.flag.Check``."""

    LOCAL_RANGE = "local_range"
    STEP = "step"
    SPIKE = "spike"
    PERSISTENCE = "persistence"
    CONSISTENCY = "consistency"
    CLEAR_SKY = "clear_sky"
    SPATIAL = "spatial"
    RAIN_OCCURRENCE = "rain_occurrence"
    CLOGGED = "clogged"
    DRIFT = "drift"


#: Flags by quantity and check.
Findings: TypeAlias = Mapping[tuple[str, Reason], Flags]

_WORST_FIRST = (FAIL, SUSPECT, GOOD, NOT_EVALUATED, MISSING)


class Finding(NamedTuple):
    """An interval in which a check doubts or rejects a quantity of a place."""

    #: Row of the window.
    row: int
    quantity: str
    reason: Reason
    #: First instant, aware UTC, and the last one, inclusive: the last second of the last step.
    begin: datetime
    end: datetime
    #: SUSPECT or FAIL.
    flag: int


def worst(*flags: Values) -> Values:
    """Primary flag of several checks: fail before suspect before good before not evaluated; missing only if all are.

    Parameters
    ----------
    *flags : (...) arrays
        QARTOD flags of each check [1].

    Returns
    -------
    (...) uint8 array
        The worst of them [1].

    References
    ----------
    IOOS (2017), QARTOD manual for data flags, aggregation order.
    """
    stacked = np.stack(np.broadcast_arrays(*flags))
    result = np.full(stacked.shape[1:], MISSING, dtype=np.uint8)
    for flag in reversed(_WORST_FIRST):
        result[(stacked == flag).any(axis=0)] = flag
    return result


def findings(grid: Grid, found: Findings, first_day: int = 0) -> list[Finding]:
    """Turn flags into intervals: a run of equally flagged steps is one; only from ``first_day`` on; sorted.

    Intervals are cut at local midnights, so that a day's findings are the same in whatever window they are made.
    """
    result: list[Finding] = []
    for (quantity, reason), flags in found.items():
        if not ((flags == SUSPECT) | (flags == FAIL)).any():
            continue  # nearly always
        row, begin, length = _runs(grid, flags, first_day)
        starts = grid.start[row] + begin * np.timedelta64(grid.step, "s")
        ends = starts + length * np.timedelta64(grid.step, "s") - np.timedelta64(1, "s")
        result += map(
            Finding,
            row.tolist(),
            repeat(quantity),
            repeat(reason),
            _aware(starts),
            _aware(ends),
            flags[row, begin].tolist(),
        )
    return sorted(result)


def _aware(times: Times) -> list[datetime]:
    return [moment.replace(tzinfo=UTC) for moment in times.astype("datetime64[s]").tolist()]


def _runs(grid: Grid, flags: Flags, first_day: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, first step and length of each run of one bad flag within a day."""
    steps = np.arange(flags.shape[1])
    inside = (steps >= grid.edges[:, first_day, None]) & (steps < grid.edges[:, -1, None])
    bad = np.where(((flags == SUSPECT) | (flags == FAIL)) & inside, flags, 0).astype(np.int64)
    padded = np.zeros((flags.shape[0], flags.shape[1] + 2), dtype=np.int64)
    padded[:, 1:-1] = bad
    change = padded[:, 1:] != padded[:, :-1]
    np.put_along_axis(change, grid.edges, values=True, axis=1)
    row, edge = np.nonzero(change)
    begins = np.flatnonzero(padded[row, edge + 1] > 0)
    # the next change of the same row ends the run: every run is followed by one, since rows are padded with 0
    return row[begins], edge[begins], edge[begins + 1] - edge[begins]
