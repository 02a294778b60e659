"""Stretches of event time at a level above none, and how those found anew continue the former ones.

Design: a former and a new episode of a key are paired one to one by longest overlap (ties: earliest start). A pair
keeps its identity; an unpaired former one is cancelled, naming what took its place; an unpaired new one is opened.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from analytics.level import Change
from analytics.renewal import Told

Kind = Literal["open", "raise", "lower", "update", "end", "cancel", "renew", "extend"]


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of a (rule, place, season, basis); times are seconds since 1970."""

    started: int
    ended: int | None
    #: From ``started`` on, every level above none.
    course: tuple[Change, ...]
    #: Local date → extreme of the measure on it.
    by_day: Mapping[str, float] = field(default_factory=dict)
    #: In the table; 0 while it is not there.
    id: int = 0
    #: How many steps were said of it.
    steps: int = 0
    #: What was said of it last; None where nothing was.
    told: Told | None = None

    @property
    def level(self) -> int:
        """What holds now, or held last."""
        return self.course[-1].level

    @property
    def since(self) -> int:
        """When the level that holds now, or held last, was reached, without a lower one since."""
        since = self.course[-1].at
        for change in reversed(self.course[:-1]):
            if change.level < self.level:
                break
            since = change.at
        return since

    def same(self, other: Episode) -> bool:
        """Whether it says the same of event time."""
        return (self.started, self.ended, self.course) == (other.started, other.ended, other.course)


@dataclass(frozen=True, slots=True)
class Revision:
    """What becomes of one episode; one of both may be missing."""

    former: Episode | None
    new: Episode | None
    #: Index into the revisions of the episode that took a cancelled one's place.
    successor: int | None = None

    @property
    def kind(self) -> Kind | None:
        """The step to say; None where nothing changed."""
        if self.new is None:
            return "cancel"
        if self.former is None:
            return "open"
        return None if self.former.same(self.new) else _changed(self.former, self.new)


def _changed(former: Episode, new: Episode) -> Kind:
    if former.ended is not None:
        return "update"
    if new.ended is not None:
        return "end"
    if new.level > former.level:
        return "raise"
    return "lower" if new.level < former.level else "update"


def level_before(former: Sequence[Episode], moment: int) -> int:
    """Level just before a moment."""
    for episode in former:
        if episode.started < moment and (episode.ended is None or episode.ended >= moment):
            return [change.level for change in episode.course if change.at < moment][-1]
    return 0


def spliced(former: Sequence[Episode], base: int, changes: Sequence[Change], floor: int = 1) -> list[Episode]:
    """Episodes of what was known before ``base`` and what was found from it on; see `_episodes` for ``floor``."""
    steps: list[Change] = []
    for episode in former:
        steps += [change for change in episode.course if change.at < base]
        if episode.ended is not None and episode.ended < base:
            steps.append(Change(episode.ended, 0))
    steps += [change for change in changes if change.at >= base]
    return _episodes(steps, floor)


def _episodes(steps: Sequence[Change], floor: int) -> list[Episode]:
    """Stretches above none; one at ``floor`` or above is not held open, nor begun, by a lower level before or after it.

    A spell of damaging cold ends where it is merely cool: its end is said, and the next one is a spell of its own.
    """
    found: list[Episode] = []
    going: list[Change] = []
    for change in steps:
        if going and change.level and (change.level >= floor) != (going[-1].level >= floor):
            found.append(Episode(going[0].at, change.at, tuple(going)))
            going = []
        if change.level:
            if not going or going[-1].level != change.level:
                going.append(change)
        elif going:
            found.append(Episode(going[0].at, change.at, tuple(going)))
            going = []
    if going:
        found.append(Episode(going[0].at, None, tuple(going)))
    return [episode for episode in found if episode.ended is None or episode.ended > episode.started]


def _end(episode: Episode, now: int) -> int:
    """Second after its last one; an open one goes on to now, and the present second counts."""
    return now + 1 if episode.ended is None else episode.ended


def overlap(one: Episode, other: Episode, now: int) -> int:
    """Seconds that two episodes share; 0 or less where they share none."""
    return min(_end(one, now), _end(other, now)) - max(one.started, other.started)


def revise(former: Sequence[Episode], found: Sequence[Episode], now: int, floor: int = 1) -> list[Revision]:
    """Pair former episodes with those found now, and say what becomes of each.

    What stood at ``floor`` or above is no other's lower level, and the other way round: such a pair is none, but where
    both begin at once: then it got worse, or was less, from its beginning on.
    """
    # those found are in order and apart from each other, so the ones that an old one meets lie side by side
    starts = [new.started for new in found]
    ends = [_end(new, now) for new in found]
    candidates = sorted(
        (-overlap(old, found[j], now), old.started, found[j].started, i, j)
        for i, old in enumerate(former)
        for j in range(bisect_right(ends, old.started), bisect_left(starts, _end(old, now)))
        if overlap(old, found[j], now) > 0
        and ((old.level >= floor) == (found[j].level >= floor) or old.started == found[j].started)
    )
    of_former: dict[int, int] = {}
    of_found: dict[int, int] = {}
    for _, _, _, i, j in candidates:
        if i not in of_former and j not in of_found:
            of_former[i], of_found[j] = j, i
    revisions = [Revision(former[of_found[j]] if j in of_found else None, new) for j, new in enumerate(found)]
    for i, old in enumerate(former):
        if i not in of_former:
            taken_by = next((j for _, _, _, k, j in candidates if k == i), None)
            revisions.append(Revision(old, None, taken_by))
    return revisions
