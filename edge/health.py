"""Reads what the gateway's machine says of itself: temperature, memory, disk, signal."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Health:
    """State of the machine; None where it does not say."""

    cpu_temperature: float | None  # Cel
    disk_free: int | None  # bytes
    memory: int | None  # bytes resident
    signal: float | None  # dBm


def health(folder: Path, signal_file: Path | None = None, root: Path = Path("/")) -> Health:
    """Look at the machine now; ``root`` stands for / in tests."""
    return Health(_temperature(root), _disk(folder), _memory(root), _signal(root, signal_file))


def _temperature(root: Path) -> float | None:
    for path in sorted(root.glob("sys/class/thermal/thermal_zone*/temp")):
        try:
            return int(path.read_text()) / 1000
        except (OSError, ValueError):
            continue
    return None


def _disk(folder: Path) -> int | None:
    try:
        statistics = os.statvfs(folder)
    except OSError:
        return None
    return statistics.f_frsize * statistics.f_bavail


def _memory(root: Path) -> int | None:
    try:
        pages = int((root / "proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _signal(root: Path, signal_file: Path | None) -> float | None:
    """Level of the modem as another program writes it into a file, else of the Wi-Fi."""
    try:
        if signal_file is not None:
            found = re.search(r"-?\d+(\.\d+)?", signal_file.read_text())
            return float(found[0]) if found else None
        for line in (root / "proc/net/wireless").read_text().splitlines()[2:]:
            return float(line.split()[3].rstrip("."))
    except (OSError, ValueError, IndexError):
        return None
    return None
