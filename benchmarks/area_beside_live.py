"""A reading's delay to its results while the whole province is compared because of one late reading.

Data: 400 stations of one province, air temperature and rain every 10 minutes for 62 days, laid by COPY. One analytics
process. A reading every 0.5 s at one station, sent when the former one's results stand; after 10 s one reading 26 hours old
at another, and on until its comparison is over; then the same beside all days of all stations made anew from
readings, as after an upgrade. Then passes alone, at 100 and at 400 stations: CPU of Python and of the
database's server process, of one late reading of yesterday, and what that is of a core when another comes all the time.
"""

import asyncio
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import stage
from standalone.services.folders import compiled_once
from store.binary import READING, copy_in_now

STATIONS, FEWER, DAYS, STEP, BAR = 400, 100, 62, 600, 3.0
EVERY, BEFORE, LONGEST, QUIET = 0.5, 10.0, 150.0, 5
COPY = "COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY)"


def province(url, stations):
    """Stations over a province and 62 days of their weather; (temperature, rain) datastreams of each."""
    noise = np.random.default_rng(1)
    with psycopg.connect(url, autocommit=True) as connection:
        root = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('ls', 'province', 'LS') RETURNING id"
        ).fetchone()[0]
        streams = []
        for k in range(stations):
            place = connection.execute(
                "INSERT INTO place (code, kind, name, parent, longitude, latitude, elevation)"
                " VALUES (%s, 'station', %s, %s, %s, %s, %s) RETURNING id",
                (
                    f"s-{k}",
                    f"S {k}",
                    root,
                    *noise.uniform((106.1, 21.4), (107.4, 22.5)).tolist(),
                    float(noise.uniform(150, 1500)),
                ),
            ).fetchone()[0]
            made = connection.execute(
                "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%(place)s, 'air_temperature', %(step)s),"
                " (%(place)s, 'precipitation', %(step)s) RETURNING id",
                {"place": place, "step": STEP},
            ).fetchall()
            streams.append((place, made[0][0], made[1][0]))
        lay(connection, streams, noise)
        connection.execute("ANALYZE")
    return streams


def lay(connection, streams, noise):
    now = np.datetime64(datetime.now(UTC).replace(tzinfo=None), "s")
    count = DAYS * 86_400 // STEP
    times = now.astype("M8[h]") + np.arange(-count, 1) * np.timedelta64(STEP, "s")
    times = times[times <= now]
    phase = (times - times[0]) / np.timedelta64(86_400, "s") * 2 * np.pi
    for first in range(0, len(streams), 50):
        part = streams[first : first + 50]
        rows = READING.empty(times.size * 2 * len(part))
        for k, (_, air, rain) in enumerate(part):
            mine = rows[2 * k * times.size : 2 * (k + 1) * times.size]
            mine["phenomenon_time"] = np.tile(times, 2)
            mine["datastream_id"] = np.repeat([air, rain], times.size)
            mine["result"][: times.size] = np.round(18 + 5 * np.sin(phase) + noise.normal(0, 0.3, times.size), 2)
            mine["result"][times.size :] = np.where(noise.random(times.size) < 0.02, 0.4, 0.0)
        rows["flag"], rows["batch_id"] = 1, 0
        copy_in_now(connection.cursor(), COPY, READING, rows)


def mark_all(connection, streams):
    """Days to compute: the last three of every station; and all of them to the area's table, as if they had come."""
    now = datetime.now(UTC)
    ids = [air for _, air, _ in streams]
    connection.execute(
        "SELECT append_marks(%s, %s, %s, 'reading')", (ids, [now - timedelta(days=3)] * len(ids), [now] * len(ids))
    )
    if lane(connection):
        connection.execute(
            "INSERT INTO area_mark (station, from_time, to_time) SELECT id, %s, %s FROM place WHERE kind = 'station'",
            (now - timedelta(days=DAYS), now),
        )


def deliver(connection, stream, moment, value=20.0):
    with connection.transaction():
        connection.execute(
            "INSERT INTO reading VALUES (%s, %s, %s, 1, 0) ON CONFLICT DO NOTHING", (moment, value, stream)
        )
        connection.execute("SELECT append_marks(%s, %s, %s, 'reading')", ([stream], [moment], [moment]))


def left(connection):
    """Marks, leases, and what areas still have to compare."""
    found = connection.execute("SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM lease)").fetchone()[0]
    if lane(connection):
        found += connection.execute(
            "SELECT (SELECT count(*) FROM area_mark) + (SELECT count(*) FROM area_day_changed)"
            " + (SELECT count(*) FROM area_lease)"
        ).fetchone()[0]
    return found


def lane(connection):
    """Whether areas have a lane of their own."""
    return connection.execute("SELECT to_regclass('area_mark')").fetchone()[0] is not None


def calm(connection, process):
    end = time.monotonic() + 900
    while left(connection):
        assert process.poll() is None
        assert time.monotonic() < end, "analytics does not finish"
        time.sleep(1)


def settled(connection, place):
    asked = "SELECT count(*) FROM mark WHERE place = %(p)s"
    held = "SELECT count(*) FROM lease WHERE place = %(p)s"
    end = time.monotonic() + LONGEST
    while connection.execute(f"SELECT ({asked}) + ({held})", {"p": place}).fetchone()[0]:
        if time.monotonic() > end:
            break
        time.sleep(0.01)


def late_reading(connection, streams):
    deliver(connection, streams[1][1], datetime.now(UTC) - timedelta(hours=26), 17.0)


def all_anew(connection, _streams):
    """As after an upgrade: two months of all stations to be made from raw readings."""
    connection.execute("TRUNCATE area_day")
    connection.execute(
        "INSERT INTO area_mark (station, from_time, to_time) SELECT id, now() - %s, now() FROM place WHERE kind = 'station'",
        (timedelta(days=DAYS),),
    )


