"""The decode assistant finds the way that was used, whatever it was."""

from hypothesis import given
from hypothesis import strategies as st

from edge.decode_assistant import SCALES, candidates
from edge.modbus_register import ORDERS, words_of


@given(st.sampled_from(["u16", "i16", "u32", "i32"]), st.sampled_from(ORDERS), st.sampled_from(SCALES[:5]),
       st.integers(1, 30_000), st.lists(st.integers(0, 0xFFFF), max_size=3))  # fmt: skip
def test_finds_the_way(kind, order, scale, raw, noise):
    words = [*noise, *words_of(raw, kind, order)]
    decimals = {1.0: 0, 0.1: 1, 0.01: 2, 0.001: 3, 0.0001: 4}[scale]
    shown = f"{raw * scale:.{decimals}f}"
    found = {(item.index, item.type, item.order, item.scale) for item in candidates(words, shown)}
    assert (len(noise), kind, order if kind[1:] == "32" or order in ("ABCD", "BADC") else
            {"CDAB": "ABCD", "DCBA": "BADC"}[order], scale) in found  # fmt: skip


def test_floats_and_offsets():
    best = candidates(words_of(27.9, "f32", "CDAB"), "27.9")[0]
    assert (best.type, best.order) == ("f32", "CDAB")
    assert any(item.before == -400 and item.scale == 0.1 for item in candidates([652], "25.2"))
