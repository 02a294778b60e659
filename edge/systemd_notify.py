"""Tells systemd: ready, alive, stopping; does nothing where systemd is not (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def notify(state: str) -> bool:
    """Send a state such as ``READY=1``; whether somebody listens."""
    place = os.environ.get("NOTIFY_SOCKET")
    if not place:
        return False
    name = "\0" + place[1:] if place.startswith("@") else place
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(state.encode(), name)
    except OSError:
        return False
    return True


def watchdog_interval() -> float | None:
    """Time between two signs of life that systemd asks for, halved [s]; None where it does not ask."""
    microseconds = os.environ.get("WATCHDOG_USEC", "")
    return int(microseconds) / 2_000_000 if microseconds.isdecimal() and int(microseconds) > 0 else None
