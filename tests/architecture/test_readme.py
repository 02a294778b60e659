"""README.md says what is so: its figures are those of results.json, its links and pictures exist, its commands are commands."""

import json
import re
from pathlib import Path

import nongvu
from benchmarks.readme import BEGIN, END, table, write

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))


def test_its_figures_are_the_measured_ones():
    said = README.partition(BEGIN)[2].partition(END)[0].strip()
    assert said == table(RESULTS), "python -m benchmarks.readme writes them anew"


def test_a_missed_bar_is_said():
    rows = table([dict(RESULTS[0], name="read_year raw", value=64.1, bar="< 50", met=False)]).splitlines()
    assert rows[-1].endswith("| **missed** |")
    assert "64.1" in rows[-1]


def test_new_figures_change_nothing_else(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(README, "utf-8")
    write([dict(row, value=7.0) if row["name"] == "read_year" else row for row in RESULTS], path)
    changed = [new for new in path.read_text("utf-8").splitlines() if new not in README.splitlines()]
    assert len(changed) == 1
    assert "| 7 ms p95 |" in changed[0]
    write(RESULTS, path)
    assert path.read_text("utf-8") == README


def test_its_links_and_pictures_exist():
    places = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert len(places) > 15
    assert not [place for place in places if not (ROOT / place).exists()]


def test_its_commands_are_commands():
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|`)nongvu ([a-z]+)", README, re.MULTILINE)) <= set(nongvu.ROOMS)
