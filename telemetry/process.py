"""How every long-running part logs and stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol

import structlog

#: Exit code of wrong settings or usage.
WRONG_SETTINGS = 2


def secret_folders() -> list[Path]:
    """Folders in which a setting may stand as a file named like its variable, in small letters.

    Containers and systemd hand over secrets so: ``nongvu_database_url`` in one of them.
    """
    places = ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return [folder for folder in map(Path, filter(None, places)) if folder.is_dir()]


class LogSettings(Protocol):
    """How a process logs."""

    @property
    def log(self) -> str:
        """Least level."""

    @property
    def log_format(self) -> str:
        """``json`` or ``text``."""


def configure_log(settings: LogSettings, *further: Any) -> None:
    """One event a line with fields, on standard error, at the level asked for; ``further`` processors see it last."""
    level = logging.getLevelNamesMapping()[settings.log.upper()]
    last: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            *further,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run a process until it ends or is told to stop by SIGTERM or SIGINT; a stop on purpose is a clean end.

    ``main`` is cancelled on the first signal and may finish what it holds; a second signal ends at once.
    """
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_until_stopped(main))


async def _until_stopped(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main, name="main")
    stopping = False

    def stop() -> None:
        nonlocal stopping
        stopping = True
        task.cancel()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(name)

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not stopping:
            raise
