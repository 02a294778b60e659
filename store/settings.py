"""Settings of the commands that work on the tables, and their connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from telemetry.settings import DatabaseSettings, read


class StoreSettings(DatabaseSettings):
    """Of ``nongvu store``, ``place`` and ``gateway``."""


@contextmanager
def connect(name: str, *, autocommit: bool = False) -> Iterator[Connection[Any]]:
    """Connection by ``NONGVU_DATABASE_URL`` in UTC; commits at the end, or rolls back."""
    settings = read(StoreSettings)
    try:
        connection = psycopg.connect(
            settings.database_url, application_name=f"nongvu-{name}", options="-c timezone=UTC", autocommit=autocommit
        )
    except psycopg.OperationalError as error:
        message = f"cannot reach the database of NONGVU_DATABASE_URL: {error}"
        raise SystemExit(message) from None
    with connection:
        yield connection
