"""The command `nongvu`: a sub-command per package, each loaded only when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import NamedTuple

import click
import typer
from typer.core import TyperGroup


class Room(NamedTuple):
    """Where a sub-command lives, what it is for and which extra brings what it needs."""

    module: str
    says: str
    extra: str
    attribute: str = "app"


ROOMS = {
    "demo": Room("standalone.commands", "Replay recorded weather through the whole platform.", "server", "demo"),
    "up": Room("standalone.commands", "Run everything on this machine, for one farm or co-operative.", "server", "up"),
    "doctor": Room("standalone.commands", "Check everything, say what is wrong and what to do.", "server", "doctor"),
    "edge": Room("edge.commands", "The gateway: run, probe, models, check, new.", "edge"),
    "ingest": Room("ingest.commands", "From the wire into the tables: run, import, aside.", "server"),
    "analytics": Room("analytics.run.commands", "Readings to meaning: run, backfill, explain, plot, skill.", "server"),
    "rule": Room("analytics.run.rule_commands", "Alert rules: list, check, preview, set.", "server"),
    "notify": Room("notify.commands", "Alerts to people: run, test, preview, queue, retry.", "server"),
    "subscriber": Room("notify.subscriber_commands", "People who get messages, and their consent.", "server"),
    "api": Room("api.commands", "The web: run.", "server"),
    "key": Room("api.key_commands", "API keys: add, list, rotate, revoke.", "server"),
    "account": Room("api.account_commands", "Accounts of people and their roles.", "server"),
    "store": Room("store.commands", "The tables: migrate, check, backup, restore.", "server"),
    "place": Room("store.place_commands", "Provinces, communes, farms, fields, stations: add, import, list.", "server"),
    "gateway": Room("store.gateway_commands", "Gateways: add, list, rotate, revoke, command, configure.", "server"),
    "dashboards": Room("dashboards.commands", "Grafana boards: build, provision, preview.", "dashboards"),
}


class Rooms(TyperGroup):
    """Sub-commands that are imported when they are called, so that a gateway needs no server's packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Names, without importing anything."""
        return list(ROOMS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the room and return its command."""
        room = ROOMS.get(cmd_name)
        if room is None:
            return None
        try:
            found = getattr(importlib.import_module(room.module), room.attribute)
        except ModuleNotFoundError as error:
            missing = (error.name or "").split(".")[0]
            message = f"'nongvu {cmd_name}' needs {missing!r}: pip install 'nongvu[{room.extra}]'"
            raise click.ClickException(message) from error
        command: click.Command = typer.main.get_command(found)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List every room with what it is for."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, room.says) for name, room in ROOMS.items()])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Plain help, since the rooms are not loaded for it."""
        click.Group.format_help(self, ctx, formatter)


app = typer.Typer(cls=Rooms, no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def nongvu() -> None:
    """Nông Vụ, the farming season: sensors, warnings and advice for a province's agriculture."""


def main() -> None:
    """Run the command."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
