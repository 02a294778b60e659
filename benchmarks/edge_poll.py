"""The gateway at work: 100 units × 10 registers each second over Modbus TCP, decoded, buffered (FULL), sent, receipted.

Data: 100 units behind one Modbus TCP server, 10 words each (a sensor model of ten `u16` registers), interval 1 s, SenML
CBOR over a mosquitto on loopback, receipts by a process of its own; all peers run in other processes. Measured after
10 s of settling, for 30 s, as the gateway's process says (user + system time, resident memory). Beside it: the buffer
alone (batches of 500 readings in, packs formed and receipted out), nine units with a dead tenth on a line, and a week's
buffer of 60 channels at one a minute drained while live readings go on.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "edge")]

UNITS, REGISTERS = 100, 10
SETTLE, MEASURE = 10.0, 30.0
WEEK = 60 * 60 * 24 * 7
DEAD = 75.0

MODEL = """
name = "bench-ten"
title = "Ten words"
sources = ["this benchmark"]
function = 3
minimum_interval = 0.1
""" + "".join(
    f'[[register]]\nquantity = "soil_moisture"\nlevel = "w{at}"\naddress = {at}\nscale = 0.0001\n' for at in range(10)
)


def run() -> list[dict]:
    """All of it; a list of results as `make bench` writes them."""
    from standalone.services import Broker, BrokerOptions, temporary_folder

    options = BrokerOptions(allow_anonymous=True, persistence=False)
    with temporary_folder() as folder, Broker.start(folder / "broker", options=options) as broker:
        results = []
        chosen = os.environ.get("EDGE_PARTS", "poll,buffer,dead_unit,week").split(",")
        parts = {"poll": lambda: poll(broker.port), "buffer": buffer, "dead_unit": dead_unit,
                 "week": lambda: week(broker.port)}  # fmt: skip
        for name in chosen:
            for row in parts[name]():
                print(f"  {row['name']}: {row['value']} {row['unit']} (bar {row['bar']})", flush=True)
                results.append(row)
        return results


def result(name: str, value: float, unit: str, bar: float, *, most: bool) -> dict[str, Any]:
    return {"name": name, "value": round(value, 3), "unit": unit, "peer": None, "peer_value": None, "ratio": None,
            "bar": f"{'<' if most else '≥'} {bar:g} {unit}", "met": value < bar if most else value >= bar}  # fmt: skip


@contextlib.contextmanager
def peer(*arguments):
    """A process of its own; ready when it has said so."""
    process = subprocess.Popen([sys.executable, __file__, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def free() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def gateway(folder: Path, broker: int, modbus: int, units, interval: float = 1.0) -> Path:
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "bench-ten.toml").write_text(MODEL)
    text = f"""[gateway]
