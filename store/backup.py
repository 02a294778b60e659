"""One consistent copy of everything in a file, and its restoring into an empty database."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg import Connection, conninfo, sql
from psycopg.rows import TupleRow

from store.migrate import pending


class BackupError(Exception):
    """A copy that could not be made or put back; says what to do."""


def backup(url: str, file: Path, *, program: str | None = None) -> int:
    """Write one consistent copy (``pg_dump``, its own format) and return its bytes; the database goes on working.

    The file appears under its name only when it is whole.
    """
    if pending(url):
        raise BackupError("the schema is not up to date: run 'nongvu store migrate' first")
    partial = file.with_name(file.name + ".partial")
    try:
        _run(program or _program("pg_dump"), url, "--format=custom", "--compress=6", "--no-owner", f"--file={partial}")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(url: str, file: Path, *, program: str | None = None) -> None:
    """Put a copy back into a database that is empty (or does not hold a table of ours)."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute("SELECT to_regclass('public.reading')").fetchone()
        if found and found[0] is not None:
            raise BackupError("the database is not empty: restore into a new one (createdb), then change the URL")
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        connection.execute("SELECT timescaledb_pre_restore()")
    try:
        # roles belong to the server, not to the copy: migrate makes them, and grants follow below
        _run(
            program or _program("pg_restore"),
            url,
            "--no-owner",
            "--no-privileges",
            "--exit-on-error",
            str(file),
            into=True,
        )
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SELECT timescaledb_post_restore()")
            connection.execute("ANALYZE")


def fingerprint(connection: Connection[TupleRow]) -> dict[str, tuple[int, str]]:
    """Rows and a checksum, independent of their order, of every table of ours; equal databases have equal ones."""
    names = connection.execute(
        "SELECT format('%I.%I', schemaname, tablename), schemaname, tablename FROM pg_tables"
        " WHERE schemaname IN ('public', 'personal') ORDER BY 1"
    ).fetchall()
    found: dict[str, tuple[int, str]] = {}
    for name, schema, table in names:
        query = sql.SQL("SELECT count(*), coalesce(sum(hashtextextended(x::text, 0))::text, '0') FROM {} AS x")
        row = connection.execute(query.format(sql.Identifier(schema, table))).fetchone()
        found[name] = row or (0, "0")
    return found


def _program(name: str) -> str:
    found = shutil.which(name) or next(
        (str(path) for folder in os.environ.get("NONGVU_PROGRAMS", "").split(os.pathsep) if folder
         for path in sorted(Path(folder).glob(f"**/{name}"))), None)  # fmt: skip
    if found is None:
        raise BackupError(
            f"{name} is not installed: install postgresql-client of the server's version, or give --program"
        )
    return found


def _run(program: str, url: str, *arguments: str, into: bool = False) -> None:
    parts = conninfo.conninfo_to_dict(url)
    environment = os.environ | {"PGPASSWORD": str(parts.pop("password", "") or "")}  # never on a command line
    target = conninfo.make_conninfo("", **parts)
    done = subprocess.run(
        [program, f"--dbname={target}", *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        verb = "restore" if into else "backup"
        raise BackupError(
            f"the {verb} failed: {done.stderr.strip().splitlines()[-1] if done.stderr else done.returncode}"
        )
