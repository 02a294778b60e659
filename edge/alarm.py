"""Alarm: a threshold that held long enough, and the limits of what it may switch; pure, times are arguments."""

from __future__ import annotations

from dataclasses import dataclass

from edge.action_settings import Alarm, Relay

#: Longest wait between two attempts to switch a relay that does not answer [s].
LONGEST_WAIT = 60.0


@dataclass(slots=True)
class AlarmState:
    """Where one alarm stands; times are monotonic seconds."""

    alarm: Alarm
    active: bool = False
    since: float | None = None
    heard: float | None = None

    def step(self, value: float, now: float) -> bool:
        """Take a reading; whether the alarm is active afterwards."""
        self.heard = now
        if self.active:
            self.active = self._beyond(value, self.alarm.hysteresis)
            self.since = self.since if self.active else None
        elif self._beyond(value, 0.0):
            self.since = now if self.since is None else self.since
            self.active = now - self.since >= self.alarm.duration
        else:
            self.since = None
        return self.active

    def look(self, now: float) -> bool:
        """Whether it is still active though nothing was heard; one that hears nothing ends."""
        if self.heard is not None and now - self.heard > self.alarm.stale:
            self.active, self.since = False, None
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
        self.failures, self.sure = self.failures + 1, False

    def overdue(self, now: float) -> bool:
        """Whether it has been on for too long."""
        return self.on and self.until is not None and now >= self.until
