"""From a rule's measure to codes, and from a row of codes to the times at which the level changed.

The level at the beginning is all the state there is, and it is in the episodes: a window begins ``Rule.days_back``
days before the first day that changed, so whatever was pending then is decided again within the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import Array, Times
from analytics.index import Step, Window
from analytics.rule import Dated, Flags, Measure, Rule, Terms

Codes = NDArray[np.int16]
#: Kept by what is not whole: an incomplete period never lowers a level.
_TOP = 7
_UNKNOWN = 1 << 8
#: Whether a rule is entered below its threshold, and whether the threshold is of the level → the comparison.
_BEYOND = {
    (False, True): np.greater_equal,
    (False, False): np.greater,
    (True, True): np.less_equal,
    (True, False): np.less,
}


def times(step: Step, window: Window) -> tuple[Times, Times]:
    """(places, days or steps) where each period of a rule of this step begins and ends, UTC, datetime64[s]."""
    grid = window.grid
    if step is Step.DAY:
        ends = grid.start[:, None] + grid.edges[:, 1:] * np.timedelta64(grid.step, "s")
        return grid.day_starts.astype("datetime64[s]"), ends.astype("datetime64[s]")
    length = 3600 if step is Step.HOUR else grid.step
    begins = grid.times(length).astype("datetime64[s]")
    return begins, np.add(begins, np.timedelta64(length, "s"))


def evaluate(rule: Rule, measure: Measure, begins: Times, terms: Sequence[Sequence[Dated]]) -> Codes:
    """Codes (places, periods) of the highest level entered and of the highest not left; see `course`.

    ``terms`` has for each place its terms in order of their moments, the first from `ALWAYS` on.
    """
    value = measure.value
    if measure.error is not None:
        value = value + (-rule.lean if rule.below else rule.lean) * measure.error
    known = np.isfinite(value)
    entered, kept = _by_terms(rule, value, begins, terms)
    if measure.bound is not None and measure.worst is not None:
        # one step a day: a class is said when it is certain not to be a worse one
        open_ = measure.bound & (_by_terms(rule, measure.worst, begins, terms)[0] > entered)
        entered = np.where(open_, 0, entered).astype(np.int16)
    if measure.whole is not None:
        kept = np.where(measure.whole, kept, _TOP)
        known &= measure.whole | (entered > 0)
    if measure.hold is not None:
        entered, kept, known = (
            np.where(measure.hold, 0, entered),
            np.where(measure.hold, _TOP, kept),
            known | measure.hold,
        )
    if measure.unasked is not None:
        entered, kept = np.where(measure.unasked, 0, entered), np.where(measure.unasked, 0, kept)
        known |= measure.unasked
    code = entered | (np.maximum(kept, entered) << 4)
    return np.where(known, code, _UNKNOWN).astype(np.int16)


def _by_terms(rule: Rule, value: Array, begins: Times, terms: Sequence[Sequence[Dated]]) -> tuple[Codes, Codes]:
    """Highest level entered and highest not left by each value."""
    first = terms[0]
    if len(first) == 1 and all(other == first for other in terms):
        return _ladder(rule, value, first[0].terms)
    return _ladders(rule, value, begins, terms)


def _ladder(rule: Rule, value: Array, terms: Terms) -> tuple[Codes, Codes]:
    entered = np.zeros(value.shape, np.int16)
    kept = np.zeros(value.shape, np.int16)
    if not terms.enabled:
        return entered, kept
    ladder = zip(terms.enter, terms.leave, terms.inclusive, strict=True)
    with np.errstate(invalid="ignore"):
        for number, (enter, leave, inclusive) in enumerate(ladder, start=1):
            beyond = _BEYOND[rule.below, inclusive]
            entered[beyond(value, enter)] = number
            kept[beyond(value, leave)] = number
    return entered, kept


def _ladders(rule: Rule, value: Array, begins: Times, terms: Sequence[Sequence[Dated]]) -> tuple[Codes, Codes]:
    """The same where places differ, or terms change within the window."""
    entered = np.zeros(value.shape, np.int16)
    kept = np.zeros(value.shape, np.int16)
    groups: dict[tuple[Dated, ...], list[int]] = {}
    for row, dated in enumerate(terms):
        groups.setdefault(tuple(dated), []).append(row)
    for dated, members in groups.items():
        rows = np.array(members)
        for valid_from, one in dated:
            up, stay = _ladder(rule, value[rows], one)
            later = begins[rows] >= valid_from
            entered[rows] = np.where(later, up, entered[rows])
            kept[rows] = np.where(later, stay, kept[rows])
    return entered, kept


def out_of_season(window: Window, rule: Rule, begins: Times, months: frozenset[int]) -> Flags:
    """(places, periods) where a rule does not hold because of the local month."""
    grid = window.grid
    local = grid.dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    outside = ~np.isin(local, list(months))
    if rule.step is Step.DAY:
        return np.broadcast_to(outside, begins.shape)
    length = 3600 if rule.step is Step.HOUR else grid.step
    edges = grid.edges * grid.step // length
    result = np.ones(begins.shape, np.bool_)
    for row in range(grid.places):
        result[row, : edges[row, -1]] = np.repeat(outside, np.diff(edges[row]))
    return result


def is_unknown(codes: Codes) -> Flags:
    """Where nothing is known."""
    return np.asarray(codes & _UNKNOWN, np.bool_)


class Run(NamedTuple):
    """A stretch of time with one code; seconds since 1970."""

    begin: int
    end: int
    code: int


class Change(NamedTuple):
    """From this second of event time on, the level is this."""

    at: int
    level: int


@dataclass(frozen=True, slots=True)
class Course:
    """How a level went over a window."""

    changes: tuple[Change, ...]
    #: Level at the end.
    level: int
    #: Second of event time at which the level ends if nothing more is heard; None where it is 0.
    lapses: int | None
    #: The level went to 0 last because nothing was known any more.
    lapsed: bool = False


def runs(codes: NDArray[np.int16], begins: NDArray[np.int64], ends: NDArray[np.int64]) -> list[Run]:
    """Stretches of equal code of one place's row."""
    cuts = np.flatnonzero(codes[1:] != codes[:-1]) + 1
    first = np.concatenate(([0], cuts))
    last = np.concatenate((cuts, [codes.size])) - 1
    return list(map(Run, begins[first].tolist(), ends[last].tolist(), codes[first].tolist()))


