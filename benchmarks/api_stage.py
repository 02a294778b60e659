"""What the benchmarks of the API stand on: a province of 1,000 stations, and `nongvu api run` over it."""

import contextlib
import os
import socket
import subprocess
import sys
import time

import httpx
import psutil
import psycopg

from benchmarks import stage

STATIONS, QUANTITIES = 1000, 10
FILL = """
INSERT INTO place (code, kind, name) SELECT 'c-' || n, 'commune', 'Xã Số ' || n FROM generate_series(1, 65) AS n;
INSERT INTO place (code, kind, name, longitude, latitude, parent)
SELECT 's-' || n, 'station', 'Trạm Số ' || n, 106 + n %% 40 * 0.02, 21.3 + n / 40 * 0.03, commune.id
FROM generate_series(1, %(stations)s) AS n JOIN place AS commune ON commune.code = 'c-' || n %% 65 + 1;
"""
STREAMS = """
INSERT INTO datastream (place, quantity, interval_seconds)
SELECT place.id, quantity, 300 FROM place, (SELECT name AS quantity FROM observed_property ORDER BY name LIMIT %(most)s)
WHERE place.kind = 'station'
"""
BATCH = "INSERT INTO batch (gateway, received_at) SELECT id, clock_timestamp() FROM gateway WHERE code = 'api'"
NEWEST = """
INSERT INTO reading SELECT date_trunc('hour', clock_timestamp()) - step * interval '5 minutes',
    round((15 + 10 * random())::numeric, 2), id, 1, 1
FROM datastream, generate_series(0, 11) AS step
"""
#: A finding every tenth day of a year over each datastream; over each hundredth one that lies over the newest value.
VERDICTS = """
INSERT INTO verdict (datastream_id, valid_from, valid_to, flag, reason, who, said_at)
SELECT id, began, began + interval '2 hours', 3 | 4096, 'spike', 'ordered', began
FROM datastream, LATERAL (SELECT clock_timestamp() - interval '1 hour' - day * interval '10 days' AS began
                          FROM generate_series(CASE WHEN id % 100 = 0 THEN 0 ELSE 1 END, 36) AS day) AS found
"""
LATEST = """
INSERT INTO latest SELECT DISTINCT ON (datastream_id) datastream_id, phenomenon_time, result, flag, batch_id
FROM reading ORDER BY datastream_id, phenomenon_time DESC
"""
#: A year of 5-minute readings of every datastream of one station.
YEAR = """
INSERT INTO reading
SELECT moment, 15 + 10 * random(), datastream.id, 1, 1
FROM datastream JOIN place ON place.id = place,
     generate_series(timestamptz '2025-01-01', timestamptz '2025-12-31 23:55', '5 minutes') AS moment
WHERE place.code = 's-1'
"""


def fill(url, *, year):
    """Put the province into a fresh database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(FILL.replace("%%", "%").replace("%(stations)s", str(STATIONS)))
        connection.execute(STREAMS, {"most": QUANTITIES})
        for statement in (BATCH, NEWEST, *([YEAR] if year else []), LATEST, VERDICTS, "ANALYZE"):
            connection.execute(statement)


@contextlib.contextmanager
def serving(url, **settings):
    """Address of `nongvu api run`, and its process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    told = os.environ | {"NONGVU_DATABASE_URL": url, "NONGVU_API_PORT": str(port), "NONGVU_PER_MINUTE": "100000000"}
    told |= {"NONGVU_STREAMS": "1000"}  # one address listens for all in api_stream
    command = [sys.executable, "-P", "-m", "nongvu", "api", "run"]
    with subprocess.Popen(command, env=told | settings) as process:
        address = f"http://127.0.0.1:{port}"
        while True:
            try:
                httpx.get(address + "/healthz")
                break
            except httpx.TransportError:
                time.sleep(0.1)
        try:
            yield address, psutil.Process(process.pid)
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def province(*, year=False):
    """A served province: address and process."""
    with stage.services() as (database, _):
        url = stage.fresh(database)
        fill(url, year=year)
        with serving(url) as served:
            yield url, *served


def p95(seconds):
    """The time that 19 in 20 stay below [ms]."""
    return sorted(seconds)[int(len(seconds) * 0.95)] * 1000


def timed(client, path, times=20):
    """Seconds of each of some requests, the first (cold) left out."""
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        answer = client.get(path)
        taken.append(time.perf_counter() - start)
        assert answer.status_code == 200, answer.text[:300]
    return taken[1:], answer
