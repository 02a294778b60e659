"""Thresholds changed for an area: refused, previewed, dated, audited, computed again; fast over a province."""

import asyncio
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, scalar, settle, station, winter

from analytics.rule import changed_terms, own_terms
from analytics.rules import BY_NAME
from analytics.run.commands.rule import app
from analytics.run.questions.preview import SUMMARY, compare, preview
from store import rule_setting
from store.rule_setting import Below

COLD = BY_NAME["cold_spell"]
NOW = START + 12 * 24 * HOUR


@pytest.fixture
def province(database):
    place, streams = station(database)
    with psycopg.connect(database) as connection:
        area = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('xa', 'commune', 'Xã') RETURNING id"
        ).fetchone()[0]
        connection.execute("UPDATE place SET parent = %s WHERE id = %s", (area, place))
    temperature, rain = winter()
    deliver(database, streams["air_temperature"], temperature)
    deliver(database, streams["precipitation"], rain)
    asyncio.run(settle(database, NOW))
    return database


def levels(database):
    with psycopg.connect(database) as connection:
        return [
            [level for _, level in course]
            for (course,) in connection.execute(
                "SELECT course FROM alert WHERE rule = 'cold_spell' AND state <> 'cancelled' ORDER BY started"
            ).fetchall()
        ]


def test_a_setting_of_the_commune_is_computed_again_from_its_day_on(province):
    assert levels(province) == [[1], [3], [1]]

    async def set_it():
        async with await psycopg.AsyncConnection.connect(province, autocommit=True) as connection:
            since = START + 6 * 24 * HOUR  # 16 January
            await rule_setting.add(connection, "cold_spell", "xa", {"enter": [20, 12, 9]}, since, "account:an", NOW)

    asyncio.run(set_it())
    asyncio.run(settle(province, NOW))
    # 9.6 °C on the 15th was rét hại under the old terms; on the 16th and 17th the new ones say rét đậm and rét
    assert levels(province) == [[1], [3, 2], [1]]
    assert scalar(province, "SELECT detail->>'rule' FROM audit WHERE action = 'rule set'") == "cold_spell"
    assert scalar(province, "SELECT count(*) FROM alert_step WHERE kind = 'cancel'") == 0


def test_commands_refuse_what_cannot_be_and_tell_what_would_be(province, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", province)
    run = CliRunner().invoke
    assert run(app, ["list"]).exit_code == 0
    assert run(app, ["preview", "no_such", "--place", "xa"]).exit_code == 2
    wrong = run(app, ["set", "cold_spell", "--place", "xa", "--enter", "20", "--enter", "13", "--enter", "15", "--yes"])
    assert wrong.exit_code == 2
    assert "fall from level to level" in wrong.output
    assert run(app, ["preview", "cold_spell", "--place", "nowhere", "--enter", "19"]).exit_code == 2
    shown = run(app, ["preview", "cold_spell", "--place", "xa", "--enter", "20", "--enter", "12", "--enter", "9",
                      "--last", "2026-01-22", "--days", "20", "--json"])  # fmt: skip
    assert shown.exit_code == 0, shown.output
    assert '"3": 3' in shown.output
    assert run(app, ["check"]).exit_code == 0
    with psycopg.connect(province) as connection:
        connection.execute(
            "INSERT INTO rule_setting (rule, place, values, valid_from, who, said_at)"
            " SELECT 'heat', id, '{\"enter\": [1]}', now(), 'x', now() FROM place LIMIT 1"
        )
    assert run(app, ["check"]).exit_code == 1


def test_every_summary_is_an_index():
    from analytics.indices import BY_NAME as INDICES

    assert set(SUMMARY) <= set(BY_NAME)
    assert set(SUMMARY.values()) <= set(INDICES)


def test_a_year_of_a_thousand_stations_is_compared_in_seconds():
    noise = np.random.default_rng(5)
    values = 20 - 8 * np.cos(np.arange(365) / 365 * 2 * np.pi) + noise.normal(0, 3, (1000, 365))
    begin = time.process_time()
    now, then = compare(COLD, values, date(2025, 1, 1), own_terms(COLD), changed_terms(COLD, {"enter": [19, 14, 12]}))
    assert time.process_time() - begin < 2
    assert now.days["3"] > then.days["3"] > 0
    plain = (values < 13).sum()
    assert now.days["3"] == plain


@pytest.mark.slow
async def test_preview_from_the_tables_over_a_province_in_under_ten_seconds(database):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name) SELECT 's' || k, 'station', 'S' FROM generate_series(1, 1000) AS k"
        )
        connection.execute(
            "INSERT INTO index_value (place, index, time, value, completeness)"
            " SELECT place.id, index_id('air_temperature_mean'), day, 15 + 8 * sin(extract(doy FROM day) / 58) + place.id % 3, 1"
            " FROM place, generate_series('2025-01-01'::timestamptz - interval '7 h', '2025-12-30', '1 day') AS day"
        )
        places = [Below(*row) for row in connection.execute("SELECT id, code, name, time_zone FROM place ORDER BY id")]
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        begin = time.perf_counter()
        first = date(2025, 1, 1)
        terms = changed_terms(COLD, {"enter": [19, 14, 12]})
        found = await preview(connection, COLD, places, first, first + timedelta(days=364), own_terms(COLD), terms)
        spent = time.perf_counter() - begin
    assert found.days_with_data >= 360_000
    assert found.now.episodes >= 1000
    assert spent < 10


