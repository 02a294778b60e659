"""`nongvu edge run`: a gateway from its file, until it is told to stop.

Imported by itself, as little as it needs: this process stays, on a machine with little memory. What reads the arguments
of the other commands, and what questions and scans are made of, takes 15 MB.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

from edge.process_settings import read as read_settings
from edge.remote_config import RemoteConfig
from edge.run import Running
from edge.settings import GatewayFile, GatewayFileError, parse, read
from edge.single_instance import AlreadyRunningError, hold
from telemetry.process import WRONG_SETTINGS, configure_log
from telemetry.process import run as run_process


def run(path: Path) -> None:
    """Run the gateway whose file this is; exits with code 2 where its file or settings are wrong."""
    settings = read_settings()
    file = _read(path)
    try:
        hold(file.buffer.path)
    except AlreadyRunningError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
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


def _read(path: Path) -> GatewayFile:
    try:
        return read(path)
    except GatewayFileError as error:
        refuse(path, error.problems)


def refuse(path: Path, problems: list[str]) -> NoReturn:
    """Say what is wrong with a file, and end."""
    sys.stderr.write(f"{path} is wrong; nothing was started:\n")
    for problem in problems:
        sys.stderr.write(f"  {problem}\n")
    raise SystemExit(WRONG_SETTINGS)
