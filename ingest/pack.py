"""One message of a gateway on its way into the tables, and what became of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from ingest.accept import Accepted, Incoming, Window, accept_all, whole
from ingest.directory import Directory
from telemetry.pack import Drop, DroppedPacks, Label, PackKind, Receipt, SetAside, Stream, decode_drops
from telemetry.pack import label as label_of
from telemetry.reason import Reason

#: How many problems a receipt names.
NAMED_PROBLEMS = 20


class Delivery(NamedTuple):
    """One message as the broker delivered it."""

    topic: str
    payload: bytes
    content_type: str
    properties: list[tuple[str, str]]
    #: Message id and the connection it is good for; 0 needs no acknowledgement.
    mid: int
    generation: int


@dataclass(slots=True)
class Pack:
    """A pack taken apart."""

    delivery: Delivery
    gateway: str
    stream: Stream
    label: Label | None
    received_at: datetime
    accepted: Accepted
    drops: list[Drop] = field(default_factory=list)
    # what became of it
    stored: int = 0
    repeated: int = 0
    set_aside: int = 0
    problems: list[SetAside] = field(default_factory=list)

    @property
    def sequence(self) -> int:
        """Number in its stream; -1 without a label."""
        return self.label.sequence if self.label else -1

    @property
    def kind(self) -> PackKind:
        """What it bears."""
        return self.label.kind if self.label else PackKind.READINGS

    @property
    def revision(self) -> int:
        """Above 0: a correction."""
        return self.label.revision if self.label else 0

    @property
    def incoming(self) -> Incoming:
        """What is to be taken apart."""
        redated = self.label is not None and self.label.redated
        return Incoming(self.delivery.payload, self.delivery.content_type, self.gateway, redated)

    def sha256(self) -> bytes:
        """Of the whole payload."""
        return hashlib.sha256(self.delivery.payload).digest()

    def note(self, record: int, reason: str, detail: str) -> None:
        """Count one thing set aside, and name it in the receipt if there is room."""
        self.set_aside += 1
        if len(self.problems) < NAMED_PROBLEMS:
            self.problems.append(SetAside(self.sequence, record, reason, detail))


class Addressed(NamedTuple):
    """A delivery of readings, or of declared drops, and what its topic says."""

    delivery: Delivery
    gateway: str
    stream: Stream


def open_packs(
    addressed: Sequence[Addressed], directory: Directory, window: Window, received_at: datetime
) -> list[Pack]:
    """Take deliveries apart; whatever is wrong with one becomes something set aside, never an exception."""
    packs = [_labelled(one, directory, received_at) for one in addressed]
    bearing = [pack for pack in packs if pack.kind is PackKind.READINGS and not pack.accepted.asides]
    found = accept_all([pack.incoming for pack in bearing], directory, window)
    for pack, accepted in zip(bearing, found, strict=True):
        pack.accepted = accepted
    return packs


def _labelled(one: Addressed, directory: Directory, received_at: datetime) -> Pack:
    try:
        label = label_of(one.delivery.properties)
        if label is not None and label.stream is not one.stream:
            message = f"stream {label.stream.value!r} on the topic of {one.stream.value!r}"
            raise ValueError(message)
    except ValueError as error:
        wrong = whole(Reason.LABEL, str(error), one.delivery.payload)
        return Pack(one.delivery, one.gateway, one.stream, None, received_at, wrong)
    pack = Pack(one.delivery, one.gateway, one.stream, label, received_at, Accepted())
    if pack.kind is PackKind.DROPPED:
        _declare(pack, directory)
    return pack


def label_or_none(properties: list[tuple[str, str]]) -> Label | None:
    """Label of user properties, None where it is missing or wrong."""
    try:
        return label_of(properties)
    except ValueError:
        return None


def _declare(pack: Pack, directory: Directory) -> None:
    payload = pack.delivery.payload
    try:
        if pack.gateway not in directory.gateways:
            detail = f"gateway {pack.gateway!r} is not registered"
            pack.accepted = whole(Reason.UNKNOWN_STATION, detail, payload)
            return
        pack.drops = decode_drops(payload)
        for drop in pack.drops:
            _verify(drop)
    except (msgspec.DecodeError, ValueError) as error:
        pack.drops = []
        pack.accepted = whole(Reason.MALFORMED, f"no declaration of drops: {error}", payload)


def _verify(drop: Drop) -> None:
    if isinstance(drop, DroppedPacks):
        numbers = (drop.first, drop.last, drop.readings)
    else:
        numbers = (0, 0, drop.count)
        for time in (drop.first, drop.last):
            if datetime.fromisoformat(time).tzinfo is None:
                message = f"{time!r} has no time zone"
                raise ValueError(message)
    if not all(0 <= number < 2**63 for number in numbers) or numbers[0] > numbers[1]:
        message = f"numbers out of range: {numbers}"
        raise ValueError(message)


def drop_rows(pack: Pack, gateway: int, batch: int) -> list[dict[str, Any]]:
    """Rows of table ``dropped``."""
    empty: dict[str, Any] = dict.fromkeys(
        ("boot", "stream", "first_sequence", "last_sequence", "station", "datastream", "first_time", "last_time")
    )
    rows = []
    for number, drop in enumerate(pack.drops):
        row = empty | {"gateway": gateway, "batch": batch, "number": number}
        if isinstance(drop, DroppedPacks):
            row |= {"boot": drop.boot, "stream": drop.stream.value, "first_sequence": drop.first,
                    "last_sequence": drop.last, "readings": drop.readings}  # fmt: skip
        else:
            row |= {"station": drop.station, "datastream": drop.datastream, "readings": drop.count,
                    "first_time": datetime.fromisoformat(drop.first),
                    "last_time": datetime.fromisoformat(drop.last)}  # fmt: skip
        rows.append(row)
    return rows


def receipts(packs: Iterable[Pack]) -> list[tuple[str, Receipt]]:
    """Receipts of packs that are committed, one a gateway, boot and stream; packs without a label get none."""
    groups: dict[tuple[str, str, Stream], list[Pack]] = {}
    for pack in packs:
        if pack.label is not None:
            groups.setdefault((pack.gateway, pack.label.boot, pack.stream), []).append(pack)
    return [
        (
            gateway,
            Receipt(
                boot,
                stream,
                _ranges(sorted({pack.sequence for pack in group})),
                sum(pack.stored for pack in group),
                sum(pack.repeated for pack in group),
                sum(pack.set_aside for pack in group),
                [problem for pack in group for problem in pack.problems][:NAMED_PROBLEMS],
            ),
        )
        for (gateway, boot, stream), group in groups.items()
    ]


def _ranges(sequences: list[int]) -> list[tuple[int, int]]:
    ranges: list[tuple[int, int]] = []
    for sequence in sequences:
        if ranges and ranges[-1][1] == sequence - 1:
            ranges[-1] = (ranges[-1][0], sequence)
        else:
            ranges.append((sequence, sequence))
    return ranges
