"""What is shown has the columns and types that its readers were told: `store.visible_row` is held against the database."""

import ast
import typing
from datetime import UTC, date, datetime, time
from pathlib import Path

import psycopg
import pytest

from api.routes.collections import LISTS
from store import visible_row
from store.statements import statement

ROOT = Path(__file__).parents[2]
#: By the name of the database's type.
TYPES = {
    "int2": int, "int4": int, "int8": int, "float4": float, "float8": float, "text": str, "bool": bool, "bytea": bytes,
    "timestamptz": datetime, "timestamp": datetime, "numeric": float,
    "date": date, "time": time, "_text": list, "_int4": list, "_int8": list, "json": list, "jsonb": object,
}  # fmt: skip
#: Chosen by a name at run time.
CHOSEN = {
    "Lines": ["readings_csv", "buckets_csv"],
    "Changed": ["add_season", "change_season", "add_verdict", "drop_verdict", "decide", "set_rule"],
}
#: What a statement cannot do without; everything else is NULL.
NEEDED = {"now": datetime(2026, 1, 1, tzinfo=UTC), "kind": "preview", "who": "test", "subject": "{}"}


def read_as():
    """(row, statement) of every call of `visible.rows` and `visible.row` in the API."""
    pairs = {(row, name) for row, names in CHOSEN.items() for name in names}
    pairs |= {(listing.row.__name__, listing.statement) for listing in LISTS}
    for file in (ROOT / "api").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in {"visible.rows", "visible.row"}:
                row, name = call.args[1], call.args[2]
                if isinstance(name, ast.Constant):
                    pairs.add((row.attr, name.value))
    return sorted(pairs)


class Nothing(dict):
    """Every parameter is NULL."""

    def __missing__(self, name):
        return None


def columns_of(database, name):
    """Columns of a statement and their types, as the database has them."""
    with psycopg.connect(database) as connection:
        cursor = connection.execute(statement("visible", name), Nothing(NEEDED))
        types = dict(connection.execute("SELECT oid::int, typname FROM pg_type"))
        connection.rollback()
        return {column.name: types[column.type_code] for column in cursor.description}


def kinds(hint):
    """What a value may be, without None; a literal is its values' type, a list is a list."""
    if typing.get_origin(hint) is typing.Literal:
        return {type(value) for value in typing.get_args(hint)}
    if type(None) in typing.get_args(hint):
        return {kind for part in typing.get_args(hint) if part is not type(None) for kind in kinds(part)}
    return {typing.get_origin(hint) or hint}


@pytest.mark.parametrize(("row", "name"), read_as())
def test_a_row_has_the_columns_and_types_that_its_readers_were_told(database, row, name):
    told = typing.get_type_hints(getattr(visible_row, row))
    columns = columns_of(database, name)
    if row == "Changed":
        assert told.keys() <= columns.keys()
    else:
        assert told.keys() == columns.keys()
    for column, hint in told.items():
        have = TYPES[columns[column]]
        assert have is object or kinds(hint) & {have, object} or (have is int and kinds(hint) == {float}), column


def test_every_row_is_read_by_somebody():
    rows = {name for name, kind in vars(visible_row).items() if isinstance(kind, type) and not name.startswith("_")
            and kind.__module__ == visible_row.__name__}  # fmt: skip
    assert rows - {"DatastreamEntry"} == {row for row, _ in read_as()}
