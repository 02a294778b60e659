"""Why of a rule or an index nothing can be said at a place, in numbers for tables and in words for people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from telemetry import languages


class Why(IntEnum):
    """Stable numbers that stand in tables and the API."""

    SENSOR = 1  # nothing measures what it needs
    READINGS = 2  # too few readings
    PROPERTY = 3  # a number that only people know was not given
    OUTSIDE = 4  # a number was given that stands outside of its limits
    UNDEFINED = 5  # its source defines nothing for what was measured
    RECORD = 6  # the record, or what was learned from it, is too short
    SELDOM = 7  # readings come too seldom for its span
    UNANSWERED = 8  # it was told for days, and nobody said whether it was done


def words(why: int, what: Sequence[str], language: str, *, holds: bool = False) -> str:
    """Say why, ``what`` being the names of what lacks; a number of a newer version is said as it is."""
    texts = languages.SHELF.words(language, "unknown")
    text = texts[Why(why).name.lower()] if why in set(Why) else f"({why})"
    said = text.format(what=", ".join(what)).strip()
    return f"{said}; {texts['holds']}" if holds else said
