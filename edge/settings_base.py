"""Checks that several parts of a gateway's file share: codes, levels and quantities."""

from __future__ import annotations

from telemetry.quantities import quantity
from telemetry.reading import CODE, LEVEL


def checked_code(code: str) -> str:
    """Code of a station or gateway, or `ValueError`."""
    if not CODE.match(code):
        message = f"{code!r} is no code: use a-z, 0-9 and '-', at most 63 characters"
        raise ValueError(message)
    return code


def checked_level(level: str) -> str:
    """Level, or `ValueError`."""
    if level and not LEVEL.match(level):
        message = f"{level!r} is no level: write a depth or height such as -0.30m, or a lower-case word"
        raise ValueError(message)
    return level


def checked_quantity(name: str) -> str:
    """Name of a quantity, or `ValueError` that offers those like it."""
    return quantity(name).name
