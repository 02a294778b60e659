"""JSON, CSV, Parquet or Arrow, by ``format=`` or by what the asker accepts; the last three stream."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from io import RawIOBase
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Query, Request, Response
from fastapi.responses import StreamingResponse

from api.access.dependencies import Resources
from api.protocol.etag import CACHE
from api.protocol.parameters import QUALITY_NAMES, datastream_name
from api.protocol.problems import Problem
from store import binary, visible, visible_row
from store.scope import Scope

Format = Literal["json", "csv", "parquet", "arrow"]
FormatAsked = Annotated[Format | None, Query(alias="format", description="else by the Accept header; JSON if absent")]
MEDIA_TYPES: dict[str, Format] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.apache.arrow.stream": "arrow",
}
_TYPE_OF = {name: type_ for type_, name in MEDIA_TYPES.items()}
#: What the streamed formats look like in the OpenAPI document.
STREAMED: dict[str, object] = {type_: {} for type_, name in MEDIA_TYPES.items() if name != "json"}
#: Readings are taken out in pieces of about so many rows, so that memory stays flat.
PIECE_ROWS = 25_000
READINGS = binary.layout(datastream_id="int4", time="timestamptz", value="float8", flag="int4", quality="int2")
BUCKETS = binary.layout(datastream_id="int4", time="timestamptz", value="float8", count="int4")


def wanted(request: Request, asked: Format | None) -> Format:
    """Format asked for; 406 where none of those accepted can be given."""
    if asked:
        return asked
    accepted = [part.split(";")[0].strip().lower() for part in request.headers.get("accept", "*/*").split(",")]
    for type_ in accepted:
        if type_ in MEDIA_TYPES:
            return MEDIA_TYPES[type_]
        if type_ in {"*/*", "application/*", ""}:
            return "json"
    raise Problem(406, f"can be had as {', '.join(MEDIA_TYPES)}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Readings asked for, of datastreams that were found within the asker's scope."""

    scope: Scope
    datastreams: list[visible_row.Datastream]
    times: tuple[datetime, datetime]
    qualities: list[int]
    #: Length of a bucket; None for raw values.
    every: timedelta | None
    aggregates: list[str]

    @property
    def kind(self) -> str:
        """Raw values or buckets."""
        return "readings" if self.every is None else "buckets"

    def values(self, first: datetime, last: datetime) -> dict[str, object]:
        """Parameters of the statements."""
        return {
            "datastreams": [row["id"] for row in self.datastreams],
            "beginnings": [f"{row['station']},{datastream_name(row)}," for row in self.datastreams],
            "from_time": first,
            "to_time": last,
            "qualities": self.qualities,
            "every": self.every,
            "aggregates": self.aggregates,
            "time_zone": self.time_zone,
        }

    @property
    def time_zone(self) -> str:
        """Whose midnights begin the days."""
        return str(self.datastreams[0]["time_zone"]) if self.datastreams else "UTC"

    def pieces(self) -> list[tuple[datetime, datetime]]:
        """The time cut into pieces of few enough rows, as the datastreams' intervals let expect."""
        whole = (self.times[1] - self.times[0]).total_seconds()
        rate = sum(1 / (row["interval_seconds"] or 60) for row in self.datastreams)
        seconds = max(3600.0, PIECE_ROWS / max(rate, 1e-4))
        if self.every is not None:  # fewer rows come out than go in
            bucket = self.every.total_seconds()
            seconds = max(bucket, min(seconds * 40, PIECE_ROWS * bucket / max(1, len(self.datastreams))))
        length = timedelta(seconds=min(seconds, max(1.0, whole)))
        cuts, moment = [], self.times[0]
        while moment < self.times[1]:
            cuts.append((moment, min(moment + length, self.times[1])))
            moment += length
        return cuts


async def _pieces(here: Resources, wish: Wish) -> list[tuple[datetime, datetime]]:
    """Pieces of the time that part no bucket."""
    pieces = wish.pieces()
    if wish.every is None or len(pieces) < 2:
        return pieces
    cuts = [first for first, _ in pieces[1:]]
    async with here.reading() as connection:
        found = await visible.rows(
            connection,
            visible_row.BucketStart,
            "bucket_starts",
            wish.scope,
            every=wish.every,
            time_zone=wish.time_zone,
            moments=cuts,
        )
    edges = sorted({row["start"] for row in found if wish.times[0] < row["start"] < wish.times[1]})
    return list(pairwise([wish.times[0], *edges, wish.times[1]]))


def media_type(chosen: Format) -> str:
    """Media type of a format."""
    return "text/csv; charset=utf-8; header=present" if chosen == "csv" else _TYPE_OF[chosen]


