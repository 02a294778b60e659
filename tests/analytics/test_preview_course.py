"""A preview of a rule by the hour counts the alerts that the engine makes, not the days that stand over a threshold."""

import json
from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

from analytics.rule import changed_terms, own_terms
from analytics.rules import BY_NAME
from analytics.run.commands.rule import app
from analytics.run.questions import preview as questions
from analytics.run.questions.preview import compare, preview
from analytics.run.questions.preview_course import needed
from store import rule_setting
from tests.analytics.field import HOUR, START, deliver, settle, station

DAYS = 30
FIRST = date(2026, 1, 10)


@pytest.fixture
async def wet(database):
    """A month of showers; two of them on one day, wide apart."""
    _, streams = station(database, quantities=("air_temperature", "precipitation"))
    noise = np.random.default_rng(3)
    rain = np.where(noise.random(DAYS * 24) < 0.08, np.round(noise.gamma(1.0, 9.0, DAYS * 24), 1), 0.0)
    rain[5 * 24 : 9 * 24] = 0.0
    rain[6 * 24 + 1] = rain[7 * 24 + 22] = 18.0
    deliver(database, streams["precipitation"], [(START + HOUR * hour, float(one)) for hour, one in enumerate(rain)])
    deliver(database, streams["air_temperature"], [(START + HOUR * n, 20 + n * 7 % 11 / 5) for n in range(DAYS * 24)])
    await settle(database, START + timedelta(days=DAYS))
    return database


async def previewed(database, rule, values=None, **changes):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        places = await rule_setting.area(connection, "ls01")
        terms = changed_terms(rule, values or {})
        last = FIRST + timedelta(days=DAYS - 1)
        found = await preview(connection, rule, places, FIRST, last, own_terms(rule), terms)
        by_day = await questions.daily_values(connection, places, questions.SUMMARY[rule.name], FIRST, last)
    return found, compare(rule, by_day, FIRST, own_terms(rule), terms)


def alerts(database, rule):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT started, ended, level FROM alert WHERE rule = %s AND state <> 'cancelled'", (rule,)
        ).fetchall()


@pytest.mark.parametrize("name", ["heavy_rain", "intense_rain_60min", "flash_flood_rain"])
async def test_it_counts_what_the_engine_makes(wet, name):
    found, _ = await previewed(wet, BY_NAME[name])
    made = alerts(wet, name)
    assert found.counted == "course"
    assert found.now.episodes == found.then.episodes == len(made)
    if name == "heavy_rain":
        assert len(made) > 3


async def test_alerts_are_more_than_days_in_a_row(wet):
    found, (by_days, _) = await previewed(wet, BY_NAME["heavy_rain"])
    assert found.now.episodes > by_days.episodes
    assert sum(found.now.days.values()) >= sum(by_days.days.values())


async def test_changed_terms_are_followed_too(wet):
    enter = {"enter": [40, 60, 120]}
    found, _ = await previewed(wet, BY_NAME["heavy_rain"], enter)
    assert 0 < found.then.episodes < found.now.episodes
    async with await psycopg.AsyncConnection.connect(wet, autocommit=True) as connection:
        await rule_setting.add(
            connection, "heavy_rain", "ls01", enter, START, "account:an", START + timedelta(days=DAYS)
        )
    await settle(wet, START + timedelta(days=DAYS))
    assert len(alerts(wet, "heavy_rain")) == found.then.episodes


async def test_of_a_province_days_are_counted_and_it_is_said(wet, monkeypatch):
    monkeypatch.setattr(questions, "COURSE", 10)
    monkeypatch.setenv("NONGVU_DATABASE_URL", wet)
    found, (by_days, _) = await previewed(wet, BY_NAME["heavy_rain"])
    assert found.counted == "days"
    assert found.now == by_days


def test_the_command_says_how_it_counted(wet, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", wet)
    words = ["preview", "heavy_rain", "--place", "ls01", "--days", "30", "--last", "2026-02-08"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert "counted by days" not in said.output
    assert json.loads(CliRunner().invoke(app, [*words, "--json"]).output)["counted"] == "course"
    monkeypatch.setattr(questions, "COURSE", 10)
    assert "counted by days" in CliRunner().invoke(app, words).output


def test_no_more_is_computed_than_a_rule_looks_at():
    assert needed(BY_NAME["heavy_rain"]) == []
    names = [index.name for index in needed(BY_NAME["fire_weather"])]
    assert names.index("drought_code") < names.index("buildup_index") < names.index("fire_weather_index")
