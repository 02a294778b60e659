"""Texts for people stand in the files of languages, not in code."""

import ast
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
#: Packages that speak to people.
PACKAGES = ("telemetry", "analytics", "notify", "api", "dashboards")
#: File → strings in Vietnamese letters that are no text for people, and why.
ALLOWED = {
    "telemetry/units.py": {"đ"},  # the sign of the currency
    "dashboards/boards/alerts_delivery.py": {"suffix: đ"},
    "dashboards/wanted.py": {"Nông Vụ"},  # the platform's name
    # laws and places by their names
    "analytics/catalogue.py": {"Quyết định", "Băng giá"},
    "analytics/indices/spells.py": {"Điều", "Bắc Bộ"},
    "analytics/law_page.py": {
        "Quyết định",
        "QĐ",
        "Điều",
        "Bắc Bộ",
        "Bắc and Trung Trung Bộ",
        "Trung Bộ",
        "Tây Nguyên, Nam Bộ",
        "BĐ",
        "Lạng Sơn",
        "Sương muối",
        "Bộ Pháp điển điện tử, đề mục",
    },
    "analytics/rules/law.py": {"Điều", "Quyết định", "QĐ"},
    "analytics/rules/rain.py": {"Điều"},
    "analytics/rules/wind.py": {"Điều"},
    "analytics/indices/fire_danger.py": {"Thừa Thiên Huế", "QĐ"},
    "analytics/indices/flash_flood.py": {"Khu vực"},
    "analytics/indices/rain.py": {"Điều"},
    "analytics/run/questions/plot.py": {"Nông Vụ"},
    "analytics/wording.py": {"Đ", "đ"},  # letters of an alphabet
    "api/app.py": {"Nông Vụ"},  # the platform's name
    "api/sensorthings/body.py": {"đ"},  # a letter without its mark in a code
    "notify/people/keyword_replies.py": {"dừng"},  # what people write to us: told from "đúng" by its marks
    "notify/texts/sms_segments.py": {
        "Đđ",
        "Đ",
        "èéùìòÇ",
        "Øø",
        "Åå",
        "ÆæßÉ",
        "ÄÖÑÜ",
        "äöñüà",
    },  # letters of an alphabet
    "notify/publications/cap.py": {"Nông Vụ"},  # the platform's name
    "notify/providers/chat.py": {"Nông Vụ"},
    "notify/delivery/send_test.py": {"Nông Vụ"},
    "notify/settings.py": {"Nông Vụ", "Quyết định 18/2021/QĐ-TTg, Điều 4"},  # and a law by its name
}


def vietnamese(text):
    """Whether a text has letters that English has not."""
    return any(sign.isalpha() and ord(sign) > 0x7F and unicodedata.name(sign).startswith("LATIN") for sign in text)


#: Arguments that name where a number comes from, or say what a maintainer must know: in English, laws by their names.
CITED = {"source", "note", "equation"}


def strings(path):
    """Strings of a file that a person may read: neither its docstrings nor its sources."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
        node.keywords = [word for word in node.keywords if word.arg not in CITED]
    bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
    statements = {id(one.value) for body in bodies for one in body if isinstance(one, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node.lineno, node.value


@pytest.mark.parametrize("package", PACKAGES)
def test_texts_for_people_are_in_the_files_of_languages(package):
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        name = str(path.relative_to(ROOT))
        for line, text in strings(path):
            left = text
            for known in sorted(ALLOWED.get(name, ()), key=len, reverse=True):
                left = left.replace(known, "")
            if vietnamese(left):
                found.append(f"{name}:{line}: {text!r}: put it into languages/vi.toml")
    assert not found, "\n".join(found)


def test_a_text_in_code_is_seen(tmp_path):
    path = tmp_path / "code.py"
    path.write_text('"""Rét."""\nSAID = "Rét đậm"\nPLAIN = "cold"\n', encoding="utf-8")
    assert [text for _, text in strings(path) if vietnamese(text)] == ["Rét đậm"]


def test_nothing_is_allowed_that_is_not_there():
    for name, known in ALLOWED.items():
        texts = [text for _, text in strings(ROOT / name)]
        assert all(any(one in text for text in texts) for one in known), name
