"""Numbered bundles of readings, or of declared drops, and the receipt that lets a gateway forget one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import msgspec

#: Limits of one pack; the gateway splits before it reaches them (design §4).
MAXIMUM_BYTES = 256 * 1024
MAXIMUM_RECORDS = 500

#: MQTT content types by which the two encodings are told apart.
JSON = "application/senml+json"
CBOR = "application/senml+cbor"


class Stream(StrEnum):
    """The two ways of a gateway, each with its own sequence."""

    LIVE = "live"
    BACKLOG = "backlog"


class PackKind(StrEnum):
    """What a pack bears."""

    READINGS = "readings"
    DROPPED = "dropped"  # a declaration of what the gateway had to drop at its cap


@dataclass(frozen=True, slots=True)
class Label:
    """Who sent a pack and which one it is; travels as MQTT user properties and never changes on a re-send."""

    boot: str
    stream: Stream
    sequence: int
    kind: PackKind = PackKind.READINGS
    #: 0 is no correction; above 0 the readings supersede stored ones, the highest revision winning.
    revision: int = 0
    #: The clock was not right when these readings were taken; they were dated afterwards.
    redated: bool = False
    #: Follows a reading from the gateway to the message.
    trace: str = ""

    def properties(self) -> list[tuple[str, str]]:
        """User properties to publish; defaults are left out."""
        pairs = [("boot", self.boot), ("stream", self.stream.value), ("sequence", str(self.sequence))]
        if self.kind is not PackKind.READINGS:
            pairs.append(("kind", self.kind.value))
        if self.revision:
            pairs.append(("revision", str(self.revision)))
        if self.redated:
            pairs.append(("redated", "1"))
        if self.trace:
            pairs.append(("trace", self.trace))
        return pairs


def label(properties: list[tuple[str, str]] | None) -> Label | None:
    """Label from user properties; None where boot or sequence is absent (accepted, but not receipted).

    Raises `ValueError` on a label that is there but wrong.
    """
    given = dict(properties or ())
    if "boot" not in given or "sequence" not in given:
        return None
    boot, sequence, revision = given["boot"], int(given["sequence"]), int(given.get("revision", "0"))
    if not 1 <= len(boot) <= 64 or not boot.isascii() or not boot.isprintable():
        message = "boot must be 1 to 64 printable ASCII characters"
        raise ValueError(message)
    if not 0 <= sequence < 2**63 or not 0 <= revision < 2**31:
        message = f"sequence {sequence} or revision {revision} out of range"
        raise ValueError(message)
    return Label(boot, Stream(given.get("stream", "live")), sequence, PackKind(given.get("kind", "readings")),
                 revision, given.get("redated") == "1", given.get("trace", "")[:64])  # fmt: skip


class SetAside(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record, or a whole pack (record −1), that was not stored, and why."""

    sequence: int
    record: int
    reason: str
    detail: str = ""


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server has done with packs of one boot and stream: they are committed or set aside."""

    boot: str
    stream: Stream
    #: Inclusive ranges that contain only sequences which are committed or set aside.
    ranges: list[tuple[int, int]]
    stored: int = 0
    repeated: int = 0
    set_aside: int = 0
    #: The first few of what was set aside.
    problems: list[SetAside] = msgspec.field(default_factory=list)


class DroppedPacks(msgspec.Struct, frozen=True, tag="packs", tag_field="what"):
    """Formed packs that the gateway had to drop."""

    boot: str
    stream: Stream
    first: int
    last: int
    readings: int


class DroppedReadings(msgspec.Struct, frozen=True, tag="readings", tag_field="what"):
    """Readings that were dropped before they were put into a pack; times in ISO 8601 UTC."""

    station: str
    datastream: str
    first: str
    last: str
    count: int


Drop: TypeAlias = DroppedPacks | DroppedReadings

_RECEIPT = msgspec.json.Decoder(Receipt)
_DROPS = msgspec.json.Decoder(list[Drop])


def encode_receipt(receipt: Receipt) -> bytes:
    """JSON bytes of a receipt."""
    return msgspec.json.encode(receipt)


def decode_receipt(payload: bytes) -> Receipt:
    """Receipt of JSON bytes; `msgspec.DecodeError` where it is none."""
    return _RECEIPT.decode(payload)


def encode_drops(drops: list[Drop]) -> bytes:
    """JSON bytes of a declaration of drops (content type ``application/json``)."""
    return msgspec.json.encode(drops)


def decode_drops(payload: bytes) -> list[Drop]:
    """Declared drops of JSON bytes; `msgspec.DecodeError` where they are none."""
    return _DROPS.decode(payload)
