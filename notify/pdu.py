"""PDU: the few messages of SMPP 3.4 that a sender needs, as bytes and back (pure).

Layouts are those of the Short Message Peer to Peer Protocol Specification v3.4, §4; a library's session would queue and
repeat by itself, and could not say whether a message that got no answer had been written.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum

from notify.message import encode, segments, user_data_header
from notify.provider import Heard, Message, Receipt

HEADER = struct.Struct(">IIII")
#: A PDU is never longer than its largest field allows, with room for optional parameters.
LONGEST = 70_000


class Command(IntEnum):
    """Command ids; an answer has the highest bit set."""

    GENERIC_NACK = 0x80000000
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    UNBIND = 0x00000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015


ANSWER = 0x80000000

#: Statuses by which no route could send the message: length, destination address, its type.
NEVER = frozenset({0x01, 0x0B, 0x50, 0x51})
#: Statuses that ask for a pause: throttled, queue full.
BUSY = frozenset({0x58, 0x14})
#: Temporary application error: the SMSC is to deliver it again.
TRY_AGAIN = 0x64

_DELIVERED = "DELIVRD"
_FAILED = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD"})
_STATE_OF = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}  # message_state, §5.2.28
_RECEIPTED_ID, _MESSAGE_STATE, _PAYLOAD = 0x001E, 0x0427, 0x0424


@dataclass(frozen=True, slots=True)
class Pdu:
    """One message of the protocol."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def encoded(self) -> bytes:
        """Octets on the line."""
        return HEADER.pack(HEADER.size + len(self.body), self.command, self.status, self.sequence) + self.body


def decoded(octets: bytes) -> Pdu:
    """PDU of its octets, header included."""
    if len(octets) < HEADER.size:
        message = f"{len(octets)} octets are no PDU"
        raise ValueError(message)
    _, command, status, sequence = HEADER.unpack_from(octets)
    return Pdu(command, status, sequence, octets[HEADER.size :])


def bind(system_id: str, password: str, system_type: str = "") -> bytes:
    """Body of bind_transceiver."""
    return _text(system_id) + _text(password) + _text(system_type) + b"\x34\x00\x00" + _text("")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who an SMS is from."""

    address: str

    @property
    def numbering(self) -> bytes:
        """Type of number and plan: alphanumeric for a brand name, else international, short codes unknown."""
        if not self.address.isdigit():
            return b"\x05\x00"
        return b"\x01\x01" if len(self.address) > 8 else b"\x00\x00"


def submits(message: Message, sender: Sender, reference: int) -> list[bytes]:
    """Bodies of the submit_sm of a message, one a part, with headers that join them."""
    parts = segments(message.text)
    bodies = []
    for number, part in enumerate(parts, 1):
        header = user_data_header(reference, len(parts), number) if len(parts) > 1 else b""
        short = header + encode(part, message.coding)
        bodies.append(
            _text("")
            + sender.numbering
            + _text(sender.address)
            + b"\x01\x01"
            + _text(message.address.lstrip("+"))
            + (b"\x40" if header else b"\x00")  # esm_class: user data header
            + b"\x00\x00"
            + _text("")  # now
            + _text("")  # the SMSC's own validity
            + b"\x01\x00"  # a receipt is wanted; replaces nothing
            + (b"\x08" if message.coding == "ucs2" else b"\x00")
            + b"\x00"
            + bytes([len(short)])
            + short
        )
    return bodies


def message_id(body: bytes) -> str:
    """What the SMSC called a part, of a submit_sm_resp."""
    return body.split(b"\0", 1)[0].decode("ascii", "replace")


def said(body: bytes) -> Receipt | Heard:
    """What a deliver_sm says: a receipt, or a person's message."""
    source, esm_class, coding, short, options = _delivered(body)
    text = options.get(_PAYLOAD, short)
    if esm_class & 0x3C == 0x04 or _RECEIPTED_ID in options:
        return _receipt(text.decode("latin-1"), options)
    if esm_class & 0x40:
        text = text[1 + text[0] :]  # a user data header
    return Heard(source, _decoded(text, coding))


def _delivered(body: bytes) -> tuple[str, int, int, bytes, dict[int, bytes]]:
    try:
        _, rest = body.split(b"\0", 1)
        source, rest = rest[2:].split(b"\0", 1)
        _, rest = rest[2:].split(b"\0", 1)
        esm_class = rest[0]
        _, rest = rest[3:].split(b"\0", 1)
        _, rest = rest.split(b"\0", 1)
        coding, length = rest[2], rest[4]
        short, rest = rest[5 : 5 + length], rest[5 + length :]
    except (ValueError, IndexError) as error:
        message = "a deliver_sm that ends too early"
        raise ValueError(message) from error
    options = {}
    while len(rest) >= 4:
        tag, size = struct.unpack_from(">HH", rest)
        options[tag] = rest[4 : 4 + size]
        rest = rest[4 + size :]
    return source.decode("latin-1"), esm_class, coding, short, options


def _receipt(text: str, options: dict[int, bytes]) -> Receipt:
    fields = dict(re.findall(r"\b(id|stat|err):(\S+)", text))
    known_as = options.get(_RECEIPTED_ID, b"").split(b"\0", 1)[0].decode("latin-1") or fields.get("id", "")
    if not known_as:
        message = "a receipt that names no message"
        raise ValueError(message)
    state = _STATE_OF.get(options[_MESSAGE_STATE][0], "") if options.get(_MESSAGE_STATE) else ""
    state = state or fields.get("stat", "")
    detail = f"{state} {fields.get('err', '')}".strip()
    if state == _DELIVERED:
        return Receipt(known_as, "delivered", detail)
    return Receipt(known_as, "failed" if state in _FAILED else "underway", detail)


def _decoded(text: bytes, coding: int) -> str:
    if coding & 0x0C == 0x08:
        return text.decode("utf-16-be", "replace")
    return text.decode("latin-1") if coding == 0x03 else text.decode("ascii", "replace")


def _text(value: str) -> bytes:
    return value.encode("latin-1") + b"\0"
