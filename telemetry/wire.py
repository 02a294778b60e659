"""Readings as SenML (RFC 8428), JSON or CBOR; one bad record never costs its neighbours."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import cbor2
import msgspec

from telemetry import plain
from telemetry.pack import CBOR, JSON, MAXIMUM_RECORDS
from telemetry.quantities import quantity
from telemetry.reading import Reading
from telemetry.reason import Reason

URN = "urn:nongvu:"
#: RFC 8428 §4.5.3: a time below 2^28 s counts from now.
ABSOLUTE_TIME = 2.0**28
#: RFC 8428 §4.4: the version that this code understands.
VERSION = 10


class WireError(ValueError):
    """A payload that cannot be decoded at all; never worth another try."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason.value}: {detail}")


class Record(msgspec.Struct, omit_defaults=True):
    """A SenML record as it stands in a pack, before base values are applied."""

    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None
    bs: float | None = None
    bver: int | None = None
    n: str | None = None
    u: str | None = None
    v: float | None = None
    vs: str | None = None
    vb: bool | None = None
    vd: Any = None  # base64url text in JSON, bytes in CBOR
    s: float | None = None
    t: float | None = None
    ut: float | None = None


#: RFC 8428 table 4: integer labels of CBOR.
LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb",
          5: "s", 6: "t", 7: "ut", 8: "vd"}  # fmt: skip
_NUMBER = {name: label for label, name in LABELS.items()}
_NUMERIC = frozenset({"bt", "bv", "bs", "v", "s", "t", "ut"})

