"""Keeps one lasting session on the broker, acknowledged by hand after the commit, bounded on our side too.

What aiomqtt does not offer is reached through its paho client, here and in `mqtt_packets`: acknowledging by hand,
pausing the socket, and publishing without waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiomqtt
import structlog
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from ingest.mqtt_packets import Outgoing, Packets, Publish
from ingest.pack import Delivery

log = structlog.get_logger()

#: A session outlives its worker by a week; then the gateways' own re-sends have to do.
SESSION_EXPIRY = 7 * 86_400
KEEP_ALIVE = 20
#: MQTT 5 reason: another client came with the same client id.
TAKEN_OVER = 0x8E
#: First bytes of a PUBACK packet; the message id follows.
PUBACK = b"\x40\x02"
#: Between attempts to connect [s].
FIRST_WAIT, LONGEST_WAIT = 0.1, 5.0


class SlotTakenError(Exception):
    """Another worker runs in this slot; never worth another try."""


class Queue(asyncio.Queue[Delivery]):
    """What came and was not yet taken; tells when there is too much of it."""

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound
        self.pause: Callable[[], None] | None = None
        self.resume: Callable[[], None] | None = None

    def put_nowait(self, item: Delivery) -> None:
        """Take what the broker delivered; above the bound nothing more is read from the socket."""
        super().put_nowait(item)
        if self.qsize() >= self._bound and self.pause is not None:
            self.pause()

    def get_nowait(self) -> Delivery:
        """Give the oldest; below half the bound the socket is read again."""
        delivery = super().get_nowait()
        if self.qsize() * 2 < self._bound and self.resume is not None:
            self.resume()
        return delivery

    def forget(self) -> None:
        """Drop everything: what was not acknowledged comes again on the next connection."""
        while not self.empty():
            super().get_nowait()


class Subscription:
    """A session with a fixed client id; `run` keeps it connected."""

    def __init__(
        self,
        address: dict[str, Any],
        client: str,
        filters: Sequence[str],
        former: Sequence[str],
        *,
        receive_maximum: int,
        clock: tuple[str, Callable[[bytes], None]] | None = None,
    ) -> None:
        self.client = client
        self.connected = asyncio.Event()
        self.generation = 0
        self.queue = Queue(2 * receive_maximum)
        self._address, self._filters, self._former, self._clock = address, filters, former, clock
        self._receive_maximum = receive_maximum
        self._mqtt: aiomqtt.Client | None = None
        self._paused = False
        self._outgoing = Outgoing()

    async def run(self) -> None:
        """Stay connected until cancelled; `SlotTakenError` if somebody else has this client id."""
        wait = FIRST_WAIT
        while True:
            try:
                await self._connection()
                wait = FIRST_WAIT
            except aiomqtt.MqttError as error:
                if self.connected.is_set():
                    wait = FIRST_WAIT
                self._disconnected()
                if _taken_over(error):
                    message = f"another worker is connected as {self.client!r}: every worker needs its own number"
                    raise SlotTakenError(message) from error
                log.warning("broker", client=self.client, error=str(error), again_in=round(wait, 1))
            finally:
                self._disconnected()
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))  # noqa: S311 — jitter
            wait = min(2 * wait, LONGEST_WAIT)

    async def _connection(self) -> None:
        self.generation += 1
        self.queue.forget()
        self._outgoing = Outgoing()
        client = aiomqtt.Client(
            **self._address,
            identifier=self.client,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=self._connect_properties(),
            keepalive=KEEP_ALIVE,
            max_inflight_messages=1000,
        )
        client.pending_calls_threshold = 10_000
        paho = client._client  # noqa: SLF001 — see the module's docstring
        paho.loop_read = Packets(paho, self._arrived, self._acknowledged).read  # type: ignore[method-assign]
        self.queue.pause, self.queue.resume = self._pause, self._resume
        async with client:
            self._mqtt, self._paused = client, False
            await client.subscribe([(text, _quality()) for text in self._filters], timeout=30)
            # the session may be as old as a week, and remember what it heard among another number of workers
            await client.unsubscribe(list(self._former), timeout=30)
            self.connected.set()
            log.info("connected", client=self.client, filters=len(self._filters))
            await asyncio.wait((client._disconnected,))  # noqa: SLF001
            client._disconnected.result()  # noqa: SLF001 — raises what broke the connection

    def _connect_properties(self) -> Properties:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY
        properties.ReceiveMaximum = self._receive_maximum
        return properties

    def _disconnected(self) -> None:
        self.connected.clear()
        self._mqtt = None

    def _arrived(self, message: Publish) -> None:
        """Queue a message; the clock is obeyed on the spot."""
        topic, mid, content_type, properties, payload = message
        delivery = Delivery(topic, payload, content_type, properties, mid, self.generation)
        if self._clock is not None and topic == self._clock[0]:
            self._clock[1](payload)
            self.acknowledge([delivery])
        else:
            self.queue.put_nowait(delivery)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Acknowledge messages on the connection that delivered them; message ids mean nothing on another."""
        mids = [delivery.mid for delivery in deliveries if delivery.mid and delivery.generation == self.generation]
        if mids and self._mqtt is not None:
            packets = b"".join([PUBACK + mid.to_bytes(2, "big") for mid in mids])
            self._mqtt._client._packet_queue(PUBACK[0], packets, mids[-1], 1)  # noqa: SLF001 — all in one piece

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Publish at QoS 1 without waiting; lost with the connection, which whoever waits for it must bear."""
        if self._mqtt is not None:
            self._outgoing.waiting.extend(messages)
            self._send()

    def _send(self) -> None:
        if self._mqtt is None:
            return
        paho = self._mqtt._client  # noqa: SLF001
        packets = self._outgoing.packets(paho._mid_generate)  # noqa: SLF001 — nothing else may bear the same number
        if packets:
            paho._packet_queue(PUBACK[0], packets, 0, 1)  # noqa: SLF001 — as acknowledgements, which nothing waits for

    def _acknowledged(self, mid: int) -> bool:
        """Take the broker's word for a message of `publish`; False where it was none of those."""
        ours = self._outgoing.acknowledged(mid)
        if ours and self._outgoing.waiting:
            self._send()
        return ours

    async def say(self, topic: str, payload: bytes, *, retain: bool = False) -> bool:
        """Publish at QoS 1 and wait for the broker; False where there is no connection."""
        if self._mqtt is None:
            return False
        try:
            await self._mqtt.publish(topic, payload, qos=1, retain=retain, timeout=10)
        except aiomqtt.MqttError:
            return False
        return True

    def _pause(self) -> None:
        handle = self._socket()
        if handle is not None and not self._paused:
            self._paused = True
            asyncio.get_running_loop().remove_reader(handle)

    def _resume(self) -> None:
        handle = self._socket()
        if self._paused and handle is not None and self._mqtt is not None:
            self._paused = False
            asyncio.get_running_loop().add_reader(handle, self._read, self._mqtt)
            asyncio.get_running_loop().call_soon(self._read, self._mqtt)

    def _read(self, client: aiomqtt.Client) -> None:
        """As aiomqtt reads, after a pause: until the socket (TLS included) has no more."""
        try:
            if not self._paused and client is self._mqtt:
                client._client.loop_read()  # noqa: SLF001
                handle = client._client.socket()  # noqa: SLF001
                if getattr(handle, "pending", int)() > 0:
                    asyncio.get_running_loop().call_soon(self._read, client)
        except Exception as error:  # whatever it is, the connection is of no more use
            if not client._disconnected.done():  # noqa: SLF001
                client._disconnected.set_exception(error)  # noqa: SLF001

    def _socket(self) -> socket.socket | None:
        with contextlib.suppress(AttributeError, ValueError):
            handle = self._mqtt._client.socket() if self._mqtt else None  # noqa: SLF001
            return handle if isinstance(handle, socket.socket) else None
        return None


def _quality() -> SubscribeOptions:
    # retained births and states come with every subscription, and only then
    return SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE)


def _taken_over(error: aiomqtt.MqttError) -> bool:
    reason = getattr(error, "rc", None)
    return getattr(reason, "value", reason) == TAKEN_OVER
