"""From a step in the tables to files that stand for messages."""

import asyncio
import itertools
import random
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from analytics.rules import RULES
from notify.delivery import throttle
from notify.delivery.route import Route, read_routes
from notify.grouping.grouping import quiet_until
from notify.grouping.inhibition import INHIBIT_RULES, Beside, inhibited_by
from notify.people.subscriber import SubscriberError
from notify.step import Step
from notify.texts.message_text import advice_of, texts_of
from tests.notify.conftest import NOW, HandClock, running, until


def waiting(province):
    return province.one("SELECT count(*) FROM due WHERE owner = 'notify' AND kind = 'step'") + province.one(
        "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')"
    )


async def settled(province):
    await until(lambda: waiting(province) == 0)


async def test_thirty_stations_are_one_message(province, tmp_path):
    _, stations = province.commune(stations=30)
    someone = province.subscriber()
    for station in stations:
        province.step(province.alert(station))
    async with running(province.url, tmp_path):
        await settled(province)
    (message,) = province.messages()
    assert message[:3] == (someone, 0, "sent")
    assert message[3] == "Rét đậm tại 30 nơi: Đồng Đăng. Giữ ấm trâu bò."
    (file,) = tmp_path.glob("*.txt")
    text = file.read_text()
    assert "To: +84912345678" in text
    assert NOW.isoformat() in text
    assert text.rstrip().endswith(message[3])
    assert province.one("SELECT count(*) FROM delivery_step") == 30


