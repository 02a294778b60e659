"""Dates readings taken before the time was known, once the clock is right; lets go of those too old to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from datetime import timedelta

import msgspec
import structlog

from edge.gateway_clock import GatewayClock
from edge.outbox import Outbox
from telemetry.reading import milliseconds, moment

log = structlog.get_logger(__name__)

#: Times between two looks at the clock, two questions to NTP servers, two looks for readings that are too old [s].
CLOCK_LOOK, NTP_LOOK, AGE_LOOK = 5.0, 1024.0, 3600.0
#: Time between two questions that no server answered: after a power cut the line comes up later than the gateway [s].
NTP_AGAIN = 30.0

#: Gives counters event time, from a machine's start and its event time [ms]; says which readings (station,
#: datastream, time since that start [ms]) do not belong to their moment.
Settle = Callable[[str, int], Collection[tuple[str, str, int]]]


async def watch_clock(clock: GatewayClock, outbox: Outbox, days: float, settle: Settle) -> None:
    """Watch until cancelled; ``days`` is the age at which readings are let go."""
    stored = outbox.memory.get("newest")
    clock.newest = moment(msgspec.msgpack.decode(stored)) if stored else None
    asked = expired = -1e9
    while True:
        if time.monotonic() - asked > (NTP_AGAIN if clock.offset is None else NTP_LOOK):
            await clock.ask()
            asked = time.monotonic()
        if clock.look():
            await _date(clock, outbox, settle(clock.start, clock.zero()))
        if clock.right and time.monotonic() - expired > AGE_LOOK:
            expired = time.monotonic()
            await outbox.remember({"newest": msgspec.msgpack.encode(milliseconds(clock.now()))})
            await outbox.expire(milliseconds(clock.now() - timedelta(days=days)))
        await asyncio.sleep(CLOCK_LOOK)


async def _date(clock: GatewayClock, outbox: Outbox, without: Collection[tuple[str, str, int]]) -> None:
    """Date what was taken before the time was known; those of an earlier start of the machine cannot be dated."""
    newest = milliseconds(clock.newest) if clock.newest else 0
    for start in await outbox.clocks():
        if start == clock.start:
            count = await outbox.date(start, clock.zero(), without)
            log.warning("readings dated afterwards", readings=count)
        else:
            count = await outbox.give_up(start, newest, clock.zero())
            log.error("readings that cannot be dated were dropped", readings=count)
