"""Sends packs to the broker and takes receipts; a PUBACK paces the sending and no more (design: the wire)."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiomqtt
import msgspec
import structlog
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.buffer_rows import FormedPack
from edge.outbox import Outbox
from edge.pace import Pace
from telemetry.birth import Birth, Status
from telemetry.birth import encode as encode_message
from telemetry.pack import Receipt, Stream, decode_receipt
from telemetry.topics import Kind, topic

log = structlog.get_logger(__name__)

#: Longest wait between two sendings of one pack [s].
LONGEST_RESEND = 60.0
#: Waits before the line is tried again [s].
FIRST_RECONNECT, LAST_RECONNECT = 0.2, 30.0
#: A connection that lasted so long was a good one [s].
_STEADY = 3.0
#: A pack that the broker has not answered is not sent again on the same connection within this time [s].
_GOING = 120.0

#: Stands for the answer that a lost connection did not bring.
_LOST = -1

Heard = Callable[[str, bytes], Awaitable[None]]


@dataclass(slots=True)
class Flight:
    """How often a pack was sent, and when it is due again; monotonic seconds."""

    sent: int = 0
    due: float = 0.0
    #: When it was last sent, how long a receipt may take, and whether the broker has answered.
    at: float = 0.0
    wait: float = 0.0
    answered: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """How the broker is reached."""

    #: Looked up at every connection; `OSError` or `ValueError` where they are not to be had.
    arguments: Callable[[], dict[str, Any]]
    gateway: str
    resend: float = 10.0
    keepalive: int = 20


class Uplink:
    """The line to the server."""

    def __init__(self, line: Line, outbox: Outbox, birth: Callable[[], Birth], status: Callable[[], Status]) -> None:
        self._line, self._outbox, self._birth, self._status = line, outbox, birth, status
        self._flights: dict[int, Flight] = {}
        self._publishes: dict[int, asyncio.Future[int]] = {}
        #: Backlog packs on the line that the broker has not answered, and how many may be.
        self._unanswered: set[int] = set()
        self._pace = Pace()
        self._client: aiomqtt.Client | None = None
        self._heard: dict[str, Heard] = {}
        #: Called after birth and status were said on a new connection.
        self.connected: Callable[[], Awaitable[None]] | None = None
        self._random = random.Random()  # noqa: S311 — jitter, no secret
        #: Counts since the start, for the status and for tests.
        self.sent = self.resent = self.refused = self.connections = 0
        self.last_refusal = 0

    def hear(self, name: str, what: Heard) -> None:
        """Subscribe to a further topic at every connection."""
        self._heard[name] = what

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._client is not None

    async def run(self) -> None:
        """Connect, send, receive; again whenever the line breaks, until cancelled."""
        wait = FIRST_RECONNECT
        while True:
            started = time.monotonic()
            try:
                await self._connection()
            except (aiomqtt.MqttError, OSError, ValueError) as error:
                log.warning("line down", error=str(error))
            if time.monotonic() - started > _STEADY:
                wait = FIRST_RECONNECT
            await asyncio.sleep(wait * self._random.uniform(0.75, 1.25))
            wait = min(wait * 2, LAST_RECONNECT)

    async def _connection(self) -> None:
        client = self._make()
        self._listen(client._client)  # noqa: SLF001 — aiomqtt hides the reason of a PUBACK
        try:
            async with client:
                self._client = client
                self.connections += 1
                await self._subscribe(client)  # birth and status promise that orders are heard
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._receive(client))
                    group.create_task(self._talk())
        except* (aiomqtt.MqttError, OSError) as errors:
            raise aiomqtt.MqttError(str(errors.exceptions[0])) from None
        finally:
            self._client = None
            self._outbox.line_up = False
            self._forget_flights()

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        names = (topic(self._line.gateway, Kind.RECEIPT), *self._heard)
        answers = await client.subscribe([(name, 1) for name in names])
        for name, answer in zip(names, answers, strict=True):
            reason = int(getattr(answer, "value", answer))  # type: ignore[call-overload]
            if reason >= 0x80:
                log.error("broker refuses a subscription", topic=name, reason=f"{reason:#04x}")

    def _make(self) -> aiomqtt.Client:
        connect = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        connect.SessionExpiryInterval = 3600  # commands sent meanwhile are not lost
        status = topic(self._line.gateway, Kind.STATUS)
        will = encode_message(msgspec.structs.replace(self._status(), online=False, cause="will"))
        return aiomqtt.Client(
            **self._line.arguments(), identifier=self._line.gateway, protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False, properties=connect, keepalive=self._line.keepalive, max_inflight_messages=200,
            will=aiomqtt.Will(status, will, 1, retain=True),
        )  # fmt: skip

    def _listen(self, paho: PahoClient) -> None:
        hidden = paho.on_publish

        def on_publish(client: PahoClient, data: Any, mid: int, reason: Any, properties: Any) -> None:
            future = self._publishes.pop(mid, None)
            if future is not None and not future.done():
                future.set_result(int(reason.value))
            if hidden is not None:
                hidden(client, data, mid, reason, properties)  # type: ignore[call-arg]

        paho.on_publish = on_publish

    async def _receive(self, client: aiomqtt.Client) -> None:
        receipts = topic(self._line.gateway, Kind.RECEIPT)
        async for message in client.messages:
            name, payload = str(message.topic), bytes(message.payload)
            try:
                if name == receipts:
                    self._receipted(decode_receipt(payload))
                elif name in self._heard:
                    await self._heard[name](name, payload)
            except (msgspec.MsgspecError, ValueError) as error:
                log.warning("message not understood", topic=name, error=str(error))

    def _receipted(self, receipt: Receipt) -> None:
        if self._outbox.receipted(receipt):
            soon = time.monotonic() + self._line.resend
            for flight in self._flights.values():  # the server is there again: what waited long goes soon
                flight.due = min(flight.due, soon + self._random.uniform(0, 1))
        if receipt.set_aside:
            problems = [f"{item.sequence}:{item.record} {item.reason} {item.detail}" for item in receipt.problems[:5]]
            log.warning("server set readings aside", count=receipt.set_aside, problems=problems)

    async def say_birth(self) -> None:
        """Say what is going to be sent; not before a replayed clock has told a time."""
        if (birth := self._birth()).time:
            await self.say(Kind.BIRTH, encode_message(birth), retain=True)

    # -- sending ------------------------------------------------------------------------------------------------

    async def _talk(self) -> None:
        await self.say_birth()
        await self.say_status()
        if self.connected is not None:
            await self.connected()
        self._outbox.line_up = True
        log.info("line up", waiting=self._outbox.waiting)
        while True:
            self._outbox.changed.clear()
            pause = await self._send_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._outbox.changed.wait()

    async def _send_due(self) -> float:
        """Send what is due, live before backlog; return how long until something else is [s]."""
        now = time.monotonic()
        gone = self._flights.keys() - {pack.id for pack in self._outbox.formed.values()}
        for number in gone:
            del self._flights[number]
        packs = sorted(self._outbox.formed.values(), key=_order)
        for pack in packs:
            flight = self._flights.setdefault(pack.id, Flight())
            still_going = not flight.answered and now - flight.at < _GOING
            if flight.due <= now and not still_going and (pack.label.stream is Stream.LIVE or self._has_room()):
                self._send(pack, flight, now)
        if self._has_room() and await self._outbox.form_backlog(self._pace.records):
            return 0.0
        later = [flight.due for flight in self._flights.values() if flight.due > now]
        return max(min(later, default=now + 5.0) - now, 0.01)

    def _send(self, pack: FormedPack, flight: Flight, now: float) -> None:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = pack.content_type
        properties.UserProperty = pack.label.properties()
        kind = Kind.LIVE if pack.label.stream is Stream.LIVE else Kind.BACKLOG
        acknowledged = self._publish(kind, pack.payload, properties=properties)
        if not flight.sent:
            log.debug("sent", stream=kind.value, sequence=pack.label.sequence, trace=pack.label.trace)
        acknowledged.add_done_callback(lambda future: self._acknowledged(pack, flight, future))
        if pack.label.stream is Stream.BACKLOG:
            self._unanswered.add(pack.id)
        self.sent += 1
        self.resent += flight.sent > 0
        wait = min(self._line.resend * 2**flight.sent, max(LONGEST_RESEND, self._line.resend))
        flight.at, flight.wait, flight.answered = now, wait * self._random.uniform(0.75, 1.25), False
        flight.sent, flight.due = flight.sent + 1, now + flight.wait

    def _has_room(self) -> bool:
        return len(self._unanswered) < self._pace.window

    def _acknowledged(self, pack: FormedPack, flight: Flight, future: asyncio.Future[int]) -> None:
        now = time.monotonic()
        # on a slow line a pack is long on its way: its receipt is waited for from here on
        flight.answered, flight.due = True, now + flight.wait
        if pack.id in self._unanswered:
            self._unanswered.discard(pack.id)
            self._pace.acknowledged(now - flight.at)
            self._outbox.changed.set()
        if future.cancelled() or future.result() in (0, _LOST):
            return
        self.refused += 1
        if self.last_refusal != future.result():
            self.last_refusal = future.result()
            reason = f"{self.last_refusal:#04x}"
            log.error("broker does not pass readings on", reason=reason, sequence=pack.label.sequence)

    def _publish(
        self, kind: Kind, payload: bytes, *, retain: bool = False, properties: Properties | None = None
    ) -> asyncio.Future[int]:
        if self._client is None:
            raise aiomqtt.MqttError("no connection")
        name = topic(self._line.gateway, kind)
        info = self._client._client.publish(name, payload, 1, retain, properties)  # noqa: SLF001
        if info.rc != 0:
            raise aiomqtt.MqttError(f"cannot publish: {info.rc}")
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._publishes[info.mid] = future
        return future

    async def say(self, kind: Kind, payload: bytes, *, retain: bool = False) -> bool:
        """Publish one of the other words of a gateway; whether the broker passes it on, once it has answered."""
        async with asyncio.timeout(10):
            answer = await self._publish(kind, payload, retain=retain)
        if answer == _LOST:
            raise aiomqtt.MqttError("line lost before the broker answered")
        return answer == 0

    async def say_status(self) -> None:
        """Publish the status now, if there is a line."""
        if self._client is not None:
            await self.say(Kind.STATUS, encode_message(self._status()), retain=True)

    async def say_stopped(self) -> None:
        """Publish that the gateway stops on purpose, if there is a line."""
        if self._client is not None:
            stopped = msgspec.structs.replace(self._status(), online=False, cause="stopped")
            with contextlib.suppress(TimeoutError, aiomqtt.MqttError):
                async with asyncio.timeout(2):
                    await self._publish(Kind.STATUS, encode_message(stopped), retain=True)

    def _forget_flights(self) -> None:
        self._flights.clear()
        self._unanswered.clear()
        for future in self._publishes.values():
            if not future.done():
                future.set_result(_LOST)
        self._publishes.clear()


def _order(pack: FormedPack) -> tuple[bool, int]:
    return (pack.label.stream is Stream.BACKLOG, pack.id)
