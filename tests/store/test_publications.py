"""Bulletins, broadcasts, approvals, documents and what is known of a commune, as their modules write and read them."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from store import approval, broadcast, bulletin, commune_weather, document

NOW = datetime(2026, 1, 20, tzinfo=UTC)
SOON, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
TEXTS = {"vi": {"title": "Nông vụ", "short": "ngắn", "radio": "dài", "page": "trang"}}


@asynccontextmanager
async def commune(database):
    """A connection, and the number of a commune with a station."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(
            "INSERT INTO place (code, kind, name, parent, latitude, longitude) VALUES"
            " ('vn', 'province', 'Tỉnh', NULL, 21.8, 106.7)"
        )
        for code, kind, above in (("xa", "commune", "vn"), ("tram", "station", "xa")):
            await connection.execute(
                "INSERT INTO place (code, kind, name, parent, latitude, longitude)"
                " SELECT %s, %s, %s, id, 21.8, 106.7 FROM place WHERE code = %s",
                (code, kind, code, above),
            )
        (number,) = await (await connection.execute("SELECT id FROM place WHERE code = 'xa'")).fetchone()
        yield connection, number


def spoken(place, about, **changes):
    values = {
        "about": about, "place": place, "legal_class": "uu_tien", "state": "ready", "language": "vi", "text": "a",
        "spoken": "b", "at": NOW, "play_from": NOW, "expires": SOON, "exercise": False,
    }  # fmt: skip
    return broadcast.NewBroadcast(**values | changes)


async def test_a_bulletin_is_made_once_a_day_and_released_or_refused(database):
    async with commune(database) as (connection, place):
        assert await bulletin.zones(connection) == ["Asia/Ho_Chi_Minh"]
        (there,) = await bulletin.communes(connection, "Asia/Ho_Chi_Minh")
        assert there == bulletin.Commune(place, "xa", "xa", there.time_zone)
        made = ("daily", NOW.date(), TEXTS, '{"a": 1}', NOW)
        number = await bulletin.insert(connection, place, *made, released=False)
        assert await bulletin.insert(connection, place, *made, released=True) is None
        one = await bulletin.bulletin(connection, number)
        assert (one.state, one.texts, one.place, one.kind) == ("waiting", TEXTS, place, "daily")
        await bulletin.release(connection, number, NOW)
        await bulletin.refuse(connection, number)
        assert (await bulletin.bulletin(connection, number)).state == "released", "decided once"
        assert await bulletin.readers(connection, "daily", place) == []


async def test_a_broadcast_is_said_once_voiced_and_cleaned_up(database):
    async with commune(database) as (connection, place):
        number = await broadcast.insert(connection, spoken(place, "bulletin:1"))
        assert await broadcast.insert(connection, spoken(place, "bulletin:1")) is None
        assert await broadcast.insert(connection, spoken(place, "bulletin:2", state="waiting"))
        (one,) = await broadcast.unvoiced(connection, NOW)
        assert (one.id, one.legal_class, one.spoken, one.code) == (number, "uu_tien", "b", "xa")
        assert await broadcast.unvoiced(connection, SOON) == [], "expired"
        await broadcast.set_audio(connection, number, "bulletin-1.mp3")
        assert await broadcast.unvoiced(connection, NOW) == []
        assert [each.audio for each in await broadcast.announced(connection, NOW)] == ["bulletin-1.mp3"]
        assert await broadcast.outdated(connection, NOW) == []
        (laid,) = await broadcast.outdated(connection, SOON)
        assert (laid.id, laid.code, laid.audio) == (number, "xa", "bulletin-1.mp3")
        await broadcast.note_cleaned(connection, [number])
        assert await broadcast.outdated(connection, SOON) == []


