"""An alert lives until it ends, not until its message expires: bulletins, answers, feeds, ends and what waits to be said."""

from datetime import time, timedelta

import pytest
from capvalidator.validate import Validator
from lxml import etree

from notify.people.keyword_replies import Person, Wish, _answer
from notify.people.subscriber import stop
from notify.publications import bulletin
from notify.settings import NotifySettings
from tests.notify.conftest import NOW, HandClock, running, until

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
OVER = {
    "vi": {
        "short": "Hết rét tại {place}.",
        "long": "Hết rét.",
        "group": "Hết rét tại {count} nơi: {places}.",
        "advice": {},
    },
}


async def settled(province):
    await until(
        lambda: (
            not province.one("SELECT count(*) FROM due WHERE owner = 'notify' AND kind = 'step'")
            and not province.one("SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')")
        )
    )


async def asked(province, commune, now):
    """Bulletin and answer of a commune at a moment."""
    import psycopg

    settings = NotifySettings(database_url=province.url)
    connection = await psycopg.AsyncConnection.connect(province.url, autocommit=True)
    async with connection:
        await bulletin.issue(connection, "daily:Asia/Ho_Chi_Minh", now, settings)
        answer = await _answer(connection, Person("+84900000000"), Wish("weather", "DONG DANG"), now)
    found = province.one("SELECT texts -> 'vi' FROM bulletin WHERE place = %s ORDER BY id DESC LIMIT 1", commune)
    return found, answer


def feed(province):
    body = province.one("SELECT body FROM document WHERE name = 'cap.atom'")
    return [node.get("href").rsplit("/", 1)[1] for node in etree.fromstring(body).iterfind("{*}entry/{*}link")]


@pytest.mark.parametrize("hours", [13, 72, 240])
async def test_an_open_alert_is_spoken_of_when_its_message_has_expired_and_its_end_is_heard(province, tmp_path, hours):
    commune, (station, _) = province.commune()
    someone = province.subscriber()
    clock = HandClock()
    alert = province.alert(station, level=3)
    province.step(alert, level=3)
    async with running(province.url, tmp_path, clock):
        await settled(province)
        clock.moment = now = NOW + timedelta(hours=hours)
        found, answer = await asked(province, commune, now)
        assert "Rét đậm tại Trạm 1" in found["short"]
        assert "Nhiệt độ trung bình ngày 12" in found["radio"]
        assert "Rét đậm tại Trạm 1" in answer
        await until(lambda: feed(province) == [f"nongvu.invalid-{alert}-1.xml"])
        province.step(alert, kind="end", level=3, at=now, texts=OVER)
        await settled(province)
        await until(lambda: province.all("SELECT 1 FROM document WHERE name LIKE '%%-2.xml'"))
        clock.moment = now + timedelta(days=2)
        await until(lambda: feed(province) == [])
    assert [row[0::3] for row in province.messages()][1:] == [(someone, "Hết rét tại Trạm 1.")]
    body = province.one("SELECT body FROM document WHERE name LIKE '%%-2.xml'")
    assert Validator(body).schema()[0]
    root = etree.fromstring(body)
    assert root.findtext(f"{CAP}msgType") == "Update"
    (reference,) = root.findtext(f"{CAP}references").split()
    assert reference.split(",")[1] == f"nongvu.invalid-{alert}-1"


async def test_an_update_names_what_came_before_whatever_bundle_has_it(province, tmp_path):
    """Late data open and end an alert at once: two bundles, closed in any order."""
    _, (station, _) = province.commune()
    for _ in range(12):
        alert = province.alert(station, level=3)
        with province.connection.transaction():
            province.step(alert, level=3, stale=True)
            province.step(alert, kind="end", level=3, stale=True)
    async with running(province.url, tmp_path):
        await settled(province)
    bodies = province.all("SELECT body FROM document WHERE content_type = 'application/cap+xml'")
    roots = [etree.fromstring(body) for (body,) in bodies]
    assert len(roots) == 24
    kinds = [(root.findtext(f"{CAP}msgType"), bool(root.findtext(f"{CAP}references"))) for root in roots]
    assert sorted(kinds) == [("Alert", False)] * 12 + [("Update", True)] * 12


async def test_an_end_goes_to_who_was_told_wherever_the_station_is_now(province, tmp_path):
    _, (station, _) = province.commune()
    new, _ = province.commune("hoang-dong", "Hoàng Đồng")
    told, there = province.subscriber(), province.subscriber("0912345671", places=("hoang-dong",))
    gone = province.subscriber("0912345672")
    clock = HandClock()
    alert = province.alert(station, level=3)
    province.step(alert, level=3)
    async with running(province.url, tmp_path, clock):
        await settled(province)
        province.connection.execute("UPDATE place SET parent = %s WHERE id = %s", [new, station])
        assert stop(province.connection, gone, NOW, "sms")
        clock.moment = NOW + timedelta(days=9)
        province.step(alert, kind="lower", at=clock.moment)
        await settled(province)
        province.step(alert, kind="end", level=2, at=clock.moment, texts=OVER)
        await settled(province)
    assert [row[0] for row in province.messages()].count(told) == 3
    assert there not in {row[0] for row in province.messages()}
    assert [row[0] for row in province.messages()].count(gone) == 1


