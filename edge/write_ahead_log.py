"""Says when SQLite stopped short: it ends at the first damaged frame of its write-ahead log without a word.

Format: SQLite, "Database File Format", § 4.1 and 4.2 (WAL header, frames, checksum).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_HEADER, _FRAME = 32, 24
#: Magic number of a log whose checksums read words in the machine's big-endian order; one less: little-endian.
_BIG_ENDIAN = 0x377F0683


def commits_lost(path: Path) -> int:
    """Commits in a log that SQLite will not see because a frame before them is damaged; 0 where there is no log.

    What a power cut leaves half written at the end has no commit after it and counts as nothing.
    """
    try:
        log = path.read_bytes()
    except OSError:
        return 0
    if len(log) < _HEADER or struct.unpack(">I", log[:4])[0] not in (_BIG_ENDIAN, _BIG_ENDIAN - 1):
        return 0
    order = ">" if log[3] & 1 else "<"
    sums = _checksum(order, log[:24], (0, 0))
    sound, lost = sums == struct.unpack(">2I", log[24:_HEADER]), 0
    for frame in _frames(log):
        if sound:
            sums = _checksum(order, frame[_FRAME:], _checksum(order, frame[:8], sums))
            sound = sums == struct.unpack(">2I", frame[16:_FRAME])
        if not sound and struct.unpack(">I", frame[4:8])[0]:  # a commit says how many pages the file has after it
            lost += 1
    return lost


def _frames(log: bytes) -> Iterator[bytes]:
    """Whole frames of the log's present round; older ones behind them have other salts."""
    size = _FRAME + struct.unpack(">I", log[8:12])[0]
    for start in range(_HEADER, len(log) - size + 1, size):
        frame = log[start : start + size]
        if frame[8:16] == log[16:24]:
            yield frame


def _checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    one, two = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for first, second in zip(words[::2], words[1::2], strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
