"""Run: open the resources, serve until cancelled, close everything."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
import uvicorn

from api.app import create
from api.oidc import Issuer
from api.resources import Resources
from api.settings import ApiSettings
from store.metrics import serve_metrics
from store.pool import pool
from telemetry.clock import Clock, RealClock, ReplayedClock, follow

log = structlog.get_logger()


class Server(uvicorn.Server):
    """uvicorn within our own process: signals are the process's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@contextlib.asynccontextmanager
async def clock(settings: ApiSettings) -> AsyncIterator[Clock]:
    """Event time: the machine's, or the replay's as the broker tells it."""
    if settings.clock == "real":
        yield RealClock()
        return
    if settings.mqtt_url is None:
        message = "NONGVU_CLOCK=replayed needs NONGVU_MQTT_URL: the replayed time comes from the broker"
        raise SystemExit(message)
    replayed = ReplayedClock()
    async with asyncio.TaskGroup() as group:
        following = group.create_task(follow(replayed, settings.mqtt_url, f"api-{settings.api_slot}"))
        try:
            yield replayed
        finally:
            following.cancel()


@contextlib.asynccontextmanager
async def opened(settings: ApiSettings) -> AsyncIterator[Resources]:
    """Resources, closed at the end."""
    most = settings.database_connections
    async with contextlib.AsyncExitStack() as stack:
        main = await stack.enter_async_context(pool(settings.database_url, name="api", most=most))
        read = main
        if settings.database_read_url:
            read = await stack.enter_async_context(pool(settings.database_read_url, name="api-read", most=most))
        issuer = Issuer(settings.oidc_issuer, settings.oidc_audience) if settings.oidc_issuer else None
        yield Resources(settings, main, await stack.enter_async_context(clock(settings)), read, issuer=issuer)


async def serve(settings: ApiSettings) -> None:
    """Serve until cancelled."""
    serve_metrics(settings, "api")
    async with opened(settings) as resources:
        configuration = uvicorn.Config(
            create(resources),
            host=settings.api_host,
            port=settings.api_port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_keep_alive=15,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=64 * 1024,
            forwarded_allow_ips=settings.trusted_proxies,
            proxy_headers=bool(settings.trusted_proxies),
        )
        server = Server(configuration)
        serving = asyncio.create_task(server.serve(), name="uvicorn")
        try:
            await _announce(server, serving)
            await asyncio.shield(serving)
        finally:
            resources.stopping = True
            server.should_exit = True
            await serving


async def _announce(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 — uvicorn tells nobody
        await asyncio.sleep(0.02)
    for listening in server.servers:
        for socket in listening.sockets:
            host, port = socket.getsockname()[:2]
            log.info("serving", address=f"http://{host}:{port}/")
