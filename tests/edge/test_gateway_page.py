"""docs/gateway.md keeps its promises: its files are right, and it knows every complaint of the gateway."""

import ast
import re
from pathlib import Path

import pytest

from edge.sensor import decode, load
from edge.settings import parse

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gateway.md").read_text("utf-8")


def complaints():
    """First words of every warning and error that the gateway logs."""
    found = set()
    for path in sorted((ROOT / "edge").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log.warning", "log.error"):
                found.add(node.args[0].value)
    return sorted(found)


@pytest.mark.parametrize("complaint", complaints())
def test_every_complaint_has_its_line(complaint):
    table = PAGE.partition("## 6.")[2].partition("## 7.")[0]
    assert f"`{complaint}" in table, "say in docs/gateway.md what it means and what to do"


def test_the_file_that_it_shows_is_right():
    text = re.search(r"## 2\..*?```toml\n(.*?)```", PAGE, re.DOTALL)[1]
    file = parse(text)
    assert len(file.units) == 1
    assert file.alarms[0].relay == "siren"


def test_the_model_that_it_shows_gives_its_own_example(tmp_path):
    path = tmp_path / "my-sensor.toml"
    path.write_text(re.search(r"## 7\..*?```toml\n(.*?)```", PAGE, re.DOTALL)[1])
    model = load(path)
    for example in model.examples:
        words = {int(address, 0): word for address, word in example.words.items()}
        assert decode(model, words) == pytest.approx(example.readings)
