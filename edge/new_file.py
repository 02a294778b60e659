"""Writes the text of a gateway's file from a few answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import tomlkit
from tomlkit.items import Table


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A device to write down."""

    name: str
    station: str
    model: str
    unit: int
    interval: float
    level: str = ""


@dataclass(frozen=True, slots=True)
class NewGateway:
    """What a new file needs."""

    code: str
    url: str
    password_file: str = ""
    authority: str = ""
    buffer: str = "/var/lib/nongvu/buffer.sqlite"
    #: A line: kind and its settings.
    bus: dict[str, str | int] = field(default_factory=dict)
    units: tuple[NewUnit, ...] = ()


def text_of(new: NewGateway) -> str:
    """TOML text with a word on every setting that people ask about."""
    document = tomlkit.document()
    document.add(tomlkit.comment("A gateway of Nông Vụ; 'nongvu edge check' says what is wrong with it."))
    document["gateway"] = _table({"code": new.code})
    broker = _table({"url": new.url})
    for name in ("password_file", "authority"):
        if getattr(new, name):
            broker.add(name, getattr(new, name))
    document["broker"] = broker
    buffer = _table({"path": new.buffer})
    buffer.add(tomlkit.comment("oldest readings of least importance are dropped above: megabytes = 512, days = 60"))
    document["buffer"] = buffer
    if new.bus:
        bus = _table(new.bus)
        units = tomlkit.aot()
        for unit in new.units:
            row: dict[str, str | int | float] = {"name": unit.name, "station": unit.station, "model": unit.model}
            row |= {"unit": unit.unit, "interval": unit.interval}
            if unit.level:
                row["level"] = unit.level
            units.append(_table(row))
        if new.units:
            bus.add("unit", units)
        buses = tomlkit.aot()
        buses.append(bus)
        document["bus"] = buses
    return tomlkit.dumps(document)


def _table(values: Mapping[str, str | int | float]) -> Table:
    table = tomlkit.table()
    for key, value in values.items():
        table.add(key, value)
    return table
