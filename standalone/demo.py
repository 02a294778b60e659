"""A replay as people see it: a progress bar, the addresses to open, the counts, an exit code that is true."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from standalone.lockstep import StuckError
from standalone.replay import Options, Passed, Replay, Report
from standalone.services import ServiceStartError, ServicesUnavailableError, temporary_folder

WRONG_SETTINGS = 2
#: Exit code of a replay that somebody stopped before its end: as a shell gives it after Ctrl-C.
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Shown:
    """How much is shown."""

    once: bool
    as_json: bool
    verbose: bool


def show_demo(options: Callable[[Path], Options], keep: Path | None, shown: Shown) -> int:
    """Run the demo in a folder that is kept or thrown away; returns the exit code."""
    level = logging.DEBUG if shown.verbose else logging.WARNING
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    with contextlib.ExitStack() as stack:
        if keep is None:
            folder = stack.enter_context(temporary_folder("nongvu-demo-"))
        else:
            keep.mkdir(parents=True, exist_ok=True)
            folder = keep.resolve()
        try:
            return asyncio.run(_demo(Replay(options(folder)), shown))
        except ValueError as error:
            sys.stderr.write(f"{error}\n")
            return WRONG_SETTINGS
        except (ServicesUnavailableError, ServiceStartError, StuckError) as error:
            sys.stderr.write(f"{error}\nLogs: {folder / 'logs'}{'' if keep else ' (thrown away; use --keep)'}\n")
            return 1


async def _demo(replay: Replay, shown: Shown) -> int:
    console = Console(stderr=True)
    async with _stoppable() as stopped:
        starting = console.status("Starting database, broker and processes")
        starting.start()
        async with replay.opened():
            starting.stop()
            if not shown.as_json:
                console.print(f"Farmers' page: [bold]{replay.platform.page}[/]  (it fills while the replay runs)")
            whole = await _until(replay.run(_progress(console, replay)), stopped)
            report = await replay.report()
            _print(report, console, shown)
            if not shown.once and not stopped.is_set():
                _addresses(console, replay)
                await stopped.wait()
    code = _judge(replay, report)
    return code if whole else INTERRUPTED


def _judge(replay: Replay, report: Report) -> int:
    complete = report.readings_sent == report.readings_stored and report.duplicates == 0 and report.readings_sent > 0
    problems = replay.unclean()
    if not complete:
        problems.insert(0, f"sent {report.readings_sent}, stored {report.readings_stored}")
    for problem in problems:
        sys.stderr.write(f"not right: {problem}\n")
    return 1 if problems else 0


def _print(report: Report, console: Console, shown: Shown) -> None:
    if shown.as_json:
        sys.stdout.write(json.dumps(report.as_dict()) + "\n")
        sys.stdout.flush()
        return
    for name, value in report.as_dict().items():
        console.print(f"  {name.replace('_', ' '):16} {value:>12,}")


def _addresses(console: Console, replay: Replay) -> None:
    folder = replay.options.folder
    console.print(f"\nFarmers' page  {replay.platform.page}")
    console.print(f"API            {replay.platform.page}v1/stations  (documentation: {replay.platform.page}docs)")
    console.print(f"Messages       {folder / 'messages'}")
    console.print(f"Logs           {folder / 'logs'}")
    console.print("Ctrl-C ends everything.")


def _progress(console: Console, replay: Replay) -> Passed:
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("hours"), TimeRemainingColumn(),
        console=console, transient=True,
    )  # fmt: skip
    task = bar.add_task(f"{replay.start:%Y-%m-%d}", total=replay.ticks)
    bar.start()

    async def passed(number: int, total: int, moment: datetime) -> None:
        bar.update(task, completed=number, description=f"{moment:%Y-%m-%d}")
        if number == total:
            bar.stop()

    return passed


@contextlib.asynccontextmanager
async def _stoppable() -> AsyncIterator[asyncio.Event]:
    """Event that Ctrl-C or SIGTERM sets; a second one ends at once."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        stopped.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    with _handlers_removed(loop):
        yield stopped


@contextlib.contextmanager
def _handlers_removed(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def _until(work: Coroutine[None, None, None], stopped: asyncio.Event) -> bool:
    """Run the work, or leave it where somebody asks to stop; says whether it was finished."""
    running = asyncio.create_task(work)
    waiting = asyncio.create_task(stopped.wait())
    try:
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
            return True
        return False
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
