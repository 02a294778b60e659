"""CBOR packs as gateways write them, taken apart in one sweep; what is a shade different is left to `telemetry.wire`.

Decoding CBOR builds a map for each record, which costs more than all else that is done with a reading. Nearly every
pack is an array of maps with their keys in one order: base name?, base time?, name, unit, value as float64, time?. A
regular expression finds these as they lie in the bytes. It may find them only where they really are: the matches have
to cover the pack to its last byte, and the lengths that texts announce are compared with what was found. What was swept
is remembered as a layout: the next pack of the same equipment differs in its numbers only, and they are picked out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from telemetry.pack import MAXIMUM_RECORDS

#: RFC 8949 §3: text of at most 160 ASCII characters, its length before it (compared later) or in its first byte.
_TEXT = rb"[\x60-\x78][\x18-\x7e]{0,160}"
#: An integer from -2^32 to 2^32 - 1, or a float64.
_NUMBER = rb"(?:[\x00-\x17\x20-\x37]|[\x18\x38].|[\x19\x39]..|[\x1a\x3a].{4}|\xfb.{8})"
#: Labels of RFC 8428 table 6: -2 base name, -3 base time, 0 name, 1 unit, 2 value, 6 time.
_RECORD = re.compile(
    rb"([\xa3-\xa6](?:\x21" + _TEXT + rb"|)(?:\x22" + _NUMBER + rb"|))"
    rb"(\x00" + _TEXT + rb"\x01" + _TEXT + rb")\x02\xfb(.{8})(\x06" + _NUMBER + rb"|)",
    re.DOTALL,
)
#: Between a record's unit and its value: the label, and that a float64 follows.
_VALUE = b"\x02\xfb"
_FEWEST_PAIRS, _BASE_NAME, _BASE_TIME = 0xA3, 0x21, 0x22

#: Name and unit of each record, time [s since 1970-01-01 UTC] and value: columns of equal length.
Parts = tuple[bytes, ...]
Plain = tuple[list[tuple[str, str]], list[float], list[float]]


class _NotPlainError(ValueError):
    """Something is not quite as usual, or no CBOR at all."""


def read(payload: bytes) -> Plain | None:
    """Columns of a pack; None where it is not quite plain, or no pack at all."""
    try:
        count, start = _length(payload)
        found = _known(payload, start)
        return _sweep(payload, count, start) if found is None else found
    except (_NotPlainError, IndexError):
        return None


def _length(payload: bytes) -> tuple[int, int]:
    """Length of the array that a pack is, and where its first element begins."""
    first = payload[0]
    count, start = first & 0x1F, 1
    if first == 0x98:
        count, start = payload[1], 2
    elif first == 0x99:
        count, start = payload[1] << 8 | payload[2], 3
    else:
        _expect(0x80 < first <= 0x97)
    _expect(0 < count <= MAXIMUM_RECORDS)
    return count, start


def _sweep(payload: bytes, count: int, start: int) -> Plain:
    found = _RECORD.findall(payload, start)
    _expect(len(found) == count)
    bases, heads, values, times = zip(*found, strict=True)
    length = sum(map(len, bases)) + sum(map(len, heads)) + sum(map(len, times)) + count * (8 + len(_VALUE))
    _expect(start + length == len(payload))
    for base, timed in set(zip(bases, map(bool, times), strict=True)):
        _expect(base[0] == _FEWEST_PAIRS + sum(value is not None for value in _base(base)) + timed)
    starts = [index for index, base in enumerate(bases) if len(base) > 1]
    if not starts or starts[0]:
        starts.insert(0, 0)
    said: list[tuple[str, str]] = []
    moments: list[float] = []
    name, since = "", 0.0
    for begin, end in zip(starts, [*starts[1:], count], strict=True):  # RFC 8428 §4.6: base values until replaced
        its_name, its_time = _base(bases[begin])
        name = name if its_name is None else its_name
        since = since if its_time is None else its_time
        of = {head: _full(name, head) for head in set(heads[begin:end])}
        at = {time: since + _offset(time) for time in set(times[begin:end])}
        said += map(of.__getitem__, heads[begin:end])
        moments += map(at.__getitem__, times[begin:end])
    if starts == [0] and None not in _base(bases[0]):
        _remember(payload, start, bases, heads, times)
    return said, moments, [value + 0.0 for value in struct.unpack(f">{count}d", b"".join(values))]


@lru_cache(4096)
def _base(base: bytes) -> tuple[str | None, float | None]:
    """Base name and base time at the beginning of a record."""
    name, time, at = None, None, 1
    if len(base) > at and base[at] == _BASE_NAME:
        name, at = _text(base, at + 1)
    if len(base) > at and base[at] == _BASE_TIME:
        time, at = _number(base, at + 1)
    _expect(at == len(base))
    return name, time


def _full(base: str, head: bytes) -> tuple[str, str]:
    name, unit = _said(head)
    return base + name, unit


@lru_cache(4096)
def _said(head: bytes) -> tuple[str, str]:
    """Name without its base, and unit."""
    name, at = _text(head, 1)
    unit, end = _text(head, at + 1)
    _expect(head[at] == 1 and end == len(head))
    return name, unit


def _offset(time: bytes) -> float:
    return _number(time, 1)[0] if time else 0.0


def _text(given: bytes, at: int) -> tuple[str, int]:
    """Text that begins at a byte, and where it ends."""
    first = given[at]
    _expect(0x60 <= first <= 0x78)
    length, start = first - 0x60, at + 1
    if first == 0x78:
        length, start = given[start], start + 1
    text = given[start : start + length]
    _expect(length == len(text) and text.isascii())
    return text.decode(), start + length


#: First byte (RFC 8949 §3) of an unsigned integer or a float64 → how the bytes after it are read.
_CODES = {0x18: "B", 0x19: "H", 0x1A: "I", 0xFB: "d"}
_FORMS = {first: struct.Struct(f">{code}") for first, code in _CODES.items()}


def _number(given: bytes, at: int) -> tuple[float, int]:
    """Number that begins at a byte, and where it ends."""
    first, at = given[at], at + 1
    negative = 0x20 <= first < 0x40
    form = _FORMS.get(first - 0x20 if negative else first)
    if form is None:
        number, end = first & 0x1F, at
        _expect(first & 0xC0 == 0 and number < 24)
    else:
        end = at + form.size
        _expect(end <= len(given))
        (number,) = form.unpack_from(given, at)
    return float(-1 - number if negative else number), end


def _expect(holds: bool) -> None:
    if not holds:
        raise _NotPlainError


# -- what was swept before ------------------------------------------------------------------------------------------

#: Layouts that are remembered, and the records of all of them (300 bytes each).
LAYOUTS, RECORDS = 1_000, 20_000
#: Most packs of another layout before a new one is made: it is not worth its making where hardly two are alike.
PATIENCE = 1_024

Numbers = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Layout:
    """All of a pack behind its base values: what stands fast, and where the numbers are."""

    form: struct.Struct
    fast: tuple[bytes, ...]
    pick_fast: Callable[[Numbers], tuple[bytes, ...]]
    pick_values: Callable[[Numbers], tuple[float, ...]]
    #: Of `constants` with the numbers behind them.
    pick_times: Callable[[Numbers], tuple[float, ...]]
    constants: tuple[float, ...]
    #: What is said, each once, and how it is picked for the records.
    said: list[tuple[str, str]]
    pick_said: Callable[[Any], tuple[tuple[str, str], ...]]
    records: int

    def take(self, payload: bytes, at: int, name: str, since: float) -> Plain | None:
        """Columns of a pack of this layout, None where it is of another."""
        parts = self.form.unpack_from(payload, at)
        if self.pick_fast(parts) != self.fast:
            return None
        said = self.pick_said([(name + rest, unit) for rest, unit in self.said])
        moments = [since + time for time in self.pick_times(self.constants + parts)]
        return list(said), moments, [value + 0.0 for value in self.pick_values(parts)]


@dataclass(slots=True)
class _Memory:
    """Layouts by what packs have in common at the least."""

    layouts: dict[bytes, _Layout] = field(default_factory=dict)
    #: Packs of no layout that is known, as many as are still to come until one is made, and how many it was last time.
    waits: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    records: int = 0

    def missed(self, key: bytes) -> bool:
        """Count a pack whose layout is not known; whether it should be."""
        left, patience = self.waits.get(key, (2, 1))
        made = left <= 1
        patience = min(2 * patience, PATIENCE) if made else patience
        if len(self.waits) >= LAYOUTS and key not in self.waits:
            self.forget()
        self.waits[key] = (patience if made else left - 1), patience
        return made

    def keep(self, key: bytes, layout: _Layout) -> None:
        """Remember a layout; the oldest go where there are too many."""
        former = self.layouts.get(key)
        self.records += layout.records - (former.records if former else 0)
        self.layouts[key] = layout
        if self.records > RECORDS:
            self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.layouts.clear()
        self.waits.clear()
        self.records = 0


_MEMORY = _Memory()


def _place(payload: bytes, start: int) -> tuple[bytes, int, str, float]:
    """Key of a pack's layout, where its base values end, and these; not plain without them."""
    _expect(payload[start + 1] == _BASE_NAME)
    name, behind = _text(payload, start + 2)
    _expect(payload[behind] == _BASE_TIME)
    since, behind = _number(payload, behind + 1)
    key = (len(payload) - behind).to_bytes(4, "big") + payload[: start + 1] + payload[behind : behind + 24]
    return key, behind, name, since


