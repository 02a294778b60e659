"""A group of places from its first changed day to now, chunk by chunk, into what is to be written."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import NamedTuple, TypeAlias

import numpy as np

from analytics.episode import Episode
from analytics.grid import Array
from analytics.index import Index, Kind, Step, evaluate
from analytics.indices import SEASON_INDICES
from analytics.indices.spells import INDICES as SPELLS
from analytics.quality import check_window
from analytics.quality.check import trusted
from analytics.rule import Rule
from analytics.run.alerts import alert_rows, forecast_alerts, timers, unjudged
from analytics.run.alerts.evaluation import NOTHING, Outcome, RuleKey, Silent, Trails, conclude, judge
from analytics.run.engine.cache import LiveWindow
from analytics.run.engine.context import Context, read_context
from analytics.run.engine.job import Job
from analytics.run.engine.load import Chunk, read_chunk, with_long_past
from analytics.run.engine.remember import Changes, Checked, changes, checked, remember
from analytics.run.window import index_rows, quality_verdicts
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import local_date
from store.due import Due
from store.index_state import States
from store.index_value import Values, concatenate
from store.pool import Connection
from store.unjudged import Unjudged
from store.verdict import Verdict
from store.work import Verdict as Said

#: A frame, and that of the crop seasons, with the indices computed on each.
Frames: TypeAlias = Sequence[tuple[Frame, Sequence[Index]]]

#: Place-days held in memory at once: about 100 MB of arrays at a dozen series.
PLACE_DAYS = 2000
#: Alerts of irrigation end on the day on which one of these tells of water.
IRRIGATION, WATER = "irrigation", ("water_volume", "water_level", "precipitation")
#: Fewer are computed without a thread of their own.
AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Computed:
    """What came of a group."""

    jobs: Sequence[Job]
    #: First computed day of all.
    first: date
    now: datetime
    #: Places whose former rows are not known: they are cleared, then all that was computed of them is inserted.
    cold: Sequence[Job]
    rows: Changes
    states: Sequence[States]
    checked: Checked
    alerts: alert_rows.Alerts
    due: Mapping[int, Sequence[Due]]
    #: Place → what cannot be judged there.
    unjudged: Mapping[int, tuple[Unjudged, ...]]
    cached: Mapping[int, LiveWindow]


@dataclass(frozen=True, slots=True)
class Thought:
    """Frames of a chunk with their indices, what the checks found, and of what no rule speaks."""

    frames: Frames
    found: list[Verdict]
    silent: Silent


class Followed(NamedTuple):
    """Frames with the indices computed on each, and of what no rule speaks."""

    frames: Frames
    silent: Silent


@dataclass(frozen=True, slots=True)
class Walked:
    """What came of a group's days, chunk by chunk."""

    #: The last of them, and what was thought of it.
    chunk: Chunk
    thought: Thought
    values: Values
    states: list[States]
    found: list[Verdict]
    trails: Trails


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
    length = max(PLACE_DAYS // len(jobs), 4)
    several = (last - first).days >= length
    jobs, context = await read_context(connection, jobs, first, lead_days(rules, indices), rules, several)
    walked = await _walk(connection, jobs, (first, last), length, now, context, rules, indices)
    return _settled(jobs, (first, last), now, context, rules, walked)


async def _walk(
    connection: Connection,
    jobs: Sequence[Job],
    days: tuple[date, date],
    length: int,
    now: datetime,
    context: Context,
    rules: Sequence[Rule],
    indices: Sequence[Index],
) -> Walked:
    """Think of the days of a group, so many at a time."""
    begin, last = days
    trails: Trails = {}
    values: list[Values] = []
    states: list[States] = []
    found: list[Verdict] = []
    while True:
        end = min(begin + timedelta(days=length - 1), last)
        chunk = await read_chunk(connection, jobs, begin, end, now, context.lead, context.heard)
        part, past = chunk.frame, context.past
        wanted = due_indices(indices, part)
        if any(index.step is Step.MONTH for index in wanted):
            part, past = await with_long_past(connection, part, wanted, past)
        if part.window.grid.places * part.window.grid.days > AT_ONCE:
            # in a thread: leases are renewed meanwhile
            thought = await asyncio.to_thread(_think, wanted, rules, part, context, trails, chunk.verdicts)
        else:
            thought = _think(wanted, rules, part, context, trails, chunk.verdicts)
        values += [index_rows.values(computed, frame) for frame, computed in thought.frames]
        states += [some for frame, computed in thought.frames for some in index_rows.states(computed, frame)]
        found += thought.found
        if end >= last:
            return Walked(chunk, thought, concatenate(values), states, found, trails)
        context.go_on(thought.frames, chunk.heard, past)
        begin = end + timedelta(days=1)


def _think(
    indices: Sequence[Index],
    rules: Sequence[Rule],
    part: Frame,
    context: Context,
    trails: Trails,
    verdicts: Sequence[Sequence[Said]] = (),
) -> Thought:
    """Check readings in their order, compute indices from those that stand, follow rules."""
    found = check_window(part.window)
    part = replace(part, window=trusted(part.window, found))
    doubted = quality_verdicts.doubt_hours(part, found, verdicts)
    followed = follow(indices, rules, part, context, trails, doubted, hears=True)
    return Thought(followed.frames, quality_verdicts.verdicts(part, found), followed.silent)


def follow(
    indices: Sequence[Index],
    rules: Sequence[Rule],
    part: Frame,
    context: Context,
    trails: Trails,
    doubted: Mapping[str, Array] = NOTHING,
    *,
    hears: bool = False,
) -> Followed:
    """Indices and rules of places, then those of their crop seasons; ``hears`` what says nothing, too."""
    former = set(context.former)
    part = replace(part, window=replace(part.window, states=context.states_of((*indices, *SPELLS), part)))
    evaluate(indices, part.window)
    silent = judge(rules, part, context.context_of(part), former, trails, doubted, hears=hears)
    frames: list[tuple[Frame, Sequence[Index]]] = [(part, indices)]
    ripe = index_rows.ripe(part)[:, part.window.lead :].any()
    grown = part.grown() if ripe or awaiting_water(rules, part, context.former) else None
    if grown is not None and not ripe:
        # no index of a season is new before a day has ended, but the water that came today is
        watered = [rule for rule in rules if rule.season and rule.hazard == IRRIGATION]
        judge(watered, grown, context.context_of(grown), former, trails)
    elif grown is not None:
        grown = replace(grown, window=replace(grown.window, states=context.states_of(SEASON_INDICES, grown)))
        evaluate(SEASON_INDICES, grown.window)
        silent |= judge(rules, grown, context.context_of(grown), former, trails, hears=hears)
        frames.append((grown, SEASON_INDICES))
    return Followed(frames, silent)


def awaiting_water(rules: Sequence[Rule], part: Frame, former: Mapping[RuleKey, Sequence[Episode]]) -> bool:
    """Whether an alert of irrigation goes on at one of the places to which water, or news of it, came today."""
    asking = {rule.name for rule in rules if rule.season and rule.hazard == IRRIGATION}
    going = {key[1] for key, episodes in former.items() if key[0] in asking and any(e.ended is None for e in episodes)}
    rows = [row for row, known in enumerate(part.places) if known.spot.id in going]
    if not rows:
        return False
    begin = int(part.window.grid.edges[rows, part.window.lead].min())
    found = (part.window.readings.get(name) for name in WATER)
    return any(bool(np.nan_to_num(one.value[rows, begin:]).any()) for one in found if one is not None)


def due_indices(indices: Sequence[Index], part: Frame) -> list[Index]:
    """Leave out what cannot have a value yet: days that go on, months that do not close."""
    if index_rows.ripe(part)[:, part.window.lead :].any():
        months = month_closes(part)
        return [index for index in indices if index.step is not Step.MONTH or months]
    dusk = index_rows.ripe(part, index_rows.DUSK)[:, part.window.lead :].any()
    needed = set(index_rows.EVENING) if dusk else set()
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


def _settled(
    jobs: Sequence[Job], days: tuple[date, date], now: datetime, context: Context, rules: Sequence[Rule], walked: Walked
) -> Computed:
    """What the days that were walked through come to: episodes, what is to be written, and what is remembered."""
    (first, last), second = days, int(now.timestamp())
    frames, part = walked.thought.frames, walked.thought.frames[0][0]
    places, by_name = {job.known.spot.id: job.known for job in jobs}, alert_rows.rule_keys(rules)
    foreseen = {job.known.spot.id: int(job.foreseen.timestamp()) for job in jobs if job.foreseen is not None}
    outcomes = conclude(by_name, places, walked.trails, context.former, second, foreseen)
    settled = forecast_alerts.settle(context.expected, episodes_now(context, outcomes), places, by_name, second)
    alerts = alert_rows.together((alert_rows.alerts_of(outcomes, second), settled.alerts))
    found, cached = checked(jobs, first, walked.found), dict[int, LiveWindow]()
    rows = Changes(walked.values, concatenate([]), concatenate([]))
    if part.first == first:  # of several chunks the first ones are not at hand any more
        of_place = index_rows.by_place(walked.values)
        rows = changes(jobs, part, walked.values, of_place)
        spoken = settled.places | {outcome.known.spot.id for outcome in outcomes}
        cached = remember(jobs, walked.chunk, context, frames, of_place, found, spoken)
    due = _timers(jobs, part, rules, outcomes, now)
    for look in forecast_alerts.next_looks(alerts, context.expected, now):
        due[int(look.topic)].append(look)
    silent = unjudged.of_places(list(places.values()), rules, walked.thought.silent, last)
    cold = [job for job in jobs if job.cached is None]
    return Computed(jobs, first, now, cold, rows, walked.states, found, alerts, due, silent, cached)


def _timers(
    jobs: Sequence[Job], part: Frame, rules: Sequence[Rule], outcomes: Sequence[Outcome], now: datetime
) -> dict[int, list[Due]]:
    """Place → what will happen there because time passes."""
    of_place: dict[int, list[Outcome]] = {}
    for outcome in outcomes:
        of_place.setdefault(outcome.known.spot.id, []).append(outcome)
    return {
        job.known.spot.id: timers.timers(job.known, row, part, rules, of_place.get(job.known.spot.id, ()), now)
        for row, job in enumerate(jobs)
    }


def episodes_now(
    context: Context, outcomes: Sequence[Outcome]
) -> dict[RuleKey, list[tuple[Episode, forecast_alerts.Reference]]]:
    """Observed episodes of the keys that a forecast spoke of, with what they are known by."""
    episodes: dict[RuleKey, list[tuple[Episode, forecast_alerts.Reference]]] = {
        key: [(episode, episode.id) for episode in context.former.get(key, ())] for key in context.expected
    }
    for outcome in outcomes:
        key = outcome.rule.name, outcome.known.spot.id, outcome.season
        if key in episodes:
            revised = [
                (one.new, alert_rows.reference(one, alert_rows.key_of(outcome))) for one in outcome.revisions if one.new
            ]
            touched = {one.former.id for one in outcome.revisions if one.former}
            episodes[key] = [one for one in episodes[key] if one[0].id not in touched] + revised
    return episodes
