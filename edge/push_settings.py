"""Settings of sources that speak by themselves: devices behind a local broker, devices that push over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from edge.payload import PayloadField, payload_shelf
from edge.schema import Data, check, setting
from edge.settings_base import checked_code, checked_level


class PushDevice(Data):
    """One device that sends messages."""

    name: str = setting(min_length=1, max_length=63)
    station: str
    #: Name of a payload model, or fields of its own, or both.
    payload: str | None = None
    fields: tuple[PayloadField, ...] = setting(default=(), alias="field")
    #: Level of all its quantities, or of some.
    level: str = ""
    levels: dict[str, str] = setting(default_factory=dict)
    height: float | None = None
    serial: str = ""
    only: tuple[str, ...] | None = None
    omit: tuple[str, ...] = ()
    importance: int = setting(default=1, ge=0, le=9)
    #: Usual time between two messages [s]; 0 where it is not regular.
    interval: float = setting(default=0.0, ge=0, le=86_400)
    counter_gap: float = setting(default=21_600, gt=0)
    #: Where a plain JSON message bears its time.
    time: str = ""
    #: Its messages always come the moment they were measured: those without a time may act on relays too.
    arrival: bool = False

    _check_station = check(checked_code, "station")
    _check_level = check(checked_level, "level")

    def _check(self) -> None:
        if self.payload is not None and self.payload not in payload_shelf():
            message = f"no payload model {self.payload!r}; there are {', '.join(payload_shelf())}"
            raise ValueError(message)
        if self.payload is None and not self.fields:
            message = "say what its messages hold: payload = … or [[…device.field]]"
            raise ValueError(message)
        if not self.said():
            message = "nothing is left of its quantities"
            raise ValueError(message)

    def said(self) -> tuple[PayloadField, ...]:
        """Fields that become readings, in their places."""
        model = payload_shelf()[self.payload].fields if self.payload else ()
        result = []
        for item in (*self.fields, *model):
            names = {item.name, item.quantity}
            if (self.only is not None and not names & set(self.only)) or names & set(self.omit):
                continue
            level = self.levels.get(item.name, self.levels.get(item.quantity, item.level or self.level))
            result.append(item.model_copy(update={"level": level}))
        seen: set[str] = set()
        return tuple(item for item in result if not (item.name in seen or seen.add(item.name)))  # type: ignore[func-returns-value]


class MqttDevice(PushDevice):
    """One device behind a local broker."""

    kind: Literal["chirpstack", "things_stack", "zigbee2mqtt", "tasmota", "esphome", "json"]
    #: Topic filter of its messages.
    topic: str = setting(min_length=1)
    #: EUI or name that the envelope must bear, where the topic alone does not say who sends.
    identity: str = ""


class MqttSource(Data):
    """A local broker."""

    name: str
    url: str
    user: str | None = None
    password_file: Path | None = None
    authority: Path | None = None
    devices: tuple[MqttDevice, ...] = setting(default=(), alias="device")


class HttpDevice(PushDevice):
    """One device that pushes over HTTP."""

    kind: Literal["ecowitt", "wunderground"]
    #: Path that it posts to; a long random one is a first lock.
    path: str = setting(default="/data/report/", pattern=r"^/[A-Za-z0-9/_.-]{0,200}$")
    #: What it must name itself by (PASSKEY, ID): others are refused.
    identity: str = setting(min_length=4)


class HttpSource(Data):
    """A small web server for devices that push."""

    name: str
    host: str = "0.0.0.0"  # noqa: S104 — devices on the farm's network must reach it
    port: int = setting(default=8085, ge=0, le=65_535)
    devices: tuple[HttpDevice, ...] = setting(default=(), alias="device")
