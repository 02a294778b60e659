"""A daily record of decades, a station that ended, one that reports once a day: silence is about the present."""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, deliver, settle

from analytics.rules import BY_NAME
from ingest.commands import app

DAY = timedelta(days=1)
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def import_file(database, monkeypatch, tmp_path, lines, station="ls01", head="Ngày,Lượng mưa (mm)"):
    """Through the command, as a person does."""
    file = tmp_path / f"{station}-{len(lines)}.csv"
    file.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    done = CliRunner().invoke(app, ["import", str(file), "--station", station, "--create"])
    assert done.exit_code == 0, done.output + repr(done.exception)


def place(database, code="ls01"):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation) VALUES (%s, 'station', %s, 106.8, 21.8,"
            " 260) RETURNING id", [code, f"Trạm {code}"],
        ).fetchone()[0]  # fmt: skip


def rows(database, query, *arguments):
    with psycopg.connect(database) as connection:
        return connection.execute(query, arguments).fetchall()


def silences(database):
    return rows(database, "SELECT state, level, started FROM alert WHERE rule = 'silent_station' ORDER BY started")


def daily(first, days, seed=4):
    chance = np.random.default_rng(seed)
    fallen = np.where(chance.random(days) < 0.4, np.round(chance.gamma(0.6, 14.0, days), 1), 0.0)
    return [f"{(first + DAY * day).date()},{amount}" for day, amount in enumerate(fallen.tolist())]


def test_41_years_of_daily_rain_raise_no_silence_and_nothing_is_published(database, monkeypatch, tmp_path):
    place(database)
    days = 41 * 365
    import_file(database, monkeypatch, tmp_path, daily(TODAY - DAY * days, days))
    begin = time.monotonic()
    some = [BY_NAME["silent_station"], BY_NAME["heavy_rain"], BY_NAME["sudden_rain"]]
    asyncio.run(settle(database, TODAY + 9 * HOUR, rules=some, indices=()))
    assert time.monotonic() - begin < 60
    assert silences(database) == []
    (episodes,) = rows(database, "SELECT count(*) FROM alert WHERE rule IN ('heavy_rain', 'sudden_rain')")
    assert episodes[0] > 100, "the history has its rain"
    # what notify is to look at: nothing of the far past; so there is no document and no delivery of it
    told = rows(
        database,
        "SELECT alert.started FROM due JOIN alert_step ON alert_step.id = due.topic::bigint"
        " JOIN alert ON alert.id = alert_step.alert WHERE due.owner = 'notify' AND due.kind = 'step'",
    )
    assert [started for (started,) in told if started < TODAY - 5 * DAY] == []
    # it ends yesterday, and nothing more comes: a file is no station that reports
    for later in (DAY, 5 * DAY, 40 * DAY):
        asyncio.run(settle(database, TODAY + later, rules=some, indices=()))
    assert silences(database) == []


def test_ten_minute_history_with_storms_is_kept_and_told_to_nobody(database, monkeypatch, tmp_path):
    place(database)
    first, steps = TODAY - 90 * DAY, 60 * 144
    fallen = np.zeros(steps)
    for storm in (1000, 3000, 5000):
        fallen[storm : storm + 12] = [2, 6, 14, 22, 18, 12, 9, 6, 4, 3, 2, 1]
    lines = [f"{(first + k * HOUR / 6):%Y-%m-%d %H:%M},{amount}" for k, amount in enumerate(fallen.tolist())]
    import_file(database, monkeypatch, tmp_path, lines[:2500] + lines[2600:], head="time,precipitation")
    asyncio.run(settle(database, TODAY + HOUR))
    # the rain before and after a storm is of a class that nobody is told of, and no part of its alert
    found = dict(
        rows(database, "SELECT rule, count(*) FROM alert WHERE rule <> 'heavy_rain' OR level >= 2 GROUP BY rule")
    )
    assert found["heavy_rain"] == found["intense_rain_60min"] == 3
    assert "silent_station" not in found
    assert rows(database, "SELECT count(*) FROM due WHERE owner = 'notify'") == [(0,)]
    assert rows(database, "SELECT count(*) FROM alert_step WHERE NOT stale") == [(0,)]


def stream_of(database, station, interval=0.0, quantity="precipitation"):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, %s) RETURNING id",
            [station, quantity, interval],
        ).fetchone()[0]


@pytest.mark.parametrize("declared", [0.0, 86_400.0])
def test_a_station_of_one_reading_a_day_is_silent_after_a_day_and_its_grace(database, declared):
    stream = stream_of(database, place(database), declared)
    deliver(database, stream, [(TODAY + DAY * day, 1.0) for day in range(-12, 1)])
    for hours in (3, 12, 24, 30, 32):
        asyncio.run(settle(database, TODAY + HOUR * hours))
        assert silences(database) == [], hours
    # a day, a quarter more because people are late, and three hours
    asyncio.run(settle(database, TODAY + 34 * HOUR))
    assert [row[:2] for row in silences(database)] == [("open", 1)]
    deliver(database, stream, [(TODAY + 35 * HOUR, 0.0)])
    asyncio.run(settle(database, TODAY + 35 * HOUR))
    assert [row[0] for row in silences(database)] == ["ended"]


