"""What is known of a group of places before the readings of a chunk are loaded, and goes on from chunk to chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta
from typing import TypeAlias

import numpy as np

from analytics.episode import Episode
from analytics.grid import Array, Times
from analytics.index import Index
from analytics.rule import Rule
from analytics.run.alerts import alert_rows, evaluation
from analytics.run.engine.cache import NEVER
from analytics.run.engine.job import Job
from analytics.run.engine.last_heard import last_heard
from analytics.run.window import index_rows
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import local_date, midnight, naive
from store import alert, index_state, index_value
from store.alert import Stored
from store.pool import Connection

#: (place, index, season) → day → value.
DailyValues: TypeAlias = dict[tuple[int, str, int], dict[date, float]]


@dataclass(slots=True)
class Context:
    """What goes from chunk to chunk; changed by `go_on` alone."""

    lead: int
    #: Names of indices that rules look at.
    looked_at: tuple[str, ...]
    #: Their values on the context days.
    stored: DailyValues
    #: States before the chunk.
    states: dict[index_state.StateKey, list[float]]
    former: dict[evaluation.RuleKey, list[Episode]]
    #: Alerts of forecasts.
    expected: dict[evaluation.RuleKey, list[Stored]]
    #: (places,) last reading before the frame, datetime64[us]; NaT where there is none or nobody asks.
    heard: Times
    #: Index → (places, days) of long memory: read once, then added to.
    past: dict[str, Array] = field(default_factory=dict)

    def go_on(self, frames: Sequence[tuple[Frame, Sequence[Index]]], heard: Times, past: Mapping[str, Array]) -> None:
        """Carry what the next chunk needs; ``heard`` and ``past`` as they were known before this one."""
        part = frames[0][0]
        for frame, indices in frames:
            self.states |= index_rows.last_states(indices, frame)
        for key, values in self.recent(frames).items():
            self.stored.setdefault(key, {}).update(values)
        self.past = {name: _longer(before, name, part, self.lead) for name, before in past.items()}
        self.heard = np.fmax(_last_present(part, self.lead), heard)  # fmax leaves NaT out

    def recent(self, frames: Sequence[tuple[Frame, Sequence[Index]]]) -> DailyValues:
        """Values of the frames' computed days that rules will look back at."""
        found: DailyValues = {}
        for frame, _ in frames:
            days = [day.item() for day in frame.window.grid.dates[self.lead :]]
            for name in self.looked_at:
                result = frame.window.values.get(name)
                if result is None or result.value.shape != frame.window.shape:
                    continue
                for row, (place, season) in enumerate(frame.rows):
                    found[place, name, season] = dict(zip(days, result.value[row, self.lead :].tolist(), strict=True))
        return found

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
        return index_rows.state_arrays(indices, part.rows, self.states)


def _longer(past: Array, name: str, part: Frame, lead: int) -> Array:
    """(places, days) of long memory with the frame's computed days."""
    result = part.window.values.get(name)
    return past if result is None else np.concatenate((past, result.value[:, lead:]), axis=1)


def _last_present(part: Frame, lead: int) -> Times:
    """(places,) last step with a reading before the context days of the next frame; NaT where there is none."""
    grid = part.window.grid
    last = np.full(grid.places, NEVER)
    for row in range(grid.places):
        steps = np.flatnonzero(part.present[row, : grid.edges[row, grid.days - lead]])
        if steps.size:
            last[row] = grid.start[row] + int(steps[-1]) * np.timedelta64(grid.step, "s")
    return last


def covers(job: Job, first: date, lead: int) -> bool:
    """Whether a place's live window has all that is needed from a first day on."""
    cached = job.cached
    return (
        cached is not None
        and cached.known.feeds == job.known.feeds
        and cached.start <= midnight(first - timedelta(days=lead), job.known.spot.time_zone)
        and first - timedelta(days=1) in cached.states
        and first >= cached.written_since
    )


def _handed(jobs: Sequence[Job], first: date, lead: int, several: bool) -> list[Job]:
    return [job if not several and covers(job, first, lead) else replace(job, cached=None) for job in jobs]