def _known(payload: bytes, start: int) -> Plain | None:
    """Columns of a pack whose layout is remembered."""
    if not _MEMORY.layouts:
        return None
    try:
        key, behind, name, since = _place(payload, start)
    except _NotPlainError:
        return None
    layout = _MEMORY.layouts.get(key)
    return None if layout is None else layout.take(payload, behind, name, since)


def _remember(payload: bytes, start: int, bases: Parts, heads: Parts, times: Parts) -> None:
    """Make a layout of what was swept, if more packs like it are to be expected."""
    key = _place(payload, start)[0]
    if not _MEMORY.missed(key):
        return
    layout = _layout((b"", *bases[1:]), heads, times)
    if layout is not None:
        _MEMORY.keep(key, layout)


def _layout(bases: Parts, heads: Parts, times: Parts) -> _Layout | None:
    """Layout of records; None where there is but one, or a time that goes back."""
    standing = {time: number for number, time in enumerate(sorted({time for time in times if len(time) < 3}))}
    codes: list[str] = []
    at: dict[str, list[int]] = {"fast": [], "value": [], "time": []}
    fast: list[bytes] = []

    def stands(part: bytes) -> None:
        at["fast"].append(len(codes))
        codes.append(f"{len(part)}s")
        fast.append(part)

    for base, head, time in zip(bases, heads, times, strict=True):
        stands(base + head + _VALUE)
        at["value"].append(len(codes))
        codes.append("d")
        if time:
            stands(time[:2])
        if time in standing:
            at["time"].append(standing[time])
        else:
            at["time"].append(len(standing) + len(codes))
            codes.append(_CODES.get(time[1], ""))
    if len(heads) < 2 or "" in codes:
        return None
    picked, valued, timed = (itemgetter(*at[name]) for name in ("fast", "value", "time"))
    form, constants = struct.Struct(">" + "".join(codes)), tuple(map(_offset, standing))
    numbers = {head: number for number, head in enumerate(dict.fromkeys(heads))}
    told = itemgetter(*map(numbers.__getitem__, heads))
    said = list(map(_said, numbers))
    return _Layout(form, tuple(fast), picked, valued, timed, constants, said, told, len(heads))
