"""What stands before and after the text of a message: drill, repeat, update, several hazards at once (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from notify import languages
from notify.step import Step

#: What a message begins with, by rung: a repeat, what officers are told first.
AGAIN = {1: "again", 2: "unanswered"}


def language_of(steps: Iterable[Step], wanted: str) -> str:
    """The language itself if a message about these steps can be said in it, all of it; else Vietnamese."""
    code = languages.SHELF.spoken(wanted, "frame")
    return code if all(code in step.texts for step in steps) else languages.OFFICIAL


def around(language: str, *, rung: int, drill: bool, update: bool, raised: bool) -> tuple[str, str]:
    """What a message begins with, and what it ends with where there is room."""
    words = languages.SHELF.words(language, "frame")
    begin = words[AGAIN[rung]] if rung in AGAIN else ""
    marks = ((drill, "exercise"), (update, "update"), (raised, "raised"))
    return begin + "".join(words[mark] for holds, mark in marks if holds), words["again_end"] if rung == 1 else ""
