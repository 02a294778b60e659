"""What a reading takes on disk with its keys.

Data: 40 datastreams, a reading a minute for 30 days, values with the digits of a sensor: 1,728,000 readings, written through
the same COPY as ingest's, in order of time as they come. Apache: the hypertable with indexes. Community: the same readings
of 8 of the datastreams (345,600), in chunks compressed as the policy does it, in PGlite, since Debian has no
package of that edition; without it that row is not measured, and it says so.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import judge, peers, stage
from store.binary import READING, copy_in_now
from store.statements import statement

STREAMS, DAYS, FEWER = stage.size(40, 8), stage.size(30, 10), stage.size(8, 2)
ROOT = Path(__file__).resolve().parents[1]


def fill(url, streams, days, step=60, start="2026-01-01", each=10):
    """Readings of ``streams`` datastreams every ``step`` seconds, ``each`` days a transaction; their number."""
    total = 0
    with psycopg.connect(url) as connection:
        for day in range(0, days, each):
            seconds = np.arange(day * 86_400, min(day + each, days) * 86_400, step)
            times = np.datetime64(start, "us") + seconds * np.timedelta64(1_000_000, "us")
            rows = READING.empty(len(times) * streams)
            rows["phenomenon_time"] = np.repeat(times, streams)
            rows["datastream_id"] = np.tile(np.arange(1, streams + 1), len(times))
            phase = np.repeat(seconds % 86_400, streams) / 86_400 * 2 * np.pi
            rows["result"] = np.round(20 + 8 * np.sin(phase + rows["datastream_id"]), 2)
            rows["flag"], rows["batch_id"] = 1, day + 1
            with connection.transaction(), connection.cursor() as cursor:
                total += copy_in_now(cursor, statement("reading", "copy"), READING, rows)
    return total


def community(*arguments):
    """What bytes_community.mjs finds in the Community edition; AbsentError where PGlite cannot be had."""
    modules = peers.node_modules(peers.PGLITE)
    with tempfile.TemporaryDirectory() as folder:
        for file in ("benchmarks/bytes_community.mjs", "tests/acceptance/migrated.mjs"):
            shutil.copy(ROOT / file, folder)
        Path(folder, "node_modules").symlink_to(modules)
        command = ["node", f"{folder}/bytes_community.mjs", str(ROOT / "store"), *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def compressed():
    found = community("readings", FEWER, DAYS)
    assert found["rows"] == FEWER * DAYS * 1440
    return found["compressed"]


def row(name, edition, value, most):
    return judge.at_most({"name": name, "value": round(value, 1), "unit": f"bytes, {edition}"}, most)


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        total = fill(url, STREAMS, DAYS)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM reading")
            (size,) = connection.execute("SELECT hypertable_size('reading')").fetchone()
    rows = [row("bytes_per_reading", "Apache", size / total, 110)]
    try:
        return [*rows, row("bytes_per_reading Community", "Community", compressed(), 15)]
    except judge.AbsentError as error:
        return [*rows, judge.absent("bytes_per_reading Community", error)]