async def test_one_station_says_its_own_words_in_the_persons_language(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber(language="en", address="0912345670")
    province.subscriber(accents=False)
    async with running(province.url, tmp_path):
        province.step(province.alert(station))
        await settled(province)
        assert waiting(province) == 0
    assert [m[3] for m in province.messages()] == [
        "Severe cold at Trạm 1: 12 °C. Keep cattle warm.",
        "Ret dam tai Tram 1: 12 C. Giu am trau bo.",
    ]


async def test_without_consent_or_after_stop_nobody_is_texted(province, tmp_path):
    from notify.people.subscriber import erase, stop

    _, (station, _) = province.commune()
    province.subscriber("0912345671", consent_channel="")
    stopped, erased = province.subscriber("0912345672"), province.subscriber("0912345673")
    assert stop(province.connection, stopped, NOW, "sms")
    assert erase(province.connection, erased, NOW, "office")
    province.step(province.alert(station))
    async with running(province.url, tmp_path):
        await settled(province)
    assert province.messages() == []
    assert province.all("SELECT outcome FROM bundle") == [("nobody",)]
    assert province.one("SELECT count(*) FROM personal.contact") == 2


async def test_level_hazard_and_place_decide_who_hears(province, tmp_path):
    _, (station, other) = province.commune()
    province.commune("hoang-dong", "Hoàng Đồng")
    high = province.subscriber("0912345671", minimum_level=3)
    heat = province.subscriber("0912345672", hazards=("heat",))
    far = province.subscriber("0912345673", places=("hoang-dong",))
    farm = province.subscriber("0912345674", places=("dong-dang-2",))
    all_of_it = province.subscriber("0912345675", places=("lang-son",))
    network = province.subscriber("0912345676", hazards=("network",))
    province.step(province.alert(station))
    province.step(province.alert(other, hazard="network", rule="silent_station"))
    async with running(province.url, tmp_path):
        await settled(province)
    heard = {row[0] for row in province.messages()}
    assert heard == {all_of_it, network}
    assert not heard & {high, heat, far, farm}


async def test_an_end_goes_only_to_those_who_heard_the_beginning(province, tmp_path):
    _, (station, _) = province.commune()
    early = province.subscriber("0912345671")
    alert = province.alert(station)
    province.step(alert)
    async with running(province.url, tmp_path):
        await settled(province)
        late = province.subscriber("0912345672")
        province.step(alert, kind="end", at=NOW)
        await settled(province)
    assert [row[0] for row in province.messages()] == [early, early]
    assert late not in {row[0] for row in province.messages()}


async def test_stale_steps_and_inhibited_ones_page_nobody(province, tmp_path):
    _, (station, other) = province.commune()
    province.subscriber()
    province.step(province.alert(station), stale=True)
    province.step(province.alert(station, hazard="wind", rule="strong_wind"))
    province.alert(other, hazard="storm", rule="storm_level")
    async with running(province.url, tmp_path):
        await settled(province)
    assert province.messages() == []
    assert sorted(province.all("SELECT hazard, outcome FROM bundle")) == [("cold", "stale"), ("wind", "inhibited")]


async def test_a_level_too_common_for_a_message_goes_to_those_who_named_the_hazard(province, tmp_path):
    """A wind of force 6 blows a hundred times a year: it stands on the page, and pages nobody who did not ask for it."""
    _, (station, _) = province.commune()
    everyday, keen = province.subscriber(), province.subscriber("0912345671", hazards=("wind",))
    wind = province.alert(station, hazard="wind", rule="strong_wind", level=1)
    async with running(province.url, tmp_path):
        province.step(wind, level=1)
        await settled(province)
        assert [row[0] for row in province.messages()] == [keen]
        province.step(wind, kind="raise", level=2)
        await settled(province)
        assert sorted(row[0] for row in province.messages()) == sorted([keen, keen, everyday])
        quiet = province.alert(station, hazard="wind", rule="gust", level=1)
        province.step(quiet, level=1)
        await settled(province)
    assert sorted(row[0] for row in province.messages()) == sorted([keen] * 3 + [everyday] * 2)


async def test_one_cold_day_is_one_message_until_cattle_are_in_danger(province, tmp_path):
    """Rét đậm tells not to sow and to house cattle; who asked for one of these only, gets that; below 12 °C it is said."""
    _, (station, _) = province.commune()
    farmer = province.subscriber()
    herder = province.subscriber("0912345671", hazards=("livestock_cold",))
    cattle = province.alert(station, hazard="livestock_cold", rule="cattle_cold", level=1)
    sowing = province.alert(station, hazard="crop_cold", rule="no_sowing", level=1)
    cold = province.alert(station, level=2)
    async with running(province.url, tmp_path):
        for alert, level in ((cattle, 1), (sowing, 1), (cold, 2)):
            province.step(alert, level=level)
        await settled(province)
        assert sorted(row[0] for row in province.messages()) == sorted([farmer, herder])
        assert sorted(province.all("SELECT hazard, outcome FROM bundle")) == [
            ("cold", "expanded"),
            ("crop_cold", "inhibited"),
            ("livestock_cold", "inhibited"),
        ]
        # rét đậm goes on, but a cold night sends the cattle home
        province.connection.execute("UPDATE alert SET level = 2 WHERE id = %s", [cattle])
        province.step(cattle, kind="raise", level=2)
        await settled(province)
    assert sorted(row[0] for row in province.messages()) == sorted([farmer, herder] * 2)


def test_inhibition_has_levels_places_and_a_basis():
    cold = Beside("cold_spell", "cold", 1, 2, "observed")
    assert inhibited_by(asked("no_sowing", 1), [cold]) == {"cold"}
    assert inhibited_by(asked("no_sowing", 1, "end"), [cold]) == frozenset()
    assert inhibited_by(asked("no_sowing", 1), [cold._replace(level=1)]) == frozenset()
    assert inhibited_by(asked("cattle_cold", 2), [cold]) == frozenset()
    forecast = cold._replace(basis="forecast")
    assert inhibited_by(asked("no_sowing", 1), [forecast]) == frozenset(), "what is only forecast inhibits nothing seen"
    assert inhibited_by(replace(asked("no_sowing", 1), basis="forecast"), [forecast]) == {"cold"}
    assert inhibited_by(asked("cattle_cold", 2), [cold._replace(level=3)]) == {"cold"}, "rét hại says so itself"
    names = {rule.name for rule in RULES}
    assert {name for rule in INHIBIT_RULES for name in {rule.source, *rule.targets}} <= names


def test_no_two_inhibit_each_other():
    """They come at once, in one transaction: nobody would be told."""
    loud = {
        (one.name, level, other.name, quiet)
        for one, other in itertools.product(RULES, RULES)
        for level, quiet in itertools.product(range(1, one.top + 1), range(1, other.top + 1))
        if inhibited_by(asked(other.name, quiet), [Beside(one.name, one.hazard, 1, level, "observed")])
    }
    assert ("cold_spell", 3, "cattle_cold", 2) in loud
    assert not [pair for pair in loud if (*pair[2:], *pair[:2]) in loud]


def asked(rule, level, kind="open"):
    return Step(
        1, 1, rule, "x", kind, level, "observed", 1, "", 1, "", NOW, NOW, NOW, False, {}, None, "Immediate", False, True
    )


@pytest.mark.parametrize(("on", "level"), [(True, 3), (False, 2)])
async def test_hazards_of_different_kinds_at_once_raise_the_level_where_it_is_set(province, tmp_path, on, level):
    _, (station, other) = province.commune()
    farmer = province.subscriber(urgent_level=3, quiet_from=time(0), quiet_to=time(23, 59))
    province.alert(other, hazard="wind", rule="strong_wind", level=2)
    province.step(province.alert(station, hazard="flood", rule="flash_flood_rain", level=2))
    async with running(province.url, tmp_path, raise_concurrent=on):
        await until(lambda: [row[2] for row in province.messages()] == ["sent" if on else "held"])
    ((who, _, _, text),) = province.messages()
    assert (who, province.one("SELECT level FROM bundle")) == (farmer, level)
    assert ("nhiều thiên tai cùng lúc" in text.lower() or "nhieu thien tai cung luc" in text.lower()) is on


async def test_hazards_of_one_kind_raise_nothing(province, tmp_path):
    _, (station, other) = province.commune()
    province.subscriber()
    province.alert(other, hazard="frost", rule="frost", level=2)
    province.step(province.alert(station, level=2))
    async with running(province.url, tmp_path, raise_concurrent=True):
        await settled(province)
    assert province.one("SELECT level FROM bundle") == 2


async def test_a_gateway_offline_inhibits_its_own_stations_and_no_other(province, tmp_path):
    _, (station, other) = province.commune()
    province.alert(station, hazard="network", rule="gateway_offline")
    mine = province.step(province.alert(station, hazard="network", rule="silent_station"))
    province.subscriber(hazards=("network",))
    async with running(province.url, tmp_path):
        await settled(province)
        assert (
            province.one("SELECT outcome FROM bundle JOIN bundle_step ON bundle = id WHERE step = %s", mine)
            == "inhibited"
        )
        province.step(province.alert(other, hazard="network", rule="silent_station"))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])


