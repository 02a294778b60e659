"""Who gets what on which rung: each limit at the real tables, and a whole commune by a plain reference."""

import asyncio
import random
from collections import Counter
from datetime import time, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.rules import RULES
from notify.grouping.grouping import quiet_until
from notify.people.subscriber import stop
from tests.notify.conftest import NOW
from tests.notify.desk import CATALOGUE, RULE, a_step, an_alert, at_desk

TICK = timedelta(microseconds=1)
CROP = {entry["name"]: entry["entry"].get("audience") for entry in CATALOGUE if entry["kind"] == "crop"}


HOURS = [None, (time(21), time(5)), (time(9), time(11)), (time(10, 0), time(10, 1))]


def people(province, chance, number):
    """Any kind of reader, and what the reference has to know of them."""
    everyone = {}
    for n in range(number):
        quiet = chance.choice(HOURS)
        asked = {
            "places": (chance.choice(["lang-son", "dong-dang", "dong-dang", "dong-dang-1", "trai", "hoang-dong"]),),
            "audience": chance.choice(["farmer", "farmer", "officer"]),
            "minimum_level": chance.randint(1, 3),
            "hazards": tuple(
                chance.sample(["cold", "rain", "network", "pond", "frost"], chance.choice([0, 0, 0, 1, 2]))
            ),
            "crops": tuple(chance.sample(["rice", "rice_spring", "tea", "vegetables"], chance.choice([0, 0, 1, 2]))),
            "animals": tuple(chance.sample(["cattle", "pigs", "fish"], chance.choice([0, 0, 1]))),
            "urgent_level": chance.randint(1, 4),
            "daily_cap": chance.randint(1, 3),
            "quiet_from": quiet and quiet[0],
            "quiet_to": quiet and quiet[1],
            "consent_channel": chance.choice(["paper", "paper", "paper", ""]),
        }
        who = province.subscriber(f"0912{n:06}", **asked)
        if chance.random() < 0.1 and asked["consent_channel"]:
            stop(province.connection, who, NOW, "sms")
            asked["consent_channel"] = ""
        everyone[who] = asked
    return everyone


def reference(person, rule, level, place, now, before):  # noqa: PLR0911 — one reason after another
    """What becomes of a new alert for one person: None, or the state of their message."""
    entry = RULE[rule]
    path = {"station": ["lang-son", "dong-dang", "dong-dang-1"], "farm": ["lang-son", "dong-dang", "trai"],
            "there": ["lang-son", "hoang-dong"]}[place]  # fmt: skip
    if not person["consent_channel"] or not set(person["places"]) & set(path) or level < person["minimum_level"]:
        return None
    if place == "farm" and "trai" not in person["places"] and person["audience"] != "officer" and not entry["proxy"]:
        return None
    if entry["audiences"] and person["audience"] not in entry["audiences"]:
        return None
    if person["hazards"] and entry["hazard"] not in person["hazards"]:
        return None
    if not person["hazards"] and (entry["hazard"] == "network" or level < entry["tells_from"]):
        return None
    grown = {name for name, group in CROP.items() if group in entry["for_crops"]} | set(entry["for_crops"])
    if person["crops"] and grown and not grown & set(person["crops"]):
        return None
    if person["animals"] and entry["for_animals"] and not set(entry["for_animals"]) & set(person["animals"]):
        return None
    if before >= person["daily_cap"] and level < person["urgent_level"]:
        return "capped"
    own = person["quiet_from"] is not None
    least = person["urgent_level"] if own else 1
    at_once = entry["urgency"] == "Immediate" and level >= least and (own or entry["hazard"] != "network")
    hours = (person["quiet_from"], person["quiet_to"]) if own else (time(21), time(5))
    quiet = quiet_until(now, *hours, "Asia/Ho_Chi_Minh")
    return "held" if quiet and not at_once else "queued"


