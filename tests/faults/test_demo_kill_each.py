"""Kill -9 of each part, many times in mid-replay, each started again: sent = stored, nothing twice, the same episodes."""

import random
import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "standalone"))
from plain_scan import scan
from replaying import replayed

from tests.faults.table import note
from tests.faults.test_demo_kill import edges

pytestmark = [pytest.mark.faults, pytest.mark.slow]

SPAN = (date(2013, 6, 6), date(2013, 6, 9))
SEED = 20130607
PARTS = {
    "edge": edges,
    "ingest": lambda replay: replay.platform.processes["ingest"].kill(),
    "analytics": lambda replay: replay.platform.processes["analytics"].kill(),
    "notify": lambda replay: replay.platform.processes["notify"].kill(),
    "broker": lambda replay: replay.platform.broker.kill(),
    "database": lambda replay: replay.platform.database.kill(),
}


@pytest.mark.parametrize("part", PARTS)
async def test_killed_again_and_again(part):
    hours = random.Random(f"{SEED}{part}").sample(range(3, 93), 5)
    outcome = await replayed(*SPAN, kills=dict.fromkeys(hours, PARTS[part]))
    assert outcome.report.readings_sent == outcome.report.readings_stored > 2000
    assert outcome.report.duplicates == outcome.report.set_aside == outcome.twice == 0
    assert outcome.episodes == scan(outcome.start, outcome.end)
    assert outcome.report.messages_sent == outcome.files
    kills = sum(part in problem for problem in outcome.unclean)
    assert kills >= 1
    report = outcome.report
    note("F28", f"{part} killed in a replay of four days of a storm", f"{kills} × {part}",
         sent=report.readings_sent, stored=report.readings_stored, duplicates=report.duplicates,
         episodes=f"{len(outcome.episodes)} as in the undisturbed record", messages=report.messages_sent, said_twice=outcome.twice)  # fmt: skip
