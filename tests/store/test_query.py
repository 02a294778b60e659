"""What modules of the tables give their readers has the columns and types of the statement: held against the database."""

import ast
import importlib
import re
import typing
from pathlib import Path

import psycopg
import pytest

from store import query
from store.statements import statement
from tests.store.gammu_tables import make_tables
from tests.store.test_visible import TYPES, kinds

ROOT = Path(__file__).parents[2]
#: Parameters whose type a statement alone does not tell.
MOMENTS = {"now", "at", "since", "until", "first", "last", "before", "after_time", "expires", "tick"}

#: Where the caller may choose, what any row has.
BOUND = {"kind": "AlertStep"}


def asked(calls):
    """(module, row, family, statement) of every call in ``store`` that asks for typed rows."""
    for file in sorted((ROOT / "store").glob("*.py")):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in calls:
                row = ast.unparse(call.args[1])
                yield file.stem, BOUND.get(row, row), call.args[2].value, call.args[3].value


PAIRS = sorted(set(asked({"query.rows", "query.row", "query.rows_now", "query.row_now"})))


def columns_of(database, text, *, tables=False):
    """Columns of a statement and their types (or table and column), as the database would answer, without running it."""
    names = []

    def numbered(match):
        if match[0] == "%%":
            return "%"
        if match[1] not in names:
            names.append(match[1])
        return f"${names.index(match[1]) + 1}"

    text = re.sub(r"%%|%\((\w+)\)s", numbered, text)
    with psycopg.connect(database) as connection:
        types = dict(connection.execute("SELECT oid::int, typname FROM pg_type"))
        moment = psycopg.adapters.types["timestamptz"].oid
        given = [moment if name in MOMENTS else 0 for name in names]
        prepared = connection.pgconn.prepare(b"", text.encode(), given)
        assert prepared.status == psycopg.pq.ExecStatus.COMMAND_OK, prepared.error_message.decode()
        described = connection.pgconn.describe_prepared(b"")
        names = [described.fname(column).decode() for column in range(described.nfields)]
        if tables:
            return {name: (described.ftable(at), described.ftablecol(at)) for at, name in enumerate(names)}
        return {name: types[described.ftype(at)] for at, name in enumerate(names)}


def differences(told, columns):
    """Fields whose type the database does not have so, and names that only one of the two has."""
    strange = told.keys() ^ columns.keys()
    for column in told.keys() & columns.keys():
        have, want = TYPES[columns[column]], kinds(told[column])
        if not (have is object or want & {have, object} or (have is int and want == {float})):
            strange.add(column)
    return strange


@pytest.mark.parametrize(("module", "row", "family", "name"), PAIRS, ids=lambda part: part)
def test_a_row_is_what_the_statement_answers(database, module, row, family, name):
    kind = getattr(importlib.import_module(f"store.{module}"), row)
    make_tables(database, family)
    assert not differences(typing.get_type_hints(kind), columns_of(database, statement(family, name)))


def test_a_renamed_or_changed_column_is_noticed(database):
    columns = columns_of(database, "SELECT 1 AS id, now() AS at, ARRAY['a'] AS names WHERE %(now)s > now()")
    assert columns == {"id": "int4", "at": "timestamptz", "names": "_text"}
    assert differences({"id": int, "at": float, "name": list[str]}, columns) == {"at", "name", "names"}
    assert not differences({"id": float, "at": object, "names": list[str]}, columns)


def test_rows_are_asked_for_by_name_and_kind_only_in_the_tables_modules():
    outside = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for folder in ROOT.glob("*/__init__.py")
        if folder.parent.name not in {"store", "tests", "benchmarks"}
        for file in folder.parent.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module == query.__name__ or (node.module == "store" and "query" in {one.name for one in node.names}))
    ]
    assert not outside
