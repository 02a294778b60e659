"""Finds where an answer begins in the bytes that came over a line of Modbus RTU; pure.

Source: MODBUS over Serial Line V1.02, § 2.5.1 and 6.2.2. A line whose direction is switched often puts a byte or two of
noise before the answer; nothing but unit, function, length and checksum tells where it begins.
"""

from __future__ import annotations

#: Bytes of the shortest answer: unit, function with its highest bit set, exception code, checksum.
_SHORTEST = 5


def checksum(data: bytes) -> int:
    """CRC-16 of Modbus over ``data``."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value


def answer_start(data: bytes, unit: int) -> int | None:
    """Index of the first whole answer of a unit; None where it has not come yet."""
    for start in range(len(data) - _SHORTEST + 1):
        if data[start] != unit:
            continue
        end = start + _size(data[start + 1], data[start + 2])
        if start < end <= len(data) and checksum(data[start : end - 2]) == int.from_bytes(
            data[end - 2 : end], "little"
        ):
            return start
    return None


def _size(function: int, length: int) -> int:
    if function & 0x80:
        return _SHORTEST
    return {3: 5 + length, 4: 5 + length, 5: 8}.get(function, 0)
