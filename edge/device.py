"""Reads one installed sensor as a whole, and keeps what was learned about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
import structlog

from edge.bus import Bus, BusError, RefusedError
from edge.bus_settings import Unit
from edge.circuit_breaker import Circuit
from edge.counter import Counted, Counting, Doubt, Increment, Rules, Seen, Undated
from edge.counter_limit import CounterLimit, counter_limit
from edge.reading_plan import Request, halves, plan
from edge.sensor import Register, SensorModel, Taken, take
from telemetry.reading import Reading

log = structlog.get_logger(__name__)


class Memory(msgspec.Struct):
    """What must survive a restart together with the readings."""

    #: Interval (counted from 1970) that was read last.
    slot: int = -1
    #: Where each counter stood.
    counters: dict[str, Counted] = {}
    #: By which field of its messages a counter was read: another field is another count.
    paths: dict[str, str] = {}
    #: Counters that are read while event time is not known.
    undated: dict[str, Undated] = {}
    #: Counts that wait for a second sample.
    doubts: dict[str, Doubt] = {}
    #: Counts that were withheld since it was installed, and what was said of the last one.
    withheld: int = 0
    doubt: str = ""
    #: Words, as (function, address), that the device refuses.
    refused: list[tuple[int, int]] = []
    #: Readings taken since it was installed: what a replay compares with what is stored.
    readings: int = 0
    #: Which device that was: another one in its place has other counts and other words.
    of: str = ""

    @property
    def counting(self) -> Counting:
        """Its counters at work."""
        return Counting(self.counters, self.undated, self.doubts)

    def counted(self, who: str, name: str, seen: Seen, rules: Rules) -> tuple[Increment, ...]:
        """Increments that a sample of a counter brings; what is withheld is counted and said."""
        counting = self.counting
        increments = counting.taken(name, seen.raw, seen.time, seen.clock, rules)
        self.withheld = max(self.withheld + counting.withheld, 0)
        if counting.note:
            self.doubt = f"{name}: {counting.note}"
            log.warning("count in doubt", unit=who, quantity=name, what=counting.note, withheld=self.withheld)
        return increments


_MEMORY = msgspec.msgpack.Decoder(Memory)


def recalled(stored: bytes | None, of: str) -> Memory:
    """What was remembered of a device; nothing of what cannot be read, or of another that stood in its place."""
    try:
        memory = _MEMORY.decode(stored) if stored else Memory()
    except msgspec.MsgspecError:
        memory = Memory()
    if memory.of not in ("", of):
        log.info("another device: counts begin anew", before=memory.of, now=of)
        memory = Memory(readings=memory.readings)
    memory.of = of
    return memory


@dataclass(slots=True)
class Device:
    """One installed sensor."""

    unit: Unit
    model: SensorModel
    registers: tuple[Register, ...]
    memory: Memory = field(default_factory=Memory)
    circuit: Circuit = field(default_factory=Circuit)
    requests: tuple[Request, ...] = ()
    last_good: datetime | None = None
    errors: int = 0
    last_error: str = ""
    #: Longest time an answer took lately [s].
    slowest: float = 0.0
    #: Monotonic time before which it is not asked once more within its interval.
    again: float = 0.0
    #: How much its counters can count, by name.
    limits: dict[str, CounterLimit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.requests = plan(self.model, self.registers, self.memory.refused)

    @property
    def key(self) -> str:
        """Name of its memory in the outbox."""
        return f"unit:{self.unit.name}"

    def recall(self, stored: bytes | None) -> None:
        """Take up what an earlier run remembered."""
        self.memory = recalled(stored, f"{self.model.name}, unit {self.unit.unit}, serial {self.unit.serial or '-'}")
        self.requests = plan(self.model, self.registers, self.memory.refused)

    def remembered(self) -> dict[str, bytes]:
        """Its memory, as the outbox keeps it."""
        return {self.key: msgspec.msgpack.encode(self.memory)}

    @property
    def gap(self) -> int:
        """Longest time [ms] between two counts for which their difference is one reading."""
        return int(max(self.unit.counter_gap, 3 * self.unit.interval) * 1000)

    def slot(self, now: int) -> int:
        """Interval that event time ``now`` [ms] lies in."""
        return int(now // (self.unit.interval * 1000))

    def due(self, now: int) -> bool:
        """Whether the interval of ``now`` [ms] is still to be read."""
        return self.slot(now) != self.memory.slot

    def wants(self, now: int, monotonic: float) -> bool:
        """Whether its interval of ``now`` [ms] is still to be read, and no pause after a failure goes on."""
        return self.due(now) and monotonic >= self.again

    def budget(self) -> float:
        """Longest wait for one answer [s]; a trial of a silent device that once answered waits less."""
        if self.circuit.opened and self.slowest:
            return min(self.unit.timeout, max(0.1, 3 * self.slowest))
        return self.unit.timeout


async def read(device: Device, bus: Bus) -> list[Taken]:
    """Raw numbers of all registers of a device; `BusError` where it does not answer."""
    words: dict[tuple[int, int], int] = {}
    for request in device.requests:
        await _read_request(device, bus, request, words)
        if device.model.pause:
            await asyncio.sleep(device.model.pause)
    return take(device.registers, words, device.model.function)


async def _read_request(device: Device, bus: Bus, request: Request, words: dict[tuple[int, int], int]) -> None:
    try:
        answer = await _asked(device, bus, request)
    except RefusedError as error:
        if not error.lasting:
            raise
        await _learn(device, bus, request, words, error)
        return
    words |= {(request.function, request.address + index): word for index, word in enumerate(answer)}


async def _asked(device: Device, bus: Bus, request: Request) -> list[int]:
    attempts = 1 if device.circuit.opened else 1 + device.unit.retries
    for attempt in range(attempts):
        started = time.monotonic()
        try:
            answer = await bus.read(device.unit.unit, request.function, request.address, request.count, device.budget())
        except RefusedError:
            raise
        except BusError:
            if attempt == attempts - 1:
                raise
        else:
            device.slowest = max(time.monotonic() - started, device.slowest * 0.9)
            return answer
    raise AssertionError


async def _learn(
    device: Device, bus: Bus, request: Request, words: dict[tuple[int, int], int], error: RefusedError
) -> None:
    """Find the words that the device refuses, by halves, and never ask for them again."""
    parts = halves(request, device.registers, device.model.function)
    if parts is None:
        device.memory.refused += [(request.function, request.address + index) for index in range(request.count)]
        log.warning("device refuses words", unit=device.unit.name, function=request.function, address=request.address,
                    count=request.count, error=str(error))  # fmt: skip
        device.requests = plan(device.model, device.registers, device.memory.refused)
        if not device.requests:
            # nothing is left to ask: the device is not the one that the file names, or is not ready yet
            device.memory.refused.clear()
            device.requests = plan(device.model, device.registers)
            raise error
        return
    for part in parts:
        await _read_request(device, bus, part, words)


def readings(device: Device, taken: Sequence[Taken], now: int, clock: str = "") -> list[Reading]:
    """Readings at ``now`` [ms]; moves the counters on. ``clock`` is empty where ``now`` is event time."""
    result = []
    for item in taken:
        register = item.register
        for raw, moment in _numbers(device, item, now, clock):
            value = register.value(raw)
            if value is not None:
                result.append(Reading(device.unit.station, register.quantity, moment, value, register.level))
    return result


def _numbers(device: Device, item: Taken, now: int, clock: str) -> Sequence[tuple[float, int]]:
    """Raw numbers to make readings of, and their times [ms]: of a counter its increments."""
    counter = item.register.counter
    if counter is None:
        return ((item.raw, now),)
    limit = device.limits.setdefault(item.register.name, _limit(item.register))
    rules = Rules(counter.modulus, device.gap, limit)
    return device.memory.counted(device.unit.name, item.register.name, Seen(item.raw, now, clock), rules)


def _limit(register: Register) -> CounterLimit:
    per_minute = register.counter.per_minute if register.counter is not None else None
    return counter_limit(register.quantity, register.value(1.0), per_minute)
