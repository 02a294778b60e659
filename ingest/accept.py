"""What becomes of a pack's bytes, whole packs at a time: rows to store, and what is set aside with its reason; pure."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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

_NO_ROWS = np.empty(0, ROWS)

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

    rows: npt.NDArray[Any] = field(default_factory=lambda: _NO_ROWS)
    asides: list[Aside] = field(default_factory=list)


def one_record(payload: bytes, content_type: str, record: int) -> bytes:
    """Pack of one record of a pack, base values included, so that it can be kept and reprocessed by itself."""
    return _Record(payload, content_type)(record)


@dataclass(frozen=True, slots=True)
class Window:
    """Accepted event times, in seconds since 1970-01-01 UTC, inclusive."""

    oldest: float
    newest: float


class Incoming(NamedTuple):
    """Bytes of a pack, and who sent them."""

    payload: bytes
    content_type: str
    gateway: str
    #: The gateway's clock was not right when these readings were taken; they were dated afterwards.
    redated: bool = False


def accept(
    payload: bytes, content_type: str, gateway: str, directory: Directory, window: Window, *, redated: bool = False
) -> Accepted:
    """Take a pack of readings apart: every record is either a row to store or set aside with its reason."""
    (found,) = accept_all([Incoming(payload, content_type, gateway, redated)], directory, window)
    return found


def accept_all(packs: Sequence[Incoming], directory: Directory, window: Window) -> list[Accepted]:
    """Take packs apart, each as if it came alone; the arrays of all are made in one go."""
    accepted, opened = [], []
    for pack in packs:
        try:
            columns = _columns(pack, directory)
        except wire.WireError as error:
            accepted.append(whole(error.reason, error.detail, pack.payload))
            continue
        one = _Record(pack.payload, pack.content_type)
        problems = [Aside(found.record, found.reason, found.detail, one(found.record)) for found in columns.problems]
        accepted.append(Accepted(asides=problems))
        opened.append(_Opened(pack, columns, one, accepted[-1]))
    if opened:
        _resolve(opened, directory, window)
    return accepted


def _columns(pack: Incoming, directory: Directory) -> wire.Columns:
    if len(pack.payload) > MAXIMUM_BYTES:
        raise wire.WireError(Reason.OVERSIZED, f"{len(pack.payload)} bytes; at most {MAXIMUM_BYTES} in a pack")
    if pack.gateway not in directory.gateways:
        raise wire.WireError(Reason.UNKNOWN_STATION, f"gateway {pack.gateway!r} is not registered")
    return wire.columns(pack.payload, pack.content_type)


def whole(reason: Reason, detail: str, payload: bytes) -> Accepted:
    """Result of a pack that is set aside as a whole."""
    kept = payload[:KEPT_BYTES] if len(payload) > MAXIMUM_BYTES else payload
    return Accepted(asides=[Aside(-1, reason, _plain(detail), kept)])


@dataclass(slots=True)
class _Opened:
    """A pack that could be decoded."""

    incoming: Incoming
    columns: wire.Columns
    one: Callable[[int], bytes]
    accepted: Accepted

    def series(self, directory: Directory) -> list[int]:
        """Row of the directory for each record; -1 where there is none, or none that this gateway may write."""
        gateway = self.incoming.gateway
        get = (directory.rows if gateway == API_GATEWAY else directory.rows_of.get(gateway, {})).get
        return [get(said, -1) for said in self.columns.said]


def _resolve(opened: list[_Opened], directory: Directory, window: Window) -> None:
    """Give each pack its rows, and set aside what is none."""
    row = np.array([number for pack in opened for number in pack.series(directory)], np.intp)
    time = np.array([moment for pack in opened for moment in pack.columns.time], np.float64)
    value = np.array([number for pack in opened for number in pack.columns.value], np.float64)
    record = np.array([number for pack in opened for number in pack.columns.record], np.int32)
    lengths = np.array([len(pack.columns.record) for pack in opened])
    pack_of = np.repeat(np.arange(len(opened)), lengths)
    bad = (row < 0) | ~np.isfinite(value) | (time < window.oldest) | (time > window.newest)
    if bad.any():
        first = np.cumsum(lengths) - lengths
        for place in np.flatnonzero(bad).tolist():
            pack = opened[pack_of[place]]
            pack.accepted.asides.append(_aside(pack, place - int(first[pack_of[place]]), directory, window))
        keep = ~bad
        row, time, value, record, pack_of = row[keep], time[keep], value[keep], record[keep], pack_of[keep]
    rows = _checked(row, time, value, record, pack_of, directory)
    ends = np.cumsum(np.bincount(pack_of, minlength=len(opened))).tolist()
    for pack, start, end in zip(opened, [0, *ends], ends, strict=False):
        pack.accepted.rows = rows[start:end]
        if pack.incoming.redated:
            pack.accepted.rows["flag"] |= REDATED


def _checked(
    row: npt.NDArray[np.intp],
    time: npt.NDArray[np.float64],
    value: npt.NDArray[np.float64],
    record: npt.NDArray[np.int32],
    pack_of: npt.NDArray[np.intp],
    directory: Directory,
) -> npt.NDArray[Any]:
    known = directory.table[row]
    rows = np.empty(len(row), ROWS)
    rows["time"] = np.rint(time * 1000.0).astype(np.int64) * 1000  # wire resolution is a millisecond
    rows["result"] = result = value * known["factor"]
    rows["datastream"], rows["record"] = known["id"], record
    flag = known["flag"] | GOOD
    outside = (result < known["minimum"]) | (result > known["maximum"])
    unusual = (result < known["local_minimum"]) | (result > known["local_maximum"])
    _doubt(flag, unusual, SUSPECT, LOCAL_RANGE)
    lower = np.flatnonzero(known["partner"] >= 0)
    if len(lower):
        _agree(row, pack_of, rows, lower, known[lower], flag)
    _doubt(flag, outside, FAIL, PHYSICAL_RANGE)
    rows["flag"] = flag
    return rows


def _agree(
    row: npt.NDArray[np.intp],
    pack_of: npt.NDArray[np.intp],
    rows: npt.NDArray[Any],
    lower: npt.NDArray[np.intp],
    known: npt.NDArray[Any],
    flag: npt.NDArray[Any],
) -> None:
    """Flag both of a pair that contradict each other in one pack as suspect; ``lower`` are those that may."""
    times, moment = np.unique(rows["time"], return_inverse=True)
    span = int(row.max()) + 1
    series = (pack_of * len(times) + moment) * span  # packs × times × series: far below 2**63
    key, wanted = series + row, series[lower] + known["partner"]
    order = np.argsort(key, kind="stable")
    place = np.minimum(np.searchsorted(key, wanted, sorter=order), len(order) - 1)
    upper = order[place]
    wrong = (key[upper] == wanted) & (rows["result"][lower] > rows["result"][upper] + known["tolerance"])
    for one in (lower[wrong], upper[wrong]):
        _doubt(flag, one, SUSPECT, PACK_AGREEMENT)


def _doubt(flag: npt.NDArray[Any], which: npt.NDArray[Any], quality: int, check: int) -> None:
    """Give some another quality, the low byte, and the bit of the check that failed beside what they have."""
    flag[which] = (flag[which] & ~0xFF) | quality | check


def _aside(pack: _Opened, index: int, directory: Directory, window: Window) -> Aside:
    record, (name, unit) = pack.columns.record[index], pack.columns.said[index]
    reason, detail, station = _why(name, unit, pack.incoming.gateway, directory)
    if reason is None:
        time, value = pack.columns.time[index], pack.columns.value[index]
        if not math.isfinite(value):
            reason, detail = Reason.NOT_FINITE, f"{value}: leave it out"
        elif time < window.oldest:
            reason, detail = Reason.TOO_OLD, f"{window.oldest - time:.0f} s older than the oldest accepted time"
        else:
            reason, detail = Reason.IN_FUTURE, f"{time - window.newest:.0f} s beyond the newest accepted time"
    return Aside(record, reason, _plain(detail), pack.one(record), station)


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
    """Makes a pack of one of a record, so that it can be kept and reprocessed by itself."""

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
        for row in self._rows[: index + 1]:
            if isinstance(row, dict):
                base |= {key: value for key, value in row.items() if key in _BASE}
        row = self._rows[index]
        return self._dump([base | row] if isinstance(row, dict) else [row])

    def _dump(self, rows: list[Any]) -> bytes:
        try:
            if self.content_type == CBOR:
                return cbor2.dumps(rows)
            return json.dumps(rows, separators=(",", ":")).encode()
        except (ValueError, TypeError, RecursionError, cbor2.CBOREncodeError):
            return self.payload  # nothing is lost: the whole pack instead of its record


#: Base values (RFC 8428 §4.1), and their labels in CBOR (table 6).
_BASE = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", -1, -2, -3, -4, -5, -6})


def _plain(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no lone surrogate."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\x00")[:500]
