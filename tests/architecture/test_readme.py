"""README.md says what is so: figures are those of results.json, its links and pictures exist, its commands are commands."""

import json
import re
from pathlib import Path

import pytest

import nongvu
from benchmarks import report

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
NEW = {"date": "2026-11-30 20:00 UTC", "commit": "abc1234", "cores": 2, "load": 0.4, "loaded": False}


def between(text):
    return text.partition(report.BEGIN)[2].partition(report.END)[0].strip()


@pytest.mark.parametrize("place", report.PLACES)
def test_figures_are_the_measured_ones(place):
    said = between((ROOT / place).read_text("utf-8"))
    assert said == report.text(RESULTS, place), "python -m benchmarks.report writes them anew"


def test_readme_names_a_few_and_where_all_stand():
    assert 3 <= len(between(README).splitlines()) <= 5
    assert "](docs/performance.md)" in README


def test_no_result_is_left_out():
    said = between((ROOT / "docs" / "performance.md").read_text("utf-8"))
    assert len(said.splitlines()) == len(RESULTS) + 2


def row(**more):
    return report.table(
        [{"name": "read_year raw", "value": 64.1, "unit": "ms p95", "bar": "< 50"} | NEW | more]
    ).splitlines()[-1]


def test_a_row_says_what_became_of_it_and_when():
    assert row(met=False).endswith("| **missed** | 2026-11-30, `abc1234`, 2 cores, load 0.4 |")
    assert "64.1 ms p95" in row(met=False)
    assert "| met (loaded) |" in row(met=True, load=7.3, loaded=True)
    assert "| **slower**: 1.70 × the CPU of before |" in row(met=True, slower=1.7)
    assert "| **not measured**: no xclim |" in row(met=None, not_measured="no xclim")
    assert row(met=True, date=None).endswith("| met | not noted |")


def test_new_figures_change_nothing_else(tmp_path):
    for place in report.PLACES:
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_text((ROOT / place).read_text("utf-8"), "utf-8")
    report.write([dict(row, value=777.0) if row["name"] == "read_panels" else row for row in RESULTS], tmp_path)
    for place in ("README.md", "docs/performance.md"):
        former = (ROOT / place).read_text("utf-8").splitlines()
        changed = [new for new in (tmp_path / place).read_text("utf-8").splitlines() if new not in former]
        assert len(changed) == 1
        assert "777 ms p95" in changed[0]
    report.write(RESULTS, tmp_path)
    assert (tmp_path / "README.md").read_text("utf-8") == README


def test_its_links_and_pictures_exist():
    places = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert len(places) > 15
    assert not [place for place in places if not (ROOT / place).exists()]


def test_its_commands_are_commands():
    targets = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE)) <= targets
    assert set(re.findall(r"(?:^|`)nongvu ([a-z]+)", README, re.MULTILINE)) <= set(nongvu.ROOMS)
