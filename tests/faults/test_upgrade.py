"""F35: an upgrade under load: backup, schema, processes one by one, and last what the old ones could not have borne."""

import asyncio
import shutil
import signal
import time
from pathlib import Path

import psycopg
import pytest

from standalone.services import program
from store.backup import backup
from store.check import check
from store.migrate import migrate
from tests.faults.chaos import LedgerGateway, compare, drained, percentile, running
from tests.faults.table import note
from tests.faults.workers import Analytics
from tests.ingest.field import Worker

pytestmark = [pytest.mark.faults, pytest.mark.slow]
MIGRATIONS = Path(__file__).parents[2] / "store" / "migrations"
#: What a next version could bring: a column and an index on tables that are being written, then a column gone.
PRE = """
ALTER TABLE batch ADD COLUMN weather text;
ALTER TABLE reading ADD COLUMN accuracy real;
CREATE INDEX batch_weather ON batch (weather) WHERE weather IS NOT NULL;
"""
CONCURRENT = (
    "-- outside a transaction\nCREATE INDEX CONCURRENTLY batch_hour_of_gateway ON batch (received_at, gateway)\n;\n"
)
POST = "-- post: when every process is of this version\nALTER TABLE batch DROP COLUMN weather;\n"


def next_version(folder):
    """The migrations of today and those of the next version, in a folder of their own."""
    shutil.copytree(MIGRATIONS, folder)
    (folder / "9000_weather.sql").write_text(PRE.lstrip())
    (folder / "9001_hour.sql").write_text(CONCURRENT)
    (folder / "9002_weather_gone.sql").write_text(POST)
    return folder


async def replace_each(workers):
    """Stop and start one after the other, as an operator does; longest time that one was away [s]."""
    away = []
    for worker in workers:
        began = time.monotonic()
        worker.process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(worker.process.wait, 60)
        assert code == 0, worker.log.read_text()[-2000:]
        await (worker.ready() if type(worker) is Worker else asyncio.sleep(0, worker.start()))
        away.append(time.monotonic() - began)
    return max(away)


async def test_f35_rolling_upgrade_under_load(own_server, own_broker, tmp_path):
    url = own_server.create("nongvu")
    migrate(url)
    folder = next_version(tmp_path / "migrations")
    shared = {"NONGVU_INGEST_WORKERS": "2"}
    ingest = [Worker(url, own_broker, tmp_path, NONGVU_INGEST_WORKER=str(k), **shared) for k in (0, 1)]
    analytics = Analytics(url, own_broker, tmp_path)
    gateways = [LedgerGateway(own_broker.url, f"g-{n}") for n in range(6)]
    for gateway in gateways:
        gateway.register(url)
    try:
        for worker in ingest:
            await worker.ready()
        analytics.start()
        async with running(gateways, rate=10):
            await asyncio.sleep(3)
            saved = await asyncio.to_thread(backup, url, tmp_path / "before.dump", program=str(program("pg_dump")))
            ran, began = await asyncio.to_thread(migrate, url, post=False, folder=folder), time.monotonic()
            assert ran == ["9000_weather.sql", "9001_hour.sql"]
            away = await replace_each([*ingest, analytics])
            post = await asyncio.to_thread(migrate, url, post=True, folder=folder)
            assert post == ["9002_weather_gone.sql"]
            upgraded = time.monotonic() - began
            await asyncio.sleep(2)
            seconds = await drained(gateways, 120)
        figures = compare(url, gateways)
        with psycopg.connect(url, autocommit=True) as connection:
            wrong = [finding for finding in check(connection, url) if finding.grade == "wrong"]
        assert not wrong
        waited = [second for gateway in gateways for second in gateway.waited]
        note("F35", "rolling upgrade under load", "backup; 2 migrations; 2 × ingest, 1 × analytics replaced; 1 post-migration",
             **figures, longest_receipt=f"{percentile(waited, 100):.1f} s", longest_away=f"{away:.1f} s",
             upgraded_in=f"{upgraded:.1f} s", drained_in=f"{seconds:.1f} s", backup=f"{saved >> 10} KiB")  # fmt: skip
    finally:
        for worker in (*ingest, analytics):
            if worker.process is not None and worker.process.poll() is None:
                worker.kill()
