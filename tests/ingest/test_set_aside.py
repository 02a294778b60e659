"""What is not stored: its reason in words, and bytes that come to the same when they are tried again alone."""

import json

import cbor2
import pytest

from ingest.accept import Incoming, Window, accept, accept_all, one_record, whole
from ingest.directory import Directory, Entry
from store.flag import Check, Quality
from telemetry import wire
from telemetry.pack import CBOR, JSON
from telemetry.reason import Reason

NOW = 1_790_000_000
WINDOW = Window(NOW - 400 * 86_400, NOW + 600)
DIRECTORY = Directory.of({"g": 1}, {"s": (1, "g")}, [Entry(1, "s", "air_temperature")])
BASE = {"bver": 10, "bn": "urn:nongvu:s:", "bt": NOW, "bu": "Cel", "bv": 1.0, "bs": 2.0}


def encoded(rows, content_type):
    if content_type == JSON:
        return json.dumps(rows).encode()
    return cbor2.dumps([{wire._NUMBER.get(k, k): v for k, v in row.items()} if isinstance(row, dict) else row for row in rows])  # fmt: skip


def decoded(payload, content_type):
    if content_type == JSON:
        return json.loads(payload)
    return [{wire.LABELS.get(k, k): v for k, v in row.items()} if isinstance(row, dict) else row for row in cbor2.loads(payload)]  # fmt: skip


def take(payload, content_type=CBOR, gateway="g"):
    return accept(payload, content_type, gateway, DIRECTORY, WINDOW)


@pytest.mark.parametrize("content_type", [CBOR, JSON])
@pytest.mark.parametrize("base", sorted(BASE))
def test_a_record_is_kept_with_each_base_value_and_with_nothing_else_of_the_others(content_type, base):
    rows = [{base: BASE[base], "n": "first", "v": 1.0, "x": 2}, {"n": "second", "v": 3.0}, {"n": "third", base: 9}]
    payload = encoded(rows, content_type)
    assert decoded(one_record(payload, content_type, 0), content_type) == rows[:1]
    assert decoded(one_record(payload, content_type, 1), content_type) == [{base: BASE[base], "n": "second", "v": 3.0}]
    assert decoded(one_record(payload, content_type, 2), content_type) == rows[2:], "its own base value"


def test_base_values_may_be_named_in_cbor_as_well():
    rows = [{"bn": "urn:nongvu:", "n": "x"}, {"v": 1.0}]
    assert cbor2.loads(one_record(cbor2.dumps(rows), CBOR, 1)) == [{"bn": "urn:nongvu:", "v": 1.0}]


@pytest.mark.parametrize("content_type", [CBOR, JSON])
def test_what_is_no_record_is_kept_as_it_is_and_costs_no_other(content_type):
    good = BASE | {"n": "air_temperature", "v": 20.0}
    rows = [5, None, [1], {"n": "air_temperature"}, good, "text", {"n": "hope", "v": 1.0}]
    found = take(encoded(rows, content_type), content_type)
    assert (found.rows["record"].tolist(), found.rows["result"].tolist()) == ([4], [21.0])
    kept = {aside.record: decoded(aside.payload, content_type) for aside in found.asides}
    assert kept == {n: [rows[n]] for n in (0, 1, 2, 3, 5)} | {6: [BASE | rows[6]]}


@pytest.mark.parametrize(
    ("name", "station"),
    [
        ("", None), ("air_temperature", None), ("urn:nongvu:s", None), ("urn:other:s:air_temperature", None),
        ("s:air_temperature", None), ("urn:nongvu:S:air_temperature", None), ("urn:nongvu::air_temperature", None),
        ("urn:nongvu:s:air_temperature/", None), ("urn:nongvu:s:air_temperature/UP", None),
        ("urn:nongvu:s:air_temperature/" + "a" * 33, None), ("urn:nongvu:" + "s" * 64 + ":air_temperature", None),
        ("urn:nongvu:s_:air_temperature", None), ("xurn:nongvu:s:air_temperature", None),
    ],
)  # fmt: skip
def test_names_that_are_none(name, station):
    (aside,) = take(cbor2.dumps([{0: name, 1: "Cel", 2: 1.0, 6: NOW}])).asides
    assert (aside.record, aside.reason, aside.station) == (0, Reason.NAME, station)
    assert aside.detail == f"{name[:120]!r} is not urn:nongvu:<station>:<quantity>[/<level>]"


