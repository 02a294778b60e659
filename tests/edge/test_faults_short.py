"""A short, seeded selection of the gateway's fault tests; `make faults` runs them long."""

import shutil

import pytest
from gateway_faults import cut_line, half_open, kills, power_cuts, slow_line


async def test_kills_in_the_write_path(tmp_path):
    found = await kills(tmp_path, 5, seed=1)
    assert found["generated"] > 0
    assert (found["lost"], found["duplicates"], found["dropped"]) == (0, 0, 0)


@pytest.mark.skipif(not (shutil.which("cc") or shutil.which("gcc")), reason="needs a C compiler")
async def test_power_cuts(tmp_path):
    found = await power_cuts(tmp_path, 12, seed=2)
    assert found["generated"] > 100
    assert (found["lost"], found["duplicates"]) == (0, 0)


async def test_a_line_that_is_cut(broker, tmp_path):
    found = await cut_line(tmp_path, broker.port, days=0.2, cuts=3, seed=3)
    assert (found["lost"], found["conflicts"], found["changed_packs"]) == (0, 0, 0)


async def test_a_line_that_is_half_open(broker, tmp_path):
    found = await half_open(tmp_path, broker.port, times=1)
    assert (found["lost"], found["conflicts"], found["changed_packs"]) == (0, 0, 0)


async def test_a_slow_line(broker, tmp_path):
    found = await slow_line(tmp_path, broker.port, backlog_minutes=60)
    assert found["generated"] == found["stored"]
    assert found["repeated_packs"] <= 2
    assert found["worst_live_delay_s"] < 15
