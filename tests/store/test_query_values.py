"""What modules of the tables hand to a statement is what it asks for; and a column that may be NULL is told as such."""

import ast
import importlib
import re
import typing
from functools import cache
from pathlib import Path

import psycopg
import pytest

from store.statements import statement

from .gammu_tables import make_tables
from .test_query import PAIRS, columns_of

ROOT = Path(__file__).parents[2]
WITH_KIND = {"query.rows", "query.row", "query.rows_now", "query.row_now"}
WITHOUT = {f"query.{name}{end}" for name in ("run", "number", "numbers", "truth", "words") for end in ("", "_now")}


def placeholders(text):
    return set(re.findall(r"%\((\w+)\)s", text.replace("%%", "")))


def given(call, function, module):
    """Names of the values that a call hands over; None where that is not written down."""
    names = set()
    for keyword in call.keywords:
        if keyword.arg:
            names.add(keyword.arg)
        elif (found := spread(keyword.value, function, module)) is not None:
            names |= found
        else:
            return None
    return names


def spread(value, function, module):
    """Names in ``**value``: a dict of the function, or a dataclass that is handed to it."""
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "asdict":
        arguments = (*function.args.args, *function.args.kwonlyargs)
        hints = {one.arg: ast.unparse(one.annotation) for one in arguments if one.annotation}
        kind = getattr(importlib.import_module(f"store.{module}"), hints[ast.unparse(value.args[0])])
        return set(typing.get_type_hints(kind))
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Dict):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if ast.unparse(targets[0]) == ast.unparse(value) and all(
                isinstance(key, ast.Constant) for key in node.value.keys
            ):
                return {key.value for key in node.value.keys}
    return None


def calls_of(tree):
    """(call, its function, family, statement) of calls that name their statement."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in WITH_KIND | WITHOUT:
                at = 2 if ast.unparse(call.func) in WITH_KIND else 1
                if isinstance(call.args[at + 1], ast.Constant):
                    yield call, function, call.args[at].value, call.args[at + 1].value


def wrong_values(tree, module, text_of):
    """(statement, what it lacks, what it does not ask for) of each call."""
    for call, function, family, name in calls_of(tree):
        names, asked = given(call, function, module), placeholders(text_of(family, name))
        if names is not None and names != asked:
            yield name, asked - names, names - asked


@pytest.mark.parametrize("file", sorted((ROOT / "store").glob("*.py")), ids=lambda file: file.stem)
def test_a_statement_is_handed_what_it_asks_for(file):
    assert list(wrong_values(ast.parse(file.read_text("utf-8")), file.stem, statement)) == []


def test_a_value_too_few_or_too_many_is_noticed():
    tree = ast.parse(
        "def good(c, a):\n query.run(c, 'f', 'x', one=1, two=a)\n"
        "def spread(c):\n values = {'one': 1, 'two': 2}\n return query.number_now(c, 'f', 'x', **values)\n"
        "def kept(c, a: Contact):\n query.rows(c, Row, 'f', 'y', **asdict(a), subscriber=1)\n"
        "def wrong(c):\n query.row(c, Row, 'f', 'x', one=1, too=2)"
    )
    texts = {"x": "SELECT %(one)s, '%%(no)s', %(two)s", "y": "%(kind)s %(address)s %(name)s %(secret)s %(subscriber)s"}
    assert list(wrong_values(tree, "subscriber", lambda _, name: texts[name])) == [("x", {"two"}, {"too"})]


@cache
def nullable(url):
    """(table's number, column's number) of the columns that may be NULL."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT attrelid::int, attnum FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE attnum > 0 AND NOT attnotnull AND relkind IN ('r', 'p')"  # of a view nobody knows
        )
        return set(found)


def may_be_null(database, text):
    """Columns of a statement that stand in a table's column that may be NULL, and that no condition keeps from it."""
    columns = columns_of(database, text, tables=True)
    return {
        name
        for name, where in columns.items()
        if where in nullable(database) and not re.search(rf"\b{name} IS NOT NULL", text)
    }


@pytest.mark.parametrize(("module", "row", "family", "name"), PAIRS, ids=lambda part: part)
def test_what_may_be_unknown_is_told_as_such(database, module, row, family, name):
    told = typing.get_type_hints(getattr(importlib.import_module(f"store.{module}"), row))
    sure = {field for field, hint in told.items() if type(None) not in typing.get_args(hint) and hint is not object}
    make_tables(database, family)
    assert not sure & may_be_null(database, statement(family, name))


def test_a_column_that_may_be_null_is_noticed(database):
    assert may_be_null(database, "SELECT quiet_from, quiet_to, id FROM subscriber WHERE quiet_to IS NOT NULL") == {
        "quiet_from"
    }
