"""How numbers, units and times are written on the page in its languages; their words are those of `api.languages`."""

from __future__ import annotations

from datetime import datetime, timedelta

from api import languages
from telemetry.units import sign

#: Code of a language on the shelf.
Language = str


def sign_of(unit: str) -> str:
    """Sign of a unit on the page, where shares of volume are read as per cent (`number`)."""
    return "%" if unit == "m3/m3" else sign(unit)


def language_of(asked: str | None, accepted: str, usual: Language) -> Language:
    """Language asked for in the address, else the first known one that the browser accepts, else the usual one."""
    codes = languages.SHELF.codes
    if asked in codes:
        return asked
    for part in accepted.split(",")[:20]:
        name = part.split(";")[0].strip().lower().split("-")[0]
        if name in codes:
            return name
    return usual


def number(value: float, unit: str, language: Language) -> str:
    """A value as people write it: few digits, the language's decimal mark."""
    if unit == "m3/m3":
        value *= 100
    size = abs(value)
    whole = unit == "1" and value == round(value)  # a level, a stage, a count
    digits = (
        0
        if size >= 100 or whole or unit in {"%", "m3/m3", "deg"}
        else 2
        if size < 1 and unit not in {"Cel", "mm"}
        else 1
    )
    text = f"{value:.{digits}f}".replace("-", "−")
    if text.strip("−0.") == "":
        text = text.replace("−", "")
    return text.replace(".", languages.SHELF.language(language).decimal)


def with_unit(value: float, unit: str, language: Language) -> str:
    """A value with its unit; a direction as a word."""
    if unit == "deg":
        return languages.SHELF.listed(language, "time", "compass")[round(value / 45) % 8]
    shown = sign_of(unit)
    space = "" if shown == "%" else " "
    return f"{number(value, unit, language)}{space}{shown}".rstrip()


def _written(moment: datetime, pattern: str, language: Language) -> str:
    names = {name: languages.SHELF.listed(language, "time", name) for name in ("month_names", "short_months")}
    return languages.SHELF.words(language, "time")[pattern].format(
        day=moment.day, dd=f"{moment.day:02}", month=moment.month, mm=f"{moment.month:02}", year=moment.year,
        month_name=names["month_names"][moment.month - 1], short_month=names["short_months"][moment.month - 1],
    )  # fmt: skip


def date(moment: datetime, language: Language) -> str:
    """A local date: 05/01/2013, or 5 January 2013."""
    return _written(moment, "date", language)


def short_date(moment: datetime, language: Language) -> str:
    """A local day for the axis of a chart: 5/1, or 5 Jan."""
    return _written(moment, "short_date", language)


def weekday(moment: datetime, language: Language) -> str:
    """Day of the week."""
    return languages.SHELF.listed(language, "time", "weekdays")[moment.weekday()]


def time_and_date(moment: datetime, language: Language) -> str:
    """A local moment: 14:05 ngày 05/01/2013, or 14:05, 5 January 2013."""
    pattern = languages.SHELF.words(language, "time")["time_and_date"]
    return pattern.format(time=f"{moment:%H:%M}", date=date(moment, language))


def ago(age: timedelta, language: Language) -> str:
    """How long ago, in one unit."""
    words, minutes = languages.SHELF.words(language, "page"), int(age.total_seconds() // 60)
    if minutes < 1:
        return words["just_now"]
    for name, size, most in (("minutes", 1, 120), ("hours", 60, 48 * 60), ("days_ago", 1440, None)):
        if most is None or minutes < most:
            return words["ago"].format(age=words[name].format(count=minutes // size))
    raise AssertionError