async def test_what_waits_for_a_word_is_asked_once_and_expires_with_its_broadcast(database):
    async with commune(database) as (connection, place):
        number = await broadcast.insert(connection, spoken(place, "bundle:1", state="waiting"))
        asked = ("broadcast", f"broadcast:{number}", "Rét hại", NOW, SOON)
        waits = await approval.ask(connection, *asked)
        assert await approval.ask(connection, *asked) is None
        assert await approval.decided(connection) == []
        assert await broadcast.still_asked(connection, waits) == broadcast.StillAsked(number, "uu_tien", [])
        await broadcast.say_anew(connection, number, "c", "d", SOON, SOON + timedelta(hours=1))
        await approval.ask_anew(connection, waits, "Rét đậm", SOON)
        state = "SELECT title, detail ->> 'asked_again' FROM approval"
        assert await (await connection.execute(state)).fetchone() == ("Rét đậm", "1")
        assert await approval.expire(connection, waits) == f"broadcast:{number}"
        assert await approval.expire(connection, waits) is None
        await broadcast.settle(connection, number, "expired")
        await broadcast.settle(connection, number, "ready")
        said = await (await connection.execute("SELECT state, text, spoken FROM broadcast")).fetchone()
        assert said == ("expired", "c", "d"), "no longer waiting"
        await approval.withdraw_broadcasts(connection, [number])
        assert await broadcast.withdraw(connection, place, []) == []


async def test_a_document_takes_the_place_of_its_name_and_retires(database):
    async with commune(database) as (connection, place):
        put = document.Document("audio", "bulletin-1.mp3", "audio/mpeg", b"1", NOW, place, SOON)
        await document.put(connection, put)
        await document.put(connection, document.Document("audio", "bulletin-1.mp3", "audio/mpeg", b"2", NOW))
        rows = await (await connection.execute("SELECT body, expires, properties FROM document")).fetchall()
        assert rows == [(b"2", None, {})]
        await document.retire(connection, ["bulletin-1.mp3"], EARLIER)
        assert await (await connection.execute("SELECT expires FROM document")).fetchone() == (EARLIER,)
        warned = {"alert": "7", "step": 1, "reference": "nv,7-1"}
        cap = document.Document("cap", "a.xml", "application/cap+xml", b"x", NOW, None, SOON, warned)
        await document.put(connection, cap)
        assert await document.references(connection, 7, 2, NOW) == ["nv,7-1"]
        assert await document.references(connection, 7, 1, NOW) == []
        assert await document.feed(connection, NOW) == [document.Listed("a.xml", warned, SOON)]
        assert await document.feed(connection, SOON) == []
        assert await document.unpublished(connection, [1]) == [] == await document.warned(connection, [1])


async def test_what_is_known_of_a_commune_is_its_stations(database):
    async with commune(database) as (connection, place):
        (source,) = await commune_weather.sources(connection, place)
        assert (source.name, source.own) == ("tram", True)
        names = "WITH name AS (INSERT INTO {0} (name) VALUES (%s) RETURNING id) SELECT id FROM name"
        (index,) = await (await connection.execute(names.format("index_name"), ["precipitation_sum"])).fetchone()
        (method,) = await (await connection.execute(names.format("index_method"), ["tried"])).fetchone()
        for hours, value in ((0, 0.05), (-24, 12.0)):
            await connection.execute(
                "INSERT INTO index_value (place, index, time, value, method, completeness) VALUES (%s, %s, %s, %s, %s, 1)",
                (source.id, index, NOW + timedelta(hours=hours), value, method),
            )
        window = ([source.id], ["precipitation_sum"], NOW - timedelta(days=2), NOW + timedelta(seconds=1))
        (total,) = await commune_weather.totals(connection, *window)
        assert (round(total.total, 2), total.days) == (12.05, 1)
        (extremes,) = await commune_weather.extremes(connection, *window)
        assert (extremes.least, extremes.most) == (0.05, 12.0)
        assert await commune_weather.latest(connection, [source.id], NOW) == []
        assert await commune_weather.forecast(connection, [place], NOW, SOON) == []
        assert await commune_weather.open_alerts(connection, place) == []
        assert await commune_weather.crops(connection, place, NOW.date(), NOW) == []
