"""Posted readings go the way of every gateway's: through the broker, numbered, until their receipt."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
import msgspec
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from telemetry.broker import address
from telemetry.clock import ReplayedClock, decode_tick
from telemetry.pack import JSON, Label, Receipt, Stream, decode_receipt
from telemetry.topics import API_GATEWAY, CLOCK, Kind, topic

log = structlog.get_logger()
#: A pack is sent again after so long without a receipt [s]; repeats change nothing.
AGAIN = 2.0
#: Packs that wait for their receipt at most; more posts are told to come later.
MOST_WAITING = 200


class NoReceipt(Exception):  # noqa: N818 — says what is missing
    """The pack may or may not have been stored; sending the same readings again is harmless."""


@dataclass(slots=True)
class Uplink:
    """One API process's line to the broker; its boot id tells its receipts from those of others."""

    url: str
    user: str
    #: Moved by the broker's ticks under a replay.
    clock: ReplayedClock | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    boot: str = field(default_factory=lambda: secrets.token_hex(8))
    _sequence: int = 0
    _waiting: dict[int, asyncio.Future[Receipt]] = field(default_factory=dict)
    _client: aiomqtt.Client | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the line up within the context."""
        task = asyncio.create_task(self._run(), name="uplink")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    @property
    def connected(self) -> bool:
        """Whether the broker is there at this moment."""
        return self._client is not None

    async def _run(self) -> None:
        while True:
            try:
                arguments = address(
                    self.url, self.user, authority=self.authority, certificate=self.certificate, key=self.key
                )
                protocol = aiomqtt.ProtocolVersion.V5
                async with aiomqtt.Client(**arguments, identifier=self.user, protocol=protocol) as client:
                    await client.subscribe(topic(API_GATEWAY, Kind.RECEIPT), qos=1)
                    if self.clock is not None:
                        await client.subscribe(CLOCK, qos=1)
                    self._client = client
                    log.info("broker", state="connected", user=self.user)
                    await self._listen(client)
            except aiomqtt.MqttError as error:
                log.warning("broker", state="gone", error=str(error))
                await asyncio.sleep(0.5)
            finally:
                self._client = None

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            payload = bytes(message.payload)
            if str(message.topic) == CLOCK:
                if self.clock is not None:
                    self.clock.advance(decode_tick(payload))
                continue
            try:
                receipt = decode_receipt(payload)
            except msgspec.DecodeError:
                log.warning("receipt", problem="not one")
                continue
            self._settle(receipt)

    def _settle(self, receipt: Receipt) -> None:
        if receipt.boot != self.boot:
            return
        for first, last in receipt.ranges:
            for sequence in [number for number in self._waiting if first <= number <= last]:
                future = self._waiting.pop(sequence)
                if not future.done():
                    future.set_result(receipt)

    async def send(self, payload: bytes, content_type: str = JSON, *, patience: float = 15.0) -> tuple[int, Receipt]:
        """Send a pack until its receipt comes; `NoReceipt` where none does in time."""
        if len(self._waiting) >= MOST_WAITING:
            raise NoReceipt
        sequence, self._sequence = self._sequence, self._sequence + 1
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._waiting[sequence] = future
        try:
            async with asyncio.timeout(patience):
                while True:
                    await self._publish(payload, content_type, sequence)
                    done, _ = await asyncio.wait([future], timeout=AGAIN)
                    if done:
                        return sequence, future.result()
        except TimeoutError:
            raise NoReceipt from None
        finally:
            self._waiting.pop(sequence, None)

    async def _publish(self, payload: bytes, content_type: str, sequence: int) -> None:
        client = self._client
        if client is None:
            return
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        properties.ContentType = content_type
        properties.UserProperty = Label(self.boot, Stream.LIVE, sequence).properties()
        try:
            await client.publish(topic(API_GATEWAY, Kind.LIVE), payload, qos=1, properties=properties, timeout=AGAIN)
        except aiomqtt.MqttError as error:
            log.info("publish", problem=str(error))
