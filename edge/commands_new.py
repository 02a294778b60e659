"""Asks a person what a new gateway's file needs (`nongvu edge new`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TypeVar

import typer

from edge.bus_settings import SerialBus, TcpBus
from edge.new_file import NewGateway, NewUnit
from edge.schema import choices
from edge.sensor import SensorModel, shelf
from edge.settings import checked_url
from edge.settings_base import checked_code, checked_level

T = TypeVar("T")

_KINDS = [*choices(SerialBus, "kind"), *choices(TcpBus, "kind")]
_PARITIES = choices(SerialBus, "parity")


def asked() -> NewGateway:
    """Answers to what a gateway's file needs."""
    code = _ask("Code of the gateway (a-z, 0-9, '-')", checked_code)
    url = _ask("Broker", checked_url, "mqtts://broker.example.vn:8883")
    password_file = typer.prompt("File with the password", default=f"/etc/nongvu/{code}.password")
    authority = typer.prompt("CA file of the broker (empty: the system's)", default="", show_default=False)
    buffer = typer.prompt("Buffer", default="/var/lib/nongvu/buffer.sqlite")
    bus = _bus()
    return NewGateway(code, url, password_file, authority, buffer, bus, tuple(_units()))


def _bus() -> dict[str, str | int]:
    kind = _ask(f"Line ({', '.join(_KINDS)})", _one_of(_KINDS), "modbus_rtu")
    bus: dict[str, str | int] = {"name": "field", "kind": kind}
    if kind == "modbus_rtu":
        bus["device"] = typer.prompt("Serial port", default="/dev/ttyUSB0")
        bus["baud_rate"] = _ask("Baud rate", _between(300, 921_600), "9600")
        bus["parity"] = _ask(f"Parity ({', '.join(_PARITIES)})", _one_of(_PARITIES), "N")
    else:
        bus["host"] = typer.prompt("Host")
        bus["port"] = _ask("Port", _between(1, 65_535), "502")
    return bus


def _units() -> list[NewUnit]:
    models = shelf()
    units: list[NewUnit] = []
    while typer.confirm("Add a device" if not units else "Another device", default=not units):
        units.append(_unit(models[_ask(f"Model ({', '.join(models)})", _one_of(models))]))
    return units


def _unit(model: SensorModel) -> NewUnit:
    station = _ask("Code of the station", checked_code)
    number = _ask("Address on the bus", _between(0, 255), str(model.unit))
    least = max(1, math.ceil(model.minimum_interval))
    interval = _ask("Seconds between readings", _between(least, 86_400), str(max(60, least)))
    level = _ask("Level, such as -0.30m (empty: none)", checked_level, "")
    return NewUnit(f"{station}-{model.name}-{number}", station, model.name, number, interval, level)


def _one_of(names: Collection[str]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in names:
            message = f"{text!r} is not one of {', '.join(names)}"
            raise ValueError(message)
        return text

    return check


def _between(least: int, most: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if not (text.isdecimal() and least <= int(text) <= most):
            message = f"{text!r} is no number from {least} to {most}"
            raise ValueError(message)
        return int(text)

    return check


def _ask(question: str, check: Callable[[str], T], default: str | None = None) -> T:
    """Ask until the answer is one; what is wrong with it is said at once, not when all others were given."""

    def answer(text: str) -> T:
        try:
            return check(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    said: T = typer.prompt(question, default=default, show_default=bool(default), value_proc=answer)
    return said
