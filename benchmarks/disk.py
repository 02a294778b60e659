"""What is written and kept beside each reading.

wal_per_mark
    Data: 60 stations × 12 quantities every 10 minutes, two days of history, then 60 rounds of a reading of each quantity at
    every station; at each station the humidity is stuck, so that a finding grows with every reading, and the temperature
    jumps now and then. Each round is computed (indices, rules, findings) and rolled up as analytics does it. Counted is all
    write-ahead log of the rounds, the readings' own included, by the number of marks; and how many rows of the rollups were
    updated. Full page images are off, since the rounds of ten hours are written within a minute.
bytes_all_in
    Data: 5 stations × 333 days × 8 quantities every 10 minutes, backfilled and rolled up, days closed. All tables of the
    Apache edition with their indexes after VACUUM FULL, by the number of readings.
"""

import asyncio
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg

from analytics.run.engine.engine import Engine
from benchmarks import stage
from store.binary import READING, copy_in_now
from store.lease import Waits
from store.pool import pool
from store.rollup import close, refresh

BEGIN = datetime(2026, 1, 10, 17, tzinfo=UTC)  # local midnight in Lạng Sơn
NO_WAIT = Waits(timedelta(0), timedelta(0), timedelta(seconds=60))
KEPT = ("reading", "rollup_quarter", "rollup_hour", "rollup_hours", "rollup_day", "index_value", "index_state", "verdict",
        "alert", "alert_step")  # fmt: skip
COUNTED = (
    "SELECT coalesce(sum(n_tup_upd), 0)::bigint FROM pg_stat_all_tables AS updated JOIN ("
    " SELECT format('%%I.%%I', chunk_schema, chunk_name)::regclass AS relid FROM timescaledb_information.chunks"
    " WHERE hypertable_name = ANY(%s)) AS chunk ON chunk.relid = updated.relid"
)


def weather(stations, quantities, count, bad=True, seed=1):
    """Believable values [station, quantity, time]; where ``bad``, humidity is stuck and temperature jumps now and then."""
    chance = np.random.default_rng(seed)
    hour = np.arange(count) / 6
    shape = (stations, len(quantities), count)
    made = 20 + 6 * np.sin((hour - 9) / 24 * 2 * np.pi) + chance.normal(0, 0.3, shape)
    for k, quantity in enumerate(quantities):
        if quantity == "precipitation":
            made[:, k] = np.where(chance.random((stations, count)) < 0.02, 1.2, 0.0)
        elif quantity == "relative_humidity":
            made[:, k] = (
                81.5 if bad else np.clip(80 - 3 * (made[:, 0] - 20) + chance.normal(0, 0.5, made[:, k].shape), 5, 99)
            )
        elif quantity == "air_pressure":
            made[:, k] = 950 + chance.normal(0, 0.2, (stations, count))
        elif quantity == "soil_moisture":
            made[:, k] = 0.3 + chance.normal(0, 0.002, (stations, count))
        elif quantity in {"wind_speed", "leaf_wetness"}:
            made[:, k] = np.abs(chance.normal(2, 1, (stations, count)))
        elif quantity == "battery_voltage":
            made[:, k] = 12.6 + chance.normal(0, 0.02, (stations, count))
        elif quantity == "global_radiation":
            made[:, k] = np.clip(700 * np.sin((hour - 6) / 12 * np.pi), 0, None) * chance.uniform(
                0.5, 1, made[:, k].shape
            )
        elif quantity == "wind_direction":
            made[:, k] = (120 + chance.normal(0, 40, made[:, k].shape)) % 360
        elif quantity == "wind_gust":
            made[:, k] = 1.5 * made[:, quantities.index("wind_speed")] + 0.3
    if bad:
        made[:, 0] += np.where(chance.random((stations, count)) < 0.01, 25.0, 0.0)
    return np.round(made, 2)


def put(connection, ids, values, times):
    """Store readings [station, quantity, time] and mark them, as ingest does."""
    rows = READING.empty(values.size)
    rows["phenomenon_time"] = np.broadcast_to(times, values.shape).ravel()
    rows["datastream_id"] = np.broadcast_to(ids[:, :, None], values.shape).ravel()
    rows["result"], rows["flag"], rows["batch_id"] = values.ravel(), 1, 1
    copy = "COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY)"
    ends = [[moment.astype(datetime).replace(tzinfo=UTC)] * ids.size for moment in (times[0], times[-1])]
    with connection.transaction():
        copy_in_now(connection.cursor(), copy, READING, rows)
        connection.execute("SELECT append_marks(%s, %s, %s, 'reading')", [ids.ravel().tolist(), *ends])


