"""Languages of warnings: a file is all that one takes; a rule that nobody has translated whole is said in Vietnamese alone."""

import re
import tomllib
from pathlib import Path

import pytest

from analytics import catalogue, languages
from analytics.indices import ALL
from analytics.indices.crops import crops
from analytics.properties import PROPERTIES
from analytics.rules import RULES
from analytics.wording import Said, texts
from tests import tongue

BEGIN = 1_767_900_000


def frost(**changes):
    rule = next(rule for rule in RULES if rule.name == "frost")
    return texts(rule, Said("open", 1, "Mẫu Sơn", "Asia/Ho_Chi_Minh", 2.5, 1, BEGIN, None, BEGIN, **changes))


def third(monkeypatch, tmp_path, **changes):
    monkeypatch.setattr(languages, "SHELF", tongue.with_third(languages, tmp_path, **changes))


def test_every_language_has_every_text_or_says_which_it_lacks():
    assert languages.SHELF.codes[:2] == ("vi", "en")
    for code in languages.SHELF.codes:
        assert not languages.SHELF.language(code).lacks, "said in Vietnamese: translate it, or take this line away"


def test_texts_are_those_of_the_shelves_and_of_nothing_else():
    official = languages.SHELF.languages["vi"].sections
    assert set(official["rules"]) == {rule.name for rule in RULES}
    assert {rule.name: len(official["rules"][rule.name]["levels"]) for rule in RULES} == {
        rule.name: rule.top for rule in RULES
    }
    assert set(official["advice"]) == {
        name for rule in RULES for level in rule.levels for name in level.advice.values()
    }
    assert set(official["indices"]) == {index.name for index in ALL}
    assert set(official["properties"]) == set(PROPERTIES)
    assert set(official["crops"]) == set(crops())


def filled_of(rule):
    """What a rule's fact may name: dates where its value is days left."""
    return {"value", "days"} | ({"first", "last"} if rule.days_ahead else set())


def test_placeholders_are_those_that_are_filled():
    """A name that nothing fills would stop a message."""
    filled = {"name", "lower", "place", "proxy", "when", "until", "fact", "plain", "Fact", "act", "days", "lasted", "noun", "Noun",
              "disclaimer", "lost", "{count}", "{places}"}  # fmt: skip
    for language in languages.SHELF.codes:
        frame = languages.SHELF.tree(language, "frame")
        for kind in (*("short", "long", "group"), *("ahead_short", "ahead_long", "ahead_group"), "brief"):
            for text in frame[kind].values():
                names = set(re.findall(r"(?<!{){(\w+)}(?!})", text)) | set(re.findall(r"{({\w+})}", text))
                assert names <= filled, text
        for rule in RULES:
            for number in range(1, rule.top + 1):
                words = rule.words(number, language)
                assert set(re.findall(r"{(\w*)}", words.fact + words.again)) <= filled_of(rule)
                assert "{" not in words.name + words.act + "".join(words.advice.values())


def test_every_step_is_said_in_the_new_language_whole(monkeypatch, tmp_path):
    third(monkeypatch, tmp_path)
    for rule in RULES:
        assert rule.languages == ("vi", "en", "tyz")
        for kind in ("open", "raise", "renew", "end", "cancel"):
            said = Said(kind, 1, "Mẫu Sơn", "Asia/Ho_Chi_Minh", 2.5, 1, BEGIN, BEGIN if kind == "end" else None, BEGIN)
            text = texts(rule, said)["tyz"]
            for part in (text["short"], text["long"], text["group"], *text["advice"].values()):
                left = part.replace("Mẫu Sơn", "").replace("{count}", "").replace("{places}", "")
                foreign = [word for word in left.split() if "tyz" not in word.lower() and any(map(str.isalpha, word))]
                assert foreign == [], f"{rule.name} {kind}: {part}"


def test_a_number_is_written_with_the_languages_mark(monkeypatch, tmp_path):
    third(monkeypatch, tmp_path)
    assert "2·5" in frost()["tyz"]["short"]
    assert "2,5" in frost()["vi"]["short"]


