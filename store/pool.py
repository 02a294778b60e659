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


async def durable(connection: Connection) -> None:
    """Let a commit of this session return only when it is on the disk."""
    await connection.execute("SET synchronous_commit = on")


async def _session(connection: Connection) -> None:
    """UTC at every border; the truth of a receipt needs a durable commit."""
    await connection.set_autocommit(True)
    await connection.execute("SET timezone = 'UTC'")
    await durable(connection)
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


#: Filters that were not asked for are NULL: a plan made for the very values leaves them out, one for all values cannot.
#: Compiling such a plan takes longer than running it.
_FOR_A_REQUEST = (
    "SELECT set_config('statement_timeout', %s, true), set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('jit', 'off', true)"
)


async def for_a_request(connection: Connection, seconds: float) -> None:
    """Let every query of this transaction end after so long, planned for the very values that it is given."""
    await connection.execute(_FOR_A_REQUEST, (str(int(seconds * 1000)),))


async def room_for_locks(connection: Connection) -> None:
    """Take a lock until the transaction ends: `psycopg.Error` where the server has no room for one more."""
    await connection.execute("SELECT pg_try_advisory_xact_lock_shared(x'6e7634'::int, 0)")
