"""The gateway's faults, long: F4, F8, F9, F10 (F12, F15, F19 and F33 are whole in tests/edge), each noted in docs/faults.md."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))

from gateway_faults import cut_line, half_open, kills, power_cuts, slow_line

from tests.faults.table import note

pytestmark = [pytest.mark.faults, pytest.mark.slow]


async def test_f4_gateway_killed_a_hundred_times(tmp_path):
    found = await kills(tmp_path, 100, seed=4)
    note("F4", "gateway killed", "kill -9 at random points of the write path", **found)
    assert (found["lost"], found["duplicates"], found["dropped"]) == (0, 0, 0)


@pytest.mark.skipif(not (shutil.which("cc") or shutil.which("gcc")), reason="needs a C compiler")
async def test_f4_power_lost(tmp_path):
    found = await power_cuts(tmp_path, 200, seed=44)
    note("F4", "gateway loses power", "writes that were not synced are dropped, wholly or some of them", **found)
    assert (found["lost"], found["duplicates"]) == (0, 0)


async def test_f8_line_cut_for_days(broker, tmp_path):
    found = await cut_line(tmp_path, broker.port, days=7, cuts=14, seed=8)
    note("F8", "line of a gateway cut", "a TCP proxy refuses for 7 days of 60 channels in 14 cuts", **found)
    assert (found["lost"], found["conflicts"], found["changed_packs"]) == (0, 0, 0)


async def test_f9_half_open(broker, tmp_path):
    found = await half_open(tmp_path, broker.port, times=6)
    note("F9", "line of a gateway half open", "answers dropped, then a proxy that passes nothing on", **found)
    assert (found["lost"], found["conflicts"], found["changed_packs"]) == (0, 0, 0)


async def test_f10_slow_line(broker, tmp_path):
    found = await slow_line(tmp_path, broker.port, backlog_minutes=1440)
    note("F10", "slow line of a gateway", "2 kB/s and a second there and back, a day of backlog", **found)
    assert found["generated"] == found["stored"]
    assert found["repeated_packs"] <= 3
    assert found["worst_live_delay_s"] < 15
