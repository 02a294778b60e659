"""What a bundle's messages say, and what becomes of a bundle, at the real tables."""

from datetime import time, timedelta

import psycopg
import pytest

from notify.grouping import fan_out
from notify.grouping.grouping import Key
from store import bundle, due
from tests.notify.conftest import NOW
from tests.notify.desk import a_step, an_alert, at_desk

TICK = timedelta(microseconds=1)


OVER = {
    "vi": {
        "short": "Hết rét tại {place}.",
        "long": "Hết.",
        "group": "Hết rét tại {commune}.",
        "title": "Hết",
        "advice": {},
    }
}


async def test_each_reads_their_language_and_advice_in_the_letters_of_their_phone(province, desk):
    _, (station, _) = province.commune()
    readers = {
        province.subscriber(): ("Rét đậm tại Trạm 1: 12 °C. Giữ ấm trâu bò.", "vi", "ucs2"),
        province.subscriber("0912345671", accents=False): ("Ret dam tai Tram 1: 12 C. Giu am trau bo.", "vi", "gsm7"),
        province.subscriber("0912345672", language="en"): (
            "Severe cold at Trạm 1: 12 °C. Keep cattle warm.",
            "en",
            "ucs2",
        ),
        province.subscriber("0912345673", audience="officer"): (
            "Rét đậm tại Trạm 1: 12 °C. Kiểm tra các thôn.",
            "vi",
            "ucs2",
        ),
        province.subscriber("0912345674"): ("Rét đậm tại Trạm 1: 12 °C. Giữ ấm trâu bò.", "vi", "ucs2"),
    }
    (expansion,) = await desk.tell(a_step(province, station, expires=NOW + timedelta(hours=5)))
    rows = province.all("SELECT subscriber, text, language, coding FROM delivery")
    assert {row[0]: row[1:] for row in rows} == readers
    first = province.all(
        "SELECT about, bundle, rung, kind, hazard, level, title, long, segments, at, expires FROM delivery ORDER BY id LIMIT 1"
    )
    assert first == [(
        f"bundle:{expansion.bundle}", expansion.bundle, 0, "phone", "frost", 1, "Rét đậm tại Trạm 1: 12 °C",
        "Trạm 1: Nhiệt độ trung bình ngày 12 °C.\n\nGiữ ấm trâu bò.", 1, NOW, NOW + timedelta(hours=5),
    )]  # fmt: skip
    assert province.one("SELECT place FROM delivery LIMIT 1") == province.one(
        "SELECT id FROM place WHERE code = 'dong-dang'"
    )


async def test_an_exercise_says_so_and_a_repeat_says_so(province, desk):
    _, (station, _) = province.commune()
    province.subscriber()
    step = a_step(province, station)
    (expansion,) = await desk.tell(step, exercise=True)
    await desk.again(expansion.bundle, [step], 1)
    texts = province.all("SELECT text, title, long FROM delivery ORDER BY rung")
    assert [text for text, _, _ in texts] == [
        "DIỄN TẬP. Rét đậm tại Trạm 1: 12 °C. Giữ ấm trâu bò.",
        "Nhac lai: DIEN TAP. Ret dam tai Tram 1: 12 C. Giu am trau bo. Nhan OK neu da nhan.",
    ]
    assert [title.split("Rét")[0] for _, title, _ in texts] == ["DIỄN TẬP. ", "Nhắc lại: DIỄN TẬP. "]
    assert [long.split("Trạm")[0] for _, _, long in texts] == ["DIỄN TẬP. ", "Nhắc lại: DIỄN TẬP. "]
    assert province.all("SELECT exercise FROM bundle") == [(True,)]