def streamed(here: Resources, wish: Wish, chosen: Format) -> Response:
    """All of it in one answer, made as it is sent."""
    if chosen != "csv" and find_spec("pyarrow") is None:
        raise Problem(501, "this installation has no Parquet: pip install 'nongvu[export]', or ask for CSV")
    made = csv(here, wish) if chosen == "csv" else columns(here, wish, chosen)
    ending = {"csv": "csv", "parquet": "parquet", "arrow": "arrows"}[chosen]
    headers = CACHE | {"Content-Disposition": f'attachment; filename="readings.{ending}"'}
    return StreamingResponse(made, media_type=media_type(chosen), headers=headers)


async def csv(here: Resources, wish: Wish) -> AsyncIterator[bytes]:
    """CSV as the database writes it (RFC 4180); no connection is held while somebody slow takes their time."""
    yield b"station,datastream,time,value," + (b"count" if wish.every else b"quality,flag") + b"\r\n"
    for first, end in await _pieces(here, wish):
        async with here.reading() as connection:
            found = await visible.row(
                connection, visible_row.Lines, f"{wish.kind}_csv", wish.scope, **wish.values(first, end)
            )
        if found and found["lines"]:
            yield found["lines"].encode()


async def columns(here: Resources, wish: Wish, chosen: Format) -> AsyncIterator[bytes]:
    """Parquet or an Arrow stream, a record batch a piece."""
    sink = Sink(wish, chosen)
    layout = READINGS if wish.every is None else BUCKETS
    for first, end in await _pieces(here, wish):
        async with here.reading() as connection:
            rows = await visible.array(connection, f"{wish.kind}_binary", wish.scope, layout, **wish.values(first, end))
        if len(rows):
            sink.write(rows)
        if written := sink.take():
            yield written
    yield sink.close()


class Pipe(RawIOBase):
    """A file that is written at one end and taken away at the other; positions count on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._position

    def write(self, part: Any) -> int:
        """Append bytes."""
        self._parts.append(bytes(part))
        self._position += len(self._parts[-1])
        return len(self._parts[-1])

    def take(self) -> bytes:
        """Bytes written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken


class Sink:
    """Turns arrays into bytes of a Parquet file or an Arrow stream."""

    def __init__(self, wish: Wish, chosen: Format) -> None:
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._pa = pa
        text = pa.dictionary(pa.int32(), pa.string())
        self._ids = np.array(sorted(row["id"] for row in wish.datastreams) or [0])
        by_id = {row["id"]: row for row in wish.datastreams}
        ordered = [by_id[number] for number in self._ids.tolist() if number in by_id]
        self._stations = pa.array([row["station"] for row in ordered], pa.string())
        self._names = pa.array([datastream_name(row) for row in ordered], pa.string())
        self._qualities = pa.array([QUALITY_NAMES.get(value, "") for value in range(10)], pa.string())
        self._raw = wish.every is None
        tail = [("quality", text), ("flag", pa.int32())] if self._raw else [("count", pa.int32())]
        self.schema = pa.schema(
            [
                ("station", text),
                ("datastream", text),
                ("time", pa.timestamp("ms", "UTC")),
                ("value", pa.float64()),
                *tail,
            ]
        )
        self._pipe = Pipe()
        file = pa.PythonFile(self._pipe, mode="w")
        self._writer = (
            pq.ParquetWriter(file, self.schema, compression="zstd")
            if chosen == "parquet"
            else pa.ipc.new_stream(file, self.schema)
        )

    def write(self, rows: binary.Array) -> None:
        """Append rows."""
        pa = self._pa
        places = pa.array(np.searchsorted(self._ids, rows["datastream_id"]).astype(np.int32))
        made = [
            pa.DictionaryArray.from_arrays(places, self._stations),
            pa.DictionaryArray.from_arrays(places, self._names),
            pa.array(rows["time"].astype("M8[ms]")).cast(pa.timestamp("ms", "UTC")),
            pa.array(np.ascontiguousarray(rows["value"])),
        ]
        if self._raw:
            known = pa.array(np.minimum(rows["quality"], 9).astype(np.int32))
            made += [pa.DictionaryArray.from_arrays(known, self._qualities)]
        made += [pa.array(np.ascontiguousarray(rows["flag" if self._raw else "count"]))]
        self._writer.write_table(pa.Table.from_arrays(made, schema=self.schema))

    def take(self) -> bytes:
        """Bytes written since the last time."""
        return self._pipe.take()

    def close(self) -> bytes:
        """Write the footer."""
        self._writer.close()
        return self.take()