code = "bench-01"
models = "{folder}/models"
[broker]
url = "mqtt://127.0.0.1:{broker}"
[buffer]
path = "{folder}/buffer.sqlite"
[clock]
trust = "always"
[[bus]]
name = "field"
kind = "modbus_tcp"
host = "127.0.0.1"
port = {modbus}
"""
    for unit in units:
        text += f'[[bus.unit]]\nname = "u{unit}"\nstation = "s{unit}"\nmodel = "bench-ten"\nunit = {unit}\n'
        text += f"interval = {interval}\ntimeout = 0.5\n"
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def poll(broker: int) -> list[dict]:
    import psutil

    modbus = free()
    with (
        tempfile.TemporaryDirectory() as name,
        peer("modbus", modbus, UNITS),
        peer("receipts", broker, f"{name}/count"),
    ):
        path = gateway(Path(name), broker, modbus, range(1, UNITS + 1))
        with (Path(name) / "log").open("wb") as log:
            edge = subprocess.Popen([sys.executable, "nongvu.py", "edge", "run", str(path)], cwd=ROOT, stderr=log,
                                    env={**os.environ, "NONGVU_CLOCK": "real"})  # fmt: skip
        try:
            while arrived(Path(name) / "count") < 2 * UNITS * REGISTERS:
                time.sleep(0.2)
            time.sleep(SETTLE)
            process = psutil.Process(edge.pid)
            counts = [arrived(Path(name) / "count")]
            before = sum(process.cpu_times()[:2])
            time.sleep(MEASURE)
            cpu = (sum(process.cpu_times()[:2]) - before) / MEASURE * 100
            counts.append(arrived(Path(name) / "count"))
            memory = process.memory_info().rss / 1e6
        finally:
            edge.terminate()
            edge.wait(20)
        rate = (counts[1] - counts[0]) / MEASURE
        return [
            result("edge_poll", cpu, "% of one core", 40, most=True),
            result("edge_poll_memory", memory, "MB", 90, most=True),
            result("edge_poll_rate", rate, "readings/s", 0.97 * UNITS * REGISTERS, most=False),
        ]


def arrived(count: Path) -> int:
    """Readings that the receipting server has counted so far."""
    return int(count.read_text() or 0) if count.exists() else 0


def buffer() -> list[dict]:
    from edge.buffer_worker import Keeper
    from edge.outbox import Outbox
    from telemetry.pack import Receipt
    from telemetry.reading import Reading

    async def measure() -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as name:
            box = Outbox(Keeper(Path(name) / "b", "boot"))
            await box.open()
            task = asyncio.create_task(box.run())
            batches = [
                [
                    Reading("s", "air_temperature", 1_700_000_000_000 + at * 1000, at % 300 / 10)
                    for at in range(s, s + 500)
                ]
                for s in range(0, 200_000, 500)
            ]
            began = time.perf_counter()
            for at in range(0, len(batches), 20):
                await asyncio.gather(*(box.add(batch) for batch in batches[at : at + 20]))
            middle = time.perf_counter()
            out = 0
            while box.waiting:
                while await box.form_backlog():
                    pass
                for boot, stream, sequence in list(box.formed):
                    out += box.formed[boot, stream, sequence].readings
                    box.receipted(Receipt(boot, stream, [(sequence, sequence)]))
            end = time.perf_counter()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await box.close()
            return 200_000 / (middle - began), out / (end - middle)

    into, out = asyncio.run(measure())
    return [result("edge_buffer_in", into, "readings/s", 20_000, most=False),
            result("edge_buffer_out", out, "readings/s", 20_000, most=False)]  # fmt: skip


def dead_unit() -> list[dict]:
    """Mean time between two readings of nine units that answer within 20 ms, at one cycle a second for `DEAD` seconds,
    on two lines side by side: one without and one with a tenth unit, the first in the file, that never answers.

    The first seconds count: they are when the silence is found out. The worst gap is noted beside it.
    """
    from edge.buffer_worker import Keeper
    from edge.bus import tcp_bus
    from edge.bus_settings import TcpBus, Unit
    from edge.device import Device
    from edge.outbox import Outbox
    from edge.poll import Poller
    from edge.sensor import load

    async def measure(port: int, dead: bool) -> list[float]:
        with tempfile.TemporaryDirectory() as name:
            gateway(Path(name), 1, port, [1])
            model = load(Path(name) / "models" / "bench-ten.toml")
            units = [*([200] if dead else []), *range(1, 10)]
            devices = [
                Device(Unit(name=f"u{u}", station=f"s{u}", model="bench-ten", unit=u, interval=1, timeout=0.5), model,
                       model.registers) for u in units
            ]  # fmt: skip
            box = Outbox(Keeper(Path(name) / "b", "boot"))
            await box.open()
            writer = asyncio.create_task(box.run())
            taken: dict[str, list[float]] = {}

            def watch(readings):
                taken.setdefault(readings[0].station, []).append(time.perf_counter())

            bus = tcp_bus(TcpBus(name="b", kind="modbus_tcp", host="127.0.0.1", port=port))
            from datetime import UTC, datetime

            poller = Poller(bus, devices, box, lambda: (int(time.time() * 1000), ""), lambda: datetime.now(UTC), watch)
            task = asyncio.create_task(poller.run())
            await asyncio.sleep(DEAD)
            for item in (task, writer):
                item.cancel()
            await asyncio.gather(task, writer, return_exceptions=True)
            await bus.close()
            await box.close()
            return [b - a for times in taken.values() for a, b in itertools.pairwise(times)]

    async def both() -> tuple[list[float], list[float]]:
        return await asyncio.gather(measure(ports[0], dead=False), measure(ports[1], dead=True))

    ports = free(), free()
    with peer("modbus", ports[0], 9, 0.02), peer("modbus", ports[1], 9, 0.02):
        alone, beside = asyncio.run(both())
    change = (statistics.mean(beside) / statistics.mean(alone) - 1) * 100
    peers = {"peer": "the same line without it, at the same time"}
    worst = {"name": "edge_dead_unit_worst_gap", "value": round(max(beside), 3), "unit": "s", **peers,
             "peer_value": round(max(alone), 3), "ratio": round(max(beside) / max(alone), 3), "bar": None, "met": None}  # fmt: skip
    return [{**result("edge_dead_unit", change, "% longer cycle", 5, most=True), **peers,
             "peer_value": round(statistics.mean(alone), 4),
             "ratio": round(statistics.mean(beside) / statistics.mean(alone), 4)}, worst]  # fmt: skip


def week(broker: int) -> list[dict]:
    """A week of 60 channels at one a minute drains; a live reading's delay from taken to receipted meanwhile, and
    beside it the same when nothing drains.
    """
    from edge.buffer_worker import Keeper
    from edge.outbox import Outbox
    from edge.uplink import Line, Uplink
    from telemetry.birth import Birth, Status
    from telemetry.broker import address
    from telemetry.reading import Reading

    def minute(at: int) -> list[Reading]:
        time_ = 1_700_000_000_000 + at * 60_000
        return [Reading(f"s{c // 10}", "soil_moisture", time_, c / 100, f"c{c % 10}") for c in range(60)]

    async def live(box: Outbox, number: int) -> float:
        start = time.perf_counter()
        await box.add([Reading("s0", "air_temperature", 1_800_000_000_000 + number * 1000, 20.0)])
        mine = [key for key in box.formed if key[1] == "live"]
        while mine[-1] in box.formed:
            await asyncio.sleep(0.002)
        seconds = time.perf_counter() - start
        await asyncio.sleep(0.1)
        return seconds

    async def measure() -> tuple[float, float, float]:
        with tempfile.TemporaryDirectory() as name:
            box = Outbox(Keeper(Path(name) / "b", "boot"))
            await box.open()
            writer = asyncio.create_task(box.run())
            for at in range(0, WEEK // 60, 60):
                await asyncio.gather(*(box.add(minute(at + m)) for m in range(60)))
            line = Line(lambda: address(f"mqtt://127.0.0.1:{broker}", "week-01"), "week-01")
            uplink = Uplink(
                line, box, lambda: Birth("week-01", "boot", "t", ""), lambda: Status("week-01", online=True)
            )
            sending = asyncio.create_task(uplink.run())
            while not box.line_up:
                await asyncio.sleep(0.01)
            began, beside, number = time.perf_counter(), [], 0
            while box.bundled > 0:
                beside.append(await live(box, number := number + 1))
            seconds = time.perf_counter() - began
            alone = [await live(box, number := number + 1) for _ in range(100)]
            for item in (sending, writer):
                item.cancel()
            await asyncio.gather(sending, writer, return_exceptions=True)
            await box.close()
            return WEEK / 60 * 60 / seconds, worst_of_hundred(beside), worst_of_hundred(alone)

    with tempfile.TemporaryDirectory() as name, peer("receipts", broker, f"{name}/count"):
        rate, beside, alone = asyncio.run(measure())
    return [result("edge_week_drain", rate, "readings/s", 600, most=False),
            {**result("edge_week_live_p99", beside, "s", 2, most=True), "peer": "live readings when nothing drains",
             "peer_value": round(alone, 4), "ratio": round(beside / alone, 2)}]  # fmt: skip


def worst_of_hundred(delays: list[float]) -> float:
    """99th percentile [s]."""
    return sorted(delays)[max(0, int(len(delays) * 0.99) - 1)]


# -- peers, in processes of their own ---------------------------------------------------------------------------


async def serve_modbus(port: int, units: int, latency: float = 0.0) -> None:
    """Modbus TCP in its plainest form; units above the last are silent, as a dead device behind a gateway is."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                tid, _, length = struct.unpack(">HHH", await reader.readexactly(6))
                body = await reader.readexactly(length)
                unit, function, address, count = struct.unpack(">BBHH", body)
                if latency:
                    await asyncio.sleep(latency)
                if unit <= units:
                    words = struct.pack(f">{count}H", *(unit * 10 + address + at for at in range(count)))
                    writer.write(struct.pack(">HHHBBB", tid, 0, 3 + 2 * count, unit, function, 2 * count) + words)

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("ready", flush=True)
    await server.serve_forever()


