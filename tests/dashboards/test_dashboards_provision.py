"""Provisioning against a server that knows only Grafana's own operations, or a real Grafana where one is named."""

import json
import os
import time
from datetime import UTC, datetime

import psycopg
import pytest
from grafana_server import GOLDEN, TOKEN, Grafana, Served
from typer.testing import CliRunner

from dashboards import wanted
from dashboards.boards import BOARDS
from dashboards.commands import app
from dashboards.difference import differences, merged
from dashboards.macros import Shown, expand

REAL = os.environ.get("NONGVU_GRAFANA_URL")
#: Data sources, teams, folders, boards, the service account, snapshots in two languages.
THINGS = 2 + len(wanted.TEAMS) + len(wanted.folders()) + 2 * len(BOARDS) + 1 + 2


@pytest.fixture
def grafana(monkeypatch):
    monkeypatch.setenv("NONGVU_CHART_READER_PASSWORD", "inside-secret")
    monkeypatch.setenv("NONGVU_CHART_PUBLIC_PASSWORD", "outside-secret")
    grafana = Grafana()
    grafana.query = lambda sql, source, start, end: (["name", "value"], [("Mẫu Sơn", 3)])
    with Served(grafana) as address:
        monkeypatch.setenv("NONGVU_GRAFANA_URL", address)
        monkeypatch.setenv("NONGVU_GRAFANA_TOKEN", TOKEN)
        yield grafana


def run(*arguments):
    done = CliRunner().invoke(app, ["provision", "--json", *arguments])
    changes = json.loads(done.stdout)["changes"] if done.exit_code == 0 else []
    return done, {change["what"]: change for change in changes}


def test_from_nothing_then_nothing_more(grafana):
    began = time.monotonic()
    done, changes = run()
    assert done.exit_code == 0, done.output
    assert time.monotonic() - began < 10
    assert len(changes) == THINGS
    assert set(grafana.boards) == {board.uid(language) for board in BOARDS for language in ("vi", "en")}
    assert {source["type"] for source in grafana.sources.values()} == {"grafana-postgresql-datasource"}
    assert all(source["jsonData"]["timescaledb"] is True for source in grafana.sources.values())
    assert "secret" not in done.output
    grafana.writes.clear()
    done, changes = run()
    assert (done.exit_code, changes, grafana.writes) == (0, {}, [])


def test_a_dry_run_says_everything_and_writes_nothing(grafana):
    done, changes = run("--dry-run")
    assert done.exit_code == 0
    assert len(changes) == THINGS
    assert grafana.writes == []
    assert all(change["verb"].startswith("would ") for change in changes.values())


def test_who_may_see_what(grafana):
    run()
    names = {team["id"]: team["name"] for team in grafana.teams.values()}
    seen = {uid: {names[entry["teamId"]] for entry in rights} for uid, rights in grafana.rights.items()}
    assert seen["nongvu-operation"] == {wanted.DEPARTMENT}
    assert seen["nongvu-vi"] == {wanted.DEPARTMENT, wanted.AGRONOMISTS}
    assert wanted.FARMERS in seen["nongvu-public"]
    assert not any("role" in entry for rights in grafana.rights.values() for entry in rights), "every viewer may see it"
    for uid, board in grafana.boards.items():
        text = json.dumps(board["versions"][-1]["data"])
        public = board["meta"]["folderUid"] == "nongvu-public"
        assert public == ("nongvu-farmers" in uid)
        assert ('"nongvu-chart"' in text) != public


def test_what_people_added_stays(grafana):
    run()
    uid = "nongvu-station-vi"
    by_person(grafana, uid, lambda board: board["panels"].append(
        {"id": 77, "type": "text", "title": "Ghi chú của tôi", "gridPos": {"x": 0, "y": 200, "w": 6, "h": 4}, "options": {}}))  # fmt: skip
    by_person(grafana, uid, lambda board: board["tags"].append("của-tôi"))
    by_person(grafana, uid, lambda board: board["templating"]["list"].append({"name": "mine", "type": "custom"}))
    grafana.rights["nongvu-vi"].append({"userId": 5, "permission": 2})
    grafana.sources["mine"] = {"uid": "mine", "name": "mine", "type": "prometheus"}
    grafana.folders["mine"] = {"uid": "mine", "title": "mine", "version": 1}
    grafana.writes.clear()
    run("--overwrite")
    board = grafana.boards[uid]["versions"][-1]["data"]
    assert any(panel["title"] == "Ghi chú của tôi" for panel in board["panels"])
    assert "của-tôi" in board["tags"]
    assert any(variable["name"] == "mine" for variable in board["templating"]["list"])
    assert {"userId": 5, "permission": 2} in grafana.rights["nongvu-vi"]
    assert "mine" in grafana.sources
    run("--overwrite")
    grafana.writes.clear()
    _, changes = run("--overwrite")
    assert (changes, grafana.writes) == ({}, [])