async def work(url, engine, now):
    """Compute and roll up what waits at a moment of event time."""
    await engine.drain(lambda: now)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        while await refresh(connection, now):
            pass


async def close_days(url, now):
    """Put the rollups of ended days together."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        station = 0
        while station := await close(connection, now, station):
            pass


def known(url, stations, quantities):
    """Ids [station, quantity] of freshly registered datastreams."""
    ids = stage.register(url, stations, quantities, interval=600)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "UPDATE place SET longitude = 106.8, latitude = 21.8, elevation = 300 WHERE kind = 'station'"
        )
    return np.array([[ids[station, quantity] for quantity in quantities] for station in range(stations)])


def ask(connection, query, arguments=()):
    return connection.execute(query, arguments).fetchone()[0]


async def wal(url, stations=60, rounds=60, history=288):
    """Bytes of write-ahead log a mark, and rows of rollups that were updated."""
    ids = known(url, stations, stage.QUANTITIES)
    values = weather(stations, stage.QUANTITIES, history + rounds)
    times = np.datetime64(BEGIN.replace(tzinfo=None), "us") + np.arange(history + rounds) * np.timedelta64(600, "s")
    with psycopg.connect(url, autocommit=True) as connection:
        put(connection, ids, values[:, :, :history], times[:history])
        async with pool(url, name="analytics", least=2, most=4) as connections:
            engine = Engine(connections, NO_WAIT)
            await work(url, engine, moment(times[history - 1]))
            connection.execute("ANALYZE")
            before = ask(connection, "SELECT pg_current_wal_insert_lsn()")
            updates = ask(connection, COUNTED, [["rollup_quarter", "rollup_hour", "rollup_day"]])
            for n in range(history, history + rounds):
                put(connection, ids, values[:, :, n : n + 1], times[n : n + 1])
                await work(url, engine, moment(times[n]))
            written = ask(connection, "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)::float8", [before])
        await asyncio.sleep(2)  # statistics come late
        updated = ask(connection, COUNTED, [["rollup_quarter", "rollup_hour", "rollup_day"]]) - updates
    return written / (stations * rounds), updated


def moment(time):
    return time.astype(datetime).replace(tzinfo=UTC)


async def all_in(url, stations=5, days=333):
    """Bytes of a table by the number of readings, table by table."""
    quantities = stage.QUANTITIES[:8]
    ids = known(url, stations, quantities)
    count = days * 144
    values = weather(stations, quantities, count, bad=False)
    times = np.datetime64(BEGIN.replace(tzinfo=None), "us") + np.arange(count) * np.timedelta64(600, "s")
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(0, count, 144 * 37):
            part = slice(first, first + 144 * 37)
            put(connection, ids, values[:, :, part], times[part])
        async with pool(url, name="analytics", least=2, most=4) as connections:
            await work(url, Engine(connections, NO_WAIT), moment(times[-1]))
        await close_days(url, moment(times[-1]) + timedelta(days=2))
        sizes = {}
        for table in KEPT:
            connection.execute(f"VACUUM FULL {table}")
            total = ask(
                connection, "SELECT coalesce(hypertable_size(%s::text), pg_total_relation_size(%s))", [table, table]
            )
            sizes[table] = total / values.size
    return sizes


def row(name, value, unit, bar):
    return {"name": name, "value": value, "unit": unit, "bar": f"<= {bar}", "met": value <= bar}


def run():
    with stage.services() as (database, _):
        database_settings(database)
        written, updated = asyncio.run(wal(stage.fresh(database)))
        print(f"  {updated:,} rows of rollups updated")
        sizes = asyncio.run(all_in(stage.fresh(database)))
        print("  " + ", ".join(f"{name} {size:.1f}" for name, size in sizes.items()))
    return [
        row("wal_per_mark", written, "B", 40_000),
        row("bytes_all_in Apache", sum(sizes.values()), "B a reading", 120),
    ]


def database_settings(database):
    """No full page images: they would count the compression of time, not what is written."""
    with psycopg.connect(database.create("settings"), autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET full_page_writes = off")
        connection.execute("SELECT pg_reload_conf()")
