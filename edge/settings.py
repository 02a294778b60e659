"""Settings of a gateway: its TOML file, checked as a whole, every problem with its line."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from edge.place_in_file import line_of
from edge.sensor import Register, SensorModel, SensorModelError, shelf
from telemetry.broker import BrokerAddressError, address
from telemetry.quantities import QUANTITIES
from telemetry.reading import CODE, LEVEL


class GatewayFileError(ValueError):
    """A gateway's file that cannot be used: every problem, with its line; never worth another try unchanged."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _code(code: str) -> str:
    if not CODE.match(code):
        message = f"{code!r} is no code: use a-z, 0-9 and '-', at most 63 characters"
        raise ValueError(message)
    return code


def _level(level: str) -> str:
    if level and not LEVEL.match(level):
        message = f"{level!r} is no level: write a depth or height such as -0.30m, or a lower-case word"
        raise ValueError(message)
    return level


class Gateway(_Data):
    """Who it is."""

    code: str
    #: For devices that tell local time without an offset.
    time_zone: str = "Asia/Ho_Chi_Minh"
    #: Folder with sensor models of one's own.
    models: Path | None = None
    #: Time between two status messages [s].
    status_interval: float = Field(300.0, ge=5, le=86_400)

    _check_code = field_validator("code")(_code)

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError):
            message = f"{name!r} is no time zone: write one of the IANA names, such as Asia/Ho_Chi_Minh"
            raise ValueError(message) from None
        return name


class Broker(_Data):
    """Where readings go."""

    url: str
    #: User on the broker; the gateway's code where absent.
    user: str | None = None
    password_file: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    encoding: Literal["cbor", "json"] = "cbor"
    #: First wait for a receipt before a pack is sent again [s]; it doubles up to a minute.
    resend: float = Field(10.0, ge=0.2, le=600)
    keepalive: int = Field(20, ge=5, le=600)

    @field_validator("url")
    @classmethod
    def _url(cls, url: str) -> str:
        try:
            address(url.replace("mqtts:", "mqtt:"))
        except (BrokerAddressError, ValueError) as error:
            raise ValueError(str(error)) from None
        return url


class Buffer(_Data):
    """What is kept until the server has it."""

    path: Path
    megabytes: float = Field(512.0, ge=1, le=100_000)
    days: float = Field(60.0, gt=0, le=400)
    #: Readings that come within this time share one write to the card [s].
    linger: float = Field(0.2, ge=0, le=60)


class Override(_Data):
    """What one installed device does differently from its model's register."""

    address: int | None = Field(None, ge=0, le=0xFFFF)
    type: str | None = None
    order: str | None = None
    scale: float | None = None
    before: float | None = None
    after: float | None = None
    unit: str | None = None
    level: str | None = None


class Unit(_Data):
    """One device on a bus."""

    name: str = Field(min_length=1, max_length=63)
    station: str
    model: str
    unit: int = Field(ge=0, le=255)
    #: Time between two readings [s].
    interval: float = Field(gt=0, le=86_400)
    #: Level of all its quantities, or of some.
    level: str = ""
    levels: dict[str, str] = {}
    #: Height above ground [m].
    height: float | None = None
    serial: str = ""
    #: Only these quantities, or all but those.
    only: tuple[str, ...] | None = None
    omit: tuple[str, ...] = ()
    overrides: dict[str, Override] = {}
    #: Longest wait for one answer [s].
    timeout: float = Field(1.0, gt=0, le=30)
    retries: int = Field(1, ge=0, le=5)
    #: 0 is dropped first when the buffer is full.
    importance: int = Field(1, ge=0, le=9)
    #: Longest time without a reading for which a counter's increment is still one reading [s].
    counter_gap: float = Field(21_600, gt=0)

    _check_station = field_validator("station")(_code)
    _check_level = field_validator("level")(_level)


class _Bus(_Data):
    name: str = Field(min_length=1, max_length=63)
    units: tuple[Unit, ...] = Field((), alias="unit")
    #: Silence between two requests [s]; absent: what the line needs.
    gap: float | None = Field(None, ge=0, le=5)


class TcpBus(_Bus):
    """Modbus TCP, or RTU frames over TCP (a serial device server)."""

    kind: Literal["modbus_tcp", "modbus_rtu_over_tcp"]
    host: str = Field(min_length=1)
    port: int = Field(502, ge=1, le=65_535)


