"""The one source of event time, real or replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

import msgspec

from telemetry.topics import CLOCK


class Clock(Protocol):
    """What drives poll schedule, reading times, accepted window, days, due rows, seasons, quiet hours, expiry."""

    def now(self) -> datetime:
        """Event time now, aware UTC."""

    async def wait_until(self, moment: datetime) -> None:
        """Return when event time has reached ``moment``."""


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Event time is real time."""
        return datetime.now(UTC)

    async def wait_until(self, moment: datetime) -> None:
        """Sleep, in pieces, since the machine's clock may be set meanwhile."""
        while (rest := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 — nobody tells that a clock was set
            await asyncio.sleep(min(rest, 10.0))


class Tick(msgspec.Struct, frozen=True):
    """Retained payload of ``nongvu/v1/clock``."""

    now: str
    number: int


class ReplayedClock:
    """A clock that goes forward only when told; written by ``standalone`` alone."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start
        self._moved = asyncio.Event()

    @property
    def started(self) -> bool:
        """Whether the first tick has come."""
        return self._now is not None

    def now(self) -> datetime:
        """Event time of the last tick; `RuntimeError` before the first."""
        if self._now is None:
            message = "the replayed clock has not been told a time yet"
            raise RuntimeError(message)
        return self._now

    def advance(self, moment: datetime) -> None:
        """Go forward; a tick from the past (a retained one, a repeat) changes nothing."""
        if moment.tzinfo is None:
            message = "the clock is told aware UTC times only"
            raise ValueError(message)
        if self._now is None or moment > self._now:
            self._now = moment.astimezone(UTC)
            moved, self._moved = self._moved, asyncio.Event()
            moved.set()

    async def moved(self) -> datetime:
        """Return event time after the next step forward."""
        await self._moved.wait()
        return self.now()

    async def wait_until(self, moment: datetime) -> None:
        """Return when a tick has reached ``moment``."""
        while self._now is None or self._now < moment:
            await self._moved.wait()


def encode_tick(moment: datetime, number: int) -> bytes:
    """Payload of a tick."""
    return msgspec.json.encode(Tick(moment.astimezone(UTC).isoformat(), number))


def decode_tick(payload: bytes) -> datetime:
    """Event time of a tick's payload."""
    return datetime.fromisoformat(msgspec.json.decode(payload, type=Tick).now)


async def follow(clock: ReplayedClock, url: str, user: str, *, ready: Callable[[], None] | None = None) -> None:
    """Obey the replayed clock on the broker until cancelled; reconnects by itself.

    Only for processes that have no broker connection of their own (analytics, notify, api) and under
    ``NONGVU_CLOCK=replayed``; edge and ingest subscribe to the clock's topic on theirs.
    """
    import aiomqtt  # noqa: PLC0415 — only a replay needs it here

    from telemetry.broker import address  # noqa: PLC0415

    while True:
        try:
            async with aiomqtt.Client(**address(url, user), protocol=aiomqtt.ProtocolVersion.V5) as client:
                await client.subscribe(CLOCK, qos=1)
                async for message in client.messages:
                    clock.advance(decode_tick(bytes(message.payload)))
                    if ready is not None:
                        ready()
        except aiomqtt.MqttError:
            await asyncio.sleep(0.2)
