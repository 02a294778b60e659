"""What every route needs, opened once a process: settings, connections, the clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request

from api.access.oidc import Issuer
from api.protocol.problems import Problem
from api.protocol.rate_limit import Limiter, Quotas
from api.settings import ApiSettings
from store.pool import Connection, Pool, for_a_request
from telemetry.clock import Clock


@dataclass(frozen=True, slots=True)
class Shares:
    """Few connections each, so that questions which anybody may put together wait for each other alone."""

    #: SensorThings asked without an account.
    light: Pool
    #: SensorThings that no index serves, whoever asks.
    heavy: Pool


@dataclass(slots=True)
class Resources:
    """Opened in ``api.commands.api``, closed at the end."""

    settings: ApiSettings
    pool: Pool
    clock: Clock
    #: For reading; the same as ``pool`` where there is no replica.
    read_pool: Pool
    shares: Shares
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    limiter: Limiter = field(default_factory=Limiter)
    quotas: Quotas = field(default_factory=Quotas)
    #: Whose tokens are accepted; None: nobody's.
    issuer: Issuer | None = None
    #: Post readings through the broker; None where no broker was named.
    uplink: Any = None
    #: Server-sent events to everybody who listens.
    listeners: Any = None
    #: True when the process is told to stop: endless answers end.
    stopping: bool = False

    def now(self) -> datetime:
        """Event time."""
        try:
            return self.clock.now()
        except RuntimeError:
            raise Problem(503, "the replay has not begun: try again later", headers={"Retry-After": "2"}) from None

    @asynccontextmanager
    async def reading(self, share: Pool | None = None, seconds: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection for reading, of a share where one is named, with a limit on every query's time [s]."""
        async with self._lent(share or self.read_pool, seconds) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction."""
        async with self._lent(self.pool) as connection:
            yield connection

    @asynccontextmanager
    async def _lent(self, pool: Pool, seconds: float | None = None) -> AsyncIterator[Connection]:
        limit = min(seconds or self.settings.request_seconds, self.settings.request_seconds)
        async with pool.connection() as connection:
            await for_a_request(connection, limit)
            yield connection


def resources(request: Request) -> Resources:
    """Resources of the running process."""
    found: Resources = request.app.state.resources
    return found


Here = Annotated[Resources, Depends(resources)]
