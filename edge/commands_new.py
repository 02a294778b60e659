"""Questions of `nongvu edge new`."""

from __future__ import annotations

import typer

from edge.new_file import NewGateway, NewUnit
from edge.sensor import shelf
from telemetry.reading import CODE


def asked() -> NewGateway:
    """Answers to what a gateway's file needs."""
    code = _code("Code of the gateway (a-z, 0-9, '-')")
    url = typer.prompt("Broker", default="mqtts://broker.example.vn:8883")
    password_file = typer.prompt("File with the password", default=f"/etc/nongvu/{code}.password")
    authority = typer.prompt("CA file of the broker (empty: the system's)", default="", show_default=False)
    buffer = typer.prompt("Buffer", default="/var/lib/nongvu/buffer.sqlite")
    bus = _bus()
    return NewGateway(code, url, password_file, authority, buffer, bus, tuple(_units()))


def _bus() -> dict[str, str | int]:
    kind = typer.prompt("Line: modbus_rtu (serial), modbus_tcp or modbus_rtu_over_tcp", default="modbus_rtu")
    bus: dict[str, str | int] = {"name": "field", "kind": kind}
    if kind == "modbus_rtu":
        bus["device"] = typer.prompt("Serial port", default="/dev/ttyUSB0")
        bus["baud_rate"] = typer.prompt("Baud rate", default=9600, type=int)
        bus["parity"] = typer.prompt("Parity (N, E, O)", default="N")
    else:
        bus["host"] = typer.prompt("Host")
        bus["port"] = typer.prompt("Port", default=502, type=int)
    return bus


def _units() -> list[NewUnit]:
    models = shelf()
    units: list[NewUnit] = []
    while typer.confirm("Add a device" if not units else "Another device", default=not units):
        model = typer.prompt(f"Model ({', '.join(models)})")
        if model not in models:
            typer.echo(f"no model {model!r}")
            continue
        found = models[model]
        station = _code("Code of the station")
        number = typer.prompt("Address on the bus", default=found.unit, type=int)
        interval = typer.prompt("Seconds between readings", default=max(60.0, found.minimum_interval), type=float)
        level = typer.prompt("Level, such as -0.30m (empty: none)", default="", show_default=False)
        units.append(NewUnit(f"{station}-{model}-{number}", station, model, number, interval, level))
    return units


def _code(question: str) -> str:
    while True:
        code: str = typer.prompt(question)
        if CODE.match(code):
            return code
        typer.echo("use a-z, 0-9 and '-', at most 63 characters")