async def test_a_commune_hears_the_end_from_the_last_of_its_stations_days_later_and_once(province, tmp_path):
    _, (one, two) = province.commune()
    someone = province.subscriber()
    clock = HandClock()
    async with running(province.url, tmp_path, clock):
        first, second = province.alert(one, level=3), province.alert(two, level=3)
        province.step(first, level=3)
        await settled(province)
        clock.moment += timedelta(hours=1)
        province.step(second, level=3, at=clock.moment)  # said already
        await settled(province)
        assert len(province.messages()) == 1
        clock.moment += timedelta(days=4)
        province.step(first, kind="end", level=3, at=clock.moment, texts=OVER)
        await settled(province)
        assert len(province.messages()) == 1
        clock.moment += timedelta(hours=30)
        province.step(second, kind="end", level=3, at=clock.moment, texts=OVER)
        await settled(province)
        assert [row[0] for row in province.messages()] == [someone] * 2
        # a year later something ends that nobody was told of
        clock.moment += timedelta(days=365)
        third = province.alert(one, level=3, at=clock.moment)
        province.step(third, level=3, at=clock.moment, stale=True)
        await settled(province)
        province.step(third, kind="end", level=3, at=clock.moment, texts=OVER)
        await settled(province)
    assert len(province.messages()) == 2


async def test_what_was_held_overnight_goes_by_its_alert_and_an_end_only_to_who_heard_the_beginning(province, tmp_path):
    _, stations = province.commune(stations=3)
    night = NOW.replace(hour=15)  # 22:00 in Hanoi
    clock = HandClock(night)
    province.subscriber(quiet_from=time(21), quiet_to=time(5))
    goes_on, told, never = (province.water(station) for station in stations)
    async with running(province.url, tmp_path, clock):
        clock.moment = NOW
        province.step(told, at=clock.moment)
        await settled(province)
        clock.moment = night
        for alert in (goes_on, never):
            province.step(alert, at=night, expires=night + timedelta(hours=3))
            await settled(province)
        province.step(told, kind="end", at=night, texts=OVER, expires=night + timedelta(hours=3))
        await settled(province)
        province.step(never, kind="end", at=night, texts=OVER)
        await settled(province)
        clock.moment = night + timedelta(hours=8)
        await until(lambda: not province.all("SELECT 1 FROM delivery WHERE state = 'held'"))
        await settled(province)
    assert [(row[2], row[3][:20]) for row in province.messages()] == [
        ("sent", "Rét đậm tại Trạm 2: "),
        ("sent", "Rét đậm tại Trạm 1: "),
        ("withdrawn", "Rét đậm tại Trạm 3: "),
        ("sent", "Hết rét tại Trạm 2."),
        ("withdrawn", "Hết rét tại Trạm 3."),
    ]


async def test_steps_that_waited_while_notify_was_down_are_weighed_by_their_alert(province, tmp_path):
    _, (one, two) = province.commune()
    province.subscriber()
    goes_on, over = province.water(one), province.water(two)
    province.step(goes_on)
    province.step(over)
    province.connection.execute("UPDATE alert SET state = 'ended', ended = %s WHERE id = %s", [NOW, over])
    async with running(province.url, tmp_path, HandClock(NOW + timedelta(hours=30))):
        await settled(province)
    assert [(row[2], "Trạm 1" in row[3], "2 nơi" in row[3]) for row in province.messages()] == [("sent", True, False)]


FLOOD = {"hazard": "flood", "rule": "flash_flood_rain", "level": 3}


async def asked_aloud(province, clock, station, alert=None):
    """An alert of level 3 of which the loudspeaker waits for a person's approval."""
    alert = alert or province.alert(station, **FLOOD)
    province.step(alert, level=3, at=clock.moment)
    await settled(province)
    clock.moment += timedelta(minutes=31)
    await until(lambda: province.all("SELECT 1 FROM approval"))
    return alert


