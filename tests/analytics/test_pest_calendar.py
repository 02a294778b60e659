"""A count that somebody entered begins a calendar; its dates are told to growers of the crop, and to nobody else."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from analytics.index import evaluate
from analytics.indices import BY_NAME as INDEX
from analytics.indices import INDICES, SEASON_INDICES
from analytics.indices.pests import CALENDARS, PESTS, days_since_peak, days_to_hatch
from analytics.rules import BY_NAME
from analytics.run.alerts.evaluation import conclude, judge
from analytics.run.window.frame import frame_of_readings
from analytics.run.window.gridding import Readings
from analytics.run.window.place_facts import Known
from analytics.wording import Said, texts
from store.work import LOADED, Feed, Grown, Spot
from telemetry.quantities import QUANTITIES

ZONE = "Asia/Ho_Chi_Minh"
FIRST = date(2026, 4, 1)
WANTED = ("air_temperature_mean", "air_temperature_minimum", "air_temperature_maximum")


@pytest.mark.parametrize(
    ("count", "peak", "since", "expected"),
    [
        (np.nan, 80.0, 3.0, (4.0, 80.0)),
        (79.0, 80.0, 3.0, (4.0, 80.0)),
        (80.0, 80.0, 3.0, (4.0, 80.0)),
        (81.0, 80.0, 3.0, (0.0, 81.0)),
        (5.0, 80.0, 19.0, (20.0, 80.0)),
        (5.0, 80.0, 20.0, (0.0, 5.0)),
        (0.0, 80.0, 20.0, (21.0, 80.0)),
        (1.0, 0.0, 999.0, (0.0, 1.0)),
    ],
)
def test_a_peak_is_the_largest_count_of_a_flight(count, peak, since, expected):
    assert tuple(float(value) for value in days_since_peak(count, peak, since)) == expected


@pytest.mark.parametrize(("count", "since"), [(49.0, 1000.0), (50.0, 0.0), (51.0, 0.0)])
def test_the_province_may_say_from_which_count_on_it_is_a_peak(count, since):
    assert float(days_since_peak(count, 0.0, 999.0, 50.0)[0]) == since


@pytest.mark.parametrize(
    ("mean", "left"), [(18.9, np.nan), (19.0, 13.0), (25.0, 13.0), (25.1, np.nan), (np.nan, np.nan)]
)
def test_a_span_is_told_only_for_the_weather_it_was_said_for(mean, left):
    np.testing.assert_equal(float(days_to_hatch(3.0, 16.0, mean, 19.0, 25.0)), left)


def told(counts, length=60, temperature=22.0, sown=(), properties=None):
    """Rules of a station where traps were emptied: {(rule, season): [(opened, ended)]} and the values of indices."""
    midnight = datetime(FIRST.year, FIRST.month, FIRST.day) - timedelta(hours=7)
    feeds = [Feed(1, 1, "air_temperature", "", 3600.0, None, None)]
    rows = [(1, midnight + timedelta(hours=hour), temperature, 1) for hour in range(24 * length)]
    for number, (pest, entered) in enumerate(counts.items(), 2):
        feeds.append(Feed(1, number, "pest_count", pest, 0.0, None, None))
        rows += [(number, midnight + timedelta(days=day, hours=7), count, 1) for day, count in entered.items()]
    rows.sort(key=lambda row: (row[0], row[1]))
    spot = Spot(1, "ls", "Trạm", "station", ZONE, 21.8, 106.8, 260.0, properties or {}, [1], None, None)
    known = Known(spot, tuple(feeds), tuple(sown), {})
    array = np.array(rows, LOADED.dtype)
    readings = Readings(np.zeros(len(rows), int), array, np.ones(len(rows), bool))
    end = (midnight + timedelta(days=length)).replace(tzinfo=UTC)
    never = np.full(1, np.datetime64("NaT", "s"))
    frame = frame_of_readings([known], readings, FIRST, FIRST + timedelta(days=length - 1), 0, end, never)
    wanted = {index.name for index in (*INDICES, *SEASON_INDICES) if index.compute.__module__.endswith("pests")}
    evaluate([index for index in INDICES if index.name in wanted or index.name in WANTED], frame.window)
    rules = [BY_NAME[f"{pest.name}_hatch"] for pest in CALENDARS]
    trails = {}
    judge(rules, frame, {}, set(), trails)
    values = {name: result.value[0] for name, result in frame.window.values.items()}
    if sown:
        grown = frame.grown()
        evaluate(
            [
                index
                for index in SEASON_INDICES
                if index.name in wanted or index.name.endswith(("stage", "degree_days"))
            ],
            grown.window,
        )
        judge(rules, grown, {}, set(), trails)
    outcomes = conclude({rule.name: rule for rule in rules}, {1: known}, trails, {}, int(end.timestamp()))
    return {
        (one.rule.name, one.season): [
            tuple(
                second and (datetime.fromtimestamp(second, UTC) + timedelta(hours=7)).date()
                for second in (revision.new.started, revision.new.ended)
            )
            for revision in one.revisions
        ]
        for one in outcomes
    }, values


def day(number):
    return FIRST + timedelta(days=number)


def test_a_peak_entered_opens_the_calendar_and_the_last_hatching_ends_it():
    found, values = told({"brown_planthopper": {3: 40, 5: 200, 7: 60}})
    assert found == {("brown_planthopper_hatch", 0): [(day(3), day(5 + 13))]}, (
        "told at the first count, moved by the peak"
    )
    assert values["brown_planthopper_days_since_peak"][:9].tolist()[3:] == [0, 1, 0, 1, 2, 3]
    assert values["brown_planthopper_hatch"][5] == 12


def test_nothing_counted_and_nothing_is_told_nor_from_january_on():
    found, values = told({"brown_planthopper": {3: 0}})
    assert found == {}
    assert np.isnan(values["brown_planthopper_days_since_peak"]).all()
    assert told({})[0] == {}


def test_a_peak_is_forgotten_after_sixty_days():
    _, values = told({"pine_caterpillar": {0: 9}}, length=70)
    since = values["pine_caterpillar_days_since_peak"]
    assert since[60] == 60
    assert np.isnan(since[61:]).all()


def test_of_the_pine_caterpillar_the_days_are_counted_and_no_date_is_told():
    assert told({"pine_caterpillar": {2: 90}})[0] == {}
    assert "pine_caterpillar_hatch" not in INDEX
    assert "No date follows" in INDEX["pine_caterpillar_days_since_peak"].note


@pytest.mark.parametrize(("temperature", "speaks"), [(18.9, False), (19.0, True), (25.0, True), (25.1, False)])
def test_the_stem_borer_is_told_for_19_to_25_degrees(temperature, speaks):
    assert bool(told({"yellow_stem_borer": {2: 90}}, temperature=temperature)[0]) is speaks


SOWN = [Grown(7, 1, "maize", "", day(10), None, {}), Grown(8, 1, "cabbage", "", day(0), None, {})]


def test_where_something_is_sown_only_the_pests_crop_hears_and_only_of_peaks_since_its_sowing():
    traps = {"fall_armyworm": {8: 50, 30: 20}, "brown_planthopper": {12: 500}}
    found, _ = told(traps, sown=SOWN, temperature=24.0)
    assert found == {("fall_armyworm_hatch", 7): [(day(30), day(43))]}, (
        "no rice, and the flight of day 8 found no maize"
    )


def test_where_nothing_is_sown_maize_hears_in_its_months_alone():
    assert told({"fall_armyworm": {8: 50}}, temperature=24.0)[0] == {("fall_armyworm_hatch", 0): [(day(8), day(21))]}
    rule = BY_NAME["fall_armyworm_hatch"]
    assert not {11, 12, 1} & rule.months


def test_generations_are_counted_from_the_peak():
    _, values = told({"fall_armyworm": {8: 50}}, temperature=22.57)
    generations = values["fall_armyworm_generations"]
    assert np.isnan(generations[:8]).all()
    assert generations[8] == pytest.approx(10.0 / 391.0, abs=1e-6)
    assert generations[17] == pytest.approx(100.0 / 391.0, abs=1e-6)


@pytest.mark.parametrize("pest", CALENDARS, ids=lambda pest: pest.name)
def test_dates_are_told_as_a_range(pest):
    """Of a peak on 1 April, and said again on the first day of hatching, the same two dates."""
    rule = BY_NAME[f"{pest.name}_hatch"]
    begun = int(datetime(2026, 3, 31, 17, tzinfo=UTC).timestamp())
    first, last = pest.hatch
    for kind, value, days in (("open", last, 1), ("renew", last - first, first + 1)):
        said = Said(kind, 1, "Hữu Lũng", ZONE, value, days, begun, None, begun)
        short = texts(rule, said)["vi"]["short"]
        assert f"dự tính nở {1 + first:02}/04-{1 + last:02}/04" in short, short


def test_every_pest_says_where_its_span_comes_from_and_the_crops_are_known():
    assert {pest.name for pest in PESTS} == {
        "brown_planthopper",
        "yellow_stem_borer",
        "fall_armyworm",
        "pine_caterpillar",
    }
    for pest in PESTS:
        assert len(pest.source) > 30
        assert (pest.hatch is not None) == (f"{pest.name}_hatch" in BY_NAME)
        assert f"pest_count/{pest.name}" in {need.name for need in INDEX[f"{pest.name}_days_since_peak"].needs}
    assert QUANTITIES["pest_count"].unit == "{count}"


def test_what_is_counted_later_changes_nothing_before():
    counts = {"brown_planthopper": {3: 40, 5: 200, 30: 60}}
    _, values = told(counts)
    _, shorter = told(counts, length=40)
    np.testing.assert_array_equal(values["brown_planthopper_hatch"][:40], shorter["brown_planthopper_hatch"])
