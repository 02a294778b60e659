"""Settings of the commands that work on the tables, and their connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from pydantic import Field

from telemetry.settings import DatabaseSettings, read


class StoreSettings(DatabaseSettings):
    """Of ``nongvu store``, ``place`` and ``gateway``."""


class GatewaySettings(DatabaseSettings):
    """Of ``nongvu gateway``; where the broker's administrator is named, credentials are kept at the broker too."""

    mqtt_url: str | None = Field(None, description="mqtt://host:1883 or mqtts://host:8883, without a user")
    mqtt_admin: str | None = Field(None, description="administrator of the broker's dynamic-security plugin")
    mqtt_authority: Path | None = Field(None, description="CA file of the broker's certificate")
    mqtt_certificate: Path | None = Field(None, description="own certificate, where the broker asks for one")
    mqtt_key: Path | None = Field(None, description="key of the own certificate")


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