class SerialBus(_Bus):
    """Modbus RTU on a serial line."""

    kind: Literal["modbus_rtu"]
    device: str = Field(min_length=1)
    baud_rate: int = Field(9600, ge=300, le=921_600)
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


Bus = Annotated[TcpBus | SerialBus, Field(discriminator="kind")]


class GatewayFile(_Data):
    """The whole file."""

    gateway: Gateway
    broker: Broker
    buffer: Buffer
    buses: tuple[Bus, ...] = Field((), alias="bus")

    @model_validator(mode="after")
    def _names(self) -> GatewayFile:
        names = [bus.name for bus in self.buses] + [unit.name for bus in self.buses for unit in bus.units]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"names are given once only: {', '.join(twice)}"
            raise ValueError(message)
        return self


def registers_of(unit: Unit, model: SensorModel) -> tuple[Register, ...]:
    """Registers of a device as it is installed: chosen, placed and corrected; `ValueError` names what is wrong."""
    known = {register.name for register in model.registers} | {register.quantity for register in model.registers}
    asked = {*(unit.only or ()), *unit.omit, *unit.levels, *unit.overrides}
    if strange := sorted(asked - known):
        message = f"model {model.name} has no {', '.join(strange)}; it has {', '.join(sorted(known))}"
        raise ValueError(message)
    chosen = []
    for register in model.registers:
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


def problems_of_units(file: GatewayFile) -> list[tuple[tuple[str | int, ...], str]]:
    """What is wrong between devices and models: place in the file and problem."""
    try:
        models = shelf(file.gateway.models)
    except SensorModelError as error:
        return [(("gateway", "models"), str(error))]
    problems: list[tuple[tuple[str | int, ...], str]] = []
    seen: dict[tuple[str, str], str] = {}
    for b, bus in enumerate(file.buses):
        for u, unit in enumerate(bus.units):
            place = ("bus", b, "unit", u)
            model = models.get(unit.model)
            if model is None:
                problems.append(((*place, "model"), f"no model {unit.model!r}: see 'nongvu edge models'"))
                continue
            if unit.interval < model.minimum_interval:
                text = f"{unit.model} is read every {model.minimum_interval:g} s at most"
                problems.append(((*place, "interval"), text))
            problems += [(place, text) for text in _twice(unit, model, seen)]
    return problems


def _twice(unit: Unit, model: SensorModel, seen: dict[tuple[str, str], str]) -> list[str]:
    try:
        registers = registers_of(unit, model)
    except ValidationError as error:
        return [f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
    except ValueError as error:
        return [str(error)]
    problems = []
    for register in registers:
        other = seen.setdefault((unit.station, register.name), unit.name)
        if other != unit.name:
            problems.append(f"{unit.station}:{register.name} is also said by {other!r}: give one a level, or omit it")
    return problems


def parse(text: str) -> GatewayFile:
    """Settings of a gateway's TOML text; `GatewayFileError` names every problem at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GatewayFileError([f"not TOML: {error}"]) from error
    try:
        file = GatewayFile.model_validate(data)
    except ValidationError as error:
        found = [(_loc(item["loc"]), _said(dict(item))) for item in error.errors(include_url=False)]
        raise GatewayFileError([_shown(text, place, problem) for place, problem in found]) from None
    if problems := problems_of_units(file):
        raise GatewayFileError([_shown(text, place, problem) for place, problem in problems])
    return file


def read(path: Path) -> GatewayFile:
    """Settings of a gateway's file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GatewayFileError([f"{path} cannot be read: {error}"]) from error
    return parse(text)


def sha256(text: str) -> str:
    """Name of a configuration's contents."""
    return hashlib.sha256(text.encode()).hexdigest()


def _loc(place: tuple[int | str, ...]) -> tuple[str | int, ...]:
    # pydantic puts the chosen kind of a bus between its number and its keys
    kinds = {"modbus_tcp", "modbus_rtu_over_tcp", "modbus_rtu"}
    return tuple(part for part in place if part not in kinds)


def _said(item: dict[str, Any]) -> str:
    if item["type"] == "extra_forbidden":
        return "there is no such setting"
    return str(item["msg"]).removeprefix("Value error, ")


def _shown(text: str, place: tuple[str | int, ...], problem: str) -> str:
    names = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    return f"line {line_of(text, place)}: {names or 'file'}: {problem}"


QUANTITY_NAMES = tuple(QUANTITIES)
