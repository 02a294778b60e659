"""Golden files of the wire, version 1: added to, never edited."""

import hashlib
import json
from pathlib import Path

import pytest

from telemetry import birth, pack, wire
from telemetry.quantities import QUANTITIES
from telemetry.reading import Reading
from telemetry.topics import Kind, topic

GOLDEN = Path(__file__).parent.parent / "golden" / "wire" / "v1"

READINGS = [
    Reading("mau-son-1", "air_temperature", 1_768_435_200_000, 3.4),
    Reading("mau-son-1", "relative_humidity", 1_768_435_200_000, 97.0),
    Reading("mau-son-1", "air_pressure", 1_768_435_200_000, 881.3),
    Reading("mau-son-1", "soil_moisture", 1_768_435_260_500, 0.31, "-0.30m"),
    Reading("dong-dang", "soil_electrical_conductivity", 1_768_435_200_000, 1.2),
]


@pytest.mark.parametrize(("name", "content_type"), [("readings.json", pack.JSON), ("readings.cbor", pack.CBOR)])
def test_packs_look_as_promised_and_are_read_as_promised(name, content_type):
    promised = (GOLDEN / name).read_bytes()
    assert wire.encode(READINGS, content_type) == promised
    records, problems = wire.decode(promised, content_type)
    assert not problems
    got = wire.resolve(records)
    values = [
        QUANTITIES[n.split(":")[-1].split("/")[0]].from_senml(v) for n, v in zip(got.name, got.value, strict=True)
    ]
    assert values == pytest.approx([reading.value for reading in READINGS])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("birth.json", birth.Birth),
        ("status.json", birth.Status),
        ("command.json", birth.Command),
        ("reply.json", birth.Reply),
        ("config.json", birth.Config),
        ("configured.json", birth.Configured),
        ("receipt.json", pack.Receipt),
        ("dropped.json", list[pack.Drop]),
    ],
)
def test_messages_are_read_and_written_as_promised(name, kind):
    promised = (GOLDEN / name).read_bytes()
    message = birth.decode(promised, kind)
    assert json.loads(birth.encode(message)) == json.loads(promised)


def test_topics_are_as_promised():
    promised = json.loads((GOLDEN / "topics.json").read_text())
    for gateway, topics in promised.items():
        assert {kind.value: topic(gateway, kind) for kind in Kind} == topics


def test_labels_travel_as_promised():
    promised = json.loads((GOLDEN / "label.json").read_text())
    label = pack.Label("b7", pack.Stream.BACKLOG, 41, pack.PackKind.DROPPED, 2, redated=True, trace="t-1")
    assert [list(pair) for pair in label.properties()] == promised
    assert pack.label([tuple(pair) for pair in promised]) == label


def test_quantities_keep_their_name_unit_and_factor():
    """A quantity may be added; one that was ever said never changes."""
    promised = json.loads((GOLDEN / "quantities.json").read_text())
    for name, (unit, senml_unit, factor) in promised.items():
        row = QUANTITIES[name]
        assert (row.unit, row.senml_unit, row.factor) == (unit, senml_unit, factor)


def test_no_promise_was_edited():
    """The list of checksums is appended to when a promise is made; a changed line is a broken promise."""
    for line in (GOLDEN / "SHA256SUMS").read_text().splitlines():
        checksum, name = line.split()
        assert hashlib.sha256((GOLDEN / name).read_bytes()).hexdigest() == checksum, name
