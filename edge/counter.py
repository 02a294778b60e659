"""Counters: the ever-growing count of a rain gauge or meter, turned into what was added since the last reading."""

from __future__ import annotations

from typing import NamedTuple


class Counted(NamedTuple):
    """Where a counter stood, and when [ms since 1970-01-01 UTC]; kept across restarts."""

    raw: float
    time: int


class Undated(NamedTuple):
    """Since when a counter is read without event time, which was not known at the machine's start named ``clock``."""

    clock: str
    #: Event time of the last dated state [ms]; None where that is not known either.
    before: int | None
    #: Times of the first and the last reading since [ms since the machine's start].
    first: int
    last: int


#: A count that falls from the top tenth to the bottom tenth of its range has wrapped.
_TOP = 0.9
#: A count that falls to at most this part began again at 0; any other fall is somebody's correction, or another count.
_RESET = 0.25


def increment(before: Counted | None, now: Counted, *, modulus: int | None, gap: int) -> float | None:
    """Count added since ``before``; None where it cannot be said.

    Parameters
    ----------
    before, now : Counted
        Former and present state; a former one in the future (the clock was set back) counts as none.
    modulus : int, optional
        One above the highest count; the counter begins again at 0.
    gap : int
        Longest time [ms] between two states for which the difference is still a reading: what fell during days
        without readings must not look like a cloudburst of this minute.
    """
    if before is None or not 0 < now.time - before.time <= gap:
        return None
    difference = now.raw - before.raw
    if difference >= 0:
        return difference
    if modulus and before.raw >= _TOP * modulus and now.raw <= (1 - _TOP) * modulus:
        return difference + modulus
    return now.raw if now.raw <= _RESET * before.raw else None  # what it counted since it began again at 0


class Counting:
    """Counts of one device, in its memory: states as of event time, and what was read while that was not known."""

    def __init__(self, states: dict[str, Counted], undated: dict[str, Undated]) -> None:
        self._states, self._undated = states, undated

    def added(
        self, name: str, raw: float, time: int, clock: str = "", *, modulus: int | None, gap: int
    ) -> float | None:
        """Count added since the last state, which moves on; ``time`` [ms] is event time where ``clock`` is empty."""
        before = self._states.get(name)
        if not clock:
            self._undated.pop(name, None)
            self._states[name] = Counted(raw, time)
            return increment(before, Counted(raw, time), modulus=modulus, gap=gap)
        former = self._undated.get(name)
        self._states[name] = Counted(raw, before.time if before else 0)
        if former is not None and former.clock == clock:
            self._undated[name] = former._replace(last=time)
            before = before and Counted(before.raw, former.last)
            return increment(before, Counted(raw, time), modulus=modulus, gap=gap)
        known = before.time if before is not None and former is None else None
        self._undated[name] = Undated(clock, known, time, time)
        # whether it is too long ago is known when the time is: `dated` says so
        last = Counted(before.raw, time - 1) if before is not None and known is not None else None
        return increment(last, Counted(raw, time), modulus=modulus, gap=gap)

    def dated(self, clock: str, zero: int, gap: int) -> dict[str, int]:
        """Give event time to states read without; ``zero`` [ms] is that of the machine's start.

        Returns names, and times since that start [ms], of increments that are none of their moment: too much time
        had passed.
        """
        too_long = {}
        for name, found in list(self._undated.items()):
            if found.clock != clock:
                continue
            del self._undated[name]
            self._states[name] = self._states[name]._replace(time=zero + found.last)
            if found.before is not None and not 0 < zero + found.first - found.before <= gap:
                too_long[name] = found.first
        return too_long
