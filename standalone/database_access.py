"""Each process signs in as a user of its own, a member of its least role (store/roles.py)."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import psycopg

from store.roles import put_user

#: Processes that speak to the tables; whatever else runs, the gateways above all, gets no address of the database.
PROCESSES = ("ingest", "analytics", "notify", "api")


def admit(owner_url: str) -> dict[str, str]:
    """Address of a migrated database for each process, with a new password; the owner's own stays with the owner."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        return {
            process: signed_in(owner_url, process, put_user(connection, process, f"nongvu_{process}"))
            for process in PROCESSES
        }


def signed_in(url: str, user: str, password: str) -> str:
    """Address of the same database for another user; the password is of characters that need no quoting."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{server}"))
