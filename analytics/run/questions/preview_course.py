"""What a rule by the hour would have done with changed terms: the same course as the engine follows, from readings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics.episode import Episode
from analytics.index import Index, Kind, evaluate
from analytics.indices import BY_NAME, INDICES
from analytics.quality import check_window
from analytics.quality.check import trusted
from analytics.rule import ALWAYS, Dated, Rule, Terms
from analytics.run.alerts.evaluation import Trails, conclude, judge
from analytics.run.engine.compute import PLACE_DAYS
from analytics.run.engine.context import read_context
from analytics.run.engine.job import Job
from analytics.run.engine.load import read_chunk
from analytics.run.engine.place_lookup import Acquainted
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, midnight
from analytics.wording import local_day
from store.lease import Leased
from store.pool import Connection


@dataclass(slots=True)
class Walk:
    """Terms whose course is followed, and what was found of it."""

    terms: Terms
    trails: Trails = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PreviewedCourse:
    """What terms come to over days of some places."""

    episodes: int
    #: (places, days) highest level of each local day.
    levels: NDArray[np.int16]
    longest_days: int


async def courses(
    connection: Connection, rule: Rule, places: Sequence[int], first: date, last: date, terms: Sequence[Terms]
) -> list[PreviewedCourse]:
    """Follow a rule through the readings of places, by each of several terms."""
    known, _ = await Acquainted().ask(connection, list(places), set(places))
    jobs = [Job(known[place], first, Leased(place, None, None, [], [], 0), None) for place in places]
    walks = [Walk(one) for one in terms]
    size = max(PLACE_DAYS // max((last - first).days + 1, 60), 1)
    for start in range(0, len(jobs), size):
        await _walk(connection, jobs[start : start + size], rule, first, last, walks)
    end = max(midnight(last + timedelta(days=1), job.known.spot.time_zone) for job in jobs)
    return [_course(rule, known, places, walk.trails, (first, last), end) for walk in walks]


async def _walk(
    connection: Connection, jobs: Sequence[Job], rule: Rule, first: date, last: date, walks: Sequence[Walk]
) -> None:
    indices = needed(rule)
    lead = max([rule.days_back + rule.before, *(index.before for index in indices)])
    end = max(midnight(last + timedelta(days=1), job.known.spot.time_zone) for job in jobs)
    jobs, context = await read_context(connection, jobs, first, lead, [rule], several=True)
    begin, length = first, max(PLACE_DAYS // len(jobs), 4)
    while begin <= last:
        until = min(begin + timedelta(days=length - 1), last)
        chunk = await read_chunk(connection, jobs, begin, until, end, lead, context.heard)
        part = replace(chunk.frame, window=trusted(chunk.frame.window, check_window(chunk.frame.window)))
        part = replace(part, window=replace(part.window, states=context.states_of(indices, part)))
        evaluate(indices, part.window)
        for walk in walks:
            judge([rule], _by(part, rule, walk.terms), context.context_of(part), set(), walk.trails)
        context.go_on([(part, indices)], chunk.heard, {})
        begin = until + timedelta(days=1)


def needed(rule: Rule) -> list[Index]:
    """Indices that a rule looks at, and those that they need, each after what it needs."""
    names, waiting = set[str](), [*rule.indices, *(need.name for need in rule.needs if need.kind is Kind.INDEX)]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            waiting += [need.name for need in BY_NAME[name].needs if need.kind is Kind.INDEX]
    return [index for index in INDICES if index.name in names]


def _by(part: Frame, rule: Rule, terms: Terms) -> Frame:
    """A frame whose places have these terms of the rule."""
    dated = (Dated(ALWAYS, terms),)
    return replace(part, places=[replace(known, terms={**known.terms, rule.name: dated}) for known in part.places])


def _course(
    rule: Rule,
    known: Mapping[int, Known],
    places: Sequence[int],
    trails: Trails,
    days: tuple[date, date],
    end: datetime,
) -> PreviewedCourse:
    first, last = days
    levels = np.zeros((len(places), (last - first).days + 1), np.int16)
    rows, now = {place: row for row, place in enumerate(places)}, int(end.timestamp())
    episodes = longest = 0
    for outcome in conclude({rule.name: rule}, known, trails, {}, now):
        zone, row = outcome.known.spot.time_zone, levels[rows[outcome.known.spot.id]]
        for revision in outcome.revisions:
            touched = _touched(revision.new, zone, now) if revision.new else []
            inside = [(day, level) for day, level in touched if first <= day <= last]
            for day, level in inside:
                row[(day - first).days] = max(row[(day - first).days], level)
            episodes += bool(inside)
            longest = max(longest, len({day for day, _ in inside}))
    return PreviewedCourse(episodes, levels, longest)


def _touched(episode: Episode, zone: str, now: int) -> Iterator[tuple[date, int]]:
    """Local days on which an episode stood at a level."""
    ends = [*(change.at for change in episode.course[1:]), now if episode.ended is None else episode.ended]
    for change, end in zip(episode.course, ends, strict=True):
        day, last = (date.fromisoformat(local_day(second, zone)) for second in (change.at, max(end - 1, change.at)))
        while day <= last:
            yield day, change.level
            day += timedelta(days=1)
