"""F16, F17, F18: the broker's disk is full, the database's disk is full, the database's disk is slow; nothing is lost."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import time

import psycopg
import pytest

from standalone.services import Broker, BrokerOptions, Database, program_environment, temporary_folder
from standalone.services.folders import account, give
from store.migrate import migrate
from tests.faults.chaos import LedgerGateway, compare, drained, percentile, running
from tests.faults.table import note
from tests.ingest.field import Worker, until

pytestmark = pytest.mark.faults


@contextlib.contextmanager
def small_disk(folder, megabytes):
    """Mount a disk of so many MiB at a folder, with a `ballast` that takes what is left of it."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    folder.mkdir(parents=True, exist_ok=True)
    owner = account()
    options = f"size={megabytes}m,mode=0755" + (f",uid={owner.uid},gid={owner.gid}" if owner.uid is not None else "")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, spare=0):
    """Leave only so many bytes on a disk."""
    free = shutil.disk_usage(folder).free - spare
    with (folder / "ballast").open("wb") as file, contextlib.suppress(OSError):
        while free > 0:
            file.write(bytes(min(free, 1 << 20)))
            file.flush()
            free -= 1 << 20


def fleet(url, broker):
    gateways = [LedgerGateway(broker.url, f"g-{n}") for n in range(3)]
    for gateway in gateways:
        gateway.register(url)
    return gateways


@contextlib.asynccontextmanager
async def working(url, broker, folder):
    worker = await Worker(url, broker, folder).ready()
    try:
        yield worker
        assert worker.process.poll() is None, "the worker must outlive this"
        assert worker.stop(30) == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()


async def test_f16_the_brokers_disk_is_full(own_server, tmp_path):
    url = own_server.create("nongvu")
    migrate(url)
    with temporary_folder() as folder, small_disk(folder / "broker" / "data", 2) as disk:
        options = BrokerOptions(allow_anonymous=True, lines=("autosave_interval 1",))
        broker = Broker.start(folder / "broker", options=options)
        os.environ |= program_environment()
        gateways = fleet(url, broker)
        async with working(url, broker, tmp_path), running(gateways, 10):
            await asyncio.sleep(2)
            fill(disk)
            await asyncio.sleep(6)
            assert broker.running()
            assert shutil.disk_usage(disk).free <= 4096  # what the broker lets go of meanwhile it cannot use either
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.restart)  # the disk still full: what it kept is what it had written before
            await asyncio.sleep(2)
            (disk / "ballast").unlink()
            seconds = await drained(gateways, 120)
        figures = compare(url, gateways)
        broker.stop()
    resent = sum(gateway.receipts["resent"] for gateway in gateways)
    note("F16", "broker's disk full", "2 MiB tmpfs filled for 8 s, broker killed meanwhile", **figures,
         packs_sent_again=resent, drained_in=f"{seconds:.1f} s")  # fmt: skip


async def test_f17_the_databases_disk_is_full(own_broker, tmp_path):
    with temporary_folder() as folder, small_disk(folder / "disk", 400) as disk:
        # a write-ahead log of its own size, so that it is the tables that find no room, and then the log
        settings = {
            "shared_buffers": "32MB",
            "max_wal_size": "64MB",
            "min_wal_size": "32MB",
            "logging_collector": "off",
        }
        server = Database.start(disk / "database", settings=settings)
        os.environ |= program_environment()
        url = server.create("nongvu")
        migrate(url)
        gateways = fleet(url, own_broker)
        async with working(url, own_broker, tmp_path) as worker, running(gateways, 10):
            await asyncio.sleep(2)
            fill(disk)
            await until(lambda: "No space left" in worker.log.read_text() or not server.running(), 120)
            await asyncio.sleep(5)
            waiting = sum(len(gateway.outbox) for gateway in gateways)
            assert waiting, "with a full disk nothing can be receipted"
            (disk / "ballast").unlink()
            died = not server.running()
            if died:  # PostgreSQL ends itself where its log finds no room, and comes back with all that was committed
                await asyncio.to_thread(server.restart)
            seconds = await drained(gateways, 120)
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM set_aside").fetchone() == (0,)
        figures = compare(url, gateways)
        server.stop()
    note("F17", "database's disk full", "tmpfs of 400 MiB filled to the last byte for 5 s", **figures,
         packs_waiting=waiting, database_ended_itself="yes" if died else "no", drained_in=f"{seconds:.1f} s")  # fmt: skip


SLOW = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int late(const char *name, int file) {
    usleep(MILLISECONDS * 1000);
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}
int fsync(int file) { return late("fsync", file); }
int fdatasync(int file) { return late("fdatasync", file); }
"""


@pytest.fixture(params=[5, 20])
def slow_server(request, blank, monkeypatch):
    """A server whose every sync takes so many milliseconds longer, and how many."""
    if not shutil.which("cc"):
        pytest.skip("a slow disk is made by a C compiler's library: no cc here")
    with temporary_folder() as folder:
        (folder / "slow.c").write_text(SLOW)
        command = [
            "cc",
            "-shared",
            "-fPIC",
            "-O2",
            f"-DMILLISECONDS={request.param}",
            "-o",
            "slow.so",
            "slow.c",
            "-ldl",
        ]
        subprocess.run(command, cwd=folder, check=True)
        give(folder / "slow.so", 0o755)
        subprocess.run(["cp", "-a", "--reflink=auto", str(blank), str(folder / "database")], check=True)
        with monkeypatch.context() as patch:
            patch.setenv("LD_PRELOAD", str(folder / "slow.so"))
            server = Database.start(
                folder / "database", settings={"shared_buffers": "64MB", "logging_collector": "off"}
            )
        os.environ |= program_environment()
        yield server, request.param
        server.stop()


async def test_f18_the_databases_disk_is_slow(slow_server, own_broker, tmp_path):
    server, milliseconds = slow_server
    url = server.create("nongvu")
    migrate(url)
    with psycopg.connect(url, autocommit=True) as connection:
        assert slowness(connection) >= milliseconds / 1000, "the shim is not in force"
    gateways = fleet(url, own_broker)
    async with working(url, own_broker, tmp_path), running(gateways, 10):
        await asyncio.sleep(10)
        seconds = await drained(gateways, 60)
    figures = compare(url, gateways)
    waited = [one for gateway in gateways for one in gateway.waited]
    note("F18", f"database's disk slow, {milliseconds} ms a sync", "LD_PRELOAD over fsync and fdatasync, 10 s", **figures,
         receipt_p50=f"{percentile(waited, 50)} s", receipt_p99=f"{percentile(waited, 99)} s",
         drained_in=f"{seconds:.1f} s")  # fmt: skip


def slowness(connection):
    """Seconds that a durable commit takes, the least of ten."""
    connection.execute("CREATE TABLE probe (n int)")
    taken = []
    for n in range(10):
        start = time.monotonic()
        connection.execute("INSERT INTO probe VALUES (%s)", [n])
        taken.append(time.monotonic() - start)
    return min(taken)
