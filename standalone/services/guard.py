"""Keep one service alive exactly as long as its owner (a script without imports from the project).

`python -I -S guard.py ORDER`, where ORDER is JSON with `argv`, `cwd`, `log`, `user`, `group`, `stop_signal`, `grace`
(seconds) and `owner` (process id).

Standard input is the read end of a pipe whose other end only the owner holds. Three ways to an end:

- the owner closes the pipe (a stop) or dies, however hard: the service gets `stop_signal`, after `grace` SIGKILL;
- the service ends by itself: so does the guard, with the same exit code;
- the guard itself is killed: the kernel sends the service `stop_signal` (PR_SET_PDEATHSIG).

One thread only, so the parent-death signal is tied to the process and not to a thread that may end earlier.
"""

import contextlib
import ctypes
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 10_000_000  # bytes; a longer log becomes `<log>.1` (one old log is kept)
POLL = 1.0  # s, between looks at whether the owner still is our parent
FILES = 65_536  # open files that the service may have, where the hard limit lets it


def main() -> int:
    """Start the service, wait for the first of the three ends."""
    order = json.loads(sys.argv[1])
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    log = Path(order["log"])
    try:
        service = _start(order, log)
    except (OSError, subprocess.SubprocessError) as error:
        log.write_text(f"{order['argv'][0]} cannot be started: {error}\n")
        return 127
    print(service.pid, flush=True)
    ended = os.pidfd_open(service.pid)
    while service.poll() is None:
        if _owner_gone(order["owner"], ended):
            return _stop(service, order["stop_signal"], order["grace"])
        _limit(log)
    return service.returncode & 0xFF


def _start(order: "dict[str, Any]", log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            order["argv"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=order["cwd"],
            start_new_session=True,
            user=order["user"],
            group=order["group"],
            extra_groups=None if order["user"] is None else [],
            preexec_fn=lambda: _before_start(order["stop_signal"]),  # noqa: PLW1509  (single thread)
        )


def _before_start(stop_signal: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:  # a broker keeps a file open for each gateway, a login's usual limit is 1,024
        most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    for restored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(restored, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, stop_signal, 0, 0, 0)


def _owner_gone(owner: int, ended: int) -> bool:
    """Wait for the pipe to close or the service to end; the pipe may outlive the owner in a forked copy of it."""
    readable, _, _ = select.select([0, ended], [], [], POLL)
    return (0 in readable and not os.read(0, 1)) or os.getppid() != owner


def _limit(log: Path) -> None:
    """Set a long log aside; the service writes on, at the end of the emptied file, since it appends.

    A log that somebody took away, or a disk without room for its copy, is no reason to end the service.
    """
    with contextlib.suppress(OSError):
        if log.stat().st_size > LOG_LIMIT:
            shutil.copyfile(log, log.with_name(log.name + ".1"))
            os.truncate(log, 0)


def _stop(service: "subprocess.Popen[bytes]", stop_signal: int, grace: float) -> int:
    service.send_signal(stop_signal)
    deadline = time.monotonic() + grace
    while service.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if service.poll() is None:
        service.kill()
    return service.wait() & 0xFF


if __name__ == "__main__":
    sys.exit(main())