def said_last(database, rule="cold_spell"):
    """Kind and text of the newest step by which a rule's worst alert was over."""
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT alert_step.kind, alert_step.texts -> 'vi' ->> 'short' FROM alert_step JOIN alert ON alert.id = alert"
            " WHERE rule = %s AND alert.level = 3 AND alert_step.kind IN ('end', 'cancel') ORDER BY alert_step.id DESC LIMIT 1",
            (rule,),
        ).fetchone()


@pytest.mark.parametrize(
    ("values", "day", "kind"),
    [({"enabled": False}, 5.5, "end"), ({"enabled": False}, 0, "cancel"),
     ({"enter": [8, 7, 6]}, 5.5, "end"), ({"enter": [1, 0, -1]}, 0, "cancel")],
)  # fmt: skip
def test_who_switches_a_rule_off_or_changes_it_does_not_say_that_the_danger_is_over(database, values, day, kind):
    _, streams = station(database)
    midway = START + 8 * 24 * HOUR + 12 * HOUR
    deliver(database, streams["air_temperature"], [one for one in winter()[0] if one[0] <= midway])
    asyncio.run(settle(database, midway))
    assert scalar(database, "SELECT level FROM alert WHERE rule = 'cold_spell' AND state = 'open'") == 3

    async def set_it():
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
            since = START + day * 24 * HOUR
            await rule_setting.add(connection, "cold_spell", "ls01", values, since, "account:an", midway)

    asyncio.run(set_it())
    asyncio.run(settle(database, midway + HOUR))
    said = said_last(database)
    assert said[0] == kind
    assert "không phải đã hết" in said[1]
    assert "số liệu" not in said[1]


def test_a_cancel_after_a_correction_says_that_readings_were_corrected(province):
    with psycopg.connect(province) as connection:
        stream = connection.execute("SELECT id FROM datastream WHERE quantity = 'air_temperature'").fetchone()[0]
        connection.execute("UPDATE reading SET result = 25 WHERE datastream_id = %s", (stream,))
        connection.execute("SELECT append_marks(%s, %s, %s, 'correction')", ([stream], [START], [NOW]))
    asyncio.run(settle(province, NOW))
    kind, text = said_last(province)
    assert kind == "cancel"
    assert "số liệu đã được sửa" in text
