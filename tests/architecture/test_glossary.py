"""docs/glossary.md: every word of it is in use, and every package and every table people speak of stands in it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "glossary.md"
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.read_text("utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| word ")
]
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
#: Tables that people speak of (the plan, section 5).
TABLES = [
    "place",
    "season",
    "feeds",
    "gateway",
    "datastream",
    "deployment",
    "reading",
    "batch",
    "verdict",
    "latest",
    "set_aside",
    "superseded",
    "command",
    "gateway_config",
    "mark",
    "due",
    "index_value",
    "index_state",
    "lease",
    "touched",
    "forecast",
    "alert",
    "alert_step",
    "bundle",
    "delivery",
    "delivery_step",
    "acknowledgement",
    "approval",
    "rule_setting",
    "catalogue",
    "bulletin",
    "document",
    "inbound",
    "request",
    "subscriber",
    "account",
    "membership",
    "api_key",
    "audit",
]


@cache
def in_use():
    """What code, SQL and the other pages say, in small letters."""
    files = [
        path for package in PACKAGES for end in ("py", "sql", "toml") for path in (ROOT / package).rglob(f"*.{end}")
    ]
    pages = [path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")) if path != PAGE]
    return "\n".join(path.read_text("utf-8") for path in (*files, *pages)).lower()


def words():
    """Each word of the first column: `like_this` a name, else as it is said, without what stands in parentheses."""
    return [word.strip() for row in ROWS for word in re.sub(r"\(.*?\)", "", row[0]).split(",")]


@pytest.mark.parametrize("word", words())
def test_a_word_is_in_use(word):
    plain = re.escape(word.strip("`").lower())
    assert re.search(rf"(?<![\w]){plain}(?:e?s)?(?![\w])", in_use()), f"nobody says {word!r} any more"


def test_packages_and_tables_are_explained():
    names = {word.strip("`") for word in words() if word.startswith("`")}
    missing = sorted((PACKAGES | set(TABLES)) - names)
    assert not missing, f"add a row to docs/glossary.md: {missing}"


def test_tables_are_tables():
    sql = "".join(path.read_text("utf-8") for path in (ROOT / "store/migrations").glob("*.sql"))
    assert not [table for table in TABLES if not re.search(rf"CREATE (?:UNLOGGED )?(?:TABLE|VIEW) {table}\b", sql)]


def test_rows_are_whole_and_no_word_stands_twice():
    assert not [row for row in ROWS if not row[0].startswith("-") and (len(row) != 4 or not all(row))]
    assert len(words()) == len(set(words()))


def test_a_type_of_analytics_has_its_name_alone():
    """One word, one thing: who reads ``Frame`` need not ask which."""
    defined = {}
    for path in sorted((ROOT / "analytics").rglob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef):
                defined.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert not {name: paths for name, paths in defined.items() if len(paths) > 1}
