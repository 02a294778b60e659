"""Lets only one gateway use a buffer; a second one, started by mistake, is told so."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class AlreadyRunningError(RuntimeError):
    """Another gateway works on this buffer; never worth another try while it runs."""


def hold(buffer: Path) -> int | None:
    """Hold the buffer until the process ends; None where the card cannot be written, `AlreadyRunningError` if held."""
    try:
        buffer.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(buffer.with_name(buffer.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        message = f"another gateway works on {buffer}: stop it first, or give this one a buffer of its own"
        raise AlreadyRunningError(message) from None
    return handle
