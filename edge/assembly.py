"""Makes lines, devices and the way to the broker from a gateway's settings."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from edge.bus import Bus
from edge.bus_settings import Bus as BusSettings
from edge.bus_settings import SerialBus, registers_of
from edge.device import Device
from edge.sensor import shelf
from edge.settings import Broker, Gateway, GatewayFile
from edge.sources import modbus_rtu, modbus_rtu_over_tcp, modbus_tcp
from edge.sources.envelope import HTTP, MQTT
from edge.sources.messenger import Messenger
from edge.uplink import Line
from telemetry.broker import address

#: Devices that speak by themselves, by source: topic filter or path, and device.
Messengers = dict[str, list[tuple[str, Messenger]]]


def open_line(settings: BusSettings) -> Bus:
    """Line to the devices of a bus."""
    if isinstance(settings, SerialBus):
        return modbus_rtu.open_line(settings)
    if settings.kind == "modbus_tcp":
        return modbus_tcp.open_line(settings)
    return modbus_rtu_over_tcp.open_line(settings)


def devices_of(file: GatewayFile) -> dict[str, list[Device]]:
    """Installed sensors by the name of their line."""
    models = shelf(file.gateway.models)
    return {
        bus.name: [Device(unit, models[unit.model], registers_of(unit, models[unit.model])) for unit in bus.units]
        for bus in file.buses
    }


def line_of(gateway: Gateway, broker: Broker) -> Line:
    """How the broker is reached; password and certificates are read anew at every connection, as they are renewed."""

    def arguments() -> dict[str, Any]:
        password = broker.password_file.read_text().strip() if broker.password_file else None
        return address(
            broker.url, broker.user or gateway.code, password,
            authority=broker.authority, certificate=broker.certificate, key=broker.key,
        )  # fmt: skip

    return Line(arguments, gateway.code, broker.resend, broker.keepalive)


def messengers_of(file: GatewayFile) -> Messengers:
    """Devices behind local brokers and those that push over HTTP."""
    zone = ZoneInfo(file.gateway.time_zone)
    found: Messengers = {
        source.name: [(item.topic, Messenger(item, MQTT[item.kind], zone, item.identity)) for item in source.devices]
        for source in file.mqtt
    }
    found |= {
        source.name: [(item.path, Messenger(item, HTTP[item.kind], zone, item.identity)) for item in source.devices]
        for source in file.http
    }
    return found
