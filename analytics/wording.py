"""What is said of an episode's step, short, long and for a group of places, in every language.

Texts of a step: language → ``short`` (one SMS segment when written without accents), ``long`` (page, CAP, e-mail),
``group`` (one message for many places: notify fills ``{count}`` and ``{places}``) and ``advice`` by audience, unless it
is over; of a raised level ``fresh`` has the first three for who was told of nothing lower; ``crop`` is the crop named
in them, so that one message can name several.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from analytics import languages
from analytics.episode import Kind
from analytics.index import Step
from analytics.rule import Rule, Words
from telemetry.quantities import QUANTITIES

#: Characters of one GSM-7 segment (3GPP TS 23.038).
SEGMENT = 160
#: From so many hours on people are told in days.
LONG = 48
_ESCAPED = frozenset("^{}\\[~]|€")


@dataclass(frozen=True, slots=True)
class Said:
    """What texts speak of; times are seconds since 1970."""

    kind: Kind
    level: int
    place: str
    time_zone: str
    #: The measure as it is, of what is over its extreme [the rule's unit].
    value: float
    #: Which measured local day at this level or above that of the value is.
    days: int
    started: int
    ended: int | None
    #: The day or moment of the value; of what goes on, or is over, when that began.
    since: int
    #: Ended because nothing was heard any more.
    lapsed: bool = False
    #: Of a forecast: when it was issued and to when it says so.
    issued: int | None = None
    until: int | None = None
    #: The extreme of the episode so far, and for how many whole hours it has gone on at this level or above.
    worst: float = float("nan")
    hours: int = 0
    #: When the value was, where ``since`` is not that; of it, or of ``since``, only the local day may be known.
    at: int | None = None
    of_day: bool = False
    #: The value is not the day's yet, but what that can still become.
    bound: bool = False
    #: It is over because the rule was switched off or its thresholds were changed, not because of what was measured.
    by_rule: bool = False
    #: Standard error of a value that is a forecast [the rule's unit]; NaN: it was measured.
    error: float = float("nan")
    #: Quantities that make it surer and were not measured.
    lacking: tuple[str, ...] = ()
    #: It speaks of tomorrow, by persistence: ``days`` is tomorrow's number, the value today's.
    eve: bool = False
    #: Name of the crop that its season is of; empty: it is of the place.
    crop: str = ""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """How a step is said in one language: its section ``frame``, and its decimal mark."""

    said: Mapping[str, Any]
    decimal: str


def texts(rule: Rule, said: Said) -> dict[str, Any]:
    """Texts of a step in every language in which the rule was written whole."""
    return {language: _texts(rule, said, language) for language in rule.languages}


def _texts(rule: Rule, said: Said, language: str) -> dict[str, Any]:
    frame = Phrasing(languages.SHELF.tree(language, "frame"), languages.SHELF.language(language).decimal)
    words, crop = _of_crop(rule.words(said.level, language), said.crop, language)
    name = _name(rule, said)
    lost = languages.SHELF.tree(language, f"rules.{rule.name}").get("lost", frame.said["lost"])
    filled = _filled(rule, said, frame, words, language) | {"lost": lost}
    written = {**_written(frame, name, said.issued is not None, filled), "advice": {}}
    if crop:
        written["crop"] = crop
    if said.kind not in {"end", "cancel"}:
        written["advice"] = dict(words.advice)
    if said.kind == "renew":
        written["brief"] = _tidy(frame.said["brief"][name].format_map(filled))
    if said.kind == "raise":
        written["fresh"] = _written(frame, "open", said.issued is not None, filled)
    return written


def _of_crop(words: Words, crop: str, language: str) -> tuple[Words, str]:
    """Words with the crop they are about, and its name; empty where there is none or they name it themselves."""
    title = languages.SHELF.titles(f"crops.{crop}").get(language, "") if crop else ""
    called = title[:1].lower() + title[1:]
    if not called or called.split()[0] in words.name.lower():
        return words, ""
    noun = words.noun or words.name[:1].lower() + words.name[1:]
    return replace(words, name=f"{words.name} ({called})", noun=f"{noun} ({called})"), called


def _name(rule: Rule, said: Said) -> str:
    """Which of a frame's texts says it."""
    if said.eve:
        return "eve"
    if said.kind in {"renew", "extend"}:
        return "renew" if rule.renewal.hours else "day"
    if said.by_rule and said.kind in {"end", "cancel"}:
        return "ceased" if said.kind == "end" else "withdrawn"
    return "lapse" if said.kind == "end" and said.lapsed else said.kind


