"""Database, broker and every process on this machine, watched; what dies is started again, and said."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import structlog

from standalone import database_access
from standalone.broker_access import admit, options
from standalone.services import Broker, Database, free_port, program_environment
from standalone.services.folders import compiled_once
from standalone.supervised import Supervised
from store.migrate import migrate

log = structlog.get_logger(__name__)

DATABASE = "nongvu"
#: Pause between two looks at the services [s].
LOOK = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run, and where."""

    folder: Path
    gateways: Sequence[str]
    clock: str
    api_port: int
    broker_port: int | None = None
    database_port: int | None = None
    listen: str = "127.0.0.1"
    #: Further settings of all processes.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: PostgreSQL's settings over those of the embedded server.
    database_settings: Mapping[str, str] = field(default_factory=dict)


class Platform:
    """All of it; `start`, then `run` processes, then `stop`."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.processes: dict[str, Supervised] = {}
        #: Services that died and were started again, in order.
        self.revived: list[str] = []
        #: Address of the database for each process, by its least role.
        self._database_urls: dict[str, str] = {}
        self._database: Database | None = None
        self._broker: Broker | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def database(self) -> Database:
        """The running server."""
        if self._database is None:
            raise RuntimeError("the database was not started")
        return self._database

    @property
    def broker(self) -> Broker:
        """The running broker."""
        if self._broker is None:
            raise RuntimeError("the broker was not started")
        return self._broker

    @property
    def database_url(self) -> str:
        """Address of the platform's database for its owner, who migrates and administers; it holds the password."""
        return self.database.url(DATABASE)

    @property
    def secrets(self) -> Path:
        """Folder of the broker's passwords, one file a user."""
        return self.plan.folder / "secrets"

    @property
    def logs(self) -> Path:
        """Folder of the processes' logs."""
        return self.plan.folder / "logs"

    @property
    def page(self) -> str:
        """Address of the farmers' page."""
        return f"http://127.0.0.1:{self.plan.api_port}/"

    async def start(self) -> Self:
        """Start database and broker, and bring the tables up to date."""
        self.logs.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._start_database)
        await asyncio.to_thread(migrate, self.database_url)
        self._database_urls = await asyncio.to_thread(database_access.admit, self.database_url)
        await asyncio.to_thread(self._start_broker)
        self._watching = asyncio.create_task(self._watch(), name="watch services")
        return self

    def _start_database(self) -> None:
        plan = self.plan
        self._database = Database.start(plan.folder / "database", plan.database_port, plan.database_settings)
        if not self._database.exists(DATABASE):
            self._database.create(DATABASE)

    def _start_broker(self) -> None:
        folder = self.plan.folder / "broker"
        data = folder.resolve() / "data"
        admit(data, self.secrets, self.plan.gateways)
        self._broker = Broker.start(folder, self.plan.broker_port, options(data, self.plan.listen))

    def admit(self, gateways: Sequence[str]) -> None:
        """Let further gateways speak to the running broker."""
        admit(self.broker.data, self.secrets, gateways)
        self.broker.reload()

    async def run(self, name: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Supervised:
        """Start ``nongvu <arguments>`` under a name."""
        own = self.environment() | dict(environment or {})
        if url := self._database_urls.get(arguments[0]):
            own["NONGVU_DATABASE_URL"] = url
        process = Supervised(name, arguments, own, self.logs / f"{name}.log", self._died)
        self.processes[name] = process
        await process.start()
        return process

    async def run_server(self) -> None:
        """Start ingest, analytics, notify and the API."""
        await self.run("ingest", "ingest", "run")
        await self.run("analytics", "analytics", "run")
        await self.run("notify", "notify", "run")
        await self.run("api", "api", "run")

    def environment(self) -> dict[str, str]:
        """Settings of every process; `run` adds the address by which it signs in to the database, if it may."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("NONGVU_")}
        return compiled_once(kept) | program_environment() | {
            "NONGVU_MQTT_URL": self.broker.url,
            "NONGVU_MQTT_PASSWORDS": str(self.secrets),
            "NONGVU_CLOCK": self.plan.clock,
            "NONGVU_API_PORT": str(self.plan.api_port),
            "NONGVU_PUBLIC_URL": self.page.rstrip("/"),
            "NONGVU_SECURE_COOKIES": "false",  # plain http on the loopback address
        } | dict(self.plan.environment)  # fmt: skip

    async def stop(self) -> dict[str, int]:
        """Stop everything in order, gateways first; exit codes by process."""
        codes = {}
        gateways = [name for name in self.processes if name.startswith("edge")]
        for name in [*gateways, *(name for name in self.processes if name not in gateways)]:
            codes[name] = await self.processes[name].stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await asyncio.to_thread(self._stop_services)
        return codes

    def _stop_services(self) -> None:
        if self._broker is not None:
            self._broker.stop()
        if self._database is not None:
            self._database.stop()

    def hopeless(self) -> str:
        """Say why the platform cannot go on; empty while it can."""
        return "; ".join(filter(None, (process.hopeless for process in self.processes.values())))

    def _died(self, name: str, code: int) -> None:
        process = self.processes[name]
        again = "started again" if code != 2 else "not started again: its settings are wrong"
        log.error("process died", process=name, code=code, then=again, log=str(process.log), end=process.last_lines(4))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            services: list[tuple[str, Database | Broker]] = [("database", self.database), ("broker", self.broker)]
            for name, service in services:
                if not service.running():
                    log.error("service died", service=name, then="started again")
                    await asyncio.to_thread(service.restart)
                    self.revived.append(name)


def api_port(asked: int | None) -> int:
    """Port asked for, or any free one."""
    return asked or free_port()
