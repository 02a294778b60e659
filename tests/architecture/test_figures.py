"""Files and rooms need each other in one direction, in the project and as `deployment/figures.py` tells it of any tree."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("figures", ROOT / "deployment" / "figures.py")
figures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(figures)


@pytest.fixture(scope="module")
def arrows():
    return figures.whole(figures.modules(ROOT))


def test_no_files_import_each_other_in_a_circle(arrows):
    assert len(arrows) > 400
    assert figures.circles(arrows) == []


def test_rooms_of_a_folder_need_each_other_in_one_direction(arrows):
    assert figures.entangled(arrows) == [], "move what both need into a room below them"


def tree(folder, **files):
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text)
    (folder / "house").mkdir(exist_ok=True)
    (folder / "house" / "__init__.py").touch()
    return figures.whole(figures.modules(folder))


@pytest.mark.parametrize(
    "back",
    [
        "import house.low",
        "from house import low",
        "from house.low import x",
        "def later():\n    from house.low import x\n    return x",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.low import x",
    ],
)
def test_a_circle_is_found_however_it_is_imported(tmp_path, back):
    found = tree(
        tmp_path, house__low="from house.middle import y\nx = 1", house__middle="import house.high", house__high=back
    )
    assert figures.circles(found) == [["house.high", "house.low", "house.middle"]]


def test_files_in_one_direction_are_no_circle_and_rooms_may_be_one_yet(tmp_path):
    found = tree(
        tmp_path,
        house__one__top="from house.two import low", house__one__low="", house__two__low="",
        house__two__top="from house.one.low import x",
    )  # fmt: skip
    assert figures.circles(found) == []
    assert figures.entangled(found) == ["house: one, two"]


def test_a_package_that_hands_on_what_its_files_hold_is_above_them(tmp_path):
    found = tree(tmp_path, house__shelf__one="x = 1")
    (tmp_path / "house" / "shelf" / "__init__.py").write_text("from house.shelf.one import x")
    found = figures.whole(figures.modules(tmp_path))
    assert figures.circles(found) == []
    (tmp_path / "house" / "shelf" / "one.py").write_text("from house.shelf import y")
    assert figures.circles(figures.whole(figures.modules(tmp_path))) == [["house.shelf.__init__", "house.shelf.one"]]


def test_figures_are_what_was_counted(tmp_path):
    text = '''"""A module."""

from typing import Any  # noqa: F401


def public(given: Any) -> Any:
    """Say so.

    At length.
    """
    a = 1  # type: ignore[assignment]
    return a


def _private():
    return "noqa is no comment here"
'''
    tree(tmp_path, house__one=text)
    (tmp_path / "tests" / "house").mkdir(parents=True)
    (tmp_path / "tests" / "house" / "test_one.py").write_text("\n" * 8)
    page = "\n".join(figures.figures(tmp_path))
    assert "| functions of at most 10, 25 lines | 100 %, 100 % of 2 |" in page
    assert "| longest function | 2: house/one.py public |" in page
    assert "| public functions documented | 100 % |" in page
    assert f"| Any, type: ignore, noqa in 1,000 lines | {2000 / 16:.2f}, {1000 / 16:.2f}, {1000 / 16:.2f} |" in page
    assert "| house | 2 | 16 | 8 | 0.50 |" in page