async def test_what_was_foretold_comes_as_an_update_only_to_who_was_told_of_all_of_it(province, desk):
    _, (one, two) = province.commune()
    province.subscriber(crops=("rice",))
    foretold = an_alert(province, one, "pond_oxygen")
    province.connection.execute("UPDATE alert SET basis = 'forecast' WHERE id = %s", [foretold])
    await desk.tell(province.step(foretold, level=1))
    seen, other = (an_alert(province, place, "pond_oxygen") for place in (one, two))
    province.connection.execute(
        "UPDATE alert SET state = 'ended', ended = started, successor = %s WHERE id = %s", [seen, foretold]
    )
    (alone,) = await desk.tell(province.step(seen, level=1))
    assert province.one("SELECT text FROM delivery WHERE bundle = %s", alone.bundle).startswith("Cập nhật: ")
    (raised,) = await desk.tell(province.step(seen, kind="raise", level=2))
    assert not province.one("SELECT text FROM delivery WHERE bundle = %s", raised.bundle).startswith("Cập nhật: ")
    assert other


async def test_news_beside_what_was_foretold_is_no_update(province, desk):
    """Two alerts in one message, of which one had been foretold: the other is new, and so is the message."""
    _, (one, two) = province.commune()
    province.subscriber()
    foretold = an_alert(province, one, "pond_oxygen")
    province.connection.execute("UPDATE alert SET basis = 'forecast' WHERE id = %s", [foretold])
    await desk.tell(province.step(foretold, level=1))
    seen, other = (an_alert(province, place, "pond_oxygen") for place in (one, two))
    province.connection.execute(
        "UPDATE alert SET state = 'ended', ended = started, successor = %s WHERE id = %s", [seen, foretold]
    )
    (expansion,) = await desk.tell(province.step(seen, level=1), province.step(other, level=1))
    assert province.one("SELECT text FROM delivery WHERE bundle = %s", expansion.bundle).startswith("Rét đậm tại 2 nơi")


async def test_a_raise_and_its_repeat_are_words_of_a_beginning_to_who_knew_nothing(province, desk):
    _, (station, _) = province.commune()
    knew, new = province.subscriber(), province.subscriber("0912345670", minimum_level=2)
    texts = {"vi": {"short": "Tăng lên", "fresh": {"short": "Rét hại"}}}
    alert = an_alert(province, station, "pond_oxygen")
    await desk.tell(province.step(alert, level=1))
    step = province.step(alert, kind="raise", level=2, texts=texts)
    (expansion,) = await desk.tell(step)
    assert dict(province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle)) == {
        knew: "Tăng lên", new: "Rét hại"
    }  # fmt: skip
    await desk.again(expansion.bundle, [step], 1)
    assert set(province.all("SELECT text FROM delivery WHERE rung = 1")) == {
        ("Nhắc lại: Rét hại Nhắn OK nếu đã nhận.",)
    }


async def test_a_raise_is_one_to_who_knew_one_of_its_places(province, desk):
    """Of two ponds the reader was told of one; the other was below the level they asked for."""
    _, stations = province.commune()
    who = province.subscriber(minimum_level=2)
    texts = {"vi": {"group": "Tăng lên tại {count} nơi", "fresh": {"group": "Rét hại tại {count} nơi"}}}
    knew, new = (an_alert(province, place, "pond_oxygen") for place in stations)
    await desk.tell(province.step(knew, level=2), province.step(new, level=1))
    assert province.one("SELECT count(*) FROM delivery_step") == 1
    steps = [province.step(alert, "raise", level, texts=texts) for alert, level in ((knew, 3), (new, 2))]
    (expansion,) = await desk.tell(*steps)
    rows = province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle)
    assert rows == [(who, "Tăng lên tại 2 nơi")]
    assert province.one("SELECT count(*) FROM delivery_step") == 3


