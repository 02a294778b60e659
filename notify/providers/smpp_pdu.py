"""The few messages of SMPP 3.4 that a sender needs, as bytes and back (pure).

Layouts are those of the Short Message Peer to Peer Protocol Specification v3.4, §4; a library's session would queue and
repeat by itself, and could not say whether a message that got no answer had been written.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from notify.provider import Heard, Message, Receipt
from notify.texts.sms_segments import encode, segments, user_data_header

HEADER = struct.Struct(">IIII")
#: A PDU is never longer than its largest field allows, with room for optional parameters.
LONGEST = 70_000


class Command(IntEnum):
    """Command ids; an answer has the highest bit set."""

    GENERIC_NACK = 0x80000000
    SUBMIT_SM = 0x00000004
    DELIVER_SM = 0x00000005
    DATA_SM = 0x00000103
    UNBIND = 0x00000006
    BIND_TRANSCEIVER = 0x00000009
    ENQUIRE_LINK = 0x00000015


ANSWER = 0x80000000

#: Statuses that mean this message to this person: length, destination address, its type, its list (§5.1.3).
ELSEWHERE = frozenset({0x01, 0x0B, 0x33, 0x34, 0x50, 0x51})
#: Statuses that may mean this person alone: submit failed, rejected or permanently failed by an application; and what
#: the maker of the SMSC means by a number of its own.
PERSON = frozenset({0x45, 0x65, 0x66, *range(0x400, 0x500)})
#: Statuses that ask for a pause: throttled, queue full.
BUSY = frozenset({0x58, 0x14})
#: Temporary application error: the SMSC is to deliver it again.
TRY_AGAIN = 0x64

State = Literal["delivered", "failed", "underway", "unknown"]
#: Words of ``stat:`` by appendix B, and as SMSCs write them out; any other word is unknown.
_STATES: dict[str, State] = {
    **dict.fromkeys(("DELIVRD", "DELIVERED"), "delivered"),
    **dict.fromkeys(
        ("EXPIRED", "DELETED", "UNDELIV", "UNDELIVERABLE", "UNDELIVERED", "REJECTD", "REJECTED", "FAILED"), "failed"
    ),
    **dict.fromkeys(("ENROUTE", "ACCEPTD", "ACCEPTED", "SCHEDULED", "BUFFERED"), "underway"),
}
#: message_state, §5.2.28.
_STATE_OF = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
_FIELD = re.compile(r"\b(id|stat|err|text)\s*:\s*([^\s,;]*)", re.IGNORECASE)
_LOOKS = re.compile(r"\s*id\s*:\s*\S.*?\bstat\s*:\s*[a-z]", re.IGNORECASE | re.DOTALL)
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
    """What a deliver_sm says: a receipt, or a person's message.

    A receipt is known by its esm_class, by its optional parameter, or by its body: SMSCs that leave esm_class 0 are
    many, and nobody's answer begins as a receipt does.
    """
    return _said(*_delivered(body))


def said_as_data(body: bytes) -> Receipt | Heard:
    """What a data_sm says (§4.7.1): the text, if any, is its optional parameter message_payload."""
    try:
        _, rest = body.split(b"\0", 1)
        source, rest = rest[2:].split(b"\0", 1)
        _, rest = rest[2:].split(b"\0", 1)
        esm_class, coding = rest[0], rest[2]
    except (ValueError, IndexError) as error:
        message = "a data_sm that ends too early"
        raise ValueError(message) from error
    return _said(source.decode("latin-1"), esm_class, coding, b"", _options(rest[3:]))


def same_name(known_as: str, ids: str, *, receipt: bool) -> str:
    """Id of a part in the one form in which answers and receipts meet.

    ``ids`` says how the SMSC *answers*: "hex" (and its receipts are decimal), "decimal" (and its receipts are hex), or
    "as sent": the same in both but for case and leading zeros. What is no such number stays as it is.
    """
    plain = known_as.strip().casefold()
    if ids != "as sent":
        base = 16 if (ids == "hex") is not receipt else 10
        try:
            return str(int(plain, base))
        except ValueError:
            return plain
    return plain.lstrip("0") or plain


def _said(source: str, esm_class: int, coding: int, short: bytes, options: dict[int, bytes]) -> Receipt | Heard:
    text = options.get(_PAYLOAD, short)
    if esm_class & 0x40 and text:
        text = text[1 + text[0] :]  # a user data header
    read = _decoded(text, coding)
    if esm_class & 0x3C or _RECEIPTED_ID in options or _LOOKS.match(read):  # a type of message: no person writes one
        return _receipt(read, options)
    return Heard(source, read)


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
    return source.decode("latin-1"), esm_class, coding, short, _options(rest)


def _options(rest: bytes) -> dict[int, bytes]:
    options = {}
    while len(rest) >= 4:
        tag, size = struct.unpack_from(">HH", rest)
        options[tag] = rest[4 : 4 + size]
        rest = rest[4 + size :]
    return options


def _receipt(text: str, options: dict[int, bytes]) -> Receipt:
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        if name.lower() == "text":  # what follows is the message's own first words
            break
        fields.setdefault(name.lower(), value)
    written = fields.get("id", "")
    known_as = options.get(_RECEIPTED_ID, b"").split(b"\0", 1)[0].decode("latin-1") or written
    if not known_as:
        message = "a receipt that names no message"
        raise ValueError(message)
    stated = _STATE_OF.get(options[_MESSAGE_STATE][0], "UNKNOWN") if options.get(_MESSAGE_STATE) else ""
    words = list(dict.fromkeys(word for word in (stated, fields.get("stat", "")) if word))
    states: set[State] = {_STATES.get(word.upper(), "unknown") for word in words}
    state: State = states.pop() if len(states) == 1 else "unknown"  # no word, or two that do not agree
    detail = " ".join(filter(None, [*words, fields.get("err", "")]))
    return Receipt(known_as, state, detail, (written,) if written not in {"", known_as} else ())


def _decoded(text: bytes, coding: int) -> str:
    if coding & 0x0C == 0x08 or (len(text) > 3 and len(text) % 2 == 0 and not any(text[:8:2])):
        return text.decode("utf-16-be", "replace")  # also where the coding does not say so: nobody writes NUL
    return text.decode("latin-1") if coding == 0x03 else text.decode("ascii", "replace")


def _text(value: str) -> bytes:
    return value.encode("latin-1") + b"\0"
