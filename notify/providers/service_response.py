"""What a service's answers and receipts say, as its documents have it, described as data (pure).

A condition is a table, path → what stands there: ``"5"``, one of ``"1|2|7"``, a number ``">=1"``, ``"*"`` (anything),
``""`` (nothing, an empty list). Every entry has to hold. What no condition covers is unknown, never a success.
"""

from __future__ import annotations

import json
import operator
import re
from codecs import BOM_UTF8
from collections.abc import Mapping
from math import isfinite
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, model_validator

from notify.provider import Heard, Receipt

State = Literal["delivered", "failed", "underway", "unknown"]
Said = Literal["taken", "repeated", "later", "person", "elsewhere", "never", "unclear"]
Where = dict[str, str]

_COMPARED = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")
#: Longest id of a message that is one [characters]; an index takes 2,700 bytes.
LONGEST_ID = 200
#: Our reference as a service hands it back, with whatever a preset wrote behind it.
_OURS = re.compile(r"nv-\d+(?:-\d+)?")


class Answer(BaseModel):
    """What an answer's body means; a code that stands nowhere here is a refusal, to be tried again."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "text"] = "json"
    code: str = ""  # path of the code, parts divided by dots; of text: a pattern with one group
    ok: tuple[str, ...] = ()
    where: Where = {}  # what holds beside an ok code, else the message was not taken for this number
    repeated: tuple[str, ...] = ()  # this reference was there before: sent, if a try of ours may have been taken
    person: tuple[str, ...] = ()  # not now and perhaps not to this person: no sign that the service is ill
    elsewhere: tuple[str, ...] = ()  # not this number, or not this text, by this service
    never: tuple[str, ...] = ()
    id: str = ""
    reason: str = ""

    def meant(self, document: Any) -> tuple[Said, str, str]:
        """What it says, the id that it gives, and its words."""
        code, known_as = code_at(document, self.code), id_at(document, self.id)
        words = f"{code}: {text_at(document, self.reason)}"
        if not code:
            return "unclear", "", "the answer does not say how it went"
        said = self._listed(code)
        if said != "taken":
            return said, known_as if said == "repeated" else "", words
        if not holds(document, self.where):
            shown = " ".join(f"{path}={text_at(document, path)}" for path in self.where)
            return "elsewhere", "", f"{code}, but not this number: {shown}"
        if self.id and not known_as:
            return "unclear", "", f"taken ({code}), but the answer names no message"
        return "taken", known_as, words

    def _listed(self, code: str) -> Said:
        lists: tuple[tuple[Said, tuple[str, ...]], ...] = (
            ("repeated", self.repeated), ("never", self.never), ("elsewhere", self.elsewhere), ("person", self.person),
            ("taken", self.ok),
        )  # fmt: skip
        return next((said for said, codes in lists if code in codes), "later")


class StateRule(BaseModel):
    """A state of a message and the condition by which it is known."""

    model_config = ConfigDict(extra="forbid")

    state: State
    where: Where


class Callback(BaseModel):
    """How a receipt, or a person's message, looks when the service calls back."""

    model_config = ConfigDict(extra="forbid")

    id: str = ""
    reference: str = ""  # where our own reference comes back
    states: tuple[StateRule, ...] = ()  # the first that holds
    state: str = ""  # for services that say it in one word: its path, and the words
    delivered: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    underway: tuple[str, ...] = ()
    sender: str = ""
    text: str = ""

    @model_validator(mode="after")
    def _one_way(self) -> Callback:
        if self.states and self.state:
            message = "callback: give either states, or state with delivered, failed and underway"
            raise ValueError(message)
        return self

    def read(self, document: Any) -> Receipt | Heard:
        """What one entry says; raises ``ValueError`` where it names no message."""
        if self.text and text_at(document, self.text):
            return Heard(text_at(document, self.sender), text_at(document, self.text))
        ours = _OURS.match(text_at(document, self.reference))
        names = list(filter(None, (id_at(document, self.id), ours[0] if ours else "")))
        if not names:
            message = "names no message: set callback.id of the route"
            raise ValueError(message)
        state, shown = self._state(document)
        return Receipt(names[0], state, shown, tuple(names[1:]))

    def _state(self, document: Any) -> tuple[State, str]:
        if not self.states:
            word = text_at(document, self.state)
            given: tuple[tuple[State, tuple[str, ...]], ...] = (
                ("delivered", self.delivered), ("failed", self.failed), ("underway", self.underway),
            )  # fmt: skip
            return next((state for state, words in given if word in words), "unknown"), word
        paths = dict.fromkeys(path for rule in self.states for path in rule.where)
        shown = " ".join(f"{path}={text_at(document, path)}" for path in paths)
        return next((rule.state for rule in self.states if holds(document, rule.where)), "unknown"), shown