@pytest.mark.parametrize(
    ("name", "unit", "reason", "says"),
    [
        ("urn:nongvu:s:hope", "Cel", Reason.UNKNOWN_QUANTITY, "'hope' is not in the table of quantities"),
        ("urn:nongvu:s:hope/up", "Cel", Reason.UNKNOWN_QUANTITY, "'hope' is not in the table of quantities"),
        ("urn:nongvu:s:air_temperature", "K", Reason.WRONG_UNIT, "air_temperature travels in 'Cel', not 'K'"),
        ("urn:nongvu:s:air_temperature/2m", "Cel", Reason.UNKNOWN_DATASTREAM, "'air_temperature/2m' of 's' was not born"),
        ("urn:nongvu:s:air_temperature/" + "a" * 32, "Cel", Reason.UNKNOWN_DATASTREAM, "was not born"),
        ("urn:nongvu:" + "z" * 63 + ":air_temperature", "Cel", Reason.UNKNOWN_STATION, "is not registered"),
    ],
)  # fmt: skip
def test_what_is_well_formed_names_its_station(name, unit, reason, says):
    (aside,) = take(cbor2.dumps([{0: name, 1: unit, 2: 1.0, 6: NOW}])).asides
    assert (aside.reason, aside.station) == (reason, name.split(":")[2])
    assert says in aside.detail


@pytest.mark.parametrize("unread", [b'"\xff":1', b'"x":"\xff"', b'"x":' + b"1" * 5000], ids=["name", "text", "number"])
def test_what_cannot_be_taken_apart_again_is_kept_as_it_came(unread):
    payload = b'[{"n":"urn:nongvu:nobody:air_temperature","u":"Cel","v":1,"t":1790000000,' + unread + b"}]"
    (aside,) = take(payload, JSON).asides
    assert aside.payload == payload


def test_what_cannot_be_encoded_again_is_kept_as_it_came(monkeypatch):
    def refuse(_):
        raise cbor2.CBOREncodeError

    payload = cbor2.dumps([{0: "urn:nongvu:s:hope", 1: "Cel", 2: 1.0, 6: NOW}])
    monkeypatch.setattr(cbor2, "dumps", refuse)
    assert one_record(payload, CBOR, 0) == payload


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a\0b\0", "a\\x00b\\x00"), ("lone \udcff", "lone \\udcff"), ("lúa", "lúa"),
        ("x" * 499, "x" * 499), ("x" * 500, "x" * 500), ("x" * 501, "x" * 500),
    ],
)  # fmt: skip
def test_details_are_text_that_the_database_takes(text, kept):
    assert whole(Reason.LABEL, text, b"").asides[0].detail == kept


# -- pairs: what stands at the end of the arrays, and beside other packs and times ---------------------------------------


def pairs(*entries):
    return Directory.of({"g": 1}, {"s": (1, "g")}, [Entry(10 + n, "s", name) for n, name in enumerate(entries)])


def flags(directory, *rows):
    payload = cbor2.dumps([{0: f"urn:nongvu:s:{name}", 1: unit, 2: value, 6: NOW + t} for name, unit, value, t in rows])
    return accept(payload, CBOR, "g", directory, WINDOW).rows["flag"].tolist()


def test_half_a_pair_alone_is_good_wherever_the_other_stands():
    for names in (("wind_speed", "wind_gust"), ("wind_gust", "wind_speed")):
        directory = pairs(*names)
        assert flags(directory, ("wind_speed", "m/s", 5.0, 0)) == [Quality.GOOD]
        assert flags(directory, ("wind_gust", "m/s", 5.0, 0)) == [Quality.GOOD]


def test_no_other_row_or_time_is_taken_for_a_partner():
    directory = pairs("air_temperature", "dew_point", "soil_temperature")
    dew = lambda value, t: ("dew_point", "Cel", value, t)  # noqa: E731
    soil = lambda value, t: ("soil_temperature", "Cel", value, t)  # noqa: E731
    assert flags(directory, soil(-20.0, 0), dew(21.0, 1)) == [Quality.GOOD] * 2
    falling = [soil(-20.0, 0), dew(5.0, 0), soil(-20.0, 1), soil(-20.0, 2), dew(21.0, 3), dew(1.0, 4)]
    assert flags(directory, *falling) == [Quality.GOOD] * 6


def test_a_contradiction_keeps_what_stood_in_the_flag():
    entries = [Entry(1, "s", "air_temperature", estimated=True, minimum=-5.0), Entry(2, "s", "dew_point")]
    directory = Directory.of({"g": 1}, {"s": (1, "g")}, entries)
    found = flags(directory, ("air_temperature", "Cel", -6.0, 0), ("dew_point", "Cel", 0.0, 0))
    doubt = Quality.SUSPECT | Check.PACK_AGREEMENT
    assert found == [doubt | Check.LOCAL_RANGE | Check.ESTIMATED, doubt]


def test_packs_keep_their_order_whatever_becomes_of_them():
    good = {0: "urn:nongvu:s:air_temperature", 1: "Cel", 2: 1.0, 6: NOW}
    packs = [Incoming(cbor2.dumps([good | {2: float(n)}]), CBOR, "g" if n % 2 else "nobody") for n in range(4)]
    found = accept_all(packs, DIRECTORY, WINDOW)
    assert [one.rows["result"].tolist() for one in found] == [[], [1.0], [], [3.0]]
