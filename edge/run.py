"""Runs a gateway: puts lines, outbox, uplink, clock, relays and configuration together."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Literal

import aiomqtt
import structlog

from edge.action_settings import Relay
from edge.actuation import Actuation
from edge.announcement import firmware, intervals, stations, switches, units, watches
from edge.assembly import devices_of, line_of, messengers_of, open_line
from edge.buffer_worker import Keeper
from edge.clock_step import watch_clock
from edge.device import Device
from edge.drops import cap_of
from edge.gateway_clock import GatewayClock
from edge.health import health
from edge.outbox import Outbox
from edge.poll import Poller
from edge.remote_commands import Orders
from edge.remote_config import RemoteConfig
from edge.settings import GatewayFile
from edge.sources import mqtt
from edge.sources.messenger import Messenger
from edge.switching import Proof, switch_topic
from edge.systemd_notify import notify, watchdog_interval
from edge.uplink import Uplink
from telemetry.birth import Birth, Config, Status, decode, encode
from telemetry.clock import ReplayedClock, decode_tick
from telemetry.pack import CBOR, JSON
from telemetry.reading import milliseconds, moment
from telemetry.topics import CLOCK, Kind, topic

log = structlog.get_logger(__name__)

#: Why a run ended by itself.
Ending = Literal["restart"]


class Running:
    """A gateway at work."""

    def __init__(
        self, file: GatewayFile, clock_kind: Literal["real", "replayed"], config: RemoteConfig | None = None
    ) -> None:
        self.file, self.config = file, config
        self.boot = secrets.token_hex(8)
        self.replayed = ReplayedClock() if clock_kind == "replayed" else None
        self.real = GatewayClock(file.clock.trust, file.clock.servers)
        content_type = CBOR if file.broker.encoding == "cbor" else JSON
        self.keeper = Keeper(file.buffer.path, self.boot, content_type=content_type, cap=cap_of(file.buffer.megabytes))
        self.outbox = Outbox(self.keeper, 0.0 if self.replayed else file.buffer.linger)
        self.uplink = Uplink(line_of(file.gateway, file.broker), self.outbox, self.birth, self.status)
        self.buses = {bus.name: open_line(bus) for bus in file.buses}
        devices = devices_of(file)
        self.devices = [device for group in devices.values() for device in group]
        self._sources = messengers_of(file)
        self.messengers = [item for group in self._sources.values() for _, item in group]
        self.actuation = Actuation(
            file.relays, file.alarms, self.buses, self._local, self.outbox, self._time,
            intervals(self.devices, self.messengers),
        )  # fmt: skip
        self._restart = asyncio.Event()
        self._ordered: asyncio.Queue[bytes] = asyncio.Queue()
        self.orders = Orders(
            self.outbox, self.actuation, self.now, lambda payload: self.uplink.say(Kind.REPLY, payload),
            self._read_now, self._restart.set, lambda: bool(self.replayed) or self.real.right,
        )  # fmt: skip
        self.pollers = [
            Poller(bus, devices[name], self.outbox, self.stamp, self.now, self.actuation.watch)
            for name, bus in self.buses.items()
        ]
        self.polled: datetime | None = None
        #: Revision of the configuration that this run works with.
        self._revision = config.state.revision if config is not None else 0
        self.started = time.monotonic()

    # -- time ---------------------------------------------------------------------------------------------------

    def now(self) -> datetime:
        """Event time."""
        return self.replayed.now() if self.replayed else self.real.now()

    def stamp(self) -> tuple[int, str]:
        """Time [ms] for a reading and the clock it counts from."""
        return (milliseconds(self.replayed.now()), "") if self.replayed else self.real.stamp()

    def _time(self) -> str:
        return "" if self.replayed and not self.replayed.started else self.now().isoformat()

    def _settle(self, clock: str, zero: int) -> set[tuple[str, str, int]]:
        """Give event time to counters that were read without; says which increments do not belong to their moment."""
        counting: list[Device | Messenger] = [*self.devices, *self.messengers]
        return {
            (item.unit.station, name, at)
            for item in counting
            for name, at in item.memory.counting.dated(clock, zero, item.gap).items()
        }

    # -- work ---------------------------------------------------------------------------------------------------

    async def run(self) -> Ending:
        """Work until cancelled or told to start anew; then say so, and keep everything."""
        await self.outbox.open()
        for device in self.devices:
            device.recall(self.outbox.memory.get(device.key))
        for messenger in self.messengers:
            messenger.recall(self.outbox.memory.get(messenger.key))
        self._listen()
        log.info("gateway", code=self.file.gateway.code, buses=len(self.buses), devices=len(self.devices),
                 send_by_themselves=len(self.messengers), waiting=self.outbox.waiting)  # fmt: skip
        tasks = [asyncio.create_task(work, name=name) for name, work in self._work()]
        notify("READY=1")
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()  # only the wait for a restart ends by itself: anything else raises what went wrong
        finally:
            notify("STOPPING=1")
            await self._stop(tasks)
        return "restart"

    def _listen(self) -> None:
        code = self.file.gateway.code
        self.uplink.hear(topic(code, Kind.COMMAND), self._order)
        self.uplink.hear(topic(code, Kind.CONFIG), self._desired)
        self.uplink.connected = self._line_came_up
        if self.replayed:
            self.uplink.hear(CLOCK, self._tick)

    def _work(self) -> list[tuple[str, Coroutine[Any, Any, Any]]]:
        work: list[tuple[str, Coroutine[Any, Any, Any]]] = [
            ("outbox", self.outbox.run()), ("uplink", self.uplink.run()), ("restart", self._restart.wait()),
            ("actuation", self.actuation.run()), ("alive", self._alive()), ("orders", self._carry_out()),
        ]  # fmt: skip
        if self.replayed:
            work.append(("replay", self._replay(self.replayed)))
        else:
            work += [
                ("clock", watch_clock(self.real, self.outbox, self.file.buffer.days, self._settle)),
                ("status", self._say_status()),
            ]
            work += [(f"poll {number}", poller.run()) for number, poller in enumerate(self.pollers)]
        for source in self.file.mqtt:
            work.append(
                (source.name, mqtt.listen(source, self._sources[source.name], self._pushed, self.file.gateway.code))
            )
        for server in self.file.http:
            from edge.sources import http_push  # noqa: PLC0415 — a web server, 10 MB, only where one is asked for

            work.append((server.name, http_push.serve(server, self._sources[server.name], self._pushed)))
        if self.config is not None and self.config.state.trial:
            work.append(("trial", self._trial(self.config)))
        return work

    async def _stop(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        last = [task for task in tasks if task.get_name() in ("uplink", "outbox")]
        await _cancelled([task for task in tasks if task not in last])
        with contextlib.suppress(Exception):
            await self.outbox.flush()
        await self.uplink.say_stopped()
        await _cancelled(last)
        for bus in self.buses.values():
            await bus.close()
        await self.outbox.close()

    def _pushed(self, messenger: Messenger, name: str, payload: bytes) -> None:
        since, clock = self.stamp()
        readings = messenger.take(name, payload, self.now(), since, clock)
        if readings is None:
            return
        self.actuation.watch(readings, messenger.age)
        self.outbox.add(readings, messenger.remembered(), importance=messenger.unit.importance, clock=clock)

    async def _local(self, relay: Relay, on: bool, not_after: float) -> Proof:
        settings = next(item for item in self.file.mqtt if item.name == relay.mqtt)
        return await switch_topic(mqtt.arguments_of(settings), relay, on=on, not_after=not_after)

    async def _order(self, _: str, payload: bytes) -> None:
        self._ordered.put_nowait(payload)

    async def _carry_out(self) -> None:
        """Orders one after the other, beside the line: a relay that does not answer must not hold up receipts."""
        while True:
            payload = await self._ordered.get()
            await _tolerated(lambda payload=payload: self.orders.hear("", payload))  # type: ignore[misc]

    def _read_now(self) -> None:
        for poller in self.pollers:
            poller.read_now()

    # -- a replay -----------------------------------------------------------------------------------------------

    async def _tick(self, _: str, payload: bytes) -> None:
        if self.replayed and payload:
            self.replayed.advance(decode_tick(payload))

    async def _replay(self, clock: ReplayedClock) -> None:
        """Read each tick once, and say when all of it is receipted: the signal by which a replay goes on."""
        if not clock.started:
            await clock.moved()
            await _tolerated(self.uplink.say_birth)  # else said at the next connection
        while True:
            tick = clock.now()
            await asyncio.gather(*(poller.poll_tick(milliseconds(tick)) for poller in self.pollers))
            await self.outbox.emptied()
            self.polled = tick
            await _tolerated(self.uplink.say_status)  # said again at the next connection
            if clock.now() == tick:
                await clock.moved()

    # -- care ---------------------------------------------------------------------------------------------------

    async def _say_status(self) -> None:
        while True:
            await asyncio.sleep(self.file.gateway.status_interval)
            await _tolerated(self.uplink.say_status)
            await _tolerated(self.orders.answer)

    async def _alive(self) -> None:
        """Tell the watchdog only while the outbox can be written."""
        interval = watchdog_interval()
        while True:
            await asyncio.sleep(interval or 3600.0)
            if interval:
                await self.outbox.remember({})
                notify("WATCHDOG=1")

    # -- configuration ------------------------------------------------------------------------------------------

    async def _desired(self, _: str, payload: bytes) -> None:
        if self.config is not None and payload:
            anew = self.config.desire(decode(payload, Config), self.file)
            await self._tell()
            if anew:
                self._restart.set()

    async def _line_came_up(self) -> None:
        if self.config is not None:
            if (
                self.config.state.revision == self._revision
            ):  # not one that came since, whose trial begins after this run
                self.config.line_came_up()
            await self._tell()
        await self.orders.answer()

    async def _tell(self) -> None:
        news = self.config.news(self._time()) if self.config is not None else None
        if self.config is None or news is None:
            return
        if await self.uplink.say(Kind.CONFIGURED, encode(news), retain=True):
            self.config.told()

    async def _trial(self, config: RemoteConfig) -> None:
        await asyncio.sleep(self.file.gateway.trial)
        if config.state.trial:
            config.roll_back(f"no line within {self.file.gateway.trial:g} s")
            self._restart.set()
        await asyncio.Event().wait()

    # -- words --------------------------------------------------------------------------------------------------

    def birth(self) -> Birth:
        """What the gateway is going to send."""
        born = stations(self.devices, self.messengers)
        return Birth(self.file.gateway.code, self.boot, self._time(), firmware(), born)

    def status(self) -> Status:
        """How the gateway is."""
        oldest = self.outbox.oldest
        machine = health(self.file.buffer.path.parent, self.file.gateway.signal_file)
        return Status(
            self.file.gateway.code, online=True, boot=self.boot, time=self._time(),
            uptime=round(time.monotonic() - self.started, 1), waiting=self.outbox.waiting,
            oldest=moment(oldest).isoformat() if oldest is not None else None, dropped=self.outbox.dropped,
            clock_right=bool(self.replayed) or self.real.right, clock_offset=self.real.offset,
            cpu_temperature=machine.cpu_temperature, disk_free=machine.disk_free, memory=machine.memory,
            signal=machine.signal, firmware=firmware(), units=units(self.devices, self.messengers),
            polled=self.polled.isoformat() if self.polled else None,
            relays=switches(self.actuation.relays.values()), alarms=watches(self.actuation.alarms),
        )  # fmt: skip


async def _cancelled(tasks: Sequence[asyncio.Task[Any]]) -> None:
    pending = set(tasks)
    while pending:  # a library may swallow one cancellation
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)


async def _tolerated(say: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        await say()
    except (aiomqtt.MqttError, OSError, TimeoutError) as error:
        log.debug("not said", error=str(error))
