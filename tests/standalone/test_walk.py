"""docs/walk.md names files and functions that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "walk.md").read_text("utf-8")
#: `path/file.py` `name` or `Class.name`; the line may break between them.
NAMED = re.compile(r"`([a-z_0-9/]+\.(?:py|sql))`\s+`([A-Za-z_.]+)`")
PATHS = re.compile(r"`([a-z_0-9-]+(?:/[a-z_0-9-]+)+\.(?:py|sql|toml))`")


def names(path):
    text = path.read_text("utf-8")
    if path.suffix == ".sql":
        return set(re.findall(r"^-- name: (\w+)", text, re.MULTILINE))
    found = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            inner = (part for part in node.body if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef))
            found |= {f"{node.name}.{part.name}" for part in inner}
    return found


@pytest.mark.parametrize("path", sorted(set(PATHS.findall(TEXT))))
def test_the_file_is_there(path):
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(TEXT))))
def test_the_function_is_there(path, name):
    assert name in names(ROOT / path)


def test_the_walk_names_a_function_of_every_part():
    parts = {path.split("/")[0] for path, _ in NAMED.findall(TEXT)}
    assert parts >= {"standalone", "telemetry", "edge", "ingest", "store", "analytics", "notify", "api"}
