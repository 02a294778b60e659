"""One bad count is no flood: spikes, falls, sentinels and swapped gauges bring no rain, and no storm is lost."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bus_settings import Unit
from edge.counter import Counted, Counting, Rules, Undated
from edge.counter_limit import counter_limit
from edge.device import Device, Memory, readings, recalled
from edge.sensor import Taken, shelf

T = 1_780_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
GAP = 6 * HOUR
RAIN = counter_limit("precipitation", 1.0)
INTERVALS = st.sampled_from([1200, 16_000, MINUTE, 10 * MINUTE, HOUR])


def said(counts, interval, limit=RAIN, modulus=None):
    """Increments, each as of the time of its sample."""
    counting, rules = Counting({}, {}), Rules(modulus, GAP, limit)
    found = [counting.taken("rain", raw, T + n * interval, "", rules) for n, raw in enumerate(counts)]
    return [item for increments in found for item in increments]


def total(counts, interval, **more):
    return sum(item.added for item in said(counts, interval, **more))


@pytest.mark.parametrize("interval", [1200, 16_000, MINUTE, 10 * MINUTE, HOUR])
@pytest.mark.parametrize(
    ("counts", "rain"),
    [
        ([92.4, 68258.2, 92.4, 92.6], 0.2),  # rtl_433 #2472
        ([92.4, 68258.2, 70000.0, 92.4, 92.6], 0.2),
        ([92.4, 68258.2, 68258.2, 68258.2, 92.4, 92.6], 0.2),  # it lasts, or comes twice
        ([1332.9, 4917.4, 1332.9, 1332.9], 0.0),  # weewx #525, a fall to 27 %
        ([312.42, 0.0, 312.42, 312.52], 0.1),  # a console that lost its sensor for a moment
        ([312.42, 0.0, 0.0, 312.42, 312.52], 0.1),
        ([312.42, -9999, -9999, 312.42], 0.0),
        ([-9999, 312.42, 312.52], 0.1),  # at the very first
        ([92.4, 92.3, 92.4, 92.3, 92.4], 0.0),  # a trembling last digit
        ([924.0, 3.0, 3.0, 3.2], 0.2),  # another gauge
        ([3.0, 924.0, 924.0, 924.2], 0.2),
        ([924.0, 0.0, 0.0, 0.2, 0.4], 0.4),  # another gauge, or it began again at 0
        ([12.0, 0.5, 1.0, 1.5], 1.5),  # the total of a day began again, in steady rain
    ],
)
def test_a_count_that_cannot_be_waits_for_a_second(counts, rain, interval):
    assert total(counts, interval) == pytest.approx(rain)


@pytest.mark.parametrize("interval", [MINUTE, 10 * MINUTE, HOUR])
def test_no_value_of_a_word_is_no_rain(interval):
    tenths = counter_limit("precipitation", 0.1)
    assert total([924, 65_535, 924, 925], interval, limit=tenths, modulus=65_536) == 1
    assert total([924, 65_535, 65_535, 65_535, 925], interval, limit=tenths, modulus=65_536) == 1
    assert total([65_535, 924, 925], interval, limit=tenths, modulus=65_536) == 1
    assert total([65_530, 65_535, 2, 3], interval, limit=tenths, modulus=65_536) == 9  # it did wrap


@pytest.mark.parametrize("interval", [MINUTE, 10 * MINUTE, HOUR])
@pytest.mark.parametrize("rate", [20, 100, 180, 300])
def test_no_storm_is_lost(rate, interval):
    """Each sample's rain as of its own time, above 120 mm/h at most one sample later."""
    step = rate * interval / HOUR
    found = said([50 + n * step for n in range(20)], interval)
    late = 0 if rate <= 100 else 1
    assert len(found) >= 19 - late
    assert [item.added for item in found] == pytest.approx([step] * len(found))
    assert [item.time for item in found] == [T + (n + 1) * interval for n in range(len(found))]


STORM = st.lists(st.floats(0, 100), min_size=3, max_size=30)  # mm/h of each interval
SPIKE = st.one_of(st.sampled_from([0.0, -9999, 65_535, 6553.5, 3276.7, 32_767, 1e9]), st.floats(600, 1e7))


