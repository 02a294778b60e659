"""A benchmark says what it measured and nothing more: bars, medians, CPU against the committed figure, what was not measured."""

import importlib
import json

import pytest

from benchmarks import __main__ as harness
from benchmarks import fwi, judge, peers, report
from benchmarks.judge import AbsentError, ending, judged, state


def test_the_median_of_three_runs_meets_a_ratio_and_fewer_runs_meet_nothing():
    row = judge.median("a", [300, 100, 200], "readings/s", peer="COPY", peer_value=400)
    assert row["value"] == 200
    assert row["runs"] == [300, 100, 200]
    assert state(judge.beside(row, [0.9, 0.5, 0.56], 0.55)) == "met"
    assert state(judge.beside(row, [0.9, 0.5, 0.54], 0.55)) == "missed"
    assert state(judged(judge.beside(row, [0.9, 0.9], 0.55))) == "not measured"


@pytest.mark.parametrize(("value", "said"), [(2.3, "met"), (2.31, "missed")])
def test_a_bar_from_above(value, said):
    assert state(judge.at_most({"name": "a", "value": value, "unit": "CPU s"}, 2.3)) == said


@pytest.mark.parametrize(
    ("unit", "before", "now", "said"),
    [
        ("CPU s / 1e6 readings", 10.0, 14.9, "met"),
        ("CPU s / 1e6 readings", 10.0, 15.0, "slower"),
        ("% of one core", 7.0, 10.6, "slower"),
        ("station-days/CPU s", 300.0, 200.0, "slower"),
        ("station-days/CPU s", 300.0, 201.0, "met"),
        ("s p99", 1.0, 100.0, "met"),  # wall time: the machine may be busy
        ("CPU s / 1e6 readings", None, 15.0, "met"),  # nothing was committed
    ],
)
def test_cpu_of_one_and_a_half_times_the_committed_figure_fails(unit, before, now, said):
    former = {"name": "a", "value": before, "unit": unit}
    assert state(judged({"name": "a", "value": now, "unit": unit, "met": True}, former)) == said


def test_another_unit_is_another_figure():
    assert "slower" not in judged({"name": "a", "value": 9.0, "unit": "CPU s"}, {"value": 1.0, "unit": "CPU ms"})


@pytest.mark.parametrize(
    "row",
    [
        {"value": 5.0, "not_measured": "no xclim", "met": True},
        {"value": None, "met": True},
        {"value": 5.0, "peer": "xclim", "peer_value": None, "ratio": 1377.6, "met": True},
    ],
)
def test_what_was_not_measured_is_never_met(row):
    found = judged({"name": "a", "unit": "s"} | row)
    assert found["met"] is None
    assert state(found) == "not measured"
    assert "NOT MEASURED: a: " in harness.table([found])


def test_the_exit_code_tells():
    rows = {"met": {"met": True}, "none": {"met": None}, "gap": {"not_measured": "no peer"}, "missed": {"met": False},
            "slower": {"met": True, "slower": 1.5}}  # fmt: skip
    assert ending([rows["met"], rows["none"]]) == judge.FINE
    assert ending([rows["met"], rows["gap"]]) == judge.NOT_MEASURED
    assert ending([rows["gap"], rows["missed"]]) == judge.MISSED
    assert ending([rows["gap"], rows["slower"]]) == judge.MISSED
    assert ending([rows["met"]], failed=["fwi"]) == judge.MISSED


