"""What only people know reaches the indices: of a commune to its stations, of a field to its seasons, and anew when it changes."""

from datetime import date, timedelta

import psycopg

from store import place as places
from store import season as seasons
from store.property import known
from tests.analytics.field import START, deliver, settle, station, winter

DAYS = 45
NOW = START + timedelta(days=DAYS, hours=2)


def values(database, index, place):
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT (time AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, value FROM index_value WHERE index = %s AND place = %s"
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
                "SELECT season, max(value) FROM index_value WHERE place = %s AND index = 'root_zone_depletion'"
                " AND reference_time = '-infinity' GROUP BY season ORDER BY season", (field,)
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
