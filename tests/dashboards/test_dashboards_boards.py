"""Boards as built: the committed files, the layout, the names, both languages, what a colour-blind reader sees."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from names import named_hazards, named_indices, named_quantities

from analytics.indices import BY_NAME
from analytics.rules import RULES
from dashboards import boards, build, columns, palette
from dashboards.board import COLUMNS, OUTSIDE
from dashboards.boards import BOARDS
from dashboards.languages import SHELF
from dashboards.panel import Panel
from dashboards.words import Words
from store.flag import Check
from telemetry.quantities import QUANTITIES
from telemetry.reason import Reason

ROOT = Path(__file__).parents[2]

BUILT = [(board, language) for board in BOARDS for language in SHELF.codes]
names = lambda item: getattr(item, "name", item)  # noqa: E731


def all_sql(board):
    yield from (panel.sql for panel in board.panels())
    yield from (variable.sql for variable in board.variables)
    yield from (mark.sql for mark in board.annotations)


def test_committed_files_are_what_the_boards_build():
    assert build.differing() == [], "run 'nongvu dashboards build' and commit"


def test_building_writes_only_what_changed(tmp_path):
    assert len(build.write(tmp_path)) == len(BOARDS) * len(SHELF.codes)
    assert build.write(tmp_path) == []
    (tmp_path / "vi" / "old.json").write_text("{}")
    (tmp_path / "vi" / f"{BOARDS[0].uid('vi')}.json").write_text("{}")
    assert build.write(tmp_path) == [f"vi/{BOARDS[0].uid('vi')}.json", "vi/old.json"]
    assert build.differing(tmp_path) == []


def test_every_file_of_the_shelf_is_registered():
    import pkgutil

    assert {module.name for module in pkgutil.iter_modules(boards.__path__)} == {board.name for board in BOARDS}


@pytest.mark.parametrize(("board", "language"), BUILT, ids=names)
class TestEveryBoard:
    def test_panels_neither_overlap_nor_leave_holes(self, board, language):
        taken = {}
        for panel in board.build(language)["panels"]:
            place = panel["gridPos"]
            assert place["w"] > 0
            assert place["h"] > 0
            assert place["x"] + place["w"] <= COLUMNS
            for x in range(place["x"], place["x"] + place["w"]):
                for y in range(place["y"], place["y"] + place["h"]):
                    assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                    taken[x, y] = panel["title"]
        bottom = 1 + max(y for _, y in taken)
        assert len(taken) == COLUMNS * bottom, "a part of the board is empty"

    def test_ids_titles_and_targets(self, board, language):
        built = board.build(language)
        ids = [panel["id"] for panel in built["panels"]]
        assert len(set(ids)) == len(ids)
        assert re.fullmatch(r"[a-z0-9-]{1,40}", built["uid"])
        for panel in built["panels"]:
            assert panel["title"]
            if panel["type"] in {"row", "text"}:
                continue
            (target,) = panel["targets"]
            assert (
                target["datasource"]
                == panel["datasource"]
                == {"type": "grafana-postgresql-datasource", "uid": board.source}
            )
            assert target["rawSql"].startswith("SELECT ")
            assert target["rawQuery"] is True

    def test_nothing_is_null(self, board, language):
        def walk(value):
            assert value is not None
            for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
                walk(part)

        walk(board.build(language))

    def test_links_lead_to_boards_that_exist(self, board, language):
        text = json.dumps(board.build(language))
        known = {each.uid(tongue) for each in BOARDS for tongue in SHELF.codes}
        assert set(re.findall(r"/d/([a-z0-9-]+)", text)) <= known
        assert "${page}" in text, "no link to the farmers' page"

    def test_variables_are_declared_before_they_are_used(self, board, language):
        known = set()
        for variable in board.variables:
            assert set(re.findall(r"\$\{(\w+)", variable.sql)) <= known
            known.add(variable.name)
        for sql in all_sql(board):
            assert set(re.findall(r"\$\{(\w+)", sql)) <= known

    def test_only_its_own_schema_and_no_wall_clock(self, board, language):
        schema = "chart_public" if board.source == OUTSIDE else "chart"
        for sql in all_sql(board):
            assert set(re.findall(r"\b(chart\w*|public|personal|timescaledb_\w+)\.\w+", sql)) <= {schema}
            assert not re.search(r"\bnow\(\)|current_timestamp|clock_timestamp", sql, re.IGNORECASE)
            # an argument of a macro ends at the first closing parenthesis
            assert not re.search(r"\$__timeFilter\([^)]*\(", sql)


def test_names_are_on_the_shelves():
    hazards = {rule.hazard for rule in RULES}
    used = set()
    for board in BOARDS:
        for sql in all_sql(board):
            used |= named_indices(sql)
            assert named_quantities(sql) <= QUANTITIES.keys()
            assert named_hazards(sql) - {""} <= hazards
    assert used <= BY_NAME.keys(), "not on the shelf of indices"
    titles = {rule.name: (rule.title["vi"], rule.title["en"]) for rule in RULES}
    assert {name: (said.get("vi"), said.get("en")) for name, said in columns.RULES.items()} == titles, (
        "rules are called as their shelf calls them"
    )
    assert hazards == columns.HAZARDS.keys(), "a hazard has no words on the boards"
    assert len({said.get("vi")[0] for said in columns.HAZARDS.values()}) == len(hazards), (
        "every hazard has a sign of its own"
    )


def test_every_quantity_has_a_unit_in_grafana():
    for row in QUANTITIES.values():
        assert palette.unit(row.unit)


@pytest.mark.parametrize("board", BOARDS, ids=names)
def test_both_languages_say_something_different(board):
    def words(item):
        if isinstance(item, Words):
            yield item
        elif isinstance(item, Panel):
            yield item.title
            yield from (column.title for column in item.columns.values())

    every = [word for panel in board.panels() for word in words(panel)] + [board.title, board.description]
    assert all(word.get("vi").strip() and word.get("en").strip() for word in every)
    assert sum(word.get("vi") != word.get("en") for word in every) > len(every) * 0.7


def luminance(color):
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def deuteranope(color):
    """How somebody without green cones sees a colour (Viénot, Brettel, Mollon 1999, linear RGB)."""
    r, g, b = (((int(color[k : k + 2], 16) / 255) + 0.055) / 1.055 for k in (1, 3, 5))
    r, g, b = (max(part, 0) ** 2.4 for part in (r, g, b))
    return (0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b)


def test_levels_and_qualities_differ_without_colour_and_for_the_colour_blind():
    for mappings in (palette.levels("vi"), palette.qualities("en")):
        texts = [shown["text"] for shown in mappings[0]["options"].values()]
        assert len({text[0] for text in texts}) == len(texts), "the first sign alone has to tell them apart"
    colors = list(palette.LEVEL_COLORS.values())
    for k, one in enumerate(colors):
        for other in colors[k + 1 :]:
            seen = sum((a - b) ** 2 for a, b in zip(deuteranope(one), deuteranope(other), strict=True)) ** 0.5
            assert seen > 0.05, (one, other)
    assert luminance(palette.LEVEL_COLORS[2]) > luminance(palette.LEVEL_COLORS[4]) > luminance(palette.LEVEL_COLORS[5])


def test_words_are_those_of_the_shelves():
    for code in SHELF.codes:
        path = ROOT / "analytics" / "languages" / f"{code}.toml"
        assert {name: said.get(code) for name, said in columns.CROPS.items()} == tomllib.loads(path.read_text())[
            "crops"
        ]
    assert columns.CHECKS.keys() == {check.name.lower() for check in Check}
    assert columns.REASONS.keys() == {reason.value for reason in Reason}
