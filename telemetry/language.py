"""Language: what a package says to people, one TOML file a language in its folder ``languages``.

A file begins with what the language is: ``name`` (what it calls itself), ``tag`` (BCP 47), ``decimal`` (its decimal
mark) and ``lacks`` (sections that nobody has translated yet). Then come sections of texts, under the same keys in every
language. A section is whole or named in ``lacks``: then it is said in Vietnamese, all of it: no sentence is half
translated. Everything is checked when the files are read; `LanguageError` names the file and the key.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

#: What every text is written in, and what is said where another language has no words.
OFFICIAL = "vi"
#: What a file says of its language before its sections.
_HEAD = ("name", "tag", "decimal")
#: Patterns of time that are written in English wherever they are used.
_ENGLISH_ONLY = ("%a", "%A", "%b", "%B", "%p")

Words = Mapping[str, str]


class LanguageError(ValueError):
    """A file of texts cannot be used; names it, the key, and what is wrong."""


class _Section(dict[str, str]):
    """Texts by name, that say where a missing one should stand."""

    def __init__(self, place: str, texts: Mapping[str, str]) -> None:
        super().__init__(texts)
        self._place = place

    def __missing__(self, key: str) -> str:
        message = f"{self._place}: there is no text {key!r}"
        raise LanguageError(message)


@dataclass(frozen=True, slots=True)
class Language:
    """One file."""

    code: str
    #: What it calls itself: "Tiếng Việt".
    name: str
    #: BCP 47: "vi-VN".
    tag: str
    #: Decimal mark.
    decimal: str
    #: Sections that nobody has translated yet.
    lacks: tuple[str, ...]
    #: Section → key → text, list of texts, or further keys.
    sections: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The languages of a package, Vietnamese first."""

    folder: Path
    languages: Mapping[str, Language]

    @classmethod
    def of(cls, folder: Path, own: Iterable[str] = (), holes: Mapping[str, Iterable[str]] | None = None) -> Shelf:
        """Read and check every file of a folder.

        ``own`` are sections of which each language has its own keys, or none: how it is read aloud. ``holes`` names the
        placeholders that a text may use, by ``section.key``; in others they are those of the Vietnamese text.
        """
        found = {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
        if OFFICIAL not in found:
            message = f"{folder}: there is no {OFFICIAL}.toml, which the other languages follow"
            raise LanguageError(message)
        official, allowed = found.pop(OFFICIAL), {key: frozenset(names) for key, names in (holes or {}).items()}
        for given in (official, *found.values()):
            _compare(folder / f"{given.code}.toml", given, official, frozenset(own), allowed)
        return cls(folder, MappingProxyType({OFFICIAL: official, **found}))

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of all languages, Vietnamese first."""
        return tuple(self.languages)

    @property
    def names(self) -> Mapping[str, str]:
        """Code → what the language calls itself."""
        return {code: language.name for code, language in self.languages.items()}

    def language(self, code: str) -> Language:
        """A language, or Vietnamese where there is none of that code."""
        return self.languages.get(code) or self.languages[OFFICIAL]

    def spoken(self, code: str, *sections: str) -> str:
        """The language itself where it has all of these sections, else Vietnamese: no text is made of two languages."""
        known = self.languages.get(code)
        return code if known and all(section in known.sections for section in sections) else OFFICIAL

    def words(self, code: str, section: str) -> Words:
        """Texts of a section by name; in Vietnamese where the language lacks it."""
        code = self.spoken(code, section)
        found = self.languages[code].sections.get(section, {})
        texts = {key: text for key, text in found.items() if isinstance(text, str)}
        return _Section(f"{self.folder / code}.toml: [{section}]", texts)

    def tree(self, code: str, section: str) -> Mapping[str, Any]:
        """A section with its lists and further keys; in Vietnamese where the language lacks it."""
        return self.languages[self.spoken(code, section)].sections.get(section, {})

    def listed(self, code: str, section: str, key: str) -> tuple[str, ...]:
        """Texts that are told apart by their place: stages, days of the week."""
        found = self.tree(code, section).get(key)
        if not isinstance(found, list):
            message = f"{self.folder / self.spoken(code, section)}.toml: [{section}]: there is no list {key!r}"
            raise LanguageError(message)
        return tuple(found)


def _read(path: Path) -> Language:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{path}: not a TOML file in UTF-8: {error}"
        raise LanguageError(message) from error
    head = {key: given.pop(key, None) for key in _HEAD}
    lacks = given.pop("lacks", [])
    if wrong := [key for key, value in head.items() if not isinstance(value, str) or not value]:
        message = f"{path}: {wrong[0]} has to be a text"
        raise LanguageError(message)
    if wrong := [key for key, value in given.items() if not isinstance(value, dict)]:
        message = f"{path}: {wrong[0]} is no section; before the sections stand {', '.join(_HEAD)} and lacks alone"
        raise LanguageError(message)
    return Language(
        path.stem, str(head["name"]), str(head["tag"]), str(head["decimal"]), tuple(lacks), MappingProxyType(given)
    )


def _compare(
    path: Path, given: Language, official: Language, own: frozenset[str], allowed: Mapping[str, frozenset[str]]
) -> None:
    """Refuse a language that has not the sections, keys and placeholders of the Vietnamese file."""
    if given.code == official.code and given.lacks:
        message = f"{path}: lacks has to be empty: others fall back to this language"
        raise LanguageError(message)
    if both := set(given.lacks) & set(given.sections):
        message = f"{path}: [{min(both)}] is there and yet named in lacks"
        raise LanguageError(message)
    expected = {name: texts for name, texts in official.sections.items() if name not in own}
    kept = {name: texts for name, texts in given.sections.items() if name not in own}
    if unknown := set(given.lacks) - set(official.sections):
        message = f"{path}: lacks names [{min(unknown)}], which there is not: {', '.join(official.sections)}"
        raise LanguageError(message)
    for name in expected:
        if name not in kept and name not in given.lacks:
            message = f"{path}: [{name}] is missing; translate it, or name it in lacks"
            raise LanguageError(message)
    for name, texts in given.sections.items():
        if name in own:
            _alike(path, name, texts, texts, allowed)
        elif name not in expected:
            message = f"{path}: there is no section [{name}]: {', '.join(expected)}"
            raise LanguageError(message)
        else:
            _alike(path, name, texts, expected[name], allowed)


def _alike(path: Path, key: str, given: Any, expected: Any, allowed: Mapping[str, frozenset[str]]) -> None:
    """Refuse what is of another shape than the Vietnamese, or speaks of other things."""
    if type(given) is not type(expected) or not isinstance(given, str | list | dict):
        message = f"{path}: {key} has to be {_KINDS.get(type(expected), 'a text')}"
        raise LanguageError(message)
    if isinstance(given, str):
        _same_holes(path, key, given, expected, allowed.get(key))
        return
    ours = dict(enumerate(given)) if isinstance(given, list) else given
    theirs = dict(enumerate(expected)) if isinstance(expected, list) else expected
    if missing := [name for name in theirs if name not in ours]:
        message = f"{path}: {key}.{missing[0]} is missing"
        raise LanguageError(message)
    if unknown := [name for name in ours if name not in theirs]:
        message = f"{path}: {key}.{unknown[0]} is unknown: the Vietnamese file has no such text"
        raise LanguageError(message)
    for name, value in ours.items():
        _alike(path, f"{key}.{name}", value, theirs[name], allowed)


_KINDS: Mapping[type, str] = {str: "a text", list: "a list", dict: "a table"}


def _same_holes(path: Path, key: str, given: str, expected: str, allowed: frozenset[str] | None) -> None:
    if path.stem != "en" and (english := [pattern for pattern in _ENGLISH_ONLY if pattern in given]):
        message = f"{path}: {key} has {english[0]}, which is written in English: use numbers (%d, %m, %H)"
        raise LanguageError(message)
    ours, theirs = _holes(path, key, given), _holes(path, key, expected)
    if allowed is not None and (unknown := ours - allowed):
        message = f"{path}: {key} has the placeholder {{{min(unknown)}}}; there are {', '.join(sorted(allowed))}"
        raise LanguageError(message)
    if allowed is None and ours != theirs:
        other = min(ours ^ theirs)
        message = f"{path}: {key} {'has' if other in ours else 'lacks'} the placeholder {{{other}}}"
        raise LanguageError(message)


def _holes(path: Path, key: str, text: str) -> frozenset[str]:
    """Placeholders of a text; those in double braces, filled later by others, keep one pair."""
    try:
        parts = list(string.Formatter().parse(text))
        later = "".join(literal for literal, *_ in parts)
        names = [name for _, name, *_ in parts if name is not None]
        names += [f"{{{name}}}" for _, name, *_ in string.Formatter().parse(later) if name is not None]
    except ValueError as error:
        message = f"{path}: {key}: {error}"
        raise LanguageError(message) from error
    if any(not name.strip("{}").replace("_", "").isalnum() for name in names):
        message = f"{path}: {key}: a placeholder needs a name, {{days}}"
        raise LanguageError(message)
    return frozenset(names)
