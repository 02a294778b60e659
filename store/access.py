"""Accounts, their roles at places, API keys and sessions."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime

from psycopg import AsyncConnection, Connection, errors
from psycopg.rows import DictRow, TupleRow, dict_row

from store import audit
from store.statements import statement

#: What may be done; a role grants some of it at its place and below, a key's scopes are at most that.
RIGHTS = (
    "read", "readings", "acknowledge", "seasons", "verdicts", "rules", "subscribers", "approve", "gateways", "places",
    "audit", "inbound",
)  # fmt: skip
ROLES: dict[str, frozenset[str]] = {
    "farmer": frozenset({"read", "acknowledge", "seasons"}),
    "officer": frozenset({"read", "acknowledge", "seasons", "subscribers", "approve"}),
    "agronomist": frozenset({"read", "acknowledge", "seasons", "verdicts", "rules"}),
    "department": frozenset(
        {"read", "acknowledge", "seasons", "verdicts", "rules", "subscribers", "approve", "gateways"}
    ),
    "gateway": frozenset({"read", "readings"}),
    "provider": frozenset({"inbound"}),
    "administrator": frozenset(RIGHTS),
}
KEY_MARK = "nv_"


class AccessError(ValueError):
    """An account, role or key that cannot be; never worth another try."""


@dataclass(frozen=True, slots=True)
class Key:
    """A fresh key: the only moment at which its text is known."""

    prefix: str
    text: str


def fresh_key() -> Key:
    """Key of 32 random bytes, with a prefix by which it is named in lists and logs."""
    prefix = secrets.token_hex(4)
    return Key(prefix, f"{KEY_MARK}{prefix}_{secrets.token_urlsafe(32)}")


def sha256(text: str) -> bytes:
    """What is kept of a key or a session's token."""
    return hashlib.sha256(text.encode()).digest()


def _one(connection: Connection[TupleRow], named: str, /, **values: object) -> TupleRow | None:
    return connection.execute(statement("access", named), values).fetchone()


def listed(connection: Connection[TupleRow], name: str) -> list[DictRow]:
    """Rows of ``accounts`` or ``keys``."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("access", name)).fetchall()


def add_account(
    connection: Connection[TupleRow],
    name: str,
    title: str = "",
    *,
    password: str | None = None,
    issuer: str | None = None,
    subject: str | None = None,
) -> int:
    """Add an account and return its id; ``password`` is an argon2 hash."""
    try:
        row = _one(connection, "add_account", name=name, title=title, password=password, issuer=issuer, subject=subject)
    except errors.UniqueViolation as error:
        raise AccessError(f"account {name!r}, or its subject, is there already") from error
    except errors.CheckViolation as error:
        raise AccessError(f"{name!r} is no account name: use a-z, 0-9, '.', '_', '-'") from error
    audit.record(connection, "account added", name)
    return int(row[0]) if row else 0


def change(connection: Connection[TupleRow], name: str, statement_name: str, action: str, **values: object) -> None:
    """Change an account (``set_password``, ``set_disabled``); whoever was signed in is signed out."""
    if _one(connection, statement_name, name=name, **values) is None:
        raise AccessError(f"there is no account {name!r}")
    connection.execute(statement("access", "forget_sessions"), {"name": name})
    audit.record(connection, action, name)


def grant(connection: Connection[TupleRow], name: str, role: str, place: str | None) -> None:
    """Give a role at a place and all below it; without a place everywhere."""
    if role not in ROLES:
        raise AccessError(f"{role!r} is no role: choose of {', '.join(ROLES)}")
    if _one(connection, "grant", name=name, role=role, place=place) is None:
        raise AccessError(f"there is no account {name!r} or no place {place!r}, or it has the role already")
    audit.record(connection, "role given", name, role=role, place=place)


def withdraw(connection: Connection[TupleRow], name: str, role: str, place: str | None) -> None:
    """Take a role back."""
    if _one(connection, "withdraw", name=name, role=role, place=place) is None:
        raise AccessError(f"account {name!r} has no role {role!r} at {place or 'everywhere'}")
    audit.record(connection, "role withdrawn", name, role=role, place=place)


def add_key(
    connection: Connection[TupleRow],
    name: str,
    *,
    label: str = "",
    scopes: list[str] | None = None,
    per_minute: int = 600,
    per_day: int = 100_000,
    expires_at: datetime | None = None,
) -> Key:
    """Make a key for an account."""
    wanted = scopes or ["read"]
    if unknown := set(wanted) - set(RIGHTS):
        raise AccessError(f"no such scope: {', '.join(sorted(unknown))}; choose of {', '.join(RIGHTS)}")
    key = fresh_key()
    row = _one(
        connection, "add_key", prefix=key.prefix, sha256=sha256(key.text), name=name, label=label, scopes=wanted,
        per_minute=per_minute, per_day=per_day, expires_at=expires_at,
    )  # fmt: skip
    if row is None:
        raise AccessError(f"there is no account {name!r}")
    audit.record(connection, "key added", key.prefix, account=name, scopes=wanted)
    return key


def rotate_key(connection: Connection[TupleRow], prefix: str, old_ends: datetime) -> Key:
    """Make a key like another one, which ends at ``old_ends``: both hold until then."""
    with connection.cursor(row_factory=dict_row) as cursor:
        old = cursor.execute(statement("access", "key_by_prefix"), {"prefix": prefix}).fetchone()
    if old is None:
        raise AccessError(f"there is no key {prefix!r} that holds")
    expires_at = None if old["expires_at"] is None else old_ends + (old["expires_at"] - old["created_at"])
    key = add_key(
        connection, old["name"], label=old["label"], scopes=old["scopes"], per_minute=old["per_minute"],
        per_day=old["per_day"], expires_at=expires_at,
    )  # fmt: skip
    connection.execute(statement("access", "end_key"), {"prefix": prefix, "expires_at": old_ends})
    audit.record(connection, "key rotated", prefix, successor=key.prefix)
    return key


def revoke_key(connection: Connection[TupleRow], prefix: str) -> None:
    """End a key at once."""
    if _one(connection, "revoke_key", prefix=prefix) is None:
        raise AccessError(f"there is no key {prefix!r} that holds")
    audit.record(connection, "key revoked", prefix)


async def found(connection: AsyncConnection[TupleRow], named: str, /, **values: object) -> DictRow | None:
    """The one row of a statement of ``store/sql/access.sql``."""
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("access", named), values)
        return await cursor.fetchone() if cursor.description else None


async def memberships(connection: AsyncConnection[TupleRow], account: int) -> list[tuple[str, int | None]]:
    """Roles of an account and the place of each; None is everywhere."""
    cursor = await connection.execute(statement("access", "memberships"), {"account": account})
    return [(role, place) for role, place in await cursor.fetchall()]