def test_who_gets_what_of_a_whole_commune(province):
    """Of any rule, level, place and hour, however many messages they had that day."""
    _, (station, _) = province.commune()
    there, _ = province.commune("hoang-dong", "Hoàng Đồng", stations=0)
    farm = province.place("trai", "farm", province.one("SELECT id FROM place WHERE code = 'dong-dang'"))
    places = {"station": station, "farm": farm, "there": there}
    everyone = people(province, random.Random(14), 90)
    outcomes = Counter()

    async def told(rule, level, place, now, before):
        async with at_desk(province) as desk:
            for _ in range(before):  # each of a bundle of its own
                bundle = province.one(
                    "INSERT INTO bundle (commune, hazard, kind, level, at, expires) VALUES (%s, 'x', 'open', 1, %s, %s)"
                    " RETURNING id", there, now, now,
                )  # fmt: skip
                province.connection.execute(
                    "INSERT INTO delivery (about, bundle, subscriber, kind, place, language, text, at, expires, state)"
                    " SELECT 'bundle:' || %(b)s, %(b)s, id, 'phone', %(p)s, 'vi', 'x', %(at)s, %(at)s, 'sent' FROM subscriber",
                    {"b": bundle, "p": there, "at": now - timedelta(hours=24) + TICK},
                )
            step = a_step(province, places[place], rule, level, at=now)
            (expansion,) = await desk.tell(step, now=now)
        states = dict(province.all("SELECT subscriber, state FROM delivery WHERE bundle = %s", expansion.bundle))
        province.connection.execute(
            "TRUNCATE delivery, delivery_step, delivery_part, bundle, bundle_step, alert_step, alert, due CASCADE"
        )
        assert (expansion.outcome == "nobody") is not bool(states)
        counts = Counter(states.values())
        assert (expansion.queued, expansion.held, expansion.capped) == tuple(
            counts[w] for w in ("queued", "held", "capped")
        )
        return states

    @settings(max_examples=40, derandomize=True)
    @given(
        st.sampled_from(RULES).flatmap(lambda rule: st.tuples(st.just(rule.name), st.integers(1, rule.top))),
        st.sampled_from(list(places)), st.sampled_from([0, 14, 15, 22, 23, 2, 3, 4]),
        st.sampled_from([0, 1, 30, 59]), st.integers(0, 3),
    )  # fmt: skip
    def as_the_reference(rule_and_level, place, hour, minute, before):
        now = NOW.replace(hour=hour, minute=minute)
        expected = {who: reference(person, *rule_and_level, place, now, before) for who, person in everyone.items()}
        expected = {who: state for who, state in expected.items() if state}
        outcomes.update(expected.values())
        assert asyncio.run(told(*rule_and_level, place, now, before)) == expected

    as_the_reference()
    assert min(outcomes[state] for state in ("queued", "held", "capped")) > 0, outcomes


async def test_an_official_level_is_told_to_officers_alone(province, desk):
    """Advice says the same to farmers in their words, and even who named the hazard has no second message of it."""
    _, (station, _) = province.commune()
    province.subscriber(hazards=("cold",))
    officer = province.subscriber("0912345671", audience="officer")
    (bundle,) = await desk.tell(a_step(province, station, "law_cold"))
    assert bundle.queued + bundle.held == 1
    assert province.one("SELECT subscriber FROM delivery WHERE bundle = %s", bundle.bundle) == officer


