"""A page of a list as CSV, Parquet or an Arrow stream; columns are the fields of its items' model."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from io import BytesIO, StringIO
from types import NoneType, UnionType
from typing import Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

from api.protocol.problems import Problem

#: Kinds that have a column type of their own; everything else is text, objects and arrays as JSON.
PLAIN: tuple[type, ...] = (bool, int, float, datetime, date)


def kinds(model: type[BaseModel]) -> dict[str, type]:
    """Kind of each column of a model."""
    return {name: _kind(field.annotation) for name, field in model.model_fields.items()}


def _kind(annotation: object) -> type:
    several = get_args(annotation) if get_origin(annotation) in {Union, UnionType} else (annotation,)
    found = [kind for kind in several if kind is not NoneType]
    return found[0] if len(found) == 1 and found[0] in PLAIN else str


def _cell(value: object, kind: type) -> object:
    if kind is datetime and isinstance(value, str):
        return datetime.fromisoformat(value)
    if value is None or isinstance(value, str) or (kind is not str and not isinstance(value, dict | list)):
        return value
    return msgspec.json.encode(value).decode()


def as_csv(items: Sequence[Mapping[str, object]], columns: dict[str, type]) -> bytes:
    """Lines of CSV (RFC 4180); times as in JSON."""
    sheet = StringIO()
    writer = csv.writer(sheet)
    writer.writerow(columns)
    for item in msgspec.json.decode(msgspec.json.encode(items)):
        writer.writerow([_cell(item.get(name), str) for name in columns])
    return sheet.getvalue().encode()


def as_columns(items: Sequence[Mapping[str, object]], columns: dict[str, type], chosen: str) -> bytes:
    """Bytes of a Parquet file or an Arrow stream."""
    if find_spec("pyarrow") is None:
        raise Problem(501, "this installation has no Parquet: pip install 'nongvu[export]', or ask for CSV")
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), datetime: pa.timestamp("us", "UTC"),
             date: pa.date32(), str: pa.string()}  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    rows = [{name: _cell(item.get(name), kind) for name, kind in columns.items()} for item in items]
    table, sink = pa.Table.from_pylist(rows, schema=schema), BytesIO()
    if chosen == "parquet":
        pq.write_table(table, sink, compression="zstd")
    else:
        with pa.ipc.new_stream(sink, schema) as writer:
            writer.write_table(table)
    return sink.getvalue()
