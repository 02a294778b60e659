"""A year of one datastream, as a page or a program asks for it.

Data: one datastream every 10 minutes for a year (52,560 readings) among 4, with 500 verdict intervals laid over it. Three ways:
all raw readings through `judged_readings` into arrays, verdicts included; and a picture of 1,000 points by `series`, which
takes it from day rollups. 60 reads each, connections warm; p95.
"""

import time
from datetime import datetime

import numpy as np
import psycopg

from benchmarks import stage
from benchmarks.bytes_per_reading import fill
from store.binary import gather_now, layout
from store.rollup import refresh

SHAPE = layout(time="timestamptz", result="float8", flag="int4")
RAW = "SELECT phenomenon_time, result, flag FROM judged_readings(ARRAY[%s], %s, %s)"
PICTURE = "SELECT * FROM series(%s, %s, %s, 1000)"
YEAR = ("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")


def p95(work, times=60):
    """95th percentile in milliseconds."""
    taken = []
    for n in range(times):
        start = time.perf_counter()
        work(n)
        taken.append(time.perf_counter() - start)
    return float(np.percentile(taken, 95)) * 1000


async def _refresh(url):
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while await refresh(connection, datetime.fromisoformat(YEAR[1]), 50):
            pass


def refresh_all(url):
    """Recompute everything that was touched, as analytics does."""
    import asyncio

    asyncio.run(_refresh(url))


def prepared(database, before=0):
    """A database with the year, and so many years of readings before it; its URL."""
    url = stage.fresh(database)
    ids = sorted(stage.register(url, 2, stage.QUANTITIES[:2], interval=600).values())
    assert ids == list(range(1, 5))
    if before:
        fill(url, 4, 365 * before, step=600, start=str(np.datetime64("2025-01-01") - 365 * before), each=70)
    fill(url, 4, 365, step=600, start="2025-01-01")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)"
            " SELECT 1, t, t + '2 hours', 3, 'spike', 'ordered', t FROM generate_series("
            "'2025-01-01'::timestamptz, '2025-12-31', '17 hours 30 minutes') AS t"
        )
        connection.execute("SELECT append_marks(%s, %s, %s, 'reading')", [ids, [YEAR[0]] * 4, [YEAR[1]] * 4])
        connection.execute("VACUUM ANALYZE reading")
    refresh_all(url)
    return url


def measured(url):
    """p95 [ms] of the picture, of the raw readings, and of those with verdicts."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        connection.execute("VACUUM ANALYZE")
        rows = len(gather_now(cursor, RAW, SHAPE, [1, *YEAR]))
        raw = p95(lambda _: gather_now(cursor, RAW, SHAPE, [2, *YEAR]))
        judged = p95(lambda _: gather_now(cursor, RAW, SHAPE, [1, *YEAR]))
        picture = p95(lambda n: cursor.execute(PICTURE, [n % 4 + 1, *YEAR]).fetchall())
        assert rows == 365 * 144
        assert len(cursor.execute(PICTURE, [1, *YEAR]).fetchall()) in (365, 366)
    return picture, raw, judged


def row(name, value, unit, most=None):
    met = {} if most is None else {"bar": f"< {most}", "met": value < most}
    return {"name": name, "value": round(value, 1), "unit": f"ms p95, {unit}"} | met


def run():
    with stage.services() as (database, _):
        picture, raw, judged = measured(prepared(database))
    return [
        row("read_year", picture, "picture of 1,000 points", 50),
        row("read_year raw", raw, "52560 readings", 50),
        row("read_year judged", judged, "500 verdicts laid over"),
    ]
