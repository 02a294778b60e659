"""Every rule on the shelf: possible numbers, words in every language that fit one segment, a source, a status."""

import json
import string
from pathlib import Path

import numpy as np
import pytest

from analytics import catalogue
from analytics.indices import BY_NAME as INDICES
from analytics.rule import Status, changed_terms, check_terms, own_terms
from analytics.rules import RULES
from analytics.wording import SEGMENT, Said, septets, texts, unaccented
from telemetry.quantities import QUANTITIES

PLACE = "Trạm Mẫu Sơn, Công Sơn"  # a commune's longest names have two dozen letters


def test_no_file_is_forgotten():
    folder = Path(__file__).parents[2] / "analytics" / "rules"
    modules = {rule.condition.__module__ for rule in RULES}
    assert modules == {"analytics.irrigation", "analytics.measure", "analytics.night_ahead", "analytics.official"}
    named = {
        value.name
        for path in folder.glob("*.py")
        for value in vars(__import__(f"analytics.rules.{path.stem}", fromlist=["x"])).values()
        if type(value).__name__ == "Rule"
    }
    assert named == {rule.name for rule in RULES}
    assert len(named) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_rule_is_whole(rule):
    assert check_terms(rule, own_terms(rule)) == []
    assert own_terms(rule).enabled == (rule.status is not Status.UNVERIFIED)
    assert len(rule.source) > 20
    assert len(rule.pack.split()) == 2
    assert set(rule.title) >= {"vi", "en"}
    assert all(quantity in QUANTITIES for quantity in rule.quantities)
    assert all(index in INDICES for index in rule.indices)
    assert rule.languages[:2] == ("vi", "en")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_speaks_only_to_those_for_whom_its_indices_are(rule):
    """The balance of the root zone is not for rice that stands in water, nor is what a probe of its mud says."""
    for index in rule.indices:
        assert INDICES[index].flooded in (None, rule.flooded), index
    if "soil_moisture" in rule.quantities:
        assert rule.flooded is False
    assert "not for" not in (rule.source + rule.note).lower(), "let it be held, not only said"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@pytest.mark.parametrize("kind", ["open", "raise", "lower", "update", "end", "lapse", "cancel", "ceased", "withdrawn"])
def test_words_fit_and_say_what_where_when_and_what_to_do(rule, kind):
    for number in range(1, rule.top + 1):
        told = {"lapse": "end", "ceased": "end", "withdrawn": "cancel"}.get(kind, kind)
        ended = 1_768_000_000 if told == "end" else None
        said = Said(
            told, number, PLACE, "Asia/Ho_Chi_Minh", -12.3, 12, 1_767_900_000, ended, 1_767_900_000, kind == "lapse",
            by_rule=kind in {"ceased", "withdrawn"},
        )  # fmt: skip
        for language, text in texts(rule, said).items():
            words = rule.words(number, language)
            called = (words.noun if told in {"end", "cancel"} else "") or words.name
            assert septets(text["short"]) <= SEGMENT, text["short"]
            assert all(ord(letter) < 128 for letter in unaccented(text["short"])), text["short"]
            assert called.lower() in text["short"].lower()
            assert PLACE in text["short"]
            assert "/0" in text["short"] or "Jan" in text["short"]
            if kind in ("open", "raise"):
                assert text["short"].endswith(words.act)
            if rule.proxy:
                assert {"vi": "(theo trạm)", "en": "(by the station)"}[language] in text["short"]
                assert {"vi": "không phải bản tin", "en": "not a bulletin"}[language] in text["long"]
            fields = [name for _, name, _, _ in string.Formatter().parse(text["group"]) if name]
            assert fields == ["count", "places"]
            assert called.lower() in text["group"].lower()
            assert text["group"].endswith(words.act) is (kind in ("open", "raise", "lower", "update"))
            assert "{" not in text["short"] + text["long"]


@pytest.mark.parametrize(("kind", "day"), [("open", "20/01"), ("raise", "20/01"), ("lower", "20/01"), ("end", "23/01"),
                                            ("cancel", "17/01")])  # fmt: skip
