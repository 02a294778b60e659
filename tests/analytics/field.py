"""Places with readings for the engine's tests, and what the tables hold of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from math import isnan

import numpy as np
import psycopg
import pytest

from analytics.run.engine.engine import Engine
from analytics.run.neighbours.compare import Area
from store.lease import Waits
from store.pool import pool

START = datetime(2026, 1, 9, 17, tzinfo=UTC)  # local midnight of 10 January in Lạng Sơn
AT_ONCE = Waits(timedelta(0), timedelta(0))
HOUR = timedelta(hours=1)


def station(
    database, code="ls01", kind="station", quantities=("air_temperature", "precipitation"), zone="Asia/Ho_Chi_Minh"
):
    with psycopg.connect(database) as connection:
        place = connection.execute(
            "INSERT INTO place (code, kind, name, longitude, latitude, elevation, time_zone)"
            " VALUES (%s, %s, %s, 106.8, 21.8, 260, %s) RETURNING id",
            (code, kind, f"Trạm {code}", zone),
        ).fetchone()[0]
        streams = {
            quantity: connection.execute(
                "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 3600) RETURNING id",
                (place, quantity),
            ).fetchone()[0]
            for quantity in quantities
        }
    return place, streams


def deliver(database, stream, readings, cause="reading"):
    """Store readings [(time, value)] and their mark in one transaction, as ingest does."""
    if not readings:
        return
    with psycopg.connect(database) as connection:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO reading VALUES (%s, %s, %s, 1, 0) ON CONFLICT DO NOTHING",
                [(time, value, stream) for time, value in readings],
            )
        times = [time for time, _ in readings]
        connection.execute(
            "INSERT INTO latest VALUES (%s, %s, %s, 1, 0) ON CONFLICT (datastream_id) DO UPDATE"
            " SET phenomenon_time = excluded.phenomenon_time, result = excluded.result"
            " WHERE latest.phenomenon_time <= excluded.phenomenon_time",
            (stream, *max(readings)),
        )
        connection.execute("SELECT append_marks(%s, %s, %s, %s)", ([stream], [min(times)], [max(times)], cause))


def winter(days=12, seed=1):
    """Hourly temperatures of a cold spell with gaps, and some rain."""
    noise = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    mean = 18 - 9 * np.exp(-(((hours / 24) - days * 0.5) ** 2) / 4)
    warm = np.round(mean + 4 * np.sin((hours - 9) / 24 * 2 * np.pi) + noise.normal(0, 0.5, hours.size), 1)
    rain = np.where(noise.random(hours.size) < 0.1, np.round(noise.gamma(1.0, 8.0, hours.size), 1), 0.0)
    keep = noise.random(hours.size) > 0.03
    keep[days * 24 // 3 : days * 24 // 3 + 7] = False  # a silence
    times = [START + HOUR * int(hour) for hour in hours]
    temperature = [(time, float(value)) for time, value, kept in zip(times, warm, keep, strict=True) if kept]
    fallen = [(time, float(value)) for time, value, kept in zip(times, rain, keep, strict=True) if kept]
    return temperature, fallen


async def settle(database, now, workers=1, **options):
    """Let workers compute until nothing waits."""
    async with pool(database, name="test", most=workers + 2) as connections:
        engines = [Engine(connections, AT_ONCE, worker=f"w{k}", **options) for k in range(workers)]

        async def work(engine):
            area = Area(connections, AT_ONCE, engine.worker)
            while await engine.step(now) or await area.step(now):
                pass

        for _ in range(3):
            await asyncio.gather(*(work(engine) for engine in engines))
    return engines


def contents(database):
    """What design §6 says is the same whatever the order of arrival; and open marks, leases, overdue rows."""
    with psycopg.connect(database) as connection:

        def rows(query):
            return connection.execute(query).fetchall()

        return {
            "values": rows(
                "SELECT place, index, subject, time, round(value::numeric, 6), method, completeness FROM indexed"
                " ORDER BY 1, 2, 3, 4"
            ),
            "states": [
                (*key, [None if isnan(number) else round(number, 6) for number in state])
                for *key, state in rows(
                    "SELECT place, name, subject, time, state FROM index_state JOIN index_name ON id = index ORDER BY 1, 2, 3, 4"
                )
            ],
            "episodes": rows(
                "SELECT rule, place, subject, basis, state, level, started, ended, course, values FROM alert"
                " WHERE state <> 'cancelled' ORDER BY 1, 2, 3, 4, 7"
            ),
            "verdicts": rows(
                "SELECT datastream_id, valid_from, valid_to, flag, reason, who FROM verdict ORDER BY 1, 2, 3, 5"
            ),
            "left": rows(
                "SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM area_mark),"
                " (SELECT count(*) FROM lease) + (SELECT count(*) FROM area_lease)"
            ),
        }


def scalar(database, query, *arguments):
    with psycopg.connect(database) as connection:
        return connection.execute(query, arguments).fetchone()[0]


def crash_sometimes(monkeypatch, chance, *places):
    """A worker dies before it calls one of these (module, name), in the middle of its work."""
    for module, name in places:
        original = getattr(module, name)

        async def dies(*arguments, original=original, **options):
            if chance.random() < 0.15:
                raise KilledError
            return await original(*arguments, **options)

        monkeypatch.setattr(module, name, dies)


class KilledError(BaseException):
    """The worker is dead: no fault of a place, and nobody catches it."""


async def attempt(engine, now):
    try:
        await engine.drain(lambda: now)
        await Area(engine.pool, engine.waits, engine.worker).step(now)
    except KilledError:
        engine.cache.clear()


def same(found, expected):
    for name in expected:
        if name == "values":
            ours = {row[:4]: row[4:] for row in found[name]}
            theirs = {row[:4]: row[4:] for row in expected[name]}
            assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())[:5]
            for key, row in theirs.items():
                assert float(ours[key][0]) == pytest.approx(float(row[0]), abs=2e-6), key
                assert ours[key][1:] == row[1:]
        else:
            assert found[name] == expected[name], name
    return True
