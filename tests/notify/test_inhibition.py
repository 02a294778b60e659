"""Which alerts keep back which, and which count as concurrent: each pair of the shelf, each limit, and properties."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.rules import RULES
from notify.grouping.inhibition import (
    CONCURRENT_FROM,
    HIGHEST,
    INHIBIT_RULES,
    KINDS,
    Beside,
    InhibitRule,
    concurrent,
    inhibited_by,
    inhibited_of,
)
from notify.step import RISES, superseded
from tests.notify.steps import A_STEP, KINDS_OF_STEPS, any_step

OF = {rule.name: rule for rule in RULES}
#: (source, its level) → how high it keeps its targets back, as they begin or get worse.
OPENING = {
    ("cold_spell", 2): {"no_sowing": 1, "cattle_cold": 1},
    ("cold_spell", 3): {"no_sowing": 1, "cattle_cold": 2},
    ("frost_tonight", 1): {"frost": 1},
    ("frost_tonight", 2): {"frost": 2},
    ("heat", 2): {"livestock_heat": 2, "buffalo_heat": 2, "pig_heat": 2},
    ("heat", 3): {"livestock_heat": 2, "buffalo_heat": 2, "pig_heat": 2},
    ("heavy_rain", 2): {"sudden_rain": 1, "intense_rain_10min": 1, "intense_rain_60min": 1},
    ("heavy_rain", 3): {"sudden_rain": 1, "intense_rain_10min": 1, "intense_rain_60min": 1},
    **{("flash_flood_rain", level): {"heavy_rain": 3, "sudden_rain": 1, "intense_rain_10min": 2, "intense_rain_60min": 2}
       for level in (1, 2, 3)},
    **{("strong_wind", level): {"gust": 1} for level in (2, 3, 4)},
    ("gust", 2): {"strong_wind": 2},
    **{("storm_level", level): {"strong_wind": 4, "gust": 2} for level in range(1, 6)},
    ("irrigation_due", 2): {"soil_dry": 2},
    **{("intense_rain_10min", level): {"sudden_rain": 1} for level in (1, 2)},
    **{("intense_rain_60min", level): {"sudden_rain": 1, "intense_rain_10min": 1} for level in (1, 2)},
    **{("gateway_offline", level): {"silent_station": 3, "sequence_gap": 1} for level in (1, 2)},
}  # fmt: skip
#: What they keep back besides where the target only goes on.
RENEWING = {
    **{("cold_spell", level): {"frost": 2, "no_sowing": 1, "frost_tonight": 2, "cattle_cold": 2} for level in (2, 3)},
    **{("heat", level): {"livestock_heat": 3, "buffalo_heat": 2, "pig_heat": 3} for level in (1, 2, 3)},
    ("heavy_rain", 1): {"intense_rain_10min": 2, "intense_rain_60min": 2},
    **{("heavy_rain", level): {"sudden_rain": 1, "intense_rain_10min": 2, "intense_rain_60min": 2} for level in (2, 3)},
}  # fmt: skip


def test_a_rule_speaks_of_every_level_and_kind_unless_it_says_so():
    assert InhibitRule("heat", frozenset()) == InhibitRule("heat", frozenset(), 1, 99, renewals=False)


def a_step(rule, level, **rest):
    return replace(A_STEP, rule=rule, hazard=OF[rule].hazard, level=level, **rest)


def open_one(rule, level, place=1, basis="observed"):
    return Beside(rule, OF[rule].hazard, place, level, basis)


@pytest.mark.parametrize("kind", ["open", "raise", "renew"])
@pytest.mark.parametrize("source", RULES, ids=lambda rule: rule.name)
def test_each_rule_keeps_back_what_stands_here_and_nothing_else(kind, source):
    for level in range(1, source.top + 1):
        targets = OPENING.get((source.name, level), {})
        if kind == "renew":
            targets = targets | RENEWING.get((source.name, level), {})
        for target in RULES:
            for height in range(1, target.top + 1):
                beside = [open_one(source.name, level)]
                expected = {source.hazard} if height <= targets.get(target.name, 0) else frozenset()
                assert inhibited_by(a_step(target.name, height, kind=kind), beside) == expected, (target.name, height)


@given(any_step(), st.lists(st.builds(
    lambda rule, level, place, basis: Beside(rule.name, rule.hazard, place, level, basis), st.sampled_from(RULES),
    st.integers(1, 5), st.integers(1, 3), st.sampled_from(["observed", "forecast"])), max_size=6))  # fmt: skip
def test_who_keeps_a_step_back_against_one_rule_after_another(step, beside):
    expected = set()
    for rule in INHIBIT_RULES:
        for other in beside:
            names = rule.source == other.rule and (step.rule in rule.targets)
            levels = other.level >= rule.from_level and step.level <= rule.to_level
            basis = other.basis == "observed" or step.basis == "forecast"
            here = other.hazard != "network" or other.place == step.place
            kinds = ["renew"] if rule.renewals else ["open", "raise", "renew"]
            if names and levels and basis and here and step.kind in kinds:
                expected.add(other.hazard)
    assert inhibited_by(step, beside) == expected


@pytest.mark.parametrize("kind", KINDS_OF_STEPS)
def test_only_what_says_that_it_is_here_is_kept_back(kind):
    step = a_step("no_sowing", 1, kind=kind)
    assert bool(inhibited_by(step, [open_one("cold_spell", 2)])) is (kind in {"open", "raise", "renew"})
    assert inhibited_by(step, []) == frozenset()
    assert {"open", "raise", "renew"} == RISES


@pytest.mark.parametrize(
    ("source", "target", "kept"),
    [("observed", "observed", True), ("observed", "forecast", True), ("forecast", "observed", False), ("forecast", "forecast", True)],
)  # fmt: skip
def test_what_is_only_foretold_keeps_back_nothing_seen(source, target, kept):
    beside = [open_one("cold_spell", 2, basis=source)]
    assert bool(inhibited_by(a_step("no_sowing", 1, basis=target), beside)) is kept


def test_a_gateway_speaks_for_its_own_stations_and_weather_for_the_commune():
    beside = [open_one("gateway_offline", 1, place=2), open_one("cold_spell", 2, place=2)]
    assert inhibited_by(a_step("silent_station", 1, place=1), beside) == frozenset()
    assert inhibited_by(a_step("silent_station", 1, place=2), beside) == {"network"}
    assert inhibited_by(a_step("no_sowing", 1, place=1), beside) == {"cold"}


def test_several_sources_are_all_named_and_steps_by_their_number():
    beside = [open_one("storm_level", 1), open_one("strong_wind", 2), open_one("cold_spell", 1)]
    steps = [a_step("gust", 1), a_step("gust", 2, id=2), a_step("frost", 1, id=3)]
    assert inhibited_of(steps, beside) == {1: {"storm", "wind"}, 2: {"storm"}}
    assert inhibited_of([], beside) == inhibited_of(steps, []) == {}


@pytest.mark.parametrize("kind", KINDS_OF_STEPS)
def test_an_end_or_cancel_with_a_successor_says_nothing_to_people(kind):
    step = replace(A_STEP, kind=kind)
    assert not superseded(step)
    assert superseded(replace(step, successor=0)) is (kind in {"end", "cancel"})
    assert superseded(replace(step, successor=7)) is (kind in {"end", "cancel"})


@pytest.mark.parametrize(
    ("level", "other", "together"),
    [(1, 3, False), (2, 1, False), (2, 2, True), (3, 2, True), (2, 3, True), (1, 1, False)],
)
def test_hazards_are_concurrent_from_level_two_of_both(level, other, together):
    assert concurrent([a_step("heavy_rain", level)], [open_one("strong_wind", other)]) is together
    assert (CONCURRENT_FROM, HIGHEST) == (2, 5)


@pytest.mark.parametrize(
    ("rule", "other", "together"),
    [
        ("flash_flood_rain", "heavy_rain", True),
        ("cold_spell", "frost", False),  # one kind, two hazards
        ("storm_level", "strong_wind", False),
        ("heavy_rain", "intense_rain_60min", False),
        ("heavy_rain", "water_marks", True),
        ("drought_spi", "fire_province", True),
        ("heat", "drought_spi", True),
        ("cold_spell", "heavy_rain", True),
        ("frost", "heavy_rain", True),
        ("storm_level", "heavy_rain", True),
        ("heavy_rain", "irrigation_due", False),  # no natural hazard of the law
        ("pond_oxygen", "heavy_rain", False),
        ("gateway_offline", "silent_station", False),
    ],
)
def test_only_hazards_of_two_kinds_of_the_law_are_concurrent(rule, other, together):
    assert set(KINDS.values()) == {"cold", "heat", "rain", "flood", "water", "wind", "drought", "fire"}
    assert concurrent([a_step(rule, 2)], [open_one(other, 2)]) is together
    assert concurrent([a_step(other, 2)], [open_one(rule, 2)]) is together


@pytest.mark.parametrize("kind", KINDS_OF_STEPS)
def test_what_ends_or_is_only_foretold_beside_is_not_concurrent(kind):
    beside = open_one("strong_wind", 2)
    assert concurrent([a_step("heavy_rain", 2, kind=kind)], [beside]) is (kind in RISES)
    assert not concurrent([a_step("heavy_rain", 2)], [beside._replace(basis="forecast")])
    assert concurrent([a_step("heavy_rain", 2, basis="forecast")], [beside])
    assert not concurrent([], [beside])
    assert not concurrent([a_step("heavy_rain", 2)], [])


@given(st.lists(any_step(), max_size=4), st.lists(any_step(), max_size=4))
def test_concurrent_against_pair_after_pair(steps, others):
    beside = [Beside(other.rule, other.hazard, other.place, other.level, other.basis) for other in others]
    pairs = [
        (KINDS[step.hazard], KINDS[other.hazard])
        for step in steps
        for other in others
        if step.kind in ("open", "raise", "renew") and other.basis == "observed" and min(step.level, other.level) >= 2
        if step.hazard in KINDS and other.hazard in KINDS
    ]
    assert concurrent(steps, beside) is any(kind != other for kind, other in pairs)
