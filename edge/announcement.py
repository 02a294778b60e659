"""What a gateway says about itself: the birth message (what it will send) and the status message (how it is)."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from edge.alarm import AlarmState, RelayState
from edge.device import Device
from edge.sources.messenger import Messenger
from telemetry.birth import BornDatastream, BornStation, Switch, Unit, Watch


def firmware() -> str:
    """Version of this program."""
    try:
        return version("nongvu")
    except PackageNotFoundError:
        return "unknown"


def stations(devices: Iterable[Device], messengers: Iterable[Messenger]) -> list[BornStation]:
    """Stations and what they are going to say."""
    streams: dict[str, list[BornDatastream]] = {}
    for device in devices:
        unit = device.unit
        streams.setdefault(unit.station, []).extend(
            BornDatastream(
                register.quantity, register.level, unit.interval, device.model.name, unit.serial, unit.height,
                register.basis,
            )
            for register in device.registers
        )  # fmt: skip
    for messenger in messengers:
        pushed = messenger.unit
        streams.setdefault(pushed.station, []).extend(
            BornDatastream(
                item.quantity, item.level, pushed.interval, pushed.payload or "", pushed.serial, pushed.height,
                item.basis,
            )
            for item in pushed.said()
        )  # fmt: skip
    return [BornStation(code, datastreams) for code, datastreams in sorted(streams.items())]


def units(devices: Iterable[Device], messengers: Iterable[Messenger]) -> list[Unit]:
    """Every device, as its gateway sees it."""
    polled = [_unit(device, "open" if device.circuit.opened else "closed") for device in devices]
    return [*polled, *(_unit(messenger, "closed") for messenger in messengers)]


def _unit(item: Device | Messenger, circuit: Literal["closed", "open"]) -> Unit:
    last_good = item.last_good.isoformat() if item.last_good else None
    return Unit(
        item.unit.name, item.unit.station, last_good, item.errors, circuit, item.last_error, item.memory.withheld,
        item.memory.doubt,
    )  # fmt: skip


def switches(relays: Iterable[RelayState]) -> list[Switch]:
    """Every relay, as its gateway knows it."""
    return [Switch(item.relay.name, item.on, item.knowledge, item.detail) for item in relays]


def watches(alarms: Iterable[AlarmState]) -> list[Watch]:
    """Every alarm, and what it could not use."""
    return [Watch(item.alarm.name, item.active, item.disregarded, item.why) for item in alarms]


def intervals(devices: Iterable[Device], messengers: Iterable[Messenger]) -> dict[tuple[str, str], float]:
    """Usual time between two readings [s] by station and name; 0 where it is not regular."""
    found = {(item.unit.station, register.name): item.unit.interval for item in devices for register in item.registers}
    return found | {
        (item.unit.station, said.name): item.unit.interval for item in messengers for said in item.unit.said()
    }
