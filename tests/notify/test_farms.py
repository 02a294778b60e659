"""What is measured on a farm is the farm's: who is told, what is said aloud, what stands in a commune's bulletin."""

from datetime import timedelta

from notify import weather
from store.pool import pool
from tests.notify.conftest import NOW, HandClock, running, until


def farm(province, commune):
    """A farm in a commune and its station."""
    place = province.place("farm-b", "farm", commune, "Trại B")
    return place, province.place("farm-b-1", "station", place, "Trạm trại B")


async def test_a_farms_alert_goes_to_the_farm_and_to_officers(province, tmp_path):
    commune, (station, _) = province.commune()
    _, private = farm(province, commune)
    neighbour = province.subscriber("0912345671")
    officer = province.subscriber("0912345672", audience="officer")
    farmer = province.subscriber("0912345673", places=("farm-b",))
    elsewhere = province.subscriber("0912345674", places=("dong-dang-2",))
    province.step(province.alert(private))
    clock = HandClock()
    async with running(province.url, tmp_path, clock=clock):
        await until(lambda: province.one("SELECT count(*) FROM due WHERE kind = 'step'") == 0)
        told = {row[0] for row in province.messages()}
        assert told == {officer, farmer}
        province.step(province.alert(station, "frost", "frost"))
        await until(lambda: province.one("SELECT count(*) FROM delivery") >= 4)
        told = dict(province.all("SELECT subscriber, count(*) FROM delivery WHERE hazard = 'frost' GROUP BY 1"))
        assert set(told) == {officer, neighbour}
        assert elsewhere not in told
        # nobody takes charge: the ladder is climbed, and the farm is named in no loudspeaker
        for hours in (1, 2, 4, 8):
            clock.moment = NOW + timedelta(hours=hours)
            await until(
                lambda: not province.one("SELECT count(*) FROM due WHERE at <= %s AND owner = 'notify'", clock.moment)
            )
    spoken = province.all("SELECT spoken FROM broadcast")
    assert spoken, "the public frost was said aloud"
    assert not any("trại B" in text for (text,) in spoken), spoken
    assert not any("trại B" in text for _, _, _, text in province.messages() if _ == neighbour)


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
        row = {"id": commune, "code": "dong-dang", "name": "Đồng Đăng", "time_zone": "Asia/Ho_Chi_Minh"}
        found = await weather.facts(connection, row, NOW)
    assert set(found.stations) == {"Trạm 1", "Trạm 2"}
    assert found.alerts == []
    assert "40" not in str(found.document())
