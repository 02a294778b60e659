"""read_panels: every panel of every board as it opens, its SQL as Grafana sends it, by the role that Grafana signs in with.

Data: the small province of tests/dashboards (65 stations, 120 days, hourly, about 11 quantities each; recorded weather,
the rest computed), rolled up by the real refresh, indices by the shelf's kernels. Each panel 5 times, connections warm,
largest of 5; the row is the slowest panel of all. `province_map`: the same with 1,000 stations on the map, p95 of 20.
"""

import sys
import time
from datetime import timedelta
from pathlib import Path

import psycopg

from benchmarks import stage
from benchmarks.read_year import p95
from dashboards.board import OUTSIDE
from dashboards.boards import BOARDS
from dashboards.macros import Shown, expand
from dashboards.preview.ask import choices, span

STATIONS, DAYS = 65, 120


def province(url):
    """The small province of the tests, larger."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "dashboards"))
    import province as small

    small.fill(url, DAYS, STATIONS)
    return small.END


def panels(url, end):
    """(milliseconds, name, rows) of every panel, slowest first."""
    found = []
    for board in BOARDS:
        with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as connection:
            connection.execute("SET ROLE " + ("chart_public_reader" if board.source == OUTSIDE else "chart_reader"))
            shown = Shown(end - span(board), end, choices(connection, board, end))
            for panel in board.panels():
                if panel.sql:
                    sql = expand(panel.sql, shown).encode()
                    taken, rows = [], 0
                    for _ in range(5):
                        start = time.perf_counter()
                        rows = len(connection.execute(sql).fetchall())
                        taken.append(time.perf_counter() - start)
                    found.append((max(taken) * 1000, f"{board.name}: {panel.title.en}", rows))
    return sorted(found, reverse=True)


def province_map(url, end):
    """p95 of the map of 1,000 stations, half of them with an alert."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name, parent, longitude, latitude) SELECT 'many-' || n, 'station', 'Trạm ' || n,"
            " (SELECT id FROM place WHERE kind = 'commune' ORDER BY id OFFSET n % 65 LIMIT 1), 106 + n % 97 / 100.0,"
            " 21.5 + n % 89 / 100.0 FROM generate_series(1, %s) AS n".replace("% 65", "%% 65")
            .replace("% 97", "%% 97").replace("% 89", "%% 89"), [1000 - STATIONS],
        )  # fmt: skip
        connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds) SELECT id, q, 600 FROM place,"
            " unnest(ARRAY['air_temperature', 'relative_humidity', 'precipitation', 'wind_speed']) AS q WHERE code LIKE 'many-%'"
        )
        connection.execute(
            "INSERT INTO latest SELECT datastream.id, %s, 20, 1, 1 FROM datastream JOIN place ON place.id = place"
            " WHERE place.code LIKE 'many-%%'", [end - timedelta(minutes=5)],
        )  # fmt: skip
        connection.execute(
            "INSERT INTO alert (rule, hazard, place, basis, level, started) SELECT 'heavy_rain', 'rain', id, 'observed',"
            " 1 + id % 3, %s FROM place WHERE code LIKE 'many-%%' AND id %% 2 = 0".replace("id % 3", "id %% 3"), [end],
        )  # fmt: skip
        connection.execute("VACUUM ANALYZE")
        board = next(board for board in BOARDS if board.name == "province_today")
        panel = next(panel for panel in board.panels() if panel.kind == "geomap")
        connection.execute("SET ROLE chart_reader")
        sql = expand(panel.sql, Shown(end - span(board), end, choices(connection, board, end))).encode()
        rows = len(connection.execute(sql).fetchall())
        return p95(lambda _: connection.execute(sql).fetchall(), 20), rows


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        end = province(url)
        found = panels(url, end)
        for milliseconds, name, rows in found[:12]:
            print(f"  {milliseconds:7.1f} ms  {rows:6} rows  {name}", file=sys.stderr)
        slowest, name, _ = found[0]
        mapped, rows = province_map(url, end)
    within = sum(milliseconds < 300 for milliseconds, *_ in found)
    return [
        {
            "name": "read_panels",
            "value": round(slowest, 1),
            "unit": f"ms, slowest of {len(found)} panels ({name}); {within} within the bar",
            "bar": "< 300",
            "met": slowest < 300,
        },
        {
            "name": "province_map",
            "value": round(mapped, 1),
            "unit": f"ms p95, {rows} stations",
            "bar": "< 500",
            "met": mapped < 500,
        },
    ]
