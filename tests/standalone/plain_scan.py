"""A plain scan of the records for episodes, written with no other help than the rules' published numbers.

It knows nothing of the platform's arrays, grids or levels: a loop over hours and days, in the standard library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from analytics.measure import REST_OF_DAY
from standalone.field.lufft_ws import shown
from standalone.field.record import STATIONS, observations

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONE = ZoneInfo("America/New_York")
#: Longest time without knowledge for which a level is held.
PATIENCE = {"cold_spell": 36 * HOUR, "frost": 36 * HOUR, "heat": 36 * HOUR, "heavy_rain": 12 * HOUR}
#: A level is left after so long without it; 0 where not named.
QUIET = {"cold_spell": 48 * HOUR, "heavy_rain": 6 * HOUR}
#: Level from which people are told; 1 where not named.
TOLD = {"cold_spell": 2, "heavy_rain": 2}
#: Rules that this scan knows; the platform has more.
RULES = frozenset({*PATIENCE, "silent_station"})


@dataclass(frozen=True)
class Found:
    """One episode as it must come out."""

    rule: str
    place: str
    started: datetime
    ended: datetime | None
    course: tuple[tuple[datetime, int], ...]


@dataclass(frozen=True)
class Period:
    """A day or an hour: what level it reaches, and the level that it cannot leave; None where nothing is known."""

    begin: datetime
    end: datetime
    reached: int | None
    kept: int = 0


def readings(station: str, quantity: str, first: datetime, last: datetime) -> dict[datetime, float]:
    """What the gateway can have read of a quantity: the record in the resolution of the register."""
    found = {}
    for hour, values in observations(station).items():
        if first <= hour <= last and quantity in values:
            value = shown(quantity, values[quantity])
            if value is not None:
                found[hour] = value
    return found


def rain(station: str, first: datetime, last: datetime) -> dict[datetime, float]:
    """Rain of each hour: differences of a count of hundredths of a millimetre; the first has none."""
    total, count, before = 0.0, 0, None
    found = {}
    for hour, values in sorted(observations(station).items()):
        if "precipitation" not in values:
            continue
        total += values["precipitation"]
        before, count = count, round(total * 100)
        if first < hour <= last:
            found[hour] = (count - before) / 100
    began = min((hour for hour in observations(station) if hour >= first), default=None)
    return {hour: value for hour, value in found.items() if hour != began}


def days(first: datetime, last: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Local days that touch the span, as UTC."""
    day: date = first.astimezone(ZONE).date()
    while (begin := _midnight(day)) <= last:
        yield begin, _midnight(day + DAY)
        day += DAY


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZONE).astimezone(UTC)


def by_day(
    values: dict[datetime, float], first: datetime, last: datetime, say: Callable[[list[float]], float],
    level: Callable[[float], int], *, ended_only: bool,
) -> Iterator[Period]:  # fmt: skip
    """Days with their level; a day speaks for itself when it has ended and 75 % of its hours were measured.

    Before, a mean speaks where the hours to come can no longer lift it, nor make it a worse class.
    """
    for begin, end in days(first, last):
        own = [value for hour, value in values.items() if begin <= hour < end]
        whole = end <= last and len(own) >= 0.75 * (end - begin) / HOUR
        if whole or not ended_only:
            reached = level(say(own)) if own else None
        else:
            worst, mildest = (level(mean) for mean in _mean_within(values, begin, round((end - begin) / HOUR)))
            reached = mildest if mildest >= worst else 0
        if reached is None or (not whole and reached == 0):
            yield Period(begin, end, None)
        else:
            yield Period(begin, end, reached, reached if whole else 99)


def _mean_within(values: dict[datetime, float], begin: datetime, length: int) -> tuple[float, float]:
    """Lowest and highest mean of a day, of hourly values, by what was read of it."""
    lowest, highest = -math.inf, math.inf
    rest = REST_OF_DAY["air_temperature"]
    for number in range(length):
        now = values.get(begin + number * HOUR)
        before = [values[at] for k in range(number) if (at := begin + k * HOUR) in values]
        fewest, most = max(math.ceil(0.75 * length) - len(before), 0), length - number
        if now is None or fewest > most:
            continue
        colder, warmer = (now + of[min(number, 23)] for of in (rest.fall, rest.rise))
        counts = [count for count in (fewest, most) if len(before) + count]
        lowest = max(lowest, min((sum(before) + k * colder) / (len(before) + k) for k in counts))
        highest = min(highest, max((sum(before) + k * warmer) / (len(before) + k) for k in counts))
    return lowest, highest


