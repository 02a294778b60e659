"""Reads a gateway's TOML file and checks it as a whole; every problem is named with its line."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.action_settings import Alarm, Relay
from edge.bus_settings import Bus, Unit, registers_of
from edge.push_settings import HttpSource, MqttSource
from edge.schema import Data, DataError, Place, Problem, check, setting
from edge.sensor import SensorModel, SensorModelError, shelf
from edge.settings_base import checked_code
from edge.toml_position import line_of
from telemetry.broker import BrokerAddressError, address


class GatewayFileError(ValueError):
    """A gateway's file that cannot be used: every problem, with its line; never worth another try unchanged."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def checked_zone(name: str) -> str:
    """Name of a time zone, or `ValueError`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        message = f"{name!r} is no time zone: write one of the IANA names, such as Asia/Ho_Chi_Minh"
        raise ValueError(message) from None
    return name


class Gateway(Data):
    """Who it is."""

    code: str
    #: For devices that tell local time without an offset.
    time_zone: str = "Asia/Ho_Chi_Minh"
    #: Folder with sensor models of one's own.
    models: Path | None = None
    #: Time between two status messages [s].
    status_interval: float = setting(default=300.0, ge=5, le=86_400)
    #: File into which another program writes the modem's signal [dBm].
    signal_file: Path | None = None
    #: A new configuration from the server that has no line for so long is rolled back [s].
    trial: float = setting(default=180.0, ge=1, le=86_400)

    _check_code = check(checked_code, "code")

    _check_zone = check(checked_zone, "time_zone")


def checked_url(url: str) -> str:
    """URL of a broker, or `ValueError`."""
    try:
        address(url.replace("mqtts:", "mqtt:"))
    except (BrokerAddressError, ValueError) as error:
        raise ValueError(str(error)) from None
    return url


class Broker(Data):
    """Where readings go."""

    url: str
    #: User on the broker; the gateway's code where absent.
    user: str | None = None
    password_file: Path | None = None
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    encoding: Literal["cbor", "json"] = "cbor"
    #: First wait for a receipt before a pack is sent again [s]; it doubles up to a minute.
    resend: float = setting(default=10.0, ge=0.2, le=600)
    keepalive: int = setting(default=20, ge=5, le=600)

    _check_url = check(checked_url, "url")


class Buffer(Data):
    """What is kept until the server has it."""

    path: Path
    megabytes: float = setting(default=512.0, ge=1, le=100_000)
    days: float = setting(default=60.0, gt=0, le=400)
    #: Readings that come within this time share one write to the card [s].
    linger: float = setting(default=0.2, ge=0, le=60)


class Clock(Data):
    """When the machine's clock is believed."""

    trust: Literal["automatic", "ntp", "always"] = "automatic"
    #: NTP servers to ask, ``host`` or ``host:port``; empty: the system's own discipline is enough.
    servers: tuple[str, ...] = ()


class GatewayFile(Data):
    """The whole file."""

    gateway: Gateway
    broker: Broker
    buffer: Buffer
    clock: Clock = Clock()
    buses: tuple[Bus, ...] = setting(default=(), alias="bus")
    mqtt: tuple[MqttSource, ...] = ()
    http: tuple[HttpSource, ...] = ()
    relays: tuple[Relay, ...] = setting(default=(), alias="relay")
    alarms: tuple[Alarm, ...] = setting(default=(), alias="alarm")

    @property
    def units(self) -> list[tuple[Place, Unit]]:
        """Every device on a bus, with its place in the file."""
        return [(("bus", b, "unit", u), unit) for b, bus in enumerate(self.buses) for u, unit in enumerate(bus.units)]

    def _check(self) -> None:
        names = [item.name for item in (*self.buses, *self.mqtt, *self.http, *self.relays)]
        names += [unit.name for _, unit in self.units]
        names += [device.name for mqtt in self.mqtt for device in mqtt.devices]
        names += [device.name for http in self.http for device in http.devices]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            message = f"names are given once only: {', '.join(twice)}"
            raise ValueError(message)


