"""Settings of the gateway's process: `NONGVU_CLOCK`, `NONGVU_LOG`, `NONGVU_LOG_FORMAT`, as every process has them.

Read here with the gateway's own means: see `edge.schema`. What else every process takes (metrics) a gateway has not.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from edge.schema import Data, DataError, dotted
from telemetry.process import WRONG_SETTINGS, secret_folders


class ProcessSettings(Data):
    """What the gateway's process can be told; its sensors and its broker stand in the gateway's file."""

    #: 'replayed' only under 'nongvu demo'.
    clock: Literal["real", "replayed"] = "real"
    #: Least level of the log.
    log: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"


def read() -> ProcessSettings:
    """Settings from the environment, or name every problem on standard error and exit with code 2."""
    try:
        return ProcessSettings.model_validate(_given(os.environ))
    except DataError as error:
        sys.stderr.write("These settings are wrong; nothing was started:\n")
        for place, text in error.problems:
            sys.stderr.write(f"  NONGVU_{dotted(place).upper()}: {text}\n")
        raise SystemExit(WRONG_SETTINGS) from None


def _given(environment: Mapping[str, str]) -> dict[str, str]:
    """What is set, by name: in the environment, else as a file in a folder of secrets."""
    stated = {name.lower(): value for name, value in environment.items()}
    given = {}
    for name in ("clock", "log", "log_format"):
        if (value := stated.get(f"nongvu_{name}", _secret(f"nongvu_{name}"))) is not None:
            given[name] = value
    return given


def _secret(name: str) -> str | None:
    files = [folder / name for folder in reversed(secret_folders())]  # the last folder wins
    return next((file.read_text("utf-8").strip() for file in files if _readable(file)), None)


def _readable(file: Path) -> bool:
    return file.is_file() and os.access(file, os.R_OK)
