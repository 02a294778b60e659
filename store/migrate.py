"""Migrate: numbered SQL files, each run once, in order, by one process at a time."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

import psycopg

from store import catalogue

#: Any number, as long as every migrator takes the same one.
LOCK = 0x6E6F6E67
#: A file whose first line is this runs outside a transaction, statement by statement.
OUTSIDE = "-- outside a transaction"
_FILE = re.compile(r"\d{4}_[a-z0-9_]+\.sql\Z")


class MigrationError(Exception):
    """The schema cannot be brought up to date; never worth another try without a person."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, so that a file edited after it ran is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration in order."""
    folder = files("store") / "migrations"
    found = [
        Migration(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir() if _FILE.match(file.name)
    ]
    return sorted(found, key=lambda migration: migration.name)


def migrate(url: str) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that ran."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        _prepare(connection)
        done = _applied(connection)
        _verify(done)
        waiting = [migration for migration in migrations() if migration.name not in done]
        for migration in waiting:
            _run(connection, migration)
        _repeat(connection)
        catalogue.load(connection)
        return [migration.name for migration in waiting]


def pending(url: str) -> list[str]:
    """Names of migrations that have not run yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('migration')").fetchone() == (None,):
            return [migration.name for migration in migrations()]
        done = _applied(connection)
        return [migration.name for migration in migrations() if migration.name not in done]


def _prepare(connection: psycopg.Connection) -> None:
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL,"
        " ran_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )


def _applied(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, checksum FROM migration").fetchall())


def _verify(done: dict[str, str]) -> None:
    known = {migration.name: migration.checksum for migration in migrations()}
    for name, checksum in done.items():
        if name not in known:
            message = f"the database has migration {name}, which this version does not know: install a newer one"
            raise MigrationError(message)
        if known[name] != checksum:
            message = f"migration {name} was changed after it ran: restore the file, and write a new migration"
            raise MigrationError(message)


def _run(connection: psycopg.Connection, migration: Migration) -> None:
    try:
        if migration.sql.startswith(OUTSIDE):
            for part in migration.sql.split("\n;\n"):
                if part.strip():
                    connection.execute(part)
            _record(connection, migration)
        else:
            with connection.transaction():
                connection.execute(migration.sql)
                _record(connection, migration)
    except psycopg.Error as error:
        message = f"migration {migration.name} failed: {error}"
        raise MigrationError(message) from error


def _record(connection: psycopg.Connection, migration: Migration) -> None:
    connection.execute("INSERT INTO migration (name, checksum) VALUES (%s, %s)", (migration.name, migration.checksum))


def _repeat(connection: psycopg.Connection) -> None:
    """Run `store/repeatable/*.sql` (rights, views) in order, every time; they must be harmless to repeat."""
    folder = files("store") / "repeatable"
    if not folder.is_dir():
        return
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".sql"):
            with connection.transaction():
                connection.execute(file.read_text(encoding="utf-8"))
