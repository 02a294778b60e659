"""F13, F14, F16–F18, F20–F23, F34, F35: second workers, absent shards, full disks, poison, odd times, floods, upgrades."""

import asyncio
import datetime as dt
import os
import random
import time

import psutil
import psycopg
import pytest

from store.migrate import migrate
from telemetry import topics, wire
from telemetry.pack import Stream
from tests.faults.chaos import LedgerGateway, compare, drained, percentile, running
from tests.faults.poison import payloads
from tests.faults.table import note
from tests.ingest.field import Gateway, Worker, until

pytestmark = pytest.mark.faults


@pytest.fixture
def url(own_server):
    address = own_server.create("nongvu")
    migrate(address)
    return address


@pytest.fixture(autouse=True)
def leftovers(monkeypatch):
    """No worker outlives its test, also when that fails."""
    started = []
    start = Worker.start

    def remembered(self):
        started.append(start(self).process)
        return self

    monkeypatch.setattr(Worker, "start", remembered)
    yield
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def fleet(url, broker, count=3, **more):
    gateways = [LedgerGateway(broker.url, f"g-{n}", **more) for n in range(count)]
    for gateway in gateways:
        gateway.register(url)
    return gateways


async def test_f13_a_second_worker_in_the_same_slot(url, own_broker, tmp_path):
    gateways = fleet(url, own_broker)
    first = await Worker(url, own_broker, tmp_path).ready()
    second = Worker(url, own_broker, tmp_path)
    async with running(gateways, 10):
        second.start()
        await until(lambda: any(one.process.poll() is not None for one in (first, second)), 60)
        await drained(gateways, 60)
    flaps = sum(one.log.read_text().count("another worker") for one in (first, second))
    figures = compare(url, gateways)
    left = next(one for one in (first, second) if one.process.poll() is None)
    assert flaps <= 3
    assert left.stop() == 0
    note("F13", "second worker in the same slot", "two processes, one slot", **figures, ended=1, times_taken_over=flaps)


async def test_f14_a_shards_worker_is_away_for_long(url, own_broker, tmp_path):
    gateways = fleet(url, own_broker, 6)
    workers = [
        Worker(url, own_broker, tmp_path, NONGVU_INGEST_WORKER=str(n), NONGVU_INGEST_WORKERS="2") for n in range(2)
    ]
    for worker in workers:
        await worker.ready()
    mine = {g for g in gateways if topics.shard(g.code) in topics.shards_of(1, 2)}
    assert 0 < len(mine) < 6
    async with running(gateways, 10):
        await asyncio.sleep(2)
        workers[1].kill()
        await asyncio.sleep(15)
        waiting = {gateway.code: len(gateway.outbox) for gateway in gateways}
        await workers[1].ready()
        seconds = await drained(gateways, 90)
    assert min(waiting[g.code] for g in mine) > max(waiting[g.code] for g in gateways if g not in mine)
    for worker in workers:
        assert worker.stop() == 0
    note("F14", "worker of a shard away", "1 of 2 workers killed for 15 s", **compare(url, gateways),
         drained_in=f"{seconds:.1f} s")  # fmt: skip


async def test_f17_the_database_refuses_for_want_of_room(url, own_server, own_broker, tmp_path):
    """A disk that is full answers as here: an error of class 53 at every write, until there is room."""
    gateways = fleet(url, own_broker)
    worker = await Worker(url, own_broker, tmp_path).ready()
    async with running(gateways, 10):
        await asyncio.sleep(2)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END $$"
            )
            connection.execute("CREATE TRIGGER full_disk BEFORE INSERT ON batch EXECUTE FUNCTION full_disk()")
            before = connection.execute("SELECT count(*) FROM reading").fetchone()[0]
            await asyncio.sleep(5)
            assert connection.execute("SELECT count(*) FROM reading").fetchone()[0] - before < 200
            connection.execute("DROP TRIGGER full_disk ON batch")
        seconds = await drained(gateways, 60)
    assert worker.process.poll() is None
    assert worker.stop() == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM set_aside").fetchone() == (0,)
    note("F17", "database without room", "every write refused (53100) for 5 s", **compare(url, gateways),
         drained_in=f"{seconds:.1f} s")  # fmt: skip


