"""The codec on RFC 8428's own examples, on what gateways send, and on what nobody should."""

import json
import math

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry import wire
from telemetry.pack import CBOR, JSON, MAXIMUM_RECORDS
from telemetry.quantities import QUANTITIES
from telemetry.reading import Reading
from telemetry.reason import Reason

# RFC 8428 §6, the pack of §5.1.2 (third example) in CBOR.
RFC_CBOR = bytes.fromhex(
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c7461676501615602"
    "fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccccda30067637572"
    "72656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa300676375"
    "7272656e74060002fb3ffb333333333333"
)


def columns(payload, content_type=JSON, now=None):
    records, problems = wire.decode(payload, content_type)
    resolved = wire.resolve(records, now)
    resolved.problems = problems + resolved.problems
    return resolved


def test_rfc_8428_section_5_1_1_single_datapoint():
    got = columns(b'[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]', now=2e9)
    assert (got.name, got.unit, got.value, got.time) == (["urn:dev:ow:10e2073a01080063"], ["Cel"], [23.1], [2e9])


def test_rfc_8428_section_6_cbor_resolves_as_section_5_1_2_does():
    got = columns(RFC_CBOR, CBOR)
    assert got.name == ["urn:dev:ow:10e2073a0108006:voltage"] + ["urn:dev:ow:10e2073a0108006:current"] * 6
    assert got.unit == ["V"] + ["A"] * 6
    assert got.value == [120.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]
    base = 1.276020076001e9
    assert got.time == [base, base - 5, base - 4, base - 3, base - 2, base - 1, base]


def test_rfc_8428_section_5_1_3_base_values_stay_until_replaced():
    payload = (
        b'[{"bn":"urn:dev:ow:10e2073a01080063","bt":1.320067464e+09,"bu":"%RH","v":20},{"u":"lon","v":24.30621},'
        b'{"t":60,"v":20.3},{"u":"%EL","t":150,"v":98},{"t":180,"v":21.2}]'
    )
    got = columns(payload)
    assert got.unit == ["%RH", "lon", "%RH", "%EL", "%RH"]
    assert got.time == [1320067464.0, 1320067464.0, 1320067524.0, 1320067614.0, 1320067644.0]


def test_rfc_8428_section_5_1_5_other_types_are_named_and_numbers_kept():
    payload = (
        b'[{"bn":"urn:dev:ow:10e2073a01080063:","bt":1320067464,"n":"temp","u":"Cel","v":23.1},'
        b'{"n":"label","vs":"Machine Room"},{"n":"open","vb":false},{"n":"nfc-reader","vd":"aGkgCg"}]'
    )
    got = columns(payload)
    assert got.value == [23.1]
    assert [(p.record, p.reason) for p in got.problems] == [(i, Reason.NOT_A_NUMBER) for i in (1, 2, 3)]


@pytest.mark.parametrize("content_type", [JSON, CBOR])
@given(data=st.data())
def test_what_is_encoded_comes_back(content_type, data):
    names = st.sampled_from(sorted(QUANTITIES))
    readings = data.draw(
        st.lists(
            st.builds(
                Reading,
                st.sampled_from(["mau-son", "dong-dang-2"]),
                names,
                st.integers(300_000_000_000, 4_000_000_000_000),
                st.floats(-1e6, 1e6).map(lambda value: round(value, 3)),
                st.sampled_from(["", "-0.30m", "2m"]),
            ),
            min_size=1,
            max_size=40,
        )
    )
    got = columns(wire.encode(readings, content_type), content_type)
    assert not got.problems
    for index, reading in enumerate(readings):
        row = QUANTITIES[reading.quantity]
        assert got.name[index] == f"urn:nongvu:{reading.station}:{reading.datastream}"
        assert got.unit[index] == row.senml_unit
        assert round(got.time[index] * 1000) == reading.time
        assert math.isclose(row.from_senml(got.value[index]), reading.value, rel_tol=1e-11, abs_tol=1e-12)


@given(st.binary(max_size=300), st.sampled_from([JSON, CBOR]))
def test_any_bytes_are_understood_or_refused_with_a_reason(payload, content_type):
    try:
        got = columns(payload, content_type)
    except wire.WireError as error:
        assert isinstance(error.reason, Reason)
    else:
        assert len(got.name) == len(got.value) == len(got.time) == len(got.unit) == len(got.record)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["n", "v", "t", "bn", "bt", "u", "x_", "bver", "s"]), inner, max_size=5)))  # fmt: skip
def test_any_json_is_understood_or_refused_with_a_reason(value):
    try:
        columns(json.dumps(value).encode())
    except wire.WireError as error:
        assert error.detail


@pytest.mark.parametrize(
    ("payload", "content_type", "reason"),
    [
        (b"", JSON, Reason.MALFORMED),
        (b"{}", JSON, Reason.MALFORMED),
        (b"[]", JSON, Reason.EMPTY),
        (b"[" * 200_000, JSON, Reason.MALFORMED),
        (b"\xff\xfe", JSON, Reason.MALFORMED),
        (json.dumps([{"n": "x", "v": 1}] * (MAXIMUM_RECORDS + 1)).encode(), JSON, Reason.OVERSIZED),
        (b"\x9f" * 1000, CBOR, Reason.MALFORMED),
        (bytes.fromhex("81a102c4821a3b9aca0001"), CBOR, Reason.MALFORMED),  # a decimal of 11 bytes that burns seconds
        (bytes.fromhex("d81c81d81d00"), CBOR, Reason.MALFORMED),  # a list that contains itself
        (cbor2.dumps([{2: 2**70}]), CBOR, Reason.MALFORMED),
        (b"[]", "text/plain", Reason.CONTENT_TYPE),
    ],
)
def test_poison_is_refused_whole(payload, content_type, reason):
    with pytest.raises(wire.WireError) as caught:
        wire.decode(payload, content_type)
    assert caught.value.reason is reason


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"n":"a","v":"21"}', Reason.RECORD),
        (b'{"n":"a","v":1,"must_":2}', Reason.RECORD),
        (b'{"n":5,"v":1}', Reason.RECORD),
        (b"7", Reason.RECORD),
        (b'{"n":"a"}', Reason.NOT_A_NUMBER),
        (b'{"n":"a","v":1,"t":-1319999000}', Reason.RELATIVE_TIME),
    ],
)
def test_one_bad_record_costs_no_neighbour(bad, reason):
    payload = (
        b'[{"bn":"urn:nongvu:s:","bt":1320067464,"n":"air_temperature","v":1},' + bad + b',{"n":"dew_point","v":2}]'
    )
    got = columns(payload)
    assert got.value == [1, 2]
    assert got.record == [0, 2]
    assert [(problem.record, problem.reason) for problem in got.problems] == [(1, reason)]


def test_not_a_number_in_json_reaches_its_reason_and_costs_no_neighbour():
    got = columns(b'[{"bn":"urn:nongvu:s:","bt":1320067464,"n":"a","v":NaN},{"n":"b","v":1e400},{"n":"c","v":3}]')
    assert math.isnan(got.value[0])
    assert math.isinf(got.value[1])
    assert got.value[2] == 3


def test_a_reading_that_is_not_finite_is_never_sent():
    with pytest.raises(wire.WireError):
        wire.encode([Reading("s", "air_temperature", 1_700_000_000_000, math.nan)])
