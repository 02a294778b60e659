"""Disease is told where its crop stands, in its stages and within its temperatures; limits below, at and above."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics import grid as grids
from analytics.index import Places, Result, Window
from analytics.indices import BY_NAME as INDEX
from analytics.indices.crops import crops, seasons
from analytics.indices.disease import hutton_period
from analytics.indices.disease_season import blight_pressure, days_to_look
from analytics.rules import BY_NAME, RULES
from analytics.run.alerts.evaluation import applies, conclude, judge
from analytics.run.alerts.unjudged import of_places
from analytics.run.window.frame import Frame
from analytics.run.window.place_facts import Known
from store.work import Feed, Grown, Spot

ZONE = "Asia/Ho_Chi_Minh"
NEVER = np.full(1, np.datetime64("NaT", "s"))


# --- kernels ---


@pytest.mark.parametrize(("mean", "expected"), [(26.69, 1.0), (26.7, 1.0), (26.71, 0.0), (30.0, 0.0), (np.nan, np.nan)])
def test_a_hutton_day_too_warm_counts_for_nothing(mean, expected):
    found = hutton_period([20.0, 20.0], [8.0, 8.0], [22.0, mean])
    np.testing.assert_equal(found[1], expected)
    # the warm day is no first day either
    np.testing.assert_equal(hutton_period([20.0, 20.0], [8.0, 8.0], [mean, 22.0])[1], expected)


def test_a_day_too_cold_or_dry_is_none_whatever_else_is_unknown():
    assert hutton_period([9.9, 9.9], [8.0, 8.0], [np.nan, np.nan]).tolist() == [0.0, 0.0]


def test_lesions_are_looked_for_on_the_day_and_seven_after():
    since, looking = np.array(99.0), []
    for infection in [0, 1, *[0] * 9]:
        value, since = days_to_look(float(infection), since)
        looking.append(float(value))
    assert looking == [0, *[1] * 8, 0, 0]


def test_an_unknown_day_neither_ends_a_watch_nor_is_one_without():
    value, since = days_to_look(np.nan, 3.0)
    assert (float(value), float(since)) == (1.0, 4.0)
    assert np.isnan(days_to_look(np.nan, 7.0)[0])


@pytest.mark.parametrize(("before", "sprayed"), [(15.9, 0.0), (16.0, 1.0), (16.1, 1.0)])
def test_the_first_spray_is_at_18(before, sprayed):
    gathered, since = blight_pressure(2.0, before, 0.0, 5.0)
    assert float(gathered) == before + 2.0
    assert float(since) == sprayed


@pytest.mark.parametrize(
    ("sprayed", "week", "over"),
    [(6.0, 0.0, False), (7.0, 2.9, True), (7.0, 3.0, False), (8.0, 2.9, True), (0.0, 0.0, False)],
)
def test_it_begins_anew_after_a_spray_and_a_quiet_week(sprayed, week, over):
    gathered, since = blight_pressure(1.0, 19.0 if sprayed else 5.0, sprayed, week)
    assert float(gathered) == (1.0 if over else (20.0 if sprayed else 6.0))
    assert float(since) == (-1.0 if over else sprayed and sprayed + 1.0)


@pytest.mark.parametrize(
    ("rested", "week", "again"), [(6.0, 9.0, False), (7.0, 4.9, False), (7.0, 5.0, True), (8.0, 5.0, True)]
)
def test_a_crop_sprayed_once_is_sprayed_again_in_a_week_of_5_but_not_within_seven_days(rested, week, again):
    """Krause et al. (1975): 18 is for the first spray alone."""
    gathered, since = blight_pressure(1.0, 4.0, -rested, week)
    assert float(gathered) == (18.0 if again else 5.0)
    assert float(since) == (1.0 if again else -rested - 1.0)


def test_however_much_gathers_nothing_is_said_again_within_seven_days_of_the_end():
    gathered, sprayed, levels = 19.0, 7.0, []
    for week in (0.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0, 28.0):
        gathered, sprayed = blight_pressure(0.0 if week == 0.0 else 4.0, gathered, sprayed, week)
        levels.append(float(gathered) >= 18.0)
    assert levels == [False] * 7 + [True] * 2


# --- indices over days ---


def days(first, length):
    grid = grids.local_days(first, first + timedelta(days=length - 1), [ZONE], 600)
    nowhere = Places(*[np.array([value]) for value in (21.8, 106.8, 260.0, 2.0)])
    return Window(grid, nowhere, {})


def over(first, length, crop="", sown=None, ended=None, **values):
    """A window of daily index values, of a crop's season where one is named."""
    window = days(first, length)
    if crop:
        row = np.zeros(1, np.int64)
        dates = [np.array(["NaT" if day is None else day.isoformat()], "datetime64[D]") for day in (sown, ended)]
        window = window.take(row, seasons([crop], *dates))
        INDEX["season_degree_days"].evaluate(window)
        window.values["crop_stage"] = INDEX["crop_stage"].evaluate(window)
    for name, value in values.items():
        given = np.broadcast_to(np.asarray(value, float), (1, length))
        window.values[name] = Result(given, np.ones_like(given))
    return window