async def test_a_person_hears_a_step_once_a_rung_whatever_bundle_has_it(province, desk):
    _, (station, other) = province.commune()
    farmer, officer = province.subscriber(), province.subscriber("0912345671", audience="officer")
    first, second = (a_step(province, place, "pond_oxygen") for place in (station, other))
    (bundle,) = await desk.tell(first)
    (later,) = await desk.tell(second)
    assert (bundle.queued, later.queued) == (2, 2)
    for number, steps in ((bundle.bundle, [first]), (bundle.bundle, [first, second]), (later.bundle, [first, second])):
        assert (await desk.again(number, steps, 0)).queued == 0
    assert (await desk.again(later.bundle, [first, second], 1, beside="officer")).queued == 1
    assert (await desk.again(bundle.bundle, [first, second], 1, audience="farmer")).queued == 0, "said already"
    assert (await desk.again(later.bundle, [first, second], 2, audience="officer")).queued == 1
    assert desk.told(1) == {farmer: "queued"}
    assert desk.told(2) == {officer: "queued"}
    assert (
        max(row[0] for row in province.all("SELECT count(*) FROM delivery_step GROUP BY step, subscriber, rung")) == 1
    )
    assert province.one("SELECT count(*) FROM delivery_step") == 8
    # two stations of which one was told before: the other alone is said
    third = a_step(province, station, "unionised_ammonia")
    (last,) = await desk.tell(third)
    assert (await desk.again(last.bundle, [first, second, third], 1)).queued == 2
    assert province.all("SELECT step FROM delivery_step WHERE subscriber = %s AND rung = 1 ORDER BY step", farmer) == [
        (first,),
        (second,),
        (third,),
    ]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_course_of_bundles_and_rungs_says_a_step_twice(course, data):
    """Steps of three alerts in any bundles, rungs climbed in any order and again."""
    province, stations = course

    async def run():
        async with at_desk(province) as desk:
            alerts = [an_alert(province, place, "pond_oxygen") for place in stations]
            steps, bundles, expected = [], [], set()
            for _ in range(data.draw(st.integers(1, 3))):
                new = data.draw(st.lists(st.sampled_from(alerts), min_size=1, max_size=3, unique=True))
                new = [province.step(alert, "raise", 1) for alert in new]
                bundles += [expansion.bundle for expansion in await desk.tell(*new)]
                steps += new
                expected |= {(step, 0) for step in new}
            for _ in range(data.draw(st.integers(1, 4))):
                some = data.draw(st.lists(st.sampled_from(steps), min_size=1, unique=True))
                rung, bundle = data.draw(st.integers(0, 2)), data.draw(st.sampled_from(bundles))
                if not province.all("SELECT 1 FROM delivery WHERE bundle = %s AND rung = %s", bundle, rung):
                    expected |= {(step, rung) for step in some}
                await desk.again(bundle, some, rung)
            return expected

    province.connection.execute(
        "TRUNCATE delivery, delivery_step, delivery_part, bundle, bundle_step, alert_step, alert, due CASCADE"
    )
    expected = asyncio.run(run())
    said = Counter(province.all("SELECT step, rung FROM delivery_step"))
    assert set(said) == expected
    assert set(said.values()) == {1}, "there is one reader"


@pytest.fixture
def course(province):
    _, stations = province.commune(stations=3)
    province.subscriber(daily_cap=1000)
    return province, stations


@pytest.mark.parametrize(("minimum", "level", "told"), [(1, 1, True), (2, 1, False), (2, 2, True), (3, 2, False)])
async def test_a_level_is_told_from_the_one_that_was_asked_for(province, desk, minimum, level, told):
    _, (station, _) = province.commune()
    who = province.subscriber(minimum_level=minimum)
    await desk.tell(a_step(province, station, level=level))
    assert desk.told() == ({who: "queued"} if told else {})


async def test_consent_is_asked_of_each_message(province, desk):
    _, (station, other) = province.commune()
    who, _ = province.subscriber(), province.subscriber("0912345671", consent_channel="")
    await desk.tell(a_step(province, station, "pond_oxygen"))
    assert desk.told() == {who: "queued"}
    assert stop(province.connection, who, NOW, "sms")
    (expansion,) = await desk.tell(a_step(province, other, "pond_oxygen"))
    assert expansion.outcome == province.one("SELECT outcome FROM bundle ORDER BY id DESC LIMIT 1") == "nobody"
    assert len(province.messages()) == 1


async def test_a_farms_own_matter_goes_to_its_people_and_officers(province, desk):
    commune, _ = province.commune()
    farm = province.place("trai", "farm", commune)
    pond = province.place("ao", "pond", farm)
    neighbour, officer = province.subscriber(), province.subscriber("0912345671", audience="officer")
    owner, of_pond = (province.subscriber(f"091234567{n}", places=(place,)) for n, place in ((2, "trai"), (3, "ao")))
    elsewhere = province.subscriber("0912345674", places=("dong-dang-1",))
    await desk.tell(a_step(province, pond, "pond_oxygen"))
    assert set(desk.told()) == {officer, owner, of_pond}
    province.connection.execute("TRUNCATE delivery, delivery_step, delivery_part CASCADE")
    await desk.tell(a_step(province, farm))  # frost on a farm is the neighbours' too
    assert set(desk.told()) == {neighbour, officer, owner}
    assert elsewhere not in desk.told()


