"""Newest values and alert steps as server-sent events, told to everybody who listens, resumable."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Request
from fastapi.responses import StreamingResponse

from api.access.caller import Asking, address_of
from api.access.dependencies import Here, Resources
from api.protocol.parameters import QUALITY_NAMES, datastream_name
from api.protocol.problems import Problem
from store import heard
from store.heard import NewReading, NewStep
from store.patience import Patience
from store.scope import Scope

router = APIRouter(prefix="/v1", tags=["stream"])
#: How often the tables are asked while somebody listens [s].
INTERVAL = 0.3
#: A number that is missing for so long [s] was never committed; until then it may still come.
PATIENCE = 10.0
#: A listener who lags by more rounds of asking is let go; they come back with their last event's id.
MOST_WAITING = 200
KEEP_ALIVE = 15.0
MOST_LISTENERS = 2000
#: After so long [s] a listener is let go to come back, so that a key that was revoked ends.
LONGEST = 900.0


@dataclass(frozen=True, slots=True)
class Event:
    """One event, written once for everybody."""

    path: frozenset[int]
    private: bool
    body: bytes

    def seen_by(self, scope: Scope) -> bool:
        """Whether a listener may see it."""
        return scope.everything or (scope.open and not self.private) or not self.path.isdisjoint(scope.roots)


@dataclass(slots=True)
class Cursor:
    """How far a growing table was read; numbers that are missing are waited for, since commits come out of order."""

    low: int
    seen: set[int] = field(default_factory=set)
    missing_since: float | None = None

    def take(self, numbers: list[int], now: float) -> list[int]:
        """Those of the numbers that are new; moves on over what is complete, or was missing for long."""
        fresh = [number for number in numbers if number not in self.seen]
        self.seen.update(fresh)
        while self.low + 1 in self.seen:
            self.low += 1
            self.seen.discard(self.low)
            self.missing_since = None
        if self.seen:
            self.missing_since = self.missing_since or now
            if now - self.missing_since > PATIENCE:
                self.low, self.missing_since = min(self.seen) - 1, None
        return fresh


@dataclass(slots=True, eq=False)
class Listener:
    """Somebody who listens."""

    name: str
    scope: Scope
    #: What each round brought; None: no more.
    queue: asyncio.Queue[bytes | None]


class Listeners:
    """Everybody who listens, and the one task that asks the tables for them."""

    def __init__(self, here: Resources) -> None:
        self._here = here
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self.batch, self.step = Cursor(0), Cursor(0)

    @property
    def place(self) -> str:
        """Id of an event now: where a listener who comes back goes on."""
        return f"{self.batch.low}-{self.step.low}"

    async def join(self, name: str, scope: Scope) -> Listener:
        """Begin to listen."""
        if len(self._listeners) >= MOST_LISTENERS:
            raise Problem(503, "too many listen already: try again later", headers={"Retry-After": "60"})
        most = self._here.settings.streams
        if sum(listener.name == name for listener in self._listeners) >= most:
            raise Problem(429, f"{most} streams at once are open to one asker", headers={"Retry-After": "60"})
        listener = Listener(name, scope, asyncio.Queue(MOST_WAITING))
        self._listeners.add(listener)
        try:
            await self._begin()
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more; nobody listening, nothing is asked."""
        self._listeners.discard(listener)
        if not self._listeners and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _begin(self) -> None:
        """Ask the tables from now on; once, however many come at the same moment."""
        async with self._beginning:
            if self._task is None or self._task.done():
                async with self._here.reading() as connection:
                    heads = await heard.heads(connection)
                self.batch, self.step = Cursor(heads.batch), Cursor(heads.step)
                self._task = asyncio.create_task(self._ask(), name="stream")

    async def since(self, batch: int, step: int) -> AsyncIterator[Event]:
        """What a listener missed: newest values and alert steps since then, all of them."""
        place = self.place
        async with self._here.reading() as connection:
            readings = await heard.latest_since(connection, batch)
        for reading in readings:
            yield _reading(reading, place)
        while alerts := await self._steps_after(step):
            step = alerts[-1]["id"]
            for alert in alerts:
                yield _alert(alert, place)

    async def _steps_after(self, step: int) -> list[NewStep]:
        """The next steps of alerts; a connection is not kept while a listener reads."""
        async with self._here.reading() as connection:
            steps = await heard.steps(connection, step)
            return await heard.steps_of(connection, steps) if steps else []

    async def _events(self, batches: list[int], steps: list[int]) -> list[Event]:
        if not batches and not steps:
            return []
        async with self._here.reading() as connection:
            readings = await heard.latest_of(connection, batches) if batches else []
            alerts = await heard.steps_of(connection, steps) if steps else []
        place = self.place
        return [_reading(row, place) for row in readings] + [_alert(row, place) for row in alerts]

    async def _ask(self) -> None:
        patience = Patience("stream")
        while True:
            await asyncio.sleep(INTERVAL)
            async with patience:
                now = time.monotonic()
                async with self._here.reading() as connection:
                    batches = await heard.batches(connection, self.batch.low)
                    steps = await heard.steps(connection, self.step.low)
                self._tell(await self._events(self.batch.take(batches, now), self.step.take(steps, now)))

    def _tell(self, events: list[Event]) -> None:
        written: dict[Scope, bytes] = {}  # once for all who may see the same
        for listener in list(self._listeners):
            scope = listener.scope
            if scope not in written:
                written[scope] = b"".join(event.body for event in events if event.seen_by(scope))
            if written[scope]:
                try:
                    listener.queue.put_nowait(written[scope])
                except asyncio.QueueFull:
                    self.leave(listener)
                    _let_go(listener)


