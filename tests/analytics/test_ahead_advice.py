"""What a forecast is for: when to water, the days to a stage, frost, heat and blast, each through the engine.

Beside it: places at the poles and the equator, a station that moved, a sensor that was replaced.
"""

import sys
from datetime import date
from pathlib import Path

import numpy as np
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, contents, deliver, scalar, settle, station

import store.forecast as shelf
from store.forecast import Said

DAY = 24 * HOUR
DAYS = 4
ISSUED = START + DAYS * DAY
QUANTITIES = ("air_temperature", "relative_humidity", "precipitation", "wind_speed", "global_radiation")


def weather(mean=24.0, swing=6.0, humidity=75.0, rain=0.0):
    """(hour of the local day) → a value of each quantity."""

    def at(hour):
        sun = float(np.sin((hour % 24 - 7.5) / 9 * np.pi)) if 8 <= hour % 24 <= 16 else 0.0
        return {
            "air_temperature": round(mean + swing * float(np.sin((hour % 24 - 9) / 12 * np.pi)), 1),
            "relative_humidity": humidity + (hour * 7 % 5) * 0.5,  # what stands still is taken for a stuck sensor
            "precipitation": rain,
            "wind_speed": 1.0 + (hour * 5 % 4) * 0.3,
            "global_radiation": round(550 * sun, 1),
        }

    return at


async def foretell(database, at, days=6, place="ls01"):
    begin = int((ISSUED - START) / HOUR)
    said = [
        Said(quantity, START + HOUR * hour, value)
        for hour in range(begin, begin + days * 24)
        for quantity, value in at(hour).items()
    ]
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await shelf.put(connection, place, ISSUED, "test", said)


@pytest.fixture
async def field(database):
    """A station with four fair days; maize stands there since 70 days, its roots as deep as they grow."""
    place, streams = station(database, quantities=QUANTITIES)
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO season (place, crop, variety, sown, properties) VALUES (%s, 'maize', '', %s,"
            """ '{"field_capacity": 0.3, "wilting_point": 0.15}')""",
            (place, date(2025, 11, 1)),
        )
    give(database, streams, weather())
    await settle(database, ISSUED)
    return streams


def give(database, streams, at, days=range(DAYS)):
    for quantity, stream in streams.items():
        hours = range(days.start * 24, days.stop * 24)
        deliver(database, stream, [(START + HOUR * hour, at(hour)[quantity]) for hour in hours])


def ahead(database, index, place="ls01"):
    """Values of an index on the forecast, by day from that of the issue."""
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "SELECT indexed.time, value FROM indexed JOIN place ON place.id = indexed.place"
            " WHERE index = %s AND reference_time = %s AND code = %s ORDER BY 1",
            (index, ISSUED, place),
        ).fetchall()
    return [value for _, value in found]


def forecast_alerts(database):
    with psycopg.connect(database) as connection:
        return dict(
            connection.execute("SELECT rule, level FROM alert WHERE basis = 'forecast' AND state = 'open'").fetchall()
        )


async def test_dry_days_ahead_bring_the_day_of_irrigation_nearer_and_rain_puts_it_off(database, field):
    await foretell(database, weather())
    await settle(database, ISSUED)
    left = ahead(database, "days_to_irrigation")
    depletion = ahead(database, "root_zone_depletion")
    assert len(left) == len(depletion) == 6
    assert np.all(np.diff(depletion) > 0)
    assert left[-1] < left[0]


async def test_rain_ahead_fills_the_root_zone(database, field):
    await foretell(database, weather(rain=1.0))
    await settle(database, ISSUED)
    assert ahead(database, "root_zone_depletion")[-1] == pytest.approx(0.0, abs=1.0)


async def test_the_stage_of_the_crop_goes_on_through_the_forecast(database, field):
    await foretell(database, weather())
    await settle(database, ISSUED)
    stages = ahead(database, "crop_stage")
    observed = scalar(
        database,
        "SELECT max(value) FROM indexed WHERE index = 'crop_stage' AND NOT isfinite(reference_time)",
    )
    assert len(stages) == 6
    assert observed <= stages[0] <= stages[-1]
    assert stages[-1] > observed


async def test_frost_and_cold_are_announced_days_before(database, field):
    await foretell(database, weather(mean=3.0, swing=5.0))
    await settle(database, ISSUED)
    assert min(ahead(database, "air_temperature_minimum")) == pytest.approx(-2.0, abs=0.2)
    assert {"frost", "cold_spell"} & set(forecast_alerts(database))


async def test_heat_is_announced_days_before(database, field):
    await foretell(database, weather(mean=35.0, swing=5.0, humidity=50.0))
    await settle(database, ISSUED)
    assert max(ahead(database, "heat_index_maximum")) > 40
    assert any("heat" in rule for rule in forecast_alerts(database))