def spoken(window, name):
    """(days,) where an index reaches its rule's level, as 0 and 1, and NaN where it has no value."""
    value = INDEX[name].evaluate(window).value[0]
    least = 18.0 if "blight" in name else 1.0
    return np.where(np.isnan(value), np.nan, value >= least)


def test_blast_speaks_from_tillering_to_heading_only():
    sown = date(2026, 2, 20)
    window = over(date(2026, 2, 1), 190, "rice_spring", sown, date(2026, 7, 10), rice_blast_infection=1.0)
    told = spoken(window, "rice_blast_watch_season")
    day = {name: (then - date(2026, 2, 1)).days for name, then in {
        "sown": sown, "tillering": sown + timedelta(days=30), "ripening": sown + timedelta(days=120)}.items()}  # fmt: skip
    assert np.isnan(told[: day["sown"]]).all()
    assert not told[day["sown"] : day["tillering"]].any()
    assert told[day["tillering"] : day["ripening"]].all()
    assert not told[day["ripening"] :].any()
    assert np.isfinite(told[day["sown"] :]).all()


def test_blast_ends_with_the_harvest():
    sown, ended = date(2026, 7, 1), date(2026, 9, 20)
    window = over(date(2026, 9, 1), 40, "rice_summer", sown, ended, rice_blast_infection=1.0)
    told = spoken(window, "rice_blast_watch_season")
    assert told[:20].all()
    assert not told[20:].any()


@pytest.mark.parametrize("crop", sorted(set(crops()) - {"potato", "tomato"}))
def test_no_other_crop_has_late_blight(crop):
    window = over(date(2026, 1, 1), 60, crop, date(2025, 12, 1), None, late_blight_severity=4.0)
    assert np.isnan(spoken(window, "late_blight_pressure_season")).all()


@pytest.mark.parametrize("crop", sorted(set(crops()) - {"rice_spring", "rice_summer"}))
def test_no_other_crop_has_blast(crop):
    window = over(date(2026, 4, 1), 60, crop, date(2026, 2, 1), None, rice_blast_infection=1.0)
    assert np.isnan(spoken(window, "rice_blast_watch_season")).all()


def test_late_blight_counts_from_planting_to_the_last_stage_of_a_season_nobody_ended():
    first, sown = date(2026, 10, 1), date(2026, 11, 1)
    window = over(first, 200, "potato", sown, None, late_blight_severity=2.0)
    value = INDEX["late_blight_pressure_season"].evaluate(window).value[0]
    assert np.isnan(value[:31]).all()
    assert value[31:40].tolist() == [2.0 * day for day in range(1, 10)], "what was before planting counts for nothing"
    assert value[31 + 114] >= 18.0
    assert not value[31 + 115 :].any(), "25 + 30 + 30 + 30 days"


