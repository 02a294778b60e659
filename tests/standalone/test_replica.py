"""Readers go to a streaming replica, and back to the primary when it is gone (design: many machines)."""

import os
import shutil
import subprocess
import time

import psycopg

from standalone.services import Database, program
from standalone.services.folders import account
from store.migrate import migrate
from tests.conftest import FAST, server_folder


def wait_for(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def copy_of(primary: Database, folder) -> None:
    folder.mkdir()
    command = [program("pg_basebackup"), "--host", "127.0.0.1", "--port", str(primary.port), "--username", "postgres",
               "--pgdata", str(folder / "data"), "--write-recovery-conf", "--wal-method", "stream", "--checkpoint", "fast"]  # fmt: skip
    subprocess.run(command, check=True, env=os.environ | {"PGPASSWORD": primary.password}, capture_output=True)
    shutil.copy(primary.folder / "password", folder / "password")
    shutil.copy(primary.folder / "timescaledb", folder / "timescaledb")
    owner = account()
    if owner.uid is not None:
        for path in (folder / "data", *(folder / "data").rglob("*")):
            os.chown(path, owner.uid, owner.gid)


def test_rows_reach_the_replica_in_half_a_second_and_readers_survive_its_death():
    with server_folder() as folder:
        primary = Database.start(folder / "primary", settings=FAST | {"max_wal_senders": "4"})
        try:
            migrate(primary.create("nongvu"))
            copy_of(primary, folder / "replica")
            replica = Database.start(folder / "replica", settings=FAST | {"hot_standby": "on"})
            try:
                follow(primary, replica)
            finally:
                replica.stop()
        finally:
            primary.stop()


def follow(primary: Database, replica: Database) -> None:
    hosts = f"127.0.0.1:{replica.port},127.0.0.1:{primary.port}"
    read_url = f"postgresql://postgres:{primary.password}@{hosts}/nongvu?target_session_attrs=prefer-standby"
    with (
        psycopg.connect(primary.url(), autocommit=True) as writer,
        psycopg.connect(read_url, autocommit=True) as reader,
    ):
        assert reader.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        writer.execute("INSERT INTO place (code, kind, name) VALUES ('lang-son', 'province', 'Lạng Sơn')")
        started = time.monotonic()
        wait_for(lambda: reader.execute("SELECT count(*) FROM place").fetchone() == (1,))
        assert time.monotonic() - started < 5  # 0.5 s where nothing else runs; this machine may be busy
    replica.kill()
    with psycopg.connect(read_url) as reader:
        assert reader.execute("SELECT pg_is_in_recovery(), count(*) FROM place").fetchone() == (False, 1)
