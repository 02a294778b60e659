"""Each job is done in one way: being woken by the database, waiting for it, connecting from a command."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SERVERS = ("ingest", "analytics", "notify", "api", "store", "dashboards", "standalone")
FILES = sorted(path for package in SERVERS for path in (ROOT / package).rglob("*.py"))
#: Errors of the database, as they are caught.
ABSENCE = {"OperationalError", "InterfaceError", "PoolTimeout", "Error", "ABSENT"}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def trees():
    return [(named(path), ast.parse(path.read_text(encoding="utf-8"))) for path in FILES]


def errors_of(handler: ast.ExceptHandler) -> set[str]:
    """Names of the database's errors that a handler catches."""
    if handler.type is None:
        return set()
    found = set()
    for node in ast.walk(handler.type):
        if isinstance(node, ast.Name) and node.id in ABSENCE:
            found.add(node.id)
        if isinstance(node, ast.Attribute) and node.attr in ABSENCE and ast.unparse(node.value) == "psycopg":
            found.add(node.attr)
    return found


def raises_on(handler: ast.ExceptHandler) -> bool:
    """Whether what is caught is raised again, or as another error."""
    return any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def loops_over_errors(tree: ast.AST) -> list[int]:
    """Lines where an endless loop catches errors of the database and goes on."""
    return [
        handler.lineno
        for loop in ast.walk(tree)
        if isinstance(loop, ast.While)
        for handler in ast.walk(loop)
        if isinstance(handler, ast.ExceptHandler) and errors_of(handler) and not raises_on(handler)
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("while True:\n try:\n  f()\n except psycopg.Error:\n  pass", [4]),
        ("while True:\n try:\n  f()\n except (psycopg.InterfaceError, OSError) as error:\n  log(error)", [4]),
        ("while x:\n try:\n  f()\n except ABSENT:\n  sleep()", [4]),
        ("while True:\n try:\n  f()\n except ABSENT:\n  raise", []),
        ("while True:\n try:\n  f()\n except psycopg.DataError:\n  pass", []),
        ("try:\n f()\nexcept psycopg.Error:\n pass", []),
    ],
)
def test_a_loop_of_its_own_is_seen(text, lines):
    assert loops_over_errors(ast.parse(text)) == lines


def test_only_patience_waits_for_the_database():
    found = [f"{name}:{line}" for name, tree in trees() for line in loops_over_errors(tree)]
    assert not found, "wait with store.patience.Patience, which tells"


def test_only_listen_listens():
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        if name != "store/listen.py"
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.strip().startswith("LISTEN "))
        or (isinstance(node, ast.Attribute) and node.attr in {"notifies", "add_notify_handler"})
    ]
    found += [named(path) for path in (ROOT / "store/sql").glob("*.sql") if "\nLISTEN " in path.read_text()]
    assert not found, "be woken by store.listen.listen"


#: Who connects otherwise than `store.settings.connect`, and why.
CONNECT = {
    "store/settings.py": "it is the one",
    "store/listen.py": "waits for a database that is away",
    "store/migrate.py": "libraries, also of standalone: errors are their caller's",
    "store/backup.py": "libraries, also of standalone: errors are their caller's",
    "notify/providers/gammu.py": "a database that is not ours",
}


def test_commands_connect_in_one_way():
    found = {
        name
        for name, tree in trees()
        if not name.startswith("standalone/")  # starts servers, and finds out what is wrong with them
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"psycopg.connect", "psycopg.AsyncConnection.connect", "AsyncConnection.connect"}
    }
    assert found == set(CONNECT), "connect with store.settings.connect, which tells what is wrong in a line"


def test_a_connection_of_a_pool_has_one_name():
    found = [
        f"{name}:{node.lineno}"
        for name, tree in trees()
        if name != "store/pool.py"
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value and "AsyncConnection[" in ast.unparse(node.value)
    ]
    assert not found, "import Connection from store.pool"


def test_the_beginning_and_the_step_of_time_are_written_once():
    again = ("datetime(1970, 1, 1", "timedelta(microseconds=1)", "datetime.resolution")
    found = [
        f"{named(path)}: {text}"
        for path in FILES + sorted((ROOT / "telemetry").rglob("*.py"))
        if named(path) != "telemetry/instant.py"
        for text in again
        if text in path.read_text(encoding="utf-8")
    ]
    assert not found, "import EPOCH or INSTANT from telemetry.instant"


#: Who reads CSV otherwise than `store.csv_list`, and why.
CSV = {
    "store/csv_list.py": "it is the one",
    "ingest/logger_file.py": "loggers' files, of many makers",
    "standalone/field/record.py": "records that come with Nông Vụ, on a device without the tables",
    "standalone/field/make_records.py": "makes those",
}


def test_lists_are_read_in_one_way():
    found = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"csv.DictReader", "csv.reader"}
    }
    assert found == set(CSV), "read what an operator keeps with store.csv_list"


def test_signs_of_units_are_written_once():
    found = {
        name
        for name, tree in [
            *trees(),
            ("telemetry/units.py", ast.parse((ROOT / "telemetry/units.py").read_text("utf-8"))),
        ]
        for node in ast.walk(tree)
        if isinstance(node, ast.Dict)
        and any(
            isinstance(key, ast.Constant)
            and isinstance(value, ast.Constant)
            and (key.value, value.value) == ("Cel", "°C")
            for key, value in zip(node.keys, node.values, strict=True)
        )
    }
    assert found == {"telemetry/units.py"}, "ask telemetry.units.sign, or Quantity.sign"


def test_the_standards_interface_does_not_stand_on_the_page():
    found = [
        f"{name}: {node.module}"
        for name, tree in trees()
        if name.startswith(("api/sensorthings/", "api/protocol/", "api/access/"))
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("api.web")
    ]
    assert not found
