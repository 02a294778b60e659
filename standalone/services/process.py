"""One guarded service process in one folder: start, stop, kill, and the tidying of what a crash left."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from standalone.services.errors import ServiceInUseError, ServiceStartError
from standalone.services.folders import Account

LOCK_PATIENCE = 10.0  # s; the guard of a run that was just killed may still be ending its service in order
GUARD = Path(__file__).with_name("guard.py")


@dataclass(slots=True)
class Service:
    """A program run by a guard that ends with us; `folder` holds its lock and log."""

    folder: Path
    account: Account
    stop_signal: int
    grace: float = 30.0  # s, from the request to stop until SIGKILL
    pid: int | None = None
    _guard: "subprocess.Popen[str] | None" = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        """Return the file that takes what the program prints."""
        return self.folder / "server.log"

    def start(
        self,
        argv: list[str],
        ready: Callable[[], bool],
        before: Callable[[], None] | None = None,
        timeout: float = 60.0,
    ) -> None:
        """Start `argv` and wait until `ready()`; raises ServiceStartError with the end of its log.

        `before` tidies the folder while its lock is held.
        """
        with self._lock() as lock:  # the guard holds it from here on
            if before is not None:
                before()
            self._guard = self._start_guard(argv, lock)
        try:
            line = self._guard.stdout.readline() if self._guard.stdout is not None else ""
            self.pid = int(line) if line.strip() else None
            self._wait_ready(argv[0], ready, timeout)
        except BaseException:  # also Ctrl-C: nothing stays behind half started
            self.stop()
            raise

    def _start_guard(self, argv: list[str], lock: IO[str]) -> "subprocess.Popen[str]":
        order = {
            "argv": argv,
            "cwd": str(self.folder),
            "log": str(self.log),
            "owner": os.getpid(),
            "user": self.account.uid,
            "group": self.account.gid,
            "stop_signal": self.stop_signal,
            "grace": self.grace,
        }
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(GUARD), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            pass_fds=[lock.fileno()],
        )

    def running(self) -> bool:
        """Say whether the program runs."""
        return self._guard is not None and self._guard.poll() is None

    def stop(self) -> None:
        """Ask the program to end in order, wait, and kill it after `grace`."""
        guard = self._guard
        if guard is None:
            return
        if guard.stdin is not None:
            guard.stdin.close()
        guard.wait(self.grace + 10)
        self._forget(guard)

    def kill(self) -> None:
        """Kill the program and its children at once, as a power cut would; another thread may restart it meanwhile."""
        guard, pid = self._guard, self.pid
        if guard is None or pid is None:
            return
        kill_all([pid, *children(pid)])
        guard.wait(10)
        self._forget(guard)

    def send(self, number: int) -> None:
        """Send the program a signal."""
        if self.pid is not None:
            _signal(self.pid, number)

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the program has ended by itself."""
        if self._guard is not None:
            self._guard.wait(timeout)

    def _forget(self, guard: "subprocess.Popen[str]") -> None:
        for stream in (guard.stdin, guard.stdout):
            if stream is not None and not stream.closed:
                stream.close()
        if self._guard is guard:
            self._guard, self.pid = None, None

    def _lock(self) -> IO[str]:
        lock = (self.folder / "lock").open("a")
        deadline = time.monotonic() + LOCK_PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    raise ServiceInUseError(
                        f"{self.folder} is in use by another process; stop that one first, or choose another folder"
                    ) from None
                time.sleep(0.05)
            else:
                return lock

    def _wait_ready(self, name: str, ready: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running():
                raise ServiceStartError(f"{Path(name).name} did not start:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise ServiceStartError(f"{Path(name).name} was not ready in {timeout:g} s:\n{self.last_lines()}")
            time.sleep(0.01)

    def last_lines(self, count: int = 15) -> str:
        """Return the end of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-count:]) if self.log.exists() else ""


def children(pid: int) -> list[int]:
    """Return the processes started by `pid`, and by those, as /proc lists them."""
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [process for child in map(int, listed) for process in (child, *children(child))]


def working_in(folder: Path, name: str) -> list[int]:
    """Return the processes called `name` whose working folder is `folder` (a PostgreSQL process: its data folder)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                place, called = (entry / "cwd").readlink(), (entry / "comm").read_text().strip()
            except OSError:
                continue
            if place == folder and called == name:
                found.append(int(entry.name))
    return found


def end(pid: int, number: int, grace: float) -> None:
    """Send a process a signal and wait for its end, `grace` seconds at most."""
    _signal(pid, number)
    deadline = time.monotonic() + grace
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def kill_all(pids: Iterable[int], timeout: float = 10.0) -> None:
    """Kill the processes and wait until none of them is left."""
    left = list(pids)
    for pid in left:
        _signal(pid, signal.SIGKILL)
    deadline = time.monotonic() + timeout
    while any(map(alive, left)) and time.monotonic() < deadline:
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Say whether the process exists and is more than an unread exit code."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
