"""Faults of the gateway, run long: their figures are noted in docs/faults.md."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))

from gateway_faults import (
    DAMAGES,
    LIES,
    clock_jumps,
    cut_line,
    damaged,
    full_card,
    half_open,
    kills,
    lying_line,
    power_cuts,
    refused,
    slow_line,
)

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


DAY = 86_400


@pytest.mark.parametrize(("span", "lengths", "silent"), [
    ("5 s", [5] * 6, False), ("5 min", [300] * 4, False), ("1 h", [3600] * 4, False), ("1 d", [DAY] * 2, False),
    ("7 d", [7 * DAY], False), ("1 h, silently", [3600] * 2, True),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
async def test_f8_line_cut(broker, tmp_path, span, lengths, silent):
    found = await cut_line(tmp_path, broker.port, lengths, silent=silent)
    how = "a proxy passes nothing on" if silent else "a proxy resets and refuses"
    note("F8", f"line of a gateway cut for {span}", f"{how}, {len(lengths)} times; 60 channels, event time", **found)
    assert (found["lost"], found["conflicts"], found["changed_packs"], found["out_of_order"]) == (0, 0, 0, 0)
    assert found["drained_at_times_live"] >= 10


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


async def test_f12_publish_refused(tmp_path):
    found = await refused(tmp_path)
    note("F12", "broker refuses or discards", "every PUBACK reason but 0x00, one after the other", **found)
    assert (found["deleted_without_receipt"], found["lost"]) == (0, 0)


@pytest.fixture
def small_card(tmp_path):
    folder = tmp_path / "card"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small tmpfs cannot be mounted here (needs root)")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("by_others", [False, True], ids=["own", "others"])
async def test_f15_card_full(broker, small_card, by_others):
    found = await full_card(small_card, broker.port, by_others=by_others)
    who = "others fill its card" if by_others else "its own readings fill its card"
    note("F15", f"gateway's card full: {who}", "buffer on a tmpfs of 2 MiB, no line, then a line", **found)
    assert (found["lost_untold"], found["conflicts"]) == (0, 0)
    assert found["dropped_and_declared"] > 0


#: Least part of all readings that a damage leaves readable: cuts at random places leave half of the file on average.
READABLE = {"bit": 0.95, "page": 0.8, "cut": 0.3, "header": 1, "not a file": 0, "log gone": 0, "bit in the log": 0.3}


@pytest.mark.parametrize("kind", DAMAGES)
async def test_f19_buffer_damaged(tmp_path, kind):
    found = await damaged(tmp_path, kind, times=20, seed=19)
    note("F19", f"buffer damaged: {kind}", "at 20 random places, 4,000 readings each", **found)
    assert found["opened"] == found["times"]
    assert found["untold"] == 0
    assert found["stored"] >= found["taken"] * READABLE[kind]


async def test_f22_clock_of_a_gateway(broker, tmp_path):
    found = await clock_jumps(tmp_path, broker.port)
    note("F22", "clock of a gateway", "1970 until the time is known, then +1 h, −1 h and back", **found)
    assert (found["lost"], found["conflicts"]) == (0, 0)
    assert found["dated_wrong"] == 0


@pytest.mark.parametrize("lie", LIES)
async def test_f33_line_that_lies(tmp_path, lie):
    found = await lying_line(tmp_path, lie, seconds=10)
    note("F33", f"one of ten devices lies: {lie}", "RTU over TCP, every 0.5 s, nine honest neighbours", **found)
    assert (found["wrong_values"], found["errors_of_neighbours"]) == (0, 0)
    assert found["honest_readings_least"] >= found["honest_readings_most"] - 1
