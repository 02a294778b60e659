"""Every record of a pack is either a row or set aside, whatever comes."""

import json
import math

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import accept as accepting
from ingest import directory as directories
from ingest.accept import Incoming, Window, accept, accept_all, one_record
from ingest.directory import Directory, Entry
from store.flag import Check, Quality
from telemetry import wire
from telemetry.pack import CBOR, JSON
from telemetry.reading import Reading
from telemetry.reason import Reason

NOW = 1_790_000_000
WINDOW = Window(NOW - 400 * 86_400, NOW + 600)
NAMES = ["air_temperature", "dew_point", "wind_speed", "wind_gust", "air_pressure", "soil_moisture/-0.30m"]


@pytest.fixture(scope="module")
def directory():
    entries = [Entry(10 + n, "s", *name.partition("/")[::2]) for n, name in enumerate(NAMES)]
    entries.append(Entry(99, "far", "air_temperature", minimum=-5.0, maximum=40.0, estimated=True))
    return Directory.of({"g": 1, "other": 2, "api": 3}, {"s": (1, "g"), "far": (2, "other")}, entries)


def take(directory, readings, gateway="g", **more):
    return accept(wire.encode(readings), CBOR, gateway, directory, WINDOW, **more)


def reading(quantity, value, time=NOW * 1000, station="s", level=""):
    return Reading(station, quantity, time, value, level)


def test_flags_are_those_of_the_store():
    assert (accepting.GOOD, accepting.SUSPECT, accepting.FAIL) == (Quality.GOOD, Quality.SUSPECT, Quality.FAIL)
    for name in ("PHYSICAL_RANGE", "LOCAL_RANGE", "PACK_AGREEMENT", "REDATED"):
        assert getattr(accepting, name) == Check[name]
    assert directories.ESTIMATED == Check.ESTIMATED


@pytest.mark.parametrize(
    ("interval", "good", "doubted", "impossible"),
    [(60, 15, 30, 70), (600, 55, 90, 190), (3600, 130, 200, 450), (86_400, 600, 900, 2000), (0, 600, 900, 2000)],
)
def test_rain_is_limited_by_the_time_in_which_it_fell(interval, good, doubted, impossible):
    entry = Entry(1, "s", "precipitation", interval=interval)
    directory = Directory.of({"g": 1}, {"s": (1, "g")}, [entry])
    fallen = [reading("precipitation", value, NOW * 1000 + n) for n, value in enumerate((good, doubted, impossible))]
    doubt = Check.LOCAL_RANGE
    expected = [Quality.GOOD, Quality.SUSPECT | doubt, Quality.FAIL | Check.PHYSICAL_RANGE | doubt]
    assert take(directory, fallen).rows["flag"].tolist() == expected
    # born anew with another interval
    directory.extend([Entry(1, "s", "precipitation", interval=86_400)])
    assert take(directory, [reading("precipitation", 500)]).rows["flag"].tolist() == [Quality.GOOD]
    directory.extend([Entry(1, "s", "precipitation", interval=600, maximum=30.0)])
    assert take(directory, [reading("precipitation", 40)]).rows["flag"].tolist() == [expected[1]], (
        "the place's own word"
    )


def test_values_are_stored_in_their_unit_and_flagged(directory):
    rows = take(directory, [reading("air_pressure", 1013.25), reading("air_temperature", 61.0)]).rows
    assert rows["result"].tolist() == [1013.25, 61.0]
    assert rows["flag"].tolist() == [Quality.GOOD, Quality.FAIL | Check.PHYSICAL_RANGE]
    assert rows["time"].tolist() == [NOW * 1_000_000] * 2
    rows = take(directory, [reading("air_temperature", -6.0, station="far")], "other").rows
    assert rows["flag"].tolist() == [Quality.SUSPECT | Check.LOCAL_RANGE | Check.ESTIMATED]
    assert take(directory, [reading("air_temperature", 1.0)], redated=True).rows["flag"].tolist() == [
        Quality.GOOD | Check.REDATED
    ]


