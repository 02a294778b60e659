"""Opens the line to devices behind a serial device server that passes Modbus RTU frames over TCP unchanged."""

from __future__ import annotations

from edge.bus import ModbusBus, tcp_bus
from edge.bus_settings import TcpBus


def open_line(settings: TcpBus) -> ModbusBus:
    """Line behind a device server."""
    return tcp_bus(settings)
