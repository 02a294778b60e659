"""Every index and rule over a day of 10-minute data, in memory and from the tables.

Data: 8 quantities every 10 minutes (seeded noise on a daily wave, sun by day only, 1 % missing) of places round Lạng Sơn. In memory:
1,000 and 10,000 places × one day with the context days that rules look back at, in batches of 500, ordered checks
included; the exponent of growth is log(time ratio) / log(10). From the tables: 1,000 places × one day, marked, taken by one
engine in batches of 200 and written; rows a second against a binary COPY out of the same rows into an array (libpq hands
it over row by row), and beside it against the engine's own reading of them, one row of arrays, which is faster than COPY.
PostgreSQL as embedded, fsync off.
"""

import asyncio
import math
import os
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import psycopg

from analytics.indices import INDICES
from analytics.rules import RULES
from analytics.run.engine import compute, context
from analytics.run.engine.cache import NEVER
from analytics.run.engine.engine import Engine
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known
from standalone.services import Database, program_environment, temporary_folder
from store import work
from store.binary import READING, copy_in_now
from store.lease import Waits
from store.migrate import migrate
from store.pool import pool
from store.work import LOADED, Feed, Span, Spot

QUANTITIES = {
    "air_temperature": (18.0, 5.0), "relative_humidity": (75.0, 12.0), "precipitation": (0.0, 0.1),
    "wind_speed": (2.5, 1.0), "air_pressure": (985.0, 3.0), "global_radiation": (200.0, 150.0),
    "dew_point": (12.0, 1.0), "soil_moisture": (0.3, 0.02),
}  # fmt: skip
SMALL, LARGE, BATCH, STORED = 1000, 10_000, 500, 1000
DAY = date(2026, 1, 20)
START = datetime(2026, 1, 19, 17, tzinfo=UTC)  # local midnight in Lạng Sơn
NOW = START + timedelta(days=1)


def series(days, seed):
    """Times and values of one place: {quantity: array}, a reading every 10 minutes."""
    noise = np.random.default_rng(seed)
    steps = np.arange(days * 144)
    wave = -np.cos(steps / 144 * 2 * np.pi)
    found = {}
    for name, (mean, width) in QUANTITIES.items():
        values = mean + width * wave + noise.normal(0, abs(width) / 8 + 0.05, steps.size)
        floor = 0.0 if name in {"precipitation", "wind_speed", "global_radiation"} else -50.0
        if name == "global_radiation":
            values = np.where(wave > 0, 700.0 * wave + noise.normal(0, 10.0, steps.size), 0.0)  # no sun by night
        found[name] = np.where(noise.random(steps.size) < 0.01, np.nan, np.clip(values, floor, 1100.0))
    return found


def known(place):
    spot = Spot(
        place, f"s{place}", f"S{place}", "station", "Asia/Ho_Chi_Minh", 21.8, 106.8, 260.0, {}, [place], None, 2.0
    )
    feeds = tuple(Feed(place, 100 * place + n, name, "", 600.0, None, None) for n, name in enumerate(QUANTITIES))
    return Known(spot, feeds, (), {})


