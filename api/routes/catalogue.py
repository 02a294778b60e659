"""Catalogue: what quantities, indices, rules and crops are called and say."""

from __future__ import annotations

from typing import Any

from store import shown
from store.scope import PUBLIC


async def titles(connection: shown.Connection, kind: str) -> dict[str, dict[str, Any]]:
    """Entries of one kind by name."""
    rows = await shown.rows(connection, "catalogue", PUBLIC, kind=kind)
    return {row["name"]: row["entry"] for row in rows}
