"""Labels, declared drops, receipts and queues: each limit below, at and above it."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from ingest.accept import Window
from ingest.directory import Directory
from ingest.pack import NAMED_PROBLEMS, Addressed, Delivery, open_packs, receipts
from ingest.settings import IngestSettings
from ingest.subscription import Queue
from telemetry.pack import CBOR, Stream

NOW = datetime(2026, 9, 1, tzinfo=UTC)
DIRECTORY = Directory.of({"g": 1}, {}, [])
GOOD = {"boot": "b", "stream": "live", "sequence": "1"}
MORE = {"what": "readings", "station": "s", "datastream": "air_temperature", "first": "2026-09-01T00:00:00Z"}
LAST = "2026-09-01T01:00:00Z"


def opened(payload=b"\x80", **label):
    properties = list((GOOD | label).items())
    delivery = Delivery("t", payload, CBOR, properties, 1, 1)
    (pack,) = open_packs([Addressed(delivery, "g", Stream.LIVE)], DIRECTORY, Window(0, 1), NOW)
    return pack


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("sequence", -1, False), ("sequence", 0, True), ("sequence", 2**63 - 1, True), ("sequence", 2**63, False),
        ("revision", -1, False), ("revision", 0, True), ("revision", 2**31 - 1, True), ("revision", 2**31, False),
        ("boot", "", False), ("boot", "b", True), ("boot", "b" * 64, True), ("boot", "b" * 65, False),
        ("boot", " ", True), ("boot", "\x1f", False), ("boot", "~", True), ("boot", "\x7f", False),
        ("boot", "\x80", False),
    ],
)  # fmt: skip
def test_what_a_label_may_say(name, value, good):
    pack = opened(**{name: str(value)})
    assert (pack.label is not None) == good
    if good:
        assert str(getattr(pack.label, name)) == str(value)
    else:
        assert [(aside.record, aside.reason.value) for aside in pack.accepted.asides] == [(-1, "label")]


@pytest.mark.parametrize(("length", "kept"), [(63, 63), (64, 64), (65, 64)])
def test_a_trace_is_cut(length, kept):
    assert opened(trace="t" * length).label.trace == "t" * kept


def dropped(**fields):
    return opened(json.dumps([fields]).encode(), kind="dropped")


@pytest.mark.parametrize(
    ("first", "last", "readings", "good"),
    [
        (-1, 3, 1, False), (0, 0, 0, True), (3, 3, 1, True), (4, 3, 1, False), (2, 3, -1, False),
        (1, 2**63 - 1, 2**63 - 1, True), (1, 2**63, 1, False), (1, 2, 2**63, False),
    ],
)  # fmt: skip
def test_which_packs_may_be_declared_as_dropped(first, last, readings, good):
    pack = dropped(what="packs", boot="b", stream="live", first=first, last=last, readings=readings)
    assert (len(pack.drops), [aside.reason.value for aside in pack.accepted.asides]) == (
        (1, []) if good else (0, ["malformed"])
    )


@pytest.mark.parametrize(("count", "good"), [(-1, False), (0, True), (1, True), (2**63 - 1, True), (2**63, False)])
def test_how_many_readings_may_be_declared_as_dropped(count, good):
    assert len(dropped(**MORE, last=LAST, count=count).drops) == good
    assert not dropped(**MORE, last="2026-09-01T01:00:00", count=1).drops, "a time without its zone"


@pytest.mark.parametrize("count", [NAMED_PROBLEMS - 1, NAMED_PROBLEMS, NAMED_PROBLEMS + 1])
def test_a_receipt_names_the_first_twenty_problems_and_counts_all(count):
    packs = [opened(sequence="1"), opened(sequence="2")]
    for number in range(count):
        packs[0].note(number, "record", "")
    packs[1].note(0, "record", "another")
    ((gateway, receipt),) = receipts(packs)
    assert (gateway, receipt.set_aside, receipt.ranges) == ("g", count + 1, [(1, 2)])
    assert len(packs[0].problems) == min(count, NAMED_PROBLEMS), "no pack keeps more than are named"
    assert len(receipt.problems) == min(count + 1, NAMED_PROBLEMS) <= 20
    assert ([problem.detail for problem in receipt.problems][-1] == "another") == (count < NAMED_PROBLEMS)


@pytest.mark.parametrize(
    ("sequences", "ranges"),
    [([5], [(5, 5)]), ([5, 6], [(5, 6)]), ([5, 7], [(5, 5), (7, 7)]), ([7, 5, 6, 5], [(5, 7)]), ([0], [(0, 0)])],
)
def test_ranges_contain_only_what_came(sequences, ranges):
    packs = [opened(sequence=str(sequence)) for sequence in sequences]
    assert [receipt.ranges for _, receipt in receipts(packs)] == [ranges]


def test_a_queue_pauses_at_its_bound_and_goes_on_below_half_of_it():
    queue, said = Queue(4), []
    queue.pause, queue.resume = lambda: said.append("pause"), lambda: said.append("resume")
    for n in range(3):
        queue.put_nowait(n)
    assert said == []
    queue.put_nowait(3)
    assert said == ["pause"]
    queue.get_nowait()
    queue.get_nowait()
    assert (queue.qsize(), said) == (2, ["pause"])
    queue.get_nowait()
    assert (queue.qsize(), said) == (1, ["pause", "resume"])


@pytest.mark.parametrize(
    ("name", "value", "good"),
    [
        ("ingest_worker", -1, False), ("ingest_worker", 0, True), ("ingest_worker", 255, True), ("ingest_worker", 256, False),
        ("ingest_workers", 0, False), ("ingest_workers", 256, True), ("ingest_workers", 257, False),
        ("ingest_receive_maximum", 0, False), ("ingest_receive_maximum", 1, True),
        ("ingest_receive_maximum", 65535, True), ("ingest_receive_maximum", 65536, False),
        ("ingest_batch_rows", 0, False), ("ingest_batch_rows", 1, True), ("ingest_batch_rows", 1_000_000, True),
        ("ingest_batch_rows", 1_000_001, False),
    ],
)  # fmt: skip
def test_what_may_be_set(name, value, good):
    given = {"database_url": "postgresql://", "mqtt_url": "mqtt://localhost", "ingest_workers": 256} | {name: value}
    if good:
        assert getattr(IngestSettings(**given), name) == value
    else:
        with pytest.raises(ValidationError, match=name):
            IngestSettings(**given)


@pytest.mark.parametrize(("worker", "workers", "good"), [(0, 1, True), (1, 1, False), (1, 2, True), (2, 2, False)])
def test_workers_count_from_0(worker, workers, good):
    given = {"database_url": "postgresql://", "mqtt_url": "mqtt://localhost"}
    given |= {"ingest_worker": worker, "ingest_workers": workers}
    if good:
        IngestSettings(**given)
    else:
        with pytest.raises(ValidationError, match="count from 0"):
            IngestSettings(**given)