@pytest.mark.parametrize("lacks", ["rules.frost", "advice.cold_cattle", "frame.short", "advice", "frame"])
def test_a_rule_that_is_not_translated_whole_is_not_said_in_that_language(monkeypatch, tmp_path, lacks):
    third(monkeypatch, tmp_path, lacks=(lacks,))
    assert set(frost()) == {"vi", "en"}, "notify and the page tell it in Vietnamese"
    whole = {rule.name for rule in RULES if "tyz" in rule.languages}
    assert whole == (
        {rule.name for rule in RULES} - {"frost"} if lacks == "rules.frost"
        else {rule.name for rule in RULES} - {"frost", "cold_spell"} if "." in lacks and lacks.startswith("advice")
        else whole if lacks == "advice" else set()
    )  # fmt: skip


def test_the_catalogue_names_everything_in_the_new_language(monkeypatch, tmp_path):
    third(monkeypatch, tmp_path, lacks=("crops.tea",))
    entries = {(entry["kind"], entry["name"]): entry["entry"] for entry in catalogue.entries()}
    assert entries["rule", "frost"]["title"]["tyz"] == "tyz.title"
    assert entries["rule", "frost"]["levels"][0]["words"]["tyz"]["name"] == "tyz.name"
    assert entries["rule", "frost"]["frames"]["tyz"]["short"]["open"].startswith("tyz.open")
    assert entries["index", "day_length"]["title"]["tyz"] == "tyz.day_length"
    assert entries["property", "area"]["tyz"] == "tyz.area"
    assert entries["crop", "maize"]["title"]["tyz"] == "tyz.maize"
    assert set(entries["crop", "tea"]["title"]) == {"vi", "en"}, "the page says it in Vietnamese"


def test_a_language_file_is_plain_toml():
    for path in Path(languages.__file__).parent.glob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))["name"]


@pytest.mark.parametrize(
    ("hours", "vi", "en"),
    [(12, "Đã 12 giờ,", "Going on for 12 hours:"), (47, "Đã 47 giờ,", "Going on for 47 hours:"),
     (48, "Đã 2 ngày,", "Going on for 2 days:"), (1355, "Đã 56 ngày,", "Going on for 56 days:")],
)  # fmt: skip
def test_what_goes_on_is_told_in_hours_for_two_days_and_then_in_days(hours, vi, en):
    rule = next(rule for rule in RULES if rule.name == "heavy_rain")
    said = Said("renew", 2, "Mẫu Sơn", "Asia/Ho_Chi_Minh", 60.0, 1, BEGIN, None, BEGIN, hours=hours)
    found = texts(rule, said)
    for code, begins in (("vi", vi), ("en", en)):
        assert found[code]["short"].startswith(begins)
        assert found[code]["brief"].startswith(begins)


@pytest.mark.parametrize(
    ("name", "crop", "begins", "over"),
    [("irrigation_due", "potato", "Cần tưới ngay (khoai tây) tại", "Hết cảnh báo thiếu nước tưới (khoai tây) tại"),
     ("rice_blast", "rice_spring", "Dễ phát bệnh đạo ôn lúa tại", "Hết cảnh báo bệnh đạo ôn lúa tại"),
     ("irrigation_due", "", "Cần tưới ngay tại", "Hết cảnh báo thiếu nước tưới tại"),
     ("irrigation_due", "no_such", "Cần tưới ngay tại", "Hết cảnh báo thiếu nước tưới tại")],
)  # fmt: skip
def test_what_is_of_a_crop_names_it_once(name, crop, begins, over):
    rule = next(rule for rule in RULES if rule.name == name)
    open_ = Said("open", rule.top, "Mẫu Sơn", "Asia/Ho_Chi_Minh", 0.0, 1, BEGIN, None, BEGIN, crop=crop)
    end = Said("end", rule.top, "Mẫu Sơn", "Asia/Ho_Chi_Minh", 0.0, 1, BEGIN, BEGIN + 86400, BEGIN, crop=crop)
    assert texts(rule, open_)["vi"]["short"].startswith(begins)
    assert texts(rule, end)["vi"]["short"].startswith(over)
    assert texts(rule, open_)["vi"]["group"].startswith(begins)