def course(rule: Rule, stretches: Sequence[Run], level: int, now: int) -> Course:
    """Follow a level through stretches of time, from the level at their beginning.

    A level is entered once it was reached for all of ``minimum``, from the moment it was first reached; it is left
    once it was not kept for all of ``quiet``, from the moment it was first not kept. What is not known changes
    nothing until it lasts for ``patience``; then nothing holds any more, from where it began.
    """
    scan = _Scan(rule, level)
    for begin, end, code in stretches:
        if begin > now:
            break
        if code & _UNKNOWN:
            scan.unknown(begin, min(end, now))
        else:
            scan.known(begin, end if rule.step is Step.DAY else min(end, now), code & 15, code >> 4)
    lapses = None
    if scan.level:
        since = scan.silent if scan.silent is not None else scan.heard
        lapses = None if since is None else since + scan.patience
    return Course(tuple(scan.changes), scan.level, lapses, scan.lapsed)


class _Scan:
    """The state of `course` while it goes."""

    __slots__ = ("changes", "failing", "heard", "lapsed", "level", "minimum", "patience", "quiet", "reached", "silent")

    def __init__(self, rule: Rule, level: int) -> None:
        self.level = level
        self.changes: list[Change] = []
        self.minimum = int(rule.minimum.total_seconds())
        self.quiet = int(rule.quiet.total_seconds())
        self.patience = int(rule.patience.total_seconds())
        #: Level → since when it has been reached, or not kept, without a break.
        self.reached: dict[int, int] = {}
        self.failing: dict[int, int] = {}
        self.silent: int | None = None
        self.heard: int | None = None
        self.lapsed = False

    def unknown(self, begin: int, end: int) -> None:
        if self.silent is None:
            self.silent = begin
        if end - self.silent >= self.patience:
            self.reached.clear()
            if self.level:
                self._become(self.silent, 0)
                self.lapsed = True

    def known(self, begin: int, end: int, entered: int, kept: int) -> None:
        self.silent, self.heard = None, end
        for level in [level for level in self.reached if level > entered]:
            del self.reached[level]
        for level in range(1, entered + 1):
            self.reached.setdefault(level, begin)
        for level in [level for level in self.failing if level <= kept]:
            del self.failing[level]
        for level in range(kept + 1, self.level + 1):
            self.failing.setdefault(level, begin)
        self._raise(end)
        self._lower(end)

    def _raise(self, end: int) -> None:
        # lower levels may have been reached earlier than the highest: each from its own moment
        for level in sorted(self.reached):
            if level > self.level and end - self.reached[level] >= self.minimum:
                self._become(self.reached[level], level)

    def _lower(self, end: int) -> None:
        while self.level in self.failing and end - self.failing[self.level] >= self.quiet:
            self._become(self.failing.pop(self.level), self.level - 1)

    def _become(self, at: int, level: int) -> None:
        if self.changes and self.changes[-1].at >= at:
            at = self.changes.pop().at
        self.level, self.lapsed = level, False
        self.changes.append(Change(at, level))
