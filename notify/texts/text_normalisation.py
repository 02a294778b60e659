"""Numbers, units, dates and times in words, as an announcer would read them (pure).

How Vietnamese counts is here, its words are those of section ``spoken`` of its file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from notify import languages
from notify.languages import OFFICIAL

_NUMBER = r"-?\d+(?:[.,]\d+)?"


def spelled(text: str, language: str = OFFICIAL) -> str:
    """Text with everything in words that a voice would misread; of other languages units and spans alone."""
    return _vietnamese(text) if language == OFFICIAL else _plain(text, language)


def _words() -> Mapping[str, Any]:
    return languages.SHELF.tree(OFFICIAL, "spoken")


def number(value: int) -> str:
    """Whole number in Vietnamese words."""
    words = _words()
    if value < 0:
        return f"{words['minus']} {number(-value)}"
    if value < 10:
        return str(words["digits"][value])
    groups: list[int] = []
    while value:
        value, rest = divmod(value, 1000)
        groups.append(rest)
    said: list[str] = []
    for place in range(len(groups) - 1, -1, -1):
        if groups[place]:
            name = words["groups"][place % 4] if place < 4 else words["beyond"]
            said += [_hundreds(groups[place], first=not said), name]
    return " ".join(filter(None, said))


def _hundreds(value: int, *, first: bool) -> str:
    words = _words()
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    said = [] if first and not hundreds else [words["digits"][hundreds], words["hundred"]]
    if tens > 1:
        said += [words["digits"][tens], words["tens"]]
    elif tens == 1:
        said.append(words["ten"])
    elif ones and said:
        said.append(words["odd"])
    if ones:
        said.append(_one(tens, ones))
    return " ".join(said)


def _one(tens: int, ones: int) -> str:
    """Last digit, whose word depends on the tens: one is another word after twenty and on, five after any ten."""
    words = _words()
    if ones == 1 and tens > 1:
        return str(words["one_after_tens"])
    return str(words["five_after_tens"] if ones == 5 and tens else words["digits"][ones])


def decimal(written: str) -> str:
    """Number as written, with a comma or a point, in Vietnamese words."""
    words = _words()
    sign = f"{words['minus']} " if written.startswith("-") else ""
    whole, _, part = written.lstrip("-").replace(".", ",").partition(",")
    digits = part.rstrip("0")
    if not digits:
        return sign + number(int(whole))
    # Two digits are read as a number, more one by one; a leading nought is said.
    pair = len(digits) <= 2 and digits[0] != "0"
    tail = number(int(digits)) if pair else " ".join(words["digits"][int(digit)] for digit in digits)
    return f"{sign}{number(int(whole))} {words['point']} {tail}"


def _vietnamese(text: str) -> str:
    words = _words()
    for short, full in words["short"].items():
        text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", full, text)
    text = re.sub(r"(\d)\.(\d{3})(?!\d)", r"\1\2", text)  # 1.200: a point between thousands
    text = re.sub(r"\b(\d{1,2})[:h](\d{2})\b", lambda m: _clock(int(m[1]), int(m[2])), text)
    text = re.sub(rf"(?:{words['day_word']} )?\b(\d{{1,2}})/(\d{{1,2}})(?:/(\d{{4}}))?\b(?!\d)", _date, text)
    text = re.sub(rf"(?<!\w)({_NUMBER})\s*[-–]\s*(\d+(?:[.,]\d+)?)", _span(words["to"]), text)
    text = _with_units(text, words["units"], decimal)
    text = re.sub(rf"(?<![\w,.]){_NUMBER}(?!\w)", lambda m: decimal(m[0]), text)
    return re.sub(r"[ \t]+", " ", text).strip()


def _clock(hours: int, minutes: int) -> str:
    words = _words()
    if not minutes:
        return str(words["hours"]).format(hours=number(hours))
    return str(words["hours_minutes"]).format(hours=number(hours), minutes=number(minutes))


def _date(found: re.Match[str]) -> str:
    day, month = int(found[1]), int(found[2])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return found[0]
    words = _words()
    # Days 1 to 10 have a word before them; the fourth month has a name of its own.
    said_day = words["early_day"].format(day=number(day)) if day <= 10 else number(day)
    said_month = words["fourth_month"] if month == 4 else number(month)
    if not found[3]:
        return str(words["date"]).format(day=said_day, month=said_month)
    return str(words["date_year"]).format(day=said_day, month=said_month, year=number(int(found[3])))


def _plain(text: str, language: str) -> str:
    """Text of a language that has units and spans in words at most; its own words or none, never Vietnamese ones."""
    words = languages.SHELF.language(language).sections.get("spoken", {})
    if "to" in words:
        text = re.sub(rf"({_NUMBER})\s*[-–]\s*(\d+(?:[.,]\d+)?)", _span(words["to"]), text)
    if "units" in words:
        text = _with_units(text, words["units"], lambda written: written)
    return re.sub(r"[ \t]+", " ", text).strip()


def _span(pattern: str) -> Callable[[re.Match[str]], str]:
    return lambda found: pattern.format(low=found[1], high=found[2])


def _with_units(text: str, units: Mapping[str, str], said: Callable[[str], str]) -> str:
    return re.sub(_unit_pattern(tuple(units)), lambda m: f"{said(m[1])} {units[m[2]]}", text)


@lru_cache(maxsize=16)
def _unit_pattern(units: tuple[str, ...]) -> str:
    """Number and unit; longest first, so that km/h is not read as km."""
    names = "|".join(re.escape(unit) for unit in sorted(units, key=len, reverse=True))
    return rf"(?<![\w,.])({_NUMBER})\s?({names})(?![\w/])"
