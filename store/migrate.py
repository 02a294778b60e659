"""Numbered SQL files, each run once, in order, by one process at a time.

A file is harmless to the version before it, so that the schema goes first and the processes follow one by one; what is
not (a column taken away) says so in its first line (`POST`) and waits for ``nongvu store migrate --post``.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg

from store import catalogue
from store.pool import Connection
from store.statements import statement

#: Any number, as long as every migrator takes the same one.
LOCK = 0x6E6F6E67
#: A file whose first line is this runs outside a transaction, statement by statement.
OUTSIDE = "-- outside a transaction"
#: A file whose first line is this runs only when no process of the version before is left.
POST = "-- post: when every process is of this version"
#: A file with this line at its head runs only while none of the processes named in it does; ingest always may.
STOPPED = re.compile(r"(?:--[^\n]*\n)*?-- stopped: (?P<processes>[a-z, ]+)\n")
#: Longest wait for a lock [s], behind which every writer would queue, and how often it is tried.
PATIENCE, TRIES = 5, 12
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

    @property
    def post(self) -> bool:
        """Whether it has to wait until no process of the version before is left."""
        return self.sql.startswith(POST)

    @property
    def stopped(self) -> list[str]:
        """Processes that have to be stopped while it runs."""
        found = STOPPED.match(self.sql)
        return found["processes"].split(", ") if found else []


def migrations(folder: Traversable | None = None) -> list[Migration]:
    """Every migration in order."""
    folder = folder or files("store") / "migrations"
    found = [
        Migration(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir() if _FILE.match(file.name)
    ]
    return sorted(found, key=lambda migration: migration.name)


def migrate(url: str, *, post: bool = True, folder: Traversable | None = None) -> list[str]:
    """Bring the schema up to date and return the names of the migrations that ran.

    Without ``post`` those that the version before could not bear are left, but for a database that is new. The
    timescaledb extension follows the server's programs first.
    """
    follow_timescaledb(url)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
        _prepare(connection)
        done = _applied(connection)
        known = migrations(folder)
        _verify(done, known)
        waiting = [migration for migration in known if migration.name not in done]
        now = waiting if post or not done else _before(waiting)
        if done:
            _refuse_beside(connection, now)
        for migration in now:
            _run(connection, migration)
        _repeat(connection)
        catalogue.load(connection)
        return [migration.name for migration in now]


def follow_timescaledb(url: str) -> None:
    """Bring the extension to the version of the server's programs, which an upgrade of these leaves behind.

    It is the first statement of its session: any other would look for the old version's library, which may be gone.
    Harmless to repeat, to a database without the extension, and to one that is up to date.
    """
    for tries in itertools.count(1):
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER EXTENSION timescaledb UPDATE")
        except psycopg.errors.UndefinedObject:
            return
        except psycopg.errors.InsufficientPrivilege as error:
            _left_behind(url, error)
            return
        except psycopg.errors.InternalError_ as error:  # another migrator was at it: "tuple concurrently updated"
            if tries == TRIES:
                message = f"the timescaledb extension cannot follow the server's programs: {error}"
                raise MigrationError(message) from error
        else:
            return


def _left_behind(url: str, error: psycopg.Error) -> None:
    """Nothing where the extension, which is another user's, is up to date; else `MigrationError` with what to do."""
    remedy = 'as its owner (a superuser): psql -X -d DATABASE -c "ALTER EXTENSION timescaledb UPDATE"'
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT installed_version, default_version FROM pg_available_extensions WHERE name = 'timescaledb'"
            ).fetchone()
    except psycopg.Error:  # the old version's library is gone
        message = f"the timescaledb extension has to follow the server's programs first ({error}): {remedy}"
        raise MigrationError(message) from error
    if row is not None and row[0] != row[1]:
        message = (
            f"timescaledb is {row[0]}, the server's programs are {row[1]}, and this user may not update it: {remedy}"
        )
        raise MigrationError(message) from error


def _before(waiting: list[Migration]) -> list[Migration]:
    """Those that the version before can bear; `MigrationError` where one builds on another that it cannot."""
    now = list(itertools.takewhile(lambda migration: not migration.post, waiting))
    later = [migration for migration in waiting[len(now) :] if not migration.post]
    if later:
        message = (
            f"{later[0].name} comes after {waiting[len(now)].name}, which has not run: end the last upgrade first,"
            " with 'nongvu store migrate --post' of that version"
        )
        raise MigrationError(message)
    return now


def _refuse_beside(connection: psycopg.Connection, waiting: list[Migration]) -> None:
    """`MigrationError` while a process runs that has to be stopped for what is to come; nothing has been changed."""
    names = sorted({name for migration in waiting for name in migration.stopped})
    rows = connection.execute(statement("check", "running"), {"names": names}).fetchall()
    if rows:
        running = ", ".join(f"{name} ({connections} connections)" for name, connections in rows)
        message = (
            f"this upgrade changes tables under {running}: stop {', '.join(names)} on every machine, run it again, and"
            " start them of this version; ingest may go on, and gateways lose nothing"
        )
        raise MigrationError(message)


def needed() -> frozenset[str]:
    """Names of the migrations without which this version cannot work."""
    return frozenset(migration.name for migration in migrations() if not migration.post)


async def not_run(connection: Connection) -> frozenset[str]:
    """Names of the migrations that this version needs and the database has not had."""
    rows = await (await connection.execute("SELECT name FROM migration")).fetchall()
    return needed() - {str(name) for (name,) in rows}


def pending(url: str) -> list[Migration]:
    """Migrations that have not run yet."""
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('migration')").fetchone() == (None,):
            return migrations()
        done = _applied(connection)
        return [migration for migration in migrations() if migration.name not in done]


def _prepare(connection: psycopg.Connection) -> None:
    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, checksum text NOT NULL,"
        " ran_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )


def _applied(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, checksum FROM migration").fetchall())


def _verify(done: dict[str, str], files_: list[Migration]) -> None:
    known = {migration.name: migration.checksum for migration in files_}
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
            _patiently(connection, migration.sql, lambda: _record(connection, migration))
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
            _patiently(connection, file.read_text(encoding="utf-8"))


def _patiently(connection: psycopg.Connection, text: str, then: Callable[[], None] = lambda: None) -> None:
    """Run in a transaction that gives way: whoever wants a lock behind one of ours that waits, waits as well."""
    for tries in itertools.count(1):
        try:
            with connection.transaction():
                connection.execute(f"SET LOCAL lock_timeout = '{PATIENCE}s'")
                connection.execute(text)
                then()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if tries == TRIES:
                raise
        else:
            return