class AnswerExample(BaseModel):
    """A worked example of a preset: an answer as the documents print it, and what it means."""

    model_config = ConfigDict(extra="forbid")

    request: str = ""  # what was asked for the shelf test's message, if it is shown
    status: int = 200
    answer: str
    means: Said
    id: str = ""


class ReceiptExample(BaseModel):
    """A worked example of a preset: a receipt as the documents print it, and what it means."""

    model_config = ConfigDict(extra="forbid")

    type: str = "application/x-www-form-urlencoded"
    body: str
    id: str = ""
    state: Literal["delivered", "failed", "underway", "unknown", "heard"]


def holds(document: Any, where: Mapping[str, str]) -> bool:
    """Whether every entry of a condition holds."""
    return all(_holds(text_at(document, path), wanted) for path, wanted in where.items())


def _holds(value: str, wanted: str) -> bool:
    if wanted == "*":
        return bool(value)
    found = re.fullmatch(r"(>=|<=|>|<)\s*([-+]?\d+(?:\.\d+)?)", wanted)
    if found:
        return bool(_NUMBER.fullmatch(value)) and bool(_COMPARED[found[1]](float(value), float(found[2])))
    return value in wanted.split("|")


def text_at(document: Any, path: str) -> str:
    """What stands at a path of a document, or is found by a pattern in a text; empty where nothing does."""
    found = _at(document, path)
    if found is None or found in ([], {}):
        return ""
    if isinstance(found, bool):
        return str(found).lower()
    return str(int(found)) if isinstance(found, float) and found.is_integer() else str(found)


def code_at(document: Any, path: str) -> str:
    """A code: a text or a finite number; empty where anything else stands there."""
    found = _at(document, path)
    if isinstance(found, bool) or not (isinstance(found, (str, int)) or (isinstance(found, float) and isfinite(found))):
        return ""
    return text_at(document, path)


def id_at(document: Any, path: str) -> str:
    """An id: a code that is neither 0, below 0, blank, nor longer than any service's."""
    found = code_at(document, path)
    none = not found.strip() or len(found) > LONGEST_ID or re.fullmatch(r"-\d+|0+", found)
    return "" if none else found


def _at(document: Any, path: str) -> Any:
    if not path:
        return None
    if isinstance(document, _Text):
        match = re.search(path, document)
        return match[1] if match and match.re.groups else None
    for part in path.split("."):
        if isinstance(document, list):
            document = document[int(part)] if part.isdigit() and int(part) < len(document) else None
        else:
            document = document.get(part) if isinstance(document, dict) else None
    return document


class _Text(str):
    """An answer that is read by patterns."""

    __slots__ = ()


def answered(form: str, body: str) -> Any:
    """An answer's body as a document; raises ``ValueError`` where it is none."""
    if form == "text":
        return _Text(body)
    document = _json(body)
    if not isinstance(document, (dict, list)):
        message = "no object"
        raise ValueError(message)
    return document


def _json(text: str) -> Any:
    """A document, without the byte order mark that .NET services write before it."""
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except RecursionError as error:
        message = "nested without end"
        raise ValueError(message) from error


def posted(content_type: str, payload: bytes) -> list[Any]:
    """Entries of what a service posted: JSON (one or a list) or a form."""
    payload = payload.removeprefix(BOM_UTF8)
    if "json" in content_type or payload.lstrip()[:1] in {b"{", b"["}:
        document = _json(payload.decode("utf-8"))
        return document if isinstance(document, list) else [document]
    return [dict(parse_qsl(payload.decode("utf-8"), keep_blank_values=True))]


def is_page(body: str) -> bool:
    """Whether an answer is a page for people: no service says by one that it took a message."""
    begin = body.lstrip()[:100].lower()
    return begin.startswith("<html") or (begin.startswith("<!doctype") and begin[9:].lstrip().startswith("html"))
