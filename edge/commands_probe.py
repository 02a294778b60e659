"""What `nongvu edge probe` does, between the command line and the bus."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from edge.bus import Bus, BusError, LineDownError, serial_bus, tcp_bus
from edge.bus_settings import SerialBus
from edge.decode_assistant import candidates
from edge.probe import Found, line_of, read_as, scan
from edge.sensor import shelf


def open_probe(line: str, serial: tuple[int, str]) -> Bus:
    """Line as people write it."""
    settings = line_of(line, *serial)
    return serial_bus(settings) if isinstance(settings, SerialBus) else tcp_bus(settings)


async def scan_line(
    line: str, units: list[int], serial: tuple[int, str], model: str | None, budget: float, user: Path | None, *,
    quiet: bool,
) -> list[Found]:  # fmt: skip
    """Units that answer; `ConnectionError` where there is no line."""
    models = shelf(user)
    if model is not None and model not in models:
        message = f"no model {model!r}: see 'nongvu edge models'"
        raise ValueError(message)
    bus = open_probe(line, serial)
    found: list[Found] = []
    try:
        if model is not None:
            return [await read_as(bus, unit, models[model]) for unit in units]
        async for unit, item in scan(bus, units, models, budget):
            if not quiet and sys.stderr.isatty():
                sys.stderr.write(f"\runit {unit} of {units[-1]} ")
            if item is not None:
                found.append(item)
        return found
    except LineDownError as error:
        message = f"{line}: {error}"
        raise ConnectionError(message) from error
    finally:
        await bus.close()


def decode_words(
    line: str | None, unit: int, serial: tuple[int, str], words: str | None, block: tuple[int, int, int], shows: str
) -> list[dict[str, Any]]:
    """Ways to read words (given, or read from a block of address, count and function) that give what is shown."""
    address, count, function = block
    if words is not None:
        given = [int(word, 16) for word in words.replace(",", " ").split()]
    else:
        given = asyncio.run(_read(line or "", unit, serial, function, address, count))
    if not all(0 <= word <= 0xFFFF for word in given):
        message = "a word has 16 bits: 0000 to FFFF"
        raise ValueError(message)
    return [
        {"address": address + item.index, "type": item.type, "order": item.order, "scale": item.scale,
         "before": item.before, "value": item.value}
        for item in candidates(given, shows)
    ]  # fmt: skip


async def _read(line: str, unit: int, serial: tuple[int, str], function: int, address: int, count: int) -> list[int]:
    bus = open_probe(line, serial)
    try:
        return await bus.read(unit, function, address, count, 1.0)
    except BusError as error:
        message = f"{line}, unit {unit}: {error}"
        raise ConnectionError(message) from error
    finally:
        await bus.close()