async def test_an_approval_waits_as_long_as_its_alert_and_is_asked_as_that_is_now(province, tmp_path):
    _, (station, _) = province.commune()
    clock = HandClock()
    async with running(province.url, tmp_path, clock):
        alert = await asked_aloud(province, clock, station)
        was = province.one("SELECT expires FROM approval")
        newer = {"vi": {"short": "Nguy hơn.", "long": "Nước còn lên.", "group": "", "advice": {}}}
        province.step(alert, kind="renew", level=3, at=NOW + timedelta(hours=12), texts=newer)
        clock.moment = NOW + timedelta(hours=12, minutes=1)
        await until(lambda: province.one("SELECT expires FROM approval") > was)
        assert province.all("SELECT state, title, detail FROM approval") == [
            ("waiting", "Nước còn lên", {"asked_again": 1})
        ]
        assert "Nước còn lên." in province.one("SELECT text FROM broadcast")
        assert province.one("SELECT state FROM broadcast") == "waiting"
        province.step(alert, kind="end", level=3, at=clock.moment, texts=OVER)
        await settled(province)
        await until(lambda: province.one("SELECT state FROM approval") == "withdrawn")
    assert province.all("SELECT state FROM broadcast") == [("withdrawn",)], (
        "nobody heard it: nobody hears that it is over"
    )


async def test_nobody_can_approve_what_is_over(province, tmp_path):
    from store import approval

    _, (station, _) = province.commune()
    clock = HandClock()
    async with running(province.url, tmp_path, clock):
        alert = await asked_aloud(province, clock, station)
    said = (1, "approved", "command:x", "", NOW + timedelta(hours=13))
    with province.connection.transaction(force_rollback=True):
        assert approval.decide_now(province.connection, *said), "it goes on after 13 hours"
    province.connection.execute("UPDATE alert SET state = 'ended', ended = %s WHERE id = %s", [NOW, alert])
    assert approval.decide_now(province.connection, *said) is None


@pytest.mark.parametrize("kind", ["end", "cancel"])
async def test_what_was_spoken_is_taken_back_aloud_when_the_last_station_says_so(province, tmp_path, kind):
    _, (one, two) = province.commune()
    clock = HandClock()
    async with running(province.url, tmp_path, clock):
        first = await asked_aloud(province, clock, one)
        second = province.alert(two, **FLOOD)
        province.step(second, level=3, at=clock.moment)
        await settled(province)
        province.connection.execute(
            "UPDATE approval SET state = 'approved', who = 'x', decided_at = %s", [clock.moment]
        )
        await until(lambda: province.one("SELECT state FROM broadcast") == "ready")
        clock.moment += timedelta(minutes=31)
        await until(lambda: not province.all("SELECT 1 FROM due WHERE kind = 'rung'"))
        clock.moment = NOW + timedelta(days=2)
        province.step(first, kind=kind, level=3, at=clock.moment, texts=OVER)
        await settled(province)
        assert province.all("SELECT state FROM broadcast") == [("ready",)], "another station shows it"
        province.step(second, kind=kind, level=3, at=clock.moment, texts=OVER)
        await settled(province)
        await until(lambda: len(province.all("SELECT 1 FROM broadcast")) == 2)
    assert province.all("SELECT split_part(about, ':', 1), state, class FROM broadcast ORDER BY id") == [
        ("bundle", "withdrawn", "khan_cap"),
        ("over", "ready", "uu_tien"),
    ]
    assert province.one("SELECT text FROM broadcast ORDER BY id DESC LIMIT 1") == "Thông báo ưu tiên. Hết rét."


async def test_files_for_players_go_with_their_alert_or_their_time(province, tmp_path):
    """As they lie in a player's folder, whoever made their voice."""
    commune, (station, _) = province.commune()
    clock, folder = HandClock(), tmp_path / "loa"
    alert = province.alert(station, **FLOOD)
    async with running(province.url, tmp_path, clock, loudspeakers=folder):
        province.step(alert, level=3)
        await settled(province)
    names = []
    for about, hours in ((f"bundle:{province.one('SELECT id FROM bundle')}", 48), ("bulletin:7", 12)):
        name = about.replace("bundle", "alert").replace(":", "-")
        province.connection.execute(
            "INSERT INTO broadcast (about, place, class, state, text, spoken, audio, at, play_from, expires, laid_out)"
            " VALUES (%s, %s, 'khan_cap', 'ready', 'x', 'x', %s, %s, %s, %s, true)",
            [about, commune, f"{name}.mp3", NOW, NOW, NOW + timedelta(hours=hours)],
        )
        (folder / "dong-dang" / "khan_cap").mkdir(parents=True, exist_ok=True)
        for ending in ("mp3", "wav", "txt"):
            path = folder / "dong-dang" / "khan_cap" / f"20260115T1000-{name}.{ending}"
            path.write_text("x")
            names.append(path)
    async with running(province.url, tmp_path, clock, loudspeakers=folder):
        clock.moment = NOW + timedelta(hours=11)
        await until(lambda: all(path.exists() for path in names))
        clock.moment = NOW + timedelta(hours=13)
        await until(lambda: [path.exists() for path in names] == [True] * 3 + [False] * 3)
        province.step(alert, kind="end", level=3, at=clock.moment, texts=OVER)
        await until(lambda: not any(path.exists() for path in names))
