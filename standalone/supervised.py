"""One of the platform's processes, started as anybody would start it, and started again if it dies."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
#: Longest wait for a process to end after SIGTERM [s].
GRACE = 30.0
#: Pause before a process that died is started again [s]; doubles up to the second one while it keeps dying young.
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
#: A process that lived so long [s] had started well.
YOUNG = 5.0
#: So many deaths at its start, one after the other, and it will not live.
HOPELESS = 6
#: Exit code of wrong settings: another try would not help.
WRONG_SETTINGS = 2

#: Told of every end that nobody asked for: name, exit code.
Report = Callable[[str, int], None]

_LIBC = ctypes.CDLL(None)


def _end_with_parent() -> None:
    """Ask the kernel to stop this process when the one that started it dies, however hard (Linux)."""
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


@dataclass(slots=True)
class Supervised:
    """A ``nongvu`` command that runs until it is stopped; its output goes to `log`."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    report: Report
    #: Exit codes of ends that nobody asked for, and the code after the stop that was.
    deaths: list[int] = field(default_factory=list)
    exit_code: int | None = None
    _process: asyncio.subprocess.Process | None = None
    _task: asyncio.Task[None] | None = None
    _young_deaths: int = 0

    @property
    def hopeless(self) -> str:
        """Why starting it again does not help; empty while it may."""
        if self.deaths and self.deaths[-1] == WRONG_SETTINGS:
            return f"{self.name} refuses its settings: {self.last_lines(6)}"
        if self._young_deaths >= HOPELESS:
            return f"{self.name} died {self._young_deaths} times at its start: {self.last_lines(6)}"
        return ""

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the process and watch it."""
        await self._launch()
        self._task = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def stop(self) -> int:
        """Stop it in order and return its exit code; after `GRACE` it is killed, which counts as unclean."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        process = self._process
        if process is None:
            return 0
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), GRACE)
            except TimeoutError:
                process.kill()
                await process.wait()
        self.exit_code = process.returncode if process.returncode is not None else -1
        return self.exit_code

    def kill(self) -> None:
        """Kill it at once (SIGKILL): it is started again."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, signal.SIGKILL)

    async def _launch(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "nongvu", *self.arguments,  # -P: never a notify.py of the caller's folder
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=dict(self.environment),
                start_new_session=True, preexec_fn=_end_with_parent,
            )  # fmt: skip

    async def _watch(self) -> None:
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while self._process is not None:
            started = loop.time()
            code = await self._process.wait()
            self.deaths.append(code)
            self.report(self.name, code)
            if code == WRONG_SETTINGS:
                return
            young = loop.time() - started < YOUNG
            self._young_deaths = self._young_deaths + 1 if young else 0
            pause = min(2 * pause, LONGEST_PAUSE) if young else FIRST_PAUSE
            await asyncio.sleep(pause)
            await self._launch()

    def last_lines(self, count: int = 12) -> str:
        """Return the end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:])
