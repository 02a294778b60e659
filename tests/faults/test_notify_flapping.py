"""F25: a sensor that flaps round a threshold, through the engine and notify, tick by tick."""

import sys
from datetime import timedelta
from itertools import pairwise
from math import pi, sin
from pathlib import Path

import psycopg
import pytest

from analytics.rules import BY_NAME
from analytics.run.engine.engine import Engine
from store.pool import pool
from tests.faults.table import note
from tests.notify.conftest import HandClock, province, running, until  # noqa: F401 — a fixture

sys.path.insert(0, str(Path(__file__).parents[1] / "analytics"))
from field import AT_ONCE, START, deliver

pytestmark = pytest.mark.faults

TICK, TICKS = timedelta(minutes=10), 24 * 6


async def test_a_sensor_that_flaps_round_a_threshold_is_one_alert(province, tmp_path):  # noqa: F811
    rule, quantity, calm = "pond_oxygen", "dissolved_oxygen", 7.0
    threshold = BY_NAME[rule].levels[0].enter
    _, (station, _) = province.commune()
    province.subscriber(hazards=(BY_NAME[rule].hazard,), daily_cap=1000)
    stream = province.one(
        "INSERT INTO datastream (place, quantity, interval_seconds) VALUES (%s, %s, 600) RETURNING id",
        station,
        quantity,
    )
    flapping = [threshold * (1 + 0.01 * sin(2 * pi * n / 5.3)) for n in range(TICKS)]
    values = [*flapping, *[calm] * 60]
    crossings = sum((one < threshold) != (other < threshold) for one, other in pairwise(flapping))
    assert crossings > 40
    clock = HandClock(START)
    async with pool(province.url, name="test", most=3) as connections, running(province.url, tmp_path, clock):
        engine = Engine(connections, AT_ONCE)
        for n, value in enumerate(values):
            clock.moment = START + TICK * n
            deliver(province.url, stream, [(clock.moment, value)])
            while await engine.step(clock.moment):
                pass
        await until(lambda: waiting(province) == 0, 120)
    steps = province.all(
        "SELECT kind FROM alert_step JOIN alert ON alert.id = alert WHERE rule = %s ORDER BY alert_step.id", rule
    )
    assert steps == [("open",), ("end",)]
    # the end of something told longer ago than a message is worth reading is not told
    assert [row[2] for row in province.messages()] == ["sent"]
    figures = {"alerts": 1, "clears": 1, "messages": 1}
    note("F25", f"sensor flapping ({rule})", f"sine of 1 %, {crossings} crossings in a day", **figures)


def waiting(found):
    with psycopg.connect(found.url) as connection:
        return connection.execute(
            "SELECT (SELECT count(*) FROM due WHERE owner = 'notify' AND kind = 'step')"
            " + (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending'))"
        ).fetchone()[0]
