"""What a pack and a bundle are in the buffer, and whether a row is still what was written; pure."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from telemetry.pack import Label, PackKind, Stream
from telemetry.reading import Reading

SCHEMA = """
CREATE TABLE IF NOT EXISTS bundle(
  id INTEGER PRIMARY KEY AUTOINCREMENT, importance INTEGER NOT NULL, clock TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, readings INTEGER NOT NULL, body BLOB NOT NULL,
  checksum INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS bundle_order ON bundle(importance, id);
CREATE TABLE IF NOT EXISTS pack(
  id INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, stream TEXT NOT NULL, sequence INTEGER NOT NULL,
  kind TEXT NOT NULL, redated INTEGER NOT NULL, trace TEXT NOT NULL, importance INTEGER NOT NULL,
  first INTEGER NOT NULL, readings INTEGER NOT NULL, content_type TEXT NOT NULL, payload BLOB NOT NULL,
  checksum INTEGER NOT NULL, UNIQUE(boot, stream, sequence));
CREATE TABLE IF NOT EXISTS memory(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
"""

PACK_COLUMNS = (
    "id, boot, stream, sequence, kind, redated, trace, importance, first, readings, content_type, payload, checksum"
)
BUNDLE_COLUMNS = "id, importance, clock, first, last, readings, body, checksum"

_BODY = msgspec.msgpack.Encoder()
_READINGS = msgspec.msgpack.Decoder(list[tuple[str, str, int, float, str]])


@dataclass(frozen=True, slots=True)
class FormedPack:
    """A pack as it was first sent; every later sending repeats it byte for byte."""

    id: int
    label: Label
    content_type: str
    payload: bytes
    readings: int
    importance: int
    #: Event time of its oldest reading [ms].
    first: int

    @property
    def key(self) -> tuple[str, Stream, int]:
        """What a receipt names it by."""
        return (self.label.boot, self.label.stream, self.label.sequence)


@dataclass(frozen=True, slots=True)
class Bundle:
    """Readings that were taken together and are in no pack yet."""

    id: int
    importance: int
    #: Empty where the readings bear event time; else the machine's start to which their times [ms] are relative.
    clock: str
    readings: list[Reading]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Readings that are in no pack yet."""

    #: Those that can go into one, and those that still wait for event time.
    dated: int = 0
    undated: int = 0
    #: Event time of the oldest dated one [ms].
    oldest: int | None = None


def checksum(*fields: object) -> int:
    """CRC-32 over the fields of a row."""
    value = 0
    for item in fields:
        data = item if isinstance(item, bytes) else str(item).encode()
        value = zlib.crc32(len(data).to_bytes(4, "big") + data, value)
    return value


def pack_body(readings: Sequence[Reading]) -> bytes:
    """Bytes of readings in a bundle."""
    return _BODY.encode([(item.station, item.quantity, item.time, item.value, item.level) for item in readings])


def unpack_body(body: bytes) -> list[Reading]:
    """Readings of a bundle's bytes."""
    return [Reading(*item) for item in _READINGS.decode(body)]


def pack_of(number: int, row: Sequence[Any]) -> FormedPack | None:
    """Pack of a row; None where the row is not what was written."""
    *fields, check = row
    try:
        if checksum(*fields) != check:
            return None
        boot, stream, sequence, kind, redated, trace, importance, first, readings, content_type, payload = fields
        label = Label(boot, Stream(stream), sequence, PackKind(kind), redated=bool(redated), trace=trace)
    except (TypeError, ValueError):
        return None
    return FormedPack(number, label, content_type, payload, readings, importance, first)


def bundle_of(number: int, row: Sequence[Any]) -> Bundle | None:
    """Bundle of a row; None where the row is not what was written."""
    *fields, check = row
    try:
        if checksum(*fields) != check:
            return None
        return Bundle(number, fields[0], fields[1], unpack_body(fields[5]))
    except (TypeError, ValueError, msgspec.MsgspecError):
        return None
