"""An upgrade in two steps: what the version before can bear at once, the rest when none of its processes is left."""

import shutil
from pathlib import Path

import psycopg
import pytest

from store.check import check
from store.migrate import POST, MigrationError, migrate, needed

MIGRATIONS = Path(__file__).parents[2] / "store" / "migrations"


@pytest.fixture
def next_version(tmp_path):
    """The migrations of today and two of a next version, the second of which has to wait."""
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder)
    (folder / "9000_weather.sql").write_text("ALTER TABLE batch ADD COLUMN weather text;\n")
    (folder / "9001_weather_gone.sql").write_text(f"{POST}\nALTER TABLE batch DROP COLUMN weather;\n")
    return folder


def columns(url):
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = 'batch'")
        return {name for (name,) in rows}


def test_what_the_version_before_cannot_bear_waits(database, next_version):
    assert migrate(database, post=False, folder=next_version) == ["9000_weather.sql"]
    assert "weather" in columns(database)
    assert migrate(database, post=True, folder=next_version) == ["9001_weather_gone.sql"]
    assert "weather" not in columns(database)


def test_what_builds_on_an_upgrade_that_was_not_ended_is_refused(database, next_version):
    migrate(database, post=False, folder=next_version)
    (next_version / "9002_season.sql").write_text("ALTER TABLE batch ADD COLUMN season text;\n")
    with pytest.raises(MigrationError, match=r"9002_season\.sql comes after 9001_weather_gone\.sql.*--post"):
        migrate(database, post=False, folder=next_version)
    assert migrate(database, post=True, folder=next_version) == ["9001_weather_gone.sql", "9002_season.sql"]


def test_a_new_database_gets_everything_at_once(empty_database, next_version):
    ran = migrate(empty_database, post=False, folder=next_version)
    assert {"9000_weather.sql", "9001_weather_gone.sql"} <= set(ran)


def test_a_lock_that_is_held_for_long_is_waited_for_without_holding_up_others(database, next_version, monkeypatch):
    monkeypatch.setattr("store.migrate.PATIENCE", 1)
    monkeypatch.setattr("store.migrate.TRIES", 1)
    with psycopg.connect(database) as reader:
        reader.execute("SELECT count(*) FROM batch")  # a long query: its lock lasts as long as its transaction
        with pytest.raises(MigrationError, match="lock"):
            migrate(database, post=False, folder=next_version)
    assert migrate(database, post=False, folder=next_version) == ["9000_weather.sql"]


def test_a_schema_that_is_too_old_is_wrong(database):
    with psycopg.connect(database, autocommit=True) as connection:
        assert all(finding.subject != "schema" for finding in check(connection, database))
        connection.execute("DELETE FROM migration WHERE name = %s", [max(needed())])
        (finding,) = check(connection, database)
    assert (finding.grade, finding.subject) == ("wrong", "schema")
    assert "nongvu store migrate" in finding.says
