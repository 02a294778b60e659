"""The same readings and the same now give the same contents, whatever the order of arrival (design §6)."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import (
    AT_ONCE,
    HOUR,
    START,
    attempt,
    contents,
    crash_sometimes,
    deliver,
    same,
    scalar,
    settle,
    station,
    winter,
)

from analytics.rules import RULES
from analytics.run.engine import write
from analytics.run.engine.engine import Engine
from store.lease import Waits
from store.pool import pool

DAYS = 8
NOW = START + DAYS * 24 * HOUR


@pytest.fixture
def packs():
    """A cold week of two stations, as (station, quantity, readings)."""
    found = []
    for code in ("ls01", "ls02"):
        temperature, rain = winter(DAYS, seed=len(found) + 7)
        rain[60], rain[90] = (rain[60][0], 150.0), (rain[90][0], 60.0)
        rain[91] = (rain[91][0], 9.0)  # what comes later bears the hour before it out
        found += [(code, "air_temperature", temperature), (code, "precipitation", rain)]
    return found


def two_stations(database):
    return {code: station(database, code)[1] for code in ("ls01", "ls02")}


async def reference(database, packs):
    """All at once, one worker; then forgotten, so that another order can be tried on the same places."""
    streams = two_stations(database)
    for code, quantity, readings in packs:
        deliver(database, streams[code][quantity], readings)
    await settle(database, NOW)
    found = contents(database)
    assert {row[0] for row in found["episodes"]} >= {"cold_spell", "heavy_rain", "sudden_rain", "silent_station"}
    assert found["left"] == [(0, 0)]
    return found


async def test_tick_by_tick_equals_all_at_once(server, database, empty_database, packs):
    expected = await reference(database, packs)
    other = again(empty_database)
    streams = two_stations(other)
    series = [(streams[code][quantity], dict(readings)) for code, quantity, readings in packs]
    async with pool(other, name="test", most=3) as connections:
        engine = Engine(connections, AT_ONCE)
        for hour in range(DAYS * 24 + 1):
            now = START + HOUR * hour
            for stream, values in series:
                if now in values:
                    deliver(other, stream, [(now, values[now])])
            while await engine.step(now):
                pass
    assert same(contents(other), expected)
    # never a message twice: each step of an alert has its own number and kind, and nothing live was stale
    # (the end of what is over by the clock is for the page alone)
    by_clock = [rule.name for rule in RULES if rule.ends_itself]
    unsaid = "SELECT count(*) FROM alert_step JOIN alert ON alert.id = alert WHERE stale AND rule <> ALL (%s)"
    assert scalar(other, unsaid, by_clock) == 0
    assert scalar(other, "SELECT count(*) FROM due WHERE kind = 'step'") == scalar(
        other, "SELECT count(*) FROM alert_step"
    )


@pytest.mark.parametrize(("seed", "shared"), [(1, 0), (2, 1), (3, 2)])
async def test_shuffled_split_repeated_with_crashes_and_several_workers(
    database, empty_database, packs, seed, shared, monkeypatch
):
    expected = await reference(database, packs)
    other = again(empty_database)
    streams = two_stations(other)
    chance = random.Random(seed)
    parts = []
    for code, quantity, readings in packs:
        shuffled = chance.sample(readings, len(readings))
        while shuffled:
            size = chance.randint(1, 60)
            parts.append((streams[code][quantity], shuffled[:size]))
            shuffled = shuffled[size:]
    parts += chance.sample(parts, len(parts) // 3)  # repeats
    chance.shuffle(parts)
    crash_sometimes(monkeypatch, chance, (write, "_indices"), (write, "alerts"))
    async with pool(other, name="test", most=6) as connections:
        engines = [
            Engine(
                connections,
                Waits(*[AT_ONCE.quiet] * 2, hold=0.3 * HOUR / 3600, late=shared * HOUR / 360_000),
                most=1 + k,
                worker=f"w{k}",
            )
            for k in range(3)
        ]
        for number, (stream, readings) in enumerate(parts):
            deliver(other, stream, readings)
            if number % 5 == 0:
                for engine in chance.sample(engines, shared):  # the others are dead, though they work on
                    await engine.beat()
                await asyncio.gather(*(attempt(engine, NOW) for engine in engines))
    monkeypatch.undo()
    await asyncio.sleep(0.4)
    async with pool(other, name="test") as connections, connections.connection() as connection:
        await connection.execute("SELECT expire_leases()")
        await connection.execute("DELETE FROM worker")
    await settle(other, NOW, workers=3)
    assert same(contents(other), expected)


def again(url):
    from store.migrate import migrate

    migrate(url)
    return url