@given(STORM, st.data(), INTERVALS, st.floats(40, 400))
def test_no_spike_yields_rain_and_none_is_lost(rates, data, interval, start):
    """Single bad samples anywhere between good ones: what is said in all is what fell, and never more at any time."""
    true = [start, *itertools.accumulate((rate * interval / HOUR for rate in rates), initial=start)]
    counts = list(true)
    for at in sorted(data.draw(st.sets(st.integers(1, len(true) - 2), max_size=5))):
        if counts[at - 1] == true[at - 1] and at < len(true) - 2:  # two good ones at the end
            bad = data.draw(SPIKE)
            if bad < true[at] - 1 or bad > true[at] + 400:  # else nobody can tell it from rain
                counts[at] = bad
    found = said(counts, interval)
    heard = 0.0
    for item in sorted(found, key=lambda item: item.time):
        heard += item.added
        assert heard <= true[(item.time - T) // interval] - start + 1e-6
    assert heard == pytest.approx(true[-1] - start, abs=1e-6)


@given(STORM, st.floats(0, 5000), st.floats(0, 5000), INTERVALS)
def test_another_gauge_brings_at_most_what_can_have_fallen(rates, first, second, interval):
    rain = [0.0, *itertools.accumulate(rate * interval / HOUR for rate in rates)]
    half = len(rain) // 2
    counts = [first + fell for fell in rain[:half]] + [second + fell - rain[half] for fell in rain[half:]]
    between = 2 * RAIN.bound(interval)
    assert total(counts, interval) <= rain[-1] + between + 1e-6
    if abs(second - counts[half - 1]) > 500 and second > 500:  # it cannot be the old one, nor a beginning at 0
        assert total(counts, interval) <= rain[-1] + 1e-6


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), INTERVALS)
def test_whatever_a_broken_gauge_says_no_more_than_can_fall(counts, interval):
    found = said(counts, interval)
    assert all(0 <= item.added <= RAIN.bound(interval * len(counts)) for item in found)
    assert len({item.time for item in found}) == len(found)
    assert sum(item.added for item in found) <= RAIN.bound(interval) * len(counts)


MODEL = shelf()["renke-fsxcs"]
WORD = next(item for item in MODEL.registers if item.counter)


def gauge(stored=None):
    device = Device(Unit(name="d", station="s", model=MODEL.name, unit=1, interval=60), MODEL, (WORD,))
    device.recall(stored)
    return device


def test_a_doubt_survives_a_restart_and_is_counted():
    device = gauge()
    heard = []
    for minute, raw in enumerate([924, 60_000, 924, 926]):
        heard += readings(device, [Taken(WORD, raw)], T + minute * MINUTE)
        device = gauge(device.remembered()[device.key])
    assert [round(item.value, 6) for item in heard] == [0.0, 0.2]
    assert device.memory.withheld == 1
    assert "60000" in device.memory.doubt


def test_what_came_late_bears_its_own_time():
    device = gauge()
    heard = [readings(device, [Taken(WORD, raw)], T + hour * HOUR) for hour, raw in enumerate([0, 1500, 1600])]
    assert [[(item.time, round(item.value, 6)) for item in found] for found in heard] == [
        [], [], [(T + HOUR, 150.0), (T + 2 * HOUR, 10.0)]]  # fmt: skip
    assert device.memory.withheld == 0


def test_a_rise_without_event_time_is_withdrawn_when_too_little_time_had_passed():
    counting, rules = Counting({"rain": Counted(100.0, T)}, {}), Rules(None, GAP, RAIN)
    assert counting.taken("rain", 300.0, 40_000, "start-2", rules)[0].added == 200
    assert counting.dated("start-2", T - 30_000, GAP) == {"rain": 40_000}  # ten seconds after the last one
    counting = Counting({"rain": Counted(100.0, T)}, {})
    counting.taken("rain", 300.0, 40_000, "start-2", rules)
    assert counting.dated("start-2", T + HOUR, GAP) == {}


def test_a_spike_before_the_time_is_known_is_no_rain_after_it():
    counting, rules = Counting({"rain": Counted(92.4, T)}, {}), Rules(None, GAP, RAIN)
    assert counting.taken("rain", 92.6, 40_000, "start-2", rules)[0].added == pytest.approx(0.2)
    assert counting.taken("rain", 68_258.2, 100_000, "start-2", rules) == ()
    assert counting.dated("start-2", T + 5 * MINUTE, GAP) == {}
    now = T + 5 * MINUTE + 160_000
    assert [item.added for item in counting.taken("rain", 92.8, now, "", rules)] == [pytest.approx(0.2)]


def test_a_memory_of_an_older_program_is_understood():
    old = msgspec.msgpack.encode({"counters": {"rain": [5.0, T]}, "undated": {"rain": ["s", None, 1, 2]}, "of": "x"})
    memory = recalled(old, "x")
    assert memory == Memory(counters={"rain": Counted(5.0, T)}, undated={"rain": Undated("s", None, 1, 2)}, of="x")
