"""Context: what of a group of places is known before its readings are loaded, and what goes from chunk to chunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from analytics.episode import Episode
from analytics.grid import Array, Times
from analytics.index import Index
from analytics.rule import Rule
from analytics.run import batch, judge, say, tables
from analytics.run.batch import Frame, Laid, midnight
from store import alert, index_state, index_value
from store.alert import Stored
from store.work import Connection, Verdict

if TYPE_CHECKING:
    from analytics.run.compute import Job
    from analytics.run.memory import Kept

_INSTANT = timedelta(microseconds=1)
NEVER = np.datetime64("NaT", "us")


@dataclass(slots=True)
class Loaded:
    """What was loaded of one place over a frame."""

    start: datetime
    heard: np.datetime64
    verdicts: Sequence[Verdict]
    #: Its readings on the grid, where they were at hand.
    kept: Kept | None


@dataclass(slots=True)
class Context:
    """What goes from chunk to chunk."""

    lead: int
    #: Names of indices that rules look at.
    looked_at: tuple[str, ...]
    #: (place, index, season) → day → value on the context days.
    stored: dict[tuple[int, str, int], dict[date, float]]
    #: States before the chunk.
    states: dict[index_state.Key, list[float]]
    former: dict[judge.Key, list[Episode]]
    #: Alerts of forecasts.
    expected: dict[judge.Key, list[Stored]]
    #: (places,) last reading before the frame.
    heard: Times
    #: Index → (places, days) of long memory: read once, then added to.
    past: dict[str, Array] = field(default_factory=dict)
    loaded: list[Loaded] = field(default_factory=list)
    #: Readings of the frame on its grid, as they came.
    laid: Laid = field(init=False)
    #: Some later chunk: nothing is at hand any more.
    later: bool = False

    def go_on(self, frames: Sequence[tuple[Frame, Sequence[Index]]]) -> None:
        """Carry what the next chunk needs."""
        self.later = True
        part = frames[0][0]
        for frame, indices in frames:
            self.states |= tables.last_states(indices, frame)
        for name, past in self.past.items():
            result = part.window.values.get(name)
            if result is not None:
                self.past[name] = np.concatenate((past, result.value[:, self.lead :]), axis=1)
        grid = part.window.grid
        for row in range(grid.places):
            steps = np.flatnonzero(part.present[row, : grid.edges[row, grid.days - self.lead]])
            if steps.size:
                self.heard[row] = grid.start[row] + int(steps[-1]) * np.timedelta64(grid.step, "s")

    def remember(self, part: Frame) -> None:
        """Keep the values of the frame's days that rules will look back at."""
        days = [day.item() for day in part.window.grid.dates[self.lead :]]
        for name in self.looked_at:
            result = part.window.values.get(name)
            if result is None or result.value.shape != part.window.shape:
                continue
            for row, (place, season) in enumerate(part.rows):
                kept = self.stored.setdefault((place, name, season), {})
                kept |= dict(zip(days, result.value[row, self.lead :].tolist(), strict=True))

    def context_of(self, part: Frame) -> dict[str, Array]:
        """Index → (rows, lead) values on the frame's context days."""
        days = [day.item() for day in part.window.grid.dates[: self.lead]]
        empty: dict[date, float] = {}
        return {
            name: np.array(
                [
                    [self.stored.get((place, name, season), empty).get(day, np.nan) for day in days]
                    for place, season in part.rows
                ],
                float,
            ).reshape(len(part.rows), self.lead)
            for name in self.looked_at
        }

    def states_of(self, indices: Sequence[Index], part: Frame) -> dict[str, Array]:
        """Index → (rows, columns) states before the frame."""
        return tables.state_arrays(indices, part.rows, self.states)


def covers(job: Job, first: date, lead: int) -> bool:
    """Whether a place's memory has all that is needed from a first day on."""
    memory = job.memory
    return (
        memory is not None
        and memory.known.feeds == job.known.feeds
        and memory.start <= midnight(first - timedelta(days=lead), job.known.spot.time_zone)
        and first - timedelta(days=1) in memory.states
        and first >= memory.written_since
    )


def _handed(jobs: Sequence[Job], first: date, lead: int, several: bool) -> list[Job]:
    return [job if not several and covers(job, first, lead) else replace(job, memory=None) for job in jobs]


async def context(
    connection: Connection,
    jobs: Sequence[Job],
    first: date,
    lead: int,
    rules: Sequence[Rule],
    several: bool,
) -> tuple[list[Job], Context]:
    """Load all but readings; jobs come back without a memory that does not reach far enough."""
    handed = _handed(jobs, first, lead, several)
    looked_at = tuple(sorted({name for rule in rules for name in rule.indices}))
    made = Context(
        lead,
        looked_at,
        await _stored(connection, handed, looked_at, first, lead),
        await _states(connection, handed, first),
        *await _former(connection, handed, first, lead),
        np.full(len(handed), NEVER),
    )
    return handed, made


async def _stored(
    connection: Connection, jobs: Sequence[Job], names: Sequence[str], first: date, lead: int
) -> dict[tuple[int, str, int], dict[date, float]]:
    stored: dict[tuple[int, str, int], dict[date, float]] = {}
    cold = {}
    for job in jobs:
        place = job.known.spot.id
        if job.memory is None:
            cold[place] = job.known.spot.time_zone
        else:
            for (name, season), values in job.memory.past.items():
                stored[place, name, season] = dict(values)
    if cold and names:
        start = min(midnight(first - timedelta(days=lead), zone) for zone in cold.values())
        end = max(midnight(first, zone) for zone in cold.values())
        found = await index_value.read(connection, list(cold), start, end, indices=names)
        columns = (found.place, found.index, found.subject, found.time, found.value)
        for place, name, season, time, value in zip(*(column.tolist() for column in columns), strict=True):
            day = batch.local_date(time.replace(tzinfo=UTC), cold[place])
            if day < first:
                stored.setdefault((place, name, season), {})[day] = value
    return stored


async def _states(connection: Connection, jobs: Sequence[Job], first: date) -> dict[index_state.Key, list[float]]:
    before = first - timedelta(days=1)
    cold = [job.known for job in jobs if job.memory is None]
    stored: dict[index_state.Key, list[float]] = {}
    if cold:
        moments = [midnight(before, known.spot.time_zone) for known in cold]
        stored = await index_state.read(connection, [known.spot.id for known in cold], moments)
    for job in jobs:
        if job.memory is not None:
            for (name, season), state in job.memory.state_after(before).items():
                stored[index_state.Key(job.known.spot.id, name, season)] = state
    return stored


async def _former(
    connection: Connection, jobs: Sequence[Job], first: date, lead: int
) -> tuple[dict[judge.Key, list[Episode]], dict[judge.Key, list[Stored]]]:
    found: dict[judge.Key, list[Episode]] = {}
    expected: dict[judge.Key, list[Stored]] = {}
    asked = []
    for job in jobs:
        if job.memory is not None and job.memory.former is not None:
            found |= job.memory.former
            expected |= job.memory.expected
        else:
            asked.append(job.known)
    if asked:
        moments = [midnight(first - timedelta(days=lead), known.spot.time_zone) for known in asked]
        for one in await alert.current(connection, [known.spot.id for known in asked], moments):
            key = one.rule, one.place, one.subject
            if one.basis == say.OBSERVED:
                found.setdefault(key, []).append(say.episode_of(one))
            else:
                expected.setdefault(key, []).append(one)
    return found, expected
