"""The fixtures every other test stands on."""

import psycopg
import pytest


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own_migrated_database(database, turn):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE only_here (x int)")
        (tables,) = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables > 1  # the migrations' and ours


def test_empty_database_has_the_extension_alone(empty_database):
    with psycopg.connect(empty_database) as connection:
        (version,) = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tuple(map(int, version.split("."))) >= (2, 19)
    assert tables == 0
