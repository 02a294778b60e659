"""Retention: old chunks go when an operator says so; what comes of readings stays."""

import datetime as dt
import json

import psycopg
import pytest
from typer.testing import CliRunner

from store.commands.tables import app
from store.retention import LEAST_DAYS, RetentionError, set_policy

TODAY = dt.datetime.now(dt.UTC)


@pytest.fixture
def old_readings(database, monkeypatch):
    """A reading every ten days of the last three years, rolled up by day."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's')")
        connection.execute("INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place")
        times = [TODAY - dt.timedelta(days=10 * n) for n in range(110)]
        connection.execute("INSERT INTO reading SELECT t, 1, 1, 1, 1 FROM unnest(%s::timestamptz[]) AS t", [times])
        connection.execute(
            "INSERT INTO rollup_day SELECT 1, t, 1, 1, 1, 1, 1, 1, 0, 0, 1 FROM unnest(%s::timestamptz[]) AS t", [times]
        )
        yield connection


def said(*arguments):
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_old_readings_go_when_told_and_not_before(old_readings):
    count = lambda: old_readings.execute("SELECT count(*), min(phenomenon_time) FROM reading").fetchone()  # noqa: E731
    code, text = said("drop-chunks", "--older-than", "500")
    assert (code, count()[0]) == (0, 110)
    assert "would drop" in text
    assert "--yes" in text
    code, text = said("drop-chunks", "--older-than", "500", "--yes", "--json")
    assert code == 0
    dropped = json.loads(text)
    assert dropped["dropped"]
    assert len(dropped["chunks"]) > 50
    left, oldest = count()
    # chunks of seven days go whole: nothing younger than asked for, nothing a week older is left
    assert 51 <= left <= 52
    assert dt.timedelta(490) < TODAY - oldest < dt.timedelta(508)
    assert old_readings.execute("SELECT count(*) FROM rollup_day").fetchone() == (110,)
    assert json.loads(said("drop-chunks", "--older-than", "500", "--json")[1])["chunks"] == []


def test_what_gateways_may_still_send_is_not_dropped(old_readings):
    code, text = said("drop-chunks", "--older-than", str(LEAST_DAYS - 1), "--yes")
    assert code == 2
    assert str(LEAST_DAYS) in text
    assert old_readings.execute("SELECT count(*) FROM reading").fetchone() == (110,)


def test_the_apache_edition_says_that_it_drops_nothing_by_itself(old_readings):
    assert said("retain") == (0, "raw readings are kept for ever; rollups for ever\n")
    code, text = said("retain", "1100")
    assert code == 1
    assert "drop-chunks --older-than 1100 --yes" in text
    with pytest.raises(RetentionError, match="timer"):
        set_policy(old_readings, 1100)
    assert said("retain", "--for-ever")[0] == 0