async def read_context(
    connection: Connection,
    jobs: Sequence[Job],
    first: date,
    lead: int,
    rules: Sequence[Rule],
    several: bool,
) -> tuple[list[Job], Context]:
    """Load all but readings; jobs come back without a live window that does not reach far enough."""
    handed = _handed(jobs, first, lead, several)
    looked_at = tuple(sorted({name for rule in rules for name in rule.indices}))
    context = Context(
        lead,
        looked_at,
        await _stored(connection, handed, looked_at, first, lead),
        await _states(connection, handed, first),
        *await _former(connection, handed, first, lead),
        await _heard(connection, handed, first, lead),
    )
    return handed, context


async def _heard(connection: Connection, jobs: Sequence[Job], first: date, lead: int) -> Times:
    """(places,) when places whose silence matters were last heard before the frame."""
    heard = np.full(len(jobs), NEVER)
    streams: dict[int, list[int]] = {}
    for row, job in enumerate(jobs):
        if job.cached is not None:
            heard[row] = job.cached.heard
        elif job.known.spot.kind == "station" and job.known.feeds:
            streams[row] = [feed.datastream for feed in job.known.feeds]
    if streams:
        before = {row: midnight(first - timedelta(days=lead), jobs[row].known.spot.time_zone) for row in streams}
        for row, moment in (await last_heard(connection, streams, before)).items():
            heard[row] = naive(moment)
    return heard


async def _stored(
    connection: Connection, jobs: Sequence[Job], names: Sequence[str], first: date, lead: int
) -> DailyValues:
    stored: DailyValues = {}
    cold = {}
    for job in jobs:
        place = job.known.spot.id
        if job.cached is None:
            cold[place] = job.known.spot.time_zone
        else:
            for (name, season), values in job.cached.past.items():
                stored[place, name, season] = dict(values)
    if cold and names:
        start = min(midnight(first - timedelta(days=lead), zone) for zone in cold.values())
        end = max(midnight(first, zone) for zone in cold.values())
        found = await index_value.read(connection, list(cold), start, end, indices=names)
        columns = (found.place, found.index, found.subject, found.time, found.value)
        for place, name, season, time, value in zip(*(column.tolist() for column in columns), strict=True):
            day = local_date(time.replace(tzinfo=UTC), cold[place])
            if day < first:
                stored.setdefault((place, name, season), {})[day] = value
    return stored


async def _states(connection: Connection, jobs: Sequence[Job], first: date) -> dict[index_state.StateKey, list[float]]:
    before = first - timedelta(days=1)
    cold = [job.known for job in jobs if job.cached is None]
    stored: dict[index_state.StateKey, list[float]] = {}
    if cold:
        moments = [midnight(before, known.spot.time_zone) for known in cold]
        stored = await index_state.read(connection, [known.spot.id for known in cold], moments)
    for job in jobs:
        if job.cached is not None:
            for (name, season), state in job.cached.state_after(before).items():
                stored[index_state.StateKey(job.known.spot.id, name, season)] = state
    return stored


async def _former(
    connection: Connection, jobs: Sequence[Job], first: date, lead: int
) -> tuple[dict[evaluation.RuleKey, list[Episode]], dict[evaluation.RuleKey, list[Stored]]]:
    found: dict[evaluation.RuleKey, list[Episode]] = {}
    expected: dict[evaluation.RuleKey, list[Stored]] = {}
    asked = []
    for job in jobs:
        if job.cached is not None and job.cached.former is not None:
            found |= job.cached.former
            expected |= job.cached.expected
        else:
            asked.append(job.known)
    if asked:
        moments = [midnight(first - timedelta(days=lead), known.spot.time_zone) for known in asked]
        for one in await alert.current(connection, [known.spot.id for known in asked], moments):
            key = one.rule, one.place, one.subject
            if one.basis == alert_rows.OBSERVED:
                found.setdefault(key, []).append(alert_rows.episode_of(one))
            else:
                expected.setdefault(key, []).append(one)
    return found, expected