def test_a_missing_package_is_named_and_ours_is_measured_all_the_same(monkeypatch):
    monkeypatch.setattr(judge.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(fwi, "STATIONS", 10)
    (row,) = [judged(each) for each in fwi.run()]
    assert state(row) == "not measured"
    assert row["not_measured"] == f"xclim not installed: {judge.REMEDY}"
    assert row["value"] > 0


def test_peers_of_ingest_stand_beside_it_the_best_first_without_a_bar():
    rows = peers.rows(
        "ingest_live", 60_000, {"collectd": 5000, "Node-RED": "no npm here", "Node-RED, an INSERT a pack": 40_000}
    )
    assert [row["name"] for row in rows] == [
        "ingest_live Node-RED, an INSERT a pack", "ingest_live collectd", "ingest_live Node-RED"
    ]  # fmt: skip
    assert [row.get("bar") for row in rows] == [None] * 3
    assert state(judged(rows[2])) == "not measured"


class Bench:
    """A benchmark that gives what it is told to."""

    def __init__(self, *rows, error=None):
        self.rows, self.error = rows, error

    def run(self):
        if self.error:
            raise self.error
        return [dict(row) for row in self.rows]


@pytest.fixture
def ran(monkeypatch, tmp_path):
    """Run the harness on invented benchmarks; its exit code and the results it kept."""

    def run(*arguments, load=0.5, committed=(), **benches):
        kept = tmp_path / "results.json"
        monkeypatch.setattr(harness, "RESULTS", kept)
        monkeypatch.setattr(harness, "committed", lambda: {row["name"]: row for row in committed})
        monkeypatch.setattr(harness, "names", lambda: sorted(benches))
        monkeypatch.setattr(harness.os, "getloadavg", lambda: (load, load, load))
        monkeypatch.setattr(harness, "SETTLE", 0)
        monkeypatch.setattr(report, "write", lambda results: None)
        real = importlib.import_module
        monkeypatch.setattr(
            harness.importlib, "import_module",
            lambda name: benches[name.rpartition(".")[2]] if name.startswith("benchmarks.") else real(name),
        )  # fmt: skip
        code = harness.main(list(arguments))
        return code, {row["name"]: row for row in json.loads(kept.read_text())} if kept.exists() else {}

    return run


def test_a_row_carries_its_date_commit_cores_and_load(ran, capsys):
    code, kept = ran(one=Bench({"name": "one", "value": 1.0, "unit": "s", "met": True}))
    assert code == 0
    assert {"date", "commit", "cores", "load", "loaded"} <= set(kept["one"])
    assert kept["one"]["loaded"] is False
    assert "LOADED" not in capsys.readouterr().err


def test_a_busy_machine_is_said_and_marked(ran, capsys):
    _, kept = ran(load=99.0, one=Bench({"name": "one", "value": 1.0, "unit": "s"}))
    assert kept["one"]["loaded"] is True
    assert kept["one"]["load"] == 99.0
    assert "LOADED: 99.0 running on" in capsys.readouterr().err


def test_a_missing_peer_ends_with_three_and_its_former_row_goes(ran, capsys):
    ran(one=Bench({"name": "one part", "value": 1.0, "unit": "s", "met": True}))
    code, kept = ran(one=Bench(error=AbsentError("no browser")))
    assert code == 3
    assert list(kept) == ["one"]
    assert kept["one"]["not_measured"] == "no browser"
    assert "NOT MEASURED: one: no browser" in capsys.readouterr().out


def test_a_failure_ends_with_one_and_leaves_former_figures_with_their_date(ran):
    _, before = ran(one=Bench({"name": "one", "value": 1.0, "unit": "s", "met": True}))
    code, kept = ran(one=Bench(error=RuntimeError("broken")), two=Bench({"name": "two", "value": 2.0, "unit": "s"}))
    assert code == 1
    assert kept["one"] == before["one"]
    assert kept["two"]["value"] == 2.0


def test_the_cpu_of_the_last_commit_counts_not_that_of_the_last_run(ran):
    bench = {"name": "one", "unit": "CPU s", "met": True}
    committed = [bench | {"value": 1.0}]
    assert ran(committed=committed, one=Bench(bench | {"value": 1.4}))[0] == 0
    code, kept = ran(committed=committed, one=Bench(bench | {"value": 1.6}))
    assert code == 1
    assert kept["one"]["slower"] == 1.6


def test_a_trial_keeps_nothing_and_judges_nothing(ran, monkeypatch):
    monkeypatch.delenv("NONGVU_BENCH_SMALL", raising=False)
    monkeypatch.setattr(harness.os, "environ", {})
    code, kept = ran("--small", one=Bench({"name": "one", "value": 9.0, "unit": "s", "bar": "< 1", "met": False}))
    assert (code, kept) == (0, {})


def test_an_unknown_name_is_refused(ran):
    assert ran("nothing", one=Bench())[0] == 2


@pytest.mark.parametrize("name", harness.names())
def test_each_benchmark_says_what_it_measures_and_can_be_run(name):
    module = importlib.import_module(f"benchmarks.{name}")
    assert module.__doc__
    assert callable(module.run)