_JSON = msgspec.json.Decoder(list[Record])


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that could not be understood."""

    record: int
    reason: Reason
    detail: str


@dataclass(slots=True)
class Columns:
    """A pack resolved: one entry a numeric record, columns of equal length."""

    record: list[int] = field(default_factory=list)
    #: Name and unit, as few objects as there are different ones.
    said: list[tuple[str, str]] = field(default_factory=list)
    #: Seconds since 1970-01-01 UTC.
    time: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def name(self) -> list[str]:
        """Full name of each record."""
        return [name for name, _ in self.said]

    @property
    def unit(self) -> list[str]:
        """Unit of each record."""
        return [unit for _, unit in self.said]


def encode(readings: Sequence[Reading], content_type: str = CBOR) -> bytes:
    """SenML pack of readings of one or more stations; base name and base time stand where they change."""
    records = list(_records(readings))
    if content_type == JSON:
        return json.dumps(records, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    if content_type == CBOR:
        return cbor2.dumps([{_NUMBER[key]: value for key, value in record.items()} for record in records])
    raise WireError(Reason.CONTENT_TYPE, f"{content_type!r} is neither {JSON} nor {CBOR}")


def _records(readings: Sequence[Reading]) -> Iterable[dict[str, Any]]:
    station, base = None, None
    for reading in readings:
        record: dict[str, Any] = {}
        if reading.station != station:
            station = reading.station
            record["bn"] = f"{URN}{station}:"
        if base is None:
            base = reading.time
            record["bt"] = _seconds(base)
        row = quantity(reading.quantity)
        value = row.to_senml(reading.value)
        if not math.isfinite(value):
            raise WireError(Reason.NOT_FINITE, f"{reading.station}:{reading.datastream} = {value}; leave it out")
        record |= {"n": reading.datastream, "u": row.senml_unit, "v": value}
        if reading.time != base:
            record["t"] = _seconds(reading.time - base)
        yield record


def _seconds(milliseconds: int) -> float | int:
    whole, rest = divmod(milliseconds, 1000)
    return whole if rest == 0 else milliseconds / 1000


def decode(payload: bytes, content_type: str) -> tuple[list[Record], list[Problem]]:
    """Records of a pack in order; a record that is wrong leaves an empty one behind and a problem.

    Raises
    ------
    WireError
        The payload as a whole is none: malformed, empty, or with more than 500 records.
    """
    if content_type == JSON:
        records, problems = _decode_json(payload)
    elif content_type == CBOR:
        records, problems = _convert(load_cbor(payload))
    else:
        raise WireError(Reason.CONTENT_TYPE, f"{content_type!r} is neither {JSON} nor {CBOR}")
    if not records:
        raise WireError(Reason.EMPTY, "no record in the pack")
    if len(records) > MAXIMUM_RECORDS:
        raise WireError(Reason.OVERSIZED, f"{len(records)} records; at most {MAXIMUM_RECORDS} in a pack")
    return records, problems


def _decode_json(payload: bytes) -> tuple[list[Record], list[Problem]]:
    if b'_"' not in payload:  # no field that must be understood (RFC 8428 §4.4): the fast way
        try:
            return _JSON.decode(payload.decode()), []  # msgspec skips unknown fields, bad UTF-8 in them too
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # say below, record by record, what is wrong
    try:
        rows = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise WireError(Reason.MALFORMED, f"not JSON: {_short(error)}") from error
    return _convert(rows)


def _refuse_tag(*_: object) -> NoReturn:
    # decimal fractions, bignums, shared references and regular expressions burn time or memory
    message = "CBOR tags are not accepted; send plain numbers"
    raise ValueError(message)


_TAGS = dict.fromkeys((*range(6), 21, 22, 23, 24, 25, 28, 29, 30, 32, 33, 34, 35, 36, 37, 52, 54, 100, 103, 256, 258,
                       260, 261, 1004, 43000, 55799), _refuse_tag)  # fmt: skip


def load_cbor(payload: bytes) -> Any:
    """Plain value of CBOR bytes without any tag; `WireError` where it is none."""
    try:
        return cbor2.loads(payload, semantic_decoders=_TAGS, tag_hook=_refuse_tag, max_depth=8)
    except (cbor2.CBORError, ValueError, RecursionError, OverflowError, MemoryError, TypeError) as error:
        raise WireError(Reason.MALFORMED, f"not CBOR: {_short(error)}") from error


def _convert(rows: Any) -> tuple[list[Record], list[Problem]]:
    if not isinstance(rows, list):
        raise WireError(Reason.MALFORMED, f"a pack is an array of records, not {type(rows).__name__}")
    records, problems = [], []
    for index, row in enumerate(rows[: MAXIMUM_RECORDS + 1]):
        try:
            records.append(_record(row))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            records.append(Record())
            problems.append(Problem(index, Reason.RECORD, _short(error)))
    return records, problems


def _record(row: Any) -> Record:
    if not isinstance(row, dict):
        message = f"a record is an object, not {type(row).__name__}"
        raise TypeError(message)
    fields = {}
    for key, value in row.items():
        name = LABELS.get(key) if isinstance(key, int) and not isinstance(key, bool) else key
        if isinstance(name, str) and name in _NUMBER:
            fields[name] = float(value) if name in _NUMERIC and type(value) is int else value
        elif isinstance(key, str) and key.endswith("_"):
            message = f"field {key[:40]!r} must be understood and is not"
            raise ValueError(message)
    return msgspec.convert(fields, Record)


def columns(payload: bytes, content_type: str, now: float | None = None) -> Columns:
    """Decode and resolve a pack in one go: as `resolve` of `decode`, problems of both together, but faster.

    Raises
    ------
    WireError
        The payload as a whole is none.
    """
    if content_type != CBOR:
        records, problems = decode(payload, content_type)
        found = resolve(records, now)
        told = {problem.record for problem in problems}  # one reason a record, the first
        found.problems = [*problems, *(problem for problem in found.problems if problem.record not in told)]
        return found
    swept = plain.read(payload)
    if swept is not None and min(swept[1]) >= ABSOLUTE_TIME and not math.isnan(sum(swept[1])):
        return Columns(list(range(len(swept[0]))), *swept)
    rows = load_cbor(payload)
    if not isinstance(rows, list) or not 0 < len(rows) <= MAXIMUM_RECORDS:
        decode(payload, content_type)  # says what is wrong
    found, base = Columns(), _Base()
    start = 0
    while start < len(rows):
        taken = _take_plain(found, start, rows, base)
        if not taken:
            try:
                _take(found, start, _record(rows[start]), base, now)
            except (ValueError, TypeError, OverflowError, RecursionError) as error:
                found.problems.append(Problem(start, Reason.RECORD, _short(error)))
            taken = 1
        start += taken
    return found


@dataclass(slots=True)
class _Base:
    """Base values in force (RFC 8428 §4.6)."""

    name: str = ""
    time: float = 0.0
    unit: str = ""
    value: float = 0.0
    usable: bool = True


#: Runs of plain records shorter than this are taken one by one.
SHORTEST_RUN = 4


def _take_plain(columns: Columns, start: int, rows: list[Any], base: _Base) -> int:
    """Take the run of records of name, unit, number and perhaps time that begins at ``start``, as nearly all are.

    Returns how many that were; 0 where the next record has to be looked at by itself. Nothing is taken of a run in
    which any record is not quite plain.
    """
    end = start
    while end < len(rows) and type(rows[end]) is dict and 2 < len(rows[end]) < 5:
        end += 1
    run = rows[start:end]
    if len(run) < SHORTEST_RUN or not base.usable:
        return 0
    try:
        pairs = [(row[0], row[1]) for row in run]
        values = [row[2] for row in run]
        times = [row[6] if len(row) == 4 else 0 for row in run]
        full = {pair: (base.name + pair[0], pair[1] or base.unit) for pair in set(pairs)}
    except (KeyError, TypeError):
        return 0
    if {type(unit) for _, unit in full} != {str} or not _plain_numbers(values) or not _plain_numbers(times):
        return 0
    first, offset = base.time, base.value
    moments = [first + time for time in times]
    if not min(moments) >= ABSOLUTE_TIME or math.isnan(sum(moments)):
        return 0
    columns.record.extend(range(start, end))
    columns.said.extend([full[pair] for pair in pairs])
    columns.time.extend(moments)
    columns.value.extend([value + offset for value in values])
    return len(run)


def _plain_numbers(values: list[Any]) -> bool:
    """Whether all are floats, or integers that a float holds."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return True
    if kinds == {int}:
        return bool(min(values) >= -(2**53) and max(values) <= 2**53)
    return kinds <= {float, int} and all(type(value) is float or -(2**53) <= value <= 2**53 for value in values)