def test_advice_is_the_audiences_own_else_everyones():
    said = {"advice": {"everyone": "Tránh suối.", "cattle": "Nhốt trâu bò."}}
    assert advice_of(said, "cattle") == "Nhốt trâu bò."
    assert advice_of(said, "farmer") == advice_of(said, "radio") == "Tránh suối."
    assert advice_of({}, "farmer") == ""


async def test_quiet_hours_hold_a_message_until_morning_unless_it_is_urgent(province, tmp_path):
    _, (station, other) = province.commune()
    night = NOW.replace(hour=16)  # 23:00 in Hanoi
    clock = HandClock(night)
    province.subscriber(quiet_from=time(21), quiet_to=time(5))
    province.step(province.alert(station), at=night)
    province.step(province.alert(other, hazard="flood", rule="flood", level=3), level=3, at=night)
    async with running(province.url, tmp_path, clock):
        await settled(province)
        assert sorted(row[2] for row in province.messages()) == ["held", "sent"]
        assert province.one("SELECT at FROM due WHERE kind = 'quiet'") == night + timedelta(hours=6)
        clock.moment = night + timedelta(hours=6)
        await until(lambda: [row[2] for row in province.messages() if row[1] == 0] == ["sent", "sent"])


async def test_what_is_known_at_the_end_of_the_day_wakes_nobody_and_is_said_once(province, tmp_path):
    """A cold spell by its daily mean is known at midnight, whatever its level: it is told in the morning, not again."""
    _, (station, _) = province.commune()
    night = NOW.replace(hour=17)  # midnight in Hanoi
    clock = HandClock(night)
    province.subscriber(quiet_from=time(21), quiet_to=time(5))
    province.subscriber("0912345671", audience="officer", quiet_from=time(0), quiet_to=time(0))
    province.step(province.alert(station, level=3), level=3, at=night)
    async with running(province.url, tmp_path, clock):
        await settled(province)
        assert sorted(row[2] for row in province.messages()) == ["held", "sent"]
        assert province.all("SELECT 1 FROM due WHERE kind = 'rung'") == []
        clock.moment = night + timedelta(hours=5)
        await until(lambda: [row[2] for row in province.messages()] == ["sent", "sent"])


