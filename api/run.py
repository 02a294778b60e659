"""Open the resources, serve until cancelled, close everything."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator

import structlog
import uvicorn
from fastapi import FastAPI

from api.access.dependencies import Resources, Shares
from api.access.oidc import Issuer
from api.app import create
from api.protocol.connection import Line
from api.routes.publisher import Uplink
from api.settings import ApiSettings
from store.metrics import serve_metrics
from store.pool import pool
from telemetry.clock import Clock, RealClock, ReplayedClock

log = structlog.get_logger()
#: Questions that may wait for each connection of a share; more are told at once to come later.
QUEUE = 4


class Server(uvicorn.Server):
    """uvicorn within our own process: signals are the process's business."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def line(settings: ApiSettings) -> tuple[Clock, Uplink | None]:
    """Event time and the way to the broker; under a replay the broker tells the time."""
    replayed = ReplayedClock() if settings.clock == "replayed" else None
    if settings.mqtt_url is None:
        if replayed is not None:
            message = "NONGVU_CLOCK=replayed needs NONGVU_MQTT_URL: the replayed time comes from the broker"
            raise SystemExit(message)
        return RealClock(), None
    uplink = Uplink(
        settings.mqtt_url, f"api-{settings.api_slot}", replayed,
        settings.mqtt_authority, settings.mqtt_certificate, settings.mqtt_key,
    )  # fmt: skip
    return replayed or RealClock(), uplink


@contextlib.asynccontextmanager
async def opened(settings: ApiSettings) -> AsyncIterator[Resources]:
    """Resources, closed at the end."""
    most = settings.database_connections
    async with contextlib.AsyncExitStack() as stack:
        main = await stack.enter_async_context(pool(settings.database_url, name="api", most=most))
        read = main
        if settings.database_read_url:
            read = await stack.enter_async_context(pool(settings.database_read_url, name="api-read", most=most))
        shares = Shares(*[
            await stack.enter_async_context(
                pool(settings.database_read_url or settings.database_url, name=f"api-{name}", least=0, most=size,
                     queue=QUEUE * size, patience=settings.public_seconds)
            )
            for name, size in (("open", settings.public_connections), ("heavy", settings.heavy_connections))
        ])  # fmt: skip
        issuer = Issuer(settings.oidc_issuer, settings.oidc_audience) if settings.oidc_issuer else None
        clock, uplink = line(settings)
        if uplink is not None:
            await stack.enter_async_context(uplink.running())
        yield Resources(settings, main, clock, read, shares, issuer=issuer, uplink=uplink)


def listening(app: FastAPI, settings: ApiSettings) -> uvicorn.Config:
    """How the server listens."""
    return uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        http=Line,
        forwarded_allow_ips=settings.trusted_proxies,
        proxy_headers=bool(settings.trusted_proxies),
    )


async def serve(settings: ApiSettings) -> None:
    """Serve until cancelled."""
    serve_metrics(settings, "api")
    _spare_the_collector()
    async with opened(settings) as resources:
        server = Server(listening(create(resources), settings))
        serving = asyncio.create_task(server.serve(), name="uvicorn")
        try:
            await _announce(server, serving)
            await asyncio.shield(serving)
        finally:
            resources.stopping = True
            server.should_exit = True
            await serving


def _spare_the_collector() -> None:
    """Let the garbage collector look seldom: a large answer is many small objects without a cycle among them."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


async def _announce(server: Server, serving: asyncio.Task[None]) -> None:
    while not server.started and not serving.done():  # noqa: ASYNC110 — uvicorn tells nobody
        await asyncio.sleep(0.02)
    for listening in server.servers:
        for socket in listening.sockets:
            host, port = socket.getsockname()[:2]
            log.info("serving", address=f"http://{host}:{port}/")