@pytest.mark.parametrize(
    ("moment", "state", "until"),
    [
        ((13, 59, 59), "queued", None),
        ((14, 0, 0), "held", (22, 0)),  # 21:00 in Hanoi
        ((21, 59, 59), "held", (22, 0)),
        ((22, 0, 0), "queued", None),
    ],
)
async def test_quiet_hours_hold_to_the_second(province, desk, moment, state, until):
    _, (station, _) = province.commune()
    who = province.subscriber(quiet_from=time(21), quiet_to=time(5))
    hour, minute, second = moment
    now = NOW.replace(hour=hour, minute=minute, second=second)
    (expansion,) = await desk.tell(a_step(province, station, at=now), now=now)
    assert desk.told() == {who: state}
    assert (expansion.queued, expansion.held, expansion.capped) == (int(state == "queued"), int(state == "held"), 0)
    due = province.all("SELECT at, topic FROM due WHERE owner = 'notify' AND kind = 'quiet'")
    delivery = str(province.one("SELECT id FROM delivery"))
    assert due == ([(now.replace(hour=until[0], minute=until[1], second=0), delivery)] if until else [])


@pytest.mark.parametrize(
    ("rule", "level", "kind", "state"),
    [
        ("heavy_rain", 2, "open", "queued"),
        ("heavy_rain", 2, "raise", "queued"),
        ("heavy_rain", 2, "renew", "held"),
        ("heavy_rain", 3, "renew", "queued"),
        ("heavy_rain", 2, "lower", "held"),
        ("heavy_rain", 2, "end", "held"),
        ("heavy_rain", 3, "end", "queued"),
        ("heavy_rain", 3, "cancel", "queued"),
        ("cold_spell", 3, "open", "held"),
        ("gateway_offline", 2, "open", "held"),
    ],
)
async def test_nobody_is_woken_by_what_can_wait_though_they_named_no_quiet_hours(
    province, desk, rule, level, kind, state
):
    _, (station, _) = province.commune()
    who = province.subscriber(hazards=(RULE[rule]["hazard"],))
    never = province.subscriber("0912000777", hazards=(RULE[rule]["hazard"],), quiet_from=time(0), quiet_to=time(0))
    mail = province.subscriber("a@example.vn", kind="email", hazards=(RULE[rule]["hazard"],))
    chat = province.subscriber("chat:1", kind="chat", hazards=(RULE[rule]["hazard"],))
    evening = NOW.replace(hour=10)
    night = NOW.replace(hour=19)  # two in the morning
    alert = an_alert(province, station, rule, level)
    if kind not in {"open", "raise"}:
        await desk.tell(province.step(alert, "open", level, at=evening), now=evening)
    await desk.tell(province.step(alert, kind, level, at=night), now=night)
    told = dict(province.all("SELECT subscriber, state FROM delivery WHERE at = %s", night))
    assert told == {who: state, chat: state, never: "queued", mail: "queued"}


@pytest.mark.parametrize(("levels", "state"), [((2, 2), "held"), ((2, 3), "queued"), ((3, 2), "queued")])
async def test_one_step_that_wakes_takes_with_it_what_could_wait(province, desk, levels, state):
    """Two ponds go on at night, in one message: from level 3 on one of them may ring."""
    _, stations = province.commune()
    who = province.subscriber()
    evening, night = NOW.replace(hour=10), NOW.replace(hour=19)
    alerts = [an_alert(province, place, "pond_oxygen", level) for place, level in zip(stations, levels, strict=True)]
    await desk.tell(*(province.step(alert, level=1, at=evening) for alert in alerts), now=evening)
    steps = [province.step(alert, "renew", level, at=night) for alert, level in zip(alerts, levels, strict=True)]
    (expansion,) = await desk.tell(*steps, now=night)
    assert province.all("SELECT subscriber, state FROM delivery WHERE bundle = %s", expansion.bundle) == [(who, state)]


@pytest.mark.parametrize(("levels", "state"), [((1, 2), "held"), ((1, 3), "queued"), ((3, 1), "queued")])
async def test_the_worst_of_what_presses_wakes_from_the_persons_level_on(province, desk, levels, state):
    _, stations = province.commune()
    who = province.subscriber(quiet_from=time(0), quiet_to=time(23), urgent_level=3)
    await desk.tell(
        *(a_step(province, place, "pond_oxygen", level) for place, level in zip(stations, levels, strict=True))
    )
    assert desk.told() == {who: state}