def trickle(connection, streams, happens=late_reading):
    """(moment, delay) of each reading; when the other thing happened."""
    delays, begin, late = [], time.monotonic(), None
    while late is None or (time.monotonic() - late < LONGEST and (left(connection) or time.monotonic() - late < 30)):
        if late is None and time.monotonic() - begin > BEFORE:
            late = time.monotonic()
            happens(connection, streams)
        sent = time.monotonic()
        deliver(connection, streams[0][1], datetime.now(UTC))
        settled(connection, streams[0][0])
        delays.append((sent - begin, time.monotonic() - sent))
        time.sleep(max(EVERY - (time.monotonic() - sent), 0))
    return delays, late - begin


def beside(url, streams):
    environment = compiled_once(os.environ) | {
        "NONGVU_DATABASE_URL": url,
        "NONGVU_ANALYTICS_QUIET": f"PT{QUIET}S",
        "NONGVU_ANALYTICS_OLDEST": f"PT{QUIET}S",
        "NONGVU_ANALYTICS_AREA_QUIET": f"PT{QUIET}S",
        "NONGVU_ANALYTICS_AREA_OLDEST": f"PT{QUIET}S",
    }
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nongvu", "analytics", "run"], env=environment, stderr=log
        )
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                mark_all(connection, streams)
                begin = time.monotonic()
                calm(connection, process)
                print(f"first computation {time.monotonic() - begin:.0f} s", file=sys.stderr)
                one = trickle(connection, streams)
                made = trickle(connection, streams, all_anew) if lane(connection) else ([], 0.0)
                return *one, *made
        finally:
            process.terminate()
            process.wait(60)


def ticks(pid):
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def pass_cost(url, streams, back=timedelta(hours=26), times=3):
    """CPU seconds (Python, server) of a pass after one late reading: the median of some."""
    from analytics.run.engine.engine import Engine
    from analytics.run.neighbours.compare import Area
    from store.lease import Waits
    from store.pool import pool

    waits = Waits(timedelta(0), timedelta(0))
    found = []
    async with pool(url, name="bench", least=1, most=1) as connections:
        engine, area = Engine(connections, waits), Area(connections, waits)
        with psycopg.connect(url, autocommit=True) as connection:
            for k in range(times + 1):
                moment = datetime.now(UTC) - back - timedelta(seconds=STEP * k)
                deliver(connection, streams[2][1], moment, 15.0 + k)
                now = datetime.now(UTC)
                while await engine.step(now):
                    pass
                async with connections.connection() as own:
                    server = own.info.backend_pid
                begin, backend = resource.getrusage(resource.RUSAGE_SELF), ticks(server)
                while await area.step(now):
                    pass
                end = resource.getrusage(resource.RUSAGE_SELF)
                spent = end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime
                found.append((spent, ticks(server) - backend))
    return tuple(np.median(found[1:], axis=0).tolist())


async def alone(url, streams):
    """Fill an area's table, then measure passes."""
    from analytics.run.neighbours.compare import Area
    from store.lease import Waits
    from store.pool import pool

    async with pool(url, name="bench", least=1, most=1) as connections:
        with psycopg.connect(url, autocommit=True) as connection:
            mark_all(connection, streams)
            connection.execute("DELETE FROM mark")
        area = Area(connections, Waits(timedelta(0), timedelta(0)))
        while await area.step(datetime.now(UTC)):
            pass
    return await pass_cost(url, streams)


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        streams = province(url, STATIONS)
        delays, late, anew, since = beside(url, streams)
        before, after = ([delay for at, delay in delays if (at < late) == first] for first in (True, False))
        print(f"worst before {max(before):.2f} s, after {max(after):.2f} s of {len(after)}", file=sys.stderr)
        python, server = asyncio.run(pass_cost(url, streams))
        week = asyncio.run(pass_cost(url, streams, timedelta(days=7, hours=2)))
        smaller = stage.fresh(database, "fewer")
        few = asyncio.run(alone(smaller, province(smaller, FEWER)))
    anew = [delay for at, delay in anew if at >= since]
    slope = (python + server - sum(few)) / (STATIONS - FEWER)
    thousand = python + server + slope * (1000 - STATIONS)
    share = 100 * thousand / 300
    p99 = float(np.percentile(after, 99))
    print(f"a pass, {FEWER} stations: {few}; {STATIONS}: {python, server}; of a week back: {week}", file=sys.stderr)
    return [
        {"name": "area_beside_live", "value": round(p99, 2), "unit": f"s, p99 of {len(after)} readings' delay while {STATIONS} stations are compared",
         "bar": f"p99 < {BAR:g} s", "met": p99 < BAR},
        {"name": "area_beside_live worst", "value": round(max(after), 2), "unit": "s, the longest of them", "peer": "worst before the late reading",
         "peer_value": round(max(before), 2)},
        {"name": "area_beside_live all anew", "value": round(float(np.percentile(anew, 99)), 2),
         "unit": f"s, p99 of {len(anew)} readings' delay while two months of all stations are made from readings",
         "bar": f"p99 < {BAR:g} s", "met": float(np.percentile(anew, 99)) < BAR},
        {"name": "area_beside_live pass", "value": round(python + server, 2), "unit": f"CPU s of a pass over {STATIONS} stations ({1000 * slope:.2f} ms more a station)"},
        {"name": "area_beside_live share", "value": round(share, 2), "unit": "% of a core at 1,000 stations, extrapolated, when late readings come all the time",
         "bar": "≤ 1 %", "met": share <= 1.0},
    ]  # fmt: skip
