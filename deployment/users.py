"""Makes the database's login users with the passwords that the secrets hold; harmless to repeat. Runs after migrate."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from store.roles import put_user

SECRETS = Path(os.environ.get("NONGVU_SECRETS", "/run/secrets"))
LOGINS = ("ingest", "analytics", "notify", "api")
LOOKERS = {
    "grafana": ("chart_reader", "chart_reader_password"),
    "grafana_public": ("chart_public_reader", "chart_public_password"),
}


def secret(name: str) -> str:
    """A secret's text."""
    return (SECRETS / name).read_text().strip()


def main() -> None:
    """Make every user, or give it its password again."""
    with psycopg.connect(secret("database_owner_url"), autocommit=True) as connection:
        for login in LOGINS:
            put_user(
                connection, login, f"nongvu_{login}", unquote(urlsplit(secret(f"database_{login}_url")).password or "")
            )
        for login, (role, name) in LOOKERS.items():
            put_user(connection, login, role, secret(name))
        replication(connection, secret("database_replication_password"))


def replication(connection: psycopg.Connection, password: str) -> None:
    """The login by which a replica follows."""
    there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'nongvu_replication'").fetchone()
    verb = sql.SQL("ALTER" if there else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE nongvu_replication LOGIN REPLICATION PASSWORD {}").format(verb, sql.Literal(password))
    )


if __name__ == "__main__":
    main()
