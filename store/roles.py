"""Login users of the processes and of people who look, each a member of one least role (90_rights.sql)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from psycopg import Connection, sql
from psycopg.rows import TupleRow


class RoleError(ValueError):
    """A user that cannot be; never worth another try."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a role's users may burn; 0 and -1 are no limit."""

    statement_timeout: int = 0  # ms
    idle_timeout: int = 0  # ms within a transaction
    connections: int = -1
    read_only: bool = False
    #: What the planner thinks of a page out of order [of one in order]; the server's own where none.
    page_cost: float | None = None


#: Role → what its users may burn. Workers retry, so they may wait long; people who look may not.
ROLES = {
    "nongvu_ingest": Limits(idle_timeout=600_000),
    "nongvu_analytics": Limits(idle_timeout=600_000),
    "nongvu_notify": Limits(idle_timeout=600_000),
    "nongvu_api": Limits(statement_timeout=30_000, idle_timeout=60_000),
    "chart_reader": Limits(
        statement_timeout=20_000, idle_timeout=30_000, connections=20, read_only=True, page_cost=1.1
    ),
    "chart_public_reader": Limits(
        statement_timeout=5_000, idle_timeout=10_000, connections=20, read_only=True, page_cost=1.1
    ),
}


def put_user(connection: Connection[TupleRow], name: str, role: str, password: str | None = None) -> str:
    """Make a login user of a role, or give the one that is there this role alone and a new password; the password.

    Needs a connection that may create roles, on a database that has been migrated.
    """
    if role not in ROLES:
        raise RoleError(f"no role {role!r}: there is {', '.join(ROLES)}")
    if name in ROLES:
        raise RoleError(f"{name!r} is a role: give its user another name")
    password = password or secrets.token_urlsafe(24)
    limits, user = ROLES[role], sql.Identifier(name)
    with connection.transaction():
        there = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        verb = sql.SQL("ALTER" if there else "CREATE")
        connection.execute(
            sql.SQL(
                "{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT CONNECTION LIMIT {} PASSWORD {}"
            ).format(verb, user, sql.Literal(limits.connections), sql.Literal(password))
        )
        for other in ROLES:
            verb = sql.SQL("GRANT {} TO {}" if other == role else "REVOKE {} FROM {}")
            connection.execute(verb.format(sql.Identifier(other), user))
        _limit(connection, user, limits)
    return password


def _limit(connection: Connection[TupleRow], user: sql.Identifier, limits: Limits) -> None:
    settings: dict[str, str] = {
        "statement_timeout": str(limits.statement_timeout),
        "idle_in_transaction_session_timeout": str(limits.idle_timeout),
        "default_transaction_read_only": "on" if limits.read_only else "off",
        "timezone": "UTC",
    }
    if limits.page_cost is not None:  # charts take rows by key from the cache or a solid disk, never whole tables
        settings["random_page_cost"] = str(limits.page_cost)
    for name, value in settings.items():
        connection.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(user, sql.Identifier(name), sql.Literal(value)))


def drop_user(connection: Connection[TupleRow], name: str) -> None:
    """Remove a login user and end its sessions."""
    if name in ROLES:
        raise RoleError(f"{name!r} is a role, not a user")
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [name])
    connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(name)))
