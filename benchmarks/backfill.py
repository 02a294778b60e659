"""The same history computed by one process, two, and a Dask cluster of one and two workers.

Data: 80 places × 20 full local days of the 10-minute readings of ``place_days``, January 2026; the last ten are computed, the
ten before are what rules look back at. The moment up to which is computed is the end of the last day, not that of the run, so
that the figures of two dates stand for the same work: that the days computed are these is checked. The cluster is real: a
scheduler and workers of their own, reached over TCP. Each run starts from nothing and ends with the same contents, which is
checked. Before them a run is killed when its first places are done, what the next one had left to do is told, and that one
warms the machine. PostgreSQL as embedded, fsync off; its own work is not in the CPU seconds.
"""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import stage
from benchmarks.place_days import QUANTITIES, series
from standalone.services import Database, program_environment, temporary_folder
from store.binary import READING, copy_in_now
from store.migrate import migrate

PLACES, BEFORE, DAYS = stage.size(80, 8), 10, 10
FIRST = np.datetime64("2025-12-31T17:00", "us")  # local midnight in Lạng Sơn
BEGIN = FIRST.astype(datetime).replace(tzinfo=UTC) + timedelta(days=BEFORE)
NOW = BEGIN + timedelta(days=DAYS)
RESULTS = ("index_value", "index_state", "alert_step", "alert", "verdict", "worked", "due", "mark", "touched")


def fill(url):
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation)"
            " SELECT 'f' || n, 'field', 'F' || n, 106.8, 21.8, 260 FROM generate_series(1, %s) AS n", (PLACES,)
        )  # fmt: skip
        streams = connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds)"
            " SELECT place.id, quantity, 600 FROM place, unnest(%s::text[]) AS quantity RETURNING id, quantity",
            (list(QUANTITIES),),
        ).fetchall()
        pattern = series(BEFORE + DAYS, 1)
        times = FIRST + np.arange((BEFORE + DAYS) * 144) * np.timedelta64(600, "s")
        copy = "COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY)"
        for number, quantity in streams:
            keep = np.isfinite(pattern[quantity])
            part = READING.empty(int(keep.sum()))
            part["phenomenon_time"], part["result"] = times[keep], pattern[quantity][keep]
            part["datastream_id"], part["flag"], part["batch_id"] = number, 1, 0
            copy_in_now(connection.cursor(), copy, READING, part)


def forget(url):
    with psycopg.connect(url) as connection:
        for table in RESULTS:
            connection.execute(f"DELETE FROM {table}")


def ask(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()


def command(workers=1, scheduler=""):
    """What `nongvu analytics backfill` does, up to a moment of our own."""
    return [sys.executable, "-P", "-m", "benchmarks.backfill", str(workers), scheduler]


def environment(url):
    """Its environment: benchmarks are found here, wherever it is started."""
    return os.environ | {"NONGVU_DATABASE_URL": url, "PYTHONPATH": str(Path(__file__).parents[1])}


def compute(workers, scheduler):
    """The process of its own: mark the days, let workers compute them, print what it took."""
    from analytics.run.questions import backfill as work

    url = os.environ["NONGVU_DATABASE_URL"]
    asyncio.run(work.begin(url, None, BEGIN, NOW))
    print(json.dumps(work.run(url, NOW, workers, scheduler or None, lambda _: None)))


def backfill(url, **how):
    said = subprocess.run(command(**how), env=environment(url), capture_output=True, text=True)
    if said.returncode:
        raise RuntimeError(said.stderr[-2000:])
    first, last = ask(url, "SELECT min(time), max(time) FROM index_value WHERE reference_time = '-infinity'")
    if not BEGIN <= first <= last < NOW:
        raise RuntimeError(f"computed {first} to {last}, not {BEGIN} to {NOW}")
    return json.loads(said.stdout.strip().splitlines()[-1])


def killed_and_gone_on(url):
    """Places done when a run was killed, and how many the next one then computed."""
    run = subprocess.Popen(command(), env=environment(url), stdout=subprocess.DEVNULL)
    while not ask(url, "SELECT count(*) FROM worked")[0] and run.poll() is None:
        time.sleep(0.05)
    run.kill()
    run.wait()
    done = ask(url, "SELECT count(*) FROM worked")[0]
    left = ask(
        url, "SELECT (SELECT count(DISTINCT place) FROM mark WHERE cause = 'backfill') + (SELECT count(*) FROM lease)"
    )[0]
    backfill(url)
    return done, left


@contextlib.contextmanager
def cluster(workers):
    """A Dask scheduler and workers, each a process; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    begin = [sys.executable, "-P", "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port)]
    processes = [subprocess.Popen([*begin, "--no-dashboard"], **quiet)]
    one = [sys.executable, "-P", "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard"]
    processes += [subprocess.Popen([*one, "--no-nanny"], **quiet) for _ in range(workers)]
    try:
        from distributed import Client

        with Client(address, timeout=60) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address
    finally:
        for process in processes[::-1]:
            process.terminate()
            process.wait(20)


def run():
    rows, contents = [], set()

    def measured(name, url, **how):
        forget(url)
        said = backfill(url, **how)
        each = said["cpu_seconds"] / (PLACES * DAYS) * 1e6
        print(f"  {name}: {said['wall_seconds']} s, {said['cpu_seconds']} CPU s by {said['workers']}")
        contents.add(ask(url, "SELECT count(*), round(sum(value)::numeric, 3) FROM indexed"))
        rows.append({"name": f"backfill {name}", "value": round(each), "unit": "CPU s / million station-days"})
        rows.append({"name": f"backfill {name}, wall", "value": said["wall_seconds"], "unit": f"s for {PLACES} places × {DAYS} days"})  # fmt: skip

    with temporary_folder() as folder, Database.start(folder / "database", settings={"fsync": "off"}) as database:
        os.environ |= program_environment()
        url = database.create("bench")
        migrate(url)
        fill(url)
        print("  killed after {} places, {} left to the next run".format(*killed_and_gone_on(url)))
        measured("1 process", url)
        measured("2 processes", url, workers=2)
        for workers in (1, 2):
            with cluster(workers) as address:
                measured(f"Dask {workers}", url, scheduler=address)
    if len(contents) != 1:
        raise RuntimeError(f"contents differ: {contents}")
    return rows


if __name__ == "__main__":
    compute(int(sys.argv[1]), sys.argv[2])
