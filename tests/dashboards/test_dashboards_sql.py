"""Every panel's SQL, macros written out, on the real database, as the roles that Grafana signs in with."""

from datetime import timedelta

import psycopg
import pytest
from province import END, PHONE, SECRET_TEXT, fill, spots

from analytics.rules import RULES
from dashboards.board import OUTSIDE
from dashboards.boards import BOARDS
from dashboards.macros import Shown, expand
from dashboards.preview.ask import choices, span
from store.flag import Check
from store.migrate import migrate
from telemetry.quantities import QUANTITIES


@pytest.fixture(scope="module")
def filled(server, template):
    """One small province for all panels of this file; nothing here writes."""
    import uuid

    name = f"boards_{uuid.uuid4().hex[:8]}"
    url = server.create(name, template("nongvu_migrated"))
    try:
        fill(url)
        yield url
    finally:
        server.drop(name)


@pytest.fixture
def reading(filled):
    def connect(source):
        connection = psycopg.connect(filled, autocommit=True, options="-c timezone=UTC")
        connection.execute("SET ROLE " + ("chart_public_reader" if source == OUTSIDE else "chart_reader"))
        opened.append(connection)
        return connection

    opened = []
    yield connect
    for connection in opened:
        connection.close()


#: The station with soil sensors, for the board of one station.
WANTED = {"station": [spots(4)[0].code]}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels() if panel.sql]


@pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=lambda item: getattr(item, "name", None) or item.title.get("en")
)
def test_a_panel_answers(reading, board, panel):
    connection = reading(board.source)
    shown = Shown(
        END - min(span(board), timedelta(days=16)),
        END,
        choices(connection, board, END, WANTED if board.name == "station" else {}),
    )
    cursor = connection.execute(expand(panel.sql, shown))
    names, rows = [column.name for column in cursor.description], cursor.fetchall()
    assert rows, "the panel is empty"
    if panel.format == "time_series":
        assert names[0] == "time"
        times = [row[0] for row in rows]
        assert times == sorted(times)
        assert all(time.utcoffset() == timedelta(0) for time in times)
        if "metric" in names:
            assert names == ["time", "metric", "value"]
            assert len({row[:2] for row in rows}) == len(rows), "a series has two values at a time"
            assert any(isinstance(row[2], int | float) or hasattr(row[2], "is_finite") for row in rows)
        else:
            assert len(set(times)) == len(times)
    if "metric" not in names:
        assert not set(panel.columns) - set(names), "a column is described that the query does not return"
    if panel.kind == "geomap":
        assert {"longitude", "latitude", panel.value, panel.label} <= set(names)
    if panel.kind == "barchart":
        assert names[0] == panel.x


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.name)
def test_variables_and_annotations_answer(reading, board):
    connection = reading(board.source)
    chosen = choices(connection, board, END)
    assert set(chosen) >= {variable.name for variable in board.variables}
    for variable in board.variables:
        assert chosen[variable.name], f"nothing to choose for {variable.name}"
    for mark in board.annotations:
        cursor = connection.execute(expand(mark.sql, Shown(END - timedelta(days=16), END, chosen)))
        assert [column.name for column in cursor.description] == ["time", "timeend", "text", "tags"]


def test_no_view_holds_anything_of_a_person(filled):
    with psycopg.connect(filled) as connection:
        for schema, view in connection.execute(
            "SELECT table_schema, table_name FROM information_schema.views WHERE table_schema IN ('chart', 'chart_public')"
        ).fetchall():
            for (row,) in connection.execute(f"SELECT v::text FROM {schema}.{view} AS v LIMIT 5000"):
                assert PHONE not in row
                assert PHONE.removeprefix("+84") not in row
                assert "Bí Mật" not in row
                assert SECRET_TEXT not in row
                assert "nguyen-van-a" not in row


@pytest.mark.parametrize(
    "forbidden",
    [
        "SELECT * FROM public.reading",
        "SELECT * FROM personal.contact",
        "SELECT * FROM public.subscriber",
        "SELECT text FROM public.delivery",
        "UPDATE chart.quantity SET vi = ''",
        "CREATE TABLE chart.mine (i int)",
        "SELECT * FROM chart_public.station",
        "SELECT append_marks('{1}', '{now}', '{now}', 'x')",
    ],
)
def test_the_reader_may_read_its_schema_and_nothing_else(reading, forbidden):
    with pytest.raises(psycopg.Error) as refused:
        reading("nongvu-chart").execute(forbidden)
    assert refused.value.sqlstate in {"42501", "0A000", "55000", "42883"}


