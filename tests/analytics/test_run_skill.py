"""Scores by the 2 × 2 table and against persistence, by hand and from the tables."""

import json
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, settle, station

from analytics.run.commands.analytics import app
from analytics.skill import Span, forecasts, warnings


def test_two_hits_one_miss_one_false_alarm():
    episodes = [Span(0, 10), Span(20, 30), Span(100, 110)]
    events = [Span(5, 15), Span(28, 40), Span(60, 70)]
    score = warnings(episodes, events)
    assert (score.hits, score.misses, score.false_alarms) == (2, 1, 1)
    assert score.pod == pytest.approx(2 / 3)
    assert score.far == pytest.approx(1 / 3)
    assert score.csi == pytest.approx(2 / 4)
    assert score.lead == pytest.approx(6.5)  # 5 and 8


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 50)), max_size=8))
def test_warned_of_exactly_what_came_is_perfect(spans):
    events = [Span(begin, begin + length) for begin, length in spans]
    score = warnings(events, events)
    assert score.misses == score.false_alarms == 0
    assert score.hits == len(events)


def test_forecast_scores_by_hand():
    score = forecasts(np.array([10.0, 12.0, np.nan]), np.array([11.0, 11.0, 9.0]), np.array([8.0, 8.0, 8.0]))
    assert score.count == 2
    assert score.bias == pytest.approx(0.0)
    assert score.mae == pytest.approx(1.0)
    assert score.skill == pytest.approx(1 - 1 / 3)


async def test_command_scores_rules_and_forecasts_from_the_tables(database, monkeypatch, tmp_path):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    place, streams = station(database)
    # a hot second day; a lone spike would be doubted
    bump = [12.0 * np.sin((h - 24) / 24 * np.pi) if 24 <= h < 48 else 0.0 for h in range(96)]
    readings = [(START + HOUR * h, float(25.0 + bump[h] + h % 5 / 2)) for h in range(96)]
    deliver(database, streams["air_temperature"], readings)
    await settle(database, START + HOUR * 96)
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO forecast VALUES (%s, 'air_temperature', %s, %s, 27, 'test')",
            (place, START + HOUR * 24, START + HOUR * 48),
        )
    events = tmp_path / "events.csv"
    events.write_text(f"place,begin,end\nls01,{START + HOUR * 30:%Y-%m-%dT%H:%M},{START + HOUR * 40:%Y-%m-%dT%H:%M}\n")

    async def run(*arguments):
        # the command runs an event loop of its own
        import asyncio

        return await asyncio.to_thread(CliRunner().invoke, app, ["skill", "--from", "2026-01-01", *arguments])

    heat = await run("--rule", "heat", "--events", str(events))
    assert heat.exit_code == 0, heat.output
    said = json.loads(heat.output)
    assert said["all"] | {"lead": 0} == {
        "hits": 1,
        "misses": 0,
        "false_alarms": 0,
        "pod": 1,
        "far": 0,
        "csi": 1,
        "lead": 0,
    }
    assert said["winter"]["hits"] == 1
    assert said["summer"]["hits"] == 0
    scored = json.loads((await run()).output)["air_temperature"]["1"]
    observed = 25.0 + 48 % 5 / 2
    assert scored["count"] == 1
    assert scored["bias"] == pytest.approx(27 - observed)
    assert (await run("--events", str(events))).exit_code == 2
    # by what was measured, without anybody's list: one day at 35 °C or more, and it was told
    measured = json.loads((await run("--rule", "heat")).output)["rules"]["heat"]
    assert measured["held_against"] == "air_temperature_maximum"
    assert (measured["hits"], measured["misses"], measured["false_alarms"]) == (1, 0, 0)
    assert measured["days"] == 4
    every = json.loads((await run()).output)["rules"]
    assert every["rice_blast"] == {"held_against": None, "observations": "no observations"}
    assert every["strong_wind"]["observations"] == "no observations", "it has a monitor, and nobody measured"


def night(database, place, evening, minimum, started=None, *, told=None, level=1):
    """A night's minimum, and an alert of frost for it."""
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO index_name (name) VALUES ('frost_night_minimum') ON CONFLICT DO NOTHING")
        connection.execute("INSERT INTO index_method (name) VALUES ('') ON CONFLICT DO NOTHING")
        connection.execute(
            "INSERT INTO index_value (place, index, time, value, method, completeness) SELECT %s, index_name.id, %s, %s,"
            " index_method.id, 1 FROM index_name, index_method"
            " WHERE index_name.name = 'frost_night_minimum' AND index_method.name = ''",
            (place, evening + HOUR * 24, minimum),
        )
        if started is None:
            return
        (alert,) = connection.execute(
            "INSERT INTO alert (rule, hazard, place, basis, state, level, started, ended, course)"
            " VALUES ('frost_tonight', 'frost', %s, 'observed', 'ended', %s, %s, %s, '[]') RETURNING id",
            (place, level, started, evening + HOUR * 32),
        ).fetchone()
        if told is not None:
            connection.execute(
                "INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, stale, values, texts)"
                " VALUES (%s, 1, 'open', %s, %s, %s, %s, false, '{}', '{}')",
                (alert, level, started, told, told + HOUR * 18),
            )


async def test_frost_of_the_night_is_held_against_the_nights_own_minimum(database, monkeypatch):
    """Hit, hit told too late, miss, false alarm, nothing: each night by itself, whatever the nights beside it."""
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    place, _ = station(database)
    evenings = [START + HOUR * 24 * n for n in range(6)]
    night(database, place, evenings[0], 3.9, evenings[0] + HOUR * 16, told=evenings[0] + HOUR * 16)
    night(database, place, evenings[1], 2.0, evenings[1] + HOUR * 20, told=evenings[1] + HOUR * 33)
    night(database, place, evenings[2], 3.0)
    night(database, place, evenings[3], 4.0, evenings[3] + HOUR * 16, told=evenings[3] + HOUR * 16)
    night(database, place, evenings[4], 9.0)
    import asyncio

    arguments = ["skill", "--from", "2026-01-01", "--to", "2026-02-01", "--rule", "frost_tonight"]
    output = (await asyncio.to_thread(CliRunner().invoke, app, arguments)).output
    said = json.loads(output)["rules"]["frost_tonight"]
    assert (said["days"], said["hits"], said["misses"], said["false_alarms"], said["in_time"]) == (5, 2, 1, 1, 1)
    assert said["pod"] == pytest.approx(2 / 3)
    assert said["far"] == pytest.approx(1 / 3)
    with psycopg.connect(database) as connection:
        board = connection.execute(
            "SELECT count(*) FILTER (WHERE came AND warned), count(*) FILTER (WHERE warned AND NOT came)"
            " FROM chart.rule_day WHERE rule = 'frost_tonight'"
        ).fetchone()
        unwatched = connection.execute("SELECT index FROM chart.monitor WHERE rule = 'rice_blast'").fetchone()
    assert board == (2, 1)
    assert unwatched == (None,)
