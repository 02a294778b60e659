"""Segments: as the standard counts, as other makers' programs count."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from smpplib import gsm

from notify.texts.sms_segments import (
    ALONE,
    PART,
    coding_of,
    compose,
    compose_first,
    encode,
    fold,
    headline,
    segments,
    shorten,
    tidy,
    units,
    user_data_header,
)

PLAIN = "@£$¥èéùìòÇ ØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà^{}\\[~]|€"
VIETNAMESE = "Rét hại tại Đồng Đăng (Lạng Sơn): nhiệt độ trung bình 11,5 °C, kéo dài 3 ngày."
gsm_text = st.text(st.sampled_from(PLAIN), max_size=700)
any_text = st.text(
    st.one_of(st.sampled_from("ăâđêôơưạảấầẩẫậ ốồổ🙂𝄞abc{}"), st.characters(exclude_categories=["Cs"])), max_size=400
)


@given(gsm_text)
@example("a" * 159 + "{")
@example("a" * 152 + "{" + "b" * 152 + "€")
def test_gsm_parts_carry_everything_within_their_room(text):
    parts = segments(text)
    assert "".join(parts) == text
    room = ALONE["gsm7"] if len(parts) == 1 else PART["gsm7"]
    assert all(len(encode(part, "gsm7")) == units(part, "gsm7") <= room for part in parts)
    assert not any(encode(part, "gsm7").endswith(b"\x1b") for part in parts)


@given(any_text)
def test_wide_parts_split_no_pair(text):
    parts = segments(text)
    assert "".join(parts) == text
    for part in parts:
        assert encode(part, "ucs2").decode("utf-16-be") == part
        assert units(part, coding_of(text)) <= (ALONE if len(parts) == 1 else PART)[coding_of(text)]


@given(gsm_text.map(lambda text: text.replace("§", "")).filter(bool))  # smpplib's table has no § (3GPP TS 23.038 has)
def test_as_many_gsm_parts_as_smpplib_makes(text):
    theirs, _, _ = gsm.make_parts(text)
    ours = segments(text)
    # smpplib may end a part within an escape, so that it needs no more parts than we do, and at most one fewer a page.
    bare = [bytes(part)[6 if len(theirs) > 1 else 0 :] for part in theirs]
    assert b"".join(bare) == encode(text, "gsm7")
    if not any(sign in "^{}\\[~]|€" for sign in text):
        assert bare == [encode(part, "gsm7") for part in ours]
    assert len(theirs) <= len(ours) <= len(theirs) + 1


# smpplib takes ESC for a sign of GSM-7, and fills the holes of its table with `, which GSM-7 has not
@given(any_text.map(lambda text: re.sub("[\x1b`]", "", text)).filter(bool))
def test_as_many_wide_parts_as_smpplib_makes(text):
    if coding_of(text) == "gsm7":
        return
    theirs, _, _ = gsm.make_parts(text)
    bare = [bytes(part)[6 if len(theirs) > 1 else 0 :] for part in theirs]
    assert b"".join(bare) == encode(text, "ucs2")
    if all(ord(sign) <= 0xFFFF for sign in text):
        assert bare == [encode(part, "ucs2") for part in segments(text)]


@given(any_text, st.booleans(), st.integers(1, 4))
def test_composing_never_exceeds_and_is_stable(text, accents, most):
    done = compose(text, accents=accents, most=most)
    assert done.segments <= most
    assert done.segments == len(segments(done.text))
    assert done.coding == coding_of(done.text)


@given(
    st.text(st.sampled_from("aàảãáạăằẳẵắặâầẩẫấậđeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵAĐƠƯ .,–“”…°•²"))
)
def test_folded_vietnamese_is_always_gsm(text):
    assert coding_of(fold(text)) == "gsm7"


@pytest.mark.parametrize(
    ("written", "sent", "coding"),
    [
        ("Trời rét", "Trời rét", "ucs2"),
        ("Tro\u031b\u0300i re\u0301t", "Trời rét", "ucs2"),  # decomposed letters count once
        ("Cold – bring “cattle” in…", 'Cold - bring "cattle" in...', "gsm7"),
        ("Mưa to\t100\u00a0mm\r\n\r\nĐề phòng", "Mưa to 100 mm\n\nĐề phòng", "ucs2"),
        (VIETNAMESE, "Ret hai tai Dong Dang (Lang Son): nhiet do trung binh 11,5 C, keo dai 3 ngay.", "gsm7"),
        ("Tối nay 4 °C 🙂", "Tối nay 4 °C 🙂", "ucs2"),
        ("", "", "gsm7"),
    ],
)
def test_composed(written, sent, coding):
    done = compose(written)
    assert (done.text, done.coding, done.segments) == (sent, coding, 1)


def test_the_rest_of_a_long_text_is_left_out_by_sentences_then_words():
    text = "Mưa rất to. " * 4 + "Đề phòng lũ quét và sạt lở đất ở các xã ven sông, tránh xa bờ suối. " * 3
    done = compose(text)
    assert done.segments == 1
    assert done.text.endswith("bo suoi.") or done.text.endswith("...")
    assert set(done.text.rstrip(".").split()) <= set(fold(text).replace(".", " ").split()) | set(fold(text).split())
    assert shorten("mot hai ba bon nam", 12) == "mot hai..."
    assert units(shorten("a" * 500, 160), "gsm7") == 160
    assert compose("x" * 2000, most=3).segments == 3


def test_advice_is_added_where_it_fits():
    short = "Rét đậm tại Đồng Đăng: 14,2 °C."
    assert compose_first([short + " Giữ ấm trâu bò.", short]).text == short + " Giữ ấm trâu bò."
    assert compose_first([short + " Giữ ấm." * 30, short]).text == short


def test_the_header_joins_parts():
    assert user_data_header(0x1FF, 3, 2) == bytes([5, 0, 3, 0xFF, 3, 2])


def test_more_parts_than_the_header_can_count_are_refused():
    with pytest.raises(ValueError, match="at most 255"):
        segments("a" * 153 * 256)


@given(any_text)
def test_tidy_twice_is_tidy_once(text):
    assert tidy(tidy(text)) == tidy(text)


def test_what_is_left_of_a_list_ends_as_a_sentence():
    text = "Nhắc lại: Nóng rất nguy hiểm cho gia súc tại Trạm Hữu Lũng, Lạng Sơn lúc 12:00 18/07: chỉ số nóng ẩm 85. "
    done = compose(text + "Tắm, phun nước liên tục cho trâu bò đang làm; gọi thú y ngay khi có con nào ngã.")
    assert done.text.endswith("dang lam.")


@pytest.mark.parametrize(
    ("text", "head"),
    [
        ("Rét đậm tại Mẫu Sơn ngày 15/01: 14,2 độ C. Che mạ.", "Rét đậm tại Mẫu Sơn ngày 15/01: 14,2 độ C"),
        ("Hết cảnh báo.", "Hết cảnh báo"),
        ("", ""),
        ("rét " * 40, "rét " * 28 + "rét …"),
    ],
)
def test_a_headline_is_a_sentence_or_whole_words(text, head):
    assert headline(text) == head
