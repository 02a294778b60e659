"""Languages of the boards: a file is all that one takes; every text that a board names is there, and none is idle."""

import ast
import json
import re
from pathlib import Path

import pytest

import telemetry.languages
from dashboards import build, languages, wanted
from dashboards.boards import BOARDS
from dashboards.kinds import Text
from dashboards.settings import GrafanaSettings
from dashboards.words import Words
from tests import tongue

FOLDER = Path(languages.__file__).parent.parent
#: Sections that are taken whole (`dashboards.words.table`), or by a key of the shelf.
WHOLE = {"hazards", "rules", "stages", "checks", "reasons", "crops", "work", "online", "grafana"}


@pytest.fixture
def third(monkeypatch, tmp_path):
    """The shelves that boards speak from, with one file more each."""
    monkeypatch.setattr(languages, "SHELF", tongue.with_third(languages, tmp_path))
    monkeypatch.setattr(telemetry.languages, "SHELF", tongue.with_third(telemetry.languages, tmp_path))


def places():
    """Every text that code names."""
    found = set()
    for path in FOLDER.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        strings = [node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)]
        found |= {place for place in strings if isinstance(place, str) and re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", place)}
        found |= set(re.findall(r"\$__said\(([a-z_.]+)\)", text))
    return found


def test_every_language_has_every_text_or_says_which_it_lacks():
    assert languages.SHELF.codes[:2] == ("vi", "en")
    for code in languages.SHELF.codes:
        assert not languages.SHELF.language(code).lacks, "said in Vietnamese: translate it, or take this line away"


def test_no_text_is_translated_for_nothing():
    named = places()
    sections = languages.SHELF.languages["vi"].sections
    idle = {f"{name}.{key}" for name, texts in sections.items() for key in texts if name not in WHOLE} - named
    assert idle == set(), "named by no board: take it away in every language"
    assert Words("livestock.heat").get("en") == "Heat"


def test_boards_are_built_in_the_new_language(third, tmp_path):
    written = build.write(tmp_path / "boards")
    assert len(written) == len(BOARDS) * 3
    for board in BOARDS:
        built = json.loads((tmp_path / "boards" / "tyz" / f"{board.uid('tyz')}.json").read_text(encoding="utf-8"))
        assert built["title"].startswith("tyz.")
        panels = [panel for panel in built["panels"] if panel["type"] != "row"]
        for panel, given in zip(panels, board.panels(), strict=True):
            if panel["title"]:
                assert "tyz." in panel["title"].lower(), panel["title"]
            if isinstance(given, Text):
                assert "tyz." in panel["options"]["content"]
        links = {link["title"]: link["url"] for link in built["links"]}
        assert links["Tiếng Việt"] == f"/d/{board.uid('vi')}"
        assert links["English"] == f"/d/{board.uid('en')}"
        vietnamese = json.loads((tmp_path / "boards" / "vi" / f"{board.uid('vi')}.json").read_text(encoding="utf-8"))
        assert f"/d/{board.uid('tyz')}" in {link["url"] for link in vietnamese["links"]}


def test_a_board_speaks_one_language_in_its_sql_too(third):
    """What SQL writes into its rows for people is of the board's language: "cấp" stood on English boards."""
    for board in BOARDS:
        for code, word in (("vi", "cấp "), ("en", "level "), ("tyz", "tyz.level")):
            text = json.dumps(board.build(code), ensure_ascii=False)
            assert "$__said" not in text
            assert text.count("' || level") == text.count(f"'{word}' || level"), (board.name, code)


def test_grafana_gets_a_folder_a_language(third):
    assert [folder.title for folder in wanted.folders()][:3] == ["Nông Vụ", "Nông Vụ (English)", "Nông Vụ (Tày)"]
    settings = GrafanaSettings(
        grafana_url="http://127.0.0.1:1", grafana_token="x", chart_reader_password="x", chart_public_password="x"
    )
    titles = [built["title"] for _, built in wanted.boards(settings)]
    assert sum("tyz." in title for title in titles) == len(BOARDS)
