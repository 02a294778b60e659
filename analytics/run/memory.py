"""Memory: the live windows of places as their tables had them; never the truth, only a shorter way to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.episode import Episode
from analytics.grid import Array
from analytics.index import Index
from analytics.run.batch import Frame, Known, midnight, naive
from store.alert import Stored
from store.index_value import Values, concatenate
from store.unjudged import Unjudged
from store.work import Verdict

if TYPE_CHECKING:
    from analytics.run.compute import Job
    from analytics.run.context import Context, Loaded

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
class Memory:
    """A place's live window, as its tables had it at a generation; never the truth, only a shorter way to it."""

    generation: int
    known: Known
    #: Readings in order of datastream and time, whether each is trusted, and from when they are complete.
    readings: NDArray[Any]
    good: NDArray[np.bool_]
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


@dataclass(frozen=True, slots=True)
class Past:
    """What a context knows of the days before, by place."""

    #: Place → (index, season) → state before the frame.
    states: dict[int, dict[tuple[str, int], list[float]]]
    #: Place → (index, season) → day → value.
    values: dict[int, dict[tuple[str, int], dict[date, float]]]

    @classmethod
    def of(cls, course: Context) -> Past:
        """Sort a context's by place."""
        past = cls({}, {})
        for key, state in course.states.items():
            past.states.setdefault(key.place, {})[key.name, key.subject] = state
        for (place, name, season), values in course.stored.items():
            past.values.setdefault(place, {})[name, season] = values
        return past


def remembered(
    job: Job, row: int, part: Frame, loaded: Loaded, written: Values, carried: Carried, past: Past, lead: int
) -> Memory:
    """A place's live window for the next time; its generation and alerts are filled in once they are written."""
    zone, place, old = job.known.spot.time_zone, job.known.spot.id, job.memory
    keep = part.first - timedelta(days=lead)
    memory = Memory(
        job.leased.generation + 1,
        job.known,
        loaded.readings,
        loaded.good,
        loaded.start,
        loaded.heard,
        loaded.verdicts,
        {} if old is None else {day: state for day, state in old.states.items() if day >= keep},
        written=written,
        written_since=part.first,
        due={} if old is None else old.due,
        unjudged=None if old is None else old.unjudged,
    )
    if old is not None:
        begin, end = naive(midnight(keep, zone)), naive(midnight(part.first, zone))
        stays = (old.written.time >= begin) & (old.written.time < end)
        memory.written = concatenate([old.written.take(stays), written])
        memory.written_since = min(max(old.written_since, keep), part.first)
    memory.states.setdefault(part.first - timedelta(days=1), past.states.get(place, {}))
    memory.states |= dict.fromkeys(part.window.grid.dates[part.ended[row]].tolist(), carried)
    memory.past = {
        key: {day: value for day, value in values.items() if day >= keep}
        for key, values in past.values.get(place, {}).items()
    }
    return memory
