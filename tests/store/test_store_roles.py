"""Rights: every cell of role × table, and every statement of a process under its own role."""

import re
import uuid

import psycopg
import pytest
from psycopg import errors, sql

from store.roles import RoleError, drop_user, put_user
from store.statements import statements

PROCESSES = ["nongvu_ingest", "nongvu_analytics", "nongvu_notify", "nongvu_api"]
READERS = ["chart_reader", "chart_public_reader"]
#: Who may write what; everything else is denied. Read with the words of the design: each only its own.
WRITES = {
    "reading": {"nongvu_ingest"},
    "batch": {"nongvu_ingest"},
    "latest": {"nongvu_ingest"},
    "set_aside": {"nongvu_ingest"},
    "superseded": {"nongvu_ingest"},
    "dropped": {"nongvu_ingest"},
    # SensorThings clients make and change them too, through the API
    "datastream": {"nongvu_ingest", "nongvu_api"},
    "deployment": {"nongvu_ingest", "nongvu_api"},
    "index_value": {"nongvu_analytics"},
    "index_state": {"nongvu_analytics"},
    "unjudged": {"nongvu_analytics"},
    "lease": {"nongvu_analytics"},
    "worker": {"nongvu_analytics"},
    "alert": {"nongvu_analytics"},
    "alert_step": {"nongvu_analytics"},
    "rollup_hour": {"nongvu_analytics"},
    "verdict": {"nongvu_analytics", "nongvu_api"},
    "delivery": {"nongvu_notify", "nongvu_api"},
    "bundle": {"nongvu_notify"},
    "account": {"nongvu_api"},
    "api_key": {"nongvu_api"},
    "key_usage": {"nongvu_api"},
    "mark": {"nongvu_ingest", "nongvu_analytics", "nongvu_api", "nongvu_notify"},
    "audit": set(PROCESSES),
    "migration": set(),
}
SECRETS = {"account": {"nongvu_api"}, "api_key": {"nongvu_api"}, "session": {"nongvu_api"}, "key_usage": {"nongvu_api"},
           "personal.contact": {"nongvu_api", "nongvu_notify"}, "subscriber": {"nongvu_api", "nongvu_notify"}}  # fmt: skip


def may(connection, role, right, table):
    return connection.execute("SELECT has_table_privilege(%s, %s, %s)", [role, table, right]).fetchone()[0]


def test_the_matrix(database):
    with psycopg.connect(database) as connection:
        for table, writers in WRITES.items():
            for role in PROCESSES + READERS:
                assert may(connection, role, "INSERT", table) == (role in writers), (role, table)
        for role in PROCESSES + READERS:
            assert not may(connection, role, "DELETE", "audit"), "what was done stays written"
            assert not may(connection, role, "UPDATE", "audit")
            assert not may(connection, role, "DELETE", "reading")
            assert not may(connection, role, "TRUNCATE", "reading")
            assert not connection.execute("SELECT has_schema_privilege(%s, 'public', 'CREATE')", [role]).fetchone()[0]
        for table, readers in SECRETS.items():
            for role in PROCESSES + READERS:
                assert may(connection, role, "SELECT", table) == (role in readers), (role, table)


def test_readers_see_views_only(database):
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT n.nspname, c.relname, r.rolname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace, pg_roles r"
            " WHERE r.rolname = ANY(%s) AND relkind IN ('r', 'v', 'm', 'p')"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
            " AND has_schema_privilege(r.rolname, n.oid, 'USAGE') AND has_table_privilege(r.rolname, c.oid, 'SELECT')",
            [READERS],
        ).fetchall()
    theirs = {"chart_reader": "chart", "chart_public_reader": "chart_public"}
    others = {row[0] for row in found if row[0] != theirs[row[2]]}
    # what TimescaleDB opens to everybody: names and sizes, no reading
    readable = {row[1] for row in found if row[0] == "_timescaledb_internal"}
    assert not [name for name in readable if name.startswith(("_hyper_", "compress_hyper_"))]
    assert others <= {f"timescaledb_{name}" for name in ("information", "experimental")} | {
        f"_timescaledb_{name}" for name in ("catalog", "cache", "config", "internal")
    }


