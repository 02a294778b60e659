"""Reads and writes MQTT in large pieces; readings are taken apart without the library's detours.

paho reads a packet by four system calls and builds tables of all MQTT properties for each, which costs more than all
else that ingest does with a small pack. Here PUBLISH and the plain PUBACK are decoded directly; the rest is paho's.
"""

from __future__ import annotations

import struct
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

#: Most that is read from the socket at once [bytes].
PIECE = 256 * 1024
_PUBLISH, _PUBACK = 0x30, 0x40
_CONTENT_TYPE, _USER_PROPERTY = 3, 38
#: MQTT 5 §2.2.2.2, properties of a PUBLISH that nobody here reads: identifier → length, 0 where it stands before them.
_SKIPPED = {1: 1, 2: 4, 8: 0, 9: 0, 35: 2}
_SUBSCRIPTION = 11


class Publish(NamedTuple):
    """A message as it came; message id 0 needs no acknowledgement."""

    topic: str
    mid: int
    content_type: str
    properties: list[tuple[str, str]]
    payload: bytes


class MalformedError(ValueError):
    """Bytes that are no MQTT; the connection is of no more use."""


def split(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Take whole packets from the beginning of a buffer: first byte and body."""
    start = 0
    try:
        while len(buffer) - start >= 2:
            length, after = _number(buffer, start + 1)
            if after < 0 or len(buffer) - after < length:
                return
            head, start = buffer[start], after + length
            yield head, bytes(buffer[after:start])
    finally:
        del buffer[:start]


def _number(buffer: bytes | bytearray, at: int) -> tuple[int, int]:
    """Variable byte integer (MQTT 5 §1.5.5) and where it ends; -1 where it is not whole yet."""
    value = 0
    for shift in (0, 7, 14, 21):
        if at >= len(buffer):
            return 0, -1
        byte = buffer[at]
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
    message = "a length of more than four bytes"
    raise MalformedError(message)


def publish(head: int, body: bytes) -> Publish:
    """Take a PUBLISH packet (MQTT 5 §3.3) apart; text that is no UTF-8 does not end the connection."""
    try:
        topic, at = _text(body, 0)
        mid = 0
        if head & 6:
            (mid,) = struct.unpack_from(">H", body, at)
            at += 2
        length, at = _number(body, at)
        end = at + length
        content_type, properties = "", []
        while at < end:
            kind, at = body[at], at + 1
            if kind == _USER_PROPERTY:
                name, at = _text(body, at)
                value, at = _text(body, at)
                properties.append((name, value))
            elif kind == _CONTENT_TYPE:
                content_type, at = _text(body, at)
            else:
                at = _skip(kind, body, at)
    except (IndexError, KeyError, struct.error) as error:
        message = f"no PUBLISH: {error!r}"
        raise MalformedError(message) from error
    if at != end or end > len(body):
        message = "no PUBLISH: properties of another length"
        raise MalformedError(message)
    return Publish(topic, mid, content_type, properties, body[end:])


def _text(body: bytes, at: int) -> tuple[str, int]:
    end = at + 2 + (body[at] << 8 | body[at + 1])
    return body[at + 2 : end].decode("utf-8", "replace"), end


def _skip(kind: int, body: bytes, at: int) -> int:
    if kind == _SUBSCRIPTION:
        return _number(body, at)[1]
    return at + (_SKIPPED[kind] or 2 + (body[at] << 8 | body[at + 1]))


#: Messages of ours that may be without an acknowledgement; brokers here allow as many (`max_inflight_messages`).
UNACKNOWLEDGED = 1000
_QOS_1 = b"\x32"
_NO_PROPERTIES = b"\0"


@dataclass(slots=True)
class Outgoing:
    """Messages of ours at QoS 1 on one connection, many in one piece; the broker's acknowledgements pace them."""

    waiting: deque[tuple[str, bytes]] = field(default_factory=deque)
    flying: set[int] = field(default_factory=set)

    def packets(self, number: Callable[[], int]) -> bytes:
        """As many PUBLISH packets (MQTT 5 §3.3) as may be sent now; ``number`` gives their message ids."""
        parts: list[bytes] = []
        while self.waiting and len(self.flying) < UNACKNOWLEDGED:
            topic, payload = self.waiting.popleft()
            mid, name = number(), topic.encode()
            self.flying.add(mid)
            head = b"%b%b%b%b" % (len(name).to_bytes(2, "big"), name, mid.to_bytes(2, "big"), _NO_PROPERTIES)
            parts += (_QOS_1, _length(len(head) + len(payload)), head, payload)
        return b"".join(parts)

    def acknowledged(self, mid: int) -> bool:
        """Make room for another; False where it is not one of these."""
        if mid not in self.flying:
            return False
        self.flying.remove(mid)
        return True


def _length(number: int) -> bytes:
    """Variable byte integer (MQTT 5 §1.5.5)."""
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


class Packets:
    """Reads in place of a paho client."""

    _SUCCESS, _NONE = ReasonCode(PacketTypes.PUBACK), Properties(PacketTypes.PUBACK)  # type: ignore[no-untyped-call]

    def __init__(
        self, client: paho.Client, arrived: Callable[[Publish], None], acknowledged: Callable[[int], bool]
    ) -> None:
        self._client, self._arrived, self._acknowledged = client, arrived, acknowledged
        self._buffer = bytearray()

    def read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 — in place of paho's
        """As ``loop_read`` of paho, but a piece instead of a packet."""
        client = self._client
        if client.socket() is None:
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        try:
            piece = client._sock_recv(PIECE)
            if not piece:
                return client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
            self._buffer += piece
            client._last_bytes_received = time.monotonic()
            for head, body in split(self._buffer):
                self._take(head, body)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except (MalformedError, MalformedPacket):
            return client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_PROTOCOL)
        except OSError:
            return client._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _take(self, head: int, body: bytes) -> None:
        client = self._client
        if head & 0xF0 == _PUBLISH:
            self._arrived(publish(head, body))
        elif head == _PUBACK and self._acknowledged(int.from_bytes(body[:2], "big")):
            pass  # whatever its reason: "nobody heard it" is one, and a gateway that is away asks again
        elif head == _PUBACK and len(body) == 2:
            mid = int.from_bytes(body, "big")
            with client._out_message_mutex:
                if mid in client._out_messages:
                    client._do_on_publish(mid, self._SUCCESS, self._NONE)
        else:
            packet = client._in_packet
            packet["command"], packet["packet"], packet["remaining_length"] = head, bytearray(body), len(body)
            code = client._packet_handle()
            if code > 0:
                client._loop_rc_handle(code)
