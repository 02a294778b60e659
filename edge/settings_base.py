"""What all parts of a gateway's file share: strictness, codes and levels."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from telemetry.reading import CODE, LEVEL


class Data(BaseModel):
    """A part of the file: nothing unknown, nothing changed afterwards, no value shown in errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


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
