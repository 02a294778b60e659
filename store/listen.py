"""Being woken by the database's notifications, over as many connections as it takes; here and nowhere else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from psycopg import AsyncConnection, sql

from store.patience import Patience
from store.pool import Connection

#: What is done over the connection that listens.
Work = Callable[[Connection], Awaitable[object]]


async def _nothing(connection: Connection) -> None:
    del connection


async def listen(
    url: str,
    wakes: Mapping[str, Callable[[], object]],
    *,
    name: str,
    patience: Patience | None = None,
    begin: Work = _nothing,
    look: Work = _nothing,
    every: float | None = None,
) -> None:
    """Call a channel's function whenever the database notifies it, and all of them after every new connection.

    ``name``: of the process, for ``pg_stat_activity``. ``begin`` is done first over every new connection; ``look``
    then, and again every so many seconds, after which all are called. A connection that breaks, or a right that is
    lost, is told and waited for by ``patience``, and a new connection is made. Never returns.
    """
    patience = patience or Patience("listen")
    while True:
        async with (
            patience,
            await AsyncConnection.connect(url, autocommit=True, application_name=f"nongvu-{name}-listen") as connection,
        ):
            await begin(connection)
            for channel in wakes:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            while True:
                await look(connection)
                patience.works()
                for wake in wakes.values():  # what was told meanwhile reached nobody
                    wake()
                async for notification in connection.notifies(timeout=every):
                    wakes[notification.channel]()
