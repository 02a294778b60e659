"""The command `nongvu`: a sub-command per package, each loaded only when it is called."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import re
import signal
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

#: The folder in which our packages lie: this file's.
HOME = Path(__file__).resolve().parent


class Room(NamedTuple):
    """Where a sub-command lives, what it is for and which extra brings what it needs."""

    module: str
    says: str
    extra: str
    attribute: str = "app"
    #: Module whose ``run`` does ``nongvu ROOM run FILE`` by itself, where what reads arguments is too much to keep.
    runner: str = ""


ROOMS = {
    "demo": Room("standalone.commands", "Replay recorded weather through the whole platform.", "server", "demo"),
    "up": Room("standalone.commands", "Run everything on this machine, for one farm or co-operative.", "server", "up"),
    "doctor": Room("standalone.commands", "Check everything, say what is wrong and what to do.", "server", "doctor"),
    "edge": Room("edge.commands", "The gateway: run, probe, models, check, new.", "edge", runner="edge.gateway"),
    "ingest": Room("ingest.commands", "From the wire into the tables: run, import, aside.", "server"),
    "analytics": Room(
        "analytics.run.commands.analytics", "Readings to meaning: run, backfill, explain, plot, skill.", "server"
    ),
    "rule": Room("analytics.run.commands.rule", "Alert rules: list, check, preview, set.", "server"),
    "notify": Room("notify.commands.notify", "Alerts to people: run, test, preview, queue, retry.", "server"),
    "subscriber": Room("notify.commands.subscriber", "People who get messages, and their consent.", "server"),
    "api": Room("api.commands.api", "The web: run.", "server"),
    "key": Room("api.commands.key", "API keys: add, list, rotate, revoke.", "server"),
    "account": Room("api.commands.account", "Accounts of people and their roles.", "server"),
    "store": Room("store.commands.tables", "The tables: migrate, check, backup, restore.", "server"),
    "place": Room("store.commands.place", "Provinces, communes, farms, fields, stations: add, import, list.", "server"),
    "season": Room("store.commands.season", "Crops, what is sown where: add, import, list, set, end.", "server"),
    "gateway": Room("store.commands.gateway", "Gateways: add, list, rotate, revoke, command, configure.", "server"),
    "dashboards": Room("dashboards.commands", "Grafana boards: build, provision, preview.", "dashboards"),
}


#: Our own packages: one that is missing is a broken installation, not an extra.
OURS = frozenset(room.module.split(".")[0] for room in ROOMS.values()) | {"telemetry", "store"}
#: A line of what a distribution put into the folder that it shares with us.
_PUT_THERE = re.compile(rf"^({'|'.join(sorted(OURS))})(?:/|\.py,)", re.MULTILINE)

#: Exit code of wrong settings, another's code, unusable texts: another try would not help.
REFUSED = 2

HELP = """Usage: nongvu COMMAND [ARGS]...

  Nông Vụ, the farming season: sensors, warnings and advice for a province's
  agriculture. 'nongvu COMMAND --help' says more.

Commands:
"""


def listing() -> str:
    """Text of ``nongvu --help``, made without importing any room."""
    width = max(map(len, ROOMS))
    return HELP + "".join(f"  {name:<{width}}  {room.says}\n" for name, room in ROOMS.items())


def keep_to_own_code() -> None:
    """Import nothing from the folder in which the command was typed, nor let any Python started from here do so."""
    os.environ["PYTHONSAFEPATH"] = "1"
    if not sys.flags.safe_path and sys.path and Path(sys.path[0] or os.curdir).resolve() != HOME:
        del sys.path[0]


def foreign() -> Iterator[str]:
    """Say of each of our packages what would be imported in its place, or was written into it, and what to do."""
    for name in sorted(OURS):
        spec = find_spec(name)
        if spec is None or (spec.origin is None and str(HOME / name) in (spec.submodule_search_locations or ())):
            yield f"{name!r} is incomplete in {HOME}: install Nông Vụ again (pip install --force-reinstall --no-deps)"
        elif Path(spec.origin or "/").resolve() != HOME / name / "__init__.py":
            where = _where(spec)
            yield f"{name!r} is not ours but {where}: take its folder off PYTHONPATH and sys.path, or rename it"
    for other in importlib.metadata.distributions(path=[str(HOME)]):
        theirs = sorted({found[1] for found in _PUT_THERE.finditer(other.read_text("RECORD") or "")})
        if theirs and other.name.lower() != "nongvu":
            yield (
                f"the package {other.name!r} has files of its own in {', '.join(theirs)}: uninstall it,"
                " then install Nông Vụ again (pip install --force-reinstall --no-deps), or give each its environment"
            )


def _where(spec: ModuleSpec) -> str:
    return spec.origin or ", ".join(spec.submodule_search_locations or ()) or "unknown"


def enter(name: str, arguments: list[str]) -> None:
    """Import the room of a sub-command and hand it the rest of the line."""
    room = ROOMS[name]
    try:
        if room.runner and len(arguments) == 2 and arguments[0] == "run" and not arguments[1].startswith("-"):
            importlib.import_module(room.runner).run(Path(arguments[1]))
        else:
            getattr(importlib.import_module(room.module), room.attribute)(args=arguments, prog_name=f"nongvu {name}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if not missing or missing in OURS:
            raise
        sys.exit(f"'nongvu {name}' needs {missing!r}: pip install 'nongvu[{room.extra}]'")
    except ValueError as error:
        from telemetry.language import LanguageError

        if not isinstance(error, LanguageError):
            raise
        sys.stderr.write(f"nongvu: {error}\n")
        sys.exit(REFUSED)


def main() -> None:
    """Run the command."""
    keep_to_own_code()
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("--help", [])
    if name in {"--help", "-h", "help"}:
        sys.stdout.write(listing())
        return
    if name == "--version":
        from importlib.metadata import version

        sys.stdout.write(f"nongvu {version('nongvu')}\n")
        return
    if name not in ROOMS:
        sys.stderr.write(f"nongvu: there is no command {name!r}\n\n{listing()}")
        sys.exit(2)
    if wrong := list(foreign()):
        sys.stderr.write("".join(f"nongvu: {text}\n" for text in wrong))
        sys.exit(REFUSED)
    if arguments[:1] == ["run"]:  # told to stop before it has begun: a clean end, as later (telemetry.process)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        enter(name, arguments)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
