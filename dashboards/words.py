"""What a board says, in every language it is built for."""

from __future__ import annotations

from typing import Literal, NamedTuple

Language = Literal["vi", "en"]

#: Vietnamese first: it is what a board is opened in.
LANGUAGES: tuple[Language, ...] = ("vi", "en")


class Words(NamedTuple):
    """A text in both languages."""

    vi: str
    en: str

    def get(self, language: Language) -> str:
        """The text in a language."""
        return self.vi if language == "vi" else self.en


NO_DATA = Words("không có số liệu", "no data")
