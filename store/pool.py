"""Connections to the database, waited for politely and given back whatever happens."""

from __future__ import annotations

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[TupleRow]
#: One that commands wait for.
ConnectionNow = psycopg.Connection[TupleRow]
Pool = AsyncConnectionPool[Connection]


async def _session(connection: Connection) -> None:
    """UTC at every border; the truth of a receipt needs a durable commit."""
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await connection.execute("SET synchronous_commit = on")
    await connection.set_autocommit(False)


def pool(url: str, *, name: str, least: int = 1, most: int = 4, queue: int = 0, patience: float = 30.0) -> Pool:
    """Pool of connections named for ``pg_stat_activity``; not yet open: use it in ``async with``.

    At most `queue` wait for a connection (0: any number), each at most `patience` [s]; then `TooManyRequests`
    and `PoolTimeout` of psycopg_pool.
    """
    return AsyncConnectionPool(
        url,
        min_size=least,
        max_size=most,
        max_waiting=queue,
        timeout=patience,
        name=name,
        kwargs={"application_name": f"nongvu-{name}"},
        configure=_session,
        check=AsyncConnectionPool.check_connection,
        open=False,
    )
