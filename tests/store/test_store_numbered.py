"""The upgrade that numbers indices and gives seasons their subjects: of a database with history, while ingest goes on."""

import datetime as dt
import threading

import psycopg
import pytest

from store.migrate import MigrationError, migrate, migrations

#: Migrations of version 0.1.0.
FORMER = ("0001", "0002", "0003", "0004", "0005", "0100", "0101", "0200", "0201", "0202", "0203", "0300", "0301", "0302",
          "0303", "0304", "0400", "0401", "0402", "0403", "0404", "0405", "0406", "0407", "0500")  # fmt: skip
START = dt.datetime(2024, 1, 1, 17, tzinfo=dt.UTC)
ROWS = """
SELECT place, index, {subject}, reference_time::text, time, value, method, completeness FROM {table} ORDER BY 1, 2, 3, 4, 5
"""


@pytest.fixture
def before(empty_database):
    """A database of the version before, with two seasons, two years of index values and an hour's rollup."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE migration (name text PRIMARY KEY, checksum text NOT NULL,"
            " ran_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        for one in migrations():
            if one.name.startswith(FORMER):
                with connection.transaction():
                    connection.execute(one.sql)
                    connection.execute("INSERT INTO migration VALUES (%s, %s)", [one.name, one.checksum])
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('f', 'field', 'F'), ('s', 'station', 'S')")
        connection.execute(
            "INSERT INTO season (place, crop, sown, ended) VALUES (1, 'maize', '2024-02-01', '2024-06-01'),"
            " (1, 'rice_spring', '2025-02-01', NULL)"
        )
        connection.execute(
            "INSERT INTO index_value SELECT place, index, CASE place WHEN 1 THEN 2 ELSE 0 END, reference, day, random(),"
            " CASE WHEN index = 'precipitation_sum' THEN 'hours' ELSE '' END, 0.5"
            " FROM generate_series(1, 2) AS place, unnest(ARRAY['precipitation_sum', 'air_temperature_mean']) AS index,"
            " unnest(ARRAY['-infinity'::timestamptz, '2024-05-01Z']) AS reference,"
            " generate_series(%s::timestamptz, %s::timestamptz, '1 day') AS day",
            [START, START + dt.timedelta(days=730)],
        )
        connection.execute(
            "INSERT INTO alert (rule, hazard, place, season, basis, state, level, started, ended, course) VALUES"
            " ('cold_spell', 'cold', 1, 2, 'observed', 'ended', 1, %s, %s, %s)",
            [START, START + dt.timedelta(days=9), '[["2024-01-01", 1], ["2024-01-05", 3], ["2024-01-08", 1]]'],
        )
        connection.execute(
            "INSERT INTO due (at, owner, kind, subject) VALUES (%s, 'analytics', 'silence', '1')", [START]
        )
        connection.execute(
            "INSERT INTO index_state (place, index, season, time, state) VALUES (1, 'drought_code', 2, %s, '{1,2}')",
            [START],
        )
    return empty_database


def test_index_values_are_the_same_afterwards(before):
    with psycopg.connect(before) as connection:
        values = connection.execute(ROWS.format(table="index_value", subject="season")).fetchall()
    assert len(values) == 2 * 2 * 2 * 731
    assert {"0211_numbered_indices.sql", "0213_index_values_moved.sql"} <= set(migrate(before))
    with psycopg.connect(before, autocommit=True) as connection:
        assert connection.execute(ROWS.format(table="indexed", subject="subject")).fetchall() == values
        assert connection.execute("SELECT to_regclass('index_value_former')").fetchone() == (None,)
        state = "SELECT place, name, subject, state FROM index_state JOIN index_name ON id = index"
        assert connection.execute(state).fetchall() == [(1, "drought_code", 2, [1.0, 2.0])]
        names = connection.execute("SELECT count(*), max(id) FROM index_name").fetchone()
        assert names == (3, 3)  # no number is wasted
    assert migrate(before) == []


def test_seasons_keep_their_ids_and_become_subjects(before):
    migrate(before)
    subjects = "SELECT id, kind, code, valid_from, valid_to FROM subject WHERE isfinite(valid_to) ORDER BY id"
    with psycopg.connect(before, autocommit=True) as connection:
        assert connection.execute(subjects).fetchall()[0] == (
            1, "season", "maize", dt.date(2024, 2, 1), dt.date(2024, 6, 1)
        )  # fmt: skip
        (product,) = connection.execute(
            "INSERT INTO subject (place, kind, code) VALUES (1, 'product', 'na') RETURNING id"
        ).fetchone()
        (season,) = connection.execute(
            "INSERT INTO season (place, crop, sown) VALUES (1, 'tobacco', '2026-01-01') RETURNING id"
        ).fetchone()
        assert (product, season) == (3, 4)  # one sequence
        connection.execute("UPDATE season SET ended = '2026-06-01', crop = 'chilli' WHERE id = %s", [season])
        assert connection.execute("SELECT code, valid_to FROM subject WHERE id = %s", [season]).fetchone() == (
            "chilli",
            dt.date(2026, 6, 1),
        )
        connection.execute("DELETE FROM season WHERE id = %s", [season])
        assert connection.execute("SELECT count(*) FROM subject WHERE id = %s", [season]).fetchone() == (0,)


def test_alerts_keep_their_season_and_get_their_peak(before):
    migrate(before)
    with psycopg.connect(before, autocommit=True) as connection:
        assert connection.execute("SELECT subject, level, level_highest FROM alert").fetchone() == (2, 1, 3)
        assert connection.execute("SELECT topic FROM due").fetchone() == ("1",)
        connection.execute("UPDATE alert SET course = '[]', level = 2")
        assert connection.execute("SELECT level_highest FROM alert").fetchone() == (2,)
        assert connection.execute("SELECT season, subject, level_highest FROM chart.alert").fetchone() == (2, 2, 2)


@pytest.mark.parametrize("process", ["nongvu-analytics", "nongvu-analytics-listen", "nongvu-api-read", "nongvu-notify"])
def test_it_is_refused_beside_processes_of_the_version_before(before, process):
    with psycopg.connect(before, application_name=process):
        with pytest.raises(MigrationError, match=r"stop analytics, api, notify on every machine.*ingest may go on"):
            migrate(before)
        with psycopg.connect(before) as connection:
            assert connection.execute("SELECT to_regclass('subject')").fetchone() == (None,)


def test_ingest_goes_on_meanwhile(before):
    stop, stored = threading.Event(), 0

    def ingest():
        nonlocal stored
        with psycopg.connect(before, application_name="nongvu-ingest-0") as connection:
            while not stop.is_set():
                time = START + dt.timedelta(minutes=stored)
                connection.execute("INSERT INTO reading VALUES (%s, 1, 1, 1, 1)", [time])
                connection.execute(
                    "INSERT INTO mark (place, from_time, to_time, cause) VALUES (2, %s, %s, 'reading')", [time] * 2
                )
                connection.commit()
                stored += 1

    worker = threading.Thread(target=ingest)
    worker.start()
    try:
        assert "0213_index_values_moved.sql" in migrate(before)
    finally:
        stop.set()
        worker.join()
    with psycopg.connect(before) as connection:
        assert stored > 10
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (stored,)


#: Stands in the way of rows from September 2024 on, as soon as there is a procedure that moves them.
CUT = """
CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.time > '2024-09-01' THEN RAISE EXCEPTION 'cut'; END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION arm() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    CREATE TRIGGER cut BEFORE INSERT ON index_value FOR EACH ROW EXECUTE FUNCTION cut();
END $$;
CREATE EVENT TRIGGER arm ON ddl_command_end WHEN TAG IN ('CREATE PROCEDURE') EXECUTE FUNCTION arm();
"""


def test_what_was_moved_when_it_broke_off_stays_moved(before):
    """The second run ends what the first began, and readers see all of it meanwhile."""
    with psycopg.connect(before, autocommit=True) as connection:
        values = connection.execute(ROWS.format(table="index_value", subject="season")).fetchall()
        connection.execute(CUT)
        with pytest.raises(MigrationError, match="cut"):
            migrate(before)
        connection.execute("DROP EVENT TRIGGER arm; DROP TRIGGER cut ON index_value")
        left = connection.execute("SELECT count(*) FROM index_value_former").fetchone()[0]
        assert 0 < left < len(values)
        assert connection.execute(ROWS.format(table="indexed", subject="subject")).fetchall() == values
        migrate(before)
        assert connection.execute(ROWS.format(table="indexed", subject="subject")).fetchall() == values
