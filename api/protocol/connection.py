"""One client's connection; cut where they are too slow to ask or to take, or where a head has no end."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Line(HttpToolsProtocol):
    """uvicorn's protocol with the patience that it lacks: without it a few hundred idle sockets hold a server."""

    #: A request's head must be there after so long [s].
    head_seconds = 20.0
    #: Whoever has taken nothing of an answer for so long [s] is let go.
    stall_seconds = 30.0
    #: Bytes of a head that is not whole yet.
    longest_head = 64 * 1024
    _late: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Expect a request."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing any more."""
        self._heard()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes; a head that grows without end is refused."""
        super().data_received(data)
        if self._late is not None and not self.transport.is_closing():
            self._head += len(data)
            if self._head > self.longest_head:
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        """Expect the rest of a request's head."""
        super().on_message_begin()
        if self._late is None:
            self._expect()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._heard()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client takes more slowly than we give: look whether they take at all."""
        super().pause_writing()
        self._watch(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client has taken what waited."""
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _expect(self) -> None:
        self._head = 0
        self._late = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _heard(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _watch(self, waiting: int) -> None:
        self._stalled = self.loop.call_later(self.stall_seconds, self._look, waiting)

    def _look(self, before: int) -> None:
        waiting = self.transport.get_write_buffer_size()
        if waiting >= before:
            self.transport.abort()
        else:
            self._watch(waiting)
