"""Every panel of every board, its SQL as Grafana sends it, by the login that Grafana signs in with.

Data: the province of tests/dashboards at full size: 100 stations, a year, hourly, about 11 quantities each (recorded weather,
the rest computed): 7.4 million readings, rolled up by the real refresh, 1.8 million values of indices by the shelf's kernels,
2,500 alerts, 55,000 messages, 525,000 packs. Every panel as its board opens (all stations chosen, the board's own span), and
zoomed out to the year; connections warm, 5 times each, those that took longest 20 times; p95. `province_map`: the map of
1,000 stations, half of them with an alert, p95 of 20.
"""

import sys
from datetime import timedelta
from pathlib import Path

import psycopg

from benchmarks import stage
from benchmarks.read_year import p95
from dashboards.board import OUTSIDE
from dashboards.boards import BOARDS
from dashboards.macros import Shown, expand
from dashboards.preview.ask import choices, span
from standalone import database_access
from store.roles import put_user

STATIONS, DAYS, GATEWAYS = 100, 365, 10
OPENED, YEAR = "as it opens", "zoomed out to the year"
#: How many of the slowest are measured again, more often.
SLOWEST = 12


def province(url):
    """The small province of the tests at full size, and the packs that it would have taken."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "dashboards"))
    import province as small

    small.fill(url, DAYS, STATIONS)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO batch (gateway, boot, stream, sequence, received_at, records) SELECT gateway.id, 'year', 'live',"
            " n, %s - n * interval '10 minutes', 120 FROM gateway, generate_series(%s, 0, -1) AS n"
            " WHERE gateway.code LIKE 'gateway-%%'",
            [small.END, 144 * DAYS * GATEWAYS // 3],
        )
        connection.execute("VACUUM ANALYZE")
    return small.END


def signed_in(url, role):
    """A connection as Grafana has it: a login of that role, with its limits."""
    with psycopg.connect(url, autocommit=True) as connection:
        password = put_user(connection, f"bench_{role}", role)
    return psycopg.connect(database_access.signed_in(url, f"bench_{role}", password), autocommit=True)


def asked(url, end):
    """(connection, SQL, board and title, span) of every panel."""
    connections = {name: signed_in(url, name) for name in ("chart_reader", "chart_public_reader")}
    for board in BOARDS:
        connection = connections["chart_public_reader" if board.source == OUTSIDE else "chart_reader"]
        chosen = choices(connection, board, end)
        for name, length in ((OPENED, span(board)), (YEAR, timedelta(days=DAYS))):
            shown = Shown(end - length, end, chosen)
            for panel in board.panels():
                if panel.sql:
                    yield connection, expand(panel.sql, shown).encode(), f"{board.name}: {panel.title.get('en')}", name


def panels(url, end):
    """(milliseconds p95, name, rows) of every panel by span, slowest first."""
    found = {OPENED: [], YEAR: []}
    for connection, sql, name, length in asked(url, end):
        rows = len(connection.execute(sql).fetchall())
        taken = p95(lambda _, sql=sql, connection=connection: connection.execute(sql).fetchall(), 5)
        found[length].append((taken, name, rows, connection, sql))
    for entries in found.values():
        entries.sort(key=lambda entry: -entry[0])
        for n, (_, name, rows, connection, sql) in enumerate(entries[:SLOWEST]):
            again = p95(lambda _, sql=sql, connection=connection: connection.execute(sql).fetchall(), 20)
            entries[n] = (again, name, rows, connection, sql)
        entries.sort(key=lambda entry: -entry[0])
    return found


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
    with signed_in(url, "chart_reader") as connection:
        sql = expand(panel.sql, Shown(end - span(board), end, choices(connection, board, end))).encode()
        rows = len(connection.execute(sql).fetchall())
        return p95(lambda _: connection.execute(sql).fetchall(), 20), rows


def measure(url, end):
    """Rows of the results, of a database that is filled."""
    results = []
    for length, entries in panels(url, end).items():
        for milliseconds, name, rows, *_ in entries[:SLOWEST]:
            print(f"  {milliseconds:7.1f} ms  {rows:6} rows  {name}, {length}", file=sys.stderr)
        slowest, name, *_ = entries[0]
        within = sum(entry[0] < 300 for entry in entries)
        results.append(
            {
                "name": "read_panels" if length == OPENED else "read_panels year",
                "value": round(slowest, 1),
                "unit": f"ms p95, slowest of {len(entries)} panels, {length} ({name}); {within} within 300",
                "bar": "< 300",
                "met": slowest < 300,
            }
        )
    mapped, rows = province_map(url, end)
    return [
        *results,
        {
            "name": "province_map",
            "value": round(mapped, 1),
            "unit": f"ms p95, {rows} stations",
            "bar": "< 500",
            "met": mapped < 500,
        },
    ]


def run():
    with stage.services() as (database, _):
        url = stage.fresh(database)
        return measure(url, province(url))
