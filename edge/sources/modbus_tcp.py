"""Opens the line to devices that speak Modbus TCP."""

from __future__ import annotations

from edge.bus import ModbusBus, tcp_bus
from edge.bus_settings import TcpBus


def open_line(settings: TcpBus) -> ModbusBus:
    """Line to the devices behind one address."""
    return tcp_bus(settings)
