"""What a kind of device says in its registers, given as data; decoding is pure."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from edge.modbus_register import Order, RegisterType, field, number, width, words_of
from edge.schema import Data, DataError, check, setting
from edge.settings_base import checked_level, checked_quantity
from edge.unit_of_measure import conversion, tidy
from telemetry.quantities import QUANTITIES

#: The shelf of sensor models that come with the program.
SHELF = Path(__file__).parent / "sensors"

_Address = Annotated[int, setting(ge=0, le=0xFFFF)]


class Counter(Data):
    """The register counts for ever; its readings are increments."""

    #: One above the highest count; absent where the counter never wraps.
    modulus: int | None = setting(default=None, gt=1)
    #: Most that this gauge can count in a minute [the quantity's unit], where its maker says.
    per_minute: float | None = setting(default=None, gt=0)


class Register(Data):
    """One quantity of a device: value = ((raw + before) × scale + after), in ``unit``."""

    quantity: str
    #: 0-based address of the first word, as it goes over the line.
    address: _Address
    type: RegisterType = "u16"
    order: Order = "ABCD"
    #: First and last bit (0 is the lowest) where the value is a part of the word.
    bits: tuple[int, int] | None = None
    scale: float = 1.0
    before: float = 0.0
    after: float = 0.0
    #: Unit after scaling; empty where it is the quantity's own.
    unit: str = ""
    level: str = ""
    #: Raw values that mean "no value".
    invalid: tuple[int, ...] = ()
    #: Raw values outside are no values either.
    valid: tuple[float, float] | None = None
    #: Meaning of each raw number, where it is a code.
    codes: dict[str, float] | None = None
    counter: Counter | None = None
    basis: Literal["measured", "estimated"] = "measured"
    #: Function code, where it differs from the model's.
    function: Literal[3, 4] | None = None
    #: False where no public source confirms this row: compare with the display at commissioning.
    verified: bool = True
    #: Left out unless a gateway's file asks for it.
    optional: bool = False
    #: Name of another way to read the same quantity, which a gateway's file may choose for a device.
    variant: str = ""
    note: str = ""

    _check_quantity = check(checked_quantity, "quantity")
    _check_level = check(checked_level, "level")

    def _check(self) -> None:
        conversion(self.unit, QUANTITIES[self.quantity].unit)
        if self.bits and not 0 <= self.bits[0] <= self.bits[1] < width(self.type) * 16:
            message = f"bits {self.bits} are outside {self.type}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """Name as it travels: ``<quantity>[/<level>]``."""
        return f"{self.quantity}/{self.level}" if self.level else self.quantity

    @property
    def last(self) -> int:
        """Address of the last word."""
        return self.address + width(self.type) - 1

    def raw(self, words: Sequence[int]) -> float | None:
        """Raw number of the register's words; None where it is no value."""
        try:
            raw = number(words, self.type, self.order)
        except ValueError:
            return None
        if self.bits is not None:
            raw = field(int(raw), *self.bits)
        if not math.isfinite(raw) or raw in self.invalid:
            return None
        if self.valid is not None and not self.valid[0] <= raw <= self.valid[1]:
            return None
        return raw

    def value(self, raw: float) -> float | None:
        """Value [the quantity's unit] of a raw number (of a counter: of a difference of raw numbers), if it is one."""
        if self.codes is not None:
            return self.codes.get(str(int(raw)))
        before = 0.0 if self.counter else self.before
        scaled = (raw + before) * self.scale + (0.0 if self.counter else self.after)
        value = tidy(conversion(self.unit, QUANTITIES[self.quantity].unit)(scaled))
        return value if math.isfinite(value) else None

    def words(self, value: float) -> list[int]:
        """Words a device would answer for a value [``unit``]; for simulators and examples."""
        return words_of((value - self.after) / self.scale - self.before, self.type, self.order)


class Serial(Data):
    """Line settings that the device leaves the factory with."""

    baud_rate: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class Probe(Data):
    """How to recognise the device: a register that answers so."""

    address: _Address
    function: Literal[3, 4] | None = None
    count: int = setting(default=1, ge=1, le=8)
    #: Words expected, each a range (lowest, highest).
    expect: tuple[tuple[int, int], ...] = ()


class Example(Data):
    """A worked example: words from a datasheet or a capture, and the readings they mean."""

    source: str
    words: dict[str, int]
    readings: dict[str, float]
    #: Names that must be absent: sentinels.
    absent: tuple[str, ...] = ()


class SensorModel(Data):
    """A kind of device."""

    name: str = setting(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    title: str
    #: Where the map comes from.
    sources: tuple[str, ...] = setting(min_length=1)
    function: Literal[3, 4] = 3
    #: Factory address on the bus.
    unit: int = setting(default=1, ge=1, le=247)
    #: Shortest time between two reads [s].
    minimum_interval: float = setting(default=0.0, ge=0)
    #: Most words in one request.
    largest_read: int = setting(default=64, ge=1, le=125)
    #: Longest hole of words that nobody asked for, read along to save a request.
    largest_hole: int = setting(default=8, ge=0, le=60)
    #: Pause that the device needs after an answer [s].
    pause: float = setting(default=0.0, ge=0, le=5)
    #: Addresses (first, last) that must not be touched.
    forbidden: tuple[tuple[int, int], ...] = ()
    serial: Serial = Serial()
    probe: Probe | None = None
    registers: tuple[Register, ...] = setting(min_length=1, alias="register")
    examples: tuple[Example, ...] = setting(default=(), alias="example")
    verified: bool = True
    note: str = ""

    def _check(self) -> None:
        names = [register.name for register in self.registers if not (register.optional or register.variant)]
        if twice := {name for name in names if names.count(name) > 1}:
            message = f"said twice: {', '.join(sorted(twice))}; give one a level or mark it optional"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one register said: raw for counters, value for all others."""

    register: Register
    raw: float


def take(registers: Sequence[Register], words: Mapping[tuple[int, int], int], function: int) -> list[Taken]:
    """Raw numbers of the registers whose words were read; keys of ``words`` are (function, address)."""
    taken = []
    for register in registers:
        code = register.function or function
        found = [words.get((code, address)) for address in range(register.address, register.last + 1)]
        present = [word for word in found if word is not None]
        if len(present) == len(found) and (raw := register.raw(present)) is not None:
            taken.append(Taken(register, raw))
    return taken


def decode(model: SensorModel, words: Mapping[int, int]) -> dict[str, float]:
    """Readings by name [each quantity's unit] of a device's words by address; counters say their count."""
    keyed = {(code, address): word for address, word in words.items() for code in (3, 4)}
    registers = [register for register in model.registers if not register.variant]
    found = {item.register.name: item.register.value(item.raw) for item in take(registers, keyed, model.function)}
    return {name: value for name, value in found.items() if value is not None}


class SensorModelError(ValueError):
    """A sensor model that cannot be used; names the file, every problem and the remedy."""


def load(path: Path) -> SensorModel:
    """Model of a TOML file."""
    try:
        model = SensorModel.model_validate(tomllib.loads(path.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SensorModelError(f"{path}: not TOML: {error}") from error
    except DataError as error:
        raise SensorModelError(f"{path}: {error}") from error
    if model.name != path.stem:
        raise SensorModelError(f"{path}: the file of model {model.name!r} is called {model.name}.toml")
    return model


@cache
def shelf(user: Path | None = None) -> dict[str, SensorModel]:
    """All models by name: those that come with the program, and a user's folder, whose models win."""
    folders = [SHELF, *([user] if user else [])]
    return {path.stem: load(path) for folder in folders for path in sorted(folder.glob("*.toml"))}
