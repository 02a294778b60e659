"""Settings of the commands that work on the tables, and their connection."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.rows import TupleRow
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


#: What every session of a command speaks at its border.
_UTC = "-c timezone=UTC"


def _refused(error: psycopg.OperationalError) -> SystemExit:
    """Tell a person in a line, in place of a traceback; exit code 1."""
    said = " ".join(str(error).split())
    sys.stderr.write(f"cannot reach the database of NONGVU_DATABASE_URL: {said}\n'nongvu doctor' says more\n")
    return SystemExit(1)


@contextmanager
def connect(name: str, *, autocommit: bool = False, url: str | None = None) -> Iterator[Connection[TupleRow]]:
    """Connection of a command by ``NONGVU_DATABASE_URL`` (or ``url``) in UTC; commits at the end, or rolls back.

    ``name`` stands in ``pg_stat_activity``. A database that cannot be reached ends the command with a line about it.
    """
    try:
        connection = psycopg.connect(
            url or read(StoreSettings).database_url,
            autocommit=autocommit,
            application_name=f"nongvu-{name}",
            options=_UTC,
        )
    except psycopg.OperationalError as error:
        raise _refused(error) from None
    with connection:
        yield connection


@asynccontextmanager
async def connect_async(
    name: str, *, autocommit: bool = False, url: str | None = None
) -> AsyncIterator[AsyncConnection[TupleRow]]:
    """The same for commands that work with ``await``."""
    try:
        connection = await AsyncConnection.connect(
            url or read(StoreSettings).database_url,
            autocommit=autocommit,
            application_name=f"nongvu-{name}",
            options=_UTC,
        )
    except psycopg.OperationalError as error:
        raise _refused(error) from None
    async with connection:
        yield connection
