"""Run: a gateway from its settings: lines, outbox, uplink and clock, put together."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import structlog

from edge.bus import Bus, serial_bus, tcp_bus
from edge.device import Device
from edge.drops import cap_of
from edge.keeper import Keeper
from edge.outbox import Outbox
from edge.poll import Poller
from edge.sensor import shelf
from edge.settings import Broker, Gateway, GatewayFile, TcpBus, registers_of
from edge.settings import Bus as BusSettings
from edge.uplink import Line, Uplink
from telemetry.birth import Birth, BornDatastream, BornStation, Status, Unit
from telemetry.broker import address
from telemetry.clock import Clock, RealClock, ReplayedClock, decode_tick
from telemetry.pack import CBOR, JSON
from telemetry.reading import milliseconds, moment
from telemetry.topics import CLOCK

log = structlog.get_logger(__name__)


def firmware() -> str:
    """Version of this program."""
    try:
        return version("nongvu")
    except PackageNotFoundError:
        return "unknown"


def devices_of(file: GatewayFile) -> dict[str, list[Device]]:
    """Installed sensors by the name of their line."""
    models = shelf(file.gateway.models)
    return {
        bus.name: [
            Device(unit, models[unit.model], registers_of(unit, models[unit.model]), bus.name) for unit in bus.units
        ]
        for bus in file.buses
    }


def open_bus(settings: BusSettings) -> Bus:
    """Line to the devices of a bus."""
    return tcp_bus(settings) if isinstance(settings, TcpBus) else serial_bus(settings)


def line_of(gateway: Gateway, broker: Broker) -> Line:
    """How the broker is reached."""
    user = broker.user or gateway.code
    password = broker.password_file.read_text().strip() if broker.password_file else None
    arguments: dict[str, Any] = address(
        broker.url, user, password, authority=broker.authority, certificate=broker.certificate, key=broker.key
    )
    return Line(arguments, gateway.code, broker.resend, broker.keepalive)


class Running:
    """A gateway at work."""

    def __init__(self, file: GatewayFile, clock_kind: Literal["real", "replayed"]) -> None:
        self.file = file
        self.boot = secrets.token_hex(8)
        self.clock: Clock = ReplayedClock() if clock_kind == "replayed" else RealClock()
        self.devices = devices_of(file)
        content_type = CBOR if file.broker.encoding == "cbor" else JSON
        keeper = Keeper(file.buffer.path, self.boot, content_type=content_type, cap=cap_of(file.buffer.megabytes))
        linger = file.buffer.linger if clock_kind == "real" else 0.0
        self.outbox = Outbox(keeper, linger)
        self.uplink = Uplink(line_of(file.gateway, file.broker), self.outbox, self.birth, self.status)
        self.pollers = [Poller(open_bus(bus), self.devices[bus.name], self.outbox, self.clock) for bus in file.buses]
        self.polled: datetime | None = None
        self.started = time.monotonic()

    async def run(self) -> None:
        """Work until cancelled; then say so, and keep everything."""
        await self.outbox.open()
        for device in self._all():
            device.recall(self.outbox.memory.get(device.key))
        tasks = [asyncio.create_task(work, name=name) for name, work in self._work()]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()  # work never ends by itself: this raises what went wrong
        finally:
            await self._stop(tasks)

    def _work(self) -> list[tuple[str, Any]]:
        work: list[tuple[str, Any]] = [("outbox", self.outbox.run()), ("uplink", self.uplink.run())]
        if isinstance(self.clock, ReplayedClock):
            self.uplink.hear(CLOCK, self._tick)
            return [*work, ("replay", self._replay(self.clock))]
        return [*work, ("status", self._say_status()), *((f"poll {i}", p.run()) for i, p in enumerate(self.pollers))]

    async def _stop(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task in tasks:
            if task.get_name() not in ("uplink", "outbox"):
                task.cancel()
        with contextlib.suppress(Exception):
            await self.outbox.flush()
        await self.uplink.say_stopped()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for poller in self.pollers:
            await poller.bus.close()
        await self.outbox.close()

    async def _tick(self, _: str, payload: bytes) -> None:
        if isinstance(self.clock, ReplayedClock):
            self.clock.advance(decode_tick(payload))

    async def _replay(self, clock: ReplayedClock) -> None:
        """Read each tick once, and say when all of it is receipted: the signal by which a replay goes on."""
        if not clock.started:
            await clock.moved()
            with contextlib.suppress(Exception):  # said at the next connection
                await self.uplink.say_birth()
        while True:
            tick = clock.now()
            await asyncio.gather(*(poller.poll_tick(milliseconds(tick)) for poller in self.pollers))
            await self.outbox.emptied()
            self.polled = tick
            with contextlib.suppress(Exception):  # said again at the next connection
                await self.uplink.say_status()
            if clock.now() == tick:
                await clock.moved()

    async def _say_status(self) -> None:
        while True:
            await asyncio.sleep(self.file.gateway.status_interval)
            with contextlib.suppress(Exception):
                await self.uplink.say_status()

    def _all(self) -> list[Device]:
        return [device for devices in self.devices.values() for device in devices]

    def _time(self) -> str:
        if isinstance(self.clock, ReplayedClock) and not self.clock.started:
            return ""
        return self.clock.now().isoformat()

    def birth(self) -> Birth:
        """What the gateway is going to send."""
        streams: dict[str, list[BornDatastream]] = {}
        for device in self._all():
            for register in device.registers:
                streams.setdefault(device.unit.station, []).append(
                    BornDatastream(
                        register.quantity, register.level, device.unit.interval, device.model.name,
                        device.unit.serial, device.unit.height, register.basis,
                    )
                )  # fmt: skip
        stations = [BornStation(code, datastreams) for code, datastreams in sorted(streams.items())]
        return Birth(self.file.gateway.code, self.boot, self._time(), firmware(), stations)

    def status(self) -> Status:
        """How the gateway is."""
        oldest = self.outbox.oldest
        units = [
            Unit(
                device.unit.name, device.unit.station, device.last_good.isoformat() if device.last_good else None,
                device.errors, "open" if device.circuit.opened else "closed", device.last_error,
            )
            for device in self._all()
        ]  # fmt: skip
        return Status(
            self.file.gateway.code, online=True, boot=self.boot, time=self._time(),
            uptime=round(time.monotonic() - self.started, 1), waiting=self.outbox.waiting,
            oldest=moment(oldest).isoformat() if oldest is not None else None, firmware=firmware(), units=units,
            polled=self.polled.isoformat() if self.polled else None,
        )  # fmt: skip
