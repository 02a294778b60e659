"""Every limit of a pack below, at and above it; and whole packs against a reference that goes record by record."""

import math
from datetime import UTC, datetime, timedelta

import cbor2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.accept import Incoming, Window, accept, accept_all
from ingest.directory import AGREEMENTS, Directory, Entry
from store.flag import Check, Quality
from telemetry import wire
from telemetry.pack import CBOR, JSON, MAXIMUM_BYTES, MAXIMUM_RECORDS
from telemetry.quantities import QUANTITIES
from telemetry.reading import Reading
from telemetry.reason import Reason

NOW = 1_790_000_000
WINDOW = Window(NOW - 400 * 86_400, NOW + 600)
LOW, HIGH = -5.0, 40.0  # what the place of station "far" has
ENTRIES = [
    *(Entry(1 + n, "s", name) for n, name in enumerate(sorted(QUANTITIES))),
    Entry(500, "far", "air_temperature", "", estimated=True, minimum=LOW, maximum=HIGH),
    Entry(501, "far", "dew_point"),
    Entry(502, "far", "soil_moisture", "-0.30m"),
]
DIRECTORY = Directory.of({"g": 1, "other": 2, "api": 3}, {"s": (1, "g"), "far": (2, "other")}, ENTRIES)
BEFORE, AFTER = -math.inf, math.inf


def next_to(value, towards):
    return math.nextafter(value, towards)


def record(quantity, value, *, time=NOW, station="s", level=""):
    """A record of one reading; its value as it travels."""
    name = f"{quantity}/{level}" if level else quantity
    unit = QUANTITIES[quantity].senml_unit if quantity in QUANTITIES else "Cel"
    return {0: f"urn:nongvu:{station}:{name}", 1: unit, 2: value, 6: time}


def flags(*records, gateway="g", **more):
    return accept(cbor2.dumps(list(records)), CBOR, gateway, DIRECTORY, WINDOW, **more).rows["flag"].tolist()


def travelling(quantity, limit, towards):
    """Value that is stored as the limit, and the next beyond it that is stored as more."""
    factor = QUANTITIES[quantity].factor
    at = limit / factor
    while at * factor != limit:
        at = next_to(at, towards if (at * factor < limit) == (towards > 0) else -towards)
    beyond = at
    while beyond * factor == limit:
        beyond = next_to(beyond, towards)
    return at, beyond


LIMITS = [
    (name, limit, towards)
    for name, row in sorted(QUANTITIES.items())
    for limit, towards in ((row.minimum, BEFORE), (row.maximum, AFTER))
    if name != "precipitation" or towards is BEFORE  # what can fall is a matter of time: test_accept
]


@pytest.mark.parametrize(("quantity", "limit", "towards"), LIMITS, ids=str)
def test_what_can_be_is_good_up_to_the_very_limit(quantity, limit, towards):
    """0 mm and a calm are no faults."""
    at, beyond = travelling(quantity, limit, towards)
    within = next_to(limit, -towards) / QUANTITIES[quantity].factor
    assert flags(record(quantity, within)) == flags(record(quantity, at)) == [Quality.GOOD]
    assert flags(record(quantity, beyond)) == [Quality.FAIL | Check.PHYSICAL_RANGE]


@pytest.mark.parametrize("quantity", sorted(QUANTITIES))
def test_a_limit_as_a_gateway_sends_it_is_good(quantity):
    """There and back: what is measured at the limit is encoded in another unit and stored at the limit again."""
    row = QUANTITIES[quantity]
    sent = [Reading("s", quantity, NOW * 1000 + n, limit) for n, limit in enumerate((row.minimum, row.maximum))]
    rows = accept(wire.encode(sent), CBOR, "g", DIRECTORY, WINDOW).rows
    wanted = [True, quantity != "precipitation"]
    assert [(flag & 0xFF) == Quality.GOOD for flag in rows["flag"].tolist()] == wanted


@pytest.mark.parametrize(("limit", "towards"), [(LOW, BEFORE), (HIGH, AFTER)])
def test_what_the_place_has_is_good_up_to_the_very_limit(limit, towards):
    of = lambda value: flags(record("air_temperature", value, station="far"), gateway="other")  # noqa: E731
    good, doubted = Quality.GOOD | Check.ESTIMATED, Quality.SUSPECT | Check.LOCAL_RANGE | Check.ESTIMATED
    assert of(next_to(limit, -towards)) == of(limit) == [good]
    assert of(next_to(limit, towards)) == [doubted]


@pytest.mark.parametrize(("low", "high", "tolerance"), AGREEMENTS)
@pytest.mark.parametrize("upside_down", [False, True])
def test_a_pair_agrees_up_to_the_very_tolerance(low, high, tolerance, upside_down):
    def of(value):
        pair = [record(low, value), record(high, 8.0)]
        return flags(*(pair[::-1] if upside_down else pair))

    edge = 8.0 + tolerance
    assert of(next_to(edge, BEFORE)) == of(edge) == [Quality.GOOD] * 2
    assert of(next_to(edge, AFTER)) == [Quality.SUSPECT | Check.PACK_AGREEMENT] * 2


