"""What a gateway says of itself and is told: birth, status, commands and their replies, configuration."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

import msgspec

T = TypeVar("T")


class BornDatastream(msgspec.Struct, frozen=True, omit_defaults=True):
    """A datastream that a gateway will fill."""

    quantity: str
    level: str = ""
    #: Interval between readings [s]; 0 where it is not regular.
    interval: float = 0.0
    #: The sensor behind it: model name as on the shelf of sensor models, serial number, height above ground [m].
    sensor_model: str = ""
    serial: str = ""
    height: float | None = None
    #: ``measured`` or ``estimated`` (e.g. N, P, K derived from conductivity): estimated values never alert alone.
    basis: Literal["measured", "estimated"] = "measured"


class BornStation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A station of a gateway and its datastreams."""

    code: str
    datastreams: list[BornDatastream] = msgspec.field(default_factory=list)


class Birth(msgspec.Struct, frozen=True, omit_defaults=True):
    """Retained: what a gateway is and what it is going to send. Aware UTC ISO 8601 in ``time``."""

    gateway: str
    boot: str
    time: str
    firmware: str
    stations: list[BornStation] = msgspec.field(default_factory=list)


class Unit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One device on a bus, as its gateway sees it."""

    name: str
    station: str
    last_good: str | None = None
    errors: int = 0
    #: ``closed`` is healthy, ``open`` is left alone until its next trial.
    circuit: Literal["closed", "open"] = "closed"
    last_error: str = ""
    #: Counts that were withheld because they could not be, since it was installed; and what was said of the last.
    withheld: int = 0
    doubt: str = ""


class Switch(msgspec.Struct, frozen=True, omit_defaults=True):
    """A relay, as its gateway knows it."""

    name: str
    on: bool = False
    #: ``confirmed``: it said so itself; ``unconfirmed``: it was told so; ``unknown``: it does not answer.
    knowledge: Literal["confirmed", "unconfirmed", "unknown"] = "confirmed"
    detail: str = ""


class Watch(msgspec.Struct, frozen=True, omit_defaults=True):
    """An alarm of a gateway's own."""

    name: str
    active: bool = False
    #: Readings that could not be used since the start, and why the last reading could not; empty where it could.
    disregarded: int = 0
    why: str = ""


class Status(msgspec.Struct, frozen=True, omit_defaults=True):
    """Retained, every few minutes, and as last will with ``online`` false."""

    gateway: str
    online: bool
    boot: str = ""
    time: str = ""
    #: Why a gateway is offline: ``will`` (the line broke) or ``stopped`` (on purpose).
    cause: str = ""
    uptime: float = 0.0  # s
    waiting: int = 0  # readings not yet receipted
    oldest: str | None = None  # event time of the oldest waiting reading
    dropped: int = 0  # readings dropped at the cap since boot
    clock_right: bool = True
    clock_offset: float | None = None  # s, measured against the server's receipts or NTP
    cpu_temperature: float | None = None  # Cel
    disk_free: int | None = None  # bytes
    memory: int | None = None  # bytes resident
    signal: float | None = None  # dBm
    firmware: str = ""
    units: list[Unit] = msgspec.field(default_factory=list)
    #: Under a replayed clock: the tick up to which every sensor was read (ISO 8601 UTC).
    polled: str | None = None
    relays: list[Switch] = msgspec.field(default_factory=list)
    alarms: list[Watch] = msgspec.field(default_factory=list)


class Command(msgspec.Struct, frozen=True, omit_defaults=True):
    """An order from the server, carried out at most once and never after ``expires``."""

    id: str
    action: Literal["read_now", "restart", "set_relay"]
    expires: str
    arguments: dict[str, Any] = msgspec.field(default_factory=dict)


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a command."""

    id: str
    outcome: Literal["done", "refused", "expired", "failed", "repeated"]
    time: str
    detail: str = ""
    #: ``confirmed``: the device said so itself; ``unconfirmed``: the order was sent, and nothing proves more. The
    #: latter goes with the outcome ``failed``, which a server of before this field shows with its detail.
    evidence: Literal["", "confirmed", "unconfirmed"] = ""


class Config(msgspec.Struct, frozen=True, omit_defaults=True):
    """Retained: the configuration a gateway should have, as the text of its TOML file."""

    revision: int
    toml: str


class Configured(msgspec.Struct, frozen=True, omit_defaults=True):
    """Retained: which configuration a gateway has, and why it refused the one it was given."""

    revision: int
    outcome: Literal["applied", "refused", "rolled_back"]
    time: str
    sha256: str = ""
    reasons: list[str] = msgspec.field(default_factory=list)


def encode(message: msgspec.Struct) -> bytes:
    """JSON bytes of one of these messages."""
    return msgspec.json.encode(message)


def decode(payload: bytes, kind: type[T]) -> T:
    """Message of JSON bytes; `msgspec.DecodeError` (never worth another try) naming the field that is wrong."""
    return msgspec.json.decode(payload, type=kind)