def readings(count, lead):
    """Readings of a batch as the engine loads them; one pattern for all places, so that making them costs little."""
    pattern = series(lead + 1, 1)
    first = np.datetime64(START.replace(tzinfo=None), "us") - np.timedelta64(lead, "D")
    times = first + np.arange((lead + 1) * 144) * np.timedelta64(600, "s")
    parts = []
    for place in range(count):
        for n, values in enumerate(pattern.values()):
            keep = np.isfinite(values)
            part = LOADED.empty(int(keep.sum()))
            part["datastream_id"], part["phenomenon_time"] = 100 * place + n, times[keep]
            part["result"], part["flag"] = values[keep], 1
            parts.append(part)
    array = np.concatenate(parts)
    return Readings(array["datastream_id"].astype(np.int64) // 100, array, np.ones(array.size, bool))


def in_memory(places):
    """CPU seconds for a day of so many places."""
    lead = compute.lead_days(RULES, INDICES)
    given, one = readings(BATCH, lead), [known(place) for place in range(BATCH)]
    daily = [index for index in INDICES if index.step.value != "month"]
    spent = 0.0
    for _ in range(places // BATCH):
        begin = time.process_time()
        before = context.Context(lead, (), {}, {}, {}, {}, np.full(BATCH, NEVER))
        frame = frame_of_readings(one, given, DAY, DAY, lead, NOW, before.heard.astype("datetime64[s]"))
        compute._think(daily, RULES, frame, before, {})
        spent += time.process_time() - begin
    return spent


def fill(url):
    """Places, datastreams, a day of readings and their marks."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation)"
            " SELECT 's' || k, 'station', 'S' || k, 106.8, 21.8, 260 FROM generate_series(1, %s) AS k", (STORED,)
        )  # fmt: skip
        connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds)"
            " SELECT place.id, quantity, 600 FROM place, unnest(%s::text[]) AS quantity WHERE kind = 'station'",
            (list(QUANTITIES),),
        )
        streams = connection.execute("SELECT id, quantity FROM datastream ORDER BY id").fetchall()
        pattern = series(1, 1)
        times = np.datetime64(START.replace(tzinfo=None), "us") + np.arange(144) * np.timedelta64(600, "s")
        rows = READING.empty(0)
        parts = []
        for number, quantity in streams:
            keep = np.isfinite(pattern[quantity])
            part = READING.empty(int(keep.sum()))
            part["phenomenon_time"], part["result"] = times[keep], pattern[quantity][keep]
            part["datastream_id"], part["flag"], part["batch_id"] = number, 1, 0
            parts.append(part)
        rows = np.concatenate(parts)
        copy = "COPY reading (phenomenon_time, result, datastream_id, flag, batch_id) FROM STDIN (FORMAT BINARY)"
        copy_in_now(connection.cursor(), copy, READING, rows)
        connection.execute("SELECT append_marks(array_agg(id), array_agg(%s::timestamptz), array_agg(%s::timestamptz),"
                           " 'reading') FROM datastream", (START, NOW))  # fmt: skip
    return [number for number, _ in streams], len(rows)


async def from_tables(url, streams):
    """Seconds of a COPY out, of the engine's own reading, and of all of its work, over the same rows."""
    async with pool(url, name="bench", most=6) as connections:
        async with connections.connection() as connection:
            copied = await asyncio.to_thread(copied_out, url, streams)
            begin = time.perf_counter()
            await work.readings(connection, [Span(number, START, NOW) for number in streams])
            gathered = time.perf_counter() - begin
        engine = Engine(connections, Waits(timedelta(0), timedelta(0)))
        begin = time.perf_counter()
        while await engine.drain(lambda: NOW):
            pass
        return copied, gathered, time.perf_counter() - begin


def copied_out(url, streams):
    """Seconds of a binary COPY of the same rows by the same spans, into one array."""
    query = (
        "COPY (SELECT reading.datastream_id, reading.phenomenon_time, reading.result, reading.flag"
        " FROM unnest(%s::int[]) AS span (datastream) JOIN reading ON reading.datastream_id = span.datastream"
        " AND reading.phenomenon_time BETWEEN %s AND %s) TO STDOUT (FORMAT BINARY)"
    )
    wire = np.dtype([("fields", ">i2")] + [pair for name, kind in (("datastream", ">i4"), ("time", ">i8"), ("result", ">f8"), ("flag", ">i4"))
                                           for pair in ((f"length {name}", ">i4"), (name, kind))])  # fmt: skip
    with psycopg.connect(url) as connection:
        begin = time.perf_counter()
        with connection.cursor().copy(query, (streams, START, NOW)) as copy:
            payload = b"".join(map(bytes, copy))
    rows = np.frombuffer(payload, wire, offset=19, count=(len(payload) - 21) // wire.itemsize)
    array = LOADED.empty(len(rows))
    array["datastream_id"], array["result"], array["flag"] = rows["datastream"], rows["result"], rows["flag"]
    array["phenomenon_time"] = (rows["time"] + 946_684_800_000_000).astype("M8[us]")
    return time.perf_counter() - begin


def run():
    small, large = in_memory(SMALL), in_memory(LARGE)
    exponent = math.log(large / small) / math.log(LARGE / SMALL)
    with temporary_folder() as folder, Database.start(folder / "database", settings={"fsync": "off"}) as database:
        os.environ |= program_environment()
        database.create("bench")
        url = database.url("bench")
        migrate(url)
        streams, rows = fill(url)
        copied, gathered, computed = asyncio.run(from_tables(url, streams))
    ratio = copied / computed
    return [
        {"name": "place_days growth", "value": round(exponent, 3), "unit": "exponent", "peer": "linear", "peer_value": 1.0,
         "ratio": round(exponent, 3), "bar": 1.05, "met": exponent <= 1.05},
        {"name": "place_days in memory", "value": round(LARGE / large), "unit": "place-days/CPU s", "peer": None,
         "peer_value": None, "ratio": None, "bar": None, "met": None},
        {"name": "place_days end to end", "value": round(rows / computed), "unit": "rows/s", "peer": "COPY out",
         "peer_value": round(rows / copied), "ratio": round(ratio, 3), "bar": 0.5, "met": ratio >= 0.5},
        {"name": "place_days end to end, of reading", "value": round(rows / computed), "unit": "rows/s", "peer": "arrays out",
         "peer_value": round(rows / gathered), "ratio": round(gathered / computed, 3), "bar": None, "met": None},
    ]  # fmt: skip