async def test_a_held_message_of_an_alert_that_ended_overnight_is_withdrawn(province, tmp_path):
    _, (station, _) = province.commune()
    night = NOW.replace(hour=16)
    clock = HandClock(night)
    province.subscriber(quiet_from=time(21), quiet_to=time(5))
    alert = province.alert(station)
    province.step(alert, at=night)
    async with running(province.url, tmp_path, clock):
        await settled(province)
        province.connection.execute("UPDATE alert SET state = 'ended', ended = %s", [night])
        clock.moment = night + timedelta(hours=6)
        await until(lambda: [row[2] for row in province.messages()] == ["withdrawn"])


async def test_the_daily_cap_holds_below_the_urgent_level(province, tmp_path):
    _, stations = province.commune(stations=4)
    province.subscriber(daily_cap=2)
    async with running(province.url, tmp_path):
        for number, station in enumerate(stations):
            province.step(province.water(station, level=3 if number == 3 else 2), level=3 if number == 3 else 2)
            await settled(province)
    assert [row[2] for row in province.messages()] == ["sent", "sent", "capped", "sent"]


async def test_two_workers_say_everything_once(province, tmp_path):
    _, stations = province.commune(stations=3)
    for number in range(40):
        province.subscriber(f"09123456{number:02}")
    async with running(province.url, tmp_path), running(province.url, tmp_path):
        for station in stations:
            province.step(province.water(station))
            await asyncio.sleep(0.1)
        await settled(province)
    assert len(list(tmp_path.glob("*.txt"))) == province.one("SELECT count(*) FROM delivery")
    assert province.one("SELECT count(*) FROM delivery_step") == 120
    assert province.one("SELECT count(*) FROM delivery WHERE state <> 'sent'") == 0


