"""Alarm: a threshold that held long enough, and the limits of what it may switch; pure, times are arguments."""

from __future__ import annotations

from dataclasses import dataclass

from edge.action_settings import Alarm, Relay


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

    def refusal(self, now: float, *, on: bool) -> str:
        """Why it may not be switched so now; empty where it may."""
        if on and not self.on and self.changed is not None and now - self.changed < self.relay.shortest_off:
            return f"must stay off for another {self.relay.shortest_off - (now - self.changed):.0f} s"
        return ""

    def switched(self, now: float, *, on: bool, seconds: float | None = None) -> None:
        """Note that it was switched, for at most ``seconds``."""
        if on != self.on:
            self.changed = now
        if on and not (self.on and seconds is None):
            self.until = now + min(seconds or self.relay.longest_on, self.relay.longest_on)
        self.on = on
        if not on:
            self.until = None

    def overdue(self, now: float) -> bool:
        """Whether it has been on for too long."""
        return self.on and self.until is not None and now >= self.until
