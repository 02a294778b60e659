"""A short, seeded selection of the gateway's fault tests; `make faults` runs them long, and kills it."""

import shutil

import pytest
from gateway_faults import LIES, cut_line, damaged, half_open, lying_line, power_cuts, refused, slow_line


@pytest.mark.skipif(not (shutil.which("cc") or shutil.which("gcc")), reason="needs a C compiler")
async def test_power_cuts(tmp_path):
    found = await power_cuts(tmp_path, 12, seed=2)
    assert found["generated"] > 100
    assert (found["lost"], found["duplicates"]) == (0, 0)


async def test_a_line_that_is_cut(broker, tmp_path):
    found = await cut_line(tmp_path, broker.port, [5, 300, 14_400])
    assert (found["lost"], found["conflicts"], found["changed_packs"], found["out_of_order"]) == (0, 0, 0, 0)


async def test_a_line_that_is_half_open(broker, tmp_path):
    found = await half_open(tmp_path, broker.port, times=1)
    assert (found["lost"], found["conflicts"], found["changed_packs"]) == (0, 0, 0)


async def test_a_slow_line(broker, tmp_path):
    found = await slow_line(tmp_path, broker.port, backlog_minutes=60)
    assert found["generated"] == found["stored"]
    assert found["repeated_packs"] <= 2
    assert found["worst_live_delay_s"] < 15


async def test_a_broker_that_refuses_for_every_reason(tmp_path):
    found = await refused(tmp_path)
    assert found["refusals"] > 0
    assert (found["deleted_without_receipt"], found["lost"]) == (0, 0)


@pytest.mark.parametrize("kind", ["bit in the log", "page"])
async def test_a_damaged_buffer(tmp_path, kind):
    found = await damaged(tmp_path, kind, times=2, seed=7)
    assert (found["opened"], found["untold"]) == (2, 0)


@pytest.mark.parametrize("lie", ["another unit", "noise before the answer"])
async def test_a_device_that_lies_among_honest_ones(tmp_path, lie):
    assert lie in LIES
    found = await lying_line(tmp_path, lie, seconds=2)
    assert found["wrong_values"] == 0