@pytest.mark.parametrize("kind", ["open", "renew"])
async def test_only_a_raise_has_words_of_a_beginning(province, desk, kind):
    _, (station, _) = province.commune()
    province.subscriber()
    texts = {"vi": {"short": "Rét đậm", "fresh": {"short": "Bắt đầu"}}}
    alert = an_alert(province, station, "pond_oxygen")
    if kind != "open":
        await desk.tell(province.step(alert))
    step = province.step(alert, kind, texts=texts)
    (expansion,) = await desk.tell(step)
    assert province.one("SELECT text FROM delivery WHERE bundle = %s", expansion.bundle) == "Rét đậm"
    await desk.again(expansion.bundle, [step], 1)
    assert province.one("SELECT text FROM delivery WHERE rung = 1") == "Nhắc lại: Rét đậm Nhắn OK nếu đã nhận."


@pytest.mark.parametrize("kind", ["end", "lower", "cancel"])
async def test_what_is_less_or_never_was_is_of_the_commune_to_who_heard_of_another_place(province, desk, kind):
    """Two stations show frost; people are told of the first alone, and the second is the last to take it back."""
    _, (one, two) = province.commune()
    who = province.subscriber()
    first, last = (an_alert(province, place, level=2) for place in (one, two))
    await desk.tell(province.step(first, level=2))
    await desk.tell(province.step(last, level=2))
    assert desk.told() == {who: "queued"}
    assert province.one("SELECT count(*) FROM delivery_step") == 1
    await desk.tell(province.step(first, "cancel" if kind == "cancel" else "end", 2, texts=OVER))
    if kind == "lower":
        province.connection.execute("UPDATE alert SET level = 1 WHERE id = %s", [last])
    (expansion,) = await desk.tell(province.step(last, kind, 1 if kind == "lower" else 2, texts=OVER))
    rows = province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle)
    assert rows == [(who, "Hết rét tại Đồng Đăng.")]


async def test_what_is_no_renewal_keeps_its_advice_rather_than_its_accents(province, desk):
    """The text would fit with accents without its advice: only a renewal, whose advice was said, may do so."""
    _, (station, _) = province.commune()
    province.subscriber()
    texts = {"vi": {"short": "Rét hại tại Trạm 1: đêm nay thấp nhất 3 độ C.", "brief": "Rét hại.",
                    "advice": {"farmer": "Không thả trâu bò trước 9 giờ sáng."}}}  # fmt: skip
    await desk.tell(a_step(province, station, "cold_spell", 2, texts=texts))
    assert province.messages()[0][3] == (
        "Ret hai tai Tram 1: dem nay thap nhat 3 do C. Khong tha trau bo truoc 9 gio sang."
    )


async def test_an_end_names_the_place_to_who_knew_it_and_the_commune_to_others(province, desk):
    _, (one, two) = province.commune()
    both, first = province.subscriber(), province.subscriber("0912345670", places=("dong-dang-1",))
    alerts = [an_alert(province, place) for place in (one, two)]
    for alert in alerts:
        await desk.tell(province.step(alert, level=1))
    await desk.tell(province.step(alerts[0], "end", 1, texts=OVER))
    (expansion,) = await desk.tell(province.step(alerts[1], "end", 1, texts=OVER))
    texts = dict(province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle))
    assert texts == {both: "Hết rét tại Đồng Đăng.", first: "Hết rét tại Đồng Đăng."}
    third = an_alert(province, one, "pond_oxygen")
    await desk.tell(province.step(third, level=1))
    for kind in ("lower", "end"):
        (expansion,) = await desk.tell(province.step(third, kind, 1, texts=OVER))
        assert set(province.all("SELECT text FROM delivery WHERE bundle = %s", expansion.bundle)) == {
            ("Hết rét tại Trạm 1.",)
        }


