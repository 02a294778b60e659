"""What people who look may execute, function by function, and how long a session of theirs may last."""

import asyncio
import re
import threading
import time
import uuid

import psycopg
import pytest
from psycopg import errors

from store.readers import end_long_sessions
from store.roles import drop_user, put_user

READERS = ["chart_reader", "chart_public_reader"]
#: Functions that change or hold something, or whose value changes by itself: the only ones that readers may call.
HARMLESS = {
    "clock_timestamp", "random", "random_normal", "setseed", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7",
    # of sequences, on which readers have no right
    "nextval", "currval", "lastval", "setval",
}  # fmt: skip
#: Also where PostgreSQL calls them stable: they hold what others wait for, reach files, other servers or other sessions,
#: use up numbers, or run text as a query.
DANGEROUS = re.compile(
    r"advisory|sleep|notify|^lo_|^pg_(read_|ls_|stat_file|file_)|dblink|set_config|terminate|cancel_backend|xact_id$|txid_current$"
    r"|export_snapshot$|promote|reload|rotate|backup_st|_(create|drop|copy)_.*slot|_slot_advance|stat_reset|_to_xml|_workers?$|pg_log_|switch_wal|restore_point"
)
EXECUTABLE = """
SELECT n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', p.proname, p.provolatile
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE has_function_privilege(%s, p.oid, 'EXECUTE') AND has_schema_privilege(%s, n.oid, 'USAGE')
  AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
  AND 'internal'::regtype <> ALL (p.proargtypes::oid[]::regtype[])
"""


@pytest.mark.parametrize("role", READERS)
def test_every_function_that_a_reader_may_execute_is_harmless(database: str, role: str) -> None:
    with psycopg.connect(database) as connection:
        rows = connection.execute(EXECUTABLE, [role, role]).fetchall()
        own = {row[0] for row in rows if row[0].startswith(("chart.", "chart_public."))}
        io = {name for (name,) in connection.execute(
            "SELECT DISTINCT proname FROM pg_type, LATERAL (VALUES (typinput), (typoutput), (typreceive), (typsend),"
            " (typmodin), (typmodout)) AS f (oid) JOIN pg_proc ON pg_proc.oid = f.oid::oid").fetchall()}  # fmt: skip
    assert len(rows) > 1500, "the catalogue was looked at"
    assert len(own) <= 4
    moving = {row[0] for row in rows if row[2] == "v" and row[1] not in HARMLESS | io} - own
    assert not moving
    assert not {row[0] for row in rows if DANGEROUS.search(row[1]) and row[1] not in io}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(pg_try_advisory_lock(i)) FROM generate_series(1, 10) i",
        "SELECT pg_advisory_xact_lock_shared(1, 2)",
        "SELECT pg_notify('registry', '')",
        "SELECT set_config('statement_timeout', '0', false)",
        "SELECT pg_sleep_for('1 s')",
        "SELECT lo_creat(1)",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_current_xact_id()",
        "SELECT _timescaledb_functions.stop_background_workers()",
    ],
)
def test_a_reader_is_refused(database: str, text: str) -> None:
    with psycopg.connect(database) as connection:
        for role in READERS:
            connection.execute(f"SET ROLE {role}")
            connection.commit()
            with pytest.raises((errors.InsufficientPrivilege, errors.UndefinedFunction)), connection.transaction():
                connection.execute(text)
            connection.execute("RESET ROLE")


def test_processes_keep_what_they_need(database: str) -> None:
    with psycopg.connect(database) as connection:
        for role in ("nongvu_ingest", "nongvu_analytics", "nongvu_notify", "nongvu_api"):
            connection.execute(f"SET ROLE {role}")
            connection.execute(
                "SELECT pg_try_advisory_xact_lock(1, 2), pg_notify('x', ''), set_config('jit', 'off', true)"
            )
            connection.execute("RESET ROLE")


@pytest.fixture
def reader(database: str):
    name = f"u_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        password = put_user(connection, name, "chart_public_reader")
        connection.execute(f"ALTER ROLE {name} SET statement_timeout = '500'")
        connection.execute(f"ALTER ROLE {name} SET idle_in_transaction_session_timeout = '800'")
        yield psycopg.conninfo.make_conninfo(database, user=name, password=password)
        drop_user(connection, name)


def ended(database: str, seconds: float = 8) -> list:
    found, until = [], time.monotonic() + seconds
    with psycopg.connect(database, autocommit=True) as watching:
        watching.execute("SET ROLE nongvu_analytics")
        while not found and time.monotonic() < until:
            found = end_long_sessions(watching)
            time.sleep(0.1)
    return found


def test_a_session_that_lifted_its_own_limit_is_ended(database: str, reader: str) -> None:
    failed = []

    def burn() -> None:
        with psycopg.connect(reader) as theirs:
            theirs.execute("SET statement_timeout = 0")
            try:
                theirs.execute("SELECT count(*) FROM generate_series(1, 1000000000) a, generate_series(1, 1000) b")
            except psycopg.Error as error:
                failed.append(error)

    thread = threading.Thread(target=burn)
    thread.start()
    (session,) = ended(database)
    thread.join(10)
    assert failed
    assert session.why == "query"
    assert session.seconds > 0.5


def test_a_transaction_that_is_kept_open_is_ended(database: str, reader: str) -> None:
    with psycopg.connect(reader) as theirs:
        theirs.execute("SET idle_in_transaction_session_timeout = 0")
        theirs.execute("SELECT 1")
        (session,) = ended(database)
        assert session.why == "idle in transaction"
        with pytest.raises(psycopg.OperationalError):
            theirs.execute("SELECT 1")


def test_a_transaction_of_many_short_queries_is_ended(database: str, reader: str) -> None:
    found: list = []
    with psycopg.connect(database, autocommit=True) as watching, psycopg.connect(reader) as theirs:
        for _ in range(100):
            if found:
                break
            theirs.execute("SELECT 1")
            found += end_long_sessions(watching)
            time.sleep(0.1)
        with pytest.raises(psycopg.OperationalError):
            theirs.execute("SELECT 1")
        assert [session.why for session in found] == ["transaction"]


async def test_analytics_looks_by_itself(database: str, reader: str) -> None:
    from analytics.run import readers
    from store.pool import pool

    def counted() -> float:
        return readers.ENDED.labels("idle in transaction")._value.get()

    before = counted()
    async with pool(database, name="analytics") as connections:
        task = asyncio.create_task(readers.watch(connections, readers.patience()))
        async with await psycopg.AsyncConnection.connect(reader) as theirs:
            await theirs.execute("SET idle_in_transaction_session_timeout = 0")
            for _ in range(80):
                if counted() > before:
                    break
                await asyncio.sleep(0.1)
            with pytest.raises(psycopg.OperationalError):
                await theirs.execute("SELECT 1")
        task.cancel()
    assert counted() == before + 1


def test_processes_and_quiet_readers_are_left_alone(database: str, reader: str) -> None:
    with psycopg.connect(database) as owner, psycopg.connect(reader, autocommit=True) as theirs:
        owner.execute("SELECT 1")
        theirs.execute("SELECT 1")
        assert ended(database, 2.5) == []
        assert theirs.execute("SELECT 2").fetchone() == owner.execute("SELECT 2").fetchone() == (2,)