async def serve_receipts(port: int, count: Path) -> None:
    """Receipt every pack, and write down how many readings came."""
    import aiomqtt
    import cbor2

    from telemetry.pack import Receipt, encode_receipt, label
    from telemetry.topics import ROOT, Kind, parse, topic

    readings, written = 0, 0.0
    async with aiomqtt.Client("127.0.0.1", port, protocol=aiomqtt.ProtocolVersion.V5) as client:
        await client.subscribe([(f"{ROOT}/+/+/live", 1), (f"{ROOT}/+/+/backlog", 1)])
        print("ready", flush=True)
        async for message in client.messages:
            marks = label(message.properties.UserProperty)
            receipt = Receipt(marks.boot, marks.stream, [(marks.sequence, marks.sequence)])
            name = topic(parse(str(message.topic)).gateway, Kind.RECEIPT)
            client._client.publish(name, encode_receipt(receipt), qos=1)
            readings += len(cbor2.loads(message.payload))
            if time.monotonic() - written > 0.2:
                count.write_text(str(readings))  # noqa: ASYNC240
                written = time.monotonic()


if __name__ == "__main__":
    if sys.argv[1:2] == ["modbus"]:
        asyncio.run(serve_modbus(int(sys.argv[2]), int(sys.argv[3]), float((*sys.argv, 0)[4])))
    elif sys.argv[1:2] == ["receipts"]:
        asyncio.run(serve_receipts(int(sys.argv[2]), Path(sys.argv[3])))
    else:
        for row in run():
            print(row)