async def test_a_renewal_that_can_wait_is_brief_where_accents_would_not_fit(province, desk):
    _, (station, _) = province.commune()
    accents, plain = province.subscriber(), province.subscriber("0912345670", accents=False)
    long = "Ngày thứ 3: rét hại tại Trạm 1: trung bình ngày -7,7 độ C, đợt này thấp nhất -9,2 độ, còn kéo dài."
    texts = {"vi": {"short": long, "brief": "Ngày 3: rét hại tại Trạm 1.", "advice": {"farmer": "Không thả trâu bò."}}}
    alert = an_alert(province, station, "cold_spell", 2)
    await desk.tell(province.step(alert))
    (expansion,) = await desk.tell(
        province.step(alert, "renew", 2, texts=texts, at=NOW + timedelta(hours=40)), now=NOW + timedelta(hours=40)
    )
    said = dict(province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle))
    assert said[accents] == "Ngày 3: rét hại tại Trạm 1."
    assert said[plain].endswith("Khong tha trau bo.")
    short = texts | {"vi": texts["vi"] | {"short": "Còn rét tại Trạm 1"}}
    at = NOW + timedelta(hours=80)
    (expansion,) = await desk.tell(province.step(alert, "renew", 2, texts=short, at=at), now=at)
    said = dict(province.all("SELECT subscriber, text FROM delivery WHERE bundle = %s", expansion.bundle))
    assert said[accents] == "Còn rét tại Trạm 1. Không thả trâu bò.", "what fits is not cut"
    never = {"vi": {"short": long * 2, "brief": long, "advice": {}}}
    at = NOW + timedelta(hours=120)
    (expansion,) = await desk.tell(province.step(alert, "renew", 2, texts=never, at=at), now=at)
    assert (
        province.one("SELECT segments FROM delivery WHERE bundle = %s AND subscriber = %s", expansion.bundle, accents)
        >= 1
    )
    raised = province.step(alert, "raise", 3, texts=texts, at=at)
    (expansion,) = await desk.tell(raised, now=at)
    assert "Khong tha" in province.one(
        "SELECT text FROM delivery WHERE bundle = %s AND subscriber = %s", expansion.bundle, accents
    )


@pytest.mark.parametrize(
    ("step", "outcome", "told"),
    [
        ({}, "expanded", 1),
        ({"stale": True}, "stale", 0),
        ({"kind": "extend"}, "published", 0),
        ({"kind": "end"}, "nobody", 0),
        ({"rule": "cattle_cold"}, "inhibited", 0),
    ],
)
async def test_what_came_of_a_bundle(province, desk, step, outcome, told):
    _, (station, _) = province.commune()
    province.subscriber()
    an_alert(province, station, "cold_spell", 2)
    (expansion,) = await desk.tell(a_step(province, station, **{"rule": "frost"} | step))
    assert (expansion.outcome, expansion.queued) == (outcome, told)
    assert province.all("SELECT id, outcome, level, kind FROM bundle") == [
        (expansion.bundle, outcome, 1, step.get("kind", "open"))
    ]
    assert len(expansion.steps) == 1
    assert province.one("SELECT count(*) FROM bundle_step") == 1
    assert province.one("SELECT count(*) FROM due") == 0


async def test_what_is_not_said_makes_no_level_no_time_and_no_message(province, desk):
    """A stale step of level 2 and one that is inhibited, beside one that is said: this one alone counts."""
    _, stations = province.commune(stations=3)
    who, herder = province.subscriber(), province.subscriber("0912345670", hazards=("livestock_heat",))
    said = a_step(province, stations[0], expires=NOW + timedelta(hours=2))
    stale = a_step(province, stations[1], level=2, stale=True)
    (expansion,) = await desk.tell(said, stale)
    assert [step.id for step in expansion.steps] == [said]
    assert province.all("SELECT level, expires FROM bundle") == [(1, NOW + timedelta(hours=2))]
    assert province.all("SELECT subscriber, step FROM delivery_step") == [(who, said)]
    assert province.one("SELECT count(*) FROM bundle_step") == 2
    an_alert(province, stations[0], "heat", 2)
    kept, worse = (
        a_step(province, place, "livestock_heat", level) for place, level in ((stations[1], 2), (stations[2], 3))
    )
    (expansion,) = await desk.tell(kept, worse)
    assert [step.id for step in expansion.steps] == [worse]
    rows = province.all(
        "SELECT delivery.subscriber, step FROM delivery_step JOIN delivery ON delivery.id = delivery WHERE bundle = %s",
        expansion.bundle,
    )
    assert sorted(rows) == sorted([(who, worse), (herder, kept), (herder, worse)]), (
        "who named the quieter hazard gets it"
    )
    assert expansion.raised == 0


