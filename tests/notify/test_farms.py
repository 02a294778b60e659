"""What is measured on a farm is the farm's: who is told, what is said aloud, what stands in a commune's bulletin."""

from datetime import timedelta

from notify.texts import weather_facts
from store.bulletin import Commune
from store.pool import pool
from tests.notify.conftest import NOW, HandClock, running, until


def farm(province, commune):
    """A farm in a commune and its station."""
    place = province.place("farm-b", "farm", commune, "Trại B")
    return place, province.place("farm-b-1", "station", place, "Trạm trại B")


async def test_a_loudspeaker_names_no_farm(province, tmp_path):
    commune, (station, _) = province.commune()
    _, private = farm(province, commune)
    province.subscriber()
    for place in (private, station):
        province.step(province.alert(place, "frost", "frost"))
    alone = province.commune("hoang-dong", "Hoàng Đồng")[0]
    only = province.place("farm-c-1", "station", province.place("farm-c", "farm", alone, "Trại C"), "Trạm trại C")
    province.step(province.alert(only, "frost", "frost"))
    clock = HandClock()
    async with running(province.url, tmp_path, clock=clock):
        await until(lambda: province.one("SELECT count(*) FROM delivery") >= 1)
        for minutes in (11, 40):  # nobody takes charge: the ladder is climbed
            clock.moment = NOW + timedelta(minutes=minutes)
            await until(
                lambda: not province.one("SELECT count(*) FROM due WHERE at <= %s AND owner = 'notify'", clock.moment)
            )
    (spoken,) = province.all("SELECT text, place FROM broadcast")
    assert spoken[1] == commune
    assert "Trạm 1" in spoken[0] or "12 °C" in spoken[0]
    assert "rại B" not in spoken[0]


async def test_a_communes_bulletin_speaks_of_no_farm(province):
    commune, (one, two) = province.commune()
    _, private = farm(province, commune)
    province.connection.execute("INSERT INTO batch (gateway, received_at) SELECT id, %s FROM gateway LIMIT 1", [NOW])
    for place, value in ((one, 10.0), (two, 12.0), (private, 40.0)):
        stream = province.one(
            "INSERT INTO datastream (place, quantity) VALUES (%s, 'air_temperature') RETURNING id", place
        )
        province.connection.execute("INSERT INTO latest VALUES (%s, %s, %s, 1, 1)", [stream, NOW, value])
    province.step(province.alert(private, "frost", "frost"))
    async with pool(province.url, name="test") as connections, connections.connection() as connection:
        there = Commune(commune, "dong-dang", "Đồng Đăng", "Asia/Ho_Chi_Minh")
        found = await weather_facts.facts(connection, there, NOW)
    assert set(found.stations) == {"Trạm 1", "Trạm 2"}
    assert found.alerts == []
    assert "40" not in str(found.document())
