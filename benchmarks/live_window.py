"""What a mark costs whose place is in memory, and what a place in memory costs.

Data: 12 quantities, five days and a half until now; 200 stations every 10 minutes, 100 every minute. In a process of its
own half of the stations are computed, then the others: memory a station is the growth of its resident memory from the one
to the other. Then readings come: at one station after the other (spread), and at all at once (together), each of them 12
readings of the newest time and a mark. ``value`` is CPU of Python a mark, writing included and the database's not.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import psycopg

from benchmarks import stage
from benchmarks.disk import put, weather
from standalone.services import Database, program_environment, temporary_folder

#: Interval [s] → stations, bar of CPU a spread mark [ms], bar of memory a station [MB].
SIZES = {600: (200, 12.0, 0.5), 60: (100, 12.0, 0.6)}
NOW = datetime(2026, 3, 20, 5, tzinfo=UTC)  # noon in Lạng Sơn
ROUNDS, SPREAD = 4, 60


def fill(url, interval, stations):
    """Stations with their readings up to now; ids [station, quantity]."""
    ids = stage.register(url, stations, interval=interval)
    number = np.array([[ids[k, name] for name in stage.QUANTITIES] for k in range(stations)])
    count = int(5.5 * 86_400 / interval)
    times = np.datetime64(NOW.replace(tzinfo=None), "us") - np.arange(count)[::-1] * np.timedelta64(interval, "s")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE place SET longitude = 106.8, latitude = 21.8, elevation = 300")
        for k in range(0, stations, 10):
            part = number[k : k + 10]
            put(connection, part, weather(len(part), stage.QUANTITIES, count, bad=False, seed=k), times)
        connection.execute("TRUNCATE mark")
        connection.execute("INSERT INTO latest SELECT id, %s, 20, 1, 1 FROM datastream", [NOW])
        connection.execute("VACUUM ANALYZE reading")
    return number


async def measured(url, interval, number):
    """CPU [ms] a mark, spread and together, and MB a station."""
    from analytics.run.engine.engine import Engine
    from store.lease import Waits
    from store.pool import pool

    about, half, memory = psutil.Process(), len(number) // 2, []
    async with pool(url, name="analytics", least=2, most=4) as connections:
        engine = Engine(connections, Waits(timedelta(0), timedelta(0)), 200)
        with psycopg.connect(url, autocommit=True) as connection:

            def deliver(rows, at):
                time_ = np.array([at.replace(tzinfo=None)], "datetime64[us]")
                put(connection, number[rows], weather(len(rows), stage.QUANTITIES, 1, bad=False), time_)

            async def step(at):
                begin = time.process_time()
                while await engine.drain(lambda: at):
                    pass
                return time.process_time() - begin

            at = NOW
            for rows in (range(half // 5), range(half), range(half, 2 * half)):
                for _ in range(3):  # as a process that has run for a while
                    at += timedelta(seconds=interval)
                    deliver(list(rows), at)
                    await step(at)
                memory.append(about.memory_info().rss / 2**20)
            spread = 0.0
            for k in range(SPREAD):
                if k % half == 0:
                    at += timedelta(seconds=interval)
                deliver([k % half], at)
                spread += await step(at)
            together = 0.0
            for _ in range(ROUNDS):
                at += timedelta(seconds=interval)
                deliver(list(range(2 * half)), at)
                together += await step(at)
    return {"spread": 1000 * spread / SPREAD, "together": 1000 * together / (ROUNDS * 2 * half),
            "memory": (memory[2] - memory[1]) / half}  # fmt: skip


def run():
    rows = []
    settings = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "512MB", "max_wal_size": "4GB"}
    with temporary_folder() as folder, Database.start(folder / "database", settings=settings) as database:
        os.environ |= program_environment()
        for interval, (stations, most, room) in SIZES.items():
            url = stage.fresh(database)
            given = json.dumps([url, interval, fill(url, interval, stations).tolist()])
            command = [sys.executable, "-P", "-m", "benchmarks.live_window"]
            found = json.loads(subprocess.run(command, input=given, capture_output=True, text=True, check=True,
                                              env=os.environ | {"PYTHONPATH": str(Path.cwd())}).stdout.splitlines()[-1])  # fmt: skip
            name = f"live_window {interval // 60} min"
            print(f"  {name}: {found}")
            rows += [
                {"name": name, "value": found["spread"], "unit": "CPU ms / mark", "peer": "all stations in one step",
                 "peer_value": found["together"], "bar": f"<= {most:g}", "met": found["spread"] <= most},
                {"name": f"{name} memory", "value": found["memory"], "unit": "MB / station", "bar": f"<= {room:g}",
                 "met": found["memory"] <= room},
            ]  # fmt: skip
    return rows


if __name__ == "__main__":
    import structlog

    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    address, interval_, ids_ = json.load(sys.stdin)
    print(json.dumps(asyncio.run(measured(address, interval_, np.array(ids_)))))
