"""Readers go to a streaming replica, and back to the primary when it is gone (design: many machines).

The replica is copied as compose copies it: by `deployment/database.sh`, `users.py` and `replica.sh`, on embedded servers.
"""

import os
import shutil
import subprocess
import time
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from api.run import opened
from api.settings import ApiSettings
from standalone.services import Database, program
from standalone.services.folders import account
from store.migrate import migrate
from tests.conftest import FAST, server_folder

DEPLOYMENT = Path(__file__).parents[2] / "deployment"
PASSWORD = "only for this test"


def copy_of(primary: Database, folder: Path) -> None:
    """What the containers do: the database's own script, the login, the replica's script up to its start."""
    data = folder / "data"
    data.mkdir(parents=True)
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "database_replication_password").write_text(PASSWORD)
    own = os.environ | {"PGDATA": str(primary.folder / "data")}
    subprocess.run(["sh", DEPLOYMENT / "database.sh"], check=True, env=own)
    with psycopg.connect(primary.url("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_reload_conf()")
        role = sql.SQL("CREATE ROLE nongvu_replication LOGIN REPLICATION PASSWORD {}")
        connection.execute(role.format(sql.Literal(PASSWORD)))
    own = os.environ | {
        "PGDATA": str(data), "PRIMARY": "127.0.0.1", "PGPORT": str(primary.port), "SECRETS": str(secrets),
        "PATH": f"{program('pg_basebackup').parent}:{os.environ['PATH']}", "POSTGRES": "true",
    }  # fmt: skip
    for _ in range(2):  # also after a copy that broke off: its slot is there already
        (data / "copied").unlink(missing_ok=True)
        done = subprocess.run(["sh", DEPLOYMENT / "replica.sh"], env=own, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    shutil.copy(primary.folder / "password", folder / "password")
    shutil.copy(primary.folder / "timescaledb", folder / "timescaledb")
    owner = account()
    if owner.uid is not None:
        for path in (data, *data.rglob("*")):
            os.chown(path, owner.uid, owner.gid)


@pytest.fixture
def primary():
    with server_folder() as folder:
        server = Database.start(folder / "primary", settings=FAST | {"max_wal_senders": "4"})
        try:
            migrate(server.create("nongvu"))
            yield server
        finally:
            server.stop()


async def asked(resources, query):
    async with resources.reading() as connection:
        return (await (await connection.execute(query)).fetchone())[0]


async def test_the_api_reads_from_a_replica_and_survives_its_death(primary):
    with server_folder() as folder:
        copy_of(primary, folder / "replica")
        replica = Database.start(folder / "replica", settings=FAST | {"hot_standby": "on"})
        try:
            hosts = f"127.0.0.1:{replica.port},127.0.0.1:{primary.port}"
            settings = ApiSettings(
                database_url=primary.url(),
                database_read_url=f"postgresql://postgres:{primary.password}@{hosts}/nongvu?target_session_attrs=prefer-standby",
            )
            async with opened(settings) as resources:
                await follow(primary, replica, resources)
        finally:
            replica.stop()


async def follow(primary, replica, resources):
    assert await asked(resources, "SELECT pg_is_in_recovery()") is True
    lags = []
    with psycopg.connect(primary.url(), autocommit=True) as writer:
        assert writer.execute("SELECT slot_name, active FROM pg_replication_slots").fetchall() == [("replica_1", True)]
        for n in range(20):
            writer.execute("INSERT INTO place (code, kind, name) VALUES (%s, 'province', 'Lạng Sơn')", [f"place-{n}"])
            written = time.monotonic()
            while await asked(resources, "SELECT count(*) FROM place") <= n:
                assert time.monotonic() - written < 30
            lags.append(time.monotonic() - written)
    replica.kill()
    killed = time.monotonic()
    while True:
        try:
            assert await asked(resources, "SELECT count(*) FROM place") == 20
            break
        except psycopg.OperationalError:
            assert time.monotonic() - killed < 30
    moved = time.monotonic() - killed
    assert await asked(resources, "SELECT pg_is_in_recovery()") is False
    print(f"rows visible after {1000 * sorted(lags)[10]:.0f} ms (median), {1000 * max(lags):.0f} ms at most;"
          f" readers on the primary {moved:.2f} s after the replica was killed")  # fmt: skip
