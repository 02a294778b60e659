"""Raw readings go after so many days, by hand in both editions, by themselves in the Community one."""

from __future__ import annotations

from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import TupleRow

from store.statements import statement

#: Fewer would drop what gateways may still send (`NONGVU_OLDEST`), to come again at once [days].
LEAST_DAYS = 400


class RetentionError(ValueError):
    """The edition of TimescaleDB that runs drops nothing by itself; never worth another try."""


def old_chunks(connection: Connection[TupleRow], limit: datetime) -> list[str]:
    """Names of the chunks that lie wholly before a moment of event time."""
    return [name for (name,) in connection.execute(statement("retention", "old_chunks"), {"limit": limit})]


def drop_chunks(connection: Connection[TupleRow], limit: datetime) -> list[str]:
    """Drop the chunks that lie wholly before a moment of event time; their names."""
    return [name for (name,) in connection.execute(statement("retention", "drop_chunks"), {"limit": limit})]


def policy(connection: Connection[TupleRow]) -> timedelta | None:
    """After how long the database drops readings by itself; None where it keeps them for ever."""
    row = connection.execute(statement("retention", "policy")).fetchone()
    return row[0] if row else None


def set_policy(connection: Connection[TupleRow], days: int | None) -> None:
    """Let the database drop readings after so many days, once a day; None: never.

    Raises
    ------
    RetentionError
        The Apache edition has no jobs.
    """
    (edition,) = connection.execute(statement("retention", "edition")).fetchone() or ("",)
    if edition != "timescale":
        if days is None:
            return
        message = (
            "TimescaleDB's Apache edition drops nothing by itself: let a timer of the system run"
            f" 'nongvu store drop-chunks --older-than {days} --yes', say once a month"
        )
        raise RetentionError(message)
    connection.execute(statement("retention", "forget_policy"))
    if days is not None:
        connection.execute(statement("retention", "set_policy"), {"days": days})
