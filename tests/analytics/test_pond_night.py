"""Oxygen at dawn is told at 21 h of the evening before, once a night, with what to do."""

import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, scalar, settle, station

from analytics.indices.pond_night import projected_oxygen

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def pond(falls):
    """Hourly oxygen: 9 mg/L in the evening until 17 h, then so much less each hour until 6 h, and back by noon."""
    found = []
    for hour in range(24 * len(falls)):
        day, clock = divmod(hour, 24)
        fall = falls[day if clock >= 12 else max(day - 1, 0)]
        dark = clock - 17 if clock >= 17 else clock + 7
        low = 9.0 - 13 * fall
        value = 9.0 - fall * dark if clock >= 17 or clock <= 6 else low + (9.0 - low) * min((clock - 6) / 6, 1.0)
        found.append(round(value + hour % 3 * 0.01, 2))
    return found


def told(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.kind, step.level, step.known_at, step.stale, step.texts->'vi'->>'short' FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE rule = 'pond_oxygen_dawn' ORDER BY step.id"
        ).fetchall()


def test_a_straight_line_is_drawn_on_to_dawn_and_ends_at_nothing():
    assert projected_oxygen(8.0, 7.0, 2.0, 8.0) == 3.0
    assert projected_oxygen(8.0, 4.0, 2.0, 8.0) == 0.0
    assert np.isnan(projected_oxygen(8.0, np.nan, 2.0, 8.0))


async def test_it_is_told_at_21_hours_once_a_night(database):
    """Three nights that fall by 0.5, 0.42 and 0.2 mg/L an hour: below 2.5, below 4, and enough."""
    _, streams = station(database, quantities=("dissolved_oxygen",))
    values = pond([0.2, 0.55, 0.42, 0.2, 0.2])
    heard = 0
    for day in range(5):
        for clock in (7, 17, 20, 21, 22, 23):
            hour = 24 * day + clock
            readings = [(START + HOUR * h, values[h]) for h in range(heard, hour + 1)]
            deliver(database, streams["dissolved_oxygen"], readings)
            heard = hour + 1
            await settle(database, START + HOUR * hour + timedelta(minutes=5))
    steps = told(database)
    people = [(kind, level, known.astimezone(ZONE)) for kind, level, known, stale, _ in steps if not stale]
    assert [(kind, level, (known - timedelta(hours=7)).day, known.hour) for kind, level, known in people] == [
        ("open", 2, 11, 21), ("open", 1, 12, 21),
    ]  # fmt: skip
    assert {kind for kind, _, _, stale, _ in steps if stale} <= {"end"}
    assert "Chạy" in steps[0][4]
    assert "mg/L lúc sáng" in steps[0][4]
    forecast = scalar(
        database, "SELECT value FROM indexed WHERE index = 'dissolved_oxygen_dawn_forecast' AND time = %s",
        START + HOUR * 24,
    )  # fmt: skip
    assert forecast == pytest.approx(9.0 - 0.55 * (24 + 6.6 - 17.5), abs=0.3)
