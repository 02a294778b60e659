"""Tables ⇄ numpy structured arrays, without Python work per row.

A layout names columns and their PostgreSQL types, all of fixed width. In they go by COPY … (FORMAT BINARY), or as
parameters of a statement, a `column` each; out they come as one row of arrays, one a column, since libpq hands over a
COPY row by row (measured: two to three times slower).
NULL is NaN or NaT; other missing values do not travel. Times are ``datetime64[us]`` in UTC; PostgreSQL's ±infinity are
the ends of its range.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, LiteralString

import numpy as np
import numpy.typing as npt
from psycopg import AsyncCursor, Cursor, adapters
from psycopg._cursor_base import BaseCursor
from psycopg.abc import Params
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.rows import TupleRow

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
#: PostgreSQL's own numbers of these types.
_NUMBERS: Final = {"bool": 16, "int2": 21, "int4": 23, "int8": 20, "float4": 700, "float8": 701, "timestamptz": 1184,
                   "date": 1082, "text": 25}  # fmt: skip
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
    """Columns in order, with their PostgreSQL types."""

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

    def selection(self, statement: LiteralString) -> LiteralString:
        """Statement that returns the rows of another (columns in this order) as one row of arrays."""
        names = [f'"{name}"' for name in self.columns]
        wanted = [_gathered(name, kind) for name, kind in zip(names, self.columns.values(), strict=True)]
        inner = statement.rstrip().removesuffix(";")
        # names of columns stand in code, never in what comes from outside
        return f"SELECT {', '.join(wanted)} FROM ({inner}\n) AS gathered ({', '.join(names)})"  # noqa: S608

    def decode(self, values: Iterable[bytes | None]) -> Array:
        """Array of the binary arrays that `selection` returns, None where there was no row; one at a time."""
        array = None
        for (name, kind), payload in zip(self.columns.items(), values, strict=True):
            if array is None:
                if payload is None:
                    return self.empty(0)
                array = self.empty(int.from_bytes(payload[12:16], "big"))
            array[name] = _from_wire(kind, _elements(name, kind, payload or b"", len(array)))
        return self.empty(0) if array is None else array


#: Of a binary array of one dimension: number of dimensions, whether it has NULLs, element type, length, lower bound.
_ARRAY_HEADER = np.dtype(
    [("dimensions", ">i4"), ("nulls", ">i4"), ("type", ">u4"), ("length", ">i4"), ("lower", ">i4")]
)


class Column(bytes):
    """An array of one type as a statement's parameter, which names the type: ``%(time)s::timestamptz[]``."""


class _ColumnDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Column) -> bytes:
        return obj


adapters.register_dumper(Column, _ColumnDumper)


def column(kind: str, values: Array) -> Column:
    """Make a parameter of an array without Python work per element; `BinaryError` where a value does not fit."""
    if not len(values):
        return Column(np.array([0, 0, _NUMBERS[kind]], ">i4").tobytes())
    header = np.array([(1, 0, _NUMBERS[kind], len(values), 1)], _ARRAY_HEADER).tobytes()
    if kind == "text":
        return Column(header + _texts(values))
    elements = np.empty(len(values), [("length", ">i4"), ("value", _TYPES[kind][0])])
    elements["length"] = elements.dtype["value"].itemsize
    elements["value"] = _to_wire("parameter", kind, values)
    return Column(header + elements.tobytes())


def _texts(values: Array) -> bytes:
    """Elements of different length: each of the few texts is encoded once, then they are laid behind each other."""
    texts = values.tolist()
    encoded = {text: text.encode() for text in set(texts)}
    elements = {text: len(bare).to_bytes(4, "big") + bare for text, bare in encoded.items()}
    return b"".join(map(elements.__getitem__, texts))


def instants(times: Sequence[datetime]) -> Array:
    """Array of aware times, datetime64[us]; many of them are the same."""
    naive = {moment: moment.astimezone(UTC).replace(tzinfo=None) for moment in set(times)}
    return np.array([naive[moment] for moment in times], dtype="datetime64[us]")


