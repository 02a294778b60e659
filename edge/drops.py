"""Chooses what a full buffer lets go, oldest and least important first, and counts it for the server."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from edge.buffer_file import BufferFile
from edge.buffer_rows import FormedPack
from telemetry.pack import Drop, DroppedPacks, DroppedReadings, PackKind, decode_drops, encode_drops
from telemetry.reading import Reading, moment

#: Entries of one declaration; a station has a few dozen datastreams.
MOST = 400
LEDGER = "drops"


def merged(drops: Iterable[Drop]) -> list[Drop]:
    """The same drops in as few entries as say it: neighbouring sequences, and one span a datastream."""
    packs: list[DroppedPacks] = []
    spans: dict[tuple[str, str], DroppedReadings] = {}
    for drop in drops:
        if isinstance(drop, DroppedReadings):
            key = (drop.station, drop.datastream)
            before = spans.get(key, drop)
            count = drop.count + (before.count if key in spans else 0)
            first, last = min(before.first, drop.first), max(before.last, drop.last)
            spans[key] = DroppedReadings(drop.station, drop.datastream, first, last, count)
        else:
            packs.append(drop)
    packs.sort(key=lambda drop: (drop.boot, drop.stream, drop.first))
    joined: list[DroppedPacks] = []
    for drop in packs:
        last_one = joined[-1] if joined else None
        if last_one and (last_one.boot, last_one.stream, last_one.last + 1) == (drop.boot, drop.stream, drop.first):
            readings = last_one.readings + drop.readings
            joined[-1] = msgspec.structs.replace(last_one, last=drop.last, readings=readings)
        else:
            joined.append(drop)
    return [*joined, *spans.values()]


def of_readings(readings: Sequence[Reading]) -> list[Drop]:
    """Drops of readings that are in no pack."""
    return merged(
        DroppedReadings(item.station, item.datastream, _iso(item.time), _iso(item.time), 1) for item in readings
    )


def of_pack(pack: FormedPack) -> DroppedPacks:
    """Drop of a formed pack."""
    label = pack.label
    return DroppedPacks(label.boot, label.stream, label.sequence, label.sequence, pack.readings)


def _iso(time: int) -> str:
    return moment(time).isoformat(timespec="milliseconds")


@dataclass(slots=True)
class Dropped:
    """What making room cost."""

    packs: list[FormedPack] = field(default_factory=list)
    #: Readings that were in no pack: dated ones, and those that still waited for event time.
    unformed: int = 0
    undated: int = 0

    @property
    def readings(self) -> int:
        """All readings let go."""
        return self.unformed + self.undated + sum(pack.readings for pack in self.packs)


def add_to_ledger(file: BufferFile, drops: Sequence[Drop]) -> None:
    """Note drops for the next declaration, in the transaction that deletes the rows."""
    file.remember({LEDGER: encode_drops(merged([*ledger(file), *drops]))})


def ledger(file: BufferFile) -> list[Drop]:
    """Drops that are not declared yet."""
    row = file.connection.execute("SELECT value FROM memory WHERE name=?", (LEDGER,)).fetchone()
    return decode_drops(row[0]) if row else []


def declare(file: BufferFile) -> list[FormedPack]:
    """Put the waiting drops into a numbered pack; an empty list where nothing was dropped."""
    drops = ledger(file)
    if not drops:
        return []
    rest = drops[MOST:]
    file.remember({LEDGER: encode_drops(rest)})
    return [file.declare(encode_drops(drops[:MOST]))]


def make_room(file: BufferFile, most: int, older_than: int | None = None) -> Dropped:
    """Let go of rows until the buffer holds at most ``most`` bytes and nothing older than ``older_than`` [ms]."""
    dropped = Dropped()
    drops: list[Drop] = []
    packs = [pack for pack in file.packs()[0] if pack.label.kind is PackKind.READINGS]
    packs.sort(key=lambda pack: (pack.importance, pack.first))
    if older_than is not None:
        for pack in [pack for pack in packs if pack.first < older_than]:
            packs.remove(pack)
            _drop_pack(file, pack, dropped, drops)
        while bundle := file.oldest_bundle(older_than=older_than):
            _drop_bundle(file, bundle[0], dropped, drops)
    excess = file.used() - most
    while excess > 0:
        bundle = file.oldest_bundle()
        candidate = packs[0] if packs else None
        if bundle is None and candidate is None:
            break
        if candidate is not None and (bundle is None or (candidate.importance, candidate.first) < bundle[1:]):
            packs.pop(0)
            excess -= len(candidate.payload) + 200
            _drop_pack(file, candidate, dropped, drops)
        elif bundle is not None:
            excess -= _drop_bundle(file, bundle[0], dropped, drops)
    if drops:
        add_to_ledger(file, drops)
    return dropped


def _drop_pack(file: BufferFile, pack: FormedPack, dropped: Dropped, drops: list[Drop]) -> None:
    file.forget_packs([pack.key])
    dropped.packs.append(pack)
    drops.append(of_pack(pack))


def _drop_bundle(file: BufferFile, number: int, dropped: Dropped, drops: list[Drop]) -> int:
    bundle, size, count = file.bundle(number)
    file.forget_bundles([number])
    if bundle is None:  # damaged: only its number of readings can still be said
        dropped.unformed += count
        drops.append(DroppedReadings("", "", "", "", count))
    elif bundle.clock:  # never dated: the hour of day is not known
        dropped.undated += count
        names = {(item.station, item.datastream) for item in bundle.readings}
        counts = {name: sum(1 for item in bundle.readings if (item.station, item.datastream) == name) for name in names}
        drops += [DroppedReadings(*name, "", "", many) for name, many in counts.items()]
    else:
        dropped.unformed += count
        drops += of_readings(bundle.readings)
    return size + 100


def cap_of(megabytes: float) -> int:
    """Bytes at which the oldest must go."""
    return math.floor(megabytes * 1_000_000)
