"""The loader of texts: what it finds, what it falls back to, what it refuses and how it says so."""

import pytest

from telemetry.language import LanguageError, Shelf

VI = """
name = "Tiếng Việt"
tag = "vi-VN"
decimal = ","
lacks = []

[frame]
again = "Nhắc lại: "
end = "Hết {what} từ {until}, {{places}}"
days = ["một", "hai"]

[field.deep]
sown = "gieo {days} ngày"

[spoken]
to = "đến"
"""
TYZ = (
    VI.replace("Tiếng Việt", "Tày").replace("vi-VN", "tyz").replace("Nhắc lại", "Tởi").replace("gieo", "pjet")
)  # its other words are not looked at here


def shelf(folder, **files):
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return Shelf.of(folder, own=("spoken",), holes={"frame.again": ("again", "who")})


def test_a_language_is_a_file(tmp_path):
    found = shelf(tmp_path, vi=VI, tyz=TYZ)
    assert found.codes == ("vi", "tyz")
    assert found.names == {"vi": "Tiếng Việt", "tyz": "Tày"}
    assert found.words("tyz", "frame")["again"] == "Tởi: "
    assert found.tree("tyz", "field")["deep"]["sown"] == "pjet {days} ngày"
    assert found.listed("tyz", "frame", "days") == ("một", "hai")
    assert found.language("tyz").tag == "tyz"


def test_a_section_nobody_has_translated_is_vietnamese_as_a_whole_and_so_is_an_unknown_language(tmp_path):
    partial = TYZ.partition("[frame]")[0].replace("lacks = []", 'lacks = ["frame"]') + "[field.deep]\nsown = '{days}'\n"
    found = shelf(tmp_path, vi=VI, tyz=partial)
    assert found.words("tyz", "frame")["again"] == "Nhắc lại: "
    assert found.listed("tyz", "frame", "days") == ("một", "hai")
    assert found.spoken("tyz", "frame") == "vi"
    assert found.spoken("tyz", "field") == "tyz"
    assert found.spoken("tyz", "field", "frame") == "vi", "no text is made of two languages"
    assert found.words("nung", "frame") == found.words("vi", "frame")
    assert found.language("nung").code == "vi"


def test_a_part_that_nobody_has_translated_makes_what_needs_it_vietnamese_and_nothing_else(tmp_path):
    partial = TYZ.replace("lacks = []", 'lacks = ["frame.end"]').replace(
        'end = "Hết {what} từ {until}, {{places}}"\n', ""
    )
    found = shelf(tmp_path, vi=VI, tyz=partial)
    assert found.spoken("tyz", "frame") == "vi"
    assert found.spoken("tyz", "frame.end") == "vi"
    assert found.spoken("tyz", "frame.again", "field", "field.deep") == "tyz"
    assert found.words("tyz", "frame")["again"] == "Nhắc lại: ", "of one language, whole"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('again = "Tởi: "\n', "", "tyz.toml: frame.again is missing"),
        ("again = ", "agian = ", "tyz.toml: frame.again is missing"),
        ("again = ", 'more = "x"\nagain = ', "tyz.toml: frame.more is unknown"),
        (
            "{until}",
            "{til}",
            "tyz.toml: frame.end lacks the placeholder {until}|tyz.toml: frame.end has the placeholder {til}",
        ),
        (" {days} ngày", "", "tyz.toml: field.deep.sown lacks the placeholder {days}"),
        ("{{places}}", "", "tyz.toml: frame.end lacks the placeholder {{places}}"),
        ("Tởi: ", "Tởi {whom}: ", "tyz.toml: frame.again has the placeholder {whom}; there are again, who"),
        ("{days}", "{}", "tyz.toml: field.deep.sown: a placeholder needs a name"),
        ("{days}", "{days", "tyz.toml: field.deep.sown"),
        ("{days}", "{days} %b", "tyz.toml: field.deep.sown has %b, which is written in English"),
        ('["một", "hai"]', '["một"]', "tyz.toml: frame.days.1 is missing"),
        ('["một", "hai"]', '"một"', "tyz.toml: frame.days has to be a list"),
        ('"Tởi: "', "5", "tyz.toml: frame.again has to be a text"),
        ("[frame]", "[fame]", "tyz.toml: there is no section [fame]"),
        ("lacks = []", 'lacks = ["frame"]', "tyz.toml: frame is there and yet named in lacks"),
        (
            "lacks = []",
            'lacks = ["fame"]',
            "tyz.toml: lacks names fame, which there is not; sections are frame, field, spoken",
        ),
        ('name = "Tày"\n', "", "tyz.toml: name has to be a text"),
        ("lacks = []", 'lacks = []\nfallback = "en"', "tyz.toml: fallback is no section"),
        ("name = ", "name ", "tyz.toml: not a TOML file"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(tmp_path, old, new, said):
    assert old in TYZ
    with pytest.raises(LanguageError) as refused:
        shelf(tmp_path, vi=VI, tyz=TYZ.replace(old, new))
    assert any(one in str(refused.value) for one in said.split("|")), str(refused.value)


def test_the_official_language_has_to_be_there_and_whole(tmp_path):
    with pytest.raises(LanguageError, match=r"there is no vi\.toml"):
        shelf(tmp_path, tyz=TYZ)
    with pytest.raises(LanguageError, match=r"vi\.toml: lacks has to be empty"):
        shelf(tmp_path, vi=VI.replace("lacks = []", 'lacks = ["more"]'))


def test_a_text_that_code_asks_for_and_nobody_wrote_names_its_file(tmp_path):
    found = shelf(tmp_path, vi=VI)
    with pytest.raises(LanguageError, match=r"vi\.toml: frame\.agian is missing"):
        found.words("vi", "frame")["agian"]
    with pytest.raises(LanguageError, match=r"vi\.toml: frame\.hours is missing"):
        found.listed("vi", "frame", "hours")


def test_how_it_is_read_aloud_is_each_languages_own(tmp_path):
    found = shelf(tmp_path, vi=VI, tyz=TYZ.replace('to = "đến"', 'until = "thâng"'))
    assert found.words("tyz", "spoken")["until"] == "thâng"