async def test_f20_f21_poison_in_a_stream(url, own_broker, tmp_path):
    chance = random.Random(20)
    good = bad = 0
    slowest = 0.0
    async with Gateway(own_broker.url) as gateway:
        gateway.register(url, "air_temperature")
        worker = await Worker(url, own_broker, tmp_path).ready()
        memory = psutil.Process(worker.process.pid)
        await gateway.receipted(await gateway.send([gateway.reading(1, 1_790_000_000_000)]))
        start_memory = memory.memory_info().rss
        sequences = []
        for n in range(1, 601):
            if n % 5 == 0:
                payload, kind = chance.choice(payloads(gateway.station))
                begin = time.monotonic()
                sequence = await gateway.send(None, payload=payload, content_type=kind)
                receipt = await gateway.receipted(sequence)
                slowest = max(slowest, time.monotonic() - begin)
                assert receipt.set_aside >= 1, payload[:60]
                bad += 1
            else:
                sequences.append(await gateway.send([gateway.reading(n / 10, 1_790_000_000_000 + n * 1000)]))
                good += 1
        await gateway.receipted(*sequences, within=60)
    grown = (memory.memory_info().rss - start_memory) / 2**20
    assert worker.stop() == 0
    with psycopg.connect(url) as connection:
        stored = connection.execute("SELECT count(*) FROM reading").fetchone()[0]
        aside, reasons = connection.execute(
            "SELECT count(DISTINCT sequence), count(DISTINCT reason) FROM set_aside"
        ).fetchone()
    assert (stored, aside) == (good + 1, bad)
    note("F20", "poison in a stream", f"1 in 5 of {good + bad} packs", good=good, stored=stored - 1, poison=bad, set_aside=aside,
         reasons=reasons)  # fmt: skip
    note("F21", "bombs among it", "CBOR decimals, bignums, tags, depth; 300 kB", slowest_receipt=f"{slowest:.2f} s",
         memory_grown=f"{grown:.0f} MiB")  # fmt: skip


async def test_f22_odd_times_make_no_chunks(url, own_broker, tmp_path):
    now = dt.datetime.now(dt.UTC)
    odd = [
        dt.datetime(1970, 1, 2),
        dt.datetime(1979, 1, 1),
        dt.datetime(2100, 1, 1),
        now + dt.timedelta(hours=1),
        now - dt.timedelta(days=401),
    ]
    fine = [now, now - dt.timedelta(hours=1), now + dt.timedelta(minutes=5), now - dt.timedelta(days=399)]
    async with Gateway(own_broker.url) as gateway:
        gateway.register(url, "air_temperature")
        worker = await Worker(url, own_broker, tmp_path, NONGVU_OLDEST="P400D", TZ="America/New_York").ready()
        times = [int(moment.replace(tzinfo=dt.UTC).timestamp() * 1000) for moment in odd + fine]
        receipt = await gateway.receipted(await gateway.send([gateway.reading(1, at) for at in times]))
    assert (receipt.stored, receipt.set_aside) == (len(fine), len(odd))
    assert worker.stop() == 0
    with psycopg.connect(url) as connection:
        chunks, outside = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE range_end < %s OR range_start > %s) FROM timescaledb_information.chunks"
            " WHERE hypertable_name = 'reading'", [now - dt.timedelta(days=400), now + dt.timedelta(minutes=10)]).fetchone()  # fmt: skip
    assert outside == 0
    note(
        "F22", "odd times", "1970, 1979, 2100, +1 h, −401 d", set_aside=len(odd), chunks=chunks, chunks_outside=outside
    )


async def test_f23_a_day_of_backlog_beside_live(url, own_broker, tmp_path):
    live = fleet(url, own_broker)
    away = [LedgerGateway(own_broker.url, f"away-{n}", stream=Stream.BACKLOG, size=100) for n in range(3)]
    for gateway in away:
        gateway.register(url)
        for _ in range(200):
            gateway.generate()
        gateway.producing = False
    worker = await Worker(url, own_broker, tmp_path).ready()
    async with running([*live, *away], 10):
        start = time.monotonic()
        await until(lambda: not any(gateway.outbox for gateway in away), 120)
        seconds = time.monotonic() - start
        await drained(live, 60)
    assert worker.stop() == 0
    waited = [one for gateway in live for one in gateway.waited]
    note("F23", "backlog beside live", "3 gateways with 20,000 readings each", **compare(url, [*live, *away]),
         drained_in=f"{seconds:.1f} s", live_receipt_p99=f"{percentile(waited, 99)} s")  # fmt: skip


async def test_f34_a_flood_stays_within_memory(url, own_broker, tmp_path):
    seconds = float(os.environ.get("NONGVU_FLOOD_SECONDS", "60"))
    gateways = fleet(url, own_broker, 4, size=200, window=100)
    worker = await Worker(url, own_broker, tmp_path).ready()
    memory, seen = psutil.Process(worker.process.pid), []
    async with running(gateways, 25):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(1)
            seen.append(memory.memory_info().rss / 2**20)
        await drained(gateways, 180)
    assert worker.stop() == 0
    assert max(seen) < 400
    note("F34", "flood", f"{seconds:.0f} s of 20,000 readings/s asked for", **compare(url, gateways),
         memory=f"{seen[0]:.0f} → {max(seen):.0f} MiB")  # fmt: skip


async def test_f35_workers_restarted_one_after_the_other(url, own_broker, tmp_path):
    gateways = fleet(url, own_broker, 6)
    workers = [
        Worker(url, own_broker, tmp_path, NONGVU_INGEST_WORKER=str(n), NONGVU_INGEST_WORKERS="2") for n in range(2)
    ]
    for worker in workers:
        await worker.ready()
    async with running(gateways, 10):
        for worker in workers * 2:
            assert await asyncio.to_thread(worker.stop) == 0
            assert migrate(url) == []  # as an upgrade does, rights and views included, under load
            await worker.ready()
        await drained(gateways, 60)
    for worker in workers:
        assert worker.stop() == 0
    assert wire.VERSION == 10
    note("F35", "rolling restart with migration under load", "2 workers, twice each", **compare(url, gateways))
