"""Takes readings that devices push over HTTP (Ecowitt protocol, Weather Underground protocol)."""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Callable, Sequence

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from edge.push_settings import HttpSource
from edge.sources.messenger import Messenger

log = structlog.get_logger(__name__)

#: A report has a few kilobytes.
LARGEST = 65_536
#: Time after which a port that another program has is tried again [s].
PORT_AGAIN = 10.0

Taken = Callable[[Messenger, str, bytes], None]


def application(devices: Sequence[tuple[str, Messenger]], taken: Taken) -> Starlette:
    """Web application that takes reports of the devices (path, device) and refuses everybody else."""

    async def report(request: Request) -> PlainTextResponse:
        if request.method == "GET":
            body = request.url.query.encode()
        else:
            body = b""
            async for part in request.stream():
                body += part
                if len(body) > LARGEST:
                    return PlainTextResponse("too large", 413)
        for path, device in devices:
            if path == request.url.path and _names(body, device):
                taken(device, path, body)
                return PlainTextResponse("success")
        return PlainTextResponse("unknown device", 403)

    paths = sorted({path for path, _ in devices})
    return Starlette(routes=[Route(path, report, methods=["GET", "POST"]) for path in paths])


def _names(body: bytes, device: Messenger) -> bool:
    try:
        identity = device.unpack("", body, device.zone).identity
    except ValueError:
        return False
    return hmac.compare_digest(identity.encode(), device.unit.identity.encode())  # type: ignore[attr-defined]


async def serve(settings: HttpSource, devices: Sequence[tuple[str, Messenger]], taken: Taken) -> None:
    """Serve until cancelled."""
    line = await _listening(settings)
    config = uvicorn.Config(application(devices, taken), log_level="warning", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    log.info("listening", source=settings.name, port=line.getsockname()[1])
    serving = asyncio.create_task(server._serve([line]))  # noqa: SLF001 — serve() would take the gateway's signals away
    try:
        await asyncio.shield(serving)
    finally:
        server.should_exit = True
        await serving


async def _listening(settings: HttpSource) -> socket.socket:
    """The port, as soon as it is to be had; uvicorn itself would end the whole gateway where it is not."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    said = ""
    while True:
        try:
            return socket.create_server((settings.host, settings.port), family=family)
        except OSError as error:
            if str(error) != said:
                log.error("port cannot be had", source=settings.name, port=settings.port, error=str(error))
            said = str(error)
        await asyncio.sleep(PORT_AGAIN)
