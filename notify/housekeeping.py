"""Do one duty after another, each of which lives with its noun; one that fails holds up no other."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from notify.delivery.route import Route
from notify.delivery.throttle import woken
from notify.dispatcher import FAILED
from notify.people import inbound
from notify.publications import approval, broadcast, cap_publisher, withdrawal
from notify.settings import NotifySettings
from notify.texts.text_to_speech import VoiceError
from store.patience import ABSENT, Patience
from store.pool import Pool
from telemetry.clock import Clock

#: How often raw messages of people past their time are emptied. [s]
FORGET = 3600.0

_log = structlog.get_logger()


@dataclass(slots=True)
class Duty:
    """Something to be done again and again."""

    #: As failures are counted by.
    name: str
    #: Does all that waits, at an event time.
    do: Callable[[datetime], Awaitable[object]]
    #: Seconds (real) between two times; 0: at every look.
    every: float = 0.0
    last: float = -math.inf


@dataclass(slots=True)
class Housekeeping:
    """Does its duties whenever it is woken, and every second."""

    clock: Clock
    duties: Sequence[Duty]
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until cancelled."""
        patience = Patience("housekeeping")
        while True:
            self.wake.clear()
            async with patience:
                await self.look()
            if patience.worked:
                await woken(self.wake, 1.0)

    async def look(self) -> None:
        """Do every duty whose time has come; one that fails is told, tried again, and holds up no other."""
        for duty in self.duties:
            if time.monotonic() < duty.last + duty.every:
                continue
            duty.last = time.monotonic()
            try:
                await duty.do(self.clock.now())
            except ABSENT:
                raise
            except (VoiceError, OSError) as error:
                FAILED.labels(duty.name).inc()
                _log.error("a duty could not be done; it is tried again", duty=duty.name, reason=str(error))
            except Exception:
                FAILED.labels(duty.name).inc()
                _log.exception("a duty could not be done; it is tried again", duty=duty.name)


def duties(
    connections: Pool, settings: NotifySettings, routes: dict[str, Route], feed: cap_publisher.Feed
) -> tuple[Duty, ...]:
    """What notify looks after, in this order."""
    return (
        Duty("hear", lambda now: inbound.take_all(connections, routes, now)),
        Duty("decide", lambda now: approval.carry_out(connections, now, settings)),
        Duty("feed", lambda _: feed.keep()),
        Duty("speak", lambda now: broadcast.voice_all(connections, now, settings)),
        Duty("clean", lambda now: withdrawal.clean(connections, now, settings)),
        Duty("forget", lambda _: inbound.forget(connections, settings.inbound_days), every=FORGET),
    )
