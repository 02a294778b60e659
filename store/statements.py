"""SQL lives in `store/sql/*.sql`, each statement under a ``-- name: …`` line."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString

_NAME = re.compile(r"^-- name: (\w+)[ \t]*$", re.MULTILINE)


@cache
def statements(family: str) -> dict[str, LiteralString]:
    """Statements of ``store/sql/<family>.sql`` by name.

    The texts come from files of this package only, never from outside, which is what psycopg's
    ``LiteralString`` asks for.
    """
    text = (files("store") / "sql" / f"{family}.sql").read_text(encoding="utf-8")
    _, *parts = _NAME.split(text)
    names, bodies = parts[0::2], parts[1::2]
    if len(set(names)) != len(names):
        message = f"store/sql/{family}.sql names a statement twice"
        raise ValueError(message)
    return {name: body.strip().removesuffix(";") for name, body in zip(names, bodies, strict=True)}


def statement(family: str, name: str) -> LiteralString:
    """One named statement of a family."""
    return statements(family)[name]
