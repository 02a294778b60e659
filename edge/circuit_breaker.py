"""Leaves a silent device alone, tries it again ever more seldom, and takes it back when it answers; pure."""

from __future__ import annotations

from dataclasses import dataclass

#: Failures in a row after which a device is left alone.
FAILURES = 3
#: First and longest time between two trials of a device that was left alone [s].
FIRST_TRIAL, LAST_TRIAL = 30.0, 600.0


@dataclass(slots=True)
class Circuit:
    """State of one device; times are monotonic seconds, given by the caller."""

    failures: int = 0
    opened: bool = False
    next_trial: float = 0.0
    wait: float = 0.0

    def allows(self, now: float) -> bool:
        """Whether the device may be asked now."""
        return not self.opened or now >= self.next_trial

    def overdue(self, now: float) -> bool:
        """Whether its trial was put off for as long as it was left alone: then its neighbours wait once."""
        return self.opened and now >= self.next_trial + self.wait

    def succeeded(self) -> None:
        """The device answered."""
        self.failures, self.opened, self.wait = 0, False, 0.0

    def failed(self, now: float, interval: float, *, line: bool = False) -> None:
        """The device did not answer; ``interval`` is the time between its readings [s].

        Where the whole ``line`` is away the device is not to blame: its waits do not grow.
        """
        self.failures += 1
        if self.failures < FAILURES:
            return
        self.opened = True
        first = max(FIRST_TRIAL, interval)
        self.wait = first if self.wait == 0 or line else min(self.wait * 2, max(LAST_TRIAL, first))
        self.next_trial = now + self.wait
