"""Which fields of a message are which quantities, given as data; taking them out is pure."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from edge.schema import Data, DataError, check, setting
from edge.settings_base import checked_level, checked_quantity
from edge.unit_of_measure import conversion, tidy
from telemetry.quantities import QUANTITIES

#: The shelf of payload models that come with the program.
SHELF = Path(__file__).parent / "payloads"


class PayloadField(Data):
    """One quantity of a message: value = (field + before) × scale, in ``unit``."""

    #: Where it stands, keys parted by dots; decoders differ, so the first that is there counts.
    paths: tuple[str, ...] = setting(min_length=1)
    quantity: str
    unit: str = ""
    scale: float = 1.0
    before: float = 0.0
    level: str = ""
    #: The field grows for ever; readings are increments. ``modulus`` is one above its highest value, if it wraps.
    counter: bool = False
    modulus: int | None = None
    #: Most that this gauge can count in a minute [the quantity's unit], where its maker says.
    per_minute: float | None = setting(default=None, gt=0)
    basis: Literal["measured", "estimated"] = "measured"
    verified: bool = True
    note: str = ""

    _check_level = check(checked_level, "level")
    _check_quantity = check(checked_quantity, "quantity")

    def _check(self) -> None:
        conversion(self.unit, QUANTITIES[self.quantity].unit)

    @property
    def name(self) -> str:
        """Name as it travels: ``<quantity>[/<level>]``."""
        return f"{self.quantity}/{self.level}" if self.level else self.quantity

    def value(self, raw: float) -> float | None:
        """Value [the quantity's unit] of a number in the message (of a counter: of a difference), if it is one."""
        scaled = (raw + (0.0 if self.counter else self.before)) * self.scale
        value = tidy(conversion(self.unit, QUANTITIES[self.quantity].unit)(scaled))
        return value if math.isfinite(value) else None


class PayloadExample(Data):
    """A message from the network's or maker's documents, and the readings it means."""

    source: str
    message: dict[str, Any]
    readings: dict[str, float]


class PayloadModel(Data):
    """A kind of message."""

    name: str
    title: str
    sources: tuple[str, ...] = setting(min_length=1)
    fields: tuple[PayloadField, ...] = setting(min_length=1, alias="field")
    examples: tuple[PayloadExample, ...] = setting(default=(), alias="example")
    note: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """A message, taken apart by the source that knows its envelope."""

    #: The sensor's own time, where it has one.
    time: datetime | None
    values: Mapping[str, Any]
    #: Who sent it, where the envelope says so.
    identity: str = ""


class MessageError(ValueError):
    """A message that cannot be used, and why; never worth another try."""


def found(fields: Sequence[PayloadField], values: Mapping[str, Any]) -> list[tuple[PayloadField, float, str]]:
    """Numbers of the fields that are there, and where; text that is a number counts, everything else is no reading."""
    result = []
    for item in fields:
        for path in item.paths:
            raw = as_number(at(values, path))
            if raw is not None:
                result.append((item, raw, path))
                break
    return result


def at(values: Any, path: str) -> Any:
    """What stands at a path; None where nothing does. Keys may hold dots themselves."""
    if isinstance(values, Mapping):
        if path in values:
            return values[path]
        key, _, rest = path.partition(".")
        return at(values.get(key), rest) if rest else None
    if isinstance(values, list) and path:
        key, _, rest = path.partition(".")
        if key.isdecimal() and int(key) < len(values):
            return at(values[int(key)], rest) if rest else values[int(key)]
    return None


def as_number(value: Any) -> float | None:
    """Finite number of a JSON value; some decoders send numbers as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@cache
def payload_shelf() -> dict[str, PayloadModel]:
    """All payload models by name."""
    models = {}
    for path in sorted(SHELF.glob("*.toml")):
        try:
            models[path.stem] = PayloadModel.model_validate(tomllib.loads(path.read_text("utf-8")))
        except (tomllib.TOMLDecodeError, DataError) as error:
            raise MessageError(f"{path}: {error}") from error
    return models
