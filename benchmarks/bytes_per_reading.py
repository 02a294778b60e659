"""bytes_per_reading: what a reading takes on disk with its keys.

Data: 40 datastreams, a reading a minute for 30 days, values with the digits of a sensor: 1,728,000 readings, written through
the same COPY as ingest's, in order of time as they come. Apache: the hypertable with indexes. The Community edition's
figure comes from the acceptance test of that edition (PGlite), since its library cannot be redistributed here.
"""

import numpy as np
import psycopg

from benchmarks import stage
from store.binary import READING, copy_in_now
from store.statements import statement

STREAMS, DAYS = 40, 30


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


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        total = fill(url, STREAMS, DAYS)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM reading")
            (size,) = connection.execute("SELECT hypertable_size('reading')").fetchone()
    each = size / total
    return [
        {
            "name": "bytes_per_reading",
            "value": round(each, 1),
            "unit": "bytes, Apache",
            "bar": "≤ 110",
            "met": each <= 110,
        }
    ]
