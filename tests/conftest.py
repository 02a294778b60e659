"""Real servers for the tests: an embedded TimescaleDB and mosquitto a test process, a fresh database a test.

- `database`        a fresh, migrated database: its url (owner and superuser);
- `empty_database`  a fresh database with nothing but the timescaledb extension: its url;
- `server`          the shared server (do not stop it); `own_server` one for this test alone, to kill and restart;
- `broker`          the shared broker, anonymous clients admitted (use topics of your own: `topic`); also `own_broker`;
- `shared`          the folder of shared data, the test is skipped where it is absent.

`NONGVU_TEST_DATABASE_URL` (a superuser's url) puts a server you already have in the place of `server`.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from standalone.services import Broker, BrokerOptions, Database, program_environment, temporary_folder

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
MIGRATED, EMPTY = "nongvu_migrated", "nongvu_empty"
OUTSIDE = "NONGVU_TEST_DATABASE_URL"


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
            self.execute("CREATE DATABASE {} TEMPLATE {}", dbname, template)
        return self.url(dbname)

    def freeze(self, dbname: str) -> None:
        self.execute("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false", dbname)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [dbname]
            )

    def drop(self, dbname: str) -> None:
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", dbname)


@pytest.fixture(scope="session")
def server() -> Iterator[Database | OutsideServer]:
    outside = os.environ.get(OUTSIDE)
    if outside:
        yield OutsideServer(outside)
        return
    with temporary_folder() as folder, Database.start(folder / "database", settings=FAST) as database:
        os.environ |= program_environment()
        yield database


@pytest.fixture
def own_server() -> Iterator[Database]:
    """A server for one test, which may stop, kill and restart it; its disk writes are as safe as in production."""
    with (
        temporary_folder() as folder,
        Database.start(
            folder / "database", settings={"shared_buffers": "64MB", "logging_collector": "off"}
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


def _fresh(server: Database | OutsideServer, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield server.create(name, template=template)
    server.drop(name)


@pytest.fixture
def database(server: Database | OutsideServer, template: Callable[[str], str]) -> Iterator[str]:
    yield from _fresh(server, template(MIGRATED))


@pytest.fixture
def empty_database(server: Database | OutsideServer, template: Callable[[str], str]) -> Iterator[str]:
    yield from _fresh(server, template(EMPTY))


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    options = BrokerOptions(allow_anonymous=True, persistence=False)
    with temporary_folder() as folder, Broker.start(folder / "broker", options=options) as running:
        os.environ |= program_environment()
        yield running


@pytest.fixture
def own_broker() -> Iterator[Broker]:
    """A broker for one test, which may stop, kill and restart it."""
    options = BrokerOptions(allow_anonymous=True, lines=("autosave_interval 1",))
    with temporary_folder() as folder, Broker.start(folder / "broker", options=options) as running:
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
