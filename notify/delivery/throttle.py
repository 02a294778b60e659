"""How fast a route may go, and how long it is left alone after it failed."""

from __future__ import annotations

import asyncio
import math
import random
import time
from contextlib import suppress
from dataclasses import dataclass

from notify.delivery.route import Route

#: Back-off of a message that no route could take, and of a route that failed. [s]
FIRST_WAIT, LONGEST_WAIT = 2.0, 300.0
#: How often what is urgent tries a route that is left alone, and the longest that it waits itself. [s]
PROBE = 15.0
#: Messages of so long that a route may have at once by its rate; half of it is worth a claim. [s]
SPAN = 0.2
#: What is no time at all. [s]
INSTANT = 1e-6


@dataclass(slots=True)
class Health:
    """Whether a route is well, and how fast it may go."""

    route: Route
    failures: int = 0
    resumes: float = 0.0  # monotonic: not before
    next_free: float = 0.0  # monotonic: by the rate
    spent_out: bool = False
    probed: float = 0.0  # monotonic: when it was last failed or probed by what is urgent
    probing: bool = False
    told: float = 0.0  # monotonic: when it was last said that its budget is used up
    running: int = 0

    @property
    def well(self) -> bool:
        """Whether it can be given messages now."""
        return time.monotonic() >= self.resumes and not self.spent_out

    def failed(self, seconds: float | None) -> None:
        """Leave it alone for a while, longer each time; messages that fail together count once."""
        if time.monotonic() < self.resumes:
            self.probing = False
            return
        self.failures += 1
        self.probed = time.monotonic()
        pause = backoff(self.failures) if seconds is None else seconds
        self.resumes = time.monotonic() + pause

    def worked(self) -> None:
        """It is well again; so says a probe, what had been underway before it failed says nothing of now."""
        self.failures = 0
        if self.probing:
            self.resumes, self.probing = 0.0, False

    def probe(self) -> int:
        """How many urgent messages may be tried although it is left alone: one now and then, none underway beside."""
        if time.monotonic() < self.probed + PROBE or time.monotonic() >= self.resumes or self.running:
            return 0
        self.probed, self.probing = time.monotonic(), True
        return 1

    def allowance(self) -> int:
        """How many messages its window and rate leave now; of a fast route none until a claim is worth its while."""
        if self.rest():
            return 0
        free = self.route.table.window - self.running
        rate = self.route.table.rate
        return free if rate is None else min(free, int((self._saved(rate) + INSTANT) * rate))

    def rest(self) -> float:
        """Seconds until it need be left alone no longer and its rate leaves room for a claim."""
        rate = self.route.table.rate
        worth = max(1, math.ceil(SPAN / 2 * rate)) / rate - self._saved(rate) if rate else 0.0
        rest = max(self.resumes - time.monotonic(), worth)
        return rest if rest > INSTANT else 0.0

    def _saved(self, rate: float) -> float:
        """Seconds that it has not used; so that bursts stay small, never more than one message's and the span."""
        now = time.monotonic()
        self.next_free = max(self.next_free, now - SPAN - 1.0 / rate)
        return now - self.next_free

    def spend(self, messages: int) -> None:
        """Count messages against the rate."""
        if self.route.table.rate is not None:
            self.next_free += messages / self.route.table.rate


def backoff(failures: int) -> float:
    """Seconds before the next try: doubling, with jitter so that workers do not come back together."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1)) * random.uniform(0.5, 1.0))  # noqa: S311


async def woken(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long; `asyncio.wait_for` of Python 3.11 may swallow that we are told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