def test_where_nothing_is_sown_blight_counts_from_october_to_march():
    window = over(date(2026, 9, 1), 30 + 182 + 30, late_blight_severity=3.0)
    value = INDEX["late_blight_pressure"].evaluate(window).value[0]
    assert not value[:30].any()
    assert value[30:36].tolist() == [3.0, 6.0, 9.0, 12.0, 15.0, 18.0]
    assert value[30 + 181] > 18.0, "31 March"
    assert not value[30 + 182 :].any()


def test_a_day_without_severity_adds_nothing_and_has_no_value():
    window = over(date(2026, 11, 1), 4, late_blight_severity=[[4.0, np.nan, 4.0, 4.0]])
    np.testing.assert_array_equal(INDEX["late_blight_pressure"].evaluate(window).value[0], [4.0, np.nan, 8.0, 12.0])


@pytest.mark.parametrize("name", ["late_blight_pressure", "rice_blast_watch"])
def test_resumed_on_any_day_it_is_the_same(name):
    chance = np.random.default_rng(7)
    severity = chance.integers(0, 5, (1, 120)).astype(float)
    severity[chance.random((1, 120)) < 0.1] = np.nan
    first, given = date(2026, 10, 1), {"late_blight_severity": severity, "rice_blast_infection": severity > 3}
    whole = INDEX[name].evaluate(over(first, 120, **given))
    for cut in range(1, 119, 13):
        later = over(first + timedelta(days=cut), 120 - cut, **{key: value[:, cut:] for key, value in given.items()})
        later = replace(later, states={name: whole.state[:, cut - 1]})
        np.testing.assert_array_equal(INDEX[name].evaluate(later).value, whole.value[:, cut:])


# --- rules ---


def at(first, length, sown=(), **values):
    """What rules say of a place over a year of daily indices: (rule, season) → first days of the episodes."""
    window = over(first, length, **values)
    for name in ("rice_blast_watch", "late_blight_pressure"):
        window.values[name] = INDEX[name].evaluate(window)
    spot = Spot(1, "ruong", "Ruộng", "field", ZONE, 21.8, 106.8, 260.0, {}, [1], None, None)
    known = Known(spot, (Feed(1, 1, "air_temperature", "", 3600.0, None, None),), tuple(sown), {})
    end = datetime.combine(first + timedelta(days=length), datetime.min.time(), UTC)
    now = np.datetime64(end.replace(tzinfo=None), "s")
    frame = Frame([known], window, first, now, end, NEVER, np.ones((1, 1), bool), np.full(1, 3600.0), (0,))
    rules = [replace(BY_NAME[name], horizon=None) for name in ("rice_blast", "late_blight")]
    trails = {}
    judge(rules, frame, {}, set(), trails)
    grown = frame.grown()
    if grown is not None:
        for name in ("season_degree_days", "crop_stage", "rice_blast_watch_season", "late_blight_pressure_season"):
            grown.window.values[name] = INDEX[name].evaluate(grown.window)
        judge(rules, grown, {}, set(), trails)
    outcomes = conclude({one.name: one for one in rules}, {1: known}, trails, {}, int(end.timestamp()))
    return {
        (one.rule.name, one.season): [
            (datetime.fromtimestamp(revision.new.started, UTC) + timedelta(hours=7)).date()
            for revision in one.revisions
        ]
        for one in outcomes
    }


ALWAYS_ILL = {"late_blight_severity": 4.0, "rice_blast_infection": 1.0}


def test_where_nothing_is_sown_the_months_stand_for_the_crop():
    found = at(date(2026, 1, 1), 365, **ALWAYS_ILL)
    assert set(found) == {("rice_blast", 0), ("late_blight", 0)}
    assert found["rice_blast", 0] == [date(2026, 3, 1), date(2026, 8, 1)]
    assert found["late_blight", 0] == [date(2026, 1, 5), date(2026, 10, 5)]


