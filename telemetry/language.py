"""What a package says to people, one TOML file a language in its folder ``languages``.

A file begins with what the language is: ``name`` (what it calls itself), ``tag`` (BCP 47), ``decimal`` (its decimal
mark) and ``lacks`` (what nobody has translated yet: ``"field"``, ``"rules.frost"``). Then come sections of texts, under
the same keys in every language. A section that is not whole is said in Vietnamese, all of it: no sentence is half
translated. Everything is checked when the files are read; `LanguageError` names the file and the key.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, cast

#: What every text is written in, and what is said where another language has no words.
OFFICIAL = "vi"
#: What a file says of its language before its sections.
_HEAD = ("name", "tag", "decimal")
#: Patterns of time that are written in English wherever they are used.
_ENGLISH_ONLY = ("%a", "%A", "%b", "%B", "%p")

Words = Mapping[str, str]


class LanguageError(ValueError):
    """A file of texts cannot be used; names it, the key, and what is wrong."""


class _Section(dict[str, Any]):
    """Texts by name, that say where a missing one should stand."""

    def __init__(self, place: str, texts: Mapping[str, Any]) -> None:
        super().__init__({key: _placed(f"{place}.{key}", part) for key, part in texts.items()})
        self._place = place

    def __missing__(self, key: str) -> Any:
        message = f"{self._place}.{key} is missing"
        raise LanguageError(message)


def _placed(place: str, value: Any) -> Any:
    """A value whose tables know where they stand, and whose lists do not change."""
    if isinstance(value, dict):
        return _Section(place, value)
    return tuple(_placed(f"{place}.{n}", part) for n, part in enumerate(value)) if isinstance(value, list) else value


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
    #: What nobody has translated yet, by ``section.key``.
    lacks: tuple[str, ...]
    #: Section → key → text, list of texts, or further keys.
    sections: Mapping[str, Mapping[str, Any]]

    def at(self, place: str) -> Mapping[str, Any]:
        """A section, or a part of it by ``section.key``, that is there."""
        found: Any = self.sections
        for key in place.split("."):
            found = found[key]
        return cast("Mapping[str, Any]", found)

    def has(self, place: str) -> bool:
        """Whether a section, or a part of it by ``section.key``, is there and whole."""
        found: Any = self.sections
        for key in place.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found is not None and not any(one.startswith(f"{place}.") for one in self.lacks)


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
            compared = _Comparison(folder / f"{given.code}.toml", frozenset(given.lacks), allowed)
            compared.sections(given, official, frozenset(own))
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

    def spoken(self, code: str, *places: str) -> str:
        """The language itself where it has all of these sections, else Vietnamese: no text is made of two languages."""
        known = self.languages.get(code)
        return code if known and all(map(known.has, places)) else OFFICIAL

    def titles(self, place: str) -> dict[str, str]:
        """One text in every language that has it, Vietnamese first."""
        section, _, key = place.rpartition(".")
        return {code: found.at(section)[key] for code, found in self.languages.items() if found.has(place)}

    def tree(self, code: str, place: str) -> Mapping[str, Any]:
        """A section, or a part of it by ``section.key``; in Vietnamese where the language has not all of it."""
        return self.languages[self.spoken(code, place)].at(place)

    def words(self, code: str, place: str) -> Words:
        """Texts of a section by name; in Vietnamese where the language has not all of them."""
        return self.tree(code, place)

    def listed(self, code: str, place: str, key: str) -> tuple[str, ...]:
        """Texts that are told apart by their place: stages, days of the week."""
        return cast("tuple[str, ...]", self.tree(code, place)[key])


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
    sections = {name: _Section(f"{path}: {name}", texts) for name, texts in given.items()}
    return Language(path.stem, str(head["name"]), str(head["tag"]), str(head["decimal"]), tuple(lacks), sections)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A language beside the Vietnamese one."""

    path: Path
    lacks: frozenset[str]
    allowed: Mapping[str, frozenset[str]]

    def refuse(self, said: str) -> NoReturn:
        """Raise with the file's name."""
        message = f"{self.path}: {said}"
        raise LanguageError(message)

    def sections(self, given: Language, official: Language, own: frozenset[str]) -> None:
        """Refuse a language that has not the sections, keys and placeholders of the Vietnamese file."""
        if given.code == official.code and given.lacks:
            self.refuse("lacks has to be empty: others fall back to this language")
        for place in given.lacks:
            if not official.has(place):
                self.refuse(f"lacks names {place}, which there is not; sections are {', '.join(official.sections)}")
            if given.has(place):
                self.refuse(f"{place} is there and yet named in lacks")
        for name, texts in given.sections.items():
            if name not in official.sections and name not in own:
                self.refuse(f"there is no section [{name}]: {', '.join(official.sections)}")
            self.alike(name, texts, texts if name in own else official.sections[name])
        for name in official.sections:
            if name not in given.sections and name not in given.lacks and name not in own:
                self.refuse(f"[{name}] is missing; translate it, or name it in lacks")

    def alike(self, key: str, given: Any, expected: Any) -> None:
        """Refuse what is of another shape than the Vietnamese, or speaks of other things."""
        kinds = (str, tuple, dict)
        if not any(isinstance(given, kind) and isinstance(expected, kind) for kind in kinds):
            self.refuse(f"{key} has to be {next(_KINDS[kind] for kind in kinds if isinstance(expected, kind))}")
        if isinstance(given, str):
            self.same_holes(key, given, expected)
            return
        ours = given if isinstance(given, dict) else dict(enumerate(given))
        theirs = expected if isinstance(expected, dict) else dict(enumerate(expected))
        for name in theirs:
            if name not in ours and f"{key}.{name}" not in self.lacks:
                self.refuse(f"{key}.{name} is missing")
        for name, value in ours.items():
            if name not in theirs:
                self.refuse(f"{key}.{name} is unknown: the Vietnamese file has no such text")
            self.alike(f"{key}.{name}", value, theirs[name])

    def same_holes(self, key: str, given: str, expected: str) -> None:
        """Refuse other placeholders than those of the Vietnamese text, or than those allowed."""
        if self.path.stem != "en" and (english := [pattern for pattern in _ENGLISH_ONLY if pattern in given]):
            self.refuse(f"{key} has {english[0]}, which is written in English: use numbers (%d, %m, %H)")
        ours, theirs, allowed = self.holes(key, given), self.holes(key, expected), self.allowed.get(key)
        if allowed is not None and (unknown := ours - allowed):
            self.refuse(f"{key} has the placeholder {{{min(unknown)}}}; there are {', '.join(sorted(allowed))}")
        if allowed is None and ours != theirs:
            other = min(ours ^ theirs)
            self.refuse(f"{key} {'has' if other in ours else 'lacks'} the placeholder {{{other}}}")

    def holes(self, key: str, text: str) -> frozenset[str]:
        """Placeholders of a text; those in double braces, filled later by others, keep one pair."""
        try:
            parts = list(string.Formatter().parse(text))
            later = "".join(literal for literal, *_ in parts)
            names = [name for _, name, *_ in parts if name is not None]
            names += [f"{{{name}}}" for _, name, *_ in string.Formatter().parse(later) if name is not None]
        except ValueError as error:
            self.refuse(f"{key}: {error}")
        if any(not name.strip("{}").replace("_", "").isalnum() for name in names):
            self.refuse(f"{key}: a placeholder needs a name, {{days}}")
        return frozenset(names)


_KINDS: Mapping[type, str] = {str: "a text", tuple: "a list", dict: "a table"}
