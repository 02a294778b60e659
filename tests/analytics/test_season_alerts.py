"""Blight and a trap's peak through the engine and its tables: of the season that is sown, once, however readings come."""

from datetime import UTC, datetime, timedelta

import psycopg

from tests.analytics.field import deliver, settle, station

BEGIN = datetime(2026, 2, 9, 17, tzinfo=UTC)  # local midnight of 10 February
HOUR = timedelta(hours=1)
DAYS = 24


def alerts(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT rule, subject, state, started FROM alert WHERE rule IN ('late_blight', 'fall_armyworm_hatch')"
            " AND state <> 'cancelled' ORDER BY rule, subject"
        ).fetchall()


def enter(database, crop):
    """A station with what it measures, a trap, and a crop sown there: datastreams and the season's id."""
    place, streams = station(database, quantities=("air_temperature", "relative_humidity"))
    with psycopg.connect(database) as connection:
        trap = connection.execute(
            "INSERT INTO datastream (place, quantity, level) VALUES (%s, 'pest_count', 'fall_armyworm') RETURNING id",
            (place,),
        ).fetchone()[0]
        number = connection.execute(
            "INSERT INTO season (place, crop, variety, sown, properties) VALUES (%s, %s, '', '2026-02-10', '{}') RETURNING id",
            (place, crop),
        ).fetchone()[0]
    return streams, trap, number


def humid(first, last):
    """A mild, wet spell, hour by hour: four severity values a day."""
    return [(BEGIN + HOUR * hour, hour) for hour in range(24 * first, 24 * last)]


async def told(database, streams, first, last):
    """Deliver days, then let the engine come to their end."""
    hours = humid(first, last)
    deliver(database, streams["air_temperature"], [(at, 22.0 + (hour % 24) / 12) for at, hour in hours])
    deliver(database, streams["relative_humidity"], [(at, 91.0 + hour % 7) for at, hour in hours])
    await settle(database, BEGIN + HOUR * 24 * last)


async def test_blight_is_told_once_of_the_potatoes_and_not_of_the_place(database):
    streams, _, season = enter(database, "potato")
    for first, last in ((0, 3), (3, 9), (9, 10), (10, DAYS)):
        await told(database, streams, first, last)
    found = alerts(database)
    assert [row[:3] for row in found] == [("late_blight", season, "open")]
    assert BEGIN + HOUR * 24 * 4 <= found[0][3] <= BEGIN + HOUR * 24 * 5, (
        "18 values of four a day, the first night half"
    )


async def test_where_cabbage_is_sown_nobody_hears_of_blight(database):
    streams, _, _ = enter(database, "cabbage")
    await told(database, streams, 0, DAYS)
    assert alerts(database) == []


async def test_a_trap_begins_the_calendar_of_the_maize_and_its_hatching_ends_it(database):
    streams, trap, season = enter(database, "maize")
    await told(database, streams, 0, 4)
    assert alerts(database) == []
    deliver(database, trap, [(BEGIN + HOUR * (24 * 4 + 7), 120.0)])
    await told(database, streams, 4, 6)
    assert [row[:3] for row in alerts(database)] == [("fall_armyworm_hatch", season, "open")]
    await told(database, streams, 6, DAYS)
    assert [row[:3] for row in alerts(database)] == [("fall_armyworm_hatch", season, "ended")]