#: Stands for a NULL time on its way: the earliest that PostgreSQL knows, and its count.
_NO_TIME, _NO_TIME_COUNT = "4714-11-24 00:00:00+00 BC", -211_813_488_000_000_000


def _gathered(name: str, kind: str) -> str:
    """One column as an array, NULLs replaced where an array has a sign for them."""
    typed = f"{name}::{kind}"
    if kind.startswith("float"):
        return f"array_agg(coalesce({typed}, 'NaN'))"
    return f"array_agg(coalesce({typed}, '{_NO_TIME}'))" if kind == "timestamptz" else f"array_agg({typed})"


def _elements(name: str, kind: str, payload: bytes, length: int) -> Array:
    """Elements of a binary array of fixed width."""
    header = np.frombuffer(payload, _ARRAY_HEADER, count=1)[0]
    if header["nulls"]:
        message = f"column {name} has NULLs, which {kind} cannot show in an array: coalesce it in the statement"
        raise BinaryError(message)
    element = np.dtype([("length", ">i4"), ("value", _TYPES[kind][0])])
    values: Array = np.frombuffer(payload, element, count=length, offset=_ARRAY_HEADER.itemsize)["value"]
    return values


def layout(**columns: str) -> Layout:
    """Layout of columns in order, e.g. ``layout(time="timestamptz", value="float8")``."""
    return Layout(columns)


#: What `reading` is written from and read into.
READING = layout(phenomenon_time="timestamptz", result="float8", datastream_id="int4", flag="int4", batch_id="int4")


async def copy_in(cursor: AsyncCursor[TupleRow], statement: LiteralString, columns: Layout, array: Array) -> int:
    """Write an array by ``COPY … FROM STDIN (FORMAT BINARY)`` and return the number of rows."""
    payload = columns.encode(array)
    async with cursor.copy(statement) as copy:
        await copy.write(payload)
    return len(array)


async def gather(
    cursor: AsyncCursor[TupleRow],
    statement: LiteralString,
    columns: Layout,
    parameters: Params | None = None,
    *,
    prepare: bool = False,
) -> Array:
    """Rows of a SELECT as an array; planned for these parameters unless it is to be prepared."""
    await cursor.execute(columns.selection(statement), parameters, prepare=prepare, binary=True)
    return columns.decode(_only_row(cursor))


def copy_in_now(cursor: Cursor[TupleRow], statement: LiteralString, columns: Layout, array: Array) -> int:
    """Write like `copy_in`, waiting for it."""
    with cursor.copy(statement) as copy:
        copy.write(columns.encode(array))
    return len(array)


def gather_now(
    cursor: Cursor[TupleRow], statement: LiteralString, columns: Layout, parameters: Params | None = None
) -> Array:
    """Read like `gather`, waiting for it."""
    cursor.execute(columns.selection(statement), parameters, prepare=False, binary=True)
    return columns.decode(_only_row(cursor))


def _only_row(cursor: BaseCursor[Any, Any]) -> Iterable[bytes | None]:
    result = cursor.pgresult
    if result is None or result.ntuples != 1:
        raise BinaryError("the statement returns no rows at all: it is no SELECT")
    return (result.get_value(0, column) for column in range(result.nfields))


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
    moments = counts + _EPOCH_MICROSECONDS
    if len(counts) and (counts.max() == _LAST or counts.min() <= _NO_TIME_COUNT):
        moments[counts == _LAST] = _LAST
        moments[counts == np.iinfo(np.int64).min] = -_LAST
        moments[counts == _NO_TIME_COUNT] = np.iinfo(np.int64).min  # NaT
    return moments.view("M8[us]")


def _refuse(name: str, wrong: Array | None, says: str) -> None:
    if wrong is not None and bool(np.any(wrong)):
        message = f"column {name} {says}: the first is row {int(np.argmax(wrong))}"
        raise BinaryError(message)
