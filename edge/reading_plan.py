"""Groups the words of a device into as few requests as its limits allow; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.sensor import Register, SensorModel


@dataclass(frozen=True, slots=True)
class Request:
    """Consecutive words to read with one request."""

    function: int
    address: int
    count: int

    @property
    def last(self) -> int:
        """Address of the last word."""
        return self.address + self.count - 1

    def covers(self, function: int, address: int) -> bool:
        """Whether the word is read by it."""
        return function == self.function and self.address <= address <= self.last


def plan(
    model: SensorModel, registers: Sequence[Register], learned: Iterable[tuple[int, int]] = ()
) -> tuple[Request, ...]:
    """Fewest requests for the registers: holes are read along, except over forbidden words.

    ``learned`` are words, as (function, address), that the device refused before.
    """
    refused = set(learned)
    requests: list[Request] = []
    ordered = sorted(registers, key=lambda register: (register.function or model.function, register.address))
    for register in ordered:
        function = register.function or model.function
        span = range(register.address, register.last + 1)
        if any((function, address) in refused for address in span):
            continue
        if requests and _joins(model, requests[-1], function, register, refused):
            before = requests[-1]
            count = max(before.last, register.last) - before.address + 1
            requests[-1] = Request(function, before.address, count)
        else:
            requests.append(Request(function, register.address, len(span)))
    return tuple(requests)


def _joins(
    model: SensorModel, request: Request, function: int, register: Register, refused: set[tuple[int, int]]
) -> bool:
    if function != request.function or register.last - request.address + 1 > model.largest_read:
        return False
    hole = range(request.last + 1, register.address)
    if len(hole) > model.largest_hole:
        return False
    forbidden = any(first <= address <= last for address in hole for first, last in model.forbidden)
    return not forbidden and not any((function, address) in refused for address in hole)


def halves(request: Request, registers: Iterable[Register], function: int) -> tuple[Request, Request] | None:
    """Two smaller requests that together ask for every register of one that was refused; None where it is but one."""
    spans = sorted(
        {
            (register.address, register.last)
            for register in registers
            if request.covers(register.function or function, register.address)
        }
    )
    if len(spans) < 2:
        return None
    left, right = spans[: len(spans) // 2], spans[len(spans) // 2 :]
    return (_over(request.function, left), _over(request.function, right))


def _over(function: int, spans: Sequence[tuple[int, int]]) -> Request:
    first, last = spans[0][0], max(end for _, end in spans)
    return Request(function, first, last - first + 1)
