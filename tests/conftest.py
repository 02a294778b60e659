"""Real servers for the tests: an embedded TimescaleDB and mosquitto a test process, a fresh database a test.

- `database`        a fresh, migrated database: its url (owner and superuser);
- `empty_database`  a fresh database with nothing but the timescaledb extension: its url;
- `server`          the shared server (do not stop it); `own_server` one for this test alone, to kill and restart;
- `broker`          the shared broker, anonymous clients admitted (use topics of your own: `topic`); also `own_broker`;
- `shared`          the folder of shared data, the test is skipped where it is absent;
- `blank`, `server_folder()`  for tests that start servers of their own.

`NONGVU_TEST_DATABASE_URL` (a superuser's url) puts a server you already have in the place of `server`; with
`NONGVU_TEST_KEEP=1` as well, the database of each test stays there, as `kept_` and the test's name (CONTRIBUTING.md).
"""

import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from psycopg import sql

from standalone.services import Broker, BrokerOptions, Database, program_environment, programs, temporary_folder
from standalone.services.database import make_data
from standalone.services.folders import account

# A shared machine may be slow: that is no failure of what is tested. CI tries the same examples each time; people explore.
settings.register_profile(
    "shared", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("shared")
# Tests throw their data away, so nothing waits for the disk; few buffers, since every test process has a server.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "wal_level": "replica",
    "logging_collector": "off",
    "autovacuum_naptime": "1h",
}
# Files in memory: PostgreSQL makes a thousand files a server, hundreds a database, which ordinary disks take six
# times as long for. Only where there is room.
MEMORY, ROOM = Path("/dev/shm"), 4_000_000_000
MIGRATED, EMPTY = "nongvu_migrated", "nongvu_empty"
OUTSIDE, KEEP = "NONGVU_TEST_DATABASE_URL", "NONGVU_TEST_KEEP"


def server_folder() -> AbstractContextManager[Path]:
    """Return a folder for servers: under `NONGVU_TEST_FOLDER`, else in memory, else the system's."""
    named = os.environ.get("NONGVU_TEST_FOLDER")
    if named:
        return temporary_folder(within=Path(named))
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    return temporary_folder(within=MEMORY if roomy else None)


class OutsideServer:
    """A server somebody else runs, with what the fixtures need of `Database`."""

    def __init__(self, address: str) -> None:
        self.address = address

    def url(self, dbname: str = "nongvu") -> str:
        return psycopg.conninfo.make_conninfo(self.address, dbname=dbname)

    def execute(self, order: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL(order).format(*map(sql.Identifier, names)))

    def create(self, dbname: str, template: str | None = None) -> str:
        if template is None:
            self.execute("CREATE DATABASE {}", dbname)
        else:
            self.execute("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", dbname, template)
        return self.url(dbname)

    def freeze(self, dbname: str) -> None:
        self.execute("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", dbname)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [dbname]
            )

    def drop(self, dbname: str) -> None:
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", dbname)


def trouble(address: str) -> str:
    """Why a server cannot be used for tests; empty where it can. Its password is not said."""
    try:
        with psycopg.connect(address, connect_timeout=10) as connection:
            found = connection.execute(
                "SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),"
                " EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')"
            ).fetchone()
    except psycopg.ProgrammingError:
        return "is no address of a database. It looks like postgresql://user@host:5432/postgres"
    except psycopg.Error as error:
        return f"cannot be used ({' '.join(str(error).split())}). Start that server, mend the address"
    if found != (True, True):
        return f"must be a superuser's, of a server that has TimescaleDB (superuser, timescaledb: {found})"
    return ""


@pytest.fixture(autouse=True)
def _logs_go_nowhere_else() -> Iterator[None]:
    """A command called within the test process sets where logs go: a stream that is closed when the test ends."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def server() -> Iterator[Database | OutsideServer]:
    outside = os.environ.get(OUTSIDE)
    if outside:
        wrong = trouble(outside)
        if wrong:
            pytest.fail(f"{OUTSIDE} {wrong}, or unset it: tests then start a server of their own.", pytrace=False)
        yield OutsideServer(outside)
        return
    with server_folder() as folder, Database.start(folder / "database", settings=FAST) as database:
        os.environ |= program_environment()
        yield database


@pytest.fixture(scope="session")
def blank() -> Iterator[Path]:
    """A server's folder just made and never started: copying it saves the seconds that initdb takes."""
    with server_folder() as folder:
        make_data(folder, account(), programs(), sync=False)
        yield folder


def copy_blank(blank: Path, folder: Path) -> Path:
    subprocess.run(["cp", "-a", "--reflink=auto", str(blank), str(folder)], check=True)
    return folder


@pytest.fixture
def own_server(blank: Path) -> Iterator[Database]:
    """A server for one test, which may stop, kill and restart it; unlike `server` it writes as safely as in production."""
    with (
        server_folder() as folder,
        Database.start(
            copy_blank(blank, folder / "database"), settings={"shared_buffers": "64MB", "logging_collector": "off"}
        ) as database,
    ):
        os.environ |= program_environment()
        yield database


@pytest.fixture(scope="session")
def template(server: Database | OutsideServer) -> Iterator[Callable[[str], str]]:
    """Return the name of a template database, made the first time it is asked for."""
    made: dict[str, str] = {}
    suffix = uuid.uuid4().hex[:8]

    def named(kind: str) -> str:
        if kind not in made:
            name = f"{kind}_{suffix}"
            address = server.create(name)
            if kind == MIGRATED:
                from store.migrate import migrate

                migrate(address)
            else:
                with psycopg.connect(address, autocommit=True) as connection:
                    connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
            server.freeze(name)
            made[kind] = name
        return made[kind]

    yield named
    if isinstance(server, OutsideServer):
        for name in made.values():
            server.drop(name)


def _fresh(server: Database | OutsideServer, template: str, test: str) -> Iterator[str]:
    if KEEP in os.environ and isinstance(server, OutsideServer):
        kept = f"kept_{re.sub(r'[^a-z0-9]+', '_', test.lower())}"[:63]
        server.drop(kept)
        yield server.create(kept, template=template)
        return
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield server.create(name, template=template)
    server.drop(name)


@pytest.fixture
def database(
    server: Database | OutsideServer, template: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[str]:
    yield from _fresh(server, template(MIGRATED), request.node.name)


@pytest.fixture
def empty_database(
    server: Database | OutsideServer, template: Callable[[str], str], request: pytest.FixtureRequest
) -> Iterator[str]:
    yield from _fresh(server, template(EMPTY), request.node.name)


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    options = BrokerOptions(allow_anonymous=True, persistence=False)
    with server_folder() as folder, Broker.start(folder / "broker", options=options) as running:
        os.environ |= program_environment()
        yield running


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """A broker for one test, which may stop, kill and restart it."""
    options = BrokerOptions(allow_anonymous=True, lines=("autosave_interval 1",))
    with server_folder() as folder, Broker.start(folder / "broker", options=options) as running:
        os.environ |= program_environment()
        yield running


@pytest.fixture
def topic() -> str:
    """A topic (or topic prefix) that no other test uses."""
    return f"test/{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = Path(os.environ.get("NONGVU_SHARED") or Path(__file__).resolve().parents[2] / "shared")
    if not folder.is_dir():
        pytest.skip(f"the shared data folder {folder} is absent (set NONGVU_SHARED)")
    return folder