def _let_go(listener: Listener) -> None:
    with suppress(asyncio.QueueEmpty):
        listener.queue.get_nowait()
    listener.queue.put_nowait(None)


def _written(kind: str, row: NewReading | NewStep, document: dict[str, object], place: str) -> Event:
    body = b"event: %b\nid: %b\ndata: %b\n\n" % (kind.encode(), place.encode(), msgspec.json.encode(document))
    return Event(frozenset(row["path"]), row["private"], body)


def _reading(row: NewReading, place: str) -> Event:
    document = {"station": row["station"], "datastream": datastream_name(row), "time": row["time"],
                "value": row["value"], "quality": QUALITY_NAMES.get(row["flag"] & 255, "not_evaluated")}  # fmt: skip
    return _written("reading", row, document, place)


def _alert(row: NewStep, place: str) -> Event:
    kept: dict[str, object] = {name: value for name, value in row.items() if name not in {"id", "path", "private"}}
    return _written("alert", row, kept, place)


async def _events(here: Resources, listener: Listener, resume: tuple[int, int] | None) -> AsyncIterator[bytes]:
    listeners: Listeners = here.listeners
    scope, ends = listener.scope, time.monotonic() + LONGEST
    try:
        yield f"retry: 2000\nid: {listeners.place}\ndata: {{}}\nevent: hello\n\n".encode()
        if resume:
            async for missed in listeners.since(*resume):
                if missed.seen_by(scope):
                    yield missed.body
        quiet = 0.0
        while not here.stopping and time.monotonic() < ends:
            try:
                async with asyncio.timeout(1.0):
                    told = await listener.queue.get()
            except TimeoutError:
                quiet += 1
                if quiet >= KEEP_ALIVE:
                    quiet = 0.0
                    yield b": nothing new\n\n"
                continue
            if told is None:
                return
            quiet = 0.0
            yield told
    finally:
        listeners.leave(listener)


@router.get("/stream", response_class=StreamingResponse, responses={200: {"content": {"text/event-stream": {}}}})
async def stream(
    request: Request,
    here: Here,
    asking: Asking,
    last_event_id: Annotated[str | None, Header(pattern=r"^[0-9]{1,18}-[0-9]{1,18}$")] = None,
) -> StreamingResponse:
    """Server-sent events: ``reading`` (the newest value of a datastream) and ``alert`` (a step of an alert).

    After a break a listener names the last event's id, as browsers do by themselves, and gets at least everything
    since. Whoever is too slow is let go and comes back so.
    """
    resume = None
    if last_event_id:
        batch, _, step = last_event_id.partition("-")
        resume = (int(batch), int(step))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    name = address_of(request) if asking.account is None else asking.name
    listener = await here.listeners.join(name, asking.scope)
    return StreamingResponse(_events(here, listener, resume), media_type="text/event-stream", headers=headers)
