"""An upgrade in two steps: what the version before can bear at once, the rest when none of its processes is left."""

import shutil
from pathlib import Path

import psycopg
import pytest

from standalone.database_access import signed_in
from store.check import check
from store.migrate import POST, MigrationError, follow_timescaledb, migrate, needed
from store.roles import put_user

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


def test_who_is_no_superuser_may_look(database):
    """The owner of the tables need not be the server's administrator."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO gateway (code) VALUES ('g')")
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 'S')")
        connection.execute("INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place")
        connection.execute(
            "INSERT INTO batch (gateway, received_at, records) SELECT id, now(), 5000 FROM gateway WHERE code = 'g'"
        )
        connection.execute(
            "INSERT INTO reading SELECT now() - n * interval '1 minute', 20, datastream.id, 1, batch.id"
            " FROM generate_series(1, 5000) AS n, datastream, batch"
        )
        connection.execute("INSERT INTO latest SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_time, result, flag,"
                           " batch_id FROM reading ORDER BY datastream_id, phenomenon_time DESC")  # fmt: skip
        connection.execute("ANALYZE")
        subjects = {finding.subject for finding in check(connection, database)}
        assert {"size", "forecast"} <= subjects
        password = put_user(connection, "looks", "nongvu_analytics")
    url = signed_in(database, "looks", password)
    with psycopg.connect(url, autocommit=True) as connection:
        assert {finding.subject for finding in check(connection, url)} == subjects - {"forecast"}


def left_behind(url, version="2.19.2"):
    """The database as the image before this one left it: its extension's library is no longer there."""
    with psycopg.connect(url, autocommit=True) as connection:
        (offered,) = connection.execute(
            "SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'"
        ).fetchone()
        there = connection.execute(
            "SELECT path FROM pg_extension_update_paths('timescaledb') WHERE source = %s AND target = %s",
            [version, offered],
        ).fetchone()
        if there is None or there[0] is None:
            pytest.skip(f"this server's TimescaleDB {offered} has no way from {version}")
        connection.execute(
            "UPDATE _timescaledb_catalog.metadata SET value = %s WHERE key = 'timescaledb_version'", [version]
        )
        connection.execute("UPDATE pg_extension SET extversion = %s WHERE extname = 'timescaledb'", [version])
    with psycopg.connect(url) as connection, pytest.raises(psycopg.Error, match=version):
        connection.execute("SELECT count(*) FROM batch")
    return offered


def test_the_extension_follows_the_servers_programs_before_anything_else(database):
    offered = left_behind(database)
    assert migrate(database) == []
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone() == (
            offered,
        )
        assert connection.execute("SELECT count(*) FROM batch").fetchone() == (0,)
    assert migrate(database) == []


def test_who_may_not_update_the_extension_is_told_what_to_do(database):
    name = "migrator_without_the_extension"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'secret'")
    other = psycopg.conninfo.make_conninfo(database, user=name, password="secret")
    try:
        follow_timescaledb(other)  # up to date: nobody has to do anything
        left_behind(database)
        with pytest.raises(MigrationError, match="ALTER EXTENSION timescaledb UPDATE"):
            follow_timescaledb(other)
    finally:
        follow_timescaledb(database)
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"DROP ROLE {name}")
