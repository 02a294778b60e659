"""Commands of the gateway: run, check, models."""

# ruff: noqa: PLC0415 — each command loads only what it needs

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from telemetry.settings import WRONG_SETTINGS

app = typer.Typer(no_args_is_help=True, help="The gateway: reads sensors, keeps the readings, sends them.")

GatewayPath = Annotated[Path, typer.Argument(metavar="GATEWAY.toml", help="The gateway's file.")]


@app.command()
def run(path: GatewayPath) -> None:
    """Run a gateway until it is told to stop (SIGTERM or Ctrl-C)."""
    from edge.remote_config import RemoteConfig
    from edge.run import Running
    from edge.settings import GatewayFileError, parse, read
    from telemetry.process import configure_log
    from telemetry.process import run as run_process
    from telemetry.settings import Settings
    from telemetry.settings import read as read_settings

    settings = read_settings(Settings)
    try:
        file = read(path)
    except GatewayFileError as error:
        _refuse(path, error.problems)
    configure_log(settings)

    async def main() -> None:
        config = RemoteConfig(path, file.buffer.path.parent)
        while True:  # ends by a signal only; a restart begins anew with the configuration then in force
            try:
                present = parse(config.text())
            except GatewayFileError as error:
                config.roll_back("; ".join(error.problems))
                continue
            await Running(present, settings.clock, config).run()

    run_process(main())


def _refuse(path: Path, problems: list[str]) -> None:
    sys.stderr.write(f"{path} is wrong; nothing was started:\n")
    for problem in problems:
        sys.stderr.write(f"  {problem}\n")
    raise SystemExit(WRONG_SETTINGS)


@app.callback()
def _room() -> None:
    pass
