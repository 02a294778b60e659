"""A text never contradicts the level that it names: value, date and day's number are of one moment that shows it."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import pi, sin

import numpy as np
import psycopg
import pytest

from analytics import level
from analytics.index import Step
from analytics.lacks import rule_needs
from analytics.renewal import Told
from analytics.rule import ALWAYS, Dated, Measure, own_terms
from analytics.rules import RULES
from analytics.run.alerts import alert_rows, evaluation
from analytics.run.window.place_facts import Known
from store.work import Spot
from telemetry.unknown import Why
from tests.analytics.field import HOUR, START, deliver, settle, station

ZONE = "Asia/Ho_Chi_Minh"
SPOT = Spot(1, "ls01", "Trạm", "station", ZONE, 21.8, 106.8, 260.0, {}, [1], None, None)


def beyond(rule, value, threshold, inclusive):
    side = -1.0 if rule.below else 1.0
    return side * value > side * threshold or (inclusive and value == threshold)


def shows(rule, number, value, kind):
    """What a step may say: a lower level may be one that is kept, others must be reached."""
    one = rule.levels[number - 1]
    return beyond(rule, value, one.leave if kind == "lower" else one.enter, one.inclusive)


def measured(rule, noise, size):
    """A walk through all levels and below them, with lulls and holes."""
    low, high = sorted((rule.levels[0].enter, rule.levels[-1].enter))
    spread = max(high - low, abs(high) * 0.3, 1.0)
    walk = (low + high) / 2 + spread * np.clip(np.cumsum(noise.normal(0, 0.5, size)), -1.4, 1.4)
    walk[noise.random(size) < 0.15] = low - spread if not rule.below else high + spread
    walk[noise.random(size) < 0.1] = np.nan
    return np.round(walk, 3)


def steps_of(rule, seed):
    """Steps of a rule as a process says them that hears of it now and then; what was measured, by second."""
    noise = np.random.default_rng(seed)
    on = replace(own_terms(rule), enabled=True)
    known = Known(SPOT, (), (), {rule.name: (Dated(ALWAYS, on),)})
    length = {Step.DAY: 86_400, Step.HOUR: 3600}.get(rule.step, 600)
    size = 20 if rule.step is Step.DAY else 100
    begins = int(START.timestamp()) + np.arange(size) * length
    value = measured(rule, noise, size)
    whole = None if rule.step is not Step.DAY else noise.random(size) < 0.8
    found, former = [], []
    for last in sorted({*noise.integers(1, size, 8).tolist(), size}):
        now = int(begins[last - 1]) + length
        seen = np.where(np.arange(size) < last, value, np.nan)[None, :]
        terms = [evaluation.terms(rule, known)]
        codes = level.evaluate(rule, Measure(seen, None if whole is None else whole[None, :]),
                               begins[None, :].astype("datetime64[s]"), terms)  # fmt: skip
        trail = evaluation.Trail(int(begins[0]))
        evaluation.follow_row(trail, rule, codes[0], begins, begins + length, seen[0])
        for at, one in zip(begins[:last].tolist(), value[:last].tolist(), strict=True):
            day = (datetime.fromtimestamp(at, UTC) + timedelta(hours=7)).date().isoformat()
            if not np.isnan(one):
                worst = min if rule.below else max
                trail.extremes[day] = worst(trail.extremes.get(day, one), one)
        rules, key = {rule.name: rule}, (rule.name, 1, 0)
        for outcome in evaluation.conclude(rules, {1: known}, {key: trail}, {key: former}, now):
            found += [(step, now) for _, step in alert_rows.alerts_of([outcome], now).steps]
            former = [
                evaluation.Episode(one.new.started, one.new.ended, one.new.course, one.new.by_day, number, 1, Told(now, people_at=0))
                for number, one in enumerate(outcome.revisions, start=1) if one.new
            ]  # fmt: skip
    return found, dict(zip(begins.tolist(), value.tolist(), strict=True))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_a_text_says_shows_the_level_it_names(rule):
    heard = set()
    for seed in range(25):
        found, values = steps_of(rule, seed)
        for step, now in found:
            said, kind = step["values"]["latest"], step["kind"]
            text = step["texts"]["vi"]
            if kind == "cancel":
                continue
            heard.add(kind)
            assert said is not None, (kind, text["long"])
            # what is left of a spell, in a class of which nobody is told, was never entered but is not left either
            kept = kind in {"open", "end"} and step["level"] < rule.tells_from
            assert shows(rule, step["level"], said, "lower" if kept else kind), (
                kind,
                step["level"],
                said,
                text["long"],
            )
            assert said in [round(one, 3) for one in values.values()]
            moments = [at for at, one in values.items() if round(one, 3) == said and at <= now]
            local = [datetime.fromtimestamp(at, UTC) + timedelta(hours=7) for at in moments]
            days = {f"{moment:%d/%m}" for moment in local}
            if kind in {"open", "raise", "lower", "update"}:
                dated = set(re.findall(r"\d\d/\d\d", text["short"]))
                assert dated & days, (text["short"], sorted(days))
                clock = re.findall(r"lúc (\d\d:\d\d \d\d/\d\d)", text["short"])
                assert not clock or clock[0] in {f"{moment:%H:%M %d/%m}" for moment in local}, text["short"]
    assert "open" in heard


# --- through marks, engine and tables ---


def said_of(database, rule):
    with psycopg.connect(database) as connection:
        return connection.execute(
            "SELECT step.kind, step.texts->'vi'->>'short', step.values, step.stale FROM alert_step AS step"
            " JOIN alert ON alert.id = step.alert WHERE rule = %s ORDER BY step.id", [rule],
        ).fetchall()  # fmt: skip


async def test_rain_known_after_it_stopped_is_told_as_it_was(database):
    _, streams = station(database, quantities=("precipitation",))
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = 60")
    begin = START + HOUR * 27
    minutes = [(begin + timedelta(minutes=n), 12.0 if n in (0, 1) else 0.0) for n in range(-60, 51)]
    deliver(database, streams["precipitation"], minutes)
    await settle(database, begin + timedelta(minutes=50))
    ((kind, text, _, stale),) = said_of(database, "intense_rain_10min")
    assert (kind, stale) == ("open", False)
    assert "24 mm trong 10 phút" in text, text
    assert "lúc 03:0" in text
    assert " 0 mm" not in text


async def test_date_value_and_number_are_of_one_day_and_missing_days_are_not_counted(database):
    _, streams = station(database, quantities=("air_temperature",))
    cold = [
        (START + HOUR * h, 8.0 + h // 24 / 10 + round(2 * sin(h / 12 * pi), 1))
        for h in range(13 * 24)
        if h // 24 not in (5, 6)
    ]
    now = START + HOUR * 13 * 24 + timedelta(minutes=5)
    deliver(database, streams["air_temperature"], [one for one in cold if one[0] >= START + HOUR * 9 * 24])
    await settle(database, now)
    deliver(database, streams["air_temperature"], [one for one in cold if one[0] < START + HOUR * 9 * 24])
    await settle(database, now)
    found = said_of(database, "cold_spell")
    assert [kind for kind, *_ in found] == ["open", "update"]
    assert "ngày 22/01: trung bình ngày 9,2 độ C, ngày thứ 4." in found[0][1], found[0][1]
    assert "ngày 22/01: trung bình ngày 9,2 độ C, ngày thứ 11." in found[1][1], "two of thirteen days are not known"


QUANTITIES = sorted({need.name.split("/")[0] for rule in RULES for need in rule_needs(rule) if need.kind == "series"}
                    | {name for rule in RULES for name in rule.quantities})  # fmt: skip


def inputs(rule):
    """Quantities without which a rule cannot speak."""
    return {*rule.quantities, *(need.name.split("/")[0] for need in rule_needs(rule) if need.kind == "series")}


@pytest.mark.parametrize("silence", [67, 14])
async def test_every_rule_whose_input_fell_silent_is_told_as_unknown(database, silence):
    """A station for each quantity, of which that one alone has been silent for so many hours."""
    hours = 5 * 24 + 6
    now = START + HOUR * hours
    places = {}
    for quantity in QUANTITIES:
        place, streams = station(database, code=f"x-{quantity}".replace("_", "-"), quantities=QUANTITIES)
        places[quantity] = place
        for other, stream in streams.items():
            last = hours - silence if other == quantity else hours
            deliver(
                database,
                stream,
                [(START + HOUR * h, 0.0 if other == "precipitation" else 20.0 + h % 7) for h in range(last)],
            )
    await settle(database, now)
    with psycopg.connect(database) as connection:
        rows = connection.execute("SELECT place, name, reason FROM unjudged WHERE kind = 'rule'").fetchall()
    told = {(place, name): Why(reason) for place, name, reason in rows}
    enabled = [
        rule for rule in RULES if own_terms(rule).enabled and not rule.season and rule.freshness < silence * HOUR
    ]
    missed = [(quantity, rule.name) for quantity, place in places.items() for rule in enabled
              if quantity in inputs(rule) and (place, rule.name) not in told]  # fmt: skip
    assert missed == []
    heard = [(quantity, rule.name) for quantity, place in places.items() for rule in enabled
             if quantity not in inputs(rule) and rule.name in ("frost", "heat", "heavy_rain", "gust", "cold_spell")
             and (place, rule.name) in told]  # fmt: skip
    assert heard == [], "what is measured is judged"