def test_what_is_impossible_stays_so_beside_a_contradiction():
    pair = [record("dew_point", 60.0), record("air_temperature", QUANTITIES["air_temperature"].maximum + 1)]
    assert flags(*pair)[1] == Quality.FAIL | Check.PHYSICAL_RANGE
    pair = [record("wind_speed", 10.0), record("wind_gust", QUANTITIES["wind_gust"].minimum - 1.0)]
    assert flags(*pair)[1] == Quality.FAIL | Check.PHYSICAL_RANGE | Check.PACK_AGREEMENT


@pytest.mark.parametrize(
    ("time", "reason"),
    [
        (WINDOW.oldest - 0.001, Reason.TOO_OLD), (WINDOW.oldest, None), (WINDOW.oldest + 0.001, None),
        (WINDOW.newest - 0.001, None), (WINDOW.newest, None), (WINDOW.newest + 0.001, Reason.IN_FUTURE),
    ],
)  # fmt: skip
def test_the_window_is_taken_to_its_ends(time, reason):
    found = accept(cbor2.dumps([record("air_temperature", 1.0, time=time)]), CBOR, "g", DIRECTORY, WINDOW)
    assert [aside.reason for aside in found.asides] == ([] if reason is None else [reason])
    assert found.rows["time"].tolist() == ([round(time * 1000) * 1000] if reason is None else [])


@pytest.mark.parametrize(
    ("time", "reason"), [(2.0**28 - 1, Reason.RELATIVE_TIME), (2.0**28, None), (2.0**28 + 1, None)]
)
def test_times_count_from_1970_from_the_very_limit_of_rfc_8428(time, reason):
    found = accept(cbor2.dumps([record("air_temperature", 1.0, time=time)]), CBOR, "g", DIRECTORY, Window(0, NOW))
    assert [aside.reason for aside in found.asides] == ([] if reason is None else [reason])


def padded(size):
    """A pack of one record of exactly so many bytes; what fills it is a field that nobody reads."""
    body = b'[{"n":"urn:nongvu:s:air_temperature","u":"Cel","v":1,"t":%d,"x":"%%b"}]' % NOW
    return body.replace(b"%b", b"x" * (size - len(body) + 2))


@pytest.mark.parametrize(("size", "stored"), [(MAXIMUM_BYTES - 1, 1), (MAXIMUM_BYTES, 1), (MAXIMUM_BYTES + 1, 0)])
def test_a_pack_may_have_exactly_256_kib(size, stored):
    assert MAXIMUM_BYTES == 256 * 1024
    payload = padded(size)
    assert len(payload) == size
    found = accept(payload, JSON, "g", DIRECTORY, WINDOW)
    assert len(found.rows) == stored
    if not stored:
        (aside,) = found.asides
        assert (aside.record, aside.reason, aside.payload) == (-1, Reason.OVERSIZED, payload[:65_536])
        assert str(size) in aside.detail


@pytest.mark.parametrize("size", [MAXIMUM_BYTES - 1, MAXIMUM_BYTES])
def test_what_is_no_pack_is_kept_whole_up_to_256_kib(size):
    (aside,) = accept(b"x" * size, JSON, "g", DIRECTORY, WINDOW).asides
    assert (aside.reason, len(aside.payload)) == (Reason.MALFORMED, size)


@pytest.mark.parametrize(
    ("count", "whole"), [(0, True), (1, False), (MAXIMUM_RECORDS, False), (MAXIMUM_RECORDS + 1, True)]
)
@pytest.mark.parametrize("content_type", [CBOR, JSON])
def test_a_pack_has_one_to_500_records(count, whole, content_type):
    readings = [Reading("s", "air_temperature", NOW * 1000 - n, 1.0) for n in range(count)]
    found = accept(wire.encode(readings, content_type), content_type, "g", DIRECTORY, WINDOW)
    assert (len(found.rows), [aside.record for aside in found.asides]) == ((0, [-1]) if whole else (count, []))


# -- whole packs ----------------------------------------------------------------------------------------------------

OF = {(entry.station, f"{entry.quantity}/{entry.level}" if entry.level else entry.quantity): entry for entry in ENTRIES}
OWNERS = {"s": "g", "far": "other"}
UPPER = {low: (high, tolerance) for low, high, tolerance in AGREEMENTS}