def by_person(grafana, uid, change):
    versions = grafana.boards[uid]["versions"]
    data = json.loads(json.dumps(versions[-1]["data"]))
    change(data)
    versions.append({"version": len(versions) + 1, "message": "", "data": data})


def test_a_board_changed_by_hand_is_shown_and_put_back_only_when_told(grafana):
    run()
    uid = "nongvu-network-vi"
    by_person(grafana, uid, lambda board: board["panels"][2].update(title="Của tôi"))
    grafana.writes.clear()
    _, changes = run()
    (change,) = changes.values()
    assert change["what"] == f"board {uid}"
    assert change["verb"].startswith("left: changed by hand")
    assert any("Của tôi" in line for line in change["lines"])
    assert grafana.writes == []
    _, changes = run("--overwrite")
    assert changes[f"board {uid}"]["verb"] == "update"
    titles = [panel["title"] for panel in grafana.boards[uid]["versions"][-1]["data"]["panels"]]
    assert "Của tôi" not in titles
    _, changes = run()
    assert changes == {}


def test_a_new_version_of_a_board_replaces_ours(grafana):
    run()
    uid = "nongvu-ponds-en"
    # as if an older version of ours had been written
    grafana.boards[uid]["versions"][-1]["data"]["panels"][0]["title"] = "Older"
    _, changes = run()
    assert changes[f"board {uid}"]["verb"] == "update"
    _, changes = run()
    assert changes == {}


def test_a_data_source_that_moved_or_is_not_ours(grafana, monkeypatch):
    run()
    monkeypatch.setenv("NONGVU_GRAFANA_DATABASE", "elsewhere:6432")
    _, changes = run()
    assert set(changes) == {"data source nongvu-chart", "data source nongvu-chart-public"}
    assert grafana.sources["nongvu-chart"]["url"] == "elsewhere:6432"
    grafana.sources["nongvu-chart"]["type"] = "mysql"
    grafana.writes.clear()
    done, _ = run()
    assert done.exit_code == 1
    assert "is of type 'mysql'" in done.stderr
    assert grafana.writes == []


def test_boards_from_files_are_left_to_the_files(grafana):
    run()
    board = grafana.boards["nongvu-ponds-vi"]
    board["meta"]["provisioned"] = True
    board["versions"][-1]["data"]["panels"][0]["title"] = "Older"
    grafana.writes.clear()
    done, changes = run()
    assert changes["board nongvu-ponds-vi"]["verb"] == "left: it comes from a file"
    assert (done.exit_code, grafana.writes) == (0, [])


def test_no_permission_says_so_before_anything_is_done(grafana, monkeypatch):
    monkeypatch.setenv("NONGVU_GRAFANA_TOKEN", "somebody-elses")
    done, _ = run()
    assert done.exit_code == 1
    assert "administrator's token" in done.stderr
    assert "somebody-elses" not in done.stderr
    assert grafana.writes == []


def test_grafana_down_or_failing(grafana, monkeypatch):
    grafana.fails = {"searchTeams"}
    done, _ = run()
    assert (done.exit_code, grafana.writes) == (1, [])
    assert "try again later" in done.stderr
    monkeypatch.setenv("NONGVU_GRAFANA_URL", "http://127.0.0.1:9")
    done, _ = run()
    assert done.exit_code == 1
    assert "cannot reach Grafana" in done.stderr


def test_wrong_settings_are_named_together(monkeypatch):
    for name in ("GRAFANA_URL", "CHART_READER_PASSWORD", "CHART_PUBLIC_PASSWORD"):
        monkeypatch.delenv(f"NONGVU_{name}", raising=False)
    done = CliRunner().invoke(app, ["provision"])
    assert done.exit_code == 2
    for name in ("GRAFANA_URL", "CHART_READER_PASSWORD", "CHART_PUBLIC_PASSWORD"):
        assert f"NONGVU_{name}" in done.stderr


