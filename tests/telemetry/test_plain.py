"""The fast ways through a CBOR pack say what the slow way says, or leave the pack to it."""

import struct

import cbor2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from telemetry import plain, wire
from telemetry.pack import CBOR, MAXIMUM_RECORDS
from telemetry.quantities import QUANTITIES
from telemetry.reading import Reading

NOW = 1_790_000_000_000  # ms
NAMES = ["air_temperature", "dew_point", "soil_moisture/-0.30m", "relative_humidity"]


@pytest.fixture(autouse=True)
def _nothing_remembered():
    plain._MEMORY.forget()


def pack(readings=12, step=0, first=NOW, stations=1, value=20.5):
    return wire.encode(
        [
            Reading(
                f"s-{n % stations}",
                NAMES[n % 4].partition("/")[0],
                first + n * step,
                value + n,
                NAMES[n % 4].partition("/")[2],
            )
            for n in range(readings)
        ]
    )


def slowly(payload):
    """What the general way says: columns, or the reason why there are none."""
    try:
        records, problems = wire.decode(payload, CBOR)
    except wire.WireError as error:
        return error.reason
    found = wire.resolve(records)
    told = {problem.record for problem in problems}
    found.problems = [*problems, *(problem for problem in found.problems if problem.record not in told)]
    return shown(found)


def quickly(payload):
    try:
        return shown(wire.columns(payload, CBOR))
    except wire.WireError as error:
        return error.reason


def shown(found):
    """Everything of columns, to the bit."""
    numbers = [struct.pack(f">{len(column)}d", *column) for column in (found.time, found.value)]
    problems = sorted((problem.record, problem.reason, problem.detail) for problem in found.problems)
    return found.record, found.said, numbers, problems


@pytest.mark.parametrize("step", [0, 1, 10_000, 60_000, 3_600_000, 1_000_000_000, -60_000, -1], ids=str)
@pytest.mark.parametrize("stations", [1, 3])
@pytest.mark.parametrize("readings", [1, 2, 12, 23, 24, 255, 256, MAXIMUM_RECORDS])
def test_packs_of_gateways_are_plain(step, stations, readings):
    """Both ways: swept, and picked out by the layout that was remembered."""
    for n in range(4):
        payload = pack(readings, step, NOW + n * 61_000, stations, 20.5 - n)
        assert plain.read(payload) is not None
        assert quickly(payload) == slowly(payload)


def test_a_layout_is_remembered_from_the_second_pack_on(monkeypatch):
    first, second, third = (pack(first=NOW + n * 60_000) for n in range(3))
    plain.read(first)
    assert not plain._MEMORY.layouts
    plain.read(second)
    assert len(plain._MEMORY.layouts) == 1
    assert plain._known(third, 1) == plain._sweep(third, 12, 1)
    other = pack(first=NOW, value=1.0).replace(b"s-0", b"z-9")  # another station with the same equipment
    assert plain._known(other, 1)[0][0] == ("urn:nongvu:z-9:air_temperature", "Cel")
    swept = plain._sweep(third, 12, 1)
    monkeypatch.setattr(plain, "_sweep", None)  # is not asked any more
    assert plain.read(third) == swept


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(plain, "RECORDS", 100)
    monkeypatch.setattr(plain, "LAYOUTS", 20)
    for n in range(2, 100):
        for _ in range(2):
            plain.read(pack(n))
        assert plain._MEMORY.records <= 100
        assert len(plain._MEMORY.waits) <= 20


