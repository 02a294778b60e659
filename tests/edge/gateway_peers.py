"""Real peers of a gateway in tests: a Modbus TCP server with settable words, and a server that receipts packs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.bus import tcp_bus
from edge.bus_settings import TcpBus
from standalone.services import free_port
from telemetry.pack import Receipt, Stream, decode_drops, encode_receipt, label
from telemetry.topics import CLOCK, ROOT, Kind, parse, topic
from telemetry.wire import decode, resolve


@dataclass
class ModbusPeer:
    """Devices by unit id; ``words[unit][address]`` is what they answer."""

    words: dict[int, dict[int, int]]
    port: int = field(default_factory=free_port)
    reads: list[tuple[int, int, int, int]] = field(default_factory=list)
    coils: dict[tuple[int, int], bool] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    server: ModbusTcpServer | None = None

    async def start(self, framer: str = "socket") -> None:
        devices = []
        for unit in self.words:
            devices.append(
                SimDevice(unit, simdata=[SimData(0, count=2000, values=0, datatype=DataType.REGISTERS)],
                          action=self._action(unit))
            )  # fmt: skip
        self.server = ModbusTcpServer(devices, address=("127.0.0.1", self.port), framer=framer)
        self.task = asyncio.create_task(self.server.serve_forever())
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)

    def _action(self, unit: int):
        async def action(function, start, address, count, registers, values):
            if function not in (1, 5, 15) or values is not None:
                self.reads.append((unit, function, address, count))
            if unit in self.silent:
                await asyncio.sleep(3600)
            for offset in range(0 if function in (1, 5, 15) else count):  # coils keep what was written
                registers[address - start + offset] = self.words[unit].get(address + offset, 0)

        return action

    async def stop(self) -> None:
        if self.server is not None:
            await self.server.shutdown()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self.task


def crc(frame):
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return frame + struct.pack("<H", value)


class Liar:
    """A Modbus server, TCP or RTU over TCP, whose answers a test makes up."""

    def __init__(self, rtu=False):
        self.rtu, self.port, self.requests = rtu, free_port(), 0
        self.lie = lambda unit, body, tid: None
        self.tasks = set()

    def right(self, unit, words, tid=0, function=3):
        body = bytes([unit, function, len(words) * 2]) + struct.pack(f">{len(words)}H", *words)
        return crc(body) if self.rtu else struct.pack(">HHH", tid, 0, len(body)) + body

    async def _serve(self, reader, writer):
        self.tasks.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                if self.rtu:
                    body, tid = (await reader.readexactly(8))[:6], 0
                else:
                    tid, _, length = struct.unpack(">HHH", await reader.readexactly(6))
                    body = await reader.readexactly(length)
                self.requests += 1
                answer = self.lie(body[0], body, tid)
                if asyncio.iscoroutine(answer):
                    answer = await answer
                if answer == "close":
                    break
                if answer:
                    writer.write(answer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    @contextlib.asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        bus = tcp_bus(TcpBus(name="b", kind="modbus_rtu_over_tcp" if self.rtu else "modbus_tcp", host="127.0.0.1",
                             port=self.port))  # fmt: skip
        try:
            yield bus
        finally:
            await bus.close()
            server.close()
            await asyncio.gather(*self.tasks)


@dataclass
class ReceiptingServer:
    """Stores what gateways send, by key, and sends receipts: the server's side of the wire, no more."""

    url_port: int
    stored: dict[tuple[str, str, int], float] = field(default_factory=dict)
    conflicts: list = field(default_factory=list)
    packs: dict[tuple[str, str, int], tuple] = field(default_factory=dict)
    repeats: int = 0
    changed_packs: list = field(default_factory=list)
    drops: list = field(default_factory=list)
    births: list[bytes] = field(default_factory=list)
    statuses: list[bytes] = field(default_factory=list)
    others: list[tuple[str, bytes]] = field(default_factory=list)
    redated: set = field(default_factory=set)
    streams: list[tuple[float, str]] = field(default_factory=list)
    #: Newest event time of each datastream on the backlog, and readings that came there after a newer one.
    backlog_time: dict[str, float] = field(default_factory=dict)
    out_of_order: int = 0
    receipting: bool = True
    client: aiomqtt.Client | None = None

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[ReceiptingServer]:
        async with aiomqtt.Client(
            "127.0.0.1",
            self.url_port,
            protocol=aiomqtt.ProtocolVersion.V5,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        ) as client:
            self.client = client
            await client.subscribe(
                [
                    (f"{ROOT}/+/+/{kind.value}", 1)
                    for kind in (Kind.BIRTH, Kind.LIVE, Kind.BACKLOG, Kind.STATUS, Kind.REPLY, Kind.CONFIGURED)
                ]
            )
            task = asyncio.create_task(self._listen(client))
            try:
                yield self
            finally:
                while not task.done():  # waiting inside the client may swallow one cancellation
                    task.cancel()
                    await asyncio.wait([task], timeout=1.0)
                if not task.cancelled():
                    task.exception()

    async def _listen(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            place = parse(str(message.topic))
            payload = bytes(message.payload)
            if message.retain:  # said before this server listened, perhaps by another test's gateway
                continue
            if place.kind in (Kind.LIVE, Kind.BACKLOG):
                await self._pack(client, place.gateway, message, payload)
            elif place.kind is Kind.BIRTH:
                self.births.append(payload)
            elif place.kind is Kind.STATUS:
                self.statuses.append(payload)
            else:
                self.others.append((place.kind.value, payload))

    async def _pack(self, client, gateway, message, payload) -> None:
        marks = label(message.properties.UserProperty)
        key = (marks.boot, marks.stream.value, marks.sequence)
        whole = (payload, tuple(sorted(message.properties.UserProperty)), str(message.topic))
        if key in self.packs:
            self.repeats += 1
            if self.packs[key] != whole:
                self.changed_packs.append(key)
        else:
            self.packs[key] = whole
            if marks.kind == "dropped":
                self.drops += decode_drops(payload)
            else:
                self._store(payload, message.properties.ContentType, marks)
        self.streams.append((asyncio.get_running_loop().time(), marks.stream.value))
        if self.receipting:
            receipt = Receipt(marks.boot, Stream(marks.stream), [(marks.sequence, marks.sequence)])
            await client.publish(topic(gateway, Kind.RECEIPT), encode_receipt(receipt), qos=1)

    def _store(self, payload, content_type, marks) -> None:
        records, problems = decode(payload, content_type)
        columns = resolve(records)
        assert not problems
        assert not columns.problems
        for name, time, value in zip(columns.name, columns.time, columns.value, strict=True):
            key = (name, "", round(time * 1000))
            if key in self.stored and self.stored[key] != value:
                self.conflicts.append((key, self.stored[key], value))
            if marks.stream is Stream.BACKLOG and key not in self.stored:
                self.out_of_order += time < self.backlog_time.get(name, time)
                self.backlog_time[name] = time
            self.stored.setdefault(key, value)
            if marks.redated:
                self.redated.add(key)

    async def tick(self, payload: bytes) -> None:
        await self.client.publish(CLOCK, payload, qos=1, retain=True)

    def values(self, name: str) -> list[float]:
        return [value for (full, _, _), value in sorted(self.stored.items(), key=lambda item: item[0][2])
                if full.endswith(name)]  # fmt: skip


GATEWAY = """
[gateway]
code = "test-01"
status_interval = 5

[broker]
url = "mqtt://127.0.0.1:{broker}"
resend = 1.0

[buffer]
path = "{folder}/buffer.sqlite"

[[bus]]
name = "field"
kind = "modbus_tcp"
host = "127.0.0.1"
port = {modbus}
"""

UNIT = """
[[bus.unit]]
name = "{name}"
station = "{station}"
model = "{model}"
unit = {unit}
interval = {interval}
"""


class Proxy:
    """A TCP line that can be cut, stuck, slowed down, or made deaf in one direction."""

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self.rate: float | None = None  # bytes/s
        self.latency = 0.0  # s
        self.deaf = False  # nothing comes back from the server
        self.stuck = False  # nothing goes either way, nothing is closed
        self.server: asyncio.Server | None = None
        self.writers: set[asyncio.StreamWriter] = set()
        self.tasks: set[asyncio.Task] = set()

    async def open(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Refuse connections and reset those there are."""
        if self.server is not None:
            self.server.close()
            self.server = None
        for writer in list(self.writers):
            writer.transport.abort()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        self.tasks.add(asyncio.current_task())
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, back}
        await asyncio.gather(self._pass(reader, back, up=True), self._pass(there, writer, up=False))

    async def _pass(self, reader, writer, *, up: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1024):
                while self.stuck:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                if self.deaf and not up:
                    continue
                if self.latency or self.rate:
                    await asyncio.sleep(self.latency + (len(data) / self.rate if self.rate else 0))
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
        self.writers.discard(writer)


class RefusingBroker:
    """A broker in its plainest form (MQTT 5, QoS 1) that answers publishes with any reason; 0 gets a receipt too."""

    def __init__(self) -> None:
        self.port, self.reason = free_port(), 0
        self.stored: set[tuple[str, int]] = set()
        self.tasks: set[asyncio.Task] = set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[RefusingBroker]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)

    async def _serve(self, reader, writer) -> None:
        self.tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first = (await reader.readexactly(1))[0]
                size, shift, more = 0, 0, True
                while more:
                    byte = (await reader.readexactly(1))[0]
                    size, shift, more = size | (byte & 0x7F) << shift, shift + 7, byte > 0x7F
                self._answer(first >> 4, await reader.readexactly(size), writer)
        writer.close()

    def _answer(self, kind: int, body: bytes, writer) -> None:
        if kind == 1:  # CONNECT
            writer.write(bytes([0x20, 3, 0, 0, 0]))
        elif kind == 8:  # SUBSCRIBE, without properties
            at, topics = 3, 0
            while at < len(body):
                at, topics = at + 3 + int.from_bytes(body[at : at + 2]), topics + 1
            writer.write(bytes([0x90, 3 + topics, *body[:2], 0, *[1] * topics]))
        elif kind == 12:  # PINGREQ
            writer.write(bytes([0xD0, 0]))
        elif kind == 3:  # PUBLISH with QoS 1
            end = 2 + int.from_bytes(body[:2])
            place = parse(body[2:end].decode())
            refused = self.reason if place.kind in (Kind.LIVE, Kind.BACKLOG) else 0
            writer.write(bytes([0x40, 4, *body[end : end + 2], refused, 0]))
            if place.kind in (Kind.LIVE, Kind.BACKLOG) and not refused:
                self._take(place.gateway, body[end + 2 :], writer)

    def _take(self, gateway: str, rest: bytes, writer) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        _, size = properties.unpack(rest)
        marks = label(properties.UserProperty)
        columns = resolve(decode(rest[size:], properties.ContentType)[0])
        self.stored |= {(name, round(time * 1000)) for name, time in zip(columns.name, columns.time, strict=True)}
        name = topic(gateway, Kind.RECEIPT).encode()
        said = encode_receipt(Receipt(marks.boot, marks.stream, [(marks.sequence, marks.sequence)]))
        size = 2 + len(name) + 1 + len(said)
        head = bytes([0x30, size & 0x7F | 0x80, size >> 7])
        writer.write(head + len(name).to_bytes(2) + name + b"\0" + said)


class EdgeProcess:
    """`nongvu edge run` as a real process."""

    def __init__(self, path: Path, clock: str = "real") -> None:
        self.path, self.clock = path, clock
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {**os.environ, "NONGVU_CLOCK": self.clock, "NONGVU_LOG": "info"}
        log = self.path.with_suffix(".log").open("ab")
        code = "import sys; sys.argv[0]='nongvu'; import nongvu; nongvu.main()"
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            code,
            "edge",
            "run",
            str(self.path),
            env=environment,
            stderr=log,
            stdout=log,
            cwd=Path(__file__).parents[2],
        )
        log.close()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 10)


async def until(condition, seconds: float = 10.0) -> None:
    """Wait for a condition, or fail."""
    end = asyncio.get_running_loop().time() + 6 * seconds  # a shared machine may be many times slower
    while not condition():
        if asyncio.get_running_loop().time() > end:
            raise AssertionError("it did not come in time")
        await asyncio.sleep(0.01)
