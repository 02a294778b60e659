"""An embedded PostgreSQL with TimescaleDB in one folder, on a loopback port."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.errors import UndefinedObject

from standalone.services.errors import ServiceInUseError, ServiceStartError
from standalone.services.folders import Account, account, claim
from standalone.services.ports import free_port, is_free
from standalone.services.process import Service, end, kill_all, working_in
from standalone.services.programs import Programs, programs, timescaledb_version

SUPERUSER = "postgres"
ORPHAN_GRACE = 10.0  # s, for a server without a guard to end in order before it is killed
STOP_SIGNALS: Mapping[str, int] = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
# For a machine of two processors and a few GB shared with the rest of the platform.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_connections": "200",
    "max_worker_processes": "24",
    "max_parallel_workers_per_gather": "2",
    "max_locks_per_transaction": "256",  # a query over many chunks locks each of them
    "max_wal_size": "2GB",
    "checkpoint_completion_target": "0.9",
    "wal_compression": "on",
    "jit": "off",  # the fetched installation leaves its compiler out
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",  # one a weekday, written over after a week
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


@dataclass(slots=True)
class Database:
    """A running PostgreSQL server; `folder` keeps its data, password and log between runs."""

    folder: Path
    port: int
    password: str = field(repr=False)
    settings: Mapping[str, str]
    account: Account
    programs: Programs
    service: Service

    @classmethod
    def start(cls, folder: Path, port: int | None = None, settings: Mapping[str, str] | None = None) -> Self:
        """Start the server whose data is in `folder` (made when empty) and return once it accepts connections.

        `settings` are PostgreSQL's own, over `SETTINGS`. Without `port` a free one is taken.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        owner = account()
        found = programs()
        chosen = dict(SETTINGS) | dict(settings or {})
        make_data(folder, owner, found, sync=chosen["fsync"] == "on")
        check_version(folder / "data", found)
        password = (folder / "password").read_text().strip()
        service = Service(folder, owner, STOP_SIGNALS["fast"])
        database = cls(folder, port or free_port(), password, chosen, owner, found, service)
        database._launch(may_move=port is None)
        database._follow_timescaledb()
        return database

    @property
    def data(self) -> Path:
        """Return PostgreSQL's data folder."""
        return self.folder / "data"

    def url(self, dbname: str = "nongvu", user: str = SUPERUSER, password: str | None = None) -> str:
        """Return the address of a database; it holds the password, so it must not be logged."""
        secret = self.password if password is None else password
        name, word, database = (quote(part, safe="") for part in (user, secret, dbname))
        return f"postgresql://{name}:{word}@127.0.0.1:{self.port}/{database}"

    def create(self, dbname: str, template: str | None = None) -> str:
        """Create a database, as a copy of `template` when given, and return its url.

        A template is copied as files: twice as fast as through the log for one of 10 MB.
        """
        order = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(dbname))
        if template is not None:
            order += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
        self._execute(order)
        return self.url(dbname)

    def exists(self, dbname: str) -> bool:
        """Say whether the database exists."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [dbname]).fetchone() is not None

    def freeze(self, dbname: str) -> None:
        """Turn a database into a template: nobody may connect, TimescaleDB's scheduler for it ends."""
        name = sql.Identifier(dbname)
        self._execute(sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true").format(name))
        self._execute(
            sql.SQL("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = {}").format(dbname)
        )

    def drop(self, dbname: str) -> None:
        """Drop the database with all its connections."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(dbname)))

    def stop(self, mode: Literal["smart", "fast", "immediate"] = "fast") -> None:
        """Stop the server: "fast" ends connections, "smart" waits for them, "immediate" leaves work to recovery."""
        if mode != "fast" and self.service.pid is not None:
            os.kill(self.service.pid, STOP_SIGNALS[mode])
            self.service.wait()
        self.service.stop()

    def kill(self) -> None:
        """Kill the server and all its processes at once (SIGKILL), as a power cut would."""
        self.service.kill()
        kill_all(working_in(self.data, "postgres"))

    def restart(self) -> None:
        """Stop (when running) and start again, on the same port."""
        self.stop()
        self._launch(may_move=False)

    def running(self) -> bool:
        """Say whether the server runs."""
        return self.service.running()

    def _follow_timescaledb(self) -> None:
        """Update the extension of every database when the programs have brought another version since the last start.

        It must be the first command of its session: any other would look for the old version's library.
        """
        mark = self.folder / "timescaledb"
        offered = ".".join(map(str, timescaledb_version(self.programs.postgres)))
        if mark.exists() and mark.read_text().strip() != offered:
            with psycopg.connect(self.url("template1"), autocommit=True) as connection:
                rows = connection.execute("SELECT datname FROM pg_database WHERE datallowconn").fetchall()
            for (name,) in rows:
                with psycopg.connect(self.url(name), autocommit=True) as connection, suppress(UndefinedObject):
                    connection.execute("ALTER EXTENSION timescaledb UPDATE")
        mark.write_text(offered + "\n")

    def _execute(self, order: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(order)

    def _launch(self, *, may_move: bool) -> None:
        for _ in range(5 if may_move else 1):
            if not may_move and not is_free(self.port):
                raise ServiceStartError(f"port {self.port} is taken by another program")
            try:
                self.service.start(self._command(), self._ready, before=lambda: tidy(self.data))
            except ServiceInUseError:
                raise
            except ServiceStartError:
                if not may_move or is_free(self.port):
                    raise ServiceStartError(f"PostgreSQL did not start:\n{self.last_lines()}") from None
                self.port = free_port()
            else:
                return
        raise ServiceStartError("PostgreSQL found no free port in five attempts")

    def _command(self) -> list[str]:
        options = [text for name, value in self.settings.items() for text in ("-c", f"{name}={value}")]
        return [str(self.programs.path("postgres")), "-D", str(self.data), "-p", str(self.port), *options]

    def _ready(self) -> bool:
        """PostgreSQL writes "ready" into the eighth line of its pid file once it accepts connections."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[0] == str(self.service.pid) and lines[7].strip() == "ready"

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the newest log."""
        logs = sorted((self.data / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        text = logs[-1].read_text(errors="replace") if logs else ""
        return "\n".join([self.service.last_lines(count), *text.splitlines()[-count:]])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def make_data(folder: Path, owner: Account, found: Programs, *, sync: bool = True) -> None:
    """Make the data folder when there is none; a half-made one of an earlier crash is thrown away."""
    data, new = folder / "data", folder / "data.new"
    if data.is_dir():
        claim(data, owner)
        return
    shutil.rmtree(new, ignore_errors=True)
    password = secrets.token_urlsafe(24)
    _write_secret(folder / "password", password)
    claim(new, owner)
    handed = folder / "password.new"
    _write_secret(handed, password)
    if owner.uid is not None and owner.gid is not None:
        os.chown(handed, owner.uid, owner.gid)
    try:
        _initdb(new, handed, owner, found, () if sync else ("--no-sync",))
    finally:
        handed.unlink()
    new.rename(data)


def check_version(data: Path, found: Programs) -> None:
    """Say clearly when the data was made by another major version than the programs'."""
    made, offered = int((data / "PG_VERSION").read_text()), found.postgres_version[0]
    if made != offered:
        raise ServiceStartError(
            f"the data in {data} is PostgreSQL {made}'s, but this machine's programs are PostgreSQL {offered}'s. "
            f"Remedy: install PostgreSQL {made} with TimescaleDB beside it and upgrade the data with pg_upgrade, "
            "or restore a backup into an empty folder"
        )


def _write_secret(path: Path, secret: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret + "\n")


def _initdb(data: Path, password: Path, owner: Account, found: Programs, more: Sequence[str]) -> None:
    # PostgreSQL 17 brings its own C.UTF-8, the same on every machine; 16 has the C library's.
    provider = "builtin" if found.postgres_version >= (17,) else "libc"
    done = subprocess.run(
        [
            str(found.path("initdb")),
            "-D",
            str(data),
            "--username",
            SUPERUSER,
            "--pwfile",
            str(password),
            "--auth=scram-sha-256",
            f"--locale-provider={provider}",
            "--locale=C.UTF-8",
            "--encoding=UTF8",
            *more,
        ],
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=data.parent,
        user=owner.uid,
        group=owner.gid,
        extra_groups=None if owner.uid is None else [],
    )
    if done.returncode:
        raise ServiceStartError(f"initdb failed:\n{done.stdout[-2000:]}")


def tidy(data: Path) -> None:
    """Clear what a crashed run left: its processes (nobody guards them any more) and its pid file.

    Called with the folder's lock held, so no living guard owns them. The pid file would stop PostgreSQL
    when its number has meanwhile gone to another program (after a restart of the machine it soon does).
    """
    pid_file = data / "postmaster.pid"
    orphans = working_in(data, "postgres")
    if orphans and pid_file.exists():
        postmaster = pid_file.read_text().split("\n", 1)[0].strip()
        if postmaster.isdigit() and int(postmaster) in orphans:
            end(int(postmaster), STOP_SIGNALS["fast"], ORPHAN_GRACE)
    kill_all(working_in(data, "postgres"))
    pid_file.unlink(missing_ok=True)
