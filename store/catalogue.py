"""What quantities, indices, rules and crops are called and say, loaded by every migration run."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from psycopg import Connection

from store.statements import statement


def load(connection: Connection[Any]) -> None:
    """Bring the table up to date with the committed file, made from the shelves."""
    entries = (files("analytics") / "catalogue.json").read_text(encoding="utf-8")
    connection.execute(statement("catalogue", "load"), {"entries": entries})
