"""Finds out who answers on a bus, which model it is, and what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from edge.bus import Bus, BusError, LineDownError, NoAnswerError, RefusedError
from edge.bus_settings import SerialBus, TcpBus, Unit
from edge.device import Device, read
from edge.sensor import Probe, SensorModel
from telemetry.quantities import QUANTITIES

#: Longest wait for a unit that may not exist [s].
BUDGET = 0.25


@dataclass(frozen=True, slots=True)
class Found:
    """A unit that answers."""

    unit: int
    #: Models whose probe register agrees, surest first.
    models: tuple[str, ...] = ()
    #: What the surest model says: name, value, unit of measure and whether the row is verified.
    readings: tuple[tuple[str, float, str, bool], ...] = field(default=())
    error: str = ""


def line_of(address: str, baud_rate: int, parity: str) -> TcpBus | SerialBus:
    """Line from how people write it: ``tcp://host:502``, ``rtu-tcp://host:4001`` or ``/dev/ttyUSB0``."""
    parts = urlsplit(address)
    kinds = {"tcp": "modbus_tcp", "rtu-tcp": "modbus_rtu_over_tcp"}
    if parts.scheme in kinds and parts.hostname:
        return TcpBus.model_validate(
            {"name": "probe", "kind": kinds[parts.scheme], "host": parts.hostname, "port": parts.port or 502}
        )
    if "://" in address:
        message = f"{address!r}: write tcp://host:502, rtu-tcp://host:4001 or a device such as /dev/ttyUSB0"
        raise ValueError(message)
    return SerialBus.model_validate(
        {"name": "probe", "kind": "modbus_rtu", "device": address, "baud_rate": baud_rate, "parity": parity}
    )


async def scan(
    bus: Bus, units: Iterable[int], models: Mapping[str, SensorModel], budget: float = BUDGET
) -> AsyncIterator[tuple[int, Found | None]]:
    """Ask each unit in turn; `LineDownError` where there is no line at all."""
    for unit in units:
        yield unit, await ask(bus, unit, models, budget)


async def ask(bus: Bus, unit: int, models: Mapping[str, SensorModel], budget: float = BUDGET) -> Found | None:
    """What one unit is; None where it says nothing."""
    matching: list[tuple[int, str]] = []
    answered = False
    for name, model in models.items():
        probe = model.probe
        if probe is None:
            continue
        try:
            words = await bus.read(unit, probe.function or model.function, probe.address, probe.count, budget)
        except RefusedError:
            answered = True
            continue
        except LineDownError:
            raise
        except NoAnswerError:
            if not answered:
                return None
            continue
        except BusError:
            continue
        answered = True
        if _agrees(probe, words):
            matching.append((_surety(probe), name))
    if not answered:
        return None
    names = tuple(name for _, name in sorted(matching))
    if not names:
        return Found(unit)
    return await read_as(bus, unit, models[names[0]], names)


async def read_as(bus: Bus, unit: int, model: SensorModel, names: tuple[str, ...] = ()) -> Found:
    """Read a unit once as a model says."""
    chosen = tuple(register for register in model.registers if not (register.optional or register.variant))
    settings = Unit(name="probe", station="probe", model=model.name, unit=unit, interval=max(model.minimum_interval, 1))
    device = Device(settings, model, chosen)
    try:
        taken = await read(device, bus)
    except BusError as error:
        return Found(unit, names or (model.name,), error=str(error))
    rows = []
    for item in taken:
        value = item.register.value(item.raw)
        if value is not None:
            rows.append((item.register.name, value, _measure(item.register.quantity), item.register.verified))
    return Found(unit, names or (model.name,), tuple(rows))


def _agrees(probe: Probe, words: list[int]) -> bool:
    # a device of another kind may answer zeros wherever it is asked
    return any(words) and all(low <= word <= high for word, (low, high) in zip(words, probe.expect, strict=False))


def _surety(probe: Probe) -> int:
    # the smaller the part of all answers that would do, the surer; smallest number first
    return sum((high - low + 1).bit_length() - 17 for low, high in probe.expect)


def _measure(name: str) -> str:
    return QUANTITIES[name].unit
