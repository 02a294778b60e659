"""The latest reading of 10,000 datastreams with their names, as the map of a province shows them; p95 of 60."""

import psycopg

from benchmarks import stage
from benchmarks.read_year import p95

QUERY = (
    "SELECT place.code, datastream.quantity, datastream.level, latest.phenomenon_time, latest.result, latest.flag"
    " FROM latest JOIN datastream ON datastream.id = latest.datastream_id JOIN place ON place.id = datastream.place"
)


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        stage.register(url, 1000, stage.QUANTITIES[:10])
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("INSERT INTO latest SELECT id, '2026-01-01', id, 1, 1 FROM datastream")
            connection.execute("VACUUM ANALYZE")
            cursor = connection.cursor(binary=True)
            assert len(cursor.execute(QUERY).fetchall()) == 10_000
            value = p95(lambda _: cursor.execute(QUERY).fetchall())
    return [{"name": "read_latest", "value": round(value, 1), "unit": "ms p95", "bar": "< 100", "met": value < 100}]