FAMILIES = {
    "nongvu_ingest": {"reading": None, "aside": None, "gateway": {
        "registry", "stations", "datastreams", "datastreams_of", "high_water", "born", "bear", "deploy", "status",
        "commands_waiting", "command_published", "command_expired", "replied", "configs_waiting", "config_published",
        "configured"}},
    "nongvu_analytics": {"rollup": None, "work": None, "lease": None, "worker": None, "mark": None, "due": None, "index_value": None,
                         "index_state": None, "alert": None},
    "nongvu_notify": {"bundle": None, "delivery": None},
    "nongvu_api": {"visible": None, "access": None, "heard": None},
}  # fmt: skip


@pytest.mark.parametrize("role", FAMILIES)
def test_every_statement_of_a_process_is_allowed_under_its_role(database, role):
    denied, tried = [], 0
    with psycopg.connect(database) as connection:
        if role == "nongvu_ingest":
            connection.execute(statements("reading")["staged"])
            connection.execute("GRANT ALL ON staged TO nongvu_ingest")
        for family, chosen in FAMILIES[role].items():
            for name, text in statements(family).items():
                if (chosen is not None and name not in chosen) or text.lstrip().upper().startswith(
                    ("COPY", "CREATE", "LISTEN")
                ):
                    continue
                plain = re.sub(r"%\((\w+)\)[sbt]", "NULL", text).replace("%%", "%")
                try:
                    with connection.transaction():
                        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
                        connection.execute("EXPLAIN " + re.sub(r"^(\s*--.*\n)+", "", plain))
                        tried += 1
                except errors.InsufficientPrivilege as error:
                    denied.append((family, name, str(error).splitlines()[0]))
                except (errors.Error, psycopg.Error):
                    continue  # NULL fits no place there; it says nothing about rights
    assert not denied
    assert tried > 0


def test_a_user_of_a_role(database, server):
    name = f"u_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        password = put_user(connection, name, "chart_reader")
        put_user(connection, name, "chart_public_reader", password)  # another role, the former is gone
        with pytest.raises(RoleError):
            put_user(connection, name, "postgres")
        try:
            with psycopg.connect(psycopg.conninfo.make_conninfo(database, user=name, password=password)) as theirs:
                assert theirs.execute("SHOW statement_timeout").fetchone() == ("5s",)
                for forbidden in (
                    "SELECT * FROM public.reading",
                    "SELECT pg_sleep(1)",
                    "CREATE TEMP TABLE x (y int)",
                    "SELECT lo_create(0)",
                    "CREATE TABLE chart_public.x (y int)",
                ):
                    with (
                        pytest.raises((errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)),
                        theirs.transaction(),
                    ):
                        theirs.execute(forbidden)
                members = theirs.execute(
                    "SELECT rolname FROM pg_auth_members JOIN pg_roles ON pg_roles.oid = roleid WHERE member = %s::regrole",
                    [name],
                ).fetchall()
                assert members == [("chart_public_reader",)]
        finally:
            drop_user(connection, name)


def test_chunks_cannot_be_reached_by_name(database):
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 's')")
        connection.execute("INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place")
        connection.execute("INSERT INTO reading SELECT '2026-01-01', 1, id, 1, 1 FROM datastream")
        chunk = connection.execute("SELECT show_chunks('reading')::text").fetchone()[0]
        connection.commit()
        for role in READERS:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
            connection.commit()
            with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"SELECT * FROM {chunk}")
            connection.execute("RESET ROLE")
        with connection.transaction():
            connection.execute("SET LOCAL ROLE nongvu_api")
            assert connection.execute("SELECT count(*) FROM reading").fetchone() == (1,)
