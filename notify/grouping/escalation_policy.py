"""What follows, and when, while nobody acknowledges an alert (pure)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Does = Literal["again", "officer", "loudspeaker"]
#: Rungs by what they do; 0 is the first message.
RUNGS: dict[Does, int] = {"again": 1, "officer": 2, "loudspeaker": 3}


class Minutes(BaseModel):
    """One ``[[level]]``: minutes after the first message; what is absent is not done."""

    model_config = ConfigDict(extra="forbid")

    level: int = Field(alias="from", ge=1)
    again: float | None = Field(None, gt=0)
    officer: float | None = Field(None, gt=0)
    loudspeaker: float | None = Field(None, ge=0)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: list[Minutes] = []


@dataclass(frozen=True, slots=True)
class Ladder:
    """Levels, the lowest first."""

    levels: tuple[Minutes, ...]

    def rungs(self, level: int) -> list[tuple[Does, timedelta]]:
        """What follows a message of this level, in order of time: the table of the highest level not above it."""
        found = [minutes for minutes in self.levels if minutes.level <= level]
        if not found:
            return []
        last = found[-1]
        steps = [(does, getattr(last, does)) for does in RUNGS]
        return sorted(((d, timedelta(minutes=m)) for d, m in steps if m is not None), key=lambda step: step[1])


def read(file: Path | None = None) -> Ladder:
    """Ladder of a file, or the built-in one; ``ValueError`` says what is wrong."""
    text = file.read_text(encoding="utf-8") if file else (files("notify") / "ladder.toml").read_text(encoding="utf-8")
    levels = _File.model_validate(tomllib.loads(text)).level
    return Ladder(tuple(sorted(levels, key=lambda minutes: minutes.level)))