async def test_a_database_that_ends_its_sessions_loses_no_message_and_repeats_none(province, tmp_path):
    _, stations = province.commune(stations=6)
    for number in range(30):
        province.subscriber(f"09123456{number:02}", daily_cap=1000)
    ended = 0
    async with running(province.url, tmp_path) as task:
        for number, station in enumerate(stations, 1):
            province.step(province.water(station))
            # in the midst of closing, claiming, sending or settling, whatever comes first
            await until(lambda: province.one("SELECT count(*) FROM bundle") >= number, 60)  # noqa: B023
            ended += province.one(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert not task.done()
        await until(lambda: province.one("SELECT count(*) FROM delivery_step") == 180, 60)
        await until(lambda: waiting(province) == 0, 60)
    assert ended >= len(stations)
    assert dict(province.all("SELECT state, count(*) FROM delivery GROUP BY state")) == {
        "sent": len(list(tmp_path.glob("*.txt")))
    }


async def test_later_bundles_of_a_group_keep_their_distance_unless_it_gets_worse(province, tmp_path):
    _, stations = province.commune(stations=3)
    province.subscriber()
    async with running(province.url, tmp_path, bundle_wait=3600):
        province.step(province.water(stations[0]))
        await settled(province)
        province.step(province.water(stations[1]))
        await asyncio.sleep(0.5)
        assert len(province.messages()) == 1
        assert province.one("SELECT count(*) FROM due WHERE kind = 'step'") == 1, "no worse: it keeps its distance"
        province.step(province.water(stations[2], level=3), level=3)
        await until(lambda: waiting(province) == 0, 10)
    assert [row[3].split(":")[0] for row in province.messages()] == ["Rét đậm tại Trạm 1", "Rét đậm tại 2 nơi"]
    assert province.all("SELECT level FROM bundle ORDER BY id") == [(2,), (3,)]


async def test_that_one_alert_goes_on_as_another_is_told_to_nobody(province, tmp_path):
    """Late data merged two episodes: the cancelled one names its successor, and who was told of it is left in peace."""
    _, (station, _) = province.commune()
    province.subscriber()
    former = province.water(station)
    async with running(province.url, tmp_path):
        province.step(former)
        await settled(province)
        province.connection.execute("UPDATE alert SET state = 'cancelled', ended = %s WHERE id = %s", [NOW, former])
        successor = province.water(station)
        province.connection.execute("UPDATE alert SET successor = %s WHERE id = %s", [successor, former])
        cancel = province.step(former, kind="cancel")
        await settled(province)
    assert province.one("SELECT outcome FROM bundle JOIN bundle_step ON bundle = id WHERE step = %s", cancel) == "stale"
    assert len(province.messages()) == 1


async def test_a_folder_that_cannot_be_written_is_waited_for(province, tmp_path):
    folder = tmp_path / "messages"
    folder.mkdir()
    _, (station, _) = province.commune()
    province.subscriber()
    (route,) = read_routes(None, folder, {})
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    async with running(province.url, routes=[route]):
        await asyncio.sleep(0.3)
        route.provider.options.folder = blocked / "deep"
        province.step(province.alert(station))
        await until(lambda: province.one("SELECT count(*) FROM delivery WHERE attempts = 1 AND state = 'queued'"))
        assert "make room" in province.one("SELECT detail FROM delivery")
    health = throttle.Health(route)
    health.failed(None)
    assert not health.well


async def test_what_concerns_rice_or_cattle_goes_to_who_grows_or_keeps_them(province, tmp_path):
    """Who said nothing about crops or animals is told of all; a group (rice) stands for its crops, and the other way."""
    _, (station, other) = province.commune()
    told = {
        name: province.subscriber(f"091234567{number}", crops=crops, animals=animals)
        for number, (name, crops, animals) in enumerate(
            [("all", (), ()), ("rice", ("rice",), ()), ("spring", ("rice_spring",), ()), ("tea", ("tea",), ()),
             ("cattle", (), ("cattle",)), ("pigs", (), ("pigs",)), ("tea and buffalo", ("tea",), ("buffalo",))]
        )
    }  # fmt: skip
    province.step(province.alert(station, hazard="disease", rule="rice_blast", level=1), level=1)
    province.step(province.alert(other, hazard="livestock_cold", rule="cattle_cold", level=2), level=2)
    field = province.place("ruong", "field", station)
    season = province.one(
        "INSERT INTO season (place, crop, sown) VALUES (%s, 'rice_spring', '2026-01-01') RETURNING id", field
    )
    thirsty = province.alert(field, hazard="irrigation", rule="irrigation_due", level=1)
    province.connection.execute("UPDATE alert SET subject = %s WHERE id = %s", [season, thirsty])
    province.step(thirsty, level=1)
    told |= {
        name: province.subscriber(f"09222222{number}0", places=places, crops=crops, audience=audience)
        for number, (name, places, crops, audience) in enumerate(
            [("its farmer", ("ruong",), (), "farmer"), ("its rice farmer", ("ruong",), ("rice",), "farmer"),
             ("its tea farmer", ("ruong",), ("tea",), "farmer"), ("officer", ("dong-dang",), (), "officer")]
        )
    }  # fmt: skip
    async with running(province.url, tmp_path):
        await settled(province)
    got = {(who, hazard) for who, hazard in province.all("SELECT subscriber, hazard FROM delivery")}
    names = {number: name for name, number in told.items()}
    assert {names[who] for who, hazard in got if hazard == "disease"} == {
        "all", "rice", "spring", "cattle", "pigs", "officer"
    }  # fmt: skip
    assert {names[who] for who, hazard in got if hazard == "irrigation"} == {
        "its farmer",
        "its rice farmer",
        "officer",
    }, "no neighbour is told that a field is dry"
    assert {names[who] for who, hazard in got if hazard == "livestock_cold"} == {
        "all", "rice", "spring", "tea", "cattle", "tea and buffalo", "officer"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"hazards": ("mua",)}, "there is no hazard 'mua', there are cold, "),
        ({"crops": ("lua",)}, "there is no crop 'lua', there are acacia, "),
        ({"animals": ("horse",)}, "there is no animal 'horse', there are buffalo, cattle, fish, pigs"),
        ({"audience": "famer"}, "there is no audience 'famer', there are "),
    ],
)
def test_a_subscriber_of_what_nobody_knows_is_refused(province, asked, says):
    province.commune()
    with pytest.raises(SubscriberError, match=says):
        province.subscriber(**asked)


