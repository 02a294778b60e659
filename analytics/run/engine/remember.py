"""Live windows of places for the next time, and what of a group's rows is new to the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeVar

import numpy as np

from analytics.index import Index
from analytics.run.alerts.evaluation import RuleKey
from analytics.run.engine.cache import Carried, Kept, LiveWindow
from analytics.run.engine.context import Context, DailyValues
from analytics.run.engine.job import Job
from analytics.run.engine.load import Chunk
from analytics.run.window import index_rows
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import midnight, naive
from store.index_value import Values, concatenate
from store.verdict import Verdict

Of = TypeVar("Of")


class Changes(NamedTuple):
    """Rows to write: all of cold places; of warm ones what became another, and what is no more."""

    values: Values
    changed: Values
    removed: Values


class Checked(NamedTuple):
    """What the ordered checks found, of the datastreams of which it has to be written, from a moment on."""

    found: Sequence[Verdict]
    rewritten: Mapping[int, datetime]


@dataclass(frozen=True, slots=True)
class Past:
    """What a context knows of the days before, by place."""

    #: Place → (index, season) → state before the frame.
    states: dict[int, dict[tuple[str, int], list[float]]]
    #: Place → (index, season) → day → value, of the frame's own days too.
    values: dict[int, DailyValues]

    @classmethod
    def of(cls, context: Context, frames: Sequence[tuple[Frame, Sequence[Index]]]) -> Past:
        """Sort a context's by place, and what came of its frames."""
        states: dict[int, dict[tuple[str, int], list[float]]] = {}
        for key, state in context.states.items():
            states.setdefault(key.place, {})[key.name, key.subject] = state
        values: dict[int, DailyValues] = {}
        for of_days in (context.stored, context.recent(frames)):
            for series, days in of_days.items():
                mine = values.setdefault(series[0], {})
                mine[series] = mine[series] | days if series in mine else days
        return cls(states, values)


def changes(jobs: Sequence[Job], part: Frame, values: Values, of_place: Mapping[int, Values]) -> Changes:
    """What of a group's values is new to the tables; ``of_place`` has the same values, place by place."""
    warm = [job for job in jobs if job.cached is not None]
    old = [_written(job, part) for job in warm]
    new = [of_place.get(job.known.spot.id, concatenate([])) for job in warm]
    cold = np.array([job.known.spot.id for job in jobs if job.cached is None], np.int32)
    return Changes(
        values.take(np.isin(values.place, cold)) if warm else values,
        *index_rows.difference(concatenate(old), concatenate(new)),
    )


def _written(job: Job, part: Frame) -> Values:
    """What the table has of a place from the frame's first computed day on."""
    rows = concatenate([]) if job.cached is None else job.cached.written
    return rows.take(rows.time >= naive(midnight(part.first, job.known.spot.time_zone)))


def remember(
    jobs: Sequence[Job],
    chunk: Chunk,
    context: Context,
    frames: Sequence[tuple[Frame, Sequence[Index]]],
    of_place: Mapping[int, Values],
    found: Checked,
    spoken: set[int],
) -> dict[int, LiveWindow]:
    """Place → its live window, of a group that was computed in one chunk; the generation comes once it is written.

    ``spoken`` are the places whose alerts change: what the tables will have of them is not known here.
    """
    past, carried, nothing = Past.of(context, frames), Carried(frames), concatenate([])
    former, expected = _by_place(context.former), _by_place(context.expected)
    of_stream = _by_stream(found.found)
    windows = {}
    for row, job in enumerate(jobs):
        place = job.known.spot.id
        cached = _remembered(job, row, chunk, context.lead, of_place.get(place, nothing), carried, past)
        cached.found = _found(job, found.rewritten, of_stream)
        if place not in spoken:
            cached.former, cached.expected = former.get(place, {}), expected.get(place, {})
        windows[place] = cached
    return windows


def _remembered(
    job: Job, row: int, chunk: Chunk, lead: int, written: Values, carried: Carried, past: Past
) -> LiveWindow:
    zone, place, old, part = job.known.spot.time_zone, job.known.spot.id, job.cached, chunk.frame
    keep, loaded = part.first - timedelta(days=lead), chunk.loaded[row]
    cached = LiveWindow(
        job.leased.generation + 1,
        job.known,
        loaded.kept or Kept.of(chunk.laid, row, job.known),
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
        cached.written = concatenate([old.written.take(stays), written])
        cached.written_since = min(max(old.written_since, keep), part.first)
    cached.states.setdefault(part.first - timedelta(days=1), past.states.get(place, {}))
    cached.states |= dict.fromkeys(part.window.grid.dates[part.ended[row]].tolist(), carried)
    cached.past = {
        (index, season): {day: value for day, value in values.items() if day >= keep}
        for (_, index, season), values in past.values.get(place, {}).items()
    }
    return cached


def _by_place(of_keys: Mapping[RuleKey, Of]) -> dict[int, dict[RuleKey, Of]]:
    of_place: dict[int, dict[RuleKey, Of]] = {}
    for key, one in of_keys.items():
        of_place.setdefault(key[1], {})[key] = one
    return of_place


def checked(jobs: Sequence[Job], first: date, found: Sequence[Verdict]) -> Checked:
    """Of what the ordered checks found since a day: that of cold places, and of warm ones where it changed."""
    of_stream = _by_stream(found)
    rewritten: dict[int, datetime] = {}
    for job in jobs:
        begin = midnight(first, job.known.spot.time_zone)
        cached = job.cached
        for feed in job.known.feeds:
            if not feed.own:
                continue
            had = None if cached is None else cached.found.get(feed.datastream, [])
            if had is None or [one for one in had if one.valid_from >= begin] != of_stream.get(feed.datastream, []):
                rewritten[feed.datastream] = begin
    return Checked([one for one in found if one.datastream in rewritten], rewritten)


def _by_stream(found: Sequence[Verdict]) -> dict[int, list[Verdict]]:
    of_stream: dict[int, list[Verdict]] = {}
    for one in found:
        of_stream.setdefault(one.datastream, []).append(one)
    return of_stream


def _found(
    job: Job, rewritten: Mapping[int, datetime], of_stream: Mapping[int, list[Verdict]]
) -> dict[int, list[Verdict]]:
    """Datastream → what the ordered checks found of a place, as the table will have it."""
    kept = {}
    for feed in job.known.feeds:
        old = [] if job.cached is None else job.cached.found.get(feed.datastream, [])
        since = rewritten.get(feed.datastream)
        if since is not None:
            old = [one for one in old if one.valid_from < since] + of_stream.get(feed.datastream, [])
        kept[feed.datastream] = old
    return kept
