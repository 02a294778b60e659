"""Places and gateways through the command, as an operator types it."""

import importlib
import json
import os
import subprocess
import sys

import psycopg
import pytest
from typer.testing import CliRunner

from nongvu import ROOMS


@pytest.fixture
def nongvu(database, monkeypatch):
    """The command, within this process."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)

    def call(room, *arguments, code=0):
        where = ROOMS[room]
        done = CliRunner().invoke(getattr(importlib.import_module(where.module), where.attribute), [*arguments])
        assert done.exit_code == code, done.output + repr(done.exception)
        return done.output

    return call


def test_the_register_of_lang_son(nongvu, database):
    assert "66 places" in nongvu("place", "import", "--register", "lang-son")
    nongvu("place", "import", "--register", "lang-son")  # harmless to repeat
    rows = json.loads(nongvu("place", "list", "--kind", "commune", "--json"))
    assert len(rows) == 65
    assert {row["parent"] for row in rows} == {"lang-son"}
    assert "Mẫu Sơn" in {row["name"] for row in rows}
    with psycopg.connect(database) as connection:
        codes = connection.execute(
            "SELECT count(DISTINCT properties ->> 'register_code'), count(geometry) FROM place WHERE kind = 'commune'"
        ).fetchone()
    assert codes == (65, 0)  # no boundary is invented


def test_station_and_gateway(nongvu, database):
    nongvu("place", "import", "--register", "lang-son")
    nongvu("gateway", "add", "hut-01")
    nongvu("place", "add", "mau-son-1", "station", "Trạm Mẫu Sơn", "--parent", "lang-son-mau-son", "--gateway", "hut-01",
           "--latitude", "21.85", "--longitude", "106.92")  # fmt: skip
    (row,) = json.loads(nongvu("gateway", "list", "hut-01", "--json"))
    assert row["stations"] == ["mau-son-1"]
    said = nongvu("gateway", "add", "hut-02", "--station", "mau-son-1")  # a station is one gateway's at a time
    assert "mau-son-1 was hut-01's until now" in said
    assert "until now" not in nongvu("gateway", "add", "hut-02", "--station", "mau-son-1")
    rows = {row["code"]: row for row in json.loads(nongvu("gateway", "list", "--json"))}
    assert (rows["hut-01"]["stations"], rows["hut-02"]["stations"]) == ([], ["mau-son-1"])
    said = nongvu("gateway", "list")
    assert "hut-02  never seen" in said
    assert "api  takes readings posted to the API" in said
    assert "Trạm Mẫu Sơn" in nongvu("place", "list", "--below", "lang-son-mau-son")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'gateway add'").fetchone() == (3,)
    assert "secrets" in nongvu("gateway", "rotate", "hut-01", code=1)  # no broker was named
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM audit WHERE action = 'gateway rotate'").fetchone() == (0,)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("place", "add", "Bad Code", "farm", "x"), "no code"),
        (("place", "add", "x", "castle", "x"), "no kind"),
        (("place", "add", "x", "farm", "x", "--parent", "nowhere"), "parent 'nowhere' is unknown"),
        (("place", "add", "x", "farm", "x", "--latitude", "100", "--longitude", "1"), "latitude 100"),
        (("place", "add", "x", "farm", "x", "--time-zone", "Mars/Olympus"), "no IANA time zone"),
        (("gateway", "add", "UPPER"), "no gateway code"),
        (("gateway", "add", "g", "--station", "nowhere"), "no station 'nowhere'"),
        (("gateway", "orders", "nobody"), "no gateway 'nobody'"),
    ],
)
def test_what_cannot_be_is_said_in_words(nongvu, arguments, says):
    assert says in nongvu(*arguments, code=1)


def test_import_is_all_or_nothing(nongvu, tmp_path):
    file = tmp_path / "places.csv"
    file.write_text("code,kind,name,parent\nfarm-1,farm,Farm,\nfield-1,field,Field,farm-2\n")
    assert "farm-2" in nongvu("place", "import", str(file), code=1)
    assert json.loads(nongvu("place", "list", "--json")) == []
    file.write_text("code,kind,name,parent\nfarm-1,farm,Farm,\nfield-1,field,Field,farm-1\n")
    assert "2 places" in nongvu("place", "import", str(file))


def test_wrong_settings_end_with_two():
    environment = {key: value for key, value in os.environ.items() if key != "NONGVU_DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, "-m", "nongvu", "place", "list"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "NONGVU_DATABASE_URL" in done.stderr


def test_store_check_finds_an_orphan(nongvu, database):
    nongvu("store", "check")
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO reading VALUES ('2026-01-01', 1, 999, 1, 1)")
    findings = json.loads(nongvu("store", "check", "--json", code=1))
    assert {row["subject"] for row in findings if row["grade"] == "wrong"} == {"orphans"}
