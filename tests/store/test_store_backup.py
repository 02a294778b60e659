"""A copy put back is the same database."""

import psycopg
import pytest

from standalone.services import program
from store.backup import BackupError, backup, fingerprint, restore
from store.migrate import migrate


def test_what_is_restored_is_what_was_there(database, server, tmp_path):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name) SELECT 's' || n, 'station', 's' FROM generate_series(1, 5) n"
        )
        connection.execute("INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place")
        connection.execute(
            "INSERT INTO reading SELECT t, random(), id, 1, 1 FROM datastream,"
            " generate_series('2026-01-01'::timestamptz, '2026-03-01', '1 hour') t"
        )
        connection.execute("INSERT INTO superseded VALUES (1, '2026-01-01', 'NaN', 1, 1, 0, 1, 1, now())")
        connection.commit()
        before = fingerprint(connection)
    file = tmp_path / "copy"
    assert backup(database, file, program=str(program("pg_dump"))) > 1000
    other = server.create("restored_here")
    try:
        restore(other, file, program=str(program("pg_restore")))
        assert migrate(other) == []  # nothing is left to do
        with psycopg.connect(other) as connection:
            assert fingerprint(connection) == before
            assert before["public.reading"][0] == 5 * 1417
            connection.execute("INSERT INTO reading VALUES ('2027-01-01', 1, 1, 1, 1)")  # a new chunk can be made
            assert connection.execute(
                "SELECT has_table_privilege('nongvu_ingest', 'reading', 'INSERT')"
            ).fetchone() == (True,)
        with pytest.raises(BackupError, match="not empty"):
            restore(other, file, program=str(program("pg_restore")))
    finally:
        server.drop("restored_here")


def test_a_backup_that_fails_leaves_no_file(empty_database, database, tmp_path):
    with pytest.raises(BackupError, match="migrate"):
        backup(empty_database, tmp_path / "copy")
    with pytest.raises(BackupError, match="failed"):
        backup(database, tmp_path / "copy", program="false")
    assert list(tmp_path.iterdir()) == []
