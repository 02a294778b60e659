"""docs/boards.md: the contract of the views as they are, every board with its picture."""

import re
from pathlib import Path

import psycopg

from dashboards.boards import BOARDS

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / "docs" / "boards.md").read_text(encoding="utf-8")


def test_every_view_and_column_is_documented_as_it_is(database):
    said = {
        view: columns.split(", ")
        for view, columns in re.findall(r"^\| `(chart\w*\.\w+)` \| [^|]+ \| ([^|]+) \|$", TEXT, re.MULTILINE)
    }
    with psycopg.connect(database) as connection:
        rows = connection.execute(
            "SELECT table_schema || '.' || table_name, array_agg(column_name::text ORDER BY ordinal_position)"
            " FROM information_schema.columns WHERE table_schema IN ('chart', 'chart_public') GROUP BY 1"
        ).fetchall()
        functions = connection.execute(
            "SELECT n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
            " WHERE n.nspname IN ('chart', 'chart_public') AND p.proname <> 'bucketed'"
        ).fetchall()
    assert said == dict(rows)
    for (name,) in functions:
        assert f"`{name}(" in TEXT


def test_every_board_is_shown():
    for board in BOARDS:
        assert f"`{board.uid('vi')}`, `{board.uid('en')}`" in TEXT
    for picture in re.findall(r"!\[[^]]*\]\(([^)]+)\)", TEXT):
        assert (ROOT / "docs" / picture).stat().st_size > 20_000, picture
