"""Binary: COPY … (FORMAT BINARY) ⇄ numpy structured arrays, without Python work per row.

A layout names the columns of a COPY and their PostgreSQL types, all of fixed width; missing floats are NaN, other
missing values do not travel. Times are ``datetime64[us]`` in UTC; PostgreSQL's ±infinity are the ends of its range.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, LiteralString

import numpy as np
import numpy.typing as npt
from psycopg import AsyncCursor, Cursor
from psycopg.abc import Params

Array = npt.NDArray[Any]

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = _SIGNATURE + bytes(8)  # no flags, no extension
_TRAILER = b"\xff\xff"

#: PostgreSQL type → (type on the wire, type in arrays).
_TYPES: Final = {
    "bool": ("u1", "?"),
    "int2": (">i2", "i2"),
    "int4": (">i4", "i4"),
    "int8": (">i8", "i8"),
    "float4": (">f4", "f4"),
    "float8": (">f8", "f8"),
    "timestamptz": (">i8", "M8[us]"),
    "date": (">i4", "M8[D]"),
}
#: Start of PostgreSQL's time and date counts.
_EPOCH_MICROSECONDS = np.datetime64("2000-01-01", "us").astype(np.int64)
_EPOCH_DAYS = int(np.datetime64("2000-01-01", "D").astype(np.int64))
_LAST = np.iinfo(np.int64).max
#: PostgreSQL's infinity and -infinity in arrays; NaT is the least integer and stays free.
INFINITY = np.datetime64(int(_LAST), "us")
MINUS_INFINITY = np.datetime64(-int(_LAST), "us")


class BinaryError(ValueError):
    """Rows that a binary COPY would store wrongly or cannot carry; never worth another try."""


@dataclass(frozen=True)
class Layout:
    """Columns of a COPY, in order, with their PostgreSQL types."""

    columns: dict[str, str]
    dtype: np.dtype[Any] = field(init=False)
    _wire: np.dtype[Any] = field(init=False)

    def __post_init__(self) -> None:
        """Derive the array type and the type of a row on the wire."""
        unknown = sorted(set(self.columns.values()) - set(_TYPES))
        if unknown:
            message = f"no fixed-width column type: {', '.join(unknown)}; know {', '.join(_TYPES)}"
            raise BinaryError(message)
        fields: list[tuple[str, str]] = [("", ">i2")]
        for name, kind in self.columns.items():
            fields += [(f"length {name}", ">i4"), (name, _TYPES[kind][0])]
        fields[0] = ("fields", ">i2")
        object.__setattr__(self, "_wire", np.dtype(fields))
        object.__setattr__(self, "dtype", np.dtype([(name, _TYPES[kind][1]) for name, kind in self.columns.items()]))

    def empty(self, rows: int) -> Array:
        """Uninitialised array of this layout."""
        return np.empty(rows, self.dtype)

    def encode(self, array: Array) -> bytes:
        """Bytes of a whole binary COPY; `BinaryError` where a value does not fit its column."""
        rows = np.empty(len(array), self._wire)
        rows["fields"] = len(self.columns)
        for name, kind in self.columns.items():
            rows[f"length {name}"] = self._wire[name].itemsize
            rows[name] = _to_wire(name, kind, array[name])
        return b"".join((_HEADER, rows.tobytes(), _TRAILER))

    def decode(self, payload: bytes) -> Array:
        """Array of the bytes of a whole binary COPY."""
        body = _body(payload)
        width = self._wire.itemsize
        count, rest = divmod(len(body), width)
        rows = np.frombuffer(body, self._wire, count=count) if rest == 0 else None
        if rows is None or not self._uniform(rows):
            return self._decode_slowly(body)
        array = self.empty(count)
        for name, kind in self.columns.items():
            array[name] = _from_wire(kind, rows[name])
        return array

    def _uniform(self, rows: Array) -> bool:
        return bool((rows["fields"] == len(self.columns)).all()) and all(
            bool((rows[f"length {name}"] == self._wire[name].itemsize).all()) for name in self.columns
        )

    def _decode_slowly(self, body: memoryview) -> Array:
        """Rows with NULLs have no fixed width: walk over them, NULL becoming NaN or NaT."""
        found: list[bytes] = []
        position = 0
        while position < len(body):
            if int.from_bytes(body[position : position + 2], "big") != len(self.columns):
                message = f"the statement returns other columns than {', '.join(self.columns)}"
                raise BinaryError(message)
            position += 2
            for name, kind in self.columns.items():
                length = int.from_bytes(body[position : position + 4], "big", signed=True)
                position += 4
                width = self._wire[name].itemsize
                if length not in (-1, width):
                    message = f"column {name} is {length} bytes wide, not {width}: cast it to {kind} in the statement"
                    raise BinaryError(message)
                found.append(_missing(name, kind) if length < 0 else bytes(body[position : position + width]))
                position += max(length, 0)
        flat = np.dtype([(name, _TYPES[kind][0]) for name, kind in self.columns.items()])
        rows = np.frombuffer(b"".join(found), flat)
        array = self.empty(len(rows))
        for name, kind in self.columns.items():
            array[name] = _from_wire(kind, rows[name])
        return array


def layout(**columns: str) -> Layout:
    """Layout of columns in order, e.g. ``layout(time="timestamptz", value="float8")``."""
    return Layout(columns)


#: What `reading` is written from and read into.
READING = layout(phenomenon_time="timestamptz", result="float8", datastream_id="int4", flag="int4", batch_id="int4")


async def copy_in(cursor: AsyncCursor[Any], statement: LiteralString, columns: Layout, array: Array) -> int:
    """Write an array by ``COPY … FROM STDIN (FORMAT BINARY)`` and return the number of rows."""
    payload = columns.encode(array)
    async with cursor.copy(statement) as copy:
        await copy.write(payload)
    return len(array)


async def copy_out(
    cursor: AsyncCursor[Any], statement: LiteralString, columns: Layout, parameters: Params | None = None
) -> Array:
    """Read an array by ``COPY (SELECT …) TO STDOUT (FORMAT BINARY)``."""
    async with cursor.copy(statement, parameters) as copy:
        return columns.decode(b"".join([bytes(part) async for part in copy]))


def copy_in_now(cursor: Cursor[Any], statement: LiteralString, columns: Layout, array: Array) -> int:
    """Write like `copy_in`, waiting for it."""
    with cursor.copy(statement) as copy:
        copy.write(columns.encode(array))
    return len(array)


def copy_out_now(
    cursor: Cursor[Any], statement: LiteralString, columns: Layout, parameters: Params | None = None
) -> Array:
    """Read like `copy_out`, waiting for it."""
    with cursor.copy(statement, parameters) as copy:
        return columns.decode(b"".join(bytes(part) for part in copy))


def _body(payload: bytes) -> memoryview:
    if not payload.startswith(_SIGNATURE) or len(payload) < len(_HEADER) + 2 or payload[-2:] != _TRAILER:
        message = "no whole binary COPY: it was cut short"
        raise BinaryError(message)
    extension = int.from_bytes(payload[15:19], "big")
    return memoryview(payload)[19 + extension : -2]


def _to_wire(name: str, kind: str, values: Array) -> Array:
    if kind == "timestamptz":
        return _microseconds(name, values)
    if kind == "date":
        _refuse(name, np.isnat(values), "has dates that are not given")
        return values.astype("M8[D]").astype(np.int64) - _EPOCH_DAYS
    if kind.startswith("int"):
        _refuse(
            name, values != np.trunc(values) if values.dtype.kind == "f" else None, f"has values that are no {kind}"
        )
        limits = np.iinfo(_TYPES[kind][1])
        # psycopg and numpy both wrap integers without a word
        _refuse(name, (values < limits.min) | (values > limits.max), f"has values beyond {kind}")
    if kind == "float4":
        _refuse(name, np.isfinite(values) & (np.abs(values) > np.finfo("f4").max), "has values beyond float4")
    return values


def _microseconds(name: str, values: Array) -> Array:
    moments = values.astype("M8[us]")
    _refuse(name, np.isnat(moments), "has times that are not given")
    counts = moments.astype(np.int64)
    infinite = np.abs(counts) == _LAST
    # numpy reaches further back than PostgreSQL does (4713 BC)
    _refuse(name, ~infinite & ((counts < -210_866_803_200_000_000) | (counts > _LAST - 946_684_800_000_000)),
            "has times beyond timestamptz")  # fmt: skip
    shifted = counts - _EPOCH_MICROSECONDS
    if infinite.any():
        shifted[counts == _LAST] = _LAST
        shifted[counts == -_LAST] = np.iinfo(np.int64).min
    return shifted


def _from_wire(kind: str, values: Array) -> Array:
    if kind == "date":
        return (values.astype(np.int64) + _EPOCH_DAYS).astype("M8[D]")
    if kind != "timestamptz":
        return values
    counts = values.astype(np.int64)
    endless = counts == _LAST
    startless = counts == np.iinfo(np.int64).min
    moments = counts + _EPOCH_MICROSECONDS
    if endless.any() or startless.any():
        moments[endless], moments[startless] = _LAST, -_LAST
        moments[counts == _MISSING_TIME] = np.iinfo(np.int64).min  # NaT
    elif (counts == _MISSING_TIME).any():
        moments[counts == _MISSING_TIME] = np.iinfo(np.int64).min
    return moments.view("M8[us]")


#: Stands for NULL while rows are walked over; no time that PostgreSQL knows.
_MISSING_TIME = int(np.iinfo(np.int64).min) + 1


def _missing(name: str, kind: str) -> bytes:
    if kind.startswith("float"):
        return np.array(np.nan, _TYPES[kind][0]).tobytes()
    if kind == "timestamptz":
        return _MISSING_TIME.to_bytes(8, "big", signed=True)
    message = f"column {name} has NULLs, which {kind} cannot show in an array: coalesce it in the statement"
    raise BinaryError(message)


def _refuse(name: str, wrong: Array | None, says: str) -> None:
    if wrong is not None and bool(np.any(wrong)):
        message = f"column {name} {says}: the first is row {int(np.argmax(wrong))}"
        raise BinaryError(message)