@pytest.mark.parametrize(
    ("low", "high", "contradict"),
    [(("dew_point", 21.0), ("air_temperature", 20.0), True), (("dew_point", 20.4), ("air_temperature", 20.0), False),
     (("wind_speed", 9.0), ("wind_gust", 5.0), True), (("wind_speed", 5.0), ("wind_gust", 9.0), False)],
)  # fmt: skip
def test_readings_of_one_pack_must_agree(directory, low, high, contradict):
    for pair in ([low, high], [high, low]):
        flags = take(directory, [reading(*one) for one in pair]).rows["flag"].tolist()
        wanted = Quality.SUSPECT | Check.PACK_AGREEMENT if contradict else Quality.GOOD
        assert flags == [wanted, wanted]
    apart = [reading(*low), reading(*high, NOW * 1000 + 60_000)]
    assert take(directory, apart).rows["flag"].tolist() == [Quality.GOOD] * 2


def test_the_api_speaks_for_every_station_and_others_for_their_own(directory):
    both = [reading("air_temperature", 1.0), reading("air_temperature", 1.0, station="far")]
    assert len(take(directory, both, "api").rows) == 2
    accepted = take(directory, both, "g")
    assert [aside.reason for aside in accepted.asides] == ["foreign_station"]
    accepted = take(directory, both, "unheard-of")
    assert [(aside.record, aside.reason) for aside in accepted.asides] == [(-1, "unknown_station")]


@pytest.mark.parametrize(("offset", "stored"), [(0, 1), (600, 1), (601, 0), (-400 * 86_400, 1), (-400 * 86_400 - 1, 0)])
def test_the_window(directory, offset, stored):
    assert len(take(directory, [reading("air_temperature", 1.0, (NOW + offset) * 1000)]).rows) == stored


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("content_type", [CBOR, JSON])
def test_not_finite(directory, value, content_type):
    rows = [{"bn": "urn:nongvu:s:", "bt": float(NOW), "n": "air_temperature", "u": "Cel", "v": value}]
    if content_type == JSON:
        payload = json.dumps(rows).encode()
    else:
        payload = cbor2.dumps([{wire._NUMBER[key]: item for key, item in rows[0].items()}])
    accepted = accept(payload, content_type, "g", directory, WINDOW)
    assert [aside.reason for aside in accepted.asides] == ["not_finite"]
    assert not len(accepted.rows)


@pytest.mark.parametrize("unread", [b'"\xff":1', b'"x":"\xff"', b'"x":' + b"1" * 5000], ids=["name", "text", "number"])
def test_what_only_one_decoder_can_bear_is_kept_whole(directory, unread):
    record = b'[{"n":"urn:nongvu:nobody:air_temperature","u":"Cel","v":1,"t":1790000000,' + unread + b"}]"
    (aside,) = accept(record, JSON, "g", directory, WINDOW).asides
    assert aside.payload == record
    assert aside.reason is (Reason.MALFORMED if b"\xff" in record else Reason.UNKNOWN_STATION)


def test_a_kept_record_can_be_reprocessed_by_itself(directory):
    readings = [reading("air_temperature", float(n), NOW * 1000 + n, station="far") for n in range(3)]
    for content_type in (CBOR, JSON):
        payload = wire.encode(readings, content_type)
        accepted = accept(payload, content_type, "g", directory, WINDOW)
        again = [accept(aside.payload, content_type, "other", directory, WINDOW).rows for aside in accepted.asides]
        assert [row["result"].tolist() for row in again] == [[0.0], [1.0], [2.0]]
        assert [row["time"][0] for row in again] == [NOW * 1_000_000 + n * 1000 for n in range(3)]
        assert one_record(payload, content_type, 1) == accepted.asides[1].payload


