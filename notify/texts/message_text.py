"""What a message about one or several steps says, fullest wording first (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from notify.languages import OFFICIAL
from notify.step import Step
from notify.texts.sms_segments import headline


def words_of(steps: list[Step], language: str) -> Mapping[str, Any]:
    """Texts of the highest of these steps, of several the newest; they name every crop that the steps are about."""
    first = max(steps, key=lambda step: (step.level, step.id))
    words = wording(first.texts, language)
    own = words.get("crop", "")
    of_rule = [wording(step.texts, language).get("crop", "") for step in steps if step.rule == first.rule]
    crops = ", ".join(dict.fromkeys(crop for crop in of_rule if crop))
    if not own or crops == own:
        return words
    return {
        key: text.replace(f"({own})", f"({crops})") if isinstance(text, str) else text for key, text in words.items()
    }


def texts_of(steps: list[Step], language: str, audience: str, *, by_commune: bool = False) -> list[str]:
    """Wordings of one SMS about these steps, fullest first: places by name or by their commune, advice or none.

    ``by_commune``: the reader never heard of these places, but of others in their commune.
    """
    words = words_of(steps, language)
    advice = advice_of(words, audience)
    commune, names = steps[0].commune_name, _names_of(steps)
    if by_commune and words.get("group"):
        texts = [filled(words["group"], steps, commune)]
    elif len({step.place for step in steps}) == 1:
        texts = _one_place(words.get("short", ""), names)
    else:
        template = words.get("group") or words.get("short", "")
        texts = list(dict.fromkeys(filled(template, steps, places) for places in (names, commune)))
    return [*(joined(text, advice) for text in texts if advice), *texts]


def briefs_of(steps: list[Step], language: str) -> list[str]:
    """Wordings of a renewal at one place that is not pressing, without what to do, said before: they keep accents."""
    words = words_of(steps, language)
    if len({step.place for step in steps}) > 1 or any(step.pressing for step in steps) or not words.get("brief"):
        return []
    return _one_place(str(words["brief"]), _names_of(steps))


def _names_of(steps: list[Step]) -> str:
    """Names of the places, each once."""
    return ", ".join(dict.fromkeys(step.place_name for step in steps))


def _one_place(short: str, name: str) -> list[str]:
    """The text with its place's whole name, and with what stands before the comma."""
    return list(dict.fromkeys((short, short.replace(name, name.partition(",")[0]))))


def long_of(steps: list[Step], language: str, audience: str) -> str:
    """Text about these steps for routes without segments."""
    paragraphs = []
    for step in steps:
        words = wording(step.texts, language)
        paragraphs.append(f"{step.place_name}: {words.get('long') or words.get('short', '')}")
    advice = advice_of(words_of(steps, language), audience)
    return "\n\n".join([*dict.fromkeys(paragraphs), *([advice] if advice else [])])


def title_of(steps: list[Step], language: str) -> str:
    """Line for the head of an e-mail."""
    words = words_of(steps, language)
    return headline(str(words.get("title") or words.get("short", "")))


def fresh(step: Step) -> Step:
    """The step as it is said to who was told of nothing lower: no level has been raised for them."""
    texts = {language: {**words, **words.get("fresh", {})} for language, words in step.texts.items()}
    return replace(step, texts=texts)


def wording(texts: Mapping[str, Any], language: str) -> Mapping[str, Any]:
    """Texts in a language; where the rule has none in it, in Vietnamese, the official one."""
    words: Any = texts.get(language) or texts.get(OFFICIAL) or next(iter(texts.values()), {})
    return words if isinstance(words, Mapping) else {}


def advice_of(words: Mapping[str, Any], audience: str) -> str:
    """What to do at length, for an audience: its own, else what is for farmers, else for everyone; empty: nothing."""
    advice = words.get("advice", {})
    return next((str(advice[name]) for name in (audience, "farmer", "everyone") if advice.get(name)), "")


def filled(template: str, steps: list[Step], places: str) -> str:
    """Group text with its number and names of places, and its commune."""
    count = str(len({step.place for step in steps}))
    for name, value in (("count", count), ("places", places), ("commune", steps[0].commune_name)):
        template = template.replace("{" + name + "}", value)
    return template


def joined(text: str, advice: str) -> str:
    """Text and advice as two sentences."""
    return f"{text.rstrip()}{'' if text.rstrip().endswith(('.', '!', '?')) else '.'} {advice}"
