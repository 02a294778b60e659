"""Accept: a pack's bytes → rows to store and what has to be set aside, whole packs at a time; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cbor2
import numpy as np
import numpy.typing as npt

from ingest.directory import Directory
from telemetry import wire
from telemetry.pack import CBOR, JSON, MAXIMUM_BYTES
from telemetry.quantities import QUANTITIES
from telemetry.reading import CODE, LEVEL
from telemetry.reason import Reason
from telemetry.topics import API_GATEWAY

#: As in store.flag, which pure modules do not know; a test compares them.
GOOD, FAIL, SUSPECT = 1, 4, 3
PHYSICAL_RANGE, LOCAL_RANGE, PACK_AGREEMENT, REDATED = 1 << 8, 1 << 9, 1 << 10, 1 << 21

#: Rows to store: time in microseconds since 1970-01-01 UTC.
ROWS = np.dtype([("time", "i8"), ("result", "f8"), ("datastream", "i4"), ("flag", "i4"), ("record", "i4")])

#: What is kept of a payload that is too large.
KEPT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Aside:
    """One record, or the whole pack (record -1), that is not stored."""

    record: int
    reason: Reason
    detail: str
    payload: bytes
    station: str | None = None


@dataclass(slots=True)
class Accepted:
    """What became of a pack."""

    rows: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0, ROWS))
    asides: list[Aside] = field(default_factory=list)


def one_record(payload: bytes, content_type: str, record: int) -> bytes:
    """Pack of one record of a pack, base values included, so that it can be kept and replayed by itself."""
    return _Record(payload, content_type)(record)


@dataclass(frozen=True, slots=True)
class Window:
    """Accepted event times, in seconds since 1970-01-01 UTC, inclusive."""

    oldest: float
    newest: float


def accept(
    payload: bytes, content_type: str, gateway: str, directory: Directory, window: Window, *, redated: bool = False
) -> Accepted:
    """Take a pack of readings apart: every record is either a row to store or set aside with its reason."""
    if len(payload) > MAXIMUM_BYTES:
        detail = f"{len(payload)} bytes; at most {MAXIMUM_BYTES} in a pack"
        return whole(Reason.OVERSIZED, detail, payload)
    if gateway not in directory.gateways:
        return whole(Reason.UNKNOWN_STATION, f"gateway {gateway!r} is not registered", payload)
    try:
        columns = wire.columns(payload, content_type)
    except wire.WireError as error:
        return whole(error.reason, error.detail, payload)
    one = _Record(payload, content_type)
    asides = [Aside(found.record, found.reason, found.detail, one(found.record)) for found in columns.problems]
    rows = _rows(columns, gateway, directory, window, asides, one)
    if redated:
        rows["flag"] |= REDATED
    return Accepted(rows, asides)


def whole(reason: Reason, detail: str, payload: bytes) -> Accepted:
    """Result of a pack that is set aside as a whole."""
    kept = payload[:KEPT_BYTES] if len(payload) > MAXIMUM_BYTES else payload
    return Accepted(asides=[Aside(-1, reason, _plain(detail), kept)])


def _rows(
    columns: wire.Columns,
    gateway: str,
    directory: Directory,
    window: Window,
    asides: list[Aside],
    one: Callable[[int], bytes],
) -> npt.NDArray[Any]:
    get, owners, anyone = directory.rows.get, directory.owners, gateway == API_GATEWAY
    said = list(zip(columns.name, columns.unit, strict=True))
    rows_of = {pair: get(f"{pair[0]} {pair[1]}", -1) for pair in set(said)}
    found = [rows_of[pair] for pair in said]
    row = np.array(found, np.intp)
    time, value = np.array(columns.time, np.float64), np.array(columns.value, np.float64)
    wrong = row < 0
    if not anyone:
        strangers = {index for index in set(rows_of.values()) if index >= 0 and owners[index] != gateway}
        if strangers:
            wrong |= np.isin(row, list(strangers))
    finite = np.isfinite(value)
    late, early = time < window.oldest, time > window.newest
    bad = wrong | ~finite | late | early
    if bad.any():
        wrongs = np.flatnonzero(bad).tolist()
        asides += [_aside(columns, index, gateway, directory, window, one) for index in wrongs]
        keep = ~bad
        row, time, value = row[keep], time[keep], value[keep]
        records = np.array(columns.record, np.int32)[keep]
    else:
        records = np.array(columns.record, np.int32)
    return _checked(row, time, value, records, directory)


def _checked(
    row: npt.NDArray[np.intp],
    time: npt.NDArray[np.float64],
    value: npt.NDArray[np.float64],
    records: npt.NDArray[np.int32],
    directory: Directory,
) -> npt.NDArray[Any]:
    known = directory.table[row]
    rows = np.empty(len(row), ROWS)
    rows["time"] = np.rint(time * 1000.0).astype(np.int64) * 1000  # wire resolution is a millisecond
    rows["result"] = result = value * known["factor"]
    rows["datastream"], rows["record"] = known["id"], records
    flag = known["flag"] | GOOD
    outside = (result < known["minimum"]) | (result > known["maximum"])
    unusual = (result < known["local_minimum"]) | (result > known["local_maximum"])
    if unusual.any():
        flag[unusual] = (flag[unusual] & ~0xFF) | SUSPECT | LOCAL_RANGE
    if (known["partner"] >= 0).any():
        _agree(row, rows, known, flag)
    if outside.any():
        flag[outside] = (flag[outside] & ~0xFF) | FAIL | PHYSICAL_RANGE
    rows["flag"] = flag
    return rows


def _agree(row: npt.NDArray[np.intp], rows: npt.NDArray[Any], known: npt.NDArray[Any], flag: npt.NDArray[Any]) -> None:
    """Flag both of a pair that contradict each other as suspect."""
    time = rows["time"] // 1000
    time -= time.min()
    span = int(time.max()) + 1
    if span > 2**40:  # never within the accepted window; keys below would not fit
        return
    key = row * span + time
    order = np.argsort(key, kind="stable")
    lower = np.flatnonzero(known["partner"] >= 0)
    wanted = known["partner"][lower].astype(np.int64) * span + time[lower]
    place = np.minimum(np.searchsorted(key, wanted, sorter=order), len(order) - 1)
    upper = order[place]
    wrong = (key[upper] == wanted) & (rows["result"][lower] > rows["result"][upper] + known["tolerance"][lower])
    for one in (lower[wrong], upper[wrong]):
        flag[one] = (flag[one] & ~0xFF) | SUSPECT | PACK_AGREEMENT


def _aside(
    columns: wire.Columns, index: int, gateway: str, directory: Directory, window: Window, one: Callable[[int], bytes]
) -> Aside:
    record, name, unit = columns.record[index], columns.name[index], columns.unit[index]
    reason, detail, station = _why(name, unit, gateway, directory)
    if reason is None:
        time, value = columns.time[index], columns.value[index]
        if not math.isfinite(value):
            reason, detail = Reason.NOT_FINITE, f"{value}: leave it out"
        elif time < window.oldest:
            reason, detail = Reason.TOO_OLD, f"{window.oldest - time:.0f} s older than the oldest accepted time"
        else:
            reason, detail = Reason.IN_FUTURE, f"{time - window.newest:.0f} s beyond the newest accepted time"
    return Aside(record, reason, _plain(detail), one(record), station)


def _why(  # noqa: PLR0911 — one return a reason reads best
    name: str, unit: str, gateway: str, directory: Directory
) -> tuple[Reason | None, str, str | None]:
    """Reason why a name cannot be stored, if there is one, and its station where it can be told."""
    station, colon, said = name.removeprefix(wire.URN).partition(":")
    quantity, slash, level = said.partition("/")
    well_formed = name.startswith(wire.URN) and colon and CODE.match(station) and bool(slash) == bool(level)
    if not well_formed or (level and not LEVEL.match(level)):
        return Reason.NAME, f"{name[:120]!r} is not urn:nongvu:<station>:<quantity>[/<level>]", None
    if quantity not in QUANTITIES:
        return Reason.UNKNOWN_QUANTITY, f"{quantity[:64]!r} is not in the table of quantities", station
    if unit != QUANTITIES[quantity].senml_unit:
        return (
            Reason.WRONG_UNIT,
            f"{quantity} travels in {QUANTITIES[quantity].senml_unit!r}, not {unit[:32]!r}",
            station,
        )
    if station not in directory.stations:
        return Reason.UNKNOWN_STATION, f"station {station!r} is not registered", station
    owner = directory.stations[station][1]
    if gateway not in (API_GATEWAY, owner):
        return Reason.FOREIGN_STATION, f"station {station!r} was not given to gateway {gateway!r}", station
    if name not in directory.names:
        return Reason.UNKNOWN_DATASTREAM, f"{said!r} of {station!r} was not born", station
    return None, "", station


@dataclass(slots=True)
class _Record:
    """Makes a pack of one of a record, so that it can be kept and replayed by itself."""

    payload: bytes
    content_type: str
    _rows: list[Any] | None = None

    def __call__(self, index: int) -> bytes:
        if self._rows is None:
            try:
                self._rows = json.loads(self.payload) if self.content_type == JSON else wire.load_cbor(self.payload)
            except (ValueError, RecursionError):  # fields that nobody reads may hold what Python cannot
                return self.payload
        base: dict[Any, Any] = {}
        keys = _BASE_NUMBERS if self.content_type == CBOR else _BASE_NAMES
        for row in self._rows[: index + 1]:
            if isinstance(row, dict):
                base |= {key: value for key, value in row.items() if key in keys}
        row = self._rows[index]
        return self._dump([base | row] if isinstance(row, dict) else [row])

    def _dump(self, rows: list[Any]) -> bytes:
        try:
            if self.content_type == CBOR:
                return cbor2.dumps(rows)
            return json.dumps(rows, separators=(",", ":")).encode()
        except (ValueError, TypeError, RecursionError, cbor2.CBOREncodeError):
            return self.payload  # nothing is lost: the whole pack instead of its record


_BASE_NAMES = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})
_BASE_NUMBERS = frozenset({-1, -2, -3, -4, -5, -6}) | _BASE_NAMES


def _plain(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no lone surrogate."""
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")[:500]