def problems_between(file: GatewayFile, models: Mapping[str, SensorModel]) -> list[Problem]:
    """What is wrong between the parts of a file: place and problem."""
    seen: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    for place, unit in file.units:
        model = models[unit.model]
        if unit.interval < model.minimum_interval:
            text = f"{unit.model} is read every {model.minimum_interval:g} s at most"
            problems.append(Problem((*place, "interval"), text))
        names, wrong = _said(unit, model)
        problems += [Problem(place, text) for text in [*wrong, *_twice(unit.station, names, unit.name, seen)]]
    for kind in ("mqtt", "http"):
        for s, source in enumerate(getattr(file, kind)):
            for d, device in enumerate(source.devices):
                names = [item.name for item in device.said()]
                place = (kind, s, "device", d)
                problems += [Problem(place, text) for text in _twice(device.station, names, device.name, seen)]
    return [*problems, *_problems_of_actions(file, set(seen))]


def _problems_of_actions(file: GatewayFile, said: set[tuple[str, str]]) -> list[Problem]:
    problems: list[Problem] = []
    buses, brokers = {bus.name for bus in file.buses}, {source.name for source in file.mqtt}
    for r, relay in enumerate(file.relays):
        if relay.bus is not None and relay.bus not in buses:
            problems.append(Problem(("relay", r, "bus"), f"no bus {relay.bus!r}"))
        if relay.mqtt is not None and relay.mqtt not in brokers:
            problems.append(Problem(("relay", r, "mqtt"), f"no [[mqtt]] source {relay.mqtt!r}"))
    for a, alarm in enumerate(file.alarms):
        name = f"{alarm.quantity}/{alarm.level}" if alarm.level else alarm.quantity
        if (alarm.station, name) not in said:
            problems.append(Problem(("alarm", a, "quantity"), f"nobody here reads {alarm.station}:{name}"))
        if alarm.relay not in {relay.name for relay in file.relays}:
            problems.append(Problem(("alarm", a, "relay"), f"no relay {alarm.relay!r}"))
    return problems


def _said(unit: Unit, model: SensorModel) -> tuple[list[str], list[str]]:
    try:
        return [register.name for register in registers_of(unit, model)], []
    except ValueError as error:
        return [], [str(error)]


def _twice(station: str, names: list[str], who: str, seen: dict[tuple[str, str], str]) -> list[str]:
    problems = []
    for name in names:
        other = seen.setdefault((station, name), who)
        if other != who or names.count(name) > 1:
            problems.append(f"{station}:{name} is also said by {other!r}: give one a level, or omit it")
    return problems


def parse(text: str) -> GatewayFile:
    """Settings of a gateway's TOML text; `GatewayFileError` names every problem at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise GatewayFileError([f"not TOML: {error}"]) from error
    models = _models(text, data.get("gateway"))
    try:
        file = GatewayFile.model_validate(data, context=models)
    except DataError as error:
        raise GatewayFileError([_shown(text, *problem) for problem in error.problems]) from None
    if problems := problems_between(file, models):
        raise GatewayFileError([_shown(text, place, problem) for place, problem in problems])
    return file


def _models(text: str, gateway: object) -> dict[str, SensorModel]:
    folder = gateway.get("models") if isinstance(gateway, dict) else None
    try:
        return shelf(Path(folder) if isinstance(folder, str) else None)
    except SensorModelError as error:
        raise GatewayFileError([_shown(text, ("gateway", "models"), str(error))]) from error


def read(path: Path) -> GatewayFile:
    """Settings of a gateway's file."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GatewayFileError([f"{path} cannot be read: {error}"]) from error
    return parse(text)


def sha256(text: str) -> str:
    """Name of a configuration's contents."""
    return hashlib.sha256(text.encode()).hexdigest()


def _shown(text: str, place: Place, problem: str) -> str:
    names = ".".join(str(part + 1) if isinstance(part, int) else part for part in place)
    return f"line {line_of(text, place)}: {names or 'file'}: {problem}"
