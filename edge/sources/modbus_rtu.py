"""Opens the line to devices on a serial line that speak Modbus RTU."""

from __future__ import annotations

from edge.bus import ModbusBus, serial_bus
from edge.bus_settings import SerialBus


def open_line(settings: SerialBus) -> ModbusBus:
    """Line of a serial port."""
    return serial_bus(settings)
