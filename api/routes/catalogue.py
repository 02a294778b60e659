"""What quantities, indices, rules and crops are called and say."""

from __future__ import annotations

from store import visible, visible_row
from store.pool import Connection
from store.scope import PUBLIC


async def titles(connection: Connection, kind: str) -> dict[str, dict[str, object]]:
    """Entries of one kind by name."""
    rows = await visible.rows(connection, visible_row.CatalogueEntry, "catalogue", PUBLIC, kind=kind)
    return {row["name"]: row["entry"] for row in rows}
