"""What they are called, in columns and within SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dashboards.words import Language, Words, table

#: Crops that indices know (analytics/indices/crops.toml; a test compares them).
CROPS: Mapping[str, Words] = table("crops")
_SAID = re.compile(r"\$__said\(([a-z_.]+)\)")
_NAME = re.compile(r"\$__crop\(([^)]*)\)")


def _quoted(text: str) -> str:
    """A text within an SQL string."""
    return text.replace("'", "''")


def spoken(sql: str, language: Language) -> str:
    """SQL with what is said in the board's language: ``$__crop(column)`` the crop's name, ``$__said(section.key)``."""
    sql = _SAID.sub(lambda found: _quoted(Words(found[1]).get(language)), sql)
    names = " ".join(f"WHEN '{code}' THEN '{_quoted(words.get(language))}'" for code, words in CROPS.items())
    return _NAME.sub(rf"CASE \1 {names} ELSE \1 END", sql)