def test_where_something_is_sown_only_its_season_speaks():
    sown = [
        Grown(7, 1, "rice_spring", "", date(2026, 2, 20), date(2026, 6, 30), {}),
        Grown(8, 1, "potato", "", date(2026, 11, 1), None, {}),
        Grown(9, 1, "cabbage", "", date(2026, 1, 1), None, {}),
    ]
    found = at(date(2026, 1, 1), 365, sown, **ALWAYS_ILL)
    assert set(found) == {("rice_blast", 7), ("late_blight", 8)}, "neither the place, nor cabbage"
    assert found["rice_blast", 7] == [date(2026, 3, 22)]
    assert found["late_blight", 8] == [date(2026, 11, 5)]


def test_a_field_of_cabbage_hears_of_neither():
    assert at(date(2026, 1, 1), 365, [Grown(9, 1, "cabbage", "", date(2026, 1, 1), None, {})], **ALWAYS_ILL) == {}


def test_what_is_not_sown_is_not_told_as_unjudged():
    spot = Spot(1, "ruong", "Ruộng", "field", ZONE, 21.8, 106.8, 260.0, {}, [1], None, None)
    sown = (Grown(9, 1, "cabbage", "", date(2026, 1, 1), None, {}),)
    feeds = (Feed(1, 1, "air_temperature", "", 3600.0, None, None),)
    for seasons_there, subjects in (((), {0}), (sown, set())):
        rows = of_places([Known(spot, feeds, seasons_there, {})], RULES, {}, date(2026, 2, 1))[1]
        assert {row.subject for row in rows if row.name in ("late_blight", "rice_blast")} == subjects


def test_a_place_whose_first_season_is_entered_ends_what_stood_for_it():
    """The place itself goes on being looked at, and says nothing."""
    spot = Spot(1, "ruong", "Ruộng", "field", ZONE, 21.8, 106.8, 260.0, {}, [1], None, None)
    sown = (Grown(8, 1, "potato", "", date(2026, 11, 1), None, {}),)
    known = Known(spot, (Feed(1, 1, "air_temperature", "", 3600.0, None, None),), sown, {})
    assert applies(BY_NAME["late_blight"], known)
    assert applies(BY_NAME["late_blight"], known, 8)
    assert not applies(BY_NAME["rice_blast"], known, 8)
    assert not applies(BY_NAME["irrigation_due"], known)


# --- the shelf ---

#: Rules of a crop that does not stand yet: what keeps them to their time.
BEFORE_SOWING = {"no_sowing"}
_OF_CROPS = {"disease", "disease_season", "pests", "trap_calendar", "leaf_wetness"}


def of_a_crop(rule):
    made_of = {INDEX[name].compute.__module__.rsplit(".", 1)[-1] for name in rule.indices}
    return bool(rule.for_crops or rule.crops or rule.hazard in ("disease", "pest") or made_of & _OF_CROPS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_about_a_crop_names_where_and_when_the_crop_stands(rule):
    table = crops()
    groups = {crop.audience for crop in table.values() if crop.audience}
    assert rule.crops <= set(table)
    assert rule.for_crops <= set(table) | groups, "growers of a crop that no table knows would never be told"
    if not of_a_crop(rule):
        return
    assert (rule.season and rule.crops) or (rule.name in BEFORE_SOWING and rule.months)
    if rule.unsown:
        assert rule.season
        assert 0 < len(rule.months) < 12, (
            "of a place where nothing is sown the months are all that keeps it to its crop"
        )
        assert rule.for_crops, "whose growers hear of it"
        named = {name for crop in rule.for_crops for name, row in table.items() if crop in (name, row.audience)}
        assert named == rule.crops, "growers who hear of it, and the crops it is of, are the same"
