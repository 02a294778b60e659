"""What a board says, by its name in the files of languages (`dashboards.languages`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dashboards import languages
from telemetry.quantities import QUANTITIES

#: Code of a language on the shelf; Vietnamese comes first: it is what a board is opened in.
Language = str


@dataclass(frozen=True, slots=True)
class Words:
    """A text, ``section.key``, with the number that it is filled with, if any."""

    place: str
    level: int | None = None

    def get(self, language: Language) -> str:
        """The text in a language, in Vietnamese where its section is not whole."""
        section, _, key = self.place.partition(".")
        text = languages.SHELF.words(language, section)[key]
        return text if self.level is None else text.format(level=self.level)


@dataclass(frozen=True, slots=True)
class Capital(Words):
    """The same at the beginning of a title."""

    def get(self, language: Language) -> str:
        """The text with its first letter large."""
        text = Words.get(self, language)
        return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class QuantityName(Words):
    """The name of a quantity, as telemetry's own files have it."""

    def get(self, language: Language) -> str:
        """The name in a language."""
        return QUANTITIES[self.place].title(language)


@dataclass(frozen=True, slots=True)
class Sign(Words):
    """What is written alike in every language."""

    def get(self, language: Language) -> str:  # noqa: ARG002
        """The sign."""
        return self.place


@dataclass(frozen=True, slots=True)
class Address(Words):
    """An address with the language in it."""

    def get(self, language: Language) -> str:
        """The address in a language."""
        return self.place.format(language)


def table(section: str) -> Mapping[str, Words]:
    """Everything in a section by its key, in the order of the Vietnamese file."""
    return {key: Words(f"{section}.{key}") for key in languages.SHELF.words(languages.OFFICIAL, section)}


NO_DATA = Words("every.no_data")
