"""Turns the ever-growing count of a rain gauge or meter into what was added since the last reading.

One sample is no proof: what a gauge cannot have counted in the time, and every fall, waits for a second sample. If the
count comes back to where it was, the sample between is as if it had not been; if it goes on from its new place, that
is the new beginning, and what lies between is said to be missing, never invented.
"""

from __future__ import annotations

from typing import NamedTuple

from edge.counter_limit import UNLIMITED, CounterLimit


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
    #: Shortest time [ms] before the first in which its increment can have been counted.
    least: int = 0


class Seen(NamedTuple):
    """A count at a time [ms], since 1970 or, with ``clock``, since the machine's start of that name."""

    raw: float
    time: int
    clock: str = ""

    def until(self, now: Seen) -> int | None:
        """Time from this to another [ms]; None where nobody knows."""
        return now.time - self.time if self.clock == now.clock else None


class Doubt(NamedTuple):
    """What waits for a second sample, and where the count stood before it began anew; kept across restarts."""

    waiting: Seen | None = None
    former: Seen | None = None
    #: Samples within which a count that fell may still come back to `former`; below 0: whenever it does.
    tries: int = 0

    def later(self, added: float) -> Doubt:
        """What is left of it after a sample that is believed."""
        tries = self.tries
        if tries > 0:
            tries = tries - 1 if added == 0.0 else 0
        return Doubt(None, self.former, tries) if tries else Doubt()


class Increment(NamedTuple):
    """What was added, as of a time [ms] of the same clock as the sample."""

    added: float
    time: int


class Judged(NamedTuple):
    """What a sample means: increments, the new base (None: it stays), the doubt that is left, and what to say of it."""

    increments: tuple[Increment, ...] = ()
    base: float | None = None
    doubt: Doubt = Doubt()
    note: str = ""
    #: Samples withheld by it, less those that it proves right.
    withheld: int = 0
    #: When the new base was seen [ms], where that is not the sample's time.
    moved: int | None = None


#: A count that falls from the top tenth to the bottom tenth of its range has wrapped.
_TOP = 0.9
#: A count that falls to at most this part began again at 0; any other fall is somebody's correction, or another count.
_RESET = 0.25
#: So many samples later a count that fell may still come back to where it was, and have fallen by mistake.
_TRIES = 3


def rise(before: float, now: float, modulus: int | None, jitter: float) -> float | None:
    """Count added between two states by themselves, a wrap and a trembling last digit understood; None for a fall."""
    difference = now - before
    if difference >= 0:
        return difference
    if modulus and before >= _TOP * modulus and now <= modulus - _TOP * modulus:
        return difference + modulus
    return 0.0 if -difference <= jitter and now > _RESET * before else None


class Rules(NamedTuple):
    """What holds of a counter: one above its highest count, longest time between two states, its limit."""

    modulus: int | None
    #: Longest time [ms] for which the difference is still a reading: what fell during days without readings must not
    #: look like a cloudburst of this minute.
    gap: int
    limit: CounterLimit = UNLIMITED

    def added(self, before: Seen, now: Seen) -> float | None:
        """Count that can have been added between two states; None where it cannot."""
        elapsed = before.until(now)
        elapsed = self.gap if elapsed is None else elapsed
        found = rise(before.raw, now.raw, self.modulus, self.limit.jitter)
        return found if 0 < elapsed <= self.gap and found is not None and found <= self.limit.bound(elapsed) else None

    def believed(self, before: Seen, now: Seen) -> float:
        """Most that is taken at once between two states."""
        elapsed = before.until(now)
        return self.limit.believed(self.gap if elapsed is None else elapsed)

    def impossible(self, raw: float) -> bool:
        """Whether no counter stands so: below 0, or at the highest word, which devices use for no value."""
        return raw < 0 or (self.modulus is not None and raw >= self.modulus - 1 and raw >= 65_535)


