"""What a mark costs, and how long it waits, with two `nongvu analytics run` beside what it is with one.

Data: 200 stations with a reading every 10 minutes, and 40 with one a minute, of 12 quantities, 6 days of history up to
now. Warm rounds: one more reading of each quantity at every place, as ingest stores it, until no mark, lease or rollup
waits; CPU of the processes and of PostgreSQL, a place and round. Trickle: 20 places a second for `SECONDS`, each from
its commit until its place is computed through it. Bars: two processes take at most 1.15 × the CPU of one, and what waits
longest (p99) waits no longer than with one.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import psycopg

from benchmarks import stage
from standalone.services.folders import compiled_once
from store.binary import READING
from store.statements import statement

DATA = {"10-min": (200, 600), "1-min": (40, 60)}
HISTORY, ROUNDS, SECONDS, RATE = 6 * 86_400, 4, 20, 20
BAR = 1.15
WAITING = "SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM lease) + (SELECT count(*) FROM touched)"


def run():
    rows = []
    with stage.services() as (database, _):
        for data, (stations, interval) in DATA.items():
            cpu, waits = {}, {}
            for workers in (1, 2):
                cpu[workers], waits[workers] = measured(stage.fresh(database), stations, interval, workers)
            rows += compared(data, cpu, waits)
    return rows


def compared(data, cpu, waits):
    """Rows of one kind of data."""
    for workers, (python, server) in cpu.items():
        print(f"{data} {workers}: {python:.1f} ms Python, {server:.1f} ms PostgreSQL a mark", file=sys.stderr)
    one, two = (sum(cpu[workers]) for workers in (1, 2))
    rows = [{"name": f"two_workers {data} cpu", "value": round(two, 2), "unit": "CPU ms / mark", "peer": "one worker",
             "peer_value": round(one, 2), "ratio": round(two / one, 2), "bar": f"≤ {BAR} ×", "met": two <= BAR * one}]  # fmt: skip
    for q in (50, 99):
        alone, together = (float(np.percentile(waits[workers], q)) for workers in (1, 2))
        bar = {"bar": "no worse (a tenth or 50 ms)", "met": together <= max(1.1 * alone, alone + 0.05)} if q == 99 else {}  # fmt: skip
        rows.append({"name": f"two_workers {data} p{q}", "value": round(together, 3), "unit": "s", "peer": "one worker",
                     "peer_value": round(alone, 3), "ratio": round(together / alone, 2)} | bar)  # fmt: skip
    return rows


def measured(url, stations, interval, workers):
    """(CPU ms of Python, of PostgreSQL) a mark of warm rounds, and the waits [s] of a trickle."""
    streams = stage.register(url, stations, interval=interval)
    with psycopg.connect(url, autocommit=True) as connection, contextlib.ExitStack() as stack:
        history(connection, streams, interval)
        places = dict(connection.execute("SELECT substr(code, 3)::int, id FROM place WHERE kind = 'station'"))
        of = {place: [streams[n, quantity] for quantity in stage.QUANTITIES] for n, place in places.items()}
        processes = [stack.enter_context(process(url)) for _ in range(workers)]
        for _ in range(2):  # cold, and once more with everybody at work
            deliver(connection, list(of), of)
            settled(connection)
            time.sleep(3)
        before = spent(processes, connection)
        for _ in range(ROUNDS):
            deliver(connection, list(of), of)
            settled(connection)
        after = spent(processes, connection)
        marks = ROUNDS * stations
        waits = trickle(connection, of)
        settled(connection)
    return tuple((b - a) / marks * 1000 for a, b in zip(before, after, strict=True)), waits


def history(connection, streams, interval):
    """Days of readings of every datastream up to now."""
    now = int(time.time())
    seconds = np.arange(now - HISTORY, now - 60, interval)
    values = {quantity: [stage.value(quantity, n) for n in (seconds // 600).tolist()] for quantity in stage.QUANTITIES}
    for n in range(0, len(streams), 100):
        arrays = []
        for (_, quantity), id_ in list(streams.items())[n : n + 100]:
            array = READING.empty(len(seconds))
            array["phenomenon_time"], array["flag"], array["batch_id"] = seconds.astype("M8[s]"), 1, 0
            array["result"], array["datastream_id"] = values[quantity], id_
            arrays.append(array)
        with connection.transaction(), connection.cursor().copy(statement("reading", "copy")) as copy:
            copy.write(READING.encode(np.concatenate(arrays)))
    connection.execute("ANALYZE reading")


@contextlib.contextmanager
def process(url):
    """``nongvu analytics run``."""
    environment = compiled_once(os.environ) | {"NONGVU_DATABASE_URL": url, "NONGVU_LOG_FORMAT": "json"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stream:
            running = subprocess.Popen(
                [sys.executable, "-P", "-m", "nongvu", "analytics", "run"], env=environment, stderr=stream
            )
        deadline = time.monotonic() + 90
        while '"analytics started"' not in log.read_text():
            if running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text()[-2000:])
            time.sleep(0.05)
        try:
            yield psutil.Process(running.pid)
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(60) == 0, log.read_text()[-2000:]


def spent(processes, connection):
    """Seconds of CPU so far: of the processes, and of the database server with what has ended of it."""
    python = sum(sum(process.cpu_times()[:2]) for process in processes)
    server = psutil.Process(connection.info.backend_pid).parent()
    ended = sum(server.cpu_times()[2:4])
    running = 0.0
    for child in server.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            running += sum(child.cpu_times()[:2])
    return python, ended + running


def deliver(connection, places, of):
    """One reading of each quantity at places, now, with its mark; the moment."""
    now = datetime.now(UTC)
    ids = [stream for place in places for stream in of[place]]
    tick = int(now.timestamp()) // 600
    values = [stage.value(quantity, tick) for quantity in stage.QUANTITIES] * len(places)
    with connection.transaction():
        connection.execute(
            "INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)"
            " SELECT %s, value, stream, 1, 0 FROM unnest(%s::int[], %s::float8[]) AS r (stream, value)",
            (now, ids, values),
        )
        connection.execute("SELECT append_marks(%s, %s, %s, 'reading')", (ids, [now] * len(ids), [now] * len(ids)))
    return now


def settled(connection):
    """Wait until nothing waits."""
    deadline = time.monotonic() + 300
    while connection.execute(WAITING).fetchone() != (0,):
        if time.monotonic() > deadline:
            raise TimeoutError(WAITING)
        time.sleep(0.05)


def trickle(connection, of):
    """Seconds from commit to computed of a mark at one place, `RATE` of them a second."""
    chance = random.Random(1)
    places, waiting, waits = list(of), {}, []
    start, sent, total = time.monotonic(), 0, SECONDS * RATE
    while sent < total or waiting:
        if sent < total and time.monotonic() >= start + sent / RATE:
            free = [place for place in places if place not in waiting]
            if free:
                place = chance.choice(free)
                waiting[place] = deliver(connection, [place], of), time.monotonic()
            sent += 1
        through = dict(connection.execute("SELECT place, through FROM worked WHERE place = ANY (%s)", (list(waiting),)))
        for place, (moment, since) in list(waiting.items()):
            if place in through and through[place] >= moment:
                waits.append(time.monotonic() - since)
                del waiting[place]
        time.sleep(0.01)
    return waits
