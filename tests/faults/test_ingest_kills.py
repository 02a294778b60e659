"""F1–F3, F5–F7, F11: everything between gateway and table is killed at random; nothing is lost, nothing is there twice."""

import asyncio
import os
import random
import shutil

import psycopg
import pytest

from store.migrate import migrate
from tests.faults.chaos import LedgerGateway, compare, drained, running
from tests.faults.table import note
from tests.ingest.field import Worker

pytestmark = pytest.mark.faults
SOAK = float(os.environ.get("NONGVU_SOAK_SECONDS", "600"))


class Stage:
    """Database, broker and worker, each of which can be broken."""

    def __init__(self, server, broker, folder, seed):
        self.server, self.broker = server, broker
        self.url = server.create("nongvu")
        migrate(self.url)
        self.worker = Worker(self.url, broker, folder)
        self.chance = random.Random(seed)
        self.kills = {"ingest": 0, "broker": 0, "database": 0}
        self.gateways = [LedgerGateway(broker.url, f"g-{n}") for n in range(3)]
        for gateway in self.gateways:
            gateway.register(self.url)

    async def __aenter__(self):
        await self.worker.ready()
        return self

    async def __aexit__(self, *_):
        if self.worker.process.poll() is None:
            self.worker.kill()

    async def ingest(self, away=0.0):
        self.worker.kill()
        self.kills["ingest"] += 1
        await asyncio.sleep(away)
        self.worker.start()

    async def kill_broker(self):
        await asyncio.to_thread(self.broker.kill)
        self.kills["broker"] += 1
        await asyncio.to_thread(self.broker.restart)

    async def database(self):
        await asyncio.to_thread(self.server.kill)
        self.kills["database"] += 1
        await asyncio.to_thread(self.server.restart)

    async def wait(self, least, most):
        await asyncio.sleep(self.chance.uniform(least, most))

    async def finish(self, identifier, fault, **more):
        """Drain, compare, write the row; no row without an identifier."""
        seconds = await drained(self.gateways, 120)
        figures = compare(self.url, self.gateways)
        if identifier is None:  # the short selection: what it finds is no row of the matrix
            return figures
        resent = sum(gateway.receipts["resent"] for gateway in self.gateways)
        kills = ", ".join(f"{count} × {name}" for name, count in self.kills.items() if count)
        note(identifier, fault, kills or more.pop("injected", ""), **figures, packs_sent_again=resent,
             drained_in=f"{seconds:.1f} s", **more)  # fmt: skip
        return figures


@pytest.fixture
def stage(own_server, own_broker, tmp_path):
    def make(seed):
        return Stage(own_server, own_broker, tmp_path, seed)

    return make


async def test_f1_ingest_is_killed(stage):
    async with stage(1) as one, running(one.gateways, rate=20):
        for _ in range(20):
            await one.wait(1.0, 2.5)
            await one.ingest()
        await one.finish("F1", "ingest killed mid-stream")


async def test_f2_the_broker_is_killed(stage):
    async with stage(2) as one, running(one.gateways, rate=20):
        for _ in range(20):
            await one.wait(0.5, 2.0)
            await one.kill_broker()
        await one.finish("F2", "broker killed")


async def test_f3_the_broker_is_killed_while_ingest_is_away(stage):
    async with stage(3) as one, running(one.gateways, rate=20):
        for _ in range(8):
            await one.wait(1.0, 2.0)
            one.worker.kill()
            one.kills["ingest"] += 1
            await one.wait(1.0, 2.0)
            await one.kill_broker()
            one.worker.start()
        await one.finish("F3", "broker killed while ingest is away")


async def test_f5_the_database_is_killed(stage):
    async with stage(5) as one, running(one.gateways, rate=20):
        for _ in range(10):
            await one.wait(1.0, 3.0)
            await one.database()
        await one.finish("F5", "database killed")


async def test_f6_the_database_restarts_and_ends_sessions(stage):
    async with stage(6) as one, running(one.gateways, rate=20):
        ended = 0
        for turn in range(30):
            await one.wait(0.2, 0.6)
            with psycopg.connect(one.server.url("postgres"), autocommit=True) as connection:
                ended += connection.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = 'nongvu'"
                ).fetchone()[0]
            if turn % 10 == 9:
                await asyncio.to_thread(one.server.stop, "immediate" if turn == 9 else "fast")
                await asyncio.to_thread(one.server.restart)
        await one.finish("F6", "database restarts, sessions ended", injected=f"{ended} sessions ended, 3 restarts")


async def test_f7_everything_at_once(stage):
    async with stage(7) as one, running(one.gateways, rate=20):
        deadline = asyncio.get_running_loop().time() + SOAK
        while asyncio.get_running_loop().time() < deadline:
            await one.wait(0.5, 3.0)
            await one.chance.choice([one.ingest, one.kill_broker, one.database])()
        await one.finish("F7", f"all mixed, {SOAK:.0f} s")


async def test_each_is_killed_once(own_server, own_broker, tmp_path):
    async with Stage(own_server, own_broker, tmp_path, seed=1) as one, running(one.gateways, rate=10):
        for kill in (one.ingest, one.kill_broker, one.database, one.ingest):
            await one.wait(0.5, 1.5)
            await kill()
        figures = await one.finish(None, "short")
    assert figures["duplicates"] == 0
    assert figures["stored"] == figures["generated"] > 0


async def test_f11_the_broker_forgets_its_sessions(stage):
    async with stage(11) as one, running(one.gateways, rate=20):
        for _ in range(5):
            await one.wait(1.0, 2.0)
            await asyncio.to_thread(one.broker.kill)
            one.kills["broker"] += 1
            for file in one.broker.data.glob("*"):
                shutil.rmtree(file) if file.is_dir() else file.unlink()
            await asyncio.to_thread(one.broker.restart)
        await one.finish("F11", "broker's stored sessions wiped")