def by_hand(pack):
    """Rows and what is set aside of one pack, record by record."""
    if len(pack.payload) > 256 * 1024:
        return [], [(-1, "oversized")]
    if pack.gateway not in ("g", "other", "api"):
        return [], [(-1, "unknown_station")]
    records, problems = wire.decode(pack.payload, pack.content_type)
    said = wire.resolve(records)
    asides = [(problem.record, problem.reason) for problem in [*problems, *said.problems]]
    rows = []
    for number, (name, unit), time, value in zip(said.record, said.said, said.time, said.value, strict=True):
        station, _, rest = name.removeprefix("urn:nongvu:").partition(":")
        quantity, entry = rest.partition("/")[0], OF.get((station, rest))
        reason = (
            "unknown_quantity" if quantity not in QUANTITIES
            else "wrong_unit" if unit != QUANTITIES[quantity].senml_unit
            else "unknown_station" if station not in OWNERS
            else "foreign_station" if pack.gateway not in ("api", OWNERS[station])
            else "unknown_datastream" if entry is None
            else "not_finite" if not math.isfinite(value)
            else "too_old" if time < WINDOW.oldest
            else "in_future" if time > WINDOW.newest
            else None
        )  # fmt: skip
        if reason is not None:
            asides.append((number, reason))
            continue
        result, (least, most, low, high) = value * QUANTITIES[quantity].factor, entry.limits
        checks = (Check.PHYSICAL_RANGE if not least <= result <= most else 0) | (
            Check.LOCAL_RANGE if not low <= result <= high else 0
        )
        always = (Check.ESTIMATED if entry.estimated else 0) | (Check.REDATED if pack.redated else 0)
        rows.append([round(time * 1000) * 1000, result, entry, checks, always, number])
    for row in rows:
        high, tolerance = UPPER.get(row[2].quantity, (None, 0))
        uppers = [other for other in rows if other[0] == row[0] and (other[2].station, other[2].quantity, other[2].level) == (row[2].station, high, row[2].level)]  # fmt: skip
        if uppers and row[1] > uppers[0][1] + tolerance:
            row[3] |= Check.PACK_AGREEMENT
            uppers[0][3] |= Check.PACK_AGREEMENT
    worst = lambda checks: 4 if checks & Check.PHYSICAL_RANGE else 3 if checks else 1  # noqa: E731
    return [(t, v, entry.id, worst(checks) | checks | always, n) for t, v, entry, checks, always, n in rows], asides


def values(quantity):
    """Ordinary ones, and those about the limits."""
    row = QUANTITIES.get(quantity)
    if row is None:
        return st.just(1.0)
    limits = [row.minimum / row.factor, row.maximum / row.factor, LOW, HIGH, 20.0, 20.5]
    near = [next_to(limit, towards) for limit in limits for towards in (BEFORE, AFTER)]
    return st.sampled_from([*limits, *near, math.nan, math.inf])


@st.composite
def one_record(draw):
    quantity = draw(st.sampled_from(["air_temperature", "dew_point", "wind_speed", "wind_gust", "air_pressure", "soil_moisture", "hope"]))  # fmt: skip
    edges = [WINDOW.oldest - 0.001, WINDOW.oldest, WINDOW.newest, WINDOW.newest + 0.001, NOW, NOW, NOW, NOW + 60, 5]
    made = record(
        quantity,
        draw(values(quantity)),
        time=draw(st.sampled_from(edges)),
        station=draw(st.sampled_from(["s", "s", "s", "far", "nobody"])),
        level=draw(st.sampled_from(["", "", "-0.30m"])),
    )
    return made | ({1: "K"} if draw(st.integers(0, 19)) == 7 else {})


PACKS = st.builds(
    Incoming,
    st.lists(one_record(), min_size=1, max_size=12).map(cbor2.dumps),
    st.just(CBOR),
    st.sampled_from(["g", "g", "other", "api", "api", "unheard-of"]),
    st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PACKS, max_size=5))
def test_packs_become_what_goes_record_by_record(packs):
    for pack, found in zip(packs, accept_all(packs, DIRECTORY, WINDOW), strict=True):
        rows, asides = by_hand(pack)
        assert [tuple(row) for row in found.rows[["time", "result", "datastream", "flag", "record"]].tolist()] == rows
        assert sorted((aside.record, aside.reason.value) for aside in found.asides) == sorted(asides)
        for aside in found.asides:  # what is kept comes to the same by itself
            if aside.record >= 0:
                (again,) = accept(aside.payload, CBOR, pack.gateway, DIRECTORY, WINDOW).asides
                assert (again.reason, again.detail, again.station) == (aside.reason, aside.detail, aside.station)


def test_the_window_of_a_worker_is_ten_minutes_ahead_and_as_old_as_it_is_told():
    from ingest.pipeline import State
    from store import reading

    class Clock:
        def now(self):
            return datetime.fromtimestamp(NOW, UTC)

    state = State(Directory(), reading.HighWater(), Clock(), timedelta(days=400))
    assert state.window() == Window(NOW - 400 * 86_400, NOW + 600)


def test_rows_bear_their_types():
    assert accept(b"", CBOR, "nobody", DIRECTORY, WINDOW).rows.dtype.names == (
        "time",
        "result",
        "datastream",
        "flag",
        "record",
    )
    assert np.isfinite(accept(padded(200), JSON, "g", DIRECTORY, WINDOW).rows["result"]).all()
