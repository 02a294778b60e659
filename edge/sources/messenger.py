"""Makes readings of the messages of a device that speaks by itself, and increments of its counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import structlog

from edge.counter import Increment, Rules, Seen
from edge.counter_limit import counter_limit
from edge.device import Memory, recalled
from edge.gateway_clock import RELEASED
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
    #: Age of the last message [s]; None where nobody knows.
    age: float | None = None

    @property
    def key(self) -> str:
        """Name of its memory in the outbox."""
        return f"unit:{self.unit.name}"

    def recall(self, stored: bytes | None) -> None:
        """Take up what an earlier run remembered."""
        unit = self.unit
        self.memory = recalled(stored, f"{unit.payload or 'json'}, {self.identity}, serial {unit.serial or '-'}")

    def remembered(self) -> dict[str, bytes]:
        """Its memory, as the outbox keeps it."""
        return {self.key: msgspec.msgpack.encode(self.memory)}

    @property
    def gap(self) -> int:
        """Longest time [ms] between two counts for which their difference is one reading."""
        return int(max(self.unit.counter_gap, 3 * self.unit.interval) * 1000)

    def take(self, topic: str, payload: bytes, now: datetime, since: int = 0, clock: str = "") -> list[Reading] | None:
        """Readings of a message; None where it is another device's or not a message, which is counted.

        Where nobody knows what time it is, they bear the time ``since`` [ms] the machine's start named ``clock``.
        """
        try:
            message = self.unpack(topic, payload, self.zone)
            if self.identity and message.identity.lower() != self.identity.lower():
                return None
            moment = now if clock else self._time(message, now)
            self.age = self._age(message, moment, now, clock)
            time = since if clock else milliseconds(moment)
        except MessageError as error:
            self.errors += 1
            if str(error) != self.last_error:
                log.warning("message not used", unit=self.unit.name, error=str(error))
            self.last_error = str(error)
            return None
        if self.last_error:
            log.info("reads again", unit=self.unit.name)
        self.last_good, self.last_error = now, ""
        return self._readings(message, time, clock)

    def _age(self, message: Message, moment: datetime, now: datetime, clock: str) -> float | None:
        """Age of a message [s]; None where it should say its time and does not, or where nobody knows what time it is.

        Zigbee2MQTT repeats what it last heard when it starts, network servers what they kept.
        """
        if self.unit.arrival or (not self.unit.time and message.time is None and not self.unpack_tells_time):
            return 0.0
        if clock or moment is now:
            return None
        return (now - moment).total_seconds()

    @property
    def unpack_tells_time(self) -> bool:
        """Whether its messages bear their time by themselves."""
        return getattr(self.unit, "kind", "") in ("chirpstack", "things_stack", "zigbee2mqtt", "tasmota")

    def _time(self, message: Message, now: datetime) -> datetime:
        time = message.time
        if self.unit.time:
            time = time_at(message.values, self.unit.time, self.zone)
        if time is not None and time > now + AHEAD:
            raise MessageError(f"its time {time.isoformat()} lies ahead: set the device's clock")
        # a device that was switched on and does not know the time yet says 1970, another program's "none" the year 1
        return time if time is not None and time >= RELEASED else now

    def _readings(self, message: Message, time: int, clock: str) -> list[Reading]:
        readings = []
        for item, raw, path in found(self.unit.said(), message.values):
            increments = self._counted(item, raw, path, time, clock) if item.counter else (Increment(raw, time),)
            for number, moment in increments:
                if (value := item.value(number)) is not None:
                    readings.append(Reading(self.unit.station, item.quantity, moment, value, item.level))
        return readings

    def _counted(self, item: PayloadField, raw: float, path: str, time: int, clock: str) -> Sequence[Increment]:
        if self.memory.paths.setdefault(item.name, path) != path:  # a gauge fell silent, and another one is there
            self.memory.paths[item.name] = path
            self.memory.counters.pop(item.name, None)
            self.memory.doubts.pop(item.name, None)
        before = self.memory.counters.get(item.name)
        if before is not None and not clock and time <= before.time:
            return ()  # the same message again
        limit = counter_limit(item.quantity, item.value(1.0), item.per_minute)
        rules = Rules(item.modulus, self.gap, limit)
        return self.memory.counted(self.unit.name, item.name, Seen(raw, time, clock), rules)
