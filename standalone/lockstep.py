"""The replayed clock, told forward only when all up to now is read, stored, understood and said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Self, TypeVar

import aiomqtt
import msgspec
import psycopg
import structlog

from store import replay
from store.patience import Patience
from store.pool import Connection
from telemetry.birth import Status
from telemetry.broker import address
from telemetry.clock import encode_tick
from telemetry.topics import CLOCK, Kind, parse, topic

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")

USER = "standalone"
#: Pauses between two looks at the tables [s]: short at first, since a tick should cost well under 0.1 s.
FIRST_LOOK, LONGEST_LOOK = 0.005, 0.03
#: Said after so long [s], and given up after so long without any change [s].
SLOW, STUCK = 30.0, 240.0
#: Pause before the broker or the database is tried again [s].
AGAIN = 0.1
#: A tick that has not passed is told again so often [s]: a broker that was killed may have lost it.
TELL_AGAIN = 3.0


class StuckError(RuntimeError):
    """A tick did not pass; says what it waited for."""


class Lockstep:
    """The writer of the replayed clock."""

    def __init__(
        self,
        broker_url: str,
        password: str,
        database_url: str,
        gateways: Sequence[str],
        hopeless: Callable[[], str] = str,
    ) -> None:
        self._hopeless = hopeless
        self._arguments = address(broker_url, USER, password)
        self._database_url = database_url
        self._gateways = tuple(gateways)
        self._statuses: dict[str, Status] = {}
        self._heard = asyncio.Event()
        self._connected = asyncio.Event()
        self._client: aiomqtt.Client | None = None
        self._connection: Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._tick: datetime | None = None
        self._number = 0
        self._patience = Patience("clock", longest=LONGEST_LOOK)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._line(), name="clock")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._connection is not None:
            await self._connection.close()

    async def tick(self, moment: datetime) -> None:
        """Tell the time and return when the tick is passed; `StuckError` when it does not."""
        self._tick, self._number = moment, self._number + 1
        await self._publish()
        await self._patiently(self._polled, "gateways")
        await self._patiently(self._settled, "tables")

    async def _patiently(self, passed: Any, where: str) -> None:
        loop = asyncio.get_running_loop()
        began, said, pause = loop.time(), False, FIRST_LOOK
        told = began
        while not await passed(pause):
            pause = min(pause * 1.5, LONGEST_LOOK)
            if broken := self._hopeless():
                raise StuckError(broken)
            elapsed = loop.time() - began
            if loop.time() - told > TELL_AGAIN:
                told = loop.time()
                await self._publish()
            if elapsed > STUCK:
                raise StuckError(f"tick {self._tick} waits for {where} since {elapsed:.0f} s: {await self._why()}")
            if elapsed > SLOW and not said:
                said = True
                log.warning("slow tick", tick=str(self._tick), where=where, waits_for=await self._why())

    async def _polled(self, pause: float) -> bool:
        """Whether every gateway has read this tick and has receipts for all; else waits a little."""
        if self._behind() == []:
            return True
        self._heard.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._heard.wait(), max(pause, LONGEST_LOOK))
        return self._behind() == []

    def _behind(self) -> list[str]:
        return [code for code in self._gateways if not self._has_passed(self._statuses.get(code))]

    def _has_passed(self, status: Status | None) -> bool:
        if status is None or not status.online or status.polled is None or self._tick is None:
            return False
        return datetime.fromisoformat(status.polled) >= self._tick and status.waiting == 0

    async def _settled(self, pause: float) -> bool:
        waiting = await self._ask(replay.waiting)
        if waiting is not None and waiting.nothing:
            return True
        await asyncio.sleep(pause)
        return False

    async def _ask(self, question: Callable[[Connection, datetime | None], Awaitable[Answer]]) -> Answer | None:
        """What the tables answer of this tick; None while the database is away."""
        async with self._patience:
            if self._connection is None or self._connection.closed:
                self._connection = await psycopg.AsyncConnection.connect(
                    self._database_url, autocommit=True, application_name="nongvu-lockstep"
                )
            return await question(self._connection, self._tick)
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        return None

    async def _why(self) -> str:
        if behind := self._behind():
            heard = {code: self._statuses.get(code) for code in behind}
            return "; ".join(
                f"{code}: polled {status.polled}, waiting {status.waiting}" if status else f"{code}: not heard of"
                for code, status in heard.items()
            )
        return "; ".join(await self._ask(replay.waiting_detail) or ()) or "the database"

    async def _publish(self) -> None:
        """Say the tick; where the broker is away, the next connection says it."""
        if self._client is None:
            return
        with contextlib.suppress(aiomqtt.MqttError):
            await self._client.publish(CLOCK, self._payload(), qos=1, retain=True)

    def _payload(self) -> bytes:
        if self._tick is None:
            raise RuntimeError("the clock has not begun")
        return encode_tick(self._tick, self._number)

    async def _line(self) -> None:
        while True:
            try:
                async with aiomqtt.Client(**self._arguments, protocol=aiomqtt.ProtocolVersion.V5) as client:
                    for code in self._gateways:
                        await client.subscribe(topic(code, Kind.STATUS), qos=1)
                    self._client = client
                    if self._tick is not None:
                        await client.publish(CLOCK, self._payload(), qos=1, retain=True)
                    async for message in client.messages:
                        self._hear(str(message.topic), bytes(message.payload))
            except aiomqtt.MqttError:
                await asyncio.sleep(AGAIN)
            except Exception:  # whatever a broken line raises must not stop the clock
                log.exception("the clock's connection failed")
                await asyncio.sleep(AGAIN)
            finally:
                self._client = None

    def _hear(self, name: str, payload: bytes) -> None:
        if not payload:
            return
        try:
            self._statuses[parse(name).gateway] = msgspec.json.decode(payload, type=Status)
        except (ValueError, msgspec.DecodeError) as error:
            log.error("a gateway's status cannot be read", topic=name, error=str(error))
            return
        self._heard.set()
