"""Counters: the ever-growing count of a rain gauge or meter, turned into what was added since the last reading."""

from __future__ import annotations

from typing import NamedTuple


class Counted(NamedTuple):
    """Where a counter stood, and when [ms since 1970-01-01 UTC]; kept across restarts."""

    raw: float
    time: int


#: A count that falls from the top tenth to the bottom tenth of its range has wrapped; any other fall is a reset.
_TOP = 0.9


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
    return now.raw  # the device began again at 0: what it counted since
