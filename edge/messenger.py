"""Messenger: a device that speaks by itself: its messages become readings, its counters increments."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog

from edge.counter import Counted, increment
from edge.device import Memory
from edge.payload import Message, MessageError, PayloadField, found
from edge.push_settings import PushDevice
from edge.sources.envelope import Unpack, time_at
from telemetry.reading import Reading, milliseconds

log = structlog.get_logger(__name__)

#: A message cannot come from farther ahead than clocks go wrong; the server's window is the same.
AHEAD = timedelta(minutes=10)


@dataclass(slots=True)
class Messenger:
    """One device that sends messages."""

    unit: PushDevice
    unpack: Unpack
    zone: ZoneInfo
    identity: str = ""
    memory: Memory = field(default_factory=Memory)
    last_good: datetime | None = None
    errors: int = 0
    last_error: str = ""

    @property
    def key(self) -> str:
        """Name of its memory in the outbox."""
        return f"unit:{self.unit.name}"

    def recall(self, stored: bytes | None) -> None:
        """Take up what an earlier run remembered."""
        if stored:
            try:
                self.memory = msgspec.msgpack.decode(stored, type=Memory)
            except msgspec.MsgspecError:
                self.memory = Memory()

    def remembered(self) -> dict[str, bytes]:
        """Its memory, as the outbox keeps it."""
        return {self.key: msgspec.msgpack.encode(self.memory)}

    def take(self, topic: str, payload: bytes, now: datetime) -> list[Reading] | None:
        """Readings of a message; None where it is another device's or none at all, which is counted."""
        try:
            message = self.unpack(topic, payload, self.zone)
            if self.identity and message.identity != self.identity:
                return None
            readings = self._readings(message, self._time(message, now))
        except MessageError as error:
            self.errors += 1
            if str(error) != self.last_error:
                log.warning("message not used", unit=self.unit.name, error=str(error))
            self.last_error = str(error)
            return None
        self.last_good = now
        return readings

    def _time(self, message: Message, now: datetime) -> datetime:
        time = message.time
        if self.unit.time:
            time = time_at(message.values, self.unit.time, self.zone)
        if time is not None and time > now + AHEAD:
            raise MessageError(f"its time {time.isoformat()} lies ahead: set the device's clock")
        return time or now

    def _readings(self, message: Message, time: datetime) -> list[Reading]:
        moment = milliseconds(time)
        readings = []
        for item, raw in found(self.unit.said(), message.values):
            number = self._counted(item, raw, moment) if item.counter else raw
            if number is not None:
                readings.append(Reading(self.unit.station, item.quantity, moment, item.value(number), item.level))
        return readings

    def _counted(self, item: PayloadField, raw: float, moment: int) -> float | None:
        before, state = self.memory.counters.get(item.name), Counted(raw, moment)
        if before is not None and moment <= before.time:
            return None  # the same message again
        self.memory.counters[item.name] = state
        gap = int(max(self.unit.counter_gap, 3 * self.unit.interval) * 1000)
        return increment(before, state, modulus=item.modulus, gap=gap)
