"""Which steps become one message, how long it is worth reading, and when it has to wait (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notify.step import Step

#: What is said late, of an alert that lives longer than its message, is worth reading for so long.
LATE = timedelta(hours=6)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What makes steps one message: a commune, a hazard, a kind of step; what is forecast stands by itself."""

    commune: int
    hazard: str
    kind: str
    basis: str


def until(steps: Iterable[Step], now: datetime) -> datetime:
    """When a message about these steps, said now, is not worth reading any more."""
    last = max(step.expires for step in steps)
    return last if last > now else now + LATE


def by_key(steps: Iterable[Step]) -> dict[Key, list[Step]]:
    """Steps by what makes them one message, in the order in which they were written."""
    groups: dict[Key, list[Step]] = {}
    for step in sorted(steps, key=lambda step: step.id):
        groups.setdefault(Key(step.commune, step.hazard, step.kind, step.basis), []).append(step)
    return groups


def wait(first: float, last: float | None, *, grouping: float, between: float, urgent: bool) -> float:
    """Real time at which a bundle of a key may be closed.

    Parameters
    ----------
    first
        When the first waiting step of the key was seen. [s]
    last
        When the key's last bundle was closed; None if there is none. [s]
    grouping
        What a first message waits for its neighbours. [s]
    between
        What later bundles of the same key keep between them. [s]
    urgent
        Whether a step is above the level of the last bundle: then it does not wait for the interval.
    """
    ready = first + grouping
    return ready if last is None or urgent else max(ready, last + between)


#: Quiet hours of a phone whose owner named none: whoever gets up with the cattle sleeps then.
HOUSE_QUIET = (time(21), time(5))


def quiet_until(now: datetime, start: time | None, end: time | None, zone: str) -> datetime | None:
    """End of the quiet hours that ``now`` lies in, as aware UTC; None outside them."""
    if start is None or end is None:
        return None
    local = now.astimezone(ZoneInfo(zone))
    clock = local.time().replace(tzinfo=None)
    within = start <= clock < end if start <= end else clock >= start or clock < end
    if not within:
        return None
    day = local.date() + timedelta(days=1 if start > end and clock >= start else 0)
    return datetime.combine(day, end, ZoneInfo(zone)).astimezone(UTC)
