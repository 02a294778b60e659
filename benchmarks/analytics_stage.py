"""A province with history, warm processes on it, and what they use: for benchmarks of live work."""

import contextlib
import os
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

HISTORY = 5 * 86_400
#: Values of a day at rest, none of which any rule warns of: mean and half of the daily range.
CALM = {
    "air_temperature": (21.0, 4.0), "relative_humidity": (72.0, 8.0), "air_pressure": (985.0, 1.0), "precipitation": (0.0, 0.0),
    "wind_speed": (1.8, 0.5), "wind_gust": (3.0, 0.8), "wind_direction": (90.0, 30.0), "global_radiation": (200.0, 150.0),
    "soil_moisture": (0.31, 0.01), "soil_temperature": (20.0, 1.0), "leaf_wetness": (1.0, 0.5), "battery_voltage": (12.6, 0.1),
}  # fmt: skip
WAITING = "SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM lease) + (SELECT count(*) FROM touched)"


def province(url, stations, interval, of=lambda _: {}):
    """Stations below communes of one province with days of readings up to now; datastream ids by (number, quantity).

    ``of`` may give other values of a station, by quantity.
    """
    ids = stage.register(url, stations, interval=interval)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('province', 'province', 'province')")
        connection.execute(
            "INSERT INTO place (code, kind, name, parent) SELECT 'commune-' || n, 'commune', 'commune-' || n, id"
            " FROM place, generate_series(0, %s) AS n WHERE code = 'province'",
            [(stations - 1) // 15],
        )
        connection.execute(
            "UPDATE place SET parent = commune.id, elevation = 260, longitude = 106.4 + random(), latitude = 21.5 + random()"
            " FROM place AS commune WHERE place.kind = 'station'"
            " AND commune.code = 'commune-' || (substr(place.code, 3)::int / 15)"
        )
        lay(connection, ids, interval, of)
        connection.execute("ANALYZE")
    return ids


def lay(connection, ids, interval, of):
    """History by COPY, with what ingest keeps beside it; no marks."""
    seconds = np.arange(int(time.time()) // interval * interval - HISTORY, int(time.time()) - interval, interval)
    wave = np.sin((seconds % 86_400 / 86_400 + 7 / 24 - 9 / 24) * 2 * np.pi)
    noise = np.random.default_rng(1)
    entries = list(ids.items())
    for begin in range(0, len(entries), 240):
        arrays = []
        for (number, quantity), id_ in entries[begin : begin + 240]:
            mean, width = (CALM | of(number))[quantity]
            array = READING.empty(seconds.size)
            array["phenomenon_time"], array["flag"], array["batch_id"] = seconds.astype("M8[s]"), 1, 0
            array["result"] = np.round(mean + width * wave + noise.normal(0, width / 20, seconds.size), 3)
            array["datastream_id"] = id_
            arrays.append(array)
        with connection.transaction(), connection.cursor().copy(statement("reading", "copy")) as copy:
            copy.write(READING.encode(np.concatenate(arrays)))


@contextlib.contextmanager
def running(url, name="analytics", **settings):
    """``nongvu <name> run`` as it is, and its end; yields the process."""
    environment = compiled_once(os.environ) | {"NONGVU_DATABASE_URL": url, "NONGVU_LOG_FORMAT": "json"} | settings
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        with log.open("w") as stream:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nongvu", name, "run"], env=environment, stderr=stream
            )
        try:
            end = time.monotonic() + 120
            while f'"{name} started"' not in log.read_text():
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(log.read_text()[-2000:])
                time.sleep(0.02)
            yield psutil.Process(process.pid)
        except Exception:
            print(f"{name} said: {log.read_text()[-3000:]}", file=sys.stderr)  # why nothing came of what was waited for
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            code = process.wait(90)
        if code:
            raise RuntimeError(f"{name} ended with {code}: {log.read_text()[-2000:]}")


def deliver(connection, ids, moment, values=None):
    """A reading of each datastream with its mark, as ingest stores it: ids, and values where not at rest."""
    with connection.transaction():
        connection.execute(
            "INSERT INTO reading (phenomenon_time, result, datastream_id, flag, batch_id)"
            " SELECT %s, value, stream, 1, 0 FROM unnest(%s::int[], %s::float8[]) AS each (stream, value)",
            (moment, ids, values),
        )
        connection.execute(
            "SELECT append_marks(%s, %s, %s, 'reading')", (ids, [moment] * len(ids), [moment] * len(ids))
        )


def at_rest(ids, number):
    """Datastreams of a station and what they say when nothing is wrong."""
    return [ids[number, quantity] for quantity in stage.QUANTITIES], [
        CALM[quantity][0] for quantity in stage.QUANTITIES
    ]


def settled(connection, within=600):
    """Wait until no mark, lease or rollup waits."""
    end = time.monotonic() + within
    while connection.execute(WAITING).fetchone() != (0,):
        if time.monotonic() > end:
            raise TimeoutError(WAITING)
        time.sleep(0.1)


def spent(processes, connection):
    """Seconds of CPU so far: of processes, and of the whole database server."""
    mine = sum(sum(process.cpu_times()[:2]) for process in processes)
    server = psutil.Process(connection.info.backend_pid).parent()
    theirs = sum(server.cpu_times()[2:4])
    for child in server.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            theirs += sum(child.cpu_times()[:2])
    return mine, theirs


def now():
    return datetime.now(UTC)
