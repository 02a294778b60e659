"""Which measure a text shows for a level, and when it was, so that what is said never contradicts itself.

What was measured last shows a level only where it reaches it: rain that stopped, a frosty night before a mild one and
the lull of a storm leave a level standing that they do not show. Then what reached it is said, with its own time.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from analytics.episode import Episode, Kind
from analytics.index import Step
from analytics.indices import BY_NAME
from analytics.renewal import Going, number_of
from analytics.run.alerts.evaluation import Outcome, Seen, terms, value_of
from analytics.run.window.place_facts import midnight
from analytics.wording import local_day


class Witness(NamedTuple):
    """What is shown for an episode's level."""

    #: [the rule's unit]
    value: float
    #: Which measured day at the level it is of.
    days: int
    #: Second that stands for when it was.
    since: int
    #: When the value was, where that is not when the text says by itself; seconds.
    at: int | None = None
    #: Of the value's time only the local day is known.
    of_day: bool = False
    #: It is not the measure yet, but what that can still become.
    bound: bool = False
    #: Standard error of a value that is a forecast, and bits of what was not measured for it.
    error: float = float("nan")
    lacking: int = 0


def going(outcome: Outcome, episode: Episode) -> Going:
    """An episode that goes on, as renewals see it: of its days those that show its level."""
    rule, spot = outcome.rule, outcome.known.spot
    leave = terms(rule, outcome.known)[-1].terms.leave[episode.level - 1]
    shown = outcome.latest <= leave if rule.below else outcome.latest >= leave
    freshness = int(rule.freshness.total_seconds())
    days = {day: value for day, value in episode.by_day.items() if _beyond(outcome, value, episode.level)}
    monthly = any(BY_NAME[name].step is Step.MONTH for name in rule.indices)
    return Going(
        episode.since, days, rule.below, spot.time_zone, outcome.heard, freshness, shown, monthly, outcome.foreseen,
    )  # fmt: skip


def days_of(outcome: Outcome, episode: Episode, day: str = "") -> int:
    """Measured local days at the episode's last level or above, to a day, or to the last; missing ones are none."""
    shape = going(outcome, episode)
    return max(number_of(shape, day or max(shape.by_day, default="")), 1)


def witness(outcome: Outcome, episode: Episode, kind: Kind, through: str) -> Witness:
    """What is shown for an episode's level in a step; ``through`` is the day of which a renewal by days speaks."""
    found = _witness(outcome, episode, kind, through)
    return found._replace(bound=any(episode.by_day.get(day) == found.value for day in outcome.bounds))


def _witness(outcome: Outcome, episode: Episode, kind: Kind, through: str) -> Witness:
    zone = outcome.known.spot.time_zone
    if outcome.issued is not None:
        return Witness(value_of(outcome.rule, episode), days_of(outcome, episode), episode.course[-1].at)
    again = kind in {"renew", "extend"}
    if again and through in episode.by_day and outcome.rule.renewal.days:
        return Witness(episode.by_day[through], days_of(outcome, episode, through), episode.since)
    one = None if episode.ended is not None else _seen(outcome, episode, kind)
    if one is not None:
        at, value = one
        days = days_of(outcome, episode, local_day(at, zone))
        stands = value == outcome.latest
        doubt = _doubt(outcome, at, value)
        since, moment = (episode.since, None if stands else at) if again else (at, None)
        return Witness(value, days, since, moment, error=doubt[0], lacking=doubt[1])
    day, value = _of_day(outcome, episode)
    at = int(midnight(date.fromisoformat(day), zone).timestamp()) if day else episode.since
    days = days_of(outcome, episode, day)
    if kind in {"end", "cancel"}:
        same = not day or day == local_day(episode.started, zone)
        return Witness(value, days, episode.started, None if same else at, of_day=True)
    if again:
        return Witness(value, days, episode.since, at, of_day=True)
    return Witness(value, days, at, of_day=bool(day))


def _seen(outcome: Outcome, episode: Episode, kind: Kind) -> tuple[int, float] | None:
    """Second and value of what was measured that shows an open episode's level."""
    since = episode.course[-1].at if kind == "lower" else episode.since
    mine = [one for one in outcome.seen if one.at >= since]
    if not mine:
        return None
    reached = [one for one in mine if one.entered >= episode.level]
    if mine[-1].entered < episode.level or mine[-1].value != outcome.latest:
        return _told(outcome, reached) or _told(outcome, [one for one in mine if _kept(outcome, one, episode.level)])
    return mine[-1].at, mine[-1].value


def _doubt(outcome: Outcome, at: int, value: float) -> tuple[float, int]:
    """Standard error of what was seen at a moment, and what lacked; NaN where it was measured."""
    for one in outcome.seen:
        if (one.at, one.value) == (at, value):
            return one.error, one.lacking
        if (one.worst_at, one.worst) == (at, value):
            return one.worst_error, one.lacking
    return float("nan"), 0


def _told(outcome: Outcome, found: list[Seen]) -> tuple[int, float] | None:
    """Of days the last, of moments the worst."""
    if not found:
        return None
    if outcome.rule.step is Step.DAY:
        return found[-1].at, found[-1].value
    worst = (min if outcome.rule.below else max)(found, key=lambda one: one.worst)
    return worst.worst_at, worst.worst


def _kept(outcome: Outcome, one: Seen, level: int) -> bool:
    return _beyond(outcome, one.worst, level, kept=True)


def _of_day(outcome: Outcome, episode: Episode) -> tuple[str, float]:
    """Local day, ISO, and value: the extreme of what is over, else of the last day that shows the level."""
    days = episode.by_day
    showing = [day for day, value in days.items() if _beyond(outcome, value, episode.level)]
    if episode.ended is None and showing:
        return max(showing), days[max(showing)]
    extreme = value_of(outcome.rule, episode)
    return min((day for day, value in days.items() if value == extreme), default=""), extreme


def _beyond(outcome: Outcome, value: float, level: int, *, kept: bool = False) -> bool:
    """Whether a value reaches a level, or does not leave it."""
    own = terms(outcome.rule, outcome.known)[-1].terms
    threshold = (own.leave if kept else own.enter)[level - 1]
    side = -1.0 if outcome.rule.below else 1.0
    return side * value > side * threshold or (own.inclusive[level - 1] and value == threshold)
