"""What quantities, indices, rules and crops are called and say, loaded by every migration run."""

from __future__ import annotations

from importlib.resources import files

from psycopg import Connection
from psycopg.rows import TupleRow

from store.statements import statement


def load(connection: Connection[TupleRow]) -> None:
    """Bring the table up to date with the committed file, made from the shelves."""
    entries = (files("analytics") / "catalogue.json").read_text(encoding="utf-8")
    connection.execute(statement("catalogue", "load"), {"entries": entries})
