"""Rules over the frames of a group of places, and what becomes of every episode. Pure; the engine writes it down."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import lacks, level
from analytics.episode import Episode, Revision, level_before, revise, spliced
from analytics.grid import Array, Times
from analytics.index import Step
from analytics.indices.crops import flooded
from analytics.level import Course, Run
from analytics.rule import ALWAYS, Dated, Facts, Measure, Rule, own_terms
from analytics.run.alerts.silent_inputs import fallen_silent
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known, naive
from analytics.wording import local_day
from telemetry.unknown import Why

_UNKNOWN_ONLY = 1 << 8


class Seen(NamedTuple):
    """What a stretch of one code showed: its last value and its worst; seconds and [the rule's unit]."""

    at: int
    value: float
    worst_at: int
    worst: float
    code: int
    #: Standard errors of both, where they are forecasts, and bits of what was not measured for the last.
    error: float = float("nan")
    worst_error: float = float("nan")
    lacking: int = 0

    @property
    def entered(self) -> int:
        """The highest level that it reached."""
        return self.code & 15


@dataclass(slots=True)
class Trail:
    """What a rule found at one place over consecutive frames."""

    #: Second at which decisions begin: what was before it stays.
    base: int
    runs: list[Run] = field(default_factory=list)
    #: What the runs that say anything showed, in their order.
    seen: list[Seen] = field(default_factory=list)
    #: Local date → extreme of the measure.
    extremes: dict[str, float] = field(default_factory=dict)
    #: Of these the dates whose measure is only the best or worst that it can still become.
    bounds: set[str] = field(default_factory=set)
    #: The measure as it was known last.
    latest: float = float("nan")


#: By rule, place and season.
RuleKey = tuple[str, int, int]
Trails = dict[RuleKey, Trail]
#: Rules that were looked at, and why each says nothing: `telemetry.unknown.Why`, 0 where it speaks.
Silent = dict[RuleKey, int]
NOTHING: Mapping[str, Array] = MappingProxyType({})


def applies(rule: Rule, known: Known, season: int = 0) -> bool:
    """Whether a rule is for a place or a season there: its kind, its crop, and something that it can look at."""
    if not season and rule.season and not rule.unsown:
        return False
    if season and not grows(rule, known, season):
        return False
    if rule.trouble and not any(trouble.kind == rule.trouble for trouble in known.troubles):
        return False
    if rule.kinds and known.spot.kind not in rule.kinds:
        return False
    return not rule.quantities or any(feed.quantity in rule.quantities for feed in known.feeds)


def grows(rule: Rule, known: Known, season: int) -> bool:
    """Whether a rule speaks of what is sown: of a season of its crops, or of a place where nobody entered any."""
    if not season:
        return not rule.season or (rule.unsown and not known.seasons)
    if rule.flooded is not None and rule.flooded != _flooded(known, season):
        return False
    crops = (one.crop for one in known.seasons if one.id == season)
    return rule.season and (not rule.crops or any(crop in rule.crops for crop in crops))


def _flooded(known: Known, season: int) -> bool:
    """Whether the crop of a season stands in water."""
    return any(one.id == season and flooded(one.crop, one.properties) for one in known.seasons)


def alike_rows(frame: Frame) -> list[tuple[tuple[Known, int], list[int]]]:
    """Rows of a frame that no rule tells apart, each with one (place, season) that stands for all."""
    found: dict[Hashable, tuple[tuple[Known, int], list[int]]] = {}
    for row, (known, season) in enumerate(zip(frame.places, frame.seasons, strict=True)):
        crops = frozenset(one.crop for one in known.seasons if one.id == season)
        troubles = frozenset(trouble.kind for trouble in known.troubles)
        quantities = frozenset(feed.quantity for feed in known.feeds)
        key = bool(season), crops, _flooded(known, season), troubles, known.spot.kind, quantities
        found.setdefault(key, ((known, season), []))[1].append(row)
    return list(found.values())


def terms(rule: Rule, known: Known) -> tuple[Dated, ...]:
    """Terms of a rule at a place, in order of their moments."""
    return known.terms.get(rule.name) or _own(rule)


_OWN: dict[str, tuple[Dated, ...]] = {}


def _own(rule: Rule) -> tuple[Dated, ...]:
    """The same object for every place, so that equal terms are seen to be equal at a glance."""
    if rule.name not in _OWN:
        _OWN[rule.name] = (Dated(ALWAYS, own_terms(rule)),)
    return _OWN[rule.name]


def facts(frame: Frame, stored: Mapping[str, Array], doubted: Mapping[str, Array]) -> Facts:
    """What conditions may look at; ``stored`` has index values of the context days."""
    window = frame.window
    indices = {}
    for name in stored.keys() | window.values.keys():
        result = window.values.get(name)
        if result is not None and result.value.shape != window.shape:
            continue
        value = np.full(window.shape, np.nan) if result is None else result.value.copy()
        if name in stored and window.lead:
            value[:, : window.lead] = stored[name]
        indices[name] = value
    troubles, ended = troubles_of(frame), ended_of(frame)
    return Facts(window, frame.now, frame.heard, frame.present, frame.interval, indices, doubted, troubles, ended)


def ended_of(frame: Frame) -> Times:
    """(places,) moment from which no reading is expected: a station's end, or the beginning of one that is a record."""
    ends = [
        np.datetime64(0, "s") if known.spot.recorded
        else np.datetime64("NaT", "s") if known.spot.ended is None
        else naive(known.spot.ended).astype("datetime64[s]")
        for known in frame.places
    ]  # fmt: skip
    return np.array(ends, "datetime64[s]")


def troubles_of(frame: Frame) -> dict[str, Array]:
    """Kind of trouble → (places, steps) hours for which it has been going on at the beginning of each step."""
    grid = frame.window.grid
    found: dict[str, Array] = {}
    for row, known in enumerate(frame.places):
        for one in known.troubles:
            begins = grid.start[row] + np.arange(grid.steps) * np.timedelta64(grid.step, "s")
            hours = (begins - naive(one.from_time).astype("datetime64[s]")) / np.timedelta64(3600, "s")
            inside = hours > 0
            if one.to_time is not None:
                inside &= begins < naive(one.to_time)
            laid = found.setdefault(one.kind, np.zeros((grid.places, grid.steps)))
            laid[row, inside] = hours[inside]
    return found


def judge(
    rules: Sequence[Rule],
    frame: Frame,
    stored: Mapping[str, Array],
    open_before: set[RuleKey],
    trails: Trails,
    doubted: Mapping[str, Array] = NOTHING,
    *,
    hears: bool = False,
) -> Silent:
    """Follow rules through a frame, adding to the trails; ``open_before`` are those that have episodes.

    Returns what says nothing now, and why; nothing where nobody ``hears`` it.
    """
    silent: Silent = {}
    found = facts(frame, stored, doubted)
    periods: dict[Step, Periods] = {}
    alike = alike_rows(frame)
    for rule in rules:
        rows = sorted(chain.from_iterable(same for one, same in alike if applies(rule, *one)))
        missing = [name for name in rule.indices if name not in found.indices]
        if not rows or (missing and not rule.unsown):  # one index of the season, another where none is known
            continue
        if rule.step not in periods:
            periods[rule.step] = Periods.of(rule.step, frame)
        with np.errstate(invalid="ignore", divide="ignore"):
            measure = rule.condition(found)
            if hears:
                silent |= unheard(rule, frame, measure, rows, periods[rule.step])
            _follow(rule, frame, measure, np.array(rows), periods[rule.step], open_before, trails)
    return silent


@dataclass(frozen=True, slots=True)
class Periods:
    """When the periods of rules of a step are, the same for all of them; each array is (places, periods)."""

    #: UTC, datetime64[s].
    begins: Times
    #: Seconds since 1970.
    seconds: tuple[NDArray[np.int64], NDArray[np.int64]]
    #: It has begun.
    begun: NDArray[np.bool_]

    @classmethod
    def of(cls, step: Step, frame: Frame) -> Periods:
        """Those of a frame."""
        begins, ends = level.times(step, frame.window)
        return cls(begins, (begins.astype(np.int64), ends.astype(np.int64)), np.asarray(begins <= frame.now))


def _follow(
    rule: Rule,
    frame: Frame,
    measure: Measure,
    rows: NDArray[np.int64],
    periods: Periods,
    open_before: set[RuleKey],
    trails: Trails,
) -> None:
    begins, seconds = periods.begins, periods.seconds
    of_places = [terms(rule, known) for known in frame.places]
    codes = level.evaluate(rule, measure, begins, of_places)
    _silence_out_of_season(rule, frame, of_places, begins, codes)
    if rule.flooded is False and not rule.season:
        _silence_under_water(frame, codes)
    touched = np.asarray((codes & 15).any(axis=1))
    first = max(frame.window.lead - rule.days_back, 0)
    value: Array | None = None
    extremes: Array | None = None
    for row in rows.tolist():
        key = (rule.name, frame.places[row].spot.id, frame.seasons[row])
        trail = trails.get(key)
        if trail is None and not touched[row] and key not in open_before:
            continue
        from_day = frame.window.lead if trail is not None else first
        from_column = _column(rule, frame, row, from_day)
        last = _column(rule, frame, row, frame.window.grid.days)
        if trail is None:
            base = int(frame.window.grid.day_starts[row, first].astype("datetime64[s]").astype(np.int64))
            if rule.horizon is not None:
                base = max(base, int(frame.now.astype(np.int64)) - int(rule.horizon.total_seconds()))
                from_column = max(from_column, int(np.searchsorted(seconds[0][row], base)))
                if from_column >= last:
                    continue  # nothing but a past that is settled
            trail = trails[key] = Trail(base)
        span = slice(from_column, last)
        if value is None or extremes is None:
            value = np.where(periods.begun & shown(measure, codes), measure.value, np.nan)
            extremes = _extremes(rule, frame, value)
        dated = _dated(frame, extremes[row], from_day)
        trail.extremes |= dated
        trail.bounds |= _bounds(rule, frame, measure, row) & dated.keys()
        doubt = Doubt.of(measure, row, span)
        times = seconds[0][row, span], seconds[1][row, span]
        follow_row(trail, rule, codes[row, span], *times, value[row, span], doubt)


class Doubt(NamedTuple):
    """How sure a place's measure is, period by period; None where it is measured."""

    error: Array | None = None
    lacking: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, measure: Measure, row: int, span: slice) -> Doubt:
        """That of a span of a row."""
        return cls(
            None if measure.error is None else measure.error[row, span],
            None if measure.lacking is None else measure.lacking[row, span],
        )

    def at(self, last: int, worst: int) -> tuple[float, float, int]:
        """Errors of two periods, and what lacked at the first."""
        errors = (np.nan, np.nan) if self.error is None else (float(self.error[last]), float(self.error[worst]))
        return *errors, 0 if self.lacking is None else int(self.lacking[last])