def judge(base: Seen, doubt: Doubt, now: Seen, rules: Rules) -> Judged:
    """What a sample means after a base that is believed."""
    elapsed = base.until(now)
    if elapsed is not None and not 0 < elapsed <= rules.gap:  # the clock was set back, or nobody read for too long
        return Judged(base=now.raw)
    back = rules.added(doubt.former, now) if doubt.former is not None else None
    if doubt.tries > 0 and back is not None and back <= rules.limit.jitter:
        return Judged((Increment(back, now.time),), now.raw, note=f"{_where(now)}: back where it was before it fell")
    if (proved := _proved(base, doubt, now, rules)) is not None:
        return proved
    if (found := rules.added(base, now)) is not None:
        return _risen(base, doubt, now, found, extraordinary=found > rules.believed(base, now))
    if doubt.tries < 0 and back is not None:
        return Judged((Increment(back, now.time),), now.raw, note=f"{_where(now)}: back where it was before it rose")
    return _strange(base, doubt, now, rules)


def _strange(base: Seen, doubt: Doubt, now: Seen, rules: Rules) -> Judged:
    """What cannot be after the base: a new beginning where an earlier sample said so already, else it waits."""
    if (waiting := doubt.waiting) is not None:
        after = rules.added(waiting, now)
        if after is not None and after <= rules.believed(waiting, now):
            return _begun_anew(base, waiting, now, after, rules)
    note = f"{_where(now)} after {base.raw:g} cannot be: it waits for a second sample"
    return Judged(doubt=doubt._replace(waiting=now), note=note, withheld=1)


def _proved(base: Seen, doubt: Doubt, now: Seen, rules: Rules) -> Judged | None:
    """An extraordinary rise that waited, and a sample that goes on from it; None where that is not so."""
    waiting = doubt.waiting
    if waiting is None or waiting.clock != now.clock:
        return None
    first, second = rules.added(base, waiting), rules.added(waiting, now)
    if first is None or second is None:
        return None
    rose = Increment(first, waiting.time)
    if second > rules.believed(waiting, now):  # a storm without like goes on: each sample waits for the next
        return Judged((rose,), waiting.raw, doubt._replace(waiting=now), moved=waiting.time)
    highest = max(now.raw, waiting.raw) if second == 0.0 else now.raw
    return Judged((rose, Increment(second, now.time)), highest, doubt.later(first), withheld=-1)


def _risen(base: Seen, doubt: Doubt, now: Seen, found: float, *, extraordinary: bool) -> Judged:
    """A rise that can be: given at once, or, where it is extraordinary, once a second sample goes on from it."""
    if extraordinary:
        note = f"{_where(now)} after {base.raw:g} is extraordinary: it waits for a second sample"
        return Judged(doubt=doubt._replace(waiting=now), note=note, withheld=1)
    note = f"{doubt.waiting.raw:g} was no count: it is back where it was" if doubt.waiting is not None else ""
    highest = base.raw if found == 0.0 else now.raw  # a trembling digit is not counted twice
    return Judged((Increment(found, now.time),), highest, doubt.later(found), note)


def _begun_anew(base: Seen, waiting: Seen, now: Seen, after: float, rules: Rules) -> Judged:
    """A count that goes on from its new place: another gauge, a correction, or a beginning at 0."""
    fell = waiting.raw < base.raw
    doubt = Doubt(None, base, -1) if not fell else Doubt(None, base, _TRIES) if after == 0.0 else Doubt()
    before, since = base.until(waiting), waiting.until(now)
    if before is not None and before > 0 and since is not None and waiting.raw <= _RESET * base.raw:
        # what it counted since 0 is believed as far as what follows is like it: another gauge may begin anywhere
        like = 2 * after * before / since + rules.limit.jitter
        if waiting.raw <= min(like, rules.limit.bound(before)):
            increments = (Increment(waiting.raw, waiting.time), Increment(after, now.time))
            return Judged(increments, now.raw, doubt, f"{_where(now)}: the count began again at 0", -1)
    note = f"{_where(now)}: the count began anew, it stood at {base.raw:g}; what fell between is not known"
    return Judged((Increment(after, now.time),), now.raw, doubt, note)


def _where(now: Seen) -> str:
    return f"count {now.raw:g}"