@pytest.mark.parametrize(
    ("level", "beside", "on", "raised"),
    [(1, 2, True, 0), (2, 1, True, 0), (2, 2, True, 1), (3, 2, True, 1), (2, 2, False, 0)],
)
async def test_concurrent_hazards_raise_a_message_by_one(province, desk, level, beside, on, raised):
    _, (station, other) = province.commune()
    who = province.subscriber(urgent_level=3, quiet_from=time(0), quiet_to=time(23, 59))
    an_alert(province, other, "strong_wind", beside)
    (expansion,) = await desk.tell(a_step(province, station, "flash_flood_rain", level), raise_concurrent=on)
    assert expansion.raised == raised
    assert province.all("SELECT level FROM bundle") == province.all("SELECT level FROM delivery") == [(level + raised,)]
    assert desk.told() == {who: "queued" if level + raised >= 3 else "held"}
    assert ("hiều thiên tai" in province.messages()[0][3] or "hieu thien tai" in province.messages()[0][3]) is bool(
        raised
    )


async def test_nothing_is_raised_where_nobody_asked_for_it(province, desk):
    _, (station, other) = province.commune()
    province.subscriber()
    an_alert(province, other, "strong_wind", 2)
    (expansion,) = await desk.tell(a_step(province, station, "flash_flood_rain", 2))
    assert (expansion.raised, province.one("SELECT level FROM bundle")) == (0, 2)


@pytest.mark.parametrize("levels", [(1, 2), (2, 1), (1, 3)])
async def test_a_bundle_has_the_level_of_its_worst_step(province, desk, levels):
    _, stations = province.commune()
    province.subscriber()
    steps = [a_step(province, place, "pond_oxygen", level) for place, level in zip(stations, levels, strict=True)]
    (expansion,) = await desk.tell(*steps)
    assert {step.id for step in expansion.steps} == set(steps)
    assert province.all("SELECT level FROM bundle") == [(max(levels),)]
    assert province.all("SELECT level FROM delivery") == [(max(levels),)]
    assert (await desk.again(expansion.bundle, steps, 1)).raised == fan_out.Expansion().raised == 0
    assert province.all("SELECT level FROM delivery WHERE rung = 1") == [(max(levels),)]


async def test_a_worse_step_that_is_inhibited_takes_no_level_from_what_is_said(province, desk):
    """The warning of the night says all that the frost of level 2 would; it is itself of level 1 at its other station."""
    _, (one, two) = province.commune()
    who = province.subscriber()
    an_alert(province, one, "frost_tonight", 2)
    kept, said = a_step(province, one, "frost", 2), a_step(province, two, "frost_tonight", 1)
    (expansion,) = await desk.tell(kept, said)
    assert [step.id for step in expansion.steps] == [said]
    assert province.all("SELECT level FROM bundle") == [(1,)]
    assert province.all("SELECT subscriber, level FROM delivery") == [(who, 1)]


async def test_where_all_is_inhibited_what_is_stale_makes_no_level(province, desk):
    _, stations = province.commune()
    province.subscriber()
    an_alert(province, stations[0], "cold_spell", 2)
    kept, stale = (
        a_step(province, stations[0], "cattle_cold", 1),
        a_step(province, stations[1], "cattle_cold", 2, stale=True),
    )
    (expansion,) = await desk.tell(kept, stale)
    assert [step.id for step in expansion.steps] == [kept]
    assert province.all("SELECT outcome, level FROM bundle") == [("inhibited", 1)]


