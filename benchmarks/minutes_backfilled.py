"""A quarter of a year of minutes computed again, in bounded memory.

Data: 20 stations × 12 quantities every minute for 91 days (31.4 million readings), written by COPY, no fsync; then the
command itself: ``nongvu analytics backfill --from … --json`` in a process of its own, whose resident memory is looked at
ten times a second. ``value`` is its peak; level means that it is no more in the last third of the time than a quarter
above the first third. `NONGVU_BENCH_MINUTES_DAYS` makes it shorter.
"""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import numpy as np
import psutil
import psycopg

from benchmarks import stage
from benchmarks.disk import weather
from standalone.services import Database, program_environment, temporary_folder
from store.binary import READING, copy_in_now

STATIONS = 20
DAYS = int(os.environ.get("NONGVU_BENCH_MINUTES_DAYS", "91"))
COPY = "COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY)"
BAR = 1500


def fill(url, begin):
    """Stations with their readings, a week at a time; how many."""
    ids = stage.register(url, STATIONS)
    number = np.array([[ids[k, name] for name in stage.QUANTITIES] for k in range(STATIONS)])
    total = 0
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE place SET longitude = 106.8, latitude = 21.8, elevation = 300")
        for day in range(0, DAYS, 7):
            count = 1440 * min(7, DAYS - day)
            values = weather(STATIONS, stage.QUANTITIES, count, bad=False, seed=day)
            start = np.datetime64((begin + timedelta(days=day)).replace(tzinfo=None), "us")
            rows = READING.empty(values.size)
            times = start + np.arange(count) * np.timedelta64(60, "s")
            rows["phenomenon_time"] = np.broadcast_to(times, values.shape).ravel()
            rows["datastream_id"] = np.broadcast_to(number[:, :, None], values.shape).ravel()
            rows["result"], rows["flag"], rows["batch_id"] = values.ravel(), 1, 1
            copy_in_now(connection.cursor(), COPY, READING, rows)
            total += rows.size
        connection.execute(
            "INSERT INTO latest SELECT datastream_id, max(phenomenon_time), 20, 1, 1 FROM reading WHERE phenomenon_time > %s"
            " GROUP BY 1", [begin + timedelta(days=DAYS - 1)],
        )  # fmt: skip
        connection.execute("ANALYZE")
    return total


def watched(url, begin):
    """What the command said, and [(seconds, resident MB, its connection's MB)] while it ran."""
    command = [sys.executable, "-P", "-m", "nongvu", "analytics", "backfill", "--from", f"{begin:%Y-%m-%d}", "--json"]
    environment = os.environ | {"NONGVU_DATABASE_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        seen, start, about = [], time.monotonic(), psutil.Process(process.pid)
        while process.poll() is None:
            seen.append((time.monotonic() - start, about.memory_info().rss / 2**20))
            time.sleep(0.1)
        said = process.stdout.read()
    if process.returncode:
        raise RuntimeError(f"backfill ended with {process.returncode}: {said[-500:]}")
    return json.loads(said), seen


def level(seen):
    """Highest of the last third of the time by the highest of the first third in which work was done."""
    end = seen[-1][0]
    first, last = (max(mb for at, mb in seen if low * end <= at <= (low + 1 / 3) * end) for low in (0, 2 / 3))
    return last / first


def run():
    begin = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    settings = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with temporary_folder() as folder, Database.start(folder / "database", settings=settings) as database:
        os.environ |= program_environment()
        url = stage.fresh(database)
        readings = fill(url, begin)
        said, seen = watched(url, begin)
        with psycopg.connect(url) as connection:
            days = connection.execute("SELECT count(DISTINCT (place, time)) FROM index_value WHERE index ="
                                      " (SELECT id FROM index_name WHERE name = 'air_temperature_mean')").fetchone()[0]  # fmt: skip
    if days < STATIONS * (DAYS - 1):
        raise RuntimeError(f"only {days} station-days were computed")
    peak, grown = max(mb for _, mb in seen), level(seen)
    millions = readings / 1e6
    print(
        f"  {millions:.1f} M readings, {said['wall_seconds']} s, {said['cpu_seconds']} CPU s, peak {peak:.0f} MB, last/first {grown:.2f}"
    )
    return [
        {"name": "minutes_backfilled memory", "value": peak, "unit": "MB", "bar": f"<= {BAR}", "met": peak <= BAR},
        {"name": "minutes_backfilled level", "value": grown, "unit": "last third / first third", "bar": "<= 1.25",
         "met": grown <= 1.25},
        {"name": "minutes_backfilled", "value": said["cpu_seconds"] / millions, "unit": "CPU s / million readings",
         "peer": "wall seconds / million readings", "peer_value": said["wall_seconds"] / millions},
    ]  # fmt: skip