def test_the_place_is_shortened_before_what_to_do():
    """With a repeat's words before it a text no longer fits: its place gives way, not its advice."""
    place = "Trạm khí tượng Kennedy (2013), Queens, New York"
    texts = {
        "vi": {"short": f"Nóng rất nguy hiểm cho gia súc tại {place} (theo trạm) lúc 12:00 18/07. Tắm; gọi thú y."}
    }
    step = replace(asked("livestock_heat", 3), place_name=place, texts=texts)
    full, brief = texts_of([step], "vi", "farmer")
    assert full == texts["vi"]["short"]
    assert brief == full.replace(place, "Trạm khí tượng Kennedy (2013)")


async def test_a_level_below_what_is_told_is_the_end_and_a_first_message_is_no_raise(province, tmp_path):
    """Mưa vừa stands on the page only: mưa to comes as news, its fall to mưa vừa is the end of it."""
    _, (station, _) = province.commune()
    province.subscriber(hazards=("rain",))
    farmer = province.subscriber("0912345670")
    rain = province.alert(station, hazard="rain", rule="heavy_rain", level=1)
    texts = {"vi": {"short": "Tăng lên: Mưa to", "fresh": {"short": "Mưa to"}}}
    async with running(province.url, tmp_path):
        for kind, level in (("open", 1), ("raise", 2), ("lower", 1), ("end", 1)):
            province.step(rain, kind=kind, level=level, texts=texts if kind == "raise" else None)
            await settled(province)
    told = province.all(
        "SELECT subscriber, bundle.kind, text FROM delivery JOIN bundle ON bundle.id = bundle ORDER BY delivery.id"
    )
    assert [kind for who, kind, _ in told if who == farmer] == ["raise", "lower"]
    assert [kind for who, kind, _ in told if who != farmer] == ["open", "raise", "lower", "end"]
    assert {who == farmer: text for who, kind, text in told if kind == "raise"} == {
        True: "Mưa to",
        False: "Tăng lên: Mưa to",
    }


async def test_what_one_station_has_said_its_neighbours_do_not_say_again(province, tmp_path):
    """Rét đậm of three stations at three times: told once, worse when it is worse, over when the last of them says so."""
    _, (first, second, third) = province.commune(stations=3)
    someone = province.subscriber()
    pond_owner = province.subscriber("0912345670", hazards=("pond",))
    alerts = [province.alert(station) for station in (first, second, third)]

    async def step(alert, kind, level=2):
        province.step(alert, kind=kind, level=level)
        await settled(province)
        return [row[3] for row in province.messages()]

    async with running(province.url, tmp_path):
        assert len(await step(alerts[0], "open")) == 1
        assert len(await step(alerts[1], "open")) == 1, "the same again"
        province.connection.execute("UPDATE alert SET level = 3 WHERE id = %s", [alerts[1]])
        assert len(await step(alerts[1], "raise", 3)) == 2, "worse"
        assert len(await step(alerts[2], "open", 2)) == 2
        assert len(await step(alerts[0], "end")) == 2, "it goes on beside"
        assert len(await step(alerts[1], "end", 3)) == 2
        texts = await step(alerts[2], "end")
        assert len(texts) == 3
        assert "Đồng Đăng" in texts[2], "of a place of which nothing was said its commune is named"
        ponds = [province.alert(station, hazard="pond", rule="pond_oxygen") for station in (first, second)]
        for pond in ponds:
            province.step(pond)
            await settled(province)
    assert [row[0] for row in province.messages()].count(pond_owner) == 2, "each pond is a matter of its own"
    assert [row[0] for row in province.messages()].count(someone) == 5


