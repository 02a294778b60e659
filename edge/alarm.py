"""Decides when a threshold has held long enough, and whether a relay may be switched now; pure, times are arguments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.action_settings import Alarm, Relay
from edge.fitness import unfit

#: Longest wait between two attempts to switch a relay that does not answer [s].
LONGEST_WAIT = 60.0
#: Two samples of one instant are the same one, delivered twice [s].
SAME = 0.1

#: What is known of how a relay stands: it said so itself, it was told so, or nobody knows.
Knowledge = Literal["confirmed", "unconfirmed", "unknown"]


@dataclass(slots=True)
class AlarmState:
    """Where one alarm stands; times are monotonic seconds, of the measuring where it is known."""

    alarm: Alarm
    #: Samples in a row that must agree before it begins or ends, and time without one after which it ends [s].
    samples: int = 2
    stale: float = 900.0
    active: bool = False
    since: float | None = None
    heard: float | None = None
    #: Samples in a row that say the other.
    against: int = 0
    #: Readings that were of no use to it, and why the last was not; empty since one was.
    disregarded: int = 0
    why: str = ""

    def take(self, value: float, now: float, age: float | None) -> str:
        """Take a reading measured ``age`` [s] ago; why it was disregarded, empty where it was not."""
        self.why = unfit(self.alarm.quantity, value, age, self.stale)
        if self.why or age is None:
            self.disregarded += 1
            return self.why
        measured = now - max(age, 0.0)
        if self.heard is None or measured - self.heard >= SAME:
            self.step(value, measured)
        return ""

    def step(self, value: float, now: float) -> bool:
        """Take a sample; whether the alarm is active afterwards."""
        if self.heard is not None and now - self.heard > self.stale:  # what was before is no part of a row
            self.active, self.since, self.against = False, None, 0
        self.heard = now
        holds = self._beyond(value, self.alarm.hysteresis if self.active else 0.0)
        if holds == self.active:
            self.against = 0
            self.since = self.since if self.active else None
            return self.active
        self.against += 1
        if self.active:
            if self.against >= self.samples:
                self.active, self.since, self.against = False, None, 0
            return self.active
        self.since = now if self.since is None else self.since
        if self.against >= self.samples and now - self.since >= self.alarm.duration:
            self.active, self.against = True, 0
        return self.active

    def look(self, now: float) -> bool:
        """Whether it is still active though nothing was heard; one that hears nothing ends."""
        if self.heard is not None and now - self.heard > self.stale:
            self.active, self.since, self.against = False, None, 0
        return self.active

    def _beyond(self, value: float, margin: float) -> bool:
        if self.alarm.above is not None:
            return value >= self.alarm.above - margin
        return self.alarm.below is not None and value <= self.alarm.below + margin


@dataclass(slots=True)
class RelayState:
    """Where one relay stands, and whether it may be switched; times are monotonic seconds."""

    relay: Relay
    on: bool = False
    changed: float | None = None
    #: Switch off at this time at the latest.
    until: float | None = None
    #: Whether an alarm, not a person, switched it on.
    by_alarm: bool = False
    #: Whether it is known how it stands: not at the start, and not after an attempt to switch it without an answer.
    sure: bool = False
    #: What it knows that from, and what was said of it.
    knowledge: Knowledge = "unknown"
    detail: str = ""
    #: Whether it can be asked how it stands, and when it is asked next.
    asks: bool = True
    next_look: float = 0.0
    #: Attempts to switch it that failed in a row, and when the next one is due.
    failures: int = 0
    next_attempt: float = 0.0

    def refusal(self, now: float, *, on: bool) -> str:
        """Why it may not be switched so now; empty where it may."""
        if on and not self.on and self.changed is not None and now - self.changed < self.relay.shortest_off:
            return f"must stay off for another {self.relay.shortest_off - (now - self.changed):.0f} s"
        return ""

    def switched(self, now: float, *, on: bool, seconds: float | None = None) -> None:
        """Note that it was switched, for at most ``seconds``."""
        if on != self.on or not self.sure:
            self.changed = now
        if on and not (self.on and seconds is None):
            longest = self.relay.longest_on
            began = self.changed if self.changed is not None else now
            self.until = min(now + min(seconds or longest, longest), began + longest)
        self.on, self.sure, self.failures, self.next_attempt = on, True, 0, now
        if not on:
            self.until = None

    def failed(self, now: float) -> None:
        """Note that it could not be switched: it is tried again after 1, 2, 4 … 60 s; its line is free meanwhile."""
        self.next_attempt = now + min(2.0 ** min(self.failures, 10), LONGEST_WAIT)
        self.failures, self.sure, self.knowledge = self.failures + 1, False, "unknown"

    def overdue(self, now: float) -> bool:
        """Whether it has been on for too long."""
        return self.on and self.until is not None and now >= self.until
