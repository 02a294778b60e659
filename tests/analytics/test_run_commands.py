"""Backfill by one or several processes, explanations, and requests answered; on real tables."""

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, contents, deliver, scalar, settle, station, winter

from analytics.run.commands.analytics import app
from analytics.run.questions.requests import answer_one

NOW = START + 12 * 24 * HOUR


@pytest.fixture
def filled(database, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    for number, code in enumerate(("ls01", "ls02")):
        _, streams = station(database, code)
        temperature, rain = winter(seed=number)
        deliver(database, streams["air_temperature"], temperature)
        deliver(database, streams["precipitation"], rain)
    return database


@pytest.mark.parametrize("workers", [1, 2])
def test_backfill_computes_what_live_work_computes(filled, workers):
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM mark")  # imported long ago, never computed
    result = CliRunner().invoke(app, ["backfill", "--workers", str(workers), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.output)
    assert said["places"] >= 2
    assert said["workers"] == workers
    done = contents(filled)
    assert done["left"] == [(0, 0)]
    now = scalar(filled, "SELECT max(through) FROM worked")
    with psycopg.connect(filled) as connection:
        connection.execute("DELETE FROM index_value")
        connection.execute("DELETE FROM index_state")
        connection.execute("SELECT mark_places(array_agg(id), '-infinity', 'infinity', 'rule') FROM place")
    asyncio.run(settle(filled, now))
    again = contents(filled)
    assert again["values"] == done["values"]
    assert len(done["values"]) > 200


def test_explain_names_inputs_equation_source_and_the_stored_value(filled):
    asyncio.run(settle(filled, NOW))
    result = CliRunner().invoke(app, ["explain", "ls01", "2026-01-16", "reference_evapotranspiration", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    stored = scalar(
        filled,
        "SELECT value FROM indexed WHERE index = 'reference_evapotranspiration' AND time = %s AND place ="
        " (SELECT id FROM place WHERE code = 'ls01')",
        datetime(2026, 1, 15, 17, tzinfo=UTC),
    )
    assert found["value"] == pytest.approx(stored, abs=1e-6)
    assert found["method"]
    assert found["equation"]
    assert "FAO" in found["source"]
    assert len([given for given in found["inputs"].values() if given is not None]) >= 2
    assert CliRunner().invoke(app, ["explain", "ls01", "2026-01-16", "no_such"]).exit_code == 1
    assert CliRunner().invoke(app, ["explain", "nowhere", "2026-01-16", "degree_days"]).exit_code == 1
    assert CliRunner().invoke(app, ["explain", "ls01", "2026-01-16", "days_to_irrigation"]).exit_code == 1


def test_what_a_person_can_help_is_said_in_a_line(filled, monkeypatch, tmp_path):
    def said(*arguments):
        result = CliRunner().invoke(app, list(arguments))
        assert (result.exit_code, result.exception.__class__) == (1, SystemExit), result.output
        assert "Traceback" not in result.output
        return result.output

    assert "did you mean degree_days" in said("explain", "ls01", "2026-01-16", "degree_day")
    assert "no place 'nowhere'" in said("backfill", "--place", "ls01", "--place", "nowhere")
    events = tmp_path / "events.csv"
    events.write_text("place,begin,end\nls01,2026-01-16,yesterday\n", encoding="utf-8")
    assert "did you mean cold_spell" in said("skill", "--rule", "cold_spel", "--events", str(events))
    assert "line 2" in said("skill", "--rule", "cold_spell", "--events", str(events))
    events.write_text("station,begin,end\n", encoding="utf-8")
    assert "no column place" in said("skill", "--rule", "cold_spell", "--events", str(events))
    monkeypatch.setenv("NONGVU_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    for command in (["backfill"], ["skill"], ["explain", "ls01", "2026-01-16", "degree_days"]):
        assert "refused" in said(*command)


def test_explain_says_why_there_is_no_value(filled):
    asyncio.run(settle(filled, NOW))
    result = CliRunner().invoke(app, ["explain", "ls01", "2026-01-25", "air_temperature_mean"])
    assert result.exit_code == 0, result.output
    assert "no value" in result.output
    assert "at least 0.8" in result.output


async def test_requests_are_answered_or_refused_in_words(filled):
    await settle(filled, NOW)
    asked = [
        ("preview", {"rule": "cold_spell", "place": "ls01", "from": "2026-01-10", "to": "2026-01-21", "values": {}}),
        (
            "preview",
            {"rule": "cold_spell", "place": "ls01", "from": "2026-01-10", "to": "2026-01-21", "values": {"enter": [1]}},
        ),
        ("explain", {"place": "ls01", "day": "2026-01-16", "index": "degree_days"}),
        ("backfill", {"places": ["ls02"], "from": "2026-01-15T00:00:00+00:00"}),
        ("dance", {}),
        ("explain", {"place": "ls01"}),
    ]
    async with await psycopg.AsyncConnection.connect(filled, autocommit=True) as connection:
        for kind, subject in asked:
            await connection.execute(
                "INSERT INTO request (kind, topic, who) VALUES (%s, %s, 'account:an')", (kind, json.dumps(subject))
            )
        while await answer_one(connection, NOW):
            pass
        rows = await (await connection.execute("SELECT state, answer FROM request ORDER BY id")).fetchall()
    assert [state for state, _ in rows] == ["done", "failed", "done", "done", "failed", "failed"]
    assert rows[0][1]["now"]["days"] == rows[0][1]["then"]["days"]
    assert "3 levels" in rows[1][1]["problem"]
    assert rows[2][1]["index"] == "degree_days"
    assert rows[3][1] == {"places": 1}
    assert scalar(filled, "SELECT count(*) FROM mark WHERE cause = 'backfill'") == 1


async def test_f23_a_day_sent_after_an_outage_pages_nobody_of_what_was(database):
    """F23: history stored, no stale alert; what holds now is said once."""
    _, streams = station(database)
    rain = [(START + HOUR * h, 5.0 if 10 <= h < 20 else 0.0) for h in range(96)]  # 50 mm on the first day, over since
    cold = [
        (START + HOUR * h, (9.0 if h >= 24 else 22.0) + h % 3) for h in range(96)
    ]  # rét hại since the second day, and now
    now = START + 96 * HOUR
    deliver(database, streams["precipitation"], rain)
    deliver(database, streams["air_temperature"], cold)
    await settle(database, now)
    with psycopg.connect(database) as connection:
        steps = connection.execute(
            "SELECT alert.rule, alert_step.kind, alert_step.stale FROM alert_step JOIN alert ON alert.id = alert ORDER BY 1, 2"
        ).fetchall()
    assert ("heavy_rain", "open", True) in steps
    assert ("heavy_rain", "end", True) in steps
    assert [step for step in steps if step[0] == "cold_spell"] == [("cold_spell", "open", False)]
    assert not [step for step in steps if step[0] == "heavy_rain" and not step[2]]


async def test_f25_a_sensor_flapping_round_a_threshold_gives_one_alert_and_one_end(database):
    """F25: sine of ±3 % round the threshold: hysteresis and a quiet time."""
    import math

    _, streams = station(database, quantities=("wind_speed",))
    minute = timedelta(minutes=10)
    readings = [(START + minute * k, 10.8 * (1 + 0.03 * math.sin(k))) for k in range(144)]
    readings += [(START + minute * k, 2.0 + 0.5 * math.sin(k)) for k in range(144, 200)]
    deliver(database, streams["wind_speed"], readings)
    await settle(database, START + minute * 200)
    with psycopg.connect(database) as connection:
        steps = connection.execute(
            "SELECT alert_step.kind FROM alert_step JOIN alert ON alert.id = alert WHERE rule = 'strong_wind' ORDER BY alert_step.id"
        ).fetchall()
    assert steps == [("open",), ("end",)]