def test_outside_there_are_no_farms(reading):
    connection = reading(OUTSIDE)
    inside = reading("nongvu-chart")
    assert inside.execute("SELECT count(*) FROM chart.station WHERE station = 'tram-rieng'").fetchone() == (1,)
    for view in ("station", "latest"):
        assert connection.execute(
            f"SELECT count(*) FROM chart_public.{view} WHERE station = 'tram-rieng'"
        ).fetchone() == (0,)
    series = "SELECT count(*) FROM {}.series(ARRAY['tram-rieng'], 'air_temperature', %s, %s, '1 hour')"
    span_of = (END - timedelta(days=2), END)
    assert inside.execute(series.format("chart"), span_of).fetchone()[0] > 40
    assert connection.execute(series.format("chart_public"), span_of).fetchone() == (0,)
    for refused in ("SELECT * FROM chart.station", series.format("chart") % ("'2013-07-01'", "'2013-07-02'")):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(refused)


def test_the_view_of_quantities_is_the_table_of_quantities(reading):
    rows = reading("nongvu-chart").execute("SELECT name, unit, aggregate, vi, en FROM chart.quantity").fetchall()
    assert {row[0]: row[1:] for row in rows} == {
        name: (row.unit, row.aggregate.value, row.title("vi"), row.title("en")) for name, row in QUANTITIES.items()
    }


def test_the_view_of_checks_is_the_table_of_checks(reading):
    rows = reading("nongvu-chart").execute("SELECT name, bit FROM chart.quality_check").fetchall()
    assert {name: 1 << bit for name, bit in rows} == {check.name.lower(): check.value for check in Check}


@pytest.mark.parametrize(("width", "quantity"), [
    ("10 minutes", "air_temperature"), ("15 minutes", "air_temperature"), ("1 hour", "air_temperature"),
    ("3 hours", "precipitation"), ("3 hours", "wind_direction"), ("1 day", "air_temperature"), ("1 day", "precipitation"),
    ("1 day", "wind_gust"), ("2 days", "air_temperature"),
])  # fmt: skip
@pytest.mark.parametrize("touched", [False, True])
def test_every_zoom_agrees_with_the_raw_readings(filled, width, quantity, touched):
    """Rollups, and readings where something is touched, give what a plain scan of good readings gives."""
    plain = {"air_temperature": "avg(value)", "precipitation": "sum(value)", "wind_gust": "max(value)",
             "wind_direction": "(degrees(atan2(sum(sind(value)), sum(cosd(value)))) + 360)::numeric %% 360"}[quantity]  # fmt: skip
    zone = "'Asia/Ho_Chi_Minh'" if "day" in width else "'UTC'"
    with psycopg.connect(filled, options="-c timezone=UTC") as connection:
        (station,) = connection.execute(
            "SELECT station FROM chart.datastream WHERE quantity = 'wind_gust' LIMIT 1"
        ).fetchone()
        if touched:
            connection.execute(
                "INSERT INTO touched (place, from_time, to_time) SELECT id, %s, %s FROM place WHERE code = %s",
                (END - timedelta(days=3, hours=5), END - timedelta(days=2), station),
            )
        start = END - timedelta(days=10)
        found = connection.execute(
            "SELECT time, value, readings FROM chart.series(%s, %s, %s, %s, %s::interval) WHERE readings > 0 ORDER BY 1",
            ([station], quantity, start, END, width),
        ).fetchall()
        wanted = connection.execute(
            f"SELECT time_bucket(%s::interval, time, {zone}) AS bucket, {plain}, count(*) FROM chart.reading"
            " WHERE station = %s AND quantity = %s AND time BETWEEN %s AND %s AND quality IN (1, 2) GROUP BY 1 ORDER BY 1",
            (width, station, quantity, start, END),
        ).fetchall()
        connection.rollback()
    inner = [row for row in wanted if row[0] >= start]
    assert len(inner) > 3
    got = {row[0]: row[1:] for row in found}
    for time, value, count in inner[:-1]:
        assert got[time][1] == count
        assert got[time][0] == (None if value is None else pytest.approx(float(value), abs=1e-6))


def test_views_survive_the_next_migration_with_their_rights(filled):
    migrate(filled)
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute("SET ROLE chart_reader")
        assert connection.execute("SELECT count(*) FROM chart.station").fetchone()[0] > 3


def test_official_criteria_stand_apart_from_advice_with_their_article(reading):
    """Every open alert stands in one of the two tables, those of a rule with an article in the official one."""
    board = next(board for board in BOARDS if board.name == "province_today")
    connection = reading(board.source)
    shown = Shown(END - span(board), END, choices(connection, board, END, {}))
    by_words = {panel.title.get("en"): panel for panel in board.panels()}

    def rows(title):
        cursor = connection.execute(expand(by_words[title].sql, shown))
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    official = rows("Official criterion, computed from stations (not a bulletin)")
    advice = rows("In force")
    titles = {rule.title["vi"]: rule.article for rule in RULES}
    assert official, "the province has one open"
    assert all(row["article"] == titles[row["text_vi"]] != "" for row in official)
    assert not any(titles.get(row["text_vi"]) for row in advice)
    ((opened,),) = connection.execute(
        "SELECT count(*) FROM chart.alert WHERE state = 'open' AND basis = 'observed' AND hazard <> 'network'"
        " AND commune = ANY (%s)", (list(shown.choices["commune"]),),
    )  # fmt: skip
    assert len(official) + len(advice) == opened
