"""Reads every device on time, one line at a time, whatever a silent neighbour does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from edge.bus import Bus, BusError, LineDownError
from edge.device import Device, read, readings
from edge.outbox import Outbox
from telemetry.reading import Reading, milliseconds

log = structlog.get_logger(__name__)

#: Under a replayed clock a device that does not answer is asked again so often, after so long [s]: no tick comes twice.
REPLAY_ATTEMPTS, REPLAY_PAUSE = 5, 0.3
#: Longest sleep between two looks at the clock, which may be set meanwhile [s].
LOOK = 1.0
#: A device that is read every minute or more seldom gets another chance within its interval, after this time [s].
AGAIN, SELDOM = 10.0, 60.0

Watch = Callable[[list[Reading]], None]


class Poller:
    """The devices of one line."""

    def __init__(
        self, bus: Bus, devices: Sequence[Device], outbox: Outbox, stamp: Callable[[], tuple[int, str]],
        now: Callable[[], datetime], watch: Watch | None = None,
    ) -> None:  # fmt: skip
        self.bus, self.devices, self._outbox = bus, devices, outbox
        self._stamp, self._event_time, self._watch = stamp, now, watch
        self._now = asyncio.Event()
        #: Devices that were not asked because the line itself was away.
        self._cut_off: list[Device] = []

    async def poll_tick(self, tick: int) -> None:
        """Read every device whose interval the tick [ms] has reached; return when the readings are durable."""
        kept = []
        for device in self.devices:
            if not device.due(tick):
                continue
            for attempt in range(REPLAY_ATTEMPTS):
                if (future := await self._poll(device, tick)) is not None:
                    kept.append(future)
                    break
                if attempt < REPLAY_ATTEMPTS - 1:
                    await asyncio.sleep(REPLAY_PAUSE)
        await asyncio.gather(*kept)

    async def run(self) -> None:
        """Read every device at its interval until cancelled."""
        while True:
            now, clock = milliseconds(self._event_time()), time.monotonic()
            ready = [device for device in self.devices if device.wants(now, clock) and device.circuit.allows(clock)]
            # who was silent is tried after all who answer; on a line without a free moment not for ever
            for device in sorted(ready, key=lambda device: (device.circuit.failures, device.unit.interval)):
                if device.circuit.opened and self._others_due(device) and not device.circuit.overdue(time.monotonic()):
                    continue
                await self._poll(device)
            await self._rest()

    def read_now(self) -> None:
        """Read every device at once, whatever its interval."""
        for device in self.devices:
            device.memory.slot, device.again = -1, 0.0
        self._now.set()

    def _others_due(self, silent: Device) -> bool:
        now, clock = milliseconds(self._event_time()), time.monotonic()
        others = (other for other in self.devices if other is not silent and not other.circuit.opened)
        return any(other.wants(now, clock) for other in others)

    async def _rest(self) -> None:
        now, clock = milliseconds(self._event_time()), time.monotonic()
        ends = [(device.slot(now) + 1) * device.unit.interval - now / 1000 for device in self.devices]
        rest = min([LOOK, *ends])
        if any(device.wants(now, clock) and not device.circuit.opened for device in self.devices):
            rest = 0.0
        try:
            async with asyncio.timeout(max(rest, 0.001)):
                await self._now.wait()
        except TimeoutError:
            return
        self._now.clear()

    async def _poll(self, device: Device, tick: int | None = None) -> asyncio.Future[None] | None:
        """Read one device; None where it did not answer."""
        slot = device.slot(tick if tick is not None else milliseconds(self._event_time()))
        try:
            taken = await read(device, self.bus)
        except BusError as error:
            self._failed(device, error)
            if tick is None:
                self._put_off(device, slot)
            return None
        now, clock = self._stamp() if tick is None else (tick, "")
        device.circuit.succeeded()
        if device.last_error:
            log.info("reads again", unit=device.unit.name)
        if self._cut_off:
            self._line_is_back()
        device.last_good, device.memory.slot, device.last_error = self._event_time(), slot, ""
        found = readings(device, taken, now, clock)
        device.memory.readings += len(found)
        if self._watch is not None:
            self._watch(found)
        return self._outbox.add(found, device.remembered(), importance=device.unit.importance, clock=clock)

    def _failed(self, device: Device, error: BusError) -> None:
        device.errors += 1
        text = f"{type(error).__name__.removesuffix('Error')}: {error}"
        was_open = device.circuit.opened
        line = isinstance(error, LineDownError)
        device.circuit.failed(time.monotonic(), device.unit.interval, line=line)
        if line and device not in self._cut_off:
            self._cut_off.append(device)
        if text != device.last_error or device.circuit.opened != was_open:
            level = log.error if line else log.warning
            level("no reading", unit=device.unit.name, error=text, left_alone=device.circuit.opened)
        device.last_error = text

    def _put_off(self, device: Device, slot: int) -> None:
        """After a failure: another chance within a long interval, else in the next one."""
        if device.circuit.opened or device.unit.interval < SELDOM:
            device.memory.slot = slot  # this interval is lost
        else:
            device.again = time.monotonic() + AGAIN

    def _line_is_back(self) -> None:
        """Who was cut off with the line is asked at once, however long the line was away."""
        for device in self._cut_off:
            device.circuit.next_trial, device.memory.slot, device.again = 0.0, -1, 0.0
        self._cut_off.clear()
