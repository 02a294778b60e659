"""Analytics killed in the middle of its work again and again (F28): as if it had run on."""

import asyncio
import random
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analytics"))
from field import HOUR, START, contents, deliver, scalar, settle, station, winter

from tests.analytics.test_run_live import start, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]


def recent(days=8):
    """The cold spell of the other tests, ended yesterday."""
    shift = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - HOUR * 24 - (START + HOUR * 24 * days)
    return [[(time + shift, value) for time, value in series] for series in winter(days)]


def until_idle(database, process, seconds=60.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        if scalar(database, "SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM lease)") == 0:
            return
        time.sleep(0.2)
    pytest.fail("analytics did not come to rest")


async def test_f28_killed_again_and_again_gives_what_an_uninterrupted_run_gives(database, empty_database):
    from store.migrate import migrate

    migrate(empty_database)
    series = recent()
    for url in (database, empty_database):
        _, streams = station(url)
        for stream, readings in zip((streams["air_temperature"], streams["precipitation"]), series, strict=True):
            if url == empty_database:
                deliver(url, stream, readings)
    chance = random.Random(3)
    with psycopg.connect(database) as connection:
        streams = dict(connection.execute("SELECT quantity, id FROM datastream").fetchall())
    parts = [
        (streams[name], readings[k : k + 48])
        for name, readings in zip(("air_temperature", "precipitation"), series, strict=True)
        for k in range(0, len(readings), 48)
    ]
    chance.shuffle(parts)
    for stream, readings in parts:
        process = start(database)
        deliver(database, stream, readings)
        # at any moment of its start, its loading, computing or writing
        await asyncio.sleep(chance.uniform(2.0, 6.0))
        process.kill()
        process.communicate()
    process = start(database)
    await asyncio.sleep(3)  # the one before may have left nothing to do; nobody can end cleanly before Python runs
    until_idle(database, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0
    # those that were killed are thought alive for some seconds, and their places left to them
    await until("SELECT cardinality(live_workers('analytics'))", database, 0)
    now = datetime.now(UTC)
    for url in (database, empty_database):
        with psycopg.connect(url) as connection:
            connection.execute(
                "SELECT mark_places(array_agg(id), %s, %s, 'test') FROM place", (now - HOUR * 24 * 12, now)
            )
        await settle(url, now)
    found, expected = contents(database), contents(empty_database)
    assert found["episodes"] == expected["episodes"]
    assert found["values"] == expected["values"]
    assert {row[0] for row in found["episodes"]} >= {"cold_spell", "heavy_rain"}
    # each alert was opened once, and every step was told to notify once
    assert scalar(database, "SELECT count(*) FROM alert_step WHERE kind = 'open'") == scalar(
        database, "SELECT count(*) FROM alert"
    )
    # but those of what was long over when it was first known; what was told is also told to be over
    assert scalar(database, "SELECT count(*) FROM due WHERE kind = 'step'") == scalar(
        database,
        "SELECT count(*) FROM alert_step AS step WHERE NOT values ? 'past' OR EXISTS"
        " (SELECT FROM alert_step AS earlier WHERE earlier.alert = step.alert AND earlier.number < step.number"
        " AND NOT earlier.values ? 'past')",
    )
