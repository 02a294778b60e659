"""What a rule is beside its numbers: its terms, what an area may set, how far back it looks, when a day is over."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics import languages
from analytics.grid import local_days
from analytics.index import Places, Step, Window
from analytics.renewal import BY_DAY, BY_HOUR, UNRENEWED, Renew
from analytics.rule import (
    ALWAYS,
    Facts,
    Level,
    Measure,
    Rule,
    Status,
    Urgency,
    Words,
    changed_terms,
    check_terms,
    own_terms,
)
from analytics.rules import BY_NAME

HOT = Level(30.0, 29.0), Level(35.0, 34.0, inclusive=False)


def rule(**rest):
    return Rule(**{"name": "hot", "hazard": "heat", "unit": "°C", "levels": HOT, "condition": lambda facts: None,
                   "source": "a book", "pack": "own 1"} | rest)  # fmt: skip


def terms(enter=(30.0, 35.0), leave=(29.0, 34.0), inclusive=(True, False), months=frozenset(), of=None):
    return replace(own_terms(of or rule()), enter=enter, leave=leave, inclusive=inclusive, months=frozenset(months))


def test_a_level_says_its_own_words_and_its_advice_at_length():
    cold = BY_NAME["cold_spell"]
    assert cold.languages[:1] == ("vi",)
    assert "en" in cold.languages
    assert cold.title["vi"] != cold.title["en"]
    for language in ("vi", "en"):
        written = languages.SHELF.tree(language, "rules.cold_spell")["levels"]
        assert len(written) == cold.top
        for number, (own, said) in enumerate(zip(cold.levels, written, strict=True), start=1):
            words = cold.words(number, language)
            assert (words.name, words.fact, words.act, words.again) == (
                said["name"], said["fact"], said["act"], said.get("again", ""),
            )  # fmt: skip
            advice = languages.SHELF.words(language, "advice")
            assert words.advice == {audience: advice[name] for audience, name in own.advice.items()}
    assert cold.words(1, "vi").name != cold.words(2, "vi").name
    assert (Level(1.0, 0.0).inclusive, Level(1.0, 0.0).advice, Words("a", "b", "c").again, Words("a", "b", "c").advice) == (
        True, {}, "", {},
    )  # fmt: skip
    # a language that lacks one of its words is none of its languages; Vietnamese always is
    assert rule().languages == ("vi",)
    assert rule(name="cold_spell", levels=(Level(1.0, 0.0, advice={"rice": "unwritten"}),)).languages == ("vi",)
    assert rule(name="cold_spell").languages == cold.languages


def test_what_a_rule_is_where_nothing_is_said():
    plain = rule()
    assert (plain.status, plain.step, plain.urgency) == (Status.VERIFIED, Step.DAY, Urgency.IMMEDIATE)
    assert (plain.decimals, plain.factor, plain.before, plain.tells_from, plain.top) == (1, 1.0, 0, 1, 2)
    assert not plain.below
    assert not plain.season
    assert plain.proxy
    assert (plain.patience, plain.freshness, plain.validity) == tuple(timedelta(hours=hours) for hours in (60, 12, 30))
    assert plain.minimum == plain.quiet == timedelta(0)
    assert plain.horizon is None
    assert plain.trouble == plain.note == ""
    assert plain.quantities == plain.indices == plain.needs == ()
    assert plain.kinds | plain.crops | plain.for_crops | plain.for_animals | plain.months == frozenset()
    assert [one.value for one in Status] == ["verified", "own", "unverified"]
    assert [one.value for one in Urgency] == ["Immediate", "Expected"], "the words of CAP 1.2"
    assert (Measure(np.zeros(1)).whole, Measure(np.zeros(1)).hold, Measure(np.zeros(1)).why) == (None, None, None)


@pytest.mark.parametrize(
    ("of", "renewal"),
    [
        (rule(), BY_DAY),
        (rule(step=Step.HOUR), BY_HOUR),
        (rule(step=Step.GRID), BY_HOUR),
        (rule(hazard="network"), UNRENEWED),
        (rule(hazard="network", step=Step.HOUR), UNRENEWED),
        (rule(renew=Renew(hours=3)), Renew(hours=3)),
        (rule(hazard="network", renew=Renew(hours=3)), Renew(hours=3)),
        (rule(renew=UNRENEWED), UNRENEWED),
    ],
)
def test_when_it_is_said_again(of, renewal):
    assert of.renewal == renewal


@pytest.mark.parametrize(
    ("given", "days"),
    [
        ({}, 4),
        ({"patience": timedelta(0)}, 1),
        ({"patience": timedelta(seconds=1)}, 2),
        ({"patience": timedelta(hours=24)}, 2),
        ({"patience": timedelta(hours=24, seconds=1)}, 3),
        ({"patience": timedelta(hours=48)}, 3),
        ({"minimum": timedelta(hours=73)}, 5),
        ({"quiet": timedelta(hours=96)}, 5),
    ],
)
def test_it_looks_back_by_its_longest_wait_and_a_day(given, days):
    assert rule(**given).days_back == days


@pytest.mark.parametrize(
    ("status", "enabled"), [(Status.VERIFIED, True), (Status.OWN, True), (Status.UNVERIFIED, False)]
)
def test_what_was_not_verified_is_off(status, enabled):
    own = own_terms(rule(status=status, months=frozenset({6, 7})))
    assert (own.enter, own.leave, own.inclusive) == ((30.0, 35.0), (29.0, 34.0), (True, False))
    assert (own.enabled, own.months) == (enabled, {6, 7})


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        (terms(), []),
        (terms(leave=(30.0, 35.0)), []),
        (terms(leave=(30.1, 34.0)), ["a level cannot be left above where it is entered: the alert would flap"]),
        (terms(leave=(29.0, 35.1)), ["a level cannot be left above where it is entered: the alert would flap"]),
        (terms(enter=(30.0, 30.0), leave=(29.0, 29.0)), ["thresholds must rise from level to level, got [30.0, 30.0]"]),
        (terms(enter=(31.0, 30.0), leave=(29.0, 29.0)), ["thresholds must rise from level to level, got [31.0, 30.0]"]),
        (terms(enter=(30.0, 30.1), leave=(29.0, 29.0)), []),
        (terms(enter=(30.0, float("nan"))), ["thresholds must be finite numbers"]),
        (terms(enter=(30.0, float("inf"))), ["thresholds must be finite numbers"]),
        (terms(leave=(float("-inf"), 34.0)), ["thresholds must be finite numbers"]),
        (terms(months={1, 12}), []),
        (terms(months={0}), ["months are numbers from 1 to 12"]),
        (terms(months={13}), ["months are numbers from 1 to 12"]),
        *(
            (given, ["it has 2 levels: give as many numbers to enter and to leave"])
            for given in (
                terms(enter=(30.0,)),
                terms(leave=(1.0, 2.0, 3.0)),
                terms(inclusive=(True,)),
                terms((1.0,), (1.0,), (True,)),
            )
        ),
    ],
)
def test_what_is_impossible_about_terms_is_said(given, problems):
    assert check_terms(rule(), given) == problems


def test_each_step_has_to_rise_and_every_month_may_be_named():
    three = rule(levels=(*HOT, Level(40.0, 39.0)))
    given = terms((30.0, 36.0, 35.0), (29.0, 34.0, 34.0), (True, True, True), of=three)
    assert check_terms(three, given) == ["thresholds must rise from level to level, got [30.0, 36.0, 35.0]"]
    assert check_terms(rule(), terms(months=range(1, 13))) == []


def test_always_is_before_any_reading():
    assert np.datetime64("0001-01-01", "s") > ALWAYS
    assert np.array(["1970-01-01"], "datetime64[s]")[0] >= ALWAYS


def test_below_thresholds_fall_and_are_left_above():
    cold = rule(below=True)
    assert check_terms(cold, terms(enter=(15.0, 13.0), leave=(15.0, 14.0))) == []
    assert check_terms(cold, terms(enter=(15.0, 13.0), leave=(14.9, 14.0))) == [
        "a level cannot be left below where it is entered: the alert would flap"
    ]
    assert check_terms(cold, terms(enter=(13.0, 15.0), leave=(16.0, 16.0))) == [
        "thresholds must fall from level to level, got [13.0, 15.0]"
    ]


def test_settings_lie_over_what_a_rule_has():
    own = own_terms(rule())
    assert changed_terms(rule(), {}) == own
    # where only the entry is moved, what leaves moves with it
    assert changed_terms(rule(), {"enter": [32, 38.5]}) == replace(own, enter=(32.0, 38.5), leave=(31.0, 37.5))
    assert changed_terms(rule(), {"enter": [32, 38], "leave": [20, 21]}) == replace(
        own, enter=(32.0, 38.0), leave=(20.0, 21.0)
    )
    assert changed_terms(rule(), {"enter": [30, 35], "leave": [20, 21]}).leave == (20.0, 21.0)
    assert changed_terms(rule(), {"leave": [20, 21]}) == replace(own, leave=(20.0, 21.0))
    assert changed_terms(rule(), {"inclusive": True}).inclusive == (True, True)
    assert changed_terms(rule(), {"inclusive": [0, 1]}).inclusive == (False, True)
    assert changed_terms(rule(), {"enabled": False}) == replace(own, enabled=False)
    assert changed_terms(rule(status=Status.UNVERIFIED), {"enabled": 1}).enabled is True
    assert changed_terms(rule(), {"months": [6, 7]}).months == {6, 7}
    values = changed_terms(rule(), {"enter": ["32", 38], "leave": [20, "21"]})
    assert all(isinstance(number, float) for number in (*values.enter, *values.leave))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"entry": [1, 2], "off": 1}, "unknown setting entry, off: known are enter, leave, inclusive, enabled, months"),
        ({"enter": [30]}, "hot: it has 2 levels"),
        ({"enter": [30, 31, 32]}, "hot: it has 2 levels"),
        ({"inclusive": [True]}, "hot: it has 2 levels"),
        (
            {"enter": [35, 30], "months": [13]},
            r"hot: thresholds must rise from level to level, got \[35.0, 30.0\]; months are",
        ),
    ],
)
def test_what_cannot_be_set_is_named(values, says):
    with pytest.raises(ValueError, match=says):
        changed_terms(rule(), values)


@pytest.mark.parametrize(("second", "over"), [(-1, 0), (0, 1), (1, 1), (86_400 - 1, 1), (86_400, 2)])
def test_a_day_is_over_at_its_midnight(second, over):
    grid = local_days(datetime(2026, 1, 10).date(), datetime(2026, 1, 12).date(), ["Asia/Ho_Chi_Minh", "UTC"], 1800)
    one = np.full(2, 21.0)
    now = datetime(2026, 1, 10, 17, tzinfo=UTC) + timedelta(seconds=second)
    nothing = np.full(2, np.datetime64("NaT", "s"))
    facts = Facts(Window(grid, Places(one, one, one, one, {}), {}), np.datetime64(now.replace(tzinfo=None), "s"), nothing,
                  np.zeros((2, grid.steps), bool), one, {})  # fmt: skip
    assert facts.over()[0].tolist() == [day < over for day in range(3)]
    assert facts.over()[1].tolist() == [second >= 7 * 3600, False, False]
    assert (np.isnat(facts.ended).tolist(), facts.doubted, facts.troubles) == ([True], {}, {})
