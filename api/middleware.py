"""What every request passes: size and time limits, safe paths, security headers, counting."""

from __future__ import annotations

import asyncio
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.protocol.forwarded import FORWARDED
from api.protocol.problems import Problem
from api.routes.health import count
from api.web.style import HASH

#: No script, style or picture from elsewhere; nothing may frame the page.
POLICY = (
    f"default-src 'none'; script-src 'self'; style-src 'self' {HASH}; img-src 'self' data:; connect-src 'self'; "
    "media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: Browsers, proxies and SensorThings clients keep below it; whatever reads an address is linear in it.
LONGEST_TARGET = 8_000


#: A body must be there after so long [s].
BODY_SECONDS = 30.0


class Refused(Exception):  # noqa: N818 — becomes a problem document
    """The body is too large or comes too slowly; whatever the routes make of it, the guard's answer is sent."""


class Guard:
    """ASGI middleware, outermost."""

    def __init__(self, app: ASGIApp, maximum_body: int) -> None:
        self.app = app
        self.maximum_body = maximum_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        FORWARDED.look(scope)
        passage = Passage(scope, receive, send, self.maximum_body)
        refusal = passage.refusal()
        if refusal is not None:
            await refusal.response()(scope, receive, passage.send)
            return
        try:
            await self.app(scope, passage.receive, passage.send)
        except Refused:
            refused, passage.refused = passage.refused, None
            if refused is not None and not passage.answered:
                await refused.response()(scope, receive, passage.send)


class Passage:
    """One request on its way through the guard."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, maximum_body: int) -> None:
        self.scope = scope
        self._receive = receive
        self._send = send
        self.maximum_body = maximum_body
        self.received = 0
        self.began = time.monotonic()
        #: Whether the body is there whole; from then on `receive` waits for the client's end only.
        self.whole = False
        self.refused: Problem | None = None
        self.answered = False

    def too_large(self) -> Problem:
        """The answer to a body that is too large."""
        return Problem(413, f"at most {self.maximum_body} bytes are accepted; send several requests")

    def refusal(self) -> Problem | None:
        """Why the request goes no further, if so."""
        target = self.scope.get("raw_path", b"") + b"?" + self.scope.get("query_string", b"")
        if len(target) > LONGEST_TARGET:
            return Problem(414, f"the address has more than {LONGEST_TARGET} characters")
        if b"%00" in target or b"\0" in target or "\0" in self.scope["path"]:
            return Problem(400, "the address holds a NUL character")
        headers = dict(self.scope["headers"])
        if headers.get(b"content-encoding", b"identity") != b"identity":
            return Problem(415, "send the body as it is, without Content-Encoding")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            return Problem(400, "Content-Length is no number")
        return self.too_large() if int(length) > self.maximum_body else None

    async def receive(self) -> Message:
        """Count the bytes that come, and the time they take."""
        if self.whole:
            return await self._receive()
        try:
            async with asyncio.timeout(max(0.0, self.began + BODY_SECONDS - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            self.refused = Problem(408, f"the body did not come within {BODY_SECONDS:.0f} s: send it again")
            raise Refused from None
        self.received += len(message.get("body", b""))
        if self.received > self.maximum_body:
            self.refused = self.too_large()
            raise Refused
        self.whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Add the security headers and count the answer."""
        if self.refused is not None and not self.answered:
            raise Refused  # a route made something else of it
        if message["type"] == "http.response.start":
            self.answered = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if self.scope["scheme"] == "https":
                headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            if not self.scope["path"].startswith("/static/"):  # what says nothing of caching is nobody's to keep
                headers.setdefault("Cache-Control", "no-store")
            for name, value in (self.scope.get("state") or {}).get("limits", {}).items():
                headers.setdefault(name, value)
            route: object = self.scope.get("route")
            count(self.scope["method"], getattr(route, "path", "none"), message["status"], self.began)
        await self._send(message)
