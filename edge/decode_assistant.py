"""Finds which type, byte order and scale turn a device's words into the value on its display; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edge.modbus_register import ORDERS, TYPES, Order, RegisterType, number, width

#: Scales that makers use.
SCALES = (1.0, 0.1, 0.01, 0.001, 0.0001, 10.0, 100.0, 1000.0)
#: Added before scaling: tenths above −40 °C is the only one met so far.
BEFORE = (0.0, -400.0, -4000.0, -1000.0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read words that gives the value shown."""

    #: Index of the first word among those given.
    index: int
    type: RegisterType
    order: Order
    scale: float
    before: float
    value: float

    @property
    def oddity(self) -> tuple[bool, int, int, float, int]:
        """How unusual it is: the plainest comes first."""
        return (
            self.before != 0, ORDERS.index(self.order), TYPES.index(self.type), abs(math.log10(self.scale)), self.index,
        )  # fmt: skip


def candidates(words: Sequence[int], shown: str) -> list[Candidate]:
    """Ways to read the words that agree with the value shown, in all the digits it was shown with."""
    target = float(shown)
    decimals = len(shown.partition(".")[2])
    tolerance = 0.5 * 10.0**-decimals + 1e-9 * abs(target)
    found = []
    for kind in TYPES:
        for index in range(len(words) - width(kind) + 1):
            for order in ORDERS if width(kind) > 1 else ("ABCD", "BADC"):
                found += _fitting(words[index : index + width(kind)], index, kind, order, target, tolerance)
    return sorted(found, key=lambda item: item.oddity)


def _fitting(
    words: Sequence[int], index: int, kind: RegisterType, order: Order, target: float, tolerance: float
) -> list[Candidate]:
    try:
        raw = number(words, kind, order)
    except ValueError:
        return []
    if not math.isfinite(raw) or (raw == 0 and target != 0):
        return []
    scales = (1.0,) if kind.startswith("f") else SCALES
    offsets = (0.0,) if kind.startswith("f") else BEFORE
    return [
        Candidate(index, kind, order, scale, before, round((raw + before) * scale, 9))
        for scale in scales
        for before in offsets
        if abs((raw + before) * scale - target) <= tolerance
    ]
