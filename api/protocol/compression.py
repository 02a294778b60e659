"""Answers of text are sent gzipped to those who take it; streams and files of columns go as they are."""

from __future__ import annotations

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

#: Level 1 packs JSON to an eighth already; higher levels take several times as long for little more.
LEVEL = 1
#: Shorter answers fit into one packet anyhow.
SHORTEST = 1000


class Packed:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.packing = GZipMiddleware(app, minimum_size=SHORTEST, compresslevel=LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pack what is worth it."""
        as_it_is = scope["type"] != "http" or scope["path"] == "/v1/stream" or b"format=" in scope["query_string"]
        await (self.app if as_it_is else self.packing)(scope, receive, send)