def test_packs_taken_together_are_what_each_is_alone(directory):
    """Contradictions count within a pack only; a bad neighbour, known or not, changes nothing."""
    dew, air = reading("dew_point", 21.0), reading("air_temperature", 20.0)
    packs = [
        Incoming(wire.encode([dew]), CBOR, "g"),
        Incoming(wire.encode([air, reading("air_temperature", math.pi, station="far")]), CBOR, "g"),
        Incoming(b"\xff", CBOR, "g"),
        Incoming(wire.encode([air, dew]), CBOR, "g", redated=True),
        Incoming(wire.encode([air]), JSON, "unheard-of"),
        Incoming(wire.encode([reading("air_temperature", 1.0, station="far")], JSON), JSON, "other"),
        Incoming(wire.encode([reading("air_temperature", 1.0, 1000 * 2**28)]), CBOR, "g"),
    ]
    together = accept_all(packs, directory, WINDOW)
    for pack, found in zip(packs, together, strict=True):
        alone = accept(pack.payload, pack.content_type, pack.gateway, directory, WINDOW, redated=pack.redated)
        assert found.rows.tolist() == alone.rows.tolist()
        assert found.asides == alone.asides
    assert [len(found.rows) for found in together] == [1, 1, 0, 2, 0, 1, 0]
    disagree = Quality.SUSPECT | Check.PACK_AGREEMENT
    assert [found.rows["flag"].tolist() for found in together[:2]] == [[Quality.GOOD]] * 2
    assert together[3].rows["flag"].tolist() == [disagree | Check.REDATED] * 2
    assert [[aside.reason.value for aside in found.asides] for found in together] == [
        [], ["foreign_station"], ["malformed"], [], ["unknown_station"], [], ["too_old"]]  # fmt: skip


SENML = st.dictionaries(
    st.sampled_from([*wire.LABELS, "n", "v", "must_", "x", 99]),
    st.one_of(st.floats(), st.integers(), st.text(max_size=5), st.booleans(), st.none(), st.binary(max_size=3),
              st.sampled_from(["urn:nongvu:s:", "air_temperature", "Cel", NOW, float(NOW), 1 << 70])),
    max_size=6,
)  # fmt: skip


PLAIN = st.fixed_dictionaries(
    {
        0: st.sampled_from(["urn:nongvu:s:air_temperature", "a"]),
        1: st.sampled_from(["Cel", ""]),
        2: st.one_of(st.floats(), st.integers()),
    },
    optional={6: st.one_of(st.floats(), st.integers(0, 2**33))},
)


@settings(max_examples=600)
@given(
    st.lists(
        st.one_of(PLAIN, PLAIN, PLAIN, PLAIN, SENML, st.integers(), st.none(), st.lists(st.integers(), max_size=3)),
        max_size=25,
    )
)
def test_the_fast_way_through_cbor_says_what_the_slow_way_says(rows):
    payload = cbor2.dumps(rows)
    try:
        records, problems = wire.decode(payload, CBOR)
    except wire.WireError as error:
        with pytest.raises(wire.WireError, match=error.reason.value):
            wire.columns(payload, CBOR)
        return
    slow, fast = wire.resolve(records), wire.columns(payload, CBOR)
    for name in ("record", "said"):
        assert getattr(slow, name) == getattr(fast, name)
    np.testing.assert_array_equal(slow.time, fast.time)
    np.testing.assert_array_equal(slow.value, fast.value)
    key = lambda found: (found.record, found.reason, found.detail)  # noqa: E731
    told = {problem.record for problem in problems}  # one reason a record, the first
    further = [problem for problem in slow.problems if problem.record not in told]
    assert sorted(map(key, fast.problems)) == sorted(map(key, [*problems, *further]))


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=200), st.lists(SENML, max_size=5).map(cbor2.dumps), st.text(max_size=50).map(lambda t: t.encode("utf-8", "surrogatepass"))),
    st.sampled_from([CBOR, JSON, "", "text/plain"]),
)  # fmt: skip
def test_whatever_comes_is_a_row_or_set_aside(payload, content_type):
    entries = [Entry(1, "s", "air_temperature")]
    directory = Directory.of({"g": 1}, {"s": (1, "g")}, entries)
    accepted = accept(payload, content_type, "g", directory, WINDOW)
    assert np.isfinite(accepted.rows["result"]).all()
    assert len(accepted.rows) + len(accepted.asides) >= 0
    for aside in accepted.asides:
        aside.detail.encode()
        assert "\0" not in aside.detail