@pytest.mark.parametrize("states", [("queued", "held"), ("queued", "capped"), ("held", "capped")])
async def test_told_are_all_that_were_written_to_whatever_their_message_waits_for(province, desk, states):
    """As many of one state as of another: not nobody."""
    _, (station, other) = province.commune()
    asked = {"queued": {}, "held": {"quiet_from": time(0), "quiet_to": time(23)}, "capped": {"daily_cap": 1}}
    who = {province.subscriber(f"091234560{n}", **asked[state]): state for n, state in enumerate(states)}
    await desk.tell(a_step(province, other, "pond_oxygen"))
    province.connection.execute("UPDATE delivery SET state = 'sent'")
    (expansion,) = await desk.tell(a_step(province, station, "pond_oxygen"))
    assert dict(province.all("SELECT subscriber, state FROM delivery WHERE bundle = %s", expansion.bundle)) == who
    assert expansion.outcome == province.one("SELECT outcome FROM bundle ORDER BY id DESC LIMIT 1") == "expanded"


async def test_what_is_both_capped_and_asleep_is_capped_and_wakes_nobody_later(province, desk):
    _, (station, other) = province.commune()
    who = province.subscriber(daily_cap=1, quiet_from=time(0), quiet_to=time(23))
    await desk.tell(a_step(province, other, "pond_oxygen"))
    province.connection.execute("DELETE FROM due")
    (expansion,) = await desk.tell(a_step(province, station, "pond_oxygen"))
    assert province.all("SELECT subscriber, state FROM delivery WHERE bundle = %s", expansion.bundle) == [
        (who, "capped")
    ]
    assert (expansion.queued, expansion.held, expansion.capped) == (0, 0, 1)
    assert province.one("SELECT count(*) FROM due") == 0


@pytest.mark.parametrize(
    ("rule", "urgent", "level", "state"),
    [
        ("heat", 3, 2, "held"),
        ("heat", 3, 3, "queued"),
        ("heat", 2, 3, "queued"),
        ("heat", 4, 3, "held"),
        ("cold_spell", 3, 3, "held"),  # can wait for the morning, whatever its level
        ("cold_spell", 1, 2, "held"),
    ],
)
async def test_what_presses_wakes_from_the_persons_level_on(province, desk, rule, urgent, level, state):
    _, (station, _) = province.commune()
    who = province.subscriber(quiet_from=time(0), quiet_to=time(23), urgent_level=urgent)
    await desk.tell(a_step(province, station, rule, level))
    assert desk.told() == {who: state}


@pytest.mark.parametrize(
    ("before", "age", "level", "kind", "state"),
    [
        (1, timedelta(), 2, "open", "queued"),
        (2, timedelta(), 2, "open", "capped"),
        (3, timedelta(), 2, "open", "capped"),
        (2, timedelta(), 3, "open", "queued"),  # urgent
        (2, timedelta(hours=24) - TICK, 2, "open", "capped"),
        (2, timedelta(hours=24), 2, "open", "queued"),
        (2, timedelta(), 2, "lower", "capped"),
        (2, timedelta(), 2, "end", "queued"),  # that it is over is always told
        (2, timedelta(), 2, "cancel", "queued"),
    ],
)
async def test_the_cap_counts_a_day_and_holds_below_the_urgent_level(province, desk, before, age, level, kind, state):
    _, stations = province.commune(stations=5)
    who = province.subscriber(daily_cap=2)
    alert = an_alert(province, stations[4], "pond_oxygen", level)
    if kind != "open":
        await desk.tell(province.step(alert, "open", level))
        before -= 1
    for number in range(before):
        await desk.tell(a_step(province, stations[number], "pond_oxygen", at=NOW - age), now=NOW - age)
    province.connection.execute("UPDATE delivery SET state = 'sent' WHERE state = 'capped'")
    (expansion,) = await desk.tell(province.step(alert, kind, level))
    assert province.one("SELECT state FROM delivery WHERE bundle = %s", expansion.bundle) == state
    assert {who} == set(desk.told())
    assert (expansion.capped, expansion.queued) == (int(state == "capped"), int(state == "queued"))


async def test_what_was_never_sent_does_not_count_against_the_cap(province, desk):
    _, stations = province.commune(stations=5)
    province.subscriber(daily_cap=1)
    for number, state in enumerate(("capped", "withdrawn", "failed", "expired")):
        await desk.tell(a_step(province, stations[number], "pond_oxygen"))
        province.connection.execute("UPDATE delivery SET state = %s WHERE state = 'queued'", [state])
    (expansion,) = await desk.tell(a_step(province, stations[4], "pond_oxygen"))
    assert expansion.queued == 1