def by_hour(values: dict[datetime, float], first: datetime, last: datetime) -> Iterator[Period]:
    """Hours with the level of the rain of the last 24 hours."""
    hour = first
    while hour <= last:
        own = [values[hour - k * HOUR] for k in range(24) if hour - k * HOUR in values]
        amount, whole = round(sum(own), 6), len(own) >= 0.8 * 24
        reached = (amount >= 16) + (amount > 50) + (amount > 100)
        kept = (amount >= 12) + (amount > 40) + (amount > 80)
        if not own or (not whole and not reached):
            yield Period(hour, hour + HOUR, None)
        else:
            yield Period(hour, hour + HOUR, reached, max(reached, kept) if whole else 99)
        hour += HOUR


def episodes(rule: str, place: str, periods: Iterable[Period], last: datetime) -> Iterator[Found]:
    """Stretches at a level, those of which people are told by themselves: what is below neither begins nor holds one."""
    floor = TOLD.get(rule, 1)
    for one in _stretches(rule, place, periods, last):
        cuts = [
            number
            for number in range(len(one.course))
            if not number or (one.course[number][1] >= floor) != (one.course[number - 1][1] >= floor)
        ]
        for begin, end in zip(cuts, [*cuts[1:], None], strict=True):
            ended = one.ended if end is None else one.course[end][0]
            yield Found(rule, place, one.course[begin][0], ended, one.course[begin:end])


def _stretches(rule: str, place: str, periods: Iterable[Period], last: datetime) -> Iterator[Found]:
    """Up when it is reached, down when it was not kept for long enough, over when unknown for too long."""
    level, unknown = 0, None
    changes: list[tuple[datetime, int]] = []
    milder: dict[int, datetime] = {}

    def become(at: datetime, new: int) -> int:
        while changes and changes[-1][0] >= at:
            at = changes.pop()[0]
        changes.append((at, new))
        return new

    for period in periods:
        if period.reached is None:
            unknown = unknown or period.begin
            if level and min(period.end, last) - unknown > PATIENCE[rule]:
                level = become(unknown, 0)
            continue
        unknown = None
        if period.reached > level:
            level = become(period.begin, period.reached)
        milder = {one: milder.get(one, period.begin) for one in range(period.kept + 1, level + 1)}
        while level in milder and min(period.end, last) - milder[level] >= QUIET.get(rule, 0 * HOUR):
            level = become(milder[level], level - 1)
    yield from _of_changes(rule, place, changes)


def _of_changes(rule: str, place: str, changes: Iterable[tuple[datetime, int]]) -> Iterator[Found]:
    course: list[tuple[datetime, int]] = []
    for at, level in changes:
        if level:
            course.append((at, level))
        elif course:
            yield Found(rule, place, course[0][0], at, tuple(course))
            course = []
    if course:
        yield Found(rule, place, course[0][0], None, tuple(course))


def silences(station: str, first: datetime, last: datetime) -> Iterator[Found]:
    """Hours beyond the interval of one hour: 3, 24, 72; told in steps of ten minutes, which hourly data hit exactly."""
    heard = sorted(hour for hour in observations(station) if first <= hour <= last)
    for before, after in zip(heard, [*heard[1:], None], strict=True):
        until = after or last + timedelta(seconds=1)
        course = [(before + (1 + over) * HOUR, level) for level, over in ((1, 3), (2, 24), (3, 72))]
        course = [(at, level) for at, level in course if at < until]
        if course:
            yield Found("silent_station", station, course[0][0], after, tuple(course))


#: Hours of a record that are known to be wrong, by station and quantity.
Wrong = Mapping[tuple[str, str], Collection[datetime]]


def without(values: dict[datetime, float], wrong: Wrong, station: str, quantity: str) -> dict[datetime, float]:
    """The values but those that are known to be wrong."""
    return {hour: value for hour, value in values.items() if hour not in wrong.get((station, quantity), ())}


def scan(
    first: datetime, last: datetime, stations: Sequence[str] = tuple(STATIONS), wrong: Wrong = MappingProxyType({})
) -> list[Found]:
    """Every episode of the records between the first and the last hour of a replay."""
    found: list[Found] = []
    for code in stations:
        air = without(readings(code, "air_temperature", first, last), wrong, code, "air_temperature")
        cold = by_day(air, first, last, lambda own: sum(own) / len(own),
                      lambda mean: (mean < 20) + (mean < 15) + (mean < 13), ended_only=True)  # fmt: skip
        frost = by_day(air, first, last, min, lambda least: (least < 4) + (least < 0), ended_only=False)
        heat = by_day(air, first, last, max, lambda most: (most > 35) + (most > 37) + (most > 39), ended_only=False)
        wet = by_hour(without(rain(code, first, last), wrong, code, "precipitation"), first, last)
        for rule, periods in (("cold_spell", cold), ("frost", frost), ("heat", heat), ("heavy_rain", wet)):
            found += episodes(rule, code, periods, last)
        found += silences(code, first, last)
    return sorted(found, key=lambda one: (one.rule, one.place, one.started))
