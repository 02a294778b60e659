"""What a message about one or several steps says: whose words, which places, with or without what to do."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify.texts.message_text import (
    advice_of,
    briefs_of,
    filled,
    fresh,
    joined,
    long_of,
    texts_of,
    title_of,
    wording,
    words_of,
)
from tests.notify.steps import A_STEP

WORDS = {
    "title": "Rét đậm", "short": "Rét đậm tại Trạm 1, xã A: 12 °C", "long": "Trung bình ngày 12 °C.",
    "group": "Rét tại {count} nơi: {places} ({commune})", "brief": "Còn rét tại Trạm 1, xã A",
    "advice": {"everyone": "Mặc ấm.", "farmer": "Giữ ấm trâu bò.", "officer": "Kiểm tra các thôn."},
}  # fmt: skip
STEP = replace(A_STEP, place_name="Trạm 1, xã A", texts={"vi": WORDS, "en": {"short": "Cold"}}, urgency="Expected")
OTHER = replace(STEP, id=2, place=2, place_name="Trạm 2", texts={"vi": WORDS | {"short": "Rét hại tại Trạm 2."}})


def without(*names, step=STEP):
    return replace(step, texts={"vi": {name: said for name, said in WORDS.items() if name not in names}})


def test_of_one_place_the_whole_name_goes_before_the_short_one_and_advice_before_none():
    assert texts_of([STEP], "vi", "farmer") == [
        "Rét đậm tại Trạm 1, xã A: 12 °C. Giữ ấm trâu bò.",
        "Rét đậm tại Trạm 1: 12 °C. Giữ ấm trâu bò.",
        "Rét đậm tại Trạm 1, xã A: 12 °C",
        "Rét đậm tại Trạm 1: 12 °C",
    ]
    assert texts_of([without("advice")], "vi", "farmer") == [
        "Rét đậm tại Trạm 1, xã A: 12 °C",
        "Rét đậm tại Trạm 1: 12 °C",
    ]
    assert texts_of([replace(without("advice"), place_name="Trạm 9")], "vi", "farmer") == [WORDS["short"]], "once"
    assert texts_of([without("short", "advice")], "vi", "farmer") == [""], "no words are no error"


def test_several_steps_of_one_place_speak_of_it_by_the_words_of_the_highest_then_the_newest():
    higher = replace(STEP, id=2, level=3, texts={"vi": {"short": "Rét hại tại Trạm 1, xã A"}})
    for steps in ([STEP, higher], [higher, STEP]):
        assert texts_of(steps, "vi", "farmer") == ["Rét hại tại Trạm 1, xã A", "Rét hại tại Trạm 1"]
    newer = replace(higher, level=2)
    assert words_of([newer, STEP], "vi") == words_of([STEP, newer], "vi") == {"short": "Rét hại tại Trạm 1, xã A"}


def test_one_message_of_several_crops_names_them_all_and_of_one_it_once():
    def of_crop(number, crop, rule="irrigation_due", level=2):
        words = {"short": f"Cần tưới ngay ({crop}) tại A.", "group": f"Cần tưới ({crop}) tại {{places}}", "crop": crop}
        return replace(STEP, id=number, rule=rule, level=level, texts={"vi": words})

    potato, tomato, other = (
        of_crop(1, "khoai tây"),
        of_crop(2, "cà chua"),
        of_crop(3, "ngô", rule="late_blight", level=1),
    )
    assert words_of([potato, tomato, other], "vi")["short"] == "Cần tưới ngay (khoai tây, cà chua) tại A."
    assert words_of([tomato, potato], "vi")["group"] == "Cần tưới (cà chua, khoai tây) tại {places}"
    assert words_of([potato, replace(potato, id=4)], "vi")["short"] == "Cần tưới ngay (khoai tây) tại A."
    plain = replace(STEP, id=5, rule="irrigation_due", level=3)
    assert words_of([potato, plain], "vi") == WORDS


def test_of_several_places_their_names_go_before_their_commune():
    assert texts_of([STEP, OTHER], "vi", "officer") == [
        "Rét tại 2 nơi: Trạm 1, xã A, Trạm 2 (Đồng Đăng). Kiểm tra các thôn.",
        "Rét tại 2 nơi: Đồng Đăng (Đồng Đăng). Kiểm tra các thôn.",
        "Rét tại 2 nơi: Trạm 1, xã A, Trạm 2 (Đồng Đăng)",
        "Rét tại 2 nơi: Đồng Đăng (Đồng Đăng)",
    ]
    again = replace(STEP, id=3)
    assert texts_of([STEP, again, OTHER], "vi", "officer")[3] == "Rét tại 2 nơi: Đồng Đăng (Đồng Đăng)"
    assert "Trạm 1, xã A, Trạm 2 (" in texts_of([STEP, again, OTHER], "vi", "officer")[0], "a name once"
    plain = [without("group", step=step) for step in (STEP, OTHER)]
    assert texts_of(plain, "vi", "officer") == ["Rét đậm tại Trạm 1, xã A: 12 °C. Kiểm tra các thôn.", WORDS["short"]]
    assert texts_of([without("group", "short", "advice", step=step) for step in (STEP, OTHER)], "vi", "x") == [""]


def test_who_never_heard_of_a_place_reads_its_commune():
    assert texts_of([STEP], "vi", "farmer", by_commune=True) == [
        "Rét tại 1 nơi: Đồng Đăng (Đồng Đăng). Giữ ấm trâu bò.",
        "Rét tại 1 nơi: Đồng Đăng (Đồng Đăng)",
    ]
    assert texts_of([without("group")], "vi", "farmer", by_commune=True) == texts_of([without("group")], "vi", "farmer")


def test_only_a_renewal_of_one_place_that_can_wait_has_brief_words():
    assert briefs_of([STEP], "vi") == ["Còn rét tại Trạm 1, xã A", "Còn rét tại Trạm 1"]
    assert briefs_of([STEP, replace(STEP, id=3)], "vi") == ["Còn rét tại Trạm 1, xã A", "Còn rét tại Trạm 1"]
    assert briefs_of([STEP, OTHER], "vi") == []
    assert briefs_of([replace(STEP, urgency="Immediate")], "vi") == []
    assert briefs_of([STEP, replace(STEP, id=3, urgency="Immediate")], "vi") == []
    assert briefs_of([without("brief")], "vi") == []
    assert briefs_of([STEP], "en") == []


def test_the_long_text_has_a_paragraph_a_place_once_and_advice_at_its_end():
    assert long_of([STEP, replace(STEP, id=3), without("long", step=OTHER)], "vi", "farmer") == (
        "Trạm 1, xã A: Trung bình ngày 12 °C.\n\nTrạm 2: Rét đậm tại Trạm 1, xã A: 12 °C\n\nGiữ ấm trâu bò."
    )
    assert long_of([STEP], "en", "farmer") == "Trạm 1, xã A: Cold"
    assert long_of([without("long", "short", "advice")], "vi", "farmer") == "Trạm 1, xã A: "


def test_a_title_is_that_of_the_highest_else_its_short_text():
    assert title_of([STEP, OTHER], "vi") == "Rét đậm"
    assert title_of([without("title")], "vi") == "Rét đậm tại Trạm 1, xã A: 12 °C"
    assert title_of([without("title", "short")], "vi") == ""


def test_who_was_told_nothing_lower_reads_the_words_of_a_beginning():
    raised = replace(
        STEP, texts={"vi": {"short": "Tăng lên", "long": "Dài", "fresh": {"short": "Mưa to"}}, "en": {"short": "Up"}}
    )
    assert fresh(raised).texts["vi"]["short"] == "Mưa to"
    assert fresh(raised).texts["vi"]["long"] == "Dài"
    assert fresh(raised).texts["en"] == {"short": "Up"}
    assert replace(fresh(raised), texts=raised.texts) == raised


@pytest.mark.parametrize(
    ("texts", "language", "words"),
    [
        ({"vi": {"a": 1}, "tay": {"a": 2}}, "tay", {"a": 2}),
        ({"en": {"a": 3}, "vi": {"a": 1}}, "tay", {"a": 1}),
        ({"en": {"a": 3}, "vi": {"a": 1}, "tay": {}}, "tay", {"a": 1}),
        ({"en": {"a": 3}, "nung": {"a": 4}}, "tay", {"a": 3}),
        ({}, "vi", {}),
        ({"vi": "no words"}, "vi", {}),
    ],
)
def test_words_of_a_language_else_vietnamese_else_any(texts, language, words):
    assert wording(texts, language) == words


@pytest.mark.parametrize(
    ("advice", "audience", "read"),
    [
        ({"officer": "O", "farmer": "F", "everyone": "E"}, "officer", "O"),
        ({"farmer": "F", "everyone": "E"}, "officer", "F"),
        ({"officer": "", "everyone": "E"}, "officer", "E"),
        ({"officer": "O"}, "farmer", ""),
        ({}, "farmer", ""),
    ],
)
def test_advice_is_the_audiences_else_the_farmers_else_everyones(advice, audience, read):
    assert advice_of({"advice": advice}, audience) == read
    assert advice_of({}, audience) == ""


@pytest.mark.parametrize("end", [".", "!", "?", ". ", ""])
def test_text_and_advice_are_two_sentences(end):
    whole = {".": "Rét. Mặc ấm.", "!": "Rét! Mặc ấm.", "?": "Rét? Mặc ấm.", ". ": "Rét. Mặc ấm.", "": "Rét. Mặc ấm."}
    assert joined(f"Rét{end}", "Mặc ấm.") == whole[end]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=8), st.text(alphabet="ab ,", max_size=8))
def test_a_group_text_counts_places_not_steps(places, names):
    steps = [replace(STEP, id=number, place=place) for number, place in enumerate(places, 1)]
    template = "{count}|{places}|{commune}|{count}"
    assert filled(template, steps, names).split("|") == [
        str(len(set(places))), names, "Đồng Đăng", str(len(set(places)))
    ]  # fmt: skip
