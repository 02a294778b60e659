"""Five years of 100 stations by day from rollups, in one query, as a panel of a board asks for it,
into arrays (store.binary); p95 of 40.

Seeded through the real refresh on a stated raw subset: 10 stations × 1 quantity × 1 year every hour are written as readings and
refreshed; the day rollups of the other stations and years are copies of those with other ids and days.
"""

import psycopg

from benchmarks import stage
from benchmarks.bytes_per_reading import fill
from benchmarks.read_year import p95, refresh_all, row
from store.binary import gather_now, layout

SHAPE = layout(bucket="timestamptz", datastream="int4", mean="float8", minimum="float8", maximum="float8")
QUERY = (
    "SELECT bucket, datastream_id, sum / count, minimum, maximum FROM rollup_day"
    " WHERE datastream_id = ANY(%s) AND bucket >= %s AND bucket < %s AND class = 1"
)
SPAN = ("2021-01-01T00:00:00Z", "2026-01-01T00:00:00Z")


def prepared(database, years=5):
    """A database with so many years of day rollups; its URL and the datastreams."""
    url = stage.fresh(database)
    ids = sorted(stage.register(url, 100, stage.QUANTITIES[:1], interval=3600).values())
    fill(url, 10, 365, step=3600, start="2025-01-01")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT append_marks(%s, %s, %s, 'reading')", [ids[:10], ["2025-01-01Z"] * 10, ["2025-12-31Z"] * 10]
        )
    refresh_all(url)
    with psycopg.connect(url, autocommit=True) as connection:
        for back in range(1, years):
            connection.execute(
                "INSERT INTO rollup_day SELECT datastream_id, bucket - %s * INTERVAL '365 days', class, count, sum, minimum,"
                " maximum, squares, east, north, last FROM rollup_day WHERE bucket >= '2025-01-01' ON CONFLICT DO NOTHING",
                [back],
            )
        connection.execute(
            "INSERT INTO rollup_day SELECT datastream_id + 10 * n, bucket, class, count, sum, minimum, maximum, squares, east,"
            " north, last FROM rollup_day, generate_series(1, 9) AS n"
        )
        connection.execute("VACUUM ANALYZE rollup_day")
    return url, ids


def measured(url, ids):
    """p95 [ms] of the panel, and its rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.cursor()
        rows = len(gather_now(cursor, QUERY, SHAPE, [ids, *SPAN]))
        return p95(lambda _: gather_now(cursor, QUERY, SHAPE, [ids, *SPAN]), 40), rows


def run():
    with stage.services() as (database, _):
        value, rows = measured(*prepared(database))
    return [row("read_panel", value, f"{rows} days", 300)]
