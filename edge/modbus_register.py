"""Turns 16-bit words of a device into numbers and back, for any type and byte order; pure."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal, get_args

RegisterType = Literal["u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64", "bcd16", "bcd32"]
#: Order of the bytes A (highest) … D as they come over the line: words swapped, bytes swapped, or both.
Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]

TYPES: tuple[RegisterType, ...] = get_args(RegisterType)
ORDERS: tuple[Order, ...] = get_args(Order)

_FORMAT = {"u16": ">H", "i16": ">h", "u32": ">I", "i32": ">i", "f32": ">f", "u64": ">Q", "i64": ">q", "f64": ">d"}


def width(kind: RegisterType) -> int:
    """Words that a value of this type takes."""
    return {"16": 1, "32": 2, "64": 4}[kind[-2:]]


def number(words: Sequence[int], kind: RegisterType, order: Order = "ABCD") -> int | float:
    """Number that stands in ``words``; `ValueError` where they are not a number (wrong length, bad decimal digits)."""
    if len(words) != width(kind):
        message = f"{kind} takes {width(kind)} words, not {len(words)}"
        raise ValueError(message)
    data = _arranged(struct.pack(f">{len(words)}H", *words), order)
    if kind.startswith("bcd"):
        return _decimal(data)
    value: int | float = struct.unpack(_FORMAT[kind], data)[0]
    return shortest(value) if kind == "f32" else value


def words_of(value: float, kind: RegisterType, order: Order = "ABCD") -> list[int]:
    """Words in which ``value`` stands: what a device would answer (probes, simulators, tests)."""
    if kind.startswith("bcd"):
        data = bytes.fromhex(str(int(value)).zfill(width(kind) * 4))
    else:
        data = struct.pack(_FORMAT[kind], value if kind[0] == "f" else round(value))
    return list(struct.unpack(f">{width(kind)}H", _arranged(data, order)))


def field(raw: int, first: int, last: int) -> int:
    """Bits ``first`` (0 is the lowest) to ``last``, inclusive."""
    return raw >> first & (1 << last - first + 1) - 1


def shortest(value: float) -> float:
    """Number with the fewest decimal digits that is the same 32-bit float: 27.9, not 27.899999618530273."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 — NaN is not equal to itself
        return value
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        if abs(candidate) < 3.4e38 and struct.pack(">f", candidate) == struct.pack(">f", value):
            return candidate
    return value


def _arranged(data: bytes, order: Order) -> bytes:
    # each of the four orders undoes itself
    if order in ("BADC", "DCBA"):
        data = b"".join(data[at + 1 : at + 2] + data[at : at + 1] for at in range(0, len(data), 2))
    if order in ("CDAB", "DCBA"):
        data = b"".join(data[at : at + 2] for at in range(len(data) - 2, -1, -2))
    return data


def _decimal(data: bytes) -> int:
    digits = data.hex()
    if not digits.isdecimal():
        message = f"{digits} is not binary-coded decimal"
        raise ValueError(message)
    return int(digits)