def resolve(records: Sequence[Record], now: float | None = None) -> Columns:
    """Apply base values (RFC 8428 §4.6) and take the numeric records apart into columns.

    Parameters
    ----------
    records : sequence of Record
        As `decode` returns them.
    now : float, optional
        What relative times count from [s since 1970-01-01 UTC]; without it they are problems.
    """
    columns, base = Columns(), _Base()
    for index, record in enumerate(records):
        _take(columns, index, record, base, now)
    return columns


def _take(columns: Columns, index: int, record: Record, base: _Base, now: float | None) -> None:
    if record.bver is not None:
        base.usable = record.bver <= VERSION
    if record.bn is not None:
        base.name = record.bn
    if record.bt is not None:
        base.time = record.bt
    if record.bu is not None:
        base.unit = record.bu
    if record.bv is not None:
        base.value = record.bv
    if not base.usable:
        columns.problems.append(Problem(index, Reason.RECORD, f"SenML version above {VERSION}"))
        return
    if record.v is None:
        _without_number(columns, index, record)
        return
    time = base.time + (record.t or 0.0)
    if not time >= ABSOLUTE_TIME:
        if now is None or not math.isfinite(time):
            columns.problems.append(Problem(index, Reason.RELATIVE_TIME, f"time {time}: send absolute UTC seconds"))
            return
        time += now
    columns.record.append(index)
    columns.said.append((base.name + (record.n or ""), record.u or base.unit))
    columns.time.append(time)
    columns.value.append(record.v + base.value)


def _without_number(columns: Columns, index: int, record: Record) -> None:
    carries = record.vs is not None or record.vb is not None or record.vd is not None or record.s is not None
    if carries or record.n is not None:  # a record with base fields only is none of a problem
        columns.problems.append(Problem(index, Reason.NOT_A_NUMBER, "results are numbers: send a value in 'v'"))


def _short(error: BaseException) -> str:
    text = str(error) or type(error).__name__
    return text.encode("ascii", "backslashreplace").decode()[:200]