def _written(frame: Phrasing, name: str, ahead: bool, filled: dict[str, str]) -> dict[str, str]:
    short, long, group = (frame.said[f"ahead_{kind}" if ahead else kind] for kind in ("short", "long", "group"))
    return {
        "short": _fit(short[name], filled),
        "long": _tidy(long[name].format_map(filled)),
        "group": _tidy(group[name].format_map(filled)),
    }


def _filled(rule: Rule, said: Said, frame: Phrasing, words: Words, language: str) -> dict[str, str]:
    pattern = frame.said["day"] if rule.step is Step.DAY else frame.said["moment"]
    dated = frame.said["day"] if said.of_day else pattern
    value = _number(said.value * rule.factor, rule.decimals, frame.decimal)
    if said.bound:
        value = frame.said["at_most" if rule.below else "at_least"].format(value=value)
    again = said.kind in {"renew", "extend"} and said.issued is None
    fact = (words.again or words.fact if again else words.fact).format(
        value=value, days=said.days, **_dates(rule, said, frame)
    )
    fact = plain = fact + _may_be(rule, said, frame)
    if again and rule.renewal.record and said.worst == said.worst:
        worst = _number(said.worst * rule.factor, rule.decimals, frame.decimal)
        fact += frame.said["lowest" if rule.below else "highest"].format(worst=worst) if worst != value else ""
    if said.at is not None:
        moment = f" ({_local(said.at, said.time_zone).strftime(dated)})"
        fact, plain = fact + moment, plain + moment
    return {
        "name": words.name,
        "lower": words.name[:1].lower() + words.name[1:],
        "noun": words.noun or words.name[:1].lower() + words.name[1:],
        "Noun": words.noun[:1].upper() + words.noun[1:] or words.name,
        "place": said.place,
        "proxy": frame.said["proxy"] if rule.proxy else "",
        "when": _when(
            said, pattern if said.kind in {"end", "cancel", "renew", "extend"} else dated, frame.said["span"]
        ),
        "until": "" if said.ended is None else _local(said.ended, said.time_zone).strftime(pattern),
        "fact": fact,
        "plain": plain,
        "Fact": fact[:1].upper() + fact[1:],
        "act": words.act,
        "days": str(said.days),
        "lasted": _lasted(said.hours, frame),
        "disclaimer": _less_sure(said, frame, language) + (frame.said["disclaimer"] if rule.proxy else ""),
    } | _ahead(said, frame)


def _may_be(rule: Rule, said: Said, frame: Phrasing) -> str:
    """How far a forecast may be off on the side that does harm: one night in six is beyond a standard error."""
    if said.error != said.error:
        return ""
    side = -said.error if rule.below else said.error
    bound = _number((said.value + side) * rule.factor, rule.decimals, frame.decimal)
    return str(frame.said["may_fall" if rule.below else "may_rise"].format(bound=bound))


def _less_sure(said: Said, frame: Phrasing, language: str) -> str:
    """That something was not measured, which would have made it surer."""
    if not said.lacking:
        return ""
    names = ", ".join(QUANTITIES[name].title(language).lower() for name in said.lacking)
    return str(frame.said["less_sure"].format(names=names)) + " "


