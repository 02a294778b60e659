"""When an alert that goes on is said again, to people and to machines (pure).

What is due follows from the episode in event time, from now, and from what was said last: whoever computes it, in
whatever order readings came, says each step once. ``renew`` is a message to people; ``extend`` is one for CAP, page
and bulletins alone, so that no open alert is without a valid message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain, count
from typing import Literal
from zoneinfo import ZoneInfo

#: A message is renewed so long before it expires, or a quarter of its life if that is less. [s]
LEAD = 3600
#: People are told of one more day from this local hour on, not at midnight, when it is known.
MORNING = time(6)
#: And of the day that comes, if it stays as it is, from this local hour on.
EVENING = time(18)


@dataclass(frozen=True, slots=True)
class Renew:
    """When people are told that an alert of a rule goes on; `UNRENEWED`: they are not, and neither are machines."""

    #: Days at a level after which they are told, the last two giving the distance of what follows; empty: not by days.
    days: tuple[int, ...] = ()
    #: Or hours after which they are told, again and again.
    hours: int = 0
    #: They are told of a day that was worse by so much than all they were told of [the rule's unit]; 0: of none.
    record: float = 0.0
    #: Of the day that goes on too, and as soon as it is known: a warning of the evening.
    at_once: bool = False
    #: Of a day of the schedule they are told in the evening before, by persistence, where no forecast speaks of it.
    eve: bool = False


UNRENEWED = Renew()
BY_DAY = Renew(days=(3, 5, 10, 15))
BY_HOUR = Renew(hours=12)


@dataclass(frozen=True, slots=True)
class Told:
    """What was said last of an alert; times are seconds since 1970."""

    #: When its newest message expires.
    expires: int
    #: Local date, ISO, of the last whole day of which the newest message, and the newest to people, knew; empty: none.
    through: str = ""
    people_through: str = ""
    #: When people were told last; None: never.
    people_at: int | None = None
    #: The worst of the episode of which they were told.
    worst: float | None = None
    #: How long before the end of a message it is renewed. [s]
    lead: int = LEAD


@dataclass(frozen=True, slots=True)
class Going:
    """An episode that goes on, as renewals see it; times are seconds since 1970."""

    #: When its level was reached, without a lower one since.
    since: int
    #: Local date, ISO → the day's extreme, of days that show the level.
    by_day: Mapping[str, float]
    below: bool
    time_zone: str
    #: When something was heard last, and how long that counts as fresh. [s]
    heard: int | None
    freshness: int
    #: The measure still shows the level: no lull.
    shown: bool = True
    #: It is decided at the end of months and holds between: every day of the calendar counts.
    monthly: bool = False
    #: To when a forecast speaks: it rules, and nothing is said by persistence.
    foreseen: int | None = None


def due(renew: Renew, going: Going, told: Told, now: int) -> Literal["renew", "extend"] | None:
    """What is to be said now of an alert that goes on and of which nothing else is said."""
    if renew == UNRENEWED:
        return None
    if _fresh(going, now) and (
        _days_due(renew, going, told, now) or _hours_due(renew, going, told, now) or eve_of(renew, going, told, now)
    ):
        return "renew"
    through = whole_through(renew, going, now)
    if through > told.through or told.expires - told.lead <= now:
        return "extend"
    return None


def next_due(renew: Renew, going: Going, told: Told, now: int) -> int | None:
    """Second at which something may be due next although nothing new is heard; None: never."""
    if renew == UNRENEWED:
        return None
    coming = [told.expires - told.lead]
    if renew.days:
        today = _local(now, going.time_zone).date()
        coming += [_second(today, clock, going.time_zone) for clock in (MORNING, *[EVENING] * renew.eve)]
    if renew.hours:
        every = renew.hours * 3600
        coming.append(going.since + every * ((now - going.since) // every + 1))
    return min((moment for moment in coming if moment > now), default=now + 60)


def whole_through(renew: Renew, going: Going, now: int) -> str:
    """Local date of the last measured day of the episode that counts: one that has ended, or any where said at once."""
    today = _local(now, going.time_zone).date().isoformat()
    return max((day for day in going.by_day if renew.at_once or day < today), default="")


def worst_of(going: Going, through: str) -> float | None:
    """Extreme of the days up to and with one; None where there is none."""
    values = [value for day, value in going.by_day.items() if day <= through]
    return (min(values) if going.below else max(values)) if values else None


def milestone(days: tuple[int, ...], before: int, now: int) -> bool:
    """Whether a day of the schedule lies after ``before`` and not after ``now``, both numbers of days."""
    distance = days[-1] - (days[-2] if len(days) > 1 else 0)
    numbers = chain(days[:-1], count(days[-1], distance))
    return next(number for number in numbers if number > before) <= now


def _days_due(renew: Renew, going: Going, told: Told, now: int) -> bool:
    if not renew.days or not (renew.at_once or _local(now, going.time_zone).time() >= MORNING):
        return False
    through = whole_through(renew, going, now)
    if through <= told.people_through:
        return False
    reached, said = (number_of(going, day) for day in (through, told.people_through))
    if reached < 2:
        return False
    if milestone(renew.days, said, reached):
        return True
    worst, known = worst_of(going, through), _worst_told(going, told)
    if not renew.record or worst is None or known is None:
        return False
    return (known - worst if going.below else worst - known) >= renew.record


def _worst_told(going: Going, told: Told) -> float | None:
    """The worst that people know of: where they were told while the first day went on, that day when it was over."""
    if told.worst is not None or told.people_through or told.people_at is None:
        return told.worst
    return worst_of(going, _local(going.since, going.time_zone).date().isoformat())


def number_of(going: Going, day: str) -> int:
    """Which day of a spell a local date is, 1 the first, counting measured days alone; 0: it is before, or none.

    A missing day neither ends a spell, while the rule's patience lasts, nor is it one more day of it.
    """
    first = _local(going.since, going.time_zone).date()
    if going.monthly:
        return max((date.fromisoformat(day) - first).days + 1, 0) if day else 0
    return sum(first.isoformat() <= one <= day for one in going.by_day)


def eve_of(renew: Renew, going: Going, told: Told, now: int) -> str:
    """Local date, ISO, of tomorrow where it is a day of the schedule if it stays as it is today; empty: it is not said.

    Today has to show the level already, and nobody may have been told of tomorrow. What was missed, or came a day later
    than was said, is told in the morning after.
    """
    local = _local(now, going.time_zone)
    today, tomorrow = (local.date() + timedelta(days=ahead) for ahead in (0, 1))
    if not renew.eve or local.time() < EVENING or today.isoformat() not in going.by_day:
        return ""
    if told.people_through > today.isoformat() or (going.foreseen or 0) > _second(tomorrow, time(0), going.time_zone):
        return ""
    coming = number_of(going, today.isoformat()) + 1
    return tomorrow.isoformat() if milestone(renew.days, coming - 1, coming) else ""


def _hours_due(renew: Renew, going: Going, told: Told, now: int) -> bool:
    if not renew.hours or not going.shown:
        return False
    every = renew.hours * 3600
    if told.people_at is not None and now - told.people_at < every // 2:
        return False  # something else was said just now
    before = 0 if told.people_at is None else max((told.people_at - going.since) // every, 0)
    return (now - going.since) // every > before


def _fresh(going: Going, now: int) -> bool:
    return going.heard is not None and now - min(going.heard, now) <= going.freshness


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(second: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(second, UTC).astimezone(_zone(time_zone))


def _second(day: date, clock: time, time_zone: str) -> int:
    return int(datetime.combine(day, clock, _zone(time_zone)).timestamp())


def lead_of(validity: timedelta) -> int:
    """Seconds before the end of a message of this life at which it is renewed."""
    return int(min(LEAD, validity.total_seconds() / 4))