async def test_nobody_is_told_that_it_never_was_while_another_station_shows_it(province, tmp_path):
    """The first station was wrong; the second, which said nothing because the first had, is not."""
    _, (first, second) = province.commune()
    province.subscriber()
    alerts = [province.alert(station, hazard="frost", rule="frost", level=1) for station in (first, second)]
    async with running(province.url, tmp_path):
        for kind, alert, messages in (("open", 0, 1), ("open", 1, 1), ("cancel", 0, 1), ("cancel", 1, 2)):
            province.step(alerts[alert], kind=kind, level=1)
            await settled(province)
            assert len(province.messages()) == messages, (kind, alert)


@pytest.mark.parametrize("rate", [0.5, 1.0, 7.0, 500.0])
def test_a_route_goes_at_its_rate_whatever_wakes_it(monkeypatch, rate):
    """Woken as its rest says, or at odd moments meanwhile, a route that never waits for messages keeps its rate."""
    now = 1000.0
    monkeypatch.setattr(throttle, "time", SimpleNamespace(monotonic=lambda: now))
    (route,) = read_routes(None, Path("messages"), {})
    health = throttle.Health(Route(route.table.model_copy(update={"rate": rate, "window": 1000}), route.provider))
    taken, moments, end = 0, random.Random(int(rate)), 1000.0 + 200 / rate + 60
    start = None
    while now < end:
        if most := health.allowance():
            start = now if start is None else start
            health.spend(most)
            taken += most
        now += min(health.rest() or 0.01, moments.uniform(0.001, 2 / rate))
    span = throttle.SPAN * rate + 2
    assert (end - start) * rate - span <= taken <= (end - start) * rate + span


async def test_a_budget_that_is_used_up_is_there_again_a_day_later(province, tmp_path):
    _, stations = province.commune(stations=4)
    province.subscriber(daily_cap=50)
    file = tmp_path / "routes.toml"
    file.write_text(
        f'[[route]]\nname = "out"\nprovider = "file"\ndaily_segments = 2\noptions = {{ folder = "{tmp_path}/out" }}\n'
    )
    clock = HandClock()
    async with running(province.url, routes=read_routes(file, None), clock=clock):
        for station in stations:
            province.step(province.water(station), expires=NOW + timedelta(days=3))
            await until(lambda: not province.one("SELECT count(*) FROM due WHERE kind = 'step'"))
            await asyncio.sleep(0.3)
        assert [row[2] for row in province.messages()] == ["sent", "sent", "queued", "queued"]
        clock.moment = NOW + timedelta(hours=25)
        await settled(province)
    assert [row[2] for row in province.messages()] == ["sent"] * 4


@pytest.mark.parametrize(("hour", "expected"), [(13, None), (14, 8), (20, 2), (21, 1), (22, None)])
def test_quiet_hours_over_midnight(hour, expected):
    """21:00–05:00 in Hanoi is 14:00–22:00 UTC."""
    now = NOW.replace(hour=hour)
    end = quiet_until(now, time(21), time(5), "Asia/Ho_Chi_Minh")
    assert end == (None if expected is None else now + timedelta(hours=expected))


async def test_the_least_role_is_enough(province, tmp_path):
    """Everything a bundle and an answer need is within the rights of notify's own role."""
    from psycopg.conninfo import make_conninfo

    _, (station, _) = province.commune()
    province.subscriber()
    province.step(province.alert(station, hazard="flood", rule="flash_flood_rain", level=3), level=3)
    clock = HandClock()
    async with running(make_conninfo(province.url, options="-c role=nongvu_notify"), tmp_path, clock):
        await settled(province)
        clock.moment = NOW + timedelta(minutes=31)
        await until(lambda: province.all("SELECT 1 FROM approval"))
        province.connection.execute("INSERT INTO inbound (route, payload) VALUES ('file', %s)", [b"0912345678\nSTOP"])
        await until(lambda: province.one("SELECT state FROM subscriber") == "stopped")
        await until(lambda: province.all("SELECT 1 FROM document WHERE name = 'cap.atom'"))
