"""Looking ahead on the embedded database: a forecast is the same engine's work, and its alerts meet what comes."""

import sys
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, contents, deliver, scalar, settle, station

import store.forecast as shelf
from store.forecast import Said
from store.index_value import forget_issues

DAY = 24 * HOUR
ISSUED = START + 5 * DAY + 6 * HOUR


def mild(days, mean=23.0):
    return [(START + HOUR * h, round(mean + 4 * np.sin((h - 9) / 12 * np.pi), 1)) for h in range(days * 24)]


async def forecast(database, daily_means, issued=ISSUED, place="ls01", swing=4.0, extra=()):
    """Hourly temperatures from the issue on, a mean for each local day from that of the issue."""
    first = int((issued - START) // DAY)
    said = []
    for hour in range(int((issued - START) // HOUR), (first + len(daily_means)) * 24):
        mean = daily_means[hour // 24 - first]
        value = mean + swing * np.sin((hour - 9) / 12 * np.pi)
        said.append(Said("air_temperature", START + HOUR * hour, round(float(value), 1)))
    async with await psycopg.AsyncConnection.connect(database) as connection:
        return await shelf.put(connection, place, issued, "test", [*said, *extra])


def alerts(database, rule="cold_spell"):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT basis, state, level, started, ended, successor, values, id FROM alert WHERE rule = %s ORDER BY id",
            (rule,),
        ).fetchall()


def steps(database, basis="forecast", rule="cold_spell"):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.kind, step.level, step.stale, step.texts FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE alert.basis = %s AND alert.rule = %s ORDER BY step.id",
            (basis, rule),
        ).fetchall()


@pytest.fixture
async def mild_week(database):
    place, streams = station(database)
    deliver(database, streams["air_temperature"], [one for one in mild(6) if one[0] < ISSUED])
    await settle(database, ISSUED)
    return place, streams["air_temperature"]


async def test_indices_run_on_a_forecast_and_are_marked_with_its_issue(database, mild_week):
    await forecast(database, [23, 22, 11, 10, 10, 22])
    await settle(database, ISSUED)
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT time, value FROM indexed WHERE index = 'air_temperature_mean' AND reference_time = %s"
            " ORDER BY time",
            (ISSUED,),
        ).fetchall()
    assert [round((time - START) / DAY) for time, _ in found] == [5, 6, 7, 8, 9, 10]
    assert [value for _, value in found][1:] == pytest.approx([22, 11, 10, 10, 22], abs=0.2)
    # a recursive index goes on from what was observed
    query = "SELECT max(value) FROM indexed WHERE index = 'chill_portions' AND isfinite(reference_time) = %s"
    assert scalar(database, query, True) > scalar(database, query, False) >= 0
    assert contents(database)["left"] == [(0, 0)]


async def test_a_cold_spell_is_announced_once_and_a_second_look_says_nothing(database, mild_week):
    await forecast(database, [23, 22, 11, 10, 10, 22])
    await settle(database, ISSUED)
    (one,) = alerts(database)
    assert one[:2] == ("forecast", "open")
    assert one[3] == START + 7 * DAY
    assert one[6]["issued"] == ISSUED.isoformat()
    kind, _, stale, texts = steps(database)[0]
    assert (kind, stale) == ("open", False)
    assert texts["vi"]["short"].startswith("Dự báo: ")
    assert "từ ngày 17/01 đến ngày 19/01" in texts["vi"]["short"]
    assert "11:" not in texts["vi"]["short"]
    assert texts["en"]["short"].startswith("Forecast: ")
    deliver(database, mild_week[1], [(ISSUED, 16.0)])
    await settle(database, ISSUED + HOUR)
    assert len(steps(database)) == 1


async def test_it_comes_true_and_ends_with_a_reference_to_the_observed_one(database, mild_week):
    await forecast(database, [23, 22, 11, 10, 10, 22])
    await settle(database, ISSUED)
    cold = [(START + HOUR * h, float([23, 22, 11, 10][h // 24 - 5])) for h in range(5 * 24 + 6, 9 * 24)]
    for time, value in cold:
        deliver(database, mild_week[1], [(time, value + (time.hour % 3) / 2)])
    await settle(database, START + 8 * DAY + HOUR)  # the first cold day has ended
    said, came = alerts(database)
    assert came[0] == "observed"
    assert said[5] == came[7]
    await settle(database, START + 9 * DAY + HOUR)
    said, came = alerts(database)
    assert came[2] >= said[2] or said[1] == "open"
    assert scalar(database, "SELECT came_true FROM chart.skill WHERE rule = 'cold_spell' AND came_true > 0") == 1
    # people are told once of what was expected and once of what came; the end of the forecast says nothing to them
    assert [kind for kind, *_ in steps(database)][:1] == ["open"]
    assert all(stale for kind, _, stale, _ in steps(database) if kind == "end")


async def test_it_does_not_come_and_is_over_when_its_time_has_passed(database, mild_week):
    await forecast(database, [23, 22, 11, 22, 22])
    await settle(database, ISSUED)
    deliver(database, mild_week[1], [one for one in mild(9) if one[0] >= ISSUED])
    due = scalar(database, "SELECT at FROM due WHERE kind = 'ahead'")
    while due <= START + 8 * DAY:  # what it said of a morning is over before
        await settle(database, due)
        due = scalar(database, "SELECT at FROM due WHERE kind = 'ahead'")
    assert START + 8 * DAY < due <= START + 9 * DAY
    await settle(database, due)
    (one,) = alerts(database)
    assert one[1:3] == ("ended", one[2])
    assert one[4] == START + 8 * DAY
    assert one[5] is None
    said = [(kind, stale) for kind, _, stale, _ in steps(database) if kind != "extend"]
    assert said == [("open", False), ("end", True)]
    assert scalar(database, "SELECT false_alarms FROM chart.skill WHERE rule = 'cold_spell'") == 1
    assert scalar(database, "SELECT count(*) FROM due WHERE kind = 'ahead'") == 0


async def test_a_newer_issue_raises_moves_or_withdraws_it(database, mild_week):
    await forecast(database, [23, 22, 14, 22, 22])
    await settle(database, ISSUED)
    low = alerts(database)[0][2]
    later = ISSUED + 6 * HOUR
    deliver(database, mild_week[1], [one for one in mild(6) if ISSUED <= one[0] < later])
    await forecast(database, [23, 22, 22, 9, 22], later)
    await settle(database, later)
    (one,) = alerts(database)
    assert one[2] > low
    assert one[3] == START + 8 * DAY
    last = later + 6 * HOUR
    deliver(database, mild_week[1], [one for one in mild(6) if later <= one[0] < last])
    await forecast(database, [23, 22, 22, 22, 22], last)
    await settle(database, last)
    assert alerts(database)[0][1] == "cancelled"
    assert [kind for kind, *_ in steps(database)] == ["open", "raise", "cancel"]
    # one issue of a local day is kept
    assert scalar(database, "SELECT count(DISTINCT reference_time) FROM indexed WHERE isfinite(reference_time)") == 1


async def test_late_readings_from_before_the_issue_are_looked_ahead_from_anew(database, mild_week):
    rain = [Said("precipitation", ISSUED + HOUR * h, 0.0) for h in range(1, 72)]
    await forecast(database, [23, 22, 22, 22], extra=rain)
    await settle(database, ISSUED)
    query = (
        "SELECT value FROM indexed WHERE index = 'antecedent_precipitation_index' AND reference_time = %s"
        " ORDER BY time DESC LIMIT 1"
    )
    stream = scalar(database, "SELECT id FROM datastream WHERE quantity = 'precipitation'")
    deliver(database, stream, [(START + HOUR * h, 0.0) for h in range(5 * 24 + 6)])
    await settle(database, ISSUED)
    dry = scalar(database, query, ISSUED)
    with psycopg.connect(database) as connection:
        connection.execute("DELETE FROM reading WHERE datastream_id = %s", (stream,))
    deliver(database, stream, [(START + HOUR * h, 1.0) for h in range(5 * 24 + 6)])
    await settle(database, ISSUED)
    assert scalar(database, query, ISSUED) > dry + 1


async def test_the_order_in_which_forecast_and_readings_come_changes_nothing(database, empty_database):
    from store.migrate import migrate

    migrate(empty_database)
    found = []
    for url, forecast_first in ((database, True), (empty_database, False)):
        _, streams = station(url)
        readings = [one for one in mild(6) if one[0] < ISSUED]
        parts = [readings[:70], readings[70:]]
        if forecast_first:
            await forecast(url, [23, 22, 11, 10, 10, 22])
            await settle(url, ISSUED)
            parts.reverse()
        for part in parts:
            deliver(url, streams["air_temperature"], part)
            await settle(url, ISSUED, workers=2)
        if not forecast_first:
            await forecast(url, [23, 22, 11, 10, 10, 22])
            await settle(url, ISSUED, workers=2)
        found.append(contents(url))
    assert found[0]["values"] == found[1]["values"]
    assert found[0]["episodes"] == found[1]["episodes"]


async def test_a_forecast_of_a_commune_serves_the_stations_in_it_at_their_height(database):
    with psycopg.connect(database) as connection:
        commune = connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation, time_zone)"
            " VALUES ('c', 'commune', 'C', 106.8, 21.8, 260, 'Asia/Ho_Chi_Minh') RETURNING id"
        ).fetchone()[0]
    for code, height in (("low", 260), ("high", 1260)):
        _, streams = station(database, code)
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE place SET parent = %s, elevation = %s WHERE code = %s", (commune, height, code))
        deliver(database, streams["air_temperature"], [one for one in mild(6) if one[0] < ISSUED])
    await settle(database, ISSUED)
    await forecast(database, [23, 22, 21, 22], place="c")
    await settle(database, ISSUED)
    query = (
        "SELECT value FROM indexed JOIN place ON place.id = place WHERE index = 'air_temperature_mean'"
        " AND reference_time = %s AND code = %s ORDER BY time OFFSET 1 LIMIT 1"
    )
    assert scalar(database, query, ISSUED, "low") - scalar(database, query, ISSUED, "high") == pytest.approx(6.5)
    assert contents(database)["left"] == [(0, 0)]


async def test_what_was_said_on_old_forecasts_goes_and_what_was_observed_stays(database, mild_week):
    await forecast(database, [23, 22, 11, 10, 10, 22])
    await settle(database, ISSUED)
    count = "SELECT count(*) FROM indexed WHERE isfinite(reference_time) = %s"
    said, observed = scalar(database, count, True), scalar(database, count, False)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        assert await forget_issues(connection, ISSUED) == 0  # this issue is not older than itself
        assert scalar(database, count, True) == said > 100
        assert await forget_issues(connection, ISSUED + HOUR) == said
    assert (scalar(database, count, True), scalar(database, count, False)) == (0, observed)


async def test_an_issue_that_is_over_is_not_looked_at(database, mild_week):
    await forecast(database, [23, 22, 11], ISSUED - timedelta(days=4))
    await settle(database, ISSUED)
    assert alerts(database) == []
    assert scalar(database, "SELECT count(*) FROM indexed WHERE isfinite(reference_time)") == 0


async def test_indices_on_forecasts_are_scored_against_what_came_and_against_persistence(database, mild_week):
    from analytics.run.questions.verification import score_forecasts

    await forecast(database, [23, 21, 19, 17, 15])
    await settle(database, ISSUED)
    came = [23.0, 22.0, 20.0, 18.0, 16.0]  # each a degree warmer than was forecast
    readings = [
        (START + HOUR * h, round(came[h // 24 - 5] + 4 * np.sin((h - 9) / 12 * np.pi), 1)) for h in range(126, 240)
    ]
    deliver(database, mild_week[1], readings)
    await settle(database, START + 10 * DAY + HOUR)
    report = await score_forecasts(database, "ls01", (START, START + 20 * DAY))
    score = report["air_temperature_mean"]
    assert score["1"]["bias"] == pytest.approx(-1.0, abs=0.05)
    assert score["4"]["mae"] == pytest.approx(1.0, abs=0.05)
    # it was 23 degrees before the issue: persistence misses the fourth day by 7
    assert score["4"]["skill"] == pytest.approx(1 - 1 / 7, abs=0.02)
