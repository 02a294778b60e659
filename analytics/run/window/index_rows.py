"""Index values and states of computed windows as rows, and what of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array
from analytics.index import Index, Kind, Result, Step
from analytics.indices import INDICES, SEASON_INDICES
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known
from store import index_state
from store.index_state import States
from store.index_value import Values, concatenate

_SHELF = {index.name: index for index in (*INDICES, *SEASON_INDICES)}
#: What is wanted before its day has ended: tonight's frost and the oxygen at dawn.
EVENING = frozenset(
    {
        "frost_night_minimum_before_dusk",
        "frost_night_minimum_before_dusk_error",
        "frost_night_minimum_forecast",
        "frost_night_minimum_error",
        "dissolved_oxygen_dawn_forecast",
    }
)
#: Share of a day after which they can have a value: from 14 h 24 on, an hour before the earliest look.
DUSK = 0.6


def ripe(frame: Frame, share: float = 1.0) -> NDArray[np.bool_]:
    """(places, days) of which so much has gone that indices speak of them; by the clock alone."""
    grid = frame.window.grid
    seconds = (np.diff(grid.edges, axis=1) * (grid.step * share)).astype("timedelta64[s]")
    return np.asarray(grid.day_starts + seconds <= frame.now)


def values(indices: Sequence[Index], frame: Frame) -> Values:
    """Rows of every index of a frame, from its first computed day to now."""
    parts = [
        _values(index, frame.window.values[index.name], frame)
        for index in indices
        if index.name in frame.window.values and index.step is not Step.GRID
    ]
    return concatenate([part for part in parts if len(part)])


def _values(index: Index, result: Result, frame: Frame) -> Values:
    grid = frame.window.grid
    if index.step is Step.HOUR:
        begins = grid.times(3600)
        inside = (begins >= grid.day_starts[:, frame.window.lead, None]) & (begins <= frame.now)
    else:
        begins = grid.day_starts
        inside = (np.arange(grid.days) >= frame.window.lead) & ripe(frame, DUSK if index.name in EVENING else 1.0)
    row, column = np.nonzero(inside & np.isfinite(result.value))
    ids = np.array([known.spot.id for known in frame.places], np.int32)
    methods = np.array(index.methods, np.object_)
    codes = np.zeros(row.size, np.intp) if result.method is None else result.method[row, column]
    return Values(
        ids[row],
        np.full(row.size, index.name, np.object_),
        np.array(frame.seasons, np.int32)[row],
        begins[row, column].astype("datetime64[us]"),
        # as many digits as any instrument bears out; so that sums in another order are the same
        np.round(result.value[row, column], 9),
        methods[codes],
        result.completeness[row, column].astype(np.float32),
    )


def states(indices: Sequence[Index], frame: Frame) -> list[States]:
    """State of every recursive index after each day that has ended."""
    over = frame.ended
    ids, seasons = np.array([known.spot.id for known in frame.places], np.int32), np.array(frame.seasons, np.int32)
    begins = frame.window.grid.day_starts.astype("datetime64[us]")
    found = []
    for index in indices:
        result = frame.window.values.get(index.name)
        if result is None or result.state is None:
            continue
        # others of the batch may measure what a place does not: of that it has no state, in whatever batch it is
        has = np.array([able(index, known) for known in frame.places], np.bool_)
        row, day = np.nonzero(over & has[:, None] & np.isfinite(result.state).any(axis=2))
        numbers = result.state[row, day]
        found.append(
            States(
                ids[row],
                np.full(row.size, index.name, np.object_),
                seasons[row],
                begins[row, day],
                np.full(row.size, numbers.shape[1], np.int32),
                numbers.ravel(),
            )
        )
    return [part for part in found if part.place.size]


def able(index: Index, known: Known) -> bool:
    """Whether a place has the series that an index cannot do without, its own and those of the indices it needs."""
    return _able(index.name, frozenset(name for called in known.series().values() for name in called))


@lru_cache(maxsize=10_000)
def _able(name: str, series: frozenset[str]) -> bool:
    return all(
        need.name in series if need.kind is Kind.SERIES else _able(need.name, series)
        for need in _SHELF[name].needs
        if need.required and need.kind in (Kind.SERIES, Kind.INDEX)
    )


def last_states(indices: Sequence[Index], frame: Frame) -> dict[index_state.StateKey, list[float]]:
    """State after the frame's last day, from which a next frame goes on."""
    found = {}
    for index in indices:
        result = frame.window.values.get(index.name)
        if result is not None and result.state is not None:
            for (place, season), state in zip(frame.rows, result.state[:, -1].tolist(), strict=True):
                found[index_state.StateKey(place, index.name, season)] = state
    return found


def state_arrays(
    indices: Sequence[Index], rows: Sequence[tuple[int, int]], stored: Mapping[index_state.StateKey, list[float]]
) -> dict[str, Array]:
    """States read from the table as arrays; ``rows`` are (place, season)."""
    arrays = {}
    for index in indices:
        if index.state:
            missing = [np.nan] * len(index.state)
            found = [stored.get(index_state.StateKey(place, index.name, season), missing) for place, season in rows]
            # a state of another version of the index is none
            arrays[index.name] = np.array([one if len(one) == len(index.state) else missing for one in found], float)
    return arrays


def by_place(rows: Values) -> dict[int, Values]:
    """Rows of each place."""
    order = np.argsort(rows.place, kind="stable")
    ordered = rows.take(order)
    places, begins = np.unique(ordered.place, return_index=True)
    edges = [*begins.tolist(), len(rows)]
    spans = zip(places.tolist(), edges[:-1], edges[1:], strict=True)
    return {place: ordered.take(slice(begin, end)) for place, begin, end in spans}


def difference(had: Values, has: Values) -> tuple[Values, Values]:
    """What to write and what to remove so that rows become others; each key is at most once on either side."""
    both = concatenate([had, has])
    new = np.arange(len(both)) >= len(had)
    names = both.index.astype(np.bytes_)
    order = np.lexsort((new, both.time, names, both.subject, both.place))
    before, after = order[:-1], order[1:]
    twins = (
        (both.place[before] == both.place[after])
        & (both.subject[before] == both.subject[after])
        & (names[before] == names[after])
        & (both.time[before] == both.time[after])
    )
    same = (
        (both.value[before] == both.value[after])
        & (both.completeness[before] == both.completeness[after])
        & np.asarray(both.method[before] == both.method[after], np.bool_)
    )
    stays, replaced = np.zeros(len(both), np.bool_), np.zeros(len(both), np.bool_)
    stays[after[twins & same]] = True
    replaced[before[twins]] = True
    return both.take(new & ~stays), both.take(~new & ~replaced)