def _lasted(hours: int, frame: Phrasing) -> str:
    """How long it has gone on: hours, and from the third day on whole days, as people count."""
    if hours < LONG:
        return str(frame.said["lasted_hours"]).format(hours=hours)
    return str(frame.said["lasted_days"]).format(days=hours // 24)


def _dates(rule: Rule, said: Said, frame: Phrasing) -> dict[str, str]:
    """The dates between which what a value of days left speaks of will be."""
    if rule.days_ahead is None:
        return {}
    of = said.since if said.at is None else said.at
    again = said.kind in {"renew", "extend"} and said.at is None
    day = datetime.fromtimestamp(of, UTC).astimezone(_zone(said.time_zone)) + timedelta(days=again * (said.days - 1))
    left = 0 if said.value != said.value else round(said.value)
    ends = (day + timedelta(days=left - less) for less in rule.days_ahead)
    pattern = frame.said["day"]  # of which the date alone is said
    dates = (end.strftime(pattern[pattern.index("%") :]) for end in ends)
    return dict(zip(("first", "last"), dates, strict=True))


def _number(value: float, decimals: int, mark: str) -> str:
    """As people say it: rounded, no zeros behind, never "-0"."""
    written = f"{round(value, decimals) + 0.0:.{decimals}f}"
    return (written.rstrip("0").rstrip(".") if decimals else written).replace(".", mark)


def _when(said: Said, pattern: str, span: str) -> str:
    """When its level began, of what is over the whole; of a forecast from the beginning to its last day."""
    if said.until is None:
        whole = said.kind in {"end", "cancel"}
        return _local(said.started if whole else said.since, said.time_zone).strftime(pattern)
    begin = _local(said.started, said.time_zone).strftime(pattern)
    last = _local(said.until - 1, said.time_zone)
    same_day = last.date() == _local(said.started, said.time_zone).date()
    return begin if same_day else span.format(begin=begin, last=last.strftime(pattern))


def _ahead(said: Said, frame: Phrasing) -> dict[str, str]:
    if said.issued is None:
        return {}
    issued = _local(said.issued, said.time_zone).strftime(frame.said["moment"])
    # the short text begins with the word, a group's has it in place of the station's
    return {"proxy": frame.said["ahead_proxy"], "disclaimer": frame.said["ahead_disclaimer"].format(issued=issued)}


def _tidy(text: str) -> str:
    return " ".join(text.split())


def _fit(pattern: str, filled: dict[str, str]) -> str:
    """Fill, and where it does not fit one segment first shorten the place's name, then leave the advice out."""
    text = _tidy(pattern.format_map(filled))
    if septets(text) <= SEGMENT:
        return text
    place = filled["place"]
    for shorter in (place.rsplit(",", 1)[0], place.split(",", 1)[0], place[:20].rsplit(" ", 1)[0]):
        text = _tidy(pattern.format_map(filled | {"place": shorter}))
        if septets(text) <= SEGMENT:
            return text
    return _tidy(pattern.format_map(filled | {"place": place[:20].rsplit(" ", 1)[0], "act": ""}))


#: The marks that Unicode sets on letters by themselves, to be left out.
_MARKS = {code: None for block in (range(0x300, 0x370), range(0x1DC0, 0x1E00), range(0x20D0, 0x2100)) for code in block}


def unaccented(text: str) -> str:
    """Write Vietnamese without its marks, as GSM-7 can carry it."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return plain.translate(_MARKS)


def septets(text: str) -> int:
    """Length of a text in GSM-7 septets once it is written without accents."""
    plain = unaccented(text)
    return len(plain) + sum(map(plain.count, _ESCAPED))


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(second: int, time_zone: str) -> datetime:
    return datetime.fromtimestamp(second, UTC).astimezone(_zone(time_zone))


def local_day(second: int, time_zone: str) -> str:
    """Local date of a second, ISO."""
    return _local(second, time_zone).date().isoformat()
