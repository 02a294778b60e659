"""Settings of buses: lines, the devices on them, and what an installed device does differently from its model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from edge.schema import Data, check, setting
from edge.sensor import Register, SensorModel
from edge.settings_base import checked_code, checked_level


class Override(Data):
    """What one installed device does differently from its model's register."""

    address: int | None = setting(default=None, ge=0, le=0xFFFF)
    type: str | None = None
    order: str | None = None
    scale: float | None = None
    before: float | None = None
    after: float | None = None
    unit: str | None = None
    level: str | None = None


def _on_the_shelf(name: str, models: Mapping[str, SensorModel] | None) -> str:
    """Name of a model that the models with which the file is read have, or `ValueError`."""
    if models is not None and name not in models:
        message = f"no model {name!r}: see 'nongvu edge models'"
        raise ValueError(message)
    return name


class Unit(Data):
    """One device on a bus."""

    name: str = setting(min_length=1, max_length=63)
    station: str
    model: str
    unit: int = setting(ge=0, le=255)
    #: Time between two readings [s].
    interval: float = setting(gt=0, le=86_400)
    #: Level of all its quantities, or of some.
    level: str = ""
    levels: dict[str, str] = setting(default_factory=dict)
    #: Height above ground [m].
    height: float | None = None
    serial: str = ""
    #: Only these quantities, or all but those.
    only: tuple[str, ...] | None = None
    omit: tuple[str, ...] = ()
    overrides: dict[str, Override] = setting(default_factory=dict)
    #: Other ways of the model to read a quantity.
    variants: tuple[str, ...] = ()
    #: Longest wait for one answer [s].
    timeout: float = setting(default=1.0, gt=0, le=30)
    retries: int = setting(default=1, ge=0, le=5)
    #: 0 is dropped first when the buffer is full.
    importance: int = setting(default=1, ge=0, le=9)
    #: Longest time without a reading for which a counter's increment is still one reading [s].
    counter_gap: float = setting(default=21_600, gt=0)

    _check_station = check(checked_code, "station")
    _check_level = check(checked_level, "level")

    _check_model = check(_on_the_shelf, "model", with_context=True)


class _Bus(Data):
    name: str = setting(min_length=1, max_length=63)
    units: tuple[Unit, ...] = setting(default=(), alias="unit")
    #: Silence between two requests [s]; absent: what the line needs.
    gap: float | None = setting(default=None, ge=0, le=5)


class TcpBus(_Bus):
    """Modbus TCP, or RTU frames over TCP (a serial device server)."""

    kind: Literal["modbus_tcp", "modbus_rtu_over_tcp"]
    host: str = setting(min_length=1)
    port: int = setting(default=502, ge=1, le=65_535)


class SerialBus(_Bus):
    """Modbus RTU on a serial line."""

    kind: Literal["modbus_rtu"]
    device: str = setting(min_length=1)
    baud_rate: int = setting(default=9600, ge=300, le=921_600)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


Bus = Annotated[TcpBus | SerialBus, setting(discriminator="kind")]


def registers_of(unit: Unit, model: SensorModel) -> tuple[Register, ...]:
    """Registers of a device as it is installed: chosen, placed and corrected; `ValueError` names what is wrong."""
    known = {register.name for register in model.registers} | {register.quantity for register in model.registers}
    asked = {*(unit.only or ()), *unit.omit, *unit.levels, *unit.overrides}
    if strange := sorted(asked - known):
        message = f"model {model.name} has no {', '.join(strange)}; it has {', '.join(sorted(known))}"
        raise ValueError(message)
    ways = {register.variant for register in model.registers} - {""}
    if unknown := sorted(set(unit.variants) - ways):
        message = f"model {model.name} has no variant {', '.join(unknown)}; it has {', '.join(sorted(ways)) or 'none'}"
        raise ValueError(message)
    replaced = {register.name for register in model.registers if register.variant in unit.variants and register.variant}
    chosen = []
    for register in model.registers:
        if register.variant not in unit.variants if register.variant else register.name in replaced:
            continue
        names = {register.name, register.quantity}
        wanted = names & set(unit.only) if unit.only is not None else not register.optional
        if not wanted or names & set(unit.omit):
            continue
        chosen.append(_installed(register, unit))
    return tuple(chosen)


def _installed(register: Register, unit: Unit) -> Register:
    changes: dict[str, Any] = {}
    level = unit.levels.get(register.name, unit.levels.get(register.quantity, unit.level))
    if level:
        changes["level"] = level
    override = unit.overrides.get(register.name, unit.overrides.get(register.quantity))
    if override is not None:
        changes |= override.model_dump(exclude_none=True)
    return Register.model_validate({**register.model_dump(), **changes}) if changes else register
