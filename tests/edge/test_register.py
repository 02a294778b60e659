"""Registers: encode, then decode, for any type, order and scale."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.modbus_register import ORDERS, TYPES, field, number, shortest, width, words_of

RANGES = {"u16": (0, 2**16 - 1), "i16": (-(2**15), 2**15 - 1), "u32": (0, 2**32 - 1), "i32": (-(2**31), 2**31 - 1),
          "u64": (0, 2**64 - 1), "i64": (-(2**63), 2**63 - 1), "bcd16": (0, 9999), "bcd32": (0, 99_999_999)}  # fmt: skip


@given(st.sampled_from([kind for kind in TYPES if kind[0] != "f"]), st.sampled_from(ORDERS), st.data())
def test_whole_numbers_come_back(kind, order, data):
    value = data.draw(st.integers(*RANGES[kind]))
    words = words_of(value, kind, order)
    assert len(words) == width(kind)
    assert all(0 <= word <= 0xFFFF for word in words)
    assert number(words, kind, order) == value


@given(st.sampled_from(ORDERS), st.floats(width=32))
def test_floats_come_back(order, value):
    found = number(words_of(value, "f32", order), "f32", order)
    assert (math.isnan(found) and math.isnan(value)) or struct.pack(">f", found) == struct.pack(">f", value)


@given(st.sampled_from(ORDERS), st.floats(width=64))
def test_doubles_come_back(order, value):
    found = number(words_of(value, "f64", order), "f64", order)
    assert found == value or (math.isnan(found) and math.isnan(value))


@pytest.mark.parametrize(
    ("order", "words"),
    [("ABCD", [0x4120, 0x3456]), ("CDAB", [0x3456, 0x4120]), ("BADC", [0x2041, 0x5634]), ("DCBA", [0x5634, 0x2041])],
)
def test_orders_are_what_they_are_called(order, words):
    assert number(words, "u32", order) == 0x41203456


def test_a_float_has_the_digits_it_was_written_with():
    assert shortest(struct.unpack(">f", struct.pack(">f", 27.9))[0]) == 27.9


@given(st.integers(0, 0xFFFF), st.integers(0, 15), st.integers(0, 15))
def test_bits(raw, one, other):
    first, last = sorted((one, other))
    assert field(raw, first, last) == int(f"{raw:016b}"[15 - last : 16 - first], 2)


def test_wrong_words_are_refused():
    with pytest.raises(ValueError, match="2 words"):
        number([1], "u32")
    with pytest.raises(ValueError, match="decimal"):
        number([0xABCD], "bcd16")
