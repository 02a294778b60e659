"""Counts across restarts, power cuts, unknown time and other devices: rain that fell, and no other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.bus_settings import Unit
from edge.counter import Counting
from edge.device import Device, readings
from edge.sensor import Taken, shelf

MODEL = shelf()["lufft-ws"]
RAIN = next(item for item in MODEL.registers if item.quantity == "precipitation" and item.counter)
HOUR, DAY = 3_600_000, 86_400_000
T = 1_780_000_000_000
SIX_HOURS = 6 * HOUR


def gauge(stored=None, **more):
    unit = Unit(**({"name": "d", "station": "s", "model": MODEL.name, "unit": 1, "interval": 60} | more))
    device = Device(unit, MODEL, (RAIN,))
    device.recall(stored)
    return device


def said(device, raw, time, clock=""):
    return [round(item.value / RAIN.value(1), 6) for item in readings(device, [Taken(RAIN, raw)], time, clock)]


def again(device, **more):
    return gauge(device.remembered()[device.key], **more)


def test_another_device_in_its_place_brings_no_rain():
    first = gauge(serial="A")
    assert said(first, 500, T) == []
    assert said(first, 503, T + 60_000) == [3]
    same = again(first, serial="A")
    assert said(same, 505, T + 120_000) == [2]
    other = again(same, serial="B")
    assert said(other, 12_000, T + 180_000) == []
    assert said(other, 12_004, T + 240_000) == [4]
    assert said(again(other, serial="B", unit=2), 3, T + 300_000) == []


def test_words_that_another_device_refused_are_asked_for():
    first = gauge()
    first.memory.refused.append((4, RAIN.address))
    assert again(first).requests == ()
    assert again(first, serial="new").requests != ()


def test_rain_of_a_short_power_cut_is_kept_though_the_time_was_not_known():
    device = gauge()
    said(device, 100, T)
    device = again(device)
    assert said(device, 110, 40_000, "start-2") == [10]
    assert said(device, 111, 100_000, "start-2") == [1]
    zero = T + 20 * 60_000
    assert device.memory.counting.dated("start-2", zero, SIX_HOURS) == {}
    assert said(device, 113, zero + 160_000) == [2]


def test_rain_of_days_without_power_is_no_cloudburst_of_the_minute_when_it_came_back():
    device = gauge()
    said(device, 100, T)
    device = again(device)
    assert said(device, 900, 40_000, "start-2") == [800]
    device = again(device)  # the gateway, not the machine, starts anew
    assert said(device, 901, 100_000, "start-2") == [1]
    zero = T + 3 * DAY
    assert device.memory.counting.dated("start-2", zero, SIX_HOURS) == {RAIN.name: 40_000}
    assert said(device, 902, zero + 160_000) == [1]


def test_a_total_that_somebody_corrected_is_no_rain():
    device = gauge()
    said(device, 2000, T)
    assert said(device, 1500, T + 60_000) == []
    assert said(device, 1502, T + 120_000) == [2]
    assert said(device, 3, T + 180_000) == []  # a beginning at 0, as soon as a second sample goes on from it
    assert said(device, 6, T + 240_000) == [3, 3]


def test_a_long_time_without_the_time_loses_no_rain():
    device = gauge()
    said(device, 100, T)
    for minute in range(10 * 60):
        assert said(device, 101 + minute, minute * 60_000, "start-2") == [1]
    device.memory.counting.dated("start-2", T + 60_000, SIX_HOURS)
    assert said(device, 701, T + 60_000 + 600 * 60_000) == [1]


def test_a_silent_gauge_before_the_time_is_known():
    device = gauge()
    said(device, 100, T)
    said(device, 101, 0, "start-2")
    assert said(device, 300, 7 * HOUR, "start-2") == []


def test_two_power_cuts_before_the_time_was_ever_known():
    device = gauge()
    said(device, 100, T)
    said(device, 101, 40_000, "start-2")
    device = again(device)
    assert said(device, 400, 40_000, "start-3") == []  # nobody knows how long that was
    assert said(device, 402, 100_000, "start-3") == [2]
    assert device.memory.counting.dated("start-3", T + 5 * DAY, SIX_HOURS) == {}


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 600), st.booleans()), min_size=2, max_size=40),
    st.sampled_from([100, 1000, 65_536]),
)
def test_what_a_wrapping_counter_counted_is_what_is_said(steps, modulus):
    """Whatever is read with or without event time, within one start of the machine: the sum is what was counted."""
    counting, raw, since, total, heard = Counting({}, {}), 0, 0, 0, 0.0
    known = False
    for added, seconds, right in steps:
        since += seconds * 1000
        if right and not known:
            counting.dated("start", T, SIX_HOURS)
        known = known or right
        step = min(added, modulus // 20)
        raw, total = (raw + step) % modulus, total + step
        clock, time = ("", T + since) if known else ("start", since)
        heard += counting.added("rain", raw, time, clock, modulus=modulus, gap=SIX_HOURS) or 0
    first = min(steps[0][0], modulus // 20)
    assert heard == pytest.approx(total - first)