@pytest.mark.parametrize(("every", "declared"), [(600, 600.0), (600, 0.0), (3600, 0.0)])
def test_a_station_that_goes_silent_live_is_told_in_time(database, every, declared):
    stream = stream_of(database, place(database), declared)
    deliver(database, stream, [(TODAY - timedelta(seconds=every * k), 0.0) for k in range(200)])
    asyncio.run(settle(database, TODAY + 2.9 * HOUR))
    assert silences(database) == []
    asyncio.run(settle(database, TODAY + 3.2 * HOUR + timedelta(seconds=every)))
    assert [row[:2] for row in silences(database)] == [("open", 1)]
    assert rows(database, "SELECT count(*) FROM due WHERE owner = 'notify' AND kind = 'step'") == [(1,)]


def end_by_word(connection, station, stream):
    del stream
    connection.execute(
        "UPDATE place SET properties = jsonb_build_object('ended', %s::text) WHERE id = %s",
        [str(TODAY.date()), station],
    )


def end_of_deployment(connection, station, stream):
    del station
    connection.execute(
        "INSERT INTO deployment (datastream, sensor_model, valid_from, valid_to) VALUES (%s, 'm', %s, %s)",
        [stream, TODAY - 100 * DAY, TODAY],
    )


def end_of_gateway(connection, station, stream):
    del stream
    connection.execute("INSERT INTO gateway (code) VALUES ('gw')")
    connection.execute(
        "INSERT INTO gateway_station SELECT id, %s, %s, %s FROM gateway WHERE code = 'gw'",
        [station, TODAY - 100 * DAY, TODAY],
    )


@pytest.mark.parametrize("end", [end_by_word, end_of_deployment, end_of_gateway])
def test_a_station_that_ended_is_not_silent_until_it_speaks_again(database, end):
    station = place(database)
    stream = stream_of(database, station, 600.0)
    with psycopg.connect(database) as connection:
        end(connection, station, stream)
    deliver(database, stream, [(TODAY - HOUR * k / 6, 0.0) for k in range(200)])
    for hours in (4, 30, 100):
        asyncio.run(settle(database, TODAY + HOUR * hours))
    assert silences(database) == []
    deliver(database, stream, [(TODAY + 101 * HOUR, 0.0)])
    asyncio.run(settle(database, TODAY + 101 * HOUR))
    asyncio.run(settle(database, TODAY + 105 * HOUR))
    assert [row[:2] for row in silences(database)] == [("open", 1)]


def test_what_was_not_heard_for_400_days_is_unknown_and_no_alarm(database):
    stream = stream_of(database, place(database), 600.0)
    deliver(database, stream, [(TODAY - 500 * DAY - HOUR * k / 6, 0.0) for k in range(200)])
    asyncio.run(settle(database, TODAY))
    assert silences(database) == []


def test_a_silence_that_was_told_stays_in_history_and_a_late_one_of_long_ago_is_none(database):
    stream = stream_of(database, place(database), 600.0)
    readings = [(TODAY - 30 * DAY + HOUR * k / 6, 0.0) for k in range(144 * 30)]
    deliver(database, stream, readings[:144])
    asyncio.run(settle(database, TODAY - 28 * DAY))
    assert [row[:2] for row in silences(database)] == [("open", 1)]
    deliver(database, stream, readings[144 * 3 :])
    asyncio.run(settle(database, TODAY))
    (told,) = silences(database)
    assert told[0] == "ended"


def test_an_operator_says_that_a_station_ended_and_the_doctor_repeats_it(database, monkeypatch):
    from standalone.doctor import _ended
    from store.commands.place import app as places

    place(database)
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    for arguments, said in (
        (["end", "ls01", "--on", "2015-12-31"], [("station ls01", "ended on 2015-12-31: its silence is no alarm")]),
        (["end", "ls01", "--again"], []),
    ):
        done = CliRunner().invoke(places, arguments)
        assert done.exit_code == 0, done.output
        with psycopg.connect(database, options="-c timezone=UTC") as connection:
            assert [(one.subject, one.says) for one in _ended(connection)] == said
    for wrong in (["end", "ls01"], ["end", "nobody", "--on", "2015-12-31"]):
        assert CliRunner().invoke(places, wrong).exit_code != 0
    with psycopg.connect(database) as connection:  # what a file may carry breaks nothing
        connection.execute('UPDATE place SET properties = \'{"ended": "some day"}\'')
        assert connection.execute("SELECT station_ended(id) FROM place").fetchone() == (None,)
