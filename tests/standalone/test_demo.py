"""The way of one reading: recorded weather through devices, gateway, broker, tables, analytics, messages and page."""

import json
import re
import subprocess
import sys
from datetime import date

import pytest
from plain_scan import scan
from replaying import replayed

from standalone.services import temporary_folder

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]

WINTER = (date(2013, 1, 22), date(2013, 1, 25))
STORM = (date(2013, 6, 7), date(2013, 6, 8))
HEAT = (date(2013, 7, 18), date(2013, 7, 19))


@pytest.mark.parametrize(
    ("span", "rules"),
    [
        (WINTER, {"cold_spell", "frost"}),
        (STORM, {"cold_spell", "heavy_rain"}),
        (HEAT, {"heat"}),
    ],
    ids=["winter", "storm", "heat"],
)
async def test_all_that_is_sent_is_stored_and_the_episodes_are_those_of_a_plain_scan(span, rules):
    outcome = await replayed(*span)
    assert outcome.report.readings_sent == outcome.report.readings_stored > 1000
    assert outcome.report.duplicates == outcome.report.set_aside == outcome.twice == 0
    expected = scan(outcome.start, outcome.end)
    assert {found.rule for found in expected} >= rules
    assert outcome.episodes == expected
    assert outcome.report.alerts_opened >= len(expected)
    assert outcome.report.messages_sent == outcome.files > 0
    assert outcome.unclean == []
    assert outcome.health["status"] == "well"


def test_the_command_ends_by_itself_prints_the_counts_and_leaves_a_trace_from_the_pack_to_the_message():
    with temporary_folder() as folder:
        command = [sys.executable, "-m", "nongvu", "demo", "--once", "--json", "--verbose", "--stations", "lga",
                   "--from", "2013-07-18", "--to", "2013-07-18", "--keep", str(folder / "kept")]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        logs = {file.stem.partition("-")[0]: file.read_text() for file in (folder / "kept/logs").glob("*.log")}
    traces = set(re.findall(r"\bsent\b.*traces=\['(\w+)'", logs["notify"]))
    assert traces, "no message names the pack that it answers"
    for process in ("edge", "ingest", "analytics"):
        assert all(f"trace={trace}" in logs[process] for trace in traces), process
    counts = json.loads(done.stdout)
    assert set(counts) == {
        "readings_sent", "readings_stored", "duplicates", "set_aside", "alerts_opened", "messages_sent", "seconds",
    }  # fmt: skip
    assert counts["readings_sent"] == counts["readings_stored"] > 100
    assert counts["alerts_opened"] >= 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--stations", "hanoi"], "there is no record of hanoi"),
        (["--from", "2013-07-02", "--to", "2013-07-01"], "nothing to replay"),
    ],
)
def test_what_cannot_be_replayed_is_said_before_anything_starts(arguments, says):
    command = [sys.executable, "-m", "nongvu", "demo", "--once", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert says in done.stderr