def test_the_day_said_is_the_day_of_what_is_said(kind, day):
    """Of a change the day of the new level, not the one on which the spell began; of what is over its end."""
    at = {
        name: int(np.datetime64(f"2026-01-{name}T00", "s").astype(np.int64)) - 7 * 3600 for name in ("17", "20", "23")
    }
    said = Said(kind, 3, PLACE, "Asia/Ho_Chi_Minh", 2.8, 1, at["17"], at["23"] if kind == "end" else None, at["20"])
    text = texts(RULES[0], said)["vi"]["short"]
    assert day in text
    assert ("17/01" in text) is (day == "17/01")


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("soil_dry", 0.178, "độ ẩm đất 18%"),
        ("water_rise", 0.35, "0,35 m mỗi giờ"),
        ("water_marks", 1.0, "mực nước đã vượt mốc 1"),
        ("unionised_ammonia", 0.06, "NH3 0,06 mg/L"),
        ("cold_spell", -0.04, "trung bình ngày 0 độ C"),
        ("livestock_heat", 79.6, "chỉ số nóng ẩm 80"),
    ],
)
def test_a_value_is_said_with_the_digits_that_its_rule_needs(name, value, says):
    rule = next(rule for rule in RULES if rule.name == name)
    said = Said("open", 1, PLACE, "Asia/Ho_Chi_Minh", value, 1, 1_767_900_000, None, 1_767_900_000)
    assert says in texts(rule, said)["vi"]["short"]


def test_an_alert_of_many_places_says_that_it_is_over_when_it_is():
    said = Said("end", 2, PLACE, "Asia/Ho_Chi_Minh", 14.2, 3, 1_767_900_000, 1_768_150_000, 1_767_900_000)
    found = {language: text["group"] for language, text in texts(RULES[0], said).items()}
    assert found["vi"] == "Hết cảnh báo rét đậm tại {count} nơi (theo trạm), từ ngày 11/01: {places}."
    assert texts(RULES[0], said)["vi"]["advice"] == {}, "nothing is to be done any more"
    assert found["en"] == "Over: severe cold at {count} places (by the station), since 11 Jan: {places}."


def test_who_was_told_of_nothing_lower_reads_of_no_raise():
    said = Said("raise", 2, PLACE, "Asia/Ho_Chi_Minh", 14.2, 3, 1_767_900_000, None, 1_767_900_000)
    text = texts(RULES[0], said)["vi"]
    assert text["short"] == f"Tăng lên: {text['fresh']['short']}"
    assert text["group"] == f"Tăng lên: {text['fresh']['group']}"


def test_no_fact_is_in_jargon():
    """Farmers read them: abbreviations of agronomists stand in titles and sources."""
    jargon = {"TB", "THI", "SPI", "SPI-3", "FWI", "DO", "ET0", "API"}
    for rule in RULES:
        for number in range(1, rule.top + 1):
            for words in (rule.words(number, language) for language in rule.languages):
                assert not jargon & set(f"{words.name} {words.fact} {words.act}".split()), words


def test_long_places_are_shortened_never_cut_in_a_word():
    rule = RULES[0]
    place = "Trạm khí tượng nông nghiệp tự động Bản Khoai số 17, xã Quốc Việt, huyện Tràng Định cũ, tỉnh Lạng Sơn"
    text = texts(rule, Said("open", 3, place, "Asia/Ho_Chi_Minh", 11.2, 3, 1_767_900_000, None, 1_767_900_000))["vi"][
        "short"
    ]
    assert septets(text) <= SEGMENT
    assert set(unaccented(text).split()) - set(unaccented(place + " " + text).split()) == set()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"enter": [20, 13, 15]}, "fall from level to level"),
        ({"enter": [20, 15]}, "3 levels"),
        ({"enter": [20, 15, float("nan")]}, "finite"),
        ({"leave": [19, 15, 13]}, "flap"),
        ({"months": [13]}, "1 to 12"),
        ({"thresholds": [1]}, "unknown setting"),
    ],
)
def test_impossible_settings_are_refused_in_words(values, says):
    with pytest.raises(ValueError, match=says):
        changed_terms(RULES[0], values)


def test_a_moved_threshold_moves_where_it_is_left():
    rain = next(rule for rule in RULES if rule.name == "heavy_rain")
    terms = changed_terms(rain, {"enter": [20, 60, 120]})
    assert np.allclose(terms.leave, [16, 50, 100])


def test_catalogue_is_what_the_shelves_say():
    committed = json.loads((Path(catalogue.__file__).parent / "catalogue.json").read_text(encoding="utf-8"))
    assert committed == catalogue.entries(), "run: python -m analytics.catalogue"


def test_page_of_rules_is_what_the_shelf_says():
    page = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
    assert page == catalogue.rules_page(), "run: python -m analytics.catalogue"
    page = (Path(__file__).parents[2] / "docs" / "quantities.md").read_text(encoding="utf-8")
    assert page == catalogue.quantities_page(), "run: python -m analytics.catalogue"
