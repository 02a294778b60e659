"""A cache of the live windows of places as their tables had them; never the truth, only a shorter way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.episode import Episode
from analytics.grid import Array, Grid, Series, Times
from analytics.index import Index
from analytics.run.window.frame import Frame
from analytics.run.window.gridding import Laid, newest
from analytics.run.window.place_facts import RAIN, STEP, Known
from store.alert import Stored
from store.index_value import Values, concatenate
from store.unjudged import Unjudged
from store.work import Verdict

NEVER = np.datetime64("NaT", "us")
#: (index, season) → what a recursive index carries.
State: TypeAlias = dict[tuple[str, int], list[float]]


class Carried:
    """States after the days of a frame, shared by its places until one is asked for its own."""

    __slots__ = ("_first", "_over", "_parts", "_rows")

    def __init__(self, frames: Sequence[tuple[Frame, Sequence[Index]]]) -> None:
        self._first: date = frames[0][0].window.grid.dates[0].item()
        #: Place → (frame, row) of it and of its seasons.
        self._rows: dict[int, list[tuple[int, int, int]]] = {}
        self._parts: list[dict[str, Array]] = []
        self._over = [frame.ended for frame, _ in frames]
        for number, (frame, indices) in enumerate(frames):
            found = frame.window.values
            states = {index.name: found[index.name].state for index in indices if index.name in found}
            self._parts.append({name: state for name, state in states.items() if state is not None})
            for row, (place, season) in enumerate(frame.rows):
                self._rows.setdefault(place, []).append((number, row, season))

    def of(self, place: int, day: date) -> State:
        """(index, season) → state of a place after a day."""
        column = (day - self._first).days
        return {
            (name, season): state[row, column].tolist()
            for number, row, season in self._rows.get(place, ())
            if self._over[number][row, column]
            for name, state in self._parts[number].items()
            if np.isfinite(state[row, column]).any()
        }


@dataclass(slots=True)
class Kept:
    """A place's readings on the grid of its window: the least from which the same frame comes as from the tables."""

    #: When the first step begins, UTC, datetime64[s].
    start: np.datetime64
    names: tuple[str, ...]
    #: (names, steps).
    value: Array
    #: Number of a name → (2, steps) smallest and largest, where a step has more than one reading.
    spread: dict[int, Array]
    #: (steps,) seconds into each step at which its last reading came; -1 where there is none.
    last: NDArray[np.int16]
    #: (3, steps) rain that may be true and may not; None where there is none.
    doubted: Array | None = None
    #: Datastream → when its last readings came, where nobody said how often they do.
    recent: dict[int, Times] = field(default_factory=dict)

    @classmethod
    def of(cls, laid: Laid, row: int, known: Known) -> Kept:
        """What was laid of a place, copied: nothing of the others' is held."""
        names = tuple(dict.fromkeys(name for called in known.series().values() for name in called))
        value = np.array([laid.series[name].value[row] for name in names]).reshape(len(names), laid.grid.steps)
        kept = cls(laid.grid.start[row], names, value, {}, laid.last[row].copy())
        for number, name in enumerate(names):
            kept._spread(number, slice(None), laid.series[name], row, slice(None))
        kept._doubt(slice(None), laid, row, slice(None))
        kept.recent = dict(laid.recent.get(row, {}))
        return kept

    def put(self, steps: slice, part: Laid, row: int, there: slice) -> None:
        """Lay some steps anew, from those that lie ``there`` in a row of ``part``."""
        for number, name in enumerate(self.names):
            self.value[number, steps] = part.series[name].value[row, there]
            self._spread(number, steps, part.series[name], row, there)
        self.last[steps] = part.last[row, there]
        self._doubt(steps, part, row, there)
        for stream, times in part.recent.get(row, {}).items():
            self.recent[stream] = newest(self.recent.get(stream), times)

    def _spread(self, number: int, steps: slice, found: Series, row: int, there: slice) -> None:
        low, high = found.minimum[row, there], found.maximum[row, there]
        if number not in self.spread:
            value = self.value[number, steps]
            if not ((low < value) | (high > value)).any():
                return
            self.spread[number] = np.stack((self.value[number], self.value[number]))
        self.spread[number][0, steps], self.spread[number][1, steps] = low, high

    def _doubt(self, steps: slice, part: Laid, row: int, there: slice) -> None:
        found = part.doubted.get(RAIN)
        if found is None and self.doubted is None:
            return
        if self.doubted is None:
            self.doubted = np.full((3, self.last.size), np.nan)
        arrays = () if found is None else (found.value, found.minimum, found.maximum)
        self.doubted[:, steps] = np.array([array[row, there] for array in arrays]) if arrays else np.nan
        if np.isnan(self.doubted).all():
            self.doubted = None

    def moved(self, start: np.datetime64, steps: int) -> tuple[Kept, np.datetime64]:
        """The same on the grid of another window that begins no earlier; and the last reading that it leaves behind."""
        left = int((start - self.start) // np.timedelta64(STEP, "s"))
        if not left and steps == self.last.size:
            return self, NEVER
        old = np.flatnonzero(self.last[:left] >= 0)
        heard = NEVER
        if old.size:
            second = int(old[-1]) * STEP + int(self.last[old[-1]])
            heard = (self.start + np.timedelta64(second, "s")).astype("datetime64[us]")
        spread = {number: _moved(array, left, steps, np.nan) for number, array in self.spread.items()}
        doubted = None if self.doubted is None else _moved(self.doubted, left, steps, np.nan)
        if doubted is not None and np.isnan(doubted).all():
            doubted = None
        value, last = _moved(self.value, left, steps, np.nan), _moved(self.last[None], left, steps, -1)[0]
        recent = {stream: times[times >= start] for stream, times in self.recent.items()}
        return Kept(start, self.names, value, spread, last, doubted, recent), heard

    def lay(self, laid: Laid, row: int) -> None:
        """Lay it on a row of a batch's grid."""
        for number, name in enumerate(self.names):
            series, low_high = laid.series[name], self.spread.get(number)
            series.value[row] = self.value[number]
            series.minimum[row] = self.value[number] if low_high is None else low_high[0]
            series.maximum[row] = self.value[number] if low_high is None else low_high[1]
        laid.last[row] = self.last
        laid.recent[row] = self.recent
        if self.doubted is not None:
            if RAIN not in laid.doubted:
                laid.doubted[RAIN] = Series(*(np.full(laid.last.shape, np.nan) for _ in range(3)))
            doubted = laid.doubted[RAIN]
            doubted.value[row], doubted.minimum[row], doubted.maximum[row] = self.doubted


def _moved(array: NDArray[Any], left: int, steps: int, nothing: float) -> NDArray[Any]:
    """Columns of an array from ``left`` on, so many of them, filled with what stands for nothing."""
    made = np.full((array.shape[0], steps), nothing, array.dtype)
    width = max(min(array.shape[1] - left, steps), 0)
    made[:, :width] = array[:, left : left + width]
    return made


def together(grid: Grid, kept: Sequence[Kept]) -> Laid:
    """What is kept of the places of a grid, laid on it; nobody may write into it."""
    names = kept[0].names
    if any(one.names != names or one.doubted is not None for one in kept):
        laid = Laid.blank(grid, {name: None for one in kept for name in one.names})
        for row, one in enumerate(kept):
            one.lay(laid, row)
        return laid
    value = kept[0].value[None].view() if len(kept) == 1 else np.stack([one.value for one in kept])
    value.flags.writeable = False
    series = {}
    for number, name in enumerate(names):
        mine = value[:, number]
        low, high = mine, mine
        if any(number in one.spread for one in kept):
            spread = np.stack([one.spread.get(number, one.value[[number, number]]) for one in kept])
            low, high = spread[:, 0], spread[:, 1]
        series[name] = Series(mine, low, high)
    recent = {row: one.recent for row, one in enumerate(kept)}
    return Laid(grid, series, np.stack([one.last for one in kept]), {}, recent)


@dataclass(slots=True)
class LiveWindow:
    """A place's last days, as its tables had them at a generation."""

    generation: int
    known: Known
    #: Readings on the grid, and from when they are complete.
    kept: Kept
    start: datetime
    #: Last reading before ``start``.
    heard: np.datetime64
    verdicts: Sequence[Verdict]
    #: Day → (index, season) → state after it, or what has it of many places.
    states: dict[date, State | Carried] = field(default_factory=dict)
    #: (index, season) → day → value, of indices that rules look back at.
    past: dict[tuple[str, int], dict[date, float]] = field(default_factory=dict)
    #: What the table has, from a day on.
    written: Values = field(default_factory=lambda: concatenate([]))
    written_since: date = date.max
    #: (rule, place, season) → episodes; None where the table has to be asked.
    former: dict[tuple[str, int, int], list[Episode]] | None = None
    #: The same of the alerts of forecasts, while ``former`` is known.
    expected: dict[tuple[str, int, int], list[Stored]] = field(default_factory=dict)
    #: What the ordered checks found, by datastream.
    found: dict[int, list[Any]] = field(default_factory=dict)
    due: dict[str, datetime] = field(default_factory=dict)
    #: What the table says that cannot be judged; None where it has to be written.
    unjudged: tuple[Unjudged, ...] | None = None

    def state_after(self, day: date) -> State:
        """(index, season) → state after a day."""
        found = self.states[day]
        return found.of(self.known.spot.id, day) if isinstance(found, Carried) else found
