"""Compute: a group of places from the first changed day to now, chunk by chunk, into what is to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TypeAlias, TypeVar

import numpy as np

from analytics.episode import Episode
from analytics.grid import Array
from analytics.index import Index, Kind, Step, evaluate
from analytics.indices import SEASON_INDICES
from analytics.quality import check_window
from analytics.quality.check import trusted
from analytics.rule import Rule
from analytics.run import coming, context, doubts, expect, load, memory, say, tables, unjudged
from analytics.run.batch import Frame, Known, local_date, midnight, naive
from analytics.run.judge import NOTHING, Finding, Key, Silent, Trails, conclude, judge
from store.due import Due
from store.index_state import States
from store.index_value import Values, concatenate
from store.lease import Leased
from store.unjudged import Unjudged
from store.verdict import Verdict
from store.work import Connection

#: A frame, and that of the crop seasons, with the indices computed on each.
Frames: TypeAlias = Sequence[tuple[Frame, Sequence[Index]]]
Kept = TypeVar("Kept")

#: Place-days held in memory at once: about 100 MB of arrays at a dozen series.
PLACE_DAYS = 2000
#: Fewer are computed without a thread of their own.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Job:
    """A place to compute from a day on."""

    known: Known
    first: date
    leased: Leased
    #: Its live window where it is at hand and of the table's generation.
    memory: memory.Memory | None
    #: Something that its outlook rests on changed: it is to be looked ahead anew.
    looks_ahead: bool = False
    #: What changed of days that have ended, or has ended: its area is to be compared anew.
    compares: Sequence[tuple[datetime, datetime]] = ()


@dataclass(slots=True)
class Computed:
    """What came of a group."""

    jobs: Sequence[Job]
    #: First computed day of all.
    first: date
    now: datetime
    #: Places whose former rows are not known: they are cleared, then all that was computed of them is inserted.
    cold: list[Job] = field(default_factory=list)
    values: Values = field(default_factory=lambda: concatenate([]))
    #: Of the others only what became another.
    changed: Values = field(default_factory=lambda: concatenate([]))
    removed: Values = field(default_factory=lambda: concatenate([]))
    states: list[States] = field(default_factory=list)
    #: What the ordered checks found, and the datastreams of which it has to be written, from a moment on.
    found: list[Verdict] = field(default_factory=list)
    doubted: dict[int, datetime] = field(default_factory=dict)
    alerts: say.Alerts = field(default_factory=say.Alerts)
    due: dict[int, list[Due]] = field(default_factory=dict)
    #: Place → what cannot be judged there.
    unjudged: dict[int, tuple[Unjudged, ...]] = field(default_factory=dict)
    memory: dict[int, memory.Memory] = field(default_factory=dict)


def lead_days(rules: Sequence[Rule], indices: Sequence[Index]) -> int:
    """Days of context that rules and indices look at; looked up once of the same shelves."""
    if _LEAD and _LEAD[-1][0] is rules and _LEAD[-1][1] is indices:
        return _LEAD[-1][2]
    of_rules = max((rule.days_back + rule.before for rule in rules), default=0)
    days = max(of_rules, max((index.before for index in indices), default=0))
    _LEAD[:] = [(rules, indices, days)]
    return days


#: Shelves that were looked up last, and what was found.
_LEAD: list[tuple[Sequence[Rule], Sequence[Index], int]] = []


async def compute(
    connection: Connection, jobs: Sequence[Job], rules: Sequence[Rule], indices: Sequence[Index], now: datetime
) -> Computed:
    """Compute a group from its earliest first day."""
    first = min(job.first for job in jobs)
    last = max(local_date(now, job.known.spot.time_zone) for job in jobs)
    lead = lead_days(rules, indices)
    length = max(PLACE_DAYS // len(jobs), 4)
    several = (last - first).days >= length
    jobs, course = await context.context(connection, jobs, first, lead, rules, several)
    done = Computed(jobs, first, now)
    trails: Trails = {}
    parts: list[Values] = []
    begin = first
    while True:
        end = min(begin + timedelta(days=length - 1), last)
        part = await load.frame_of(connection, jobs, begin, end, now, course)
        wanted = due_indices(indices, part)
        if any(index.step is Step.MONTH for index in wanted):
            part = await load.with_long_past(connection, part, wanted, course)
        if part.window.grid.places * part.window.grid.days > AT_ONCE:
            # in a thread: leases are renewed meanwhile
            thought = await asyncio.to_thread(_think, wanted, rules, part, course, trails)
        else:
            thought = _think(wanted, rules, part, course, trails)
        for frame, computed in thought.frames:
            parts.append(tables.values(computed, frame))
            done.states += tables.states(computed, frame)
            course.remember(frame)
        done.found += thought.found
        if end >= last:
            break
        course.go_on(thought.frames)
        begin = end + timedelta(days=1)
    done.unjudged = unjudged.of_places([job.known for job in jobs], rules, thought.silent, last)
    _settle(done, course, thought.frames, concatenate(parts), rules, trails)
    return done


@dataclass(slots=True)
class Thought:
    """Frames with their indices, and what the checks found."""

    frames: Frames
    found: list[Verdict]
    silent: Silent


def _think(
    indices: Sequence[Index], rules: Sequence[Rule], part: Frame, course: context.Context, trails: Trails
) -> Thought:
    """Check readings in their order, compute indices from those that stand, follow rules."""
    found = check_window(part.window)
    part = replace(part, window=trusted(part.window, found))
    doubted = doubts.doubt_hours(part, found, [one.verdicts for one in course.loaded])
    silent: Silent = {}
    frames = follow(indices, rules, part, course, trails, doubted, silent)
    return Thought(frames, doubts.verdicts(part, found), silent)


def follow(
    indices: Sequence[Index],
    rules: Sequence[Rule],
    part: Frame,
    course: context.Context,
    trails: Trails,
    doubted: Mapping[str, Array] = NOTHING,
    silent: Silent | None = None,
) -> list[tuple[Frame, Sequence[Index]]]:
    """Indices and rules of places, then those of their crop seasons; the frames they were computed on."""
    part = replace(part, window=replace(part.window, states=course.states_of(indices, part)))
    evaluate(indices, part.window)
    judge(rules, part, course.context_of(part), set(course.former), trails, doubted, silent)
    frames: list[tuple[Frame, Sequence[Index]]] = [(part, indices)]
    grown = part.grown() if tables.ripe(part)[:, part.window.lead :].any() else None
    if grown is not None:
        grown = replace(grown, window=replace(grown.window, states=course.states_of(SEASON_INDICES, grown)))
        evaluate(SEASON_INDICES, grown.window)
        judge(rules, grown, course.context_of(grown), set(course.former), trails, silent=silent)
        frames.append((grown, SEASON_INDICES))
    return frames


def due_indices(indices: Sequence[Index], part: Frame) -> list[Index]:
    """Leave out what cannot have a value yet: days that go on, months that do not close."""
    if tables.ripe(part)[:, part.window.lead :].any():
        months = month_closes(part)
        return [index for index in indices if index.step is not Step.MONTH or months]
    dusk = tables.ripe(part, tables.DUSK)[:, part.window.lead :].any()
    needed = set(tables.EVENING) if dusk else set()
    wanted = []
    for index in reversed(indices):
        if index.step in (Step.HOUR, Step.GRID) or index.name in needed:
            wanted.append(index)
            needed |= {need.name for need in index.needs if need.kind is Kind.INDEX}
    return wanted[::-1]


def month_closes(part: Frame) -> bool:
    """Whether a computed day that has ended is the last of its month anywhere in the batch."""
    grid = part.window.grid
    dates = grid.dates[part.window.lead :]
    last = (dates + 1).astype("datetime64[M]") != dates.astype("datetime64[M]")
    ends = (grid.start[:, None] + grid.edges[:, 1:] * np.timedelta64(grid.step, "s"))[:, part.window.lead :]
    return bool((last & (ends <= part.now)).any())


def _settle(
    done: Computed, course: context.Context, frames: Frames, values: Values, rules: Sequence[Rule], trails: Trails
) -> None:
    part = frames[0][0]
    second = int(done.now.timestamp())
    places = {job.known.spot.id: job.known for job in done.jobs}
    findings = conclude(say.rule_keys(rules), places, trails, course.former, second)
    for finding in findings:
        say.add(done.alerts, finding, second)
    settled = expect.settle(
        done.alerts, course.expected, episodes_now(course, findings), places, say.rule_keys(rules), second
    )
    done.cold = [job for job in done.jobs if job.memory is None]
    _doubt(done)
    if part.first == done.first:
        _remember(done, course, frames, values, settled | {finding.known.spot.id for finding in findings})
    else:
        done.values = values
    for row, job in enumerate(done.jobs):
        done.due[job.known.spot.id] = coming.due_rows(job, row, part, rules, findings, done.now)
    for waits in expect.due_rows(done.alerts, course.expected, done.now):
        done.due[int(waits.topic)].append(waits)


def episodes_now(
    course: context.Context, findings: Sequence[Finding]
) -> dict[Key, list[tuple[Episode, expect.Reference]]]:
    """Observed episodes of the keys that a forecast spoke of, with what they are known by."""
    found: dict[Key, list[tuple[Episode, expect.Reference]]] = {
        key: [(episode, episode.id) for episode in course.former.get(key, ())] for key in course.expected
    }
    for finding in findings:
        key = finding.rule.name, finding.known.spot.id, finding.season
        if key in found:
            revised = [(one.new, say.reference(one, say.key_of(finding))) for one in finding.revisions if one.new]
            touched = {one.former.id for one in finding.revisions if one.former}
            found[key] = [one for one in found[key] if one[0].id not in touched] + revised
    return found


def _doubt(done: Computed) -> None:
    """Write findings of cold places, and of warm ones where they changed."""
    of_stream: dict[int, list[Verdict]] = {}
    for one in done.found:
        of_stream.setdefault(one.datastream, []).append(one)
    for job in done.jobs:
        begin = midnight(done.first, job.known.spot.time_zone)
        for feed in job.known.feeds:
            if not feed.own:
                continue
            had = (
                None
                if job.memory is None
                else [one for one in job.memory.found.get(feed.datastream, []) if one.valid_from >= begin]
            )
            if had != of_stream.get(feed.datastream, []):
                done.doubted[feed.datastream] = begin
    done.found = [one for one in done.found if one.datastream in done.doubted]


def _remember(done: Computed, course: context.Context, frames: Frames, values: Values, spoken: set[int]) -> None:
    """Write everything of cold places, of warm ones only what changed; and remember all for the next time."""
    part, carried = frames[0][0], memory.Carried(frames)
    has, nothing = tables.by_place(values), concatenate([])
    warm = [job for job in done.jobs if job.memory is not None]
    old = [_written(job, part) for job in warm]
    new = [has.get(job.known.spot.id, nothing) for job in warm]
    done.changed, done.removed = tables.difference(concatenate(old), concatenate(new))
    cold = np.array([job.known.spot.id for job in done.cold], np.int32)
    done.values = values.take(np.isin(values.place, cold)) if warm else values
    past = memory.Past.of(course)
    by_stream: dict[int, list[Verdict]] = {}
    for one in done.found:
        by_stream.setdefault(one.datastream, []).append(one)
    former, expected = _by_place(course.former), _by_place(course.expected)
    for row, job in enumerate(done.jobs):
        place = job.known.spot.id
        kept = memory.remembered(job, row, part, course, has.get(place, nothing), carried, past)
        kept.found = _findings_kept(job, done, by_stream)
        if place not in spoken:
            kept.former = former.get(place, {})
            kept.expected = expected.get(place, {})
        done.memory[place] = kept


def _written(job: Job, part: Frame) -> Values:
    """What the table has of a place from the frame's first computed day on."""
    rows = concatenate([]) if job.memory is None else job.memory.written
    return rows.take(rows.time >= naive(midnight(part.first, job.known.spot.time_zone)))


def _by_place(found: Mapping[Key, Kept]) -> dict[int, dict[Key, Kept]]:
    of_place: dict[int, dict[Key, Kept]] = {}
    for key, one in found.items():
        of_place.setdefault(key[1], {})[key] = one
    return of_place


def _findings_kept(job: Job, done: Computed, by_stream: Mapping[int, list[Verdict]]) -> dict[int, list[Verdict]]:
    """Datastream → what the ordered checks found, as the table has it now."""
    begin = midnight(done.first, job.known.spot.time_zone)
    kept = {}
    for feed in job.known.feeds:
        old = [] if job.memory is None else job.memory.found.get(feed.datastream, [])
        if feed.datastream in done.doubted:
            old = [one for one in old if one.valid_from < begin] + by_stream.get(feed.datastream, [])
        kept[feed.datastream] = old
    return kept