def shown(measure: Measure, codes: level.Codes) -> NDArray[np.bool_]:
    """Where a measure is worth showing: what it can still become only where that decides a level."""
    if measure.bound is None:
        return np.ones(codes.shape, np.bool_)
    return ~measure.bound | ((codes & 15) > 0)


def _bounds(rule: Rule, frame: Frame, measure: Measure, row: int) -> set[str]:
    """Local dates of a row whose measure is not known yet, but what it can still become."""
    if measure.bound is None or rule.step is not Step.DAY:
        return set()
    return set(np.datetime_as_string(frame.window.grid.dates[measure.bound[row]], unit="D").tolist())


def follow_row(
    trail: Trail,
    rule: Rule,
    codes: level.Codes,
    begins: NDArray[np.int64],
    ends: NDArray[np.int64],
    measured: Array,
    doubt: Doubt = Doubt(),  # noqa: B008 — it cannot be changed
) -> None:
    """Add to a trail one place's further periods: codes, seconds, and the measure, NaN where it is not known yet."""
    known = np.flatnonzero(np.isfinite(measured))
    if known.size:
        trail.latest = round(float(measured[known[-1]]), 3)
    found = level.runs(codes, begins, ends)
    trail.runs += found
    edges = np.searchsorted(known, np.searchsorted(begins, [*(run.begin for run in found), ends[-1]]))
    for run, first, last in zip(found, edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if first < last and not run.code & _UNKNOWN_ONLY:
            of_run = measured[known[first:last]]
            worst = int(known[first + int(of_run.argmin() if rule.below else of_run.argmax())])
            at, worst_at = int(begins[known[last - 1]]), int(begins[worst])
            values = round(float(of_run[-1]), 3), round(float(measured[worst]), 3)
            trail.seen.append(
                Seen(at, values[0], worst_at, values[1], run.code, *doubt.at(int(known[last - 1]), worst))
            )


def unheard(rule: Rule, frame: Frame, measure: Measure, rows: Sequence[int], periods: Periods) -> Silent:
    """Why a rule says nothing at its rows now; 0 where it was known within its patience. Not of what has no news.

    What it knew before its readings stopped is not what is now: a morning's minimum says nothing of the night after.
    """
    since = int(frame.now.astype(np.int64)) - int(rule.patience.total_seconds())
    recent = periods.begun & (periods.seconds[1] > since)
    if measure.hold is not None:  # between the ends of months nothing new is said
        recent = periods.begun & ~measure.hold
    if measure.unasked is not None:
        recent = recent & ~measure.unasked
    columns = np.flatnonzero(recent[rows].any(axis=0))
    stopped = {
        (rule.name, frame.places[row].spot.id, frame.seasons[row]): int(Why.READINGS)
        for row in np.array(rows)[fallen_silent(rule, frame)[rows]].tolist()
    }
    if not columns.size:
        return stopped
    span = slice(int(columns[0]), int(columns[-1]) + 1)
    recent, known = recent[rows, span], np.isfinite(measure.value[rows, span])
    why = np.zeros(recent.shape, np.uint8) if measure.why is None else measure.why[rows, span]
    said = recent & (known | (why > 0))
    last = recent.shape[1] - 1 - np.argmax(said[:, ::-1], axis=1)
    at = np.arange(len(rows))
    reason = np.where(said.any(axis=1), np.where(known[at, last], 0, why[at, last]), int(lacks.reason(rule)))
    fresh = np.flatnonzero(recent.any(axis=1)).tolist()
    found = {(rule.name, frame.places[rows[at]].spot.id, frame.seasons[rows[at]]): int(reason[at]) for at in fresh}
    return found | {key: found.get(key, 0) or why for key, why in stopped.items()}


def _column(rule: Rule, frame: Frame, row: int, day: int) -> int:
    """Where a day begins among a rule's periods."""
    if rule.step is Step.DAY:
        return day
    grid = frame.window.grid
    steps = int(grid.edges[row, day])
    return steps * grid.step // 3600 if rule.step is Step.HOUR else steps


def _silence_out_of_season(
    rule: Rule, frame: Frame, of_places: Sequence[Sequence[Dated]], begins: NDArray[Any], codes: level.Codes
) -> None:
    """Levels are 0 in other months, and of the place itself once a season was entered that speaks for it."""
    months: dict[frozenset[int], list[int]] = {}
    for row, dated in enumerate(of_places):
        if frame.seasons[row]:
            continue  # a season has its own days
        if rule.season and frame.places[row].seasons:
            codes[row] = 0
        elif dated[-1].terms.months:
            months.setdefault(dated[-1].terms.months, []).append(row)
    for allowed, rows in months.items():
        outside = level.out_of_season(frame.window, rule, begins, allowed)
        codes[rows] = np.where(outside[rows], 0, codes[rows])


def _silence_under_water(frame: Frame, codes: level.Codes) -> None:
    """No level on days on which a crop at the place stands in water; of a rule by the day."""
    dates = frame.window.grid.dates
    for row, known in enumerate(frame.places):
        for one in known.seasons:
            if flooded(one.crop, one.properties):
                inside = (dates >= np.datetime64(one.sown)) & (one.ended is None or dates <= np.datetime64(one.ended))
                codes[row, inside] = 0


def _extremes(rule: Rule, frame: Frame, value: Array) -> Array:
    """(places, days) most extreme measure of each local day."""
    if rule.step is Step.DAY:
        return value
    grid = frame.window.grid if rule.step is Step.GRID else frame.window.hourly_grid()
    return np.asarray((np.fmin if rule.below else np.fmax).reduce(grid.by_day(value), axis=2))


def _dated(frame: Frame, extremes: NDArray[Any], from_day: int) -> dict[str, float]:
    dates = np.datetime_as_string(frame.window.grid.dates[from_day:], unit="D").tolist()
    pairs = zip(dates, extremes[from_day:].tolist(), strict=True)
    return {day: round(value, 3) for day, value in pairs if value == value}  # noqa: PLR0124 — NaN is not itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the episodes of a rule at a place."""

    rule: Rule
    known: Known
    season: int
    revisions: Sequence[Revision]
    course: Course
    #: Second up to which anything is known.
    heard: int | None
    #: Ended because nothing was heard.
    lapsed: bool
    #: The measure as it was known last.
    latest: float
    #: Of a forecast: when it was issued and to when it says so; seconds.
    issued: int | None = None
    until: int | None = None
    #: What was measured, stretch by stretch.
    seen: Sequence[Seen] = ()
    #: Local dates whose value is only what it can still become.
    bounds: frozenset[str] = frozenset()
    #: Second to which a forecast speaks here; None: there is none.
    foreseen: int | None = None


def conclude(
    rules: Mapping[str, Rule],
    places: Mapping[int, Known],
    trails: Trails,
    former: Mapping[RuleKey, Sequence[Episode]],
    now: int,
    foreseen: Mapping[int, int] = MappingProxyType({}),
) -> list[Outcome]:
    """Turn trails into episodes and pair them with the former ones of their key.

    ``foreseen`` has of each place with a forecast the second to which that speaks.
    """
    outcomes = []
    for key, trail in trails.items():
        rule, known = rules[key[0]], places[key[1]]
        before = [episode for episode in former.get(key, ()) if episode.ended is None or episode.ended >= trail.base]
        course = level.course(rule, trail.runs, level_before(before, trail.base), now)
        found = spliced(before, trail.base, course.changes, rule.tells_from)
        days = _extremes_by_day(known, before, trail)
        found = [_with_extremes(known, episode, *days) for episode in found]
        revisions = revise(before, found, now, rule.tells_from)
        if revisions:
            heard = max(
                (run.end for run in trail.runs if not run.code & _UNKNOWN_ONLY and run.begin <= now), default=None
            )
            outcomes.append(
                Outcome(
                    rule,
                    known,
                    key[2],
                    revisions,
                    course,
                    heard,
                    course.lapsed,
                    trail.latest,
                    seen=tuple(trail.seen),
                    bounds=frozenset(trail.bounds),
                    foreseen=foreseen.get(key[1]),
                )
            )
    return outcomes


def _extremes_by_day(known: Known, former: Sequence[Episode], trail: Trail) -> tuple[list[str], dict[str, float]]:
    """Days in order with their extremes: of former episodes before the trail, found anew from it on."""
    base = local_day(trail.base, known.spot.time_zone)
    days = {day: value for old in former for day, value in old.by_day.items() if day < base}
    days |= {day: value for day, value in trail.extremes.items() if day >= base}
    return sorted(days), days


def _with_extremes(known: Known, episode: Episode, ordered: Sequence[str], days: Mapping[str, float]) -> Episode:
    """Give an episode the extremes of its days."""
    zone = known.spot.time_zone
    first = bisect_left(ordered, local_day(episode.started, zone))
    last = len(ordered) if episode.ended is None else bisect_right(ordered, local_day(episode.ended - 1, zone))
    return Episode(episode.started, episode.ended, episode.course, {day: days[day] for day in ordered[first:last]})


def value_of(rule: Rule, episode: Episode) -> float:
    """Extreme of an episode so far."""
    values = list(episode.by_day.values())
    if not values:
        return float("nan")
    return min(values) if rule.below else max(values)
