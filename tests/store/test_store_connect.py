"""A command whose database cannot be reached says so in a line, and nothing of our code; exit code 1."""

import importlib
import socket

import pytest
from typer.testing import CliRunner

import nongvu

COMMANDS = (
    "ingest aside",
    "ingest reprocess",
    "ingest forecast FILE --place station-1",
    "notify queue",
    "notify approve",
    "notify retry 1",
    "subscriber list",
    "subscriber stop 1",
    "rule check",
    "analytics explain station-1 2026-01-20 air_temperature_mean",
    "analytics backfill --from 2026-01-20",
    "analytics skill",
    "dashboards preview FOLDER",
    "place list",
    "season list",
    "gateway list",
    "key list",
    "account list",
    "store check",
)


@pytest.fixture
def nowhere(monkeypatch):
    """Address of a database that is not there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port, word = closed.getsockname()[1], "not-to-be-shown"
        monkeypatch.setenv("NONGVU_DATABASE_URL", f"postgresql://who:{word}@127.0.0.1:{port}/x")
        yield


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_database_that_is_away_is_told_in_a_line(command, tmp_path):
    file = tmp_path / "forecast.csv"
    file.write_text("valid_time,air_temperature\n2026-01-20T00:00,12.5\n")
    room, *words = (
        command.replace("FILE", f"{file} --issued 2026-01-20T00:00:00").replace("FOLDER", str(tmp_path)).split()
    )
    app = getattr(importlib.import_module(nongvu.ROOMS[room].module), nongvu.ROOMS[room].attribute)
    done = CliRunner().invoke(app, words)
    assert isinstance(done.exception, SystemExit), (done.exception, done.output)
    assert done.exit_code == 1, done.output
    assert "cannot reach the database of NONGVU_DATABASE_URL" in done.stderr
    assert "not-to-be-shown" not in done.output