@pytest.mark.parametrize(("level", "raised"), [(4, 1), (5, 0)])
async def test_nothing_is_raised_above_the_highest_level(province, desk, level, raised):
    _, (station, other) = province.commune()
    province.subscriber()
    an_alert(province, other, "strong_wind", 2)
    (expansion,) = await desk.tell(a_step(province, station, "flash_flood_rain", level), raise_concurrent=True)
    assert expansion.raised == raised
    assert province.one("SELECT level FROM bundle") == 5


async def test_a_key_is_one_workers_until_its_transaction_ends(province, desk):
    key = Key(1, "cold", "open", "observed")
    async with at_desk(province) as other:
        async with desk.connection.transaction():
            assert await fan_out.hold(desk.connection, key)
            for another in (
                Key(2, "cold", "open", "observed"),
                Key(1, "heat", "open", "observed"),
                Key(1, "cold", "raise", "observed"),
            ):
                async with other.connection.transaction():
                    assert await fan_out.hold(other.connection, another)
            async with other.connection.transaction():
                assert not await fan_out.hold(other.connection, key)
        async with other.connection.transaction():
            assert await fan_out.hold(other.connection, key)


async def test_who_takes_steps_second_gets_what_is_left(province, desk):
    _, (station, other) = province.commune()
    first, second = a_step(province, station), a_step(province, other)
    loaded = await fan_out.load_steps(desk.connection, [first, second])
    assert await fan_out.take(desk.connection, loaded[:1]) == {loaded[0].id}
    assert await fan_out.take(desk.connection, loaded) == {loaded[1].id}
    assert await fan_out.take(desk.connection, loaded) == set()
    with pytest.raises(LookupError, match="there is no bundle 999"):
        await bundle.closed(desk.connection, 999)


@pytest.mark.parametrize("most", [2, 3, 4])
async def test_due_rows_come_from_their_time_on_the_oldest_first_and_no_more_than_asked(province, desk, most):
    for topic, at, owner in (("b", NOW, "notify"), ("a", NOW, "notify"), ("old", NOW - TICK, "notify"),
                             ("later", NOW + TICK, "notify"), ("not ours", NOW, "analytics")):  # fmt: skip
        values = {"at": at, "owner": owner, "topic": topic}
        province.connection.execute("INSERT INTO due VALUES (%(at)s, %(owner)s, 'quiet', %(topic)s)", values)
    rows = await due.waiting(desk.connection, "notify", NOW, most)
    assert [row.topic for row in rows] == ["old", "a", "b"][:most]
    await due.plan(desk.connection, "notify", due.Due(NOW + TICK, "quiet", "a"))
    rows = await due.waiting(desk.connection, "notify", NOW, 9)
    assert [row.topic for row in rows] == ["old", "b"], "put off"


async def test_senders_are_woken_where_there_is_something_to_send(province, desk):
    _, (station, other) = province.commune()
    listening = psycopg.connect(province.url, autocommit=True)
    with listening:
        listening.execute("LISTEN delivery")
        await desk.tell(a_step(province, station, "pond_oxygen"))
        assert not list(listening.notifies(timeout=0.2, stop_after=1)), "nobody to tell"
        province.subscriber()
        await desk.tell(a_step(province, other, "pond_oxygen"))
        assert list(listening.notifies(timeout=5, stop_after=1))


async def test_the_most_urgent_is_sent_first_and_then_the_oldest(province, desk):
    from store.statements import statement

    _, stations = province.commune(stations=4)
    province.subscriber(daily_cap=100)
    levels = (1, 2, 1, 2)
    for place, level in zip(stations, levels, strict=True):
        await desk.tell(a_step(province, place, "pond_oxygen", level))
    claim = {"worker": 1, "route": "file", "kind": "phone", "better": [], "least": 0}
    ids = [row[0] for row in province.all("SELECT id FROM delivery ORDER BY id")]
    for most, expected in ((1, {ids[1]}), (2, {ids[3], ids[0]}), (5, {ids[2]})):
        rows = province.connection.execute(statement("delivery", "claim"), claim | {"most": most}).fetchall()
        assert {row[0] for row in rows} == expected
