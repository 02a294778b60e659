"""The platform of one farm or co-operative on this machine, with the real clock and a folder that stays."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.console import Console

from standalone.platform import Plan, Platform
from standalone.services import free_port, program
from store import standalone
from store.patience import Patience
from store.pool import pool

log = structlog.get_logger(__name__)

#: Pause between two looks for gateways that were added meanwhile [s].
LOOK = 3.0
FIRST_STEPS = """\
First steps, in another terminal:
  set -a; . {environment}; set +a          settings for the other commands
  nongvu place import --register lang-son  the province and its communes, or 'nongvu place add' your own
  nongvu place add my-station station "My station" --parent <commune>
  nongvu gateway add my-gateway --station my-station
  nongvu edge new my-gateway.toml          then: nongvu up --gateway my-gateway.toml
The password of a gateway on the broker lies in {secrets}/<gateway>, a few seconds after it was added;
delete the file, and a few seconds later there is a new one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How ``nongvu up`` was asked to run."""

    folder: Path
    host: str
    port: int
    broker_host: str
    broker_port: int
    gateways: Sequence[Path]


def default_folder() -> Path:
    """Where data stay: the system's folder for root (services run as another user), else the user's own."""
    if os.geteuid() == 0:
        return Path("/var/lib/nongvu")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "nongvu"


def database_port(folder: Path) -> int:
    """Port of the database: the same at every start."""
    file = folder / "ports.json"
    if file.exists():
        return int(json.loads(file.read_text())["database"])
    port = free_port()
    file.write_text(json.dumps({"database": port}) + "\n")
    return port


async def run(settings: Settings) -> int:
    """Run everything until Ctrl-C or SIGTERM; returns the exit code."""
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
    settings.folder.mkdir(parents=True, exist_ok=True)
    environment = {"NONGVU_API_HOST": settings.host, "NONGVU_MESSAGES": str(settings.folder / "messages")}
    plan = Plan(
        settings.folder.resolve(), (), "real", settings.port, settings.broker_port, database_port(settings.folder),
        settings.broker_host, environment,
    )  # fmt: skip
    platform, console, stopped = Platform(plan), Console(stderr=True), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    admitting: asyncio.Task[None] | None = None
    try:
        with console.status("Starting database, broker and processes"):
            await platform.start()
            admitting = asyncio.create_task(_admit(platform), name="admit gateways")
            await platform.run_server()
            for path in settings.gateways:
                await platform.run(f"edge-{path.stem}", "edge", "run", str(path.resolve()))
        _say(console, platform, write_environment(platform))
        await stopped.wait()
    finally:
        if admitting is not None:
            admitting.cancel()
            await asyncio.gather(admitting, return_exceptions=True)
        codes = await platform.stop()
    return 1 if any(codes.values()) else 0


def write_environment(platform: Platform) -> Path:
    """Write the settings that other commands need to a file that only its owner can read."""
    file = platform.plan.folder / "environment"
    names = ("NONGVU_DATABASE_URL", "NONGVU_MQTT_URL", "NONGVU_MQTT_PASSWORDS", "NONGVU_API_PORT", "NONGVU_MESSAGES")
    values = platform.environment() | {"NONGVU_DATABASE_URL": platform.database_url}  # who administers is the owner
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as new:
        new.writelines(f"{name}={shlex.quote(values[name])}\n" for name in names)
        # pg_dump and pg_restore of this server, for backups
        new.write(f'PATH={shlex.quote(str(program("pg_dump").parent))}:"$PATH"\n')
    return file


async def _admit(platform: Platform) -> None:
    """Let the gateways of the table speak to the broker, and those that are revoked no longer."""
    known, patience = list[str](), Patience("admit gateways")
    async with pool(platform.database_url, name="up", most=1) as connections:
        while True:
            found = known
            async with patience, connections.connection() as connection:
                found = await standalone.admitted(connection)
            if found != known or not all((platform.secrets / code).exists() for code in found):
                await asyncio.to_thread(platform.admit, found)
                log.info("gateways admitted", gateways=found)
                known = found
            await asyncio.sleep(LOOK)


def _say(console: Console, platform: Platform, environment: Path) -> None:
    console.print(f"Farmers' page  {platform.page}")
    console.print(f"Broker         {platform.broker.url}")
    console.print(f"Data           {platform.plan.folder}")
    console.print(f"Logs           {platform.logs}\n")
    console.print(FIRST_STEPS.format(environment=environment, secrets=platform.secrets), markup=False, soft_wrap=True)
    console.print("\n'nongvu doctor' says whether all is well. Ctrl-C ends everything.")


def take_environment(folder: Path) -> None:
    """Take the settings that `write_environment` wrote, where none are set."""
    file = folder / "environment"
    if not file.is_file():
        return
    for line in file.read_text().splitlines():
        name, _, value = line.partition("=")
        if not name.startswith("NONGVU_"):
            continue
        os.environ.setdefault(name, "".join(shlex.split(value)))
