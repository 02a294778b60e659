"""What gateways are told, and what they answer and say of their state: commands, configurations, births, statuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from psycopg.types.json import Jsonb

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class WaitingCommand:
    """A command that no gateway was told yet."""

    id: str
    code: str
    action: Literal["read_now", "restart", "set_relay"]
    arguments: dict[str, Any]
    expires: datetime


@dataclass(frozen=True, slots=True)
class WaitingConfig:
    """The newest configuration of a gateway, which it was not told yet."""

    gateway: int
    code: str
    revision: int
    toml: str


async def born(connection: Connection, gateway: int, birth: object) -> None:
    """Keep what a gateway said at its birth."""
    await query.run(connection, "gateway", "born", gateway=gateway, birth=Jsonb(birth))


async def note_statuses(connection: Connection, statuses: Mapping[str, str], at: datetime) -> None:
    """Keep the last status (JSON) of gateways by their codes."""
    values = {"code": list(statuses), "status": list(statuses.values()), "at": at}
    await query.run(connection, "gateway", "status", **values)


async def waiting_commands(connection: Connection) -> list[WaitingCommand]:
    """Commands to tell, the oldest first."""
    return await query.rows(connection, WaitingCommand, "gateway", "commands_waiting")


async def note_command_told(connection: Connection, command: str) -> None:
    """Note that a command was published."""
    await query.run(connection, "gateway", "command_published", id=command)


async def expire_command(connection: Connection, command: str, at: datetime) -> None:
    """Note that a command came too late to be published."""
    await query.run(connection, "gateway", "command_expired", id=command, at=at)


async def note_reply(
    connection: Connection, gateway: str, command: str, outcome: str, detail: str, time: datetime
) -> None:
    """Note what a gateway answers to a command; that it was repeated changes no outcome."""
    values = {"id": command, "outcome": outcome, "detail": detail, "time": time, "gateway": gateway}
    await query.run(connection, "gateway", "replied", **values)


async def waiting_configs(connection: Connection) -> list[WaitingConfig]:
    """Configurations to tell."""
    return await query.rows(connection, WaitingConfig, "gateway", "configs_waiting")


async def note_config_told(connection: Connection, gateway: int, revision: int) -> None:
    """Note that a configuration, and those before it, need be told no more."""
    await query.run(connection, "gateway", "config_published", gateway=gateway, revision=revision)


async def note_configured(
    connection: Connection, gateway: str, revision: int, outcome: str, reasons: Sequence[str], time: datetime
) -> None:
    """Note what became of a configuration at its gateway."""
    values = {"gateway": gateway, "revision": revision, "outcome": outcome, "time": time}
    await query.run(connection, "gateway", "configured", **values, reasons=Jsonb(list(reasons)))
