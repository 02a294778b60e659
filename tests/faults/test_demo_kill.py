"""One kill -9 of everything in one short replay: as if nothing had happened (more of it: test_demo_kill_each)."""

import sys
from datetime import date
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "standalone"))
from plain_scan import scan
from replaying import replayed

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def edges(replay):
    for name, process in replay.platform.processes.items():
        if name.startswith("edge"):
            process.kill()


KILLS = {
    8: edges,
    16: lambda replay: replay.platform.processes["ingest"].kill(),
    24: lambda replay: replay.platform.processes["analytics"].kill(),
    30: lambda replay: replay.platform.processes["notify"].kill(),
    36: lambda replay: replay.platform.broker.kill(),
    44: lambda replay: replay.platform.database.kill(),
}


async def test_a_kill_of_each_part_loses_and_doubles_nothing():
    outcome = await replayed(date(2013, 6, 7), date(2013, 6, 8), kills=KILLS)
    assert outcome.report.readings_sent == outcome.report.readings_stored > 1000
    assert outcome.report.duplicates == outcome.report.set_aside == outcome.twice == 0
    assert outcome.episodes == scan(outcome.start, outcome.end)
    assert outcome.report.messages_sent == outcome.files
    for part in ("edge", "ingest", "analytics", "notify", "broker", "database"):
        assert any(part in problem for problem in outcome.unclean), f"{part} was not killed"
    assert not [problem for problem in outcome.unclean if "ended with" in problem]
