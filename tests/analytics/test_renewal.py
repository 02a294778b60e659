"""An alert that goes on is said again: on the days of its rule, on a worse day, and to machines before a message expires."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import pi, sin

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.renewal import BY_DAY, UNRENEWED, Going, Renew, Told, due, milestone, next_due, whole_through, worst_of
from analytics.rules import BY_NAME, RULES
from analytics.wording import SEGMENT, Said, septets, texts
from notify.texts.sms_segments import compose
from tests.analytics.field import HOUR, START, deliver, settle, station

ZONE = "Asia/Ho_Chi_Minh"
DAY = 86_400
#: Local midnight of 10 January.
BEGIN = int(START.timestamp())
PLACE = "Trạm Mẫu Sơn, Công Sơn"


def test_the_days_of_a_schedule():
    said = [day for day in range(1, 32) if milestone(BY_DAY.days, day - 1, day)]
    assert said == [3, 5, 10, 15, 20, 25, 30]
    assert [day for day in range(1, 6) if milestone((2, 3), day - 1, day)] == [2, 3, 4, 5]
    assert milestone(BY_DAY.days, 3, 17), "what was missed is said once, when something is known again"


def spell(values):
    dates = (datetime(2026, 1, 10) + timedelta(days=n) for n in range(len(values)))
    return {f"{date:%Y-%m-%d}": value for date, value in zip(dates, values, strict=True)}


def follow(renew, values, extra=(), validity=30 * 3600):
    """What is said of a spell by whoever looks at midnights, when renewals ask for it, and at some other moments."""
    told = Told(BEGIN + DAY + validity, "2026-01-10", "2026-01-10", BEGIN + DAY, values[0])
    last, said = BEGIN + DAY * (len(values) + 1), []
    moments = {BEGIN + DAY * n for n in range(2, len(values) + 1)} | {BEGIN + DAY + moment for moment in extra}
    while moments:
        now = min(moments)
        moments.remove(now)
        going = Going(BEGIN, spell(values[: (now - BEGIN) // DAY]), True, ZONE, now, 12 * 3600)
        kind = due(renew, going, told, now)
        if kind is not None:
            through = whole_through(renew, going, now)
            said.append((kind, now, through))
            people = (through, now, worst_of(going, through)) if kind == "renew" else None
            told = Told(now + validity, through, *(people or (told.people_through, told.people_at, told.worst)))
        coming = next_due(renew, going, told, now)
        assert coming > now
        if coming < last:
            moments.add(coming)
    return said


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-12, 12).map(float), min_size=2, max_size=26),
    st.sets(st.integers(0, 25 * DAY), max_size=40),
)
def test_what_people_hear_follows_from_the_spell_whenever_it_is_looked_at(values, extra):
    renew = Renew(days=BY_DAY.days, record=2.0)
    plain = follow(renew, values)
    busy = follow(renew, values, {moment for moment in extra if moment < (len(values) - 1) * DAY})
    heard = [[(now, through) for kind, now, through in said if kind == "renew"] for said in (plain, busy)]
    assert heard[0] == heard[1]
    days = [through for _, through in heard[0]]
    assert len(set(days)) == len(days), "no day is said twice"
    numbers = [(datetime.fromisoformat(day) - datetime(2026, 1, 10)).days + 1 for day in days]
    assert {day for day in (3, 5, 10, 15, 20, 25) if day < len(values)} <= set(numbers)
    local = [datetime.fromtimestamp(now, UTC) + timedelta(hours=7) for now, _ in heard[0]]
    assert all(moment.hour == 6 for moment in local), "in the morning, not when it is known at midnight"
    for said in (plain, busy):
        moments = [BEGIN + DAY, *(now for _, now, _ in said)]
        assert all(after - before < 30 * 3600 for before, after in pairwise(moments))


def test_hours_lulls_and_what_is_not_fresh():
    renew = Renew(hours=12)
    going = Going(BEGIN, {}, False, ZONE, BEGIN + 13 * 3600, 3 * 3600)
    told = Told(BEGIN + 30 * 3600, people_at=BEGIN)
    assert due(renew, going, told, BEGIN + 12 * 3600 - 1) is None
    assert due(renew, going, told, BEGIN + 13 * 3600) == "renew"
    assert due(renew, going, Told(told.expires, people_at=BEGIN + 13 * 3600), BEGIN + 23 * 3600) is None
    assert due(renew, going, told, BEGIN + 17 * 3600) is None, "nothing was heard for four hours"
    lull = Going(BEGIN, {}, False, ZONE, BEGIN + 13 * 3600, 3 * 3600, shown=False)
    assert due(renew, lull, told, BEGIN + 13 * 3600) is None
    assert due(renew, lull, told, BEGIN + 29 * 3600) == "extend", "it is open still"
    assert due(UNRENEWED, going, told, BEGIN + 99 * 3600) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("kind", ["renew", "extend"])
def test_every_rule_says_that_it_goes_on(rule, kind):
    if rule.hazard == "network" or rule.ends_itself:
        assert rule.renewal == UNRENEWED
        return
    assert rule.renewal.days or rule.renewal.hours
    for number, level in enumerate(rule.levels, start=1):
        value = level.enter
        said = Said(
            kind,
            number,
            PLACE,
            ZONE,
            value,
            12,
            BEGIN,
            None,
            BEGIN,
            worst=value - 3 if rule.below else value + 3,
            hours=36,
        )
        for language, text in texts(rule, said).items():
            words = rule.words(number, language)
            assert septets(text["short"]) <= SEGMENT, text["short"]
            assert compose(text["short"]).segments == 1
            assert words.name.lower() in text["short"].lower()
            assert ("12" if rule.renewal.days else "36") in text["short"]
            assert text["short"].count("ngày thứ") + text["short"].count("Ngày thứ") <= 1
            assert text["advice"] == dict(words.advice)
            assert "{" not in text["short"] + text["long"]
            if kind == "renew":
                assert words.name.lower() in text["brief"].lower()
                assert len(text["brief"]) < len(text["short"])


def steps(database):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.kind, step.level, step.known_at, step.expires, step.stale, step.values, step.texts"
            " FROM alert_step AS step JOIN alert ON alert.id = step.alert WHERE rule = 'cold_spell' ORDER BY step.id"
        ).fetchall()


def cold(hour):
    """Temperature of a spell of twelve days, the sixth the coldest, the thirteenth warm."""
    mean = 24.0 if hour >= 12 * 24 else 8.0 if hour // 24 != 5 else 4.0
    return mean + round(3 * sin((hour - 9) / 12 * pi), 1)


async def test_a_cold_spell_of_twelve_days_is_said_again_and_ends(database):
    _, streams = station(database)
    readings = [(START + HOUR * hour, cold(hour)) for hour in range(14 * 24)]
    now, sent = START + HOUR, 0
    while now <= START + HOUR * 14 * 24:
        ready = [reading for reading in readings[sent:] if reading[0] < now]
        deliver(database, streams["air_temperature"], ready)
        sent += len(ready)
        await settle(database, now)
        with psycopg.connect(database) as connection:
            (at,) = connection.execute(
                "SELECT min(at) FROM due WHERE owner = 'analytics' AND at > %s", [now]
            ).fetchone()
        now = min(at, now + timedelta(hours=8))
    found = steps(database)
    told = [(kind, values["days"] if kind != "renew" else text["vi"]["short"].split(" rét")[0], text["vi"]["short"])
            for kind, _, _, _, stale, values, text in found if not stale and kind != "extend"]  # fmt: skip
    assert [(kind, said) for kind, said, _ in told if kind == "renew"] == [
        ("renew", "Mai là ngày thứ 3"),
        ("renew", "Mai là ngày thứ 5"),
        ("renew", "Ngày thứ 6:"),
        ("renew", "Mai là ngày thứ 10"),
    ]
    assert "trung bình ngày 4,1 độ C. " in told[3][2]
    assert [kind for kind, *_ in told] == ["open", *["renew"] * 4, "end"]
    hours = [(known + timedelta(hours=7)).hour for kind, _, known, *_ in found if kind == "renew"]
    assert hours == [18, 18, 6, 18], "a colder day in the morning, the day that comes in the evening before"
    for (_, _, _, expires, *_), (_, _, known, *_) in pairwise(found):
        assert known <= expires, "an open alert has a valid message at any time"
    said = [(kind, values["through"]) for kind, *_, values, _ in found if kind != "extend"]
    assert len(set(said)) == len(said), "nothing is said twice"


async def test_late_data_page_nobody_of_days_gone_by(database):
    """A station whose week comes at once is told of the day that it is now, once."""
    _, streams = station(database)
    readings = [(START + HOUR * hour, cold(hour)) for hour in range(4 * 24)]
    now = START + HOUR * 4 * 24
    deliver(database, streams["air_temperature"], readings)
    await settle(database, now)
    deliver(database, streams["air_temperature"], [(now, 5.0)])
    await settle(database, now + HOUR)
    await settle(database, now + HOUR * 6)
    await settle(database, now + HOUR * 7)
    told = [(kind, text["vi"]["short"][:10]) for kind, _, _, _, stale, _, text in steps(database) if not stale]
    assert len([kind for kind, _ in told if kind in {"open", "renew"}]) == 1, told
    assert BY_NAME["cold_spell"].renewal.record