class Counting:
    """Counts of one device, in its memory: states as of event time, and what was read while that was not known."""

    def __init__(
        self, states: dict[str, Counted], undated: dict[str, Undated], doubts: dict[str, Doubt] | None = None
    ) -> None:
        self._states, self._undated = states, undated
        self._doubts = {} if doubts is None else doubts
        #: Samples that were withheld by the last call, less those that it proved right; and what to say of it.
        self.withheld, self.note = 0, ""

    def added(
        self, name: str, raw: float, time: int, clock: str = "", *, modulus: int | None, gap: int,
        limit: CounterLimit = UNLIMITED,
    ) -> float | None:  # fmt: skip
        """Count added since the last state that is believed; None where it cannot be said, or not yet."""
        increments = self.taken(name, raw, time, clock, Rules(modulus, gap, limit))
        return sum(item.added for item in increments) if increments else None

    def taken(self, name: str, raw: float, time: int, clock: str, rules: Rules) -> tuple[Increment, ...]:
        """Take a sample; ``time`` [ms] is event time where ``clock`` is empty.

        An earlier sample that it proves right, and that waited for it, is among the increments, as of its own time.
        """
        self.withheld, self.note = 0, ""
        now, doubt = Seen(raw, time, clock), self._doubts.get(name, Doubt())
        if rules.impossible(raw):
            self.withheld, self.note = 1, f"{_where(now)} is no count"
            return ()
        if doubt.waiting is not None and doubt.waiting.clock == clock and time <= doubt.waiting.time:
            return ()  # the same message again
        base = self._base(name, clock)
        if base is None:
            self._move(name, now, least=0)
            return ()
        judged = judge(base, doubt, now, rules)
        self.withheld, self.note = judged.withheld, judged.note
        if judged.doubt == Doubt():
            self._doubts.pop(name, None)
        else:
            self._doubts[name] = judged.doubt
        if judged.base is not None:
            whole = sum(item.added for item in judged.increments)
            time = now.time if judged.moved is None else judged.moved
            self._move(name, Seen(judged.base, time, clock), least=rules.limit.least_time(whole))
        return judged.increments

    def _base(self, name: str, clock: str) -> Seen | None:
        """The state that is believed, on this clock where it can be; None where there is no such state."""
        before, former = self._states.get(name), self._undated.get(name)
        if before is None:
            return None
        if clock and former is not None:
            # of an earlier start whose time never became known: nobody knows how long ago that was
            return Seen(before.raw, former.last, clock) if former.clock == clock else None
        return Seen(before.raw, before.time)

    def _move(self, name: str, now: Seen, *, least: int) -> None:
        before, former = self._states.get(name), self._undated.get(name)
        if not now.clock:
            self._undated.pop(name, None)
            self._states[name] = Counted(now.raw, now.time)
            return
        self._states[name] = Counted(now.raw, before.time if before else 0)
        if former is not None and former.clock == now.clock:
            self._undated[name] = former._replace(last=now.time)
            return
        # whether it is too long ago is known when the time is: `dated` says so
        known = before.time if before is not None and former is None else None
        self._undated[name] = Undated(now.clock, known, now.time, now.time, least)

    def dated(self, clock: str, zero: int, gap: int) -> dict[str, int]:
        """Give event time to states read without; ``zero`` [ms] is that of the machine's start.

        Returns names, and times since that start [ms], of increments that do not belong to their moment: too much
        time had passed, or too little for so much.
        """
        wrong = {}
        for name, found in list(self._undated.items()):
            if found.clock != clock:
                continue
            del self._undated[name]
            self._states[name] = self._states[name]._replace(time=zero + found.last)
            if found.before is not None and not max(found.least, 1) <= zero + found.first - found.before <= gap:
                wrong[name] = found.first
        for name, doubt in list(self._doubts.items()):
            self._doubts[name] = doubt._replace(
                waiting=_dated(doubt.waiting, clock, zero), former=_dated(doubt.former, clock, zero)
            )
        return wrong


def _dated(seen: Seen | None, clock: str, zero: int) -> Seen | None:
    return seen._replace(time=zero + seen.time, clock="") if seen is not None and seen.clock == clock else seen