def test_packs_that_are_never_alike_make_ever_fewer_layouts(monkeypatch):
    made = []
    layout = plain._layout
    monkeypatch.setattr(plain, "_layout", lambda *parts: made.append(1) or layout(*parts))
    for n in range(300):
        fields = {0: "air_temperature", 1: "Cel", 2: 1.0}
        records = [{-2: "urn:nongvu:s:", -3: NOW // 1000, **fields}, *([fields] * 3), fields | {0: f"dew_point/{n:03}"}]
        assert quickly(cbor2.dumps(records)) == slowly(cbor2.dumps(records))
    assert len(made) < 12


BENT = [
    pytest.param(lambda p: p + b"\x00", id="a byte more"),
    pytest.param(lambda p: p[:-1], id="a byte less"),
    pytest.param(lambda p: b"\x8d" + p[1:], id="one record promised more"),
    pytest.param(lambda p: p.replace(b"\xa3\x00", b"\xa4\x00", 1), id="a pair promised more"),
    pytest.param(lambda p: p.replace(b"\x01cCel", b"\x01bCel", 1), id="unit longer than it says"),
    pytest.param(lambda p: p.replace(b"\x01cCel", b"\x01dCel", 1), id="unit shorter than it says"),
    pytest.param(lambda p: p.replace(b"\x01cCel", b"\x01cC\xe1l", 1), id="no UTF-8"),
    pytest.param(lambda p: p.replace(b"\x01cCel", b"\x01c\xc2\xb0C", 1), id="beyond ASCII"),
    pytest.param(lambda p: p.replace(b"Cel", b"C\x00l", 1), id="NUL"),
    pytest.param(lambda p: p.replace(b"\x00iair", b"\x01iair", 1), id="other label"),
    pytest.param(lambda p: p.replace(b"!ourn", b"!nurn", 1), id="base name shorter"),
    pytest.param(lambda p: p.replace(b"!ourn", b"!purn", 1), id="base name longer"),
    pytest.param(lambda p: p.replace(b'"\x1a', b'"\x3a', 1), id="base time below zero"),
    pytest.param(lambda p: p.replace(b'"\x1a', b'"\x1c', 1), id="no number"),
    pytest.param(lambda p: p.replace(b"!ourn:nongvu:s-0:", b"!\x79\x00\x17urn:nongvu:station-17:x"), id="long length"),
    pytest.param(lambda p: p.replace(b"!ourn:nongvu:s-0:", b"!\x4furn:nongvu:s-0:"), id="bytes instead of text"),
    pytest.param(lambda p: p.replace(b"\xa3\x00l", b"\x06\xa3\x00l", 1), id="something between two records"),
    pytest.param(lambda p: p[:1] + b"\x06" + p[1:], id="something before the first record"),
]


@pytest.mark.parametrize("bend", BENT)
@pytest.mark.parametrize("warm", [False, True])
def test_what_is_bent_is_left_to_the_general_way(bend, warm):
    for n in range(3 if warm else 0):
        plain.read(pack(first=NOW + n))
    assert quickly(bend(pack())) == slowly(bend(pack()))


@settings(max_examples=400)
@given(
    st.integers(2, 14), st.sampled_from([0, 7, 10_000, 60_000]), st.integers(1, 2),
    st.lists(st.tuples(st.integers(0, 2**16), st.binary(max_size=2), st.integers(0, 2)), max_size=3), st.booleans(),
)  # fmt: skip
@example(12, 60_000, 1, [], True)
def test_bytes_that_were_changed_are_read_as_the_general_way_reads_them(readings, step, stations, changes, warm):
    if warm:
        for n in range(3):
            plain.read(pack(readings, step, NOW + n * 1000, stations))
    payload = bytearray(pack(readings, step, NOW, stations))
    for at, come, gone in changes:
        payload[at % len(payload) : at % len(payload) + gone] = come
    assert quickly(bytes(payload)) == slowly(bytes(payload))


@given(
    st.lists(st.floats(), min_size=2, max_size=12),
    st.lists(st.one_of(st.floats(), st.integers(-(2**40), 2**40)), min_size=3, max_size=3),
)
def test_every_number_comes_through(values, times):
    for _ in range(3):
        records = [{0: "air_temperature", 1: "Cel", 2: value, 6: times[n % 3]} for n, value in enumerate(values)]
        records[0] = {-2: "urn:nongvu:s:", -3: NOW // 1000} | records[0]
        payload = cbor2.dumps(records)
        assert quickly(payload) == slowly(payload)


def test_the_table_of_quantities_is_plain():
    readings = [Reading("s", name, NOW, 1.0) for name in sorted(QUANTITIES)]
    assert plain.read(wire.encode(readings)) is not None
