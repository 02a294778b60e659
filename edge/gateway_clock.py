"""Finds out whether the machine's clock is right, and stamps readings either way."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import structlog

from telemetry.clock import RealClock

log = structlog.get_logger(__name__)

Trust = Literal["automatic", "ntp", "always"]

#: No reading can be older than this program.
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
#: Seconds between 1900 (NTP) and 1970.
_NTP_EPOCH = 2_208_988_800
#: A clock that moved by more than this against the time since the machine's start was set [s].
_SET = 2.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for or against the machine's clock."""

    wall: datetime
    #: Whether the kernel says that NTP disciplines it; None where it does not say.
    synchronised: bool | None = None
    #: Whether the machine has a clock of its own that runs without power.
    has_battery_clock: bool = False
    #: Its error as an NTP server said it [s]; None where no server was asked or answered.
    offset: float | None = None
    #: Newest event time that was ever stored: the clock cannot be before it.
    newest: datetime | None = None


def is_right(evidence: Evidence, trust: Trust) -> bool:
    """Whether readings may be dated by the machine's clock (corrected by the offset where there is one)."""
    if trust == "always" or evidence.offset is not None or evidence.synchronised:
        return True
    floor = max(RELEASED, evidence.newest or RELEASED)
    return trust == "automatic" and evidence.has_battery_clock and evidence.wall >= floor - timedelta(minutes=10)


class _Timex(ctypes.Structure):
    _fields_ = (("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("frequency", ctypes.c_long),
                ("largest_error", ctypes.c_long), ("estimated_error", ctypes.c_long), ("status", ctypes.c_int),
                ("rest", ctypes.c_byte * 256))  # fmt: skip


def kernel_synchronised() -> bool | None:
    """Whether the clock is disciplined, as timesyncd or the kernel says (adjtimex(2): STA_UNSYNC is 0x40)."""
    if Path("/run/systemd/timesync/synchronized").exists():
        return True
    try:
        state = _Timex()
        if ctypes.CDLL(None).adjtimex(ctypes.byref(state)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return not state.status & 0x40


def has_battery_clock(root: Path = Path("/")) -> bool:
    """Whether the machine has a real-time clock that ran on: without a battery one begins in 1970 or 2000."""
    for path in root.glob("sys/class/rtc/rtc*/since_epoch"):
        with contextlib.suppress(OSError, ValueError, OverflowError):
            if datetime.fromtimestamp(int(path.read_text()), UTC) >= RELEASED:
                return True
    return False


def kernel_start() -> str:
    """Name of this start of the machine."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return "unknown"


async def ask_ntp(server: str, wait: float = 3.0) -> float | None:
    """Seconds that the machine's clock is behind an NTP server (RFC 4330 §5); None where it does not answer."""
    host, _, port = server.partition(":")
    try:
        return await asyncio.wait_for(asyncio.to_thread(_ask_ntp, host, int(port or 123), wait), wait + 1)
    except (TimeoutError, OSError, ValueError, struct.error):
        return None


def _ask_ntp(host: str, port: int, wait: float) -> float:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(wait)
        sent = time.time()
        line.sendto(bytes([0x23]) + bytes(39) + struct.pack(">d", sent), (host, port))
        answer, _ = line.recvfrom(128)
        heard = time.time()
    if len(answer) < 48 or not 1 <= answer[1] <= 15:  # stratum 0 and 16: the server itself is not right
        message = "no usable answer"
        raise ValueError(message)
    received, answered = (high + low / 2**32 - _NTP_EPOCH for high, low in struct.iter_unpack(">II", answer[32:48]))
    return float(((received - sent) + (answered - heard)) / 2)


class GatewayClock(RealClock):
    """Event time of a gateway: the machine's clock, corrected where an NTP server was asked."""

    def __init__(
        self, trust: Trust = "automatic", servers: tuple[str, ...] = (), *,
        wall: Callable[[], float] = time.time,
        since_start: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
        synchronised: Callable[[], bool | None] = kernel_synchronised,
    ) -> None:  # fmt: skip
        self._trust, self._servers = trust, servers
        self._wall, self._since_start, self._synchronised = wall, since_start, synchronised
        self.start = kernel_start()
        self.offset: float | None = None
        self.right = False
        self._said: bool | None = None
        self.newest: datetime | None = None
        self._zero = self._wall() - self._since_start()

    def now(self) -> datetime:
        """Event time; only right when `right` says so."""
        return datetime.fromtimestamp(self._wall() + self._correction(), UTC)

    def stamp(self) -> tuple[int, str]:
        """Time [ms] for a reading, and the clock it counts from: empty where it is event time."""
        if self.right:
            return int((self._wall() + self._correction()) * 1000), ""
        return int(self._since_start() * 1000), self.start

    def zero(self) -> int:
        """Event time [ms] of the machine's start."""
        return int((self._wall() + self._correction() - self._since_start()) * 1000)

    def look(self) -> bool:
        """Judge anew; whether the clock has just become right."""
        zero = self._wall() - self._since_start()
        if abs(zero - self._zero) > _SET:
            log.warning("clock was set", seconds=round(zero - self._zero, 1))
            self._zero, self.offset = zero, None
        wall = datetime.fromtimestamp(self._wall(), UTC)
        before = self.right
        evidence = Evidence(wall, self._synchronised(), has_battery_clock(), self.offset, self.newest)
        self.right = is_right(evidence, self._trust)
        if self.right != self._said:
            level = log.info if self.right else log.warning
            level("clock", right=self.right, now=self.now().isoformat())
        self._said = self.right
        return self.right and not before

    async def ask(self) -> None:
        """Ask the NTP servers for the clock's error; reports a drift."""
        for server in self._servers:
            offset = await ask_ntp(server)
            if offset is not None:
                if abs(offset) > _SET:
                    log.warning("clock is off", seconds=round(offset, 3), server=server)
                self.offset = offset
                return

    def _correction(self) -> float:
        # small errors are left to the system's own discipline, so that times do not flutter
        return self.offset if self.offset is not None and abs(self.offset) > _SET and not self._synchronised() else 0.0
