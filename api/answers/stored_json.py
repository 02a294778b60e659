"""What other processes wrote as JSON, read as values with a type; older and newer versions write less and more.

Nothing here fails: what is missing, null or of another kind is the field's default, and a key that is not known is not
looked at. Pages are made of these, so that no template meets a key that may be absent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from api import languages
from store.property import Limits


def mapping(value: object) -> Mapping[str, object]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str:
    """A text, or none."""
    return value if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number, also one that was written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: object) -> int:
    """A whole number from 0, or 0."""
    found = number(value)
    return int(found) if found is not None and 0 <= found < 2**63 else 0


def truth(value: object) -> bool:
    """True for true alone, also where it was written as a text."""
    return value is True or value == "true"


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What a gateway last said of itself, as the office shows it."""

    #: Whether it said anything at all.
    heard: bool
    online: bool
    #: Readings not yet receipted; a gateway leaves out what is zero.
    waiting: int


def gateway_state(status: object) -> GatewayState:
    """State of ``gateway.status``."""
    said = mapping(status)
    return GatewayState(bool(said), truth(said.get("online")), whole(said.get("waiting")))


@dataclass(frozen=True, slots=True)
class Texts:
    """What a step of an alert says in one language."""

    short: str = ""
    long: str = ""
    #: Audience → what it does.
    advice: Mapping[str, str] = field(default_factory=dict)


def texts(value: object, language: str) -> Texts:
    """Texts of ``alert_step.texts`` in a language, in Vietnamese where nobody has written them in it."""
    said = mapping(mapping(value).get(language)) or mapping(mapping(value).get(languages.OFFICIAL))
    advice = {who: what for who, what in mapping(said.get("advice")).items() if isinstance(what, str) and what}
    return Texts(text(said.get("short")), text(said.get("long")), advice)


def bulletin_text(value: object, language: str) -> str:
    """Text of ``bulletin.texts`` for a page, in the language or else in another; empty where there is none."""
    for one in dict.fromkeys((language, *languages.SHELF.codes)):
        said = mapping(mapping(value).get(one))
        for kind in ("page", "radio", "short"):
            if found := text(said.get(kind)):
                return found
    return ""


def title(entry: object, language: str, otherwise: str = "") -> str:
    """Title of an entry of the catalogue in a language, in Vietnamese where it has none in it."""
    said = mapping(mapping(entry).get("title"))
    return text(said.get(language)) or text(said.get(languages.OFFICIAL)) or otherwise


def titles(entry: object) -> dict[str, str]:
    """Title of an entry in every language it has one in."""
    return {language: said for language, said in mapping(mapping(entry).get("title")).items() if isinstance(said, str)}


def unit(entry: object) -> str:
    """Unit of an entry of the catalogue."""
    return text(mapping(entry).get("unit"))


def level_words(entry: object, level: int, language: str) -> tuple[str, str]:
    """Name of a rule's level and what everybody does first; empty where the catalogue does not say."""
    levels = mapping(entry).get("levels")
    if not isinstance(levels, list) or not 0 < level <= len(levels):
        return "", ""
    said = mapping(mapping(levels[level - 1]).get("words"))
    words = mapping(said.get(language)) or mapping(said.get(languages.OFFICIAL))
    return text(words.get("name")), text(words.get("act"))


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a rule's levels begin."""

    enter: tuple[float, ...]
    #: Whether a level is entered by falling.
    below: bool


def thresholds(entry: object) -> Thresholds | None:
    """Thresholds of a rule's entry in the catalogue; None where it does not say them all."""
    levels = mapping(entry).get("levels")
    found = [number(mapping(level).get("enter")) for level in levels] if isinstance(levels, list) else []
    enter = tuple(value for value in found if value is not None)
    return Thresholds(enter, truth(mapping(entry).get("below"))) if enter and len(enter) == len(found) else None


def property_row(entry: object) -> Limits | None:
    """Unit, limits and English title of a season's property; None where it is none or its limits are not said."""
    said = mapping(entry)
    low, high = number(said.get("minimum")), number(said.get("maximum"))
    if not truth(said.get("of_season")) or low is None or high is None:
        return None
    vi, en, unit = (text(said.get(name)) for name in ("vi", "en", "unit"))
    return {"minimum": low, "maximum": high, "unit": unit, "vi": vi, "en": en}


@dataclass(frozen=True, slots=True)
class Effect:
    """What a rule said, or would have said, in a time past."""

    episodes: int
    longest_days: int
    #: Level → days at it.
    days: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of a rule that somebody asked for, and what came of it."""

    rule: str
    place: str
    first: str
    last: str
    state: str
    percent: int
    problem: str
    #: As it is and as tried; None until both are known.
    outcomes: tuple[Effect, Effect] | None

    @property
    def levels(self) -> list[str]:
        """Every level that either side reached, in order."""
        return sorted({level for one in self.outcomes or () for level in one.days}, key=lambda name: (len(name), name))


def _effect(value: object) -> Effect:
    said = mapping(value)
    days = {level: whole(count) for level, count in mapping(said.get("days")).items()}
    return Effect(whole(said.get("episodes")), whole(said.get("longest_days")), days)


def preview(row: Mapping[str, object] | None) -> Preview | None:
    """The preview of a row of ``request``."""
    if row is None:
        return None
    subject, answer = mapping(row["subject"]), mapping(row["answer"])
    outcomes = None
    if row["state"] == "done" and isinstance(answer.get("now"), dict) and isinstance(answer.get("then"), dict):
        outcomes = _effect(answer["now"]), _effect(answer["then"])
    percent = min(round(100 * (number(row["progress"]) or 0.0)), 100)
    return Preview(
        text(subject.get("rule")), text(subject.get("place")), text(subject.get("from"))[:10],
        text(subject.get("to"))[:10], text(row["state"]), percent, text(answer.get("problem")), outcomes,
    )  # fmt: skip