async def test_wet_mild_nights_ahead_build_up_blast(database, field):
    await foretell(database, weather(mean=22.0, swing=2.0, humidity=97.0, rain=0.5))
    await settle(database, ISSUED)
    wet = ahead(database, "leaf_wetness_hours")
    assert min(wet) > 10
    blast = ahead(database, "rice_blast_infection")
    observed = "SELECT max(value) FROM indexed WHERE index = 'rice_blast_infection' AND NOT isfinite(reference_time)"
    assert len(blast) >= 5  # the day of the issue began dry
    assert min(blast) > (scalar(database, observed) or 0.0)


async def test_an_order_with_crashes_in_it_leaves_the_same_outlook(database, empty_database, monkeypatch):
    """Readings in pieces, the forecast between them, workers that die while they write it."""
    import asyncio
    import random

    from field import AT_ONCE

    from analytics.run.engine import forecast_run as looking
    from analytics.run.engine.engine import Engine
    from store.lease import Waits
    from store.migrate import migrate
    from store.pool import pool

    migrate(empty_database)
    at, found = weather(mean=4.0, swing=4.0), []

    class KilledError(BaseException):
        pass

    for url, unkind in ((database, False), (empty_database, True)):
        _, streams = station(url, quantities=QUANTITIES)
        if not unkind:
            give(url, streams, weather())
            await foretell(url, at)
            await settle(url, ISSUED)
            found.append(contents(url))
            continue
        chance, original = random.Random(4), looking._write

        async def dies(*arguments, chance=chance, original=original):
            if chance.random() < 0.5:
                raise KilledError
            await original(*arguments)

        monkeypatch.setattr(looking, "_write", dies)
        async with pool(url, name="test", most=5) as connections:
            engines = [Engine(connections, Waits(*[AT_ONCE.quiet] * 2, hold=HOUR / 9000)) for _ in range(2)]
            for day in (3, 1, 0, 2):
                give(url, streams, weather(), range(day, day + 1))
                if day == 1:
                    await foretell(url, at)
                await asyncio.gather(*(engine.step(ISSUED) for engine in engines), return_exceptions=True)
        monkeypatch.undo()
        await asyncio.sleep(0.5)
        async with pool(url, name="test") as connections, connections.connection() as connection:
            await connection.execute("SELECT expire_leases()")
        await settle(url, ISSUED, workers=2)
        found.append(contents(url))
    for name in ("values", "states", "episodes", "left"):
        assert found[0][name] == found[1][name], name


@pytest.mark.parametrize("latitude", [-90.0, -78.0, 0.0, 78.0, 90.0])
async def test_a_place_at_the_poles_or_the_equator_is_computed_like_any_other(database, latitude):
    _, streams = station(database, quantities=QUANTITIES)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE place SET latitude = %s", (latitude,))
    give(database, streams, weather(mean=-5.0 if abs(latitude) > 60 else 26.0))
    await settle(database, ISSUED)
    assert contents(database)["left"] == [(0, 0)]
    found = scalar(database, "SELECT count(*) FROM indexed WHERE index = 'reference_evapotranspiration'")
    assert found == DAYS
    assert scalar(database, "SELECT count(*) FROM indexed WHERE value IN ('NaN', 'Infinity', '-Infinity')") == 0


async def test_a_station_that_moved_counts_where_it_stands_from_its_next_computation_on(database):
    """A place is where it stands now: a station carried elsewhere for good gets a new code, its series ends."""
    _, streams = station(database, quantities=QUANTITIES)
    give(database, streams, weather(), range(2))
    await settle(database, START + 2 * DAY)
    query = "SELECT value FROM indexed WHERE index = 'reference_evapotranspiration' ORDER BY time"
    with psycopg.connect(database) as connection:
        before = connection.execute(query).fetchall()
        connection.execute("UPDATE place SET elevation = 1260")
    give(database, streams, weather(), range(2, 4))
    await settle(database, ISSUED)  # another worker, which does not know the old height
    with psycopg.connect(database) as connection:
        after = connection.execute(query).fetchall()
    assert after[:2] == before  # what was computed stays
    assert len(after) == 4
    assert after[3] != before[1]


async def test_a_sensor_that_was_replaced_goes_on_under_the_same_datastream(database):
    """The new one reads 2 degrees less: one series; each deployment says its serial number and its time."""
    _, streams = station(database, quantities=QUANTITIES)
    stream = streams["air_temperature"]
    with psycopg.connect(database) as connection:
        for serial, begin, end in (("A1", START, START + 2 * DAY), ("B2", START + 2 * DAY, None)):
            connection.execute(
                "INSERT INTO deployment (datastream, sensor_model, serial, valid_from, valid_to)"
                " VALUES (%s, 'sht3x', %s, %s, coalesce(%s::timestamptz, 'infinity'))",
                (stream, serial, begin, end),
            )
    give(database, streams, weather(), range(2))
    give(database, streams, weather(mean=22.0), range(2, 4))
    await settle(database, ISSUED)
    with psycopg.connect(database) as connection:
        means = connection.execute(
            "SELECT value FROM indexed WHERE index = 'air_temperature_mean' ORDER BY time"
        ).fetchall()
    assert [round(value) for (value,) in means] == [24, 24, 22, 22]
