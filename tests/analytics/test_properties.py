"""What only people know reaches the indices: of a commune to its stations, of a field to its seasons, and anew when it changes."""

from datetime import date, timedelta

import psycopg
import pytest

from analytics.run.engine.engine import Engine
from store import place as places
from store import season as seasons
from store.pool import pool
from store.property import known
from tests.analytics.field import AT_ONCE, START, deliver, settle, station, winter

DAYS = 45
NOW = START + timedelta(days=DAYS, hours=2)


def values(database, index, place):
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT (time AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, value FROM indexed WHERE index = %s AND place = %s"
            " AND reference_time = '-infinity' ORDER BY time",
            (index, place),
        ).fetchall()
    return dict(rows)


async def test_drought_index_begins_once_the_rain_of_a_year_is_known(database):
    place, streams = station(database)
    with psycopg.connect(database) as connection:
        commune = connection.execute(
            "INSERT INTO place (code, kind, name) VALUES ('c', 'commune', 'C') RETURNING id"
        ).fetchone()
        connection.execute("UPDATE place SET parent = %s WHERE id = %s", (commune[0], place))
    temperature, rain = winter(DAYS)
    deliver(database, streams["air_temperature"], temperature)
    deliver(database, streams["precipitation"], rain)
    await settle(database, NOW)
    assert values(database, "keetch_byram_drought_index", place) == {}
    with psycopg.connect(database) as connection:
        places.change(connection, "c", {"annual_precipitation": 1400.0})
    await settle(database, NOW)
    first = values(database, "keetch_byram_drought_index", place)
    assert len(first) >= 8
    with psycopg.connect(database) as connection:
        places.change(connection, "c", {"annual_precipitation": 700.0})
    await settle(database, NOW)
    drier = values(database, "keetch_byram_drought_index", place)
    assert drier.keys() == first.keys()
    assert any(drier[day] != first[day] for day in first)


@pytest.mark.parametrize("remembers", [True, False])
async def test_a_station_and_the_fields_it_speaks_for_have_the_same_rain(database, remembers):
    """Whatever is taken together, whoever remembers what: each reading counts once."""
    place, streams = station(database, "st")
    fields = [station(database, f"field-{n}", kind="field", quantities=())[0] for n in (1, 2)]
    with psycopg.connect(database) as connection:
        places.feed(connection, "field-1", "st")
        places.feed(connection, "field-2", "st")
        places.unfeed(connection, "field-2", "st", date(2026, 1, 14))
        places.feed(connection, "field-2", "st", since=date(2026, 1, 16))
    rain = [(time, min(fallen, 15.0)) for time, fallen in winter(12)[1]]  # no bucket that stands alone and is doubted
    async with pool(database, name="test", most=3) as connections:
        engine = Engine(connections, AT_ONCE)
        for part in (rain[:100], rain[100:110], rain[110:114], rain[114:]):
            deliver(database, streams["precipitation"], part)
            if not remembers:
                engine = Engine(connections, AT_ONCE)
            while await engine.step(part[-1][0] + timedelta(hours=3)):
                pass
    own = values(database, "precipitation_sum", place)
    by_hand = {}
    for time, fallen in rain:
        day = (time + timedelta(hours=7)).date()
        by_hand[day] = by_hand.get(day, 0.0) + fallen
    assert len(own) >= 10
    assert own == {day: pytest.approx(by_hand[day]) for day in own}
    assert values(database, "precipitation_sum", fields[0]) == own
    assert values(database, "precipitation_sum", fields[1]) == {
        day: rain for day, rain in own.items() if not date(2026, 1, 14) <= day < date(2026, 1, 16)
    }


async def test_soil_said_of_a_field_holds_for_its_seasons_and_a_season_may_say_otherwise(database):
    _, streams = station(database, "st")
    field, _ = station(database, "field-1", kind="field", quantities=())
    with psycopg.connect(database) as connection:
        assert places.feed(connection, "field-1", "st") == 2
        allowed = known(connection, "season")
        for sown, properties in ((1, {}), (2, {"field_capacity": "0.2", "wilting_point": "0.1"})):
            seasons.put(
                connection, seasons.Season("field-1", "potato", date(2026, 1, sown), None, None, properties), allowed
            )
    temperature, rain = winter(DAYS)
    deliver(database, streams["air_temperature"], temperature)
    deliver(database, streams["precipitation"], [(time, 0.0) for time, _ in rain])
    await settle(database, NOW)

    def share():
        with psycopg.connect(database) as connection:
            return dict(connection.execute(
                "SELECT subject, max(value) FROM indexed WHERE place = %s AND index = 'root_zone_depletion'"
                " AND reference_time = '-infinity' GROUP BY subject ORDER BY subject", (field,)
            ).fetchall())  # fmt: skip

    loam = share()
    assert len(loam) == 2
    with psycopg.connect(database) as connection:
        places.change(connection, "field-1", {"field_capacity": 0.12, "wilting_point": 0.10})
    await settle(database, NOW)
    sand = share()
    first, second = sorted(sand)
    assert sand[second] == loam[second], "the season's own numbers hold"
    assert sand[first] < loam[first], "little water can be missing from little"
