"""The reads of read_year, read_latest and read_panel where ten years lie in the tables instead of one or five.

Data: that of read_year (four datastreams every 10 minutes) with nine years before it by COPY: 2.1 million readings in some 520
chunks, rollups of the last year only; the latest of 10,000 datastreams in the same database, through `GET /v1/latest` of a
served API besides; and read_panel's day rollups of 100 stations over ten years, of which five are asked for. The bars are
those of the reads without history; the API's is that of api_read.
"""

import httpx
import psycopg

from benchmarks import api_stage, read_latest, read_panel, read_year, stage
from benchmarks.read_year import p95, row

BEFORE = stage.size(9, 1)


def latest(url):
    """p95 [ms] of the newest of 10,000 datastreams by SQL, and of all by the API."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude) SELECT 't-' || n, 'station', 't-' || n, 106.8, 21.8"
            " FROM generate_series(1, 1000) AS n"
        )
        connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds) SELECT id, q, 600 FROM place,"
            " unnest(%s::text[]) AS q WHERE code LIKE 't-%%'", [list(stage.QUANTITIES[:10])]
        )  # fmt: skip
        connection.execute(
            "INSERT INTO latest SELECT id, '2025-12-31', id % 40, 1, 1 FROM datastream ON CONFLICT DO NOTHING"
        )
        connection.execute("VACUUM ANALYZE")
        cursor = connection.cursor(binary=True)
        assert len(cursor.execute(read_latest.QUERY).fetchall()) >= 10_000
        plain = p95(lambda _: cursor.execute(read_latest.QUERY).fetchall())
    with api_stage.serving(url) as (address, _), httpx.Client(base_url=address, timeout=60) as client:
        taken, _ = api_stage.timed(client, "/v1/latest?limit=10000")
    return plain, api_stage.p95(taken)


def run():
    with stage.services() as (database, _):
        url = read_year.prepared(database, BEFORE)
        picture, raw, judged = read_year.measured(url)
        with psycopg.connect(url) as connection:
            (chunks,) = connection.execute("SELECT count(*) FROM show_chunks('reading')").fetchone()
        plain, asked = latest(url)
        panel, rows = read_panel.measured(*read_panel.prepared(database, BEFORE + 1))
    return [
        row("read_ten_years", picture, f"picture of a year; {chunks} chunks", 50),
        row("read_ten_years raw", raw, f"52560 readings; {chunks} chunks", 50),
        row("read_ten_years judged", judged, f"500 verdicts laid over; {chunks} chunks"),
        row("read_ten_years latest", plain, "10,000 datastreams", 100),
        row("read_ten_years latest by API", asked, "10,000 datastreams", 150),
        row("read_ten_years panel", panel, f"{rows} days", 300),
    ]
