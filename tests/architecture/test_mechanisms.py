"""Each job is done in one way: being woken by the database, waiting for it, connecting from a command."""

import ast
import re
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


#: Who holds SQL outside of ``store``, and why.
SQL = {
    "dashboards/queries.py": "pieces of the SQL of boards, which Grafana runs",
    "dashboards/preview/write.py": "runs the SQL of boards, as Grafana would",
    "standalone/services/database.py": "starts a server: makes, copies and drops databases before there are tables",
    "standalone/replay.py": "counts in a gateway's own SQLite",
}
_SQL = re.compile(
    r"\s*(?:SELECT\s|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s|WITH\s+\w+\s+AS\s|SET\s+(?:LOCAL\s+)?\w+\s*=|COPY\s+\S+|"
    r"(?:CREATE|ALTER|DROP)\s+(?:DATABASE|TABLE|ROLE|EXTENSION|INDEX|VIEW)\b)"
)


def sql_of(tree: ast.AST) -> list[int]:
    """Lines that ask for a named statement, or hold SQL in a string that is executed or stands alone in a name."""
    lines = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "store.statements":
            lines.append(node.lineno)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in {
            "execute",
            "executemany",
            "SQL",
        }:
            texts = [part for one in node.args[:1] for part in ast.walk(one) if isinstance(part, ast.Constant)]
            lines += [text.lineno for text in texts if isinstance(text.value, str) and _SQL.match(text.value)]
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            texts = [part for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
            lines += [text.lineno for text in texts if isinstance(text.value, str) and _SQL.match(text.value)]
    return sorted(set(lines))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("from store.statements import statement", [1]),
        ("def f(c):\n from store.statements import statement\n return c", [2]),
        ("c.execute('SELECT name FROM migration')", [1]),
        ("c.execute(sql.SQL('DROP DATABASE {}').format(n))", [1]),
        ("ASK = (\n 'SELECT a'\n ' FROM b')", [2]),
        ("await c.execute(f'DELETE FROM {table}')", [1]),
        ("c.execute(order)", []),
        ("SAYS = 'Select a station'", []),
        ("await delivery.insert(connection, message)", []),
    ],
)
def test_sql_is_seen(text, lines):
    tree = ast.parse("async def f():\n " + text) if text.startswith("await") else ast.parse(text)
    assert [line - text.startswith("await") for line in sql_of(tree)] == lines


def test_only_the_tables_modules_hold_sql():
    there = {name for name, tree in trees() if not name.startswith(("store/", "dashboards/boards/")) and sql_of(tree)}
    assert not there - set(SQL), "ask for it with a function of a module of store/, one a table family"
    assert there == set(SQL), "no SQL is there any more: take the name off the list"