def test_the_public_snapshot_holds_data_and_no_query(grafana):
    run()
    kept = grafana.snapshots["nongvu-farmers-vi"]
    text = json.dumps(kept, ensure_ascii=False)
    assert "Mẫu Sơn" in text
    assert "SELECT" not in text
    assert "chart_public" not in text
    assert kept["expires"] > 0
    first = kept["dashboard"]["time"]
    time.sleep(0.01)
    _, changes = run("--snapshot")
    assert set(changes) == {"snapshot nongvu-farmers-vi", "snapshot nongvu-farmers-en"}
    assert grafana.snapshots["nongvu-farmers-vi"]["dashboard"]["time"] != first


def test_the_snapshots_data_come_from_the_real_tables(grafana, database):
    def query(sql, source, start, end):
        with psycopg.connect(database) as connection:
            connection.execute("SET ROLE chart_public_reader")
            cursor = connection.execute(expand(sql, Shown(start, end)))
            return [column.name for column in cursor.description], cursor.fetchall()

    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude) VALUES ('mau-son-1', 'station', 'Trạm Mẫu Sơn', 106.9, 21.8)"
        )
    grafana.query = query
    done, _ = run()
    assert done.exit_code == 0, done.output
    assert "Trạm Mẫu Sơn" in json.dumps(grafana.snapshots["nongvu-farmers-en"], ensure_ascii=False)


def test_only_operations_that_grafana_has(grafana, shared):
    run()
    run("--snapshot", "--overwrite")
    known = (shared / "reference" / "grafana_api_operations.txt").read_text().splitlines()
    assert set(GOLDEN.read_text().splitlines()[2:]) <= set(known)
    assert set(grafana.calls) <= set(grafana.operations)


def test_differences_and_merging_are_consistent():
    for board in BOARDS:
        built = board.build("vi")
        assert [*differences(built, json.loads(json.dumps(built)))] == []
        assert merged(built, built) == built


@pytest.mark.skipif(not REAL, reason="NONGVU_GRAFANA_URL is not set: there is no real Grafana to provision")
def test_a_real_grafana_takes_it_all(monkeypatch):
    monkeypatch.setenv("NONGVU_CHART_READER_PASSWORD", os.environ.get("NONGVU_CHART_READER_PASSWORD", "x"))
    monkeypatch.setenv("NONGVU_CHART_PUBLIC_PASSWORD", os.environ.get("NONGVU_CHART_PUBLIC_PASSWORD", "x"))
    began = datetime.now(UTC)
    done, _ = run()
    assert done.exit_code == 0, done.output
    assert (datetime.now(UTC) - began).total_seconds() < 10
    done, changes = run()
    assert (done.exit_code, changes) == (0, {})


def test_files_for_compose_say_what_the_api_is_told(monkeypatch):
    import yaml

    from dashboards.build import FOLDER
    from dashboards.settings import GrafanaSettings

    for name in ("GRAFANA_URL", "CHART_READER_PASSWORD", "CHART_PUBLIC_PASSWORD"):
        monkeypatch.setenv(f"NONGVU_{name}", "http://x")
    folder = FOLDER.parent / "provisioning"
    files = yaml.safe_load((folder / "datasources" / "nongvu.yaml").read_text())["datasources"]
    ours = wanted.data_sources(GrafanaSettings())
    assert [{name: entry[name] for name in source} for entry, source in zip(files, ours, strict=True)] == ours
    assert all(entry["secureJsonData"]["password"].startswith("$__file{/run/secrets/") for entry in files)
    providers = yaml.safe_load((folder / "dashboards" / "nongvu.yaml").read_text())["providers"]
    folders = {folder.uid: folder.title for folder in wanted.folders()}
    for provider in providers:
        assert folders[provider["folderUid"]] == provider["folder"]
        assert (FOLDER / provider["options"]["path"].rsplit("/", 1)[1]).is_dir()
    compose = (FOLDER.parents[2] / "compose.yaml").read_text()
    for mounted in (
        "./dashboards/grafana/provisioning:/etc/grafana/provisioning",
        "boards:/var/lib/boards",  # written by the service of this name, with the page's address
    ):
        assert mounted in compose
    (point,) = yaml.safe_load((folder / "alerting" / "operators.yaml").read_text())["contactPoints"]
    assert point["name"] == "nongvu-operators"
