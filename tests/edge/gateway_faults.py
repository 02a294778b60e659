"""Faults of a gateway, seeded and counted: used short in `make test`, long in `make faults`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from gateway_peers import GATEWAY, UNIT, Liar, ModbusPeer, Proxy, ReceiptingServer, RefusingBroker, crc, until

from edge.buffer_worker import Keeper
from edge.bus_settings import Unit
from edge.device import Device
from edge.gateway_clock import GatewayClock
from edge.outbox import Outbox
from edge.poll import Poller
from edge.run import Running
from edge.sensor import shelf
from edge.settings import parse
from edge.uplink import Line, Uplink
from telemetry.birth import Birth, Status
from telemetry.broker import address
from telemetry.pack import CBOR, DroppedReadings, PackKind, Receipt, decode_drops
from telemetry.reading import Reading
from telemetry.wire import decode, resolve

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START = 1_790_000_000_000

#: A gateway's write path alone: adds readings (live and not), takes receipts, and notes each time that is durable.
WRITER = """
import asyncio, os, random, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from edge.buffer_worker import Keeper
from edge.outbox import Outbox
from telemetry.pack import Receipt
from telemetry.reading import Reading
async def main(path, ledger, start, seed, most):
    draw = random.Random(seed)
    box = Outbox(Keeper(Path(path), f"boot-{seed}"))
    await box.open()
    task = asyncio.create_task(box.run())
    out = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    time = start
    while time < start + most:
        box.line_up = draw.random() < 0.5
        times = list(range(time, time + draw.randint(1, 8)))
        time = times[-1] + 1
        await box.add([Reading("s", "air_temperature", 1_790_000_000_000 + at * 1000, 1.0) for at in times],
                      {"unit:u": str(times[-1]).encode()})
        os.write(out, b"".join(b"+%d\\n" % at for at in times))
        if draw.random() < 0.2:
            await box.form_backlog()
    await asyncio.sleep(5)
asyncio.run(main(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6])))
"""


@contextlib.asynccontextmanager
async def opened(path: Path, boot: str = "after"):
    box = Outbox(Keeper(path, boot))
    await box.open()
    task = asyncio.create_task(box.run())
    try:
        yield box
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await box.close()


async def delivered(box: Outbox) -> tuple[list[int], int]:
    """Times [ms] that a server would get, and readings declared as dropped."""
    times, dropped = [], 0
    while True:
        while await box.form_backlog():
            pass
        if not box.formed:
            return times, dropped
        for key, pack in list(box.formed.items()):
            if pack.label.kind is PackKind.DROPPED:
                drops = decode_drops(pack.payload)
                dropped += sum(drop.count if isinstance(drop, DroppedReadings) else drop.readings for drop in drops)
            else:
                times += [round(at * 1000) for at in resolve(decode(pack.payload, CBOR)[0]).time]
            box.receipted(Receipt(key[0], key[1], [(key[2], key[2])]))


async def kills(folder: Path, count: int, seed: int) -> dict[str, int]:
    """F4: kill -9 at random points of the write path."""
    draw = random.Random(seed)
    ledger, start = folder / "ledger", 0
    for number in range(count):
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", WRITER, str(ROOT), str(folder / "b"), str(ledger), str(start), str(number), "100000"]
        )
        while not ledger.exists() or ledger.stat().st_size == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        before = ledger.stat().st_size
        while ledger.stat().st_size == before and process.poll() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        await asyncio.sleep(draw.uniform(0, 0.12))
        process.kill()
        process.wait()
        start += 100_000
    wanted = {START + int(line[1:]) * 1000 for line in ledger.read_bytes().split(b"\n") if line.startswith(b"+")}
    async with opened(folder / "b") as box:
        times, dropped = await delivered(box)
    return {"kills": count, "generated": len(wanted), "stored": len(set(times)), "lost": len(wanted - set(times)),
            "duplicates": len(times) - len(set(times)), "dropped": dropped}  # fmt: skip


def write_log_library(folder: Path) -> Path | None:
    """The shim that notes writes; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "write_log.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, HERE / "write_log.c", "-ldl"], check=True)
    return library


async def power_cuts(folder: Path, count: int, seed: int) -> dict[str, int]:
    """F4: power lost at random moments: what was not synced is gone, or only some of it is."""
    library = write_log_library(folder)
    assert library is not None
    work, log = folder / "work", folder / "log"
    work.mkdir()
    environment = {**os.environ, "LD_PRELOAD": str(library), "WRITE_LOG": str(log)}
    command = [sys.executable, "-c", WRITER, str(ROOT), str(work / "b"), str(work / "ledger"), "0", str(seed), "1500"]
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    while (work / "ledger").stat().st_size < 4000 if (work / "ledger").exists() else True:
        await asyncio.sleep(0.05)
        assert process.returncode is None
    process.kill()
    await process.wait()
    records = list(read_log(log, work))
    draw, wanted, lost, duplicates = random.Random(seed), 0, 0, 0
    for number in range(count):
        after = folder / f"after-{number}"
        after.mkdir()
        acknowledged = restore(records, draw.randrange(len(records) // 10, len(records)), after, draw)
        async with opened(after / "b") as box:
            times, _ = await delivered(box)
        wanted += len(acknowledged)
        lost += len(acknowledged - set(times))
        duplicates += len(times) - len(set(times))
        shutil.rmtree(after)
    return {"cuts": count, "generated": wanted, "lost": lost, "duplicates": duplicates}


def read_log(log: Path, work: Path):
    """Records (kind, file name, offset, data) of files in the work folder."""
    data, at = log.read_bytes(), 0
    while at + 16 <= len(data):
        kind, _, path_size, size, offset = struct.unpack_from("=cbHIq", data, at)
        path = data[at + 16 : at + 16 + path_size].decode()
        at += 16 + path_size
        content = data[at : at + size]
        at += size
        if path.startswith(f"{work}/"):
            yield kind, Path(path).name, offset, content


def restore(records, end: int, folder: Path, draw: random.Random) -> set[int]:
    """Files as a power cut after ``end`` records leaves them; returns what the ledger had promised by then."""
    synced = {}
    for index, (kind, name, _, _) in enumerate(records[:end]):
        if kind == b"s":
            synced[name] = index
    keep = draw.choice((0.0, 0.5, 1.0))  # of what was not synced: nothing, some of it out of order, all of it
    files: dict[str, bytearray] = {}
    promised: set[int] = set()
    for index, (kind, name, offset, content) in enumerate(records[:end]):
        if name == "ledger":
            promised |= {START + int(line[1:]) * 1000 for line in content.split(b"\n") if line.startswith(b"+")}
            continue
        if kind == b"u":  # SQLite syncs the folder after it
            files.pop(name, None)
            continue
        if index > synced.get(name, -1) and draw.random() >= keep:
            continue
        file = files.setdefault(name, bytearray())
        if kind == b"t":
            del file[offset:]
            file.extend(bytes(offset - len(file)))
        elif kind == b"w":
            file.extend(bytes(max(0, offset + len(content) - len(file))))
            file[offset : offset + len(content)] = content
    for name, content in files.items():
        if not name.endswith("-shm"):
            (folder / name).write_bytes(content)
    return promised


# -- lines ------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def sending(folder: Path, port: int, *, resend: float = 1.0, keepalive: int = 5):
    """An outbox with its uplink, in this process."""
    box = Outbox(Keeper(folder / "b", f"boot-{time.monotonic_ns()}"))
    await box.open()
    line = Line(lambda: address(f"mqtt://127.0.0.1:{port}", "line-01"), "line-01", resend, keepalive)
    uplink = Uplink(line, box, lambda: Birth("line-01", "b", "t", ""), lambda: Status("line-01", online=True))
    tasks = [asyncio.create_task(box.run()), asyncio.create_task(uplink.run())]
    try:
        yield box, uplink
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await box.close()


class Taking:
    """Sixty channels, one set of readings every ``step`` seconds of event time."""

    def __init__(self, box: Outbox, step: float = 60.0) -> None:
        self.box, self.step, self.sets, self.time = box, step, 0, START

    def _set(self) -> list[Reading]:
        self.sets, self.time = self.sets + 1, self.time + round(self.step * 1000)
        return [Reading(f"s{c // 10}", "soil_moisture", self.time, c / 100, f"c{c % 10}") for c in range(60)]

    async def take(self, count: int, pause: float = 0.0) -> None:
        for _ in range(count):
            await self.box.add(self._set())
            await asyncio.sleep(pause)

    async def take_for(self, seconds: float) -> int:
        """All sets of so much event time, an hour's in one write; how many."""
        count = max(1, round(seconds / self.step))
        for at in range(0, count, 60):
            await asyncio.gather(*(self.box.add(self._set()) for _ in range(min(60, count - at))))
        return count


def figures(taking: Taking, server: ReceiptingServer) -> dict[str, int]:
    generated = taking.sets * 60
    return {"generated": generated, "stored": len(server.stored), "lost": generated - len(server.stored),
            "conflicts": len(server.conflicts), "changed_packs": len(server.changed_packs),
            "repeated_packs": server.repeats}  # fmt: skip


async def cut_line(
    folder: Path, broker_port: int, lengths: Sequence[float], *, silent: bool = False
) -> dict[str, float]:
    """F8: the line is cut for so many seconds of event time each: refused and reset, or silently passing nothing."""
    proxy = Proxy(broker_port)
    await proxy.open()
    detected, drained = [], []
    async with ReceiptingServer(broker_port).connected() as server, sending(folder, proxy.port) as (box, _):
        taking = Taking(box)
        await until(lambda: box.line_up, 30)
        for seconds in lengths:
            taking.step = 1.0 if seconds <= 300 else 60.0
            await taking.take(5, 0.02)
            began = time.monotonic()
            if silent:
                proxy.stuck = True
            else:
                await proxy.cut()
            while box.line_up:
                await taking.take(1, 0.05)
            detected.append(time.monotonic() - began)
            sets = await taking.take_for(seconds)
            proxy.stuck = False
            if not silent:
                await proxy.open()
            await until(lambda: box.line_up, 60)
            began = time.monotonic()
            await until(lambda: box.waiting == 0, 120)
            drained.append(sets * 60 / (time.monotonic() - began) * taking.step / 60)
        result = figures(taking, server) | {
            "out_of_order": server.out_of_order, "noticed_in_s": round(max(detected), 1),
            "drained_at_times_live": round(min(drained)),
        }  # fmt: skip
    await proxy.cut()
    return result


async def half_open(folder: Path, broker_port: int, times: int) -> dict[str, int]:
    """F9: nothing comes back, then nothing goes at all; packs are sent again and nothing is doubled."""
    proxy = Proxy(broker_port)
    await proxy.open()
    async with ReceiptingServer(broker_port).connected() as server, sending(folder, proxy.port) as (box, _):
        taking = Taking(box)
        for _ in range(times):
            await taking.take(5, 0.05)
            proxy.deaf = True
            await taking.take(20, 0.05)
            proxy.deaf = False
            await proxy.cut()
            await proxy.open()
            await taking.take(5, 0.05)
            proxy.stuck = True
            await taking.take(60, 0.01)
            proxy.stuck = False
            await asyncio.sleep(1)
        await until(lambda: box.waiting == 0, 90)
        result = figures(taking, server)
    await proxy.cut()
    return result


async def slow_line(folder: Path, broker_port: int, backlog_minutes: int) -> dict[str, float]:
    """F10: 2 kB/s and a second of latency: no storm of repeats, and live readings do not wait for the backlog."""
    proxy = Proxy(broker_port)
    async with (
        ReceiptingServer(broker_port).connected() as server,
        sending(folder, proxy.port, resend=20.0) as (box, _),
    ):
        taking = Taking(box)
        await taking.take_for(backlog_minutes * 60)
        proxy.rate, proxy.latency = 2000.0, 0.5
        await proxy.open()
        await until(lambda: box.line_up, 30)
        delays = []
        for number in range(8):
            await asyncio.sleep(1.5)
            began = time.monotonic()
            name = ("urn:nongvu:s9:air_temperature", "", START + number * 1000)
            await box.add([Reading("s9", "air_temperature", START + number * 1000, 20.0)])
            await until(lambda name=name: name in server.stored, 60)
            delays.append(time.monotonic() - began)
        proxy.rate, proxy.latency = None, 0.0
        await until(lambda: box.waiting == 0, 120)
        result = {"generated": taking.sets * 60 + 8, "stored": len(server.stored),
                  "repeated_packs": server.repeats, "worst_live_delay_s": round(max(delays), 1)}  # fmt: skip
    await proxy.cut()
    return result


#: Reasons of a PUBACK by which a broker says that it did not pass a message on (MQTT 5, table 3-4).
REASONS = {0x10: "no matching subscribers", 0x80: "unspecified", 0x83: "implementation specific",
           0x87: "not authorized", 0x90: "topic name invalid", 0x97: "quota exceeded", 0x99: "payload format"}  # fmt: skip


async def refused(folder: Path) -> dict[str, int]:
    """F12: a broker that answers with every reason but 0x00; nothing is deleted, all is sent when it takes it."""
    deleted = 0
    async with RefusingBroker().running() as broker, sending(folder, broker.port, resend=0.3) as (box, uplink):
        taking = Taking(box)
        await until(lambda: box.line_up, 30)
        for reason in REASONS:
            broker.reason = reason
            sent = uplink.sent
            await taking.take(5)
            await until(lambda reason=reason, sent=sent: uplink.last_refusal == reason and uplink.sent > sent + 5, 30)
            deleted += taking.sets * 60 - box.waiting
        broker.reason = 0
        await until(lambda: box.waiting == 0, 90)
        generated = taking.sets * 60
        return {"reasons": len(REASONS), "refusals": uplink.refused, "generated": generated,
                "deleted_without_receipt": deleted, "stored": len(broker.stored),
                "lost": generated - len(broker.stored)}  # fmt: skip


async def full_card(card: Path, broker_port: int, *, by_others: bool) -> dict[str, int]:
    """F15: the buffer's small partition fills, by its own readings or by others; what is missing was declared."""
    async with ReceiptingServer(broker_port).connected() as server:
        proxy = Proxy(broker_port)  # no line at first
        async with sending(card, proxy.port) as (box, _):
            taking = Taking(box)
            if by_others:
                await taking.take_for(60 * 200)
                with contextlib.suppress(OSError), (card / "log").open("wb", buffering=0) as other:
                    while True:
                        other.write(bytes(1024))
            await taking.take_for(60 * 2000)
            dropped = box.dropped
            await proxy.open()
            await until(lambda: box.waiting == 0 and not box.formed and not box.undeclared, 120)
            declared = sum(d.count if isinstance(d, DroppedReadings) else d.readings for d in server.drops)
            result = figures(taking, server)
        await proxy.cut()
    lost = result["lost"] - declared
    return {"generated": result["generated"], "stored": result["stored"], "dropped_and_declared": declared,
            "lost_untold": lost, "conflicts": result["conflicts"], "dropped_before_the_line": dropped}  # fmt: skip


#: What is done to a buffer file, each at a random place.
DAMAGES = ("bit", "page", "cut", "header", "not a file", "log gone", "bit in the log")

FILLER = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from edge.buffer_worker import Keeper
from edge.outbox import Outbox
from telemetry.reading import Reading
async def main(path, kill):
    box = Outbox(Keeper(Path(path), "boot-1"))
    await box.open()
    task = asyncio.create_task(box.run())
    for at in range(200):
        box.line_up = at < 5
        await box.add([Reading("s", "air_temperature", 1_790_000_000_000 + (at * 20 + n) * 1000, 1.0) for n in range(20)])
    if kill:
        os.kill(os.getpid(), 9)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await box.close()
asyncio.run(main(sys.argv[2], sys.argv[3] == "1"))
"""


async def damaged(folder: Path, kind: str, times: int, seed: int) -> dict[str, int]:
    """F19: a buffer of 4,000 readings is damaged; it opens, gives what is readable, and says that something is gone."""
    draw, found = (
        random.Random(seed),
        {"times": times, "opened": 0, "taken": 0, "stored": 0, "declared": 0, "untold": 0},
    )
    made = folder / "made" / "b"
    made.parent.mkdir()
    in_log = kind in ("log gone", "bit in the log")
    command = [sys.executable, "-c", FILLER, str(ROOT), str(made), "1" if in_log else "0"]
    await asyncio.to_thread(subprocess.run, command, stderr=subprocess.DEVNULL)
    for number in range(times):
        path = folder / f"{number}" / "b"
        shutil.copytree(made.parent, path.parent)
        _damage(path, kind, draw)
        async with opened(path, "boot-2") as box:
            times_, declared = await delivered(box)
            noted = bool(box.keeper.note)
            await box.add([Reading("s", "air_temperature", START - 1000, 1.0)])  # and it goes on
            again, _ = await delivered(box)
        found["opened"] += again == [START - 1000]
        stored = len(set(times_))
        found["taken"] += 4000
        found["stored"] += stored
        found["declared"] += declared
        found["untold"] += 0 if noted else 4000 - stored - declared
    return found


def _damage(path: Path, kind: str, draw: random.Random) -> None:
    file = Path(f"{path}-wal") if kind == "bit in the log" else path
    if kind == "log gone":
        Path(f"{path}-wal").unlink()
    elif kind == "not a file":
        path.unlink()
        path.mkdir()
    else:
        data = bytearray(file.read_bytes())
        page = draw.randrange(1, len(data) // 4096) * 4096
        if kind.startswith("bit"):
            data[draw.randrange(4096, len(data))] ^= 1 << draw.randrange(8)
        elif kind == "page":
            data[page : page + 4096] = draw.randbytes(4096)
        elif kind == "cut":
            del data[page + draw.randrange(4096) :]
        elif kind == "header":
            data[:100] = bytes(100)
        file.write_bytes(data)


#: How the tenth device of a line lies: unit, question, and a right answer to it → what it says instead.
LIES = {
    "silent": lambda liar, unit, body: None,
    "wrong checksum": lambda liar, unit, body: right(liar, unit, body)[:-1] + b"\x00",
    "short answer": lambda liar, unit, body: right(liar, unit, body)[:4],
    "fewer words": lambda liar, unit, body: liar.right(unit, [], 0, body[1]),
    "another unit": lambda liar, unit, body: right(liar, unit + 1, body),
    "exception 4": lambda liar, unit, body: crc(bytes([unit, body[1] | 0x80, 4])),
    "noise": lambda liar, unit, body: random.Random(liar.requests).randbytes(40),
    "noise before the answer": lambda liar, unit, body: b"\x00\xff\x13" + right(liar, unit, body),
    "noise after the answer": lambda liar, unit, body: right(liar, unit, body) + b"\x00\xff\x13",
}


def right(liar: Liar, unit: int, body: bytes) -> bytes:
    """What an honest device says: ten times its address in every word."""
    return liar.right(unit, [unit * 10] * struct.unpack(">H", body[4:6])[0], 0, body[1])


async def lying_line(folder: Path, lie: str, seconds: float = 3.0) -> dict[str, float]:
    """F33: nine honest devices and one that lies on one RTU line; then it tells the truth and comes back by itself."""
    liar, lying = Liar(rtu=True), True
    liar.lie = lambda unit, body, tid: LIES[lie](liar, unit, body) if unit == 10 and lying else right(liar, unit, body)
    model = shelf()["elsner-p03"]
    register = model.registers[:1]
    devices = [Device(Unit(name=f"u{u}", station=f"s{u}", model=model.name, unit=u, interval=0.5, timeout=0.1,
                           retries=0), model, register) for u in range(1, 11)]  # fmt: skip
    taken: dict[str, list[float]] = {device.unit.station: [] for device in devices}

    def watch(readings):
        for reading in readings:
            taken[reading.station].append(reading.value)

    def clock() -> datetime:
        return datetime.now(UTC)

    async with opened(folder / "b") as box, liar.running() as bus:
        with mock.patch("edge.circuit_breaker.FIRST_TRIAL", 0.5):
            poller = Poller(bus, devices, box, lambda: (round(clock().timestamp() * 1000), ""), clock, watch)
            task = asyncio.create_task(poller.run())
            await until(lambda: len(taken["s1"]) >= seconds / 0.5, seconds * 5)
            before, lying = len(taken["s10"]), False
            await until(lambda: len(taken["s10"]) > before, 30)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    wanted = {station: register[0].value(int(station[1:]) * 10) for station in taken}
    wrong = sum(value != wanted[station] for station, values in taken.items() for value in values)
    honest = [len(taken[f"s{u}"]) for u in range(1, 10)]
    return {"honest_readings_least": min(honest), "honest_readings_most": max(honest), "wrong_values": wrong,
            "of_the_liar_while_lying": before, "errors_of_neighbours": sum(device.errors for device in devices[:9])}  # fmt: skip


async def clock_jumps(folder: Path, broker_port: int) -> dict[str, int]:
    """F22: a gateway whose clock says 1970 until the time is known, then jumps by an hour and back."""
    modbus = ModbusPeer({1: {0: 200}})
    await modbus.start()
    unit = UNIT.format(name="probe", station="tram-1", model="elsner-p03", unit=1, interval=1)
    text = GATEWAY.format(broker=broker_port, folder=folder, modbus=modbus.port) + unit
    shift = {"seconds": 1000.0 - time.time(), "right": False}
    running = Running(parse(text), "real")
    running.real = GatewayClock("ntp", wall=lambda: time.time() + shift["seconds"], synchronised=lambda: shift["right"])
    taken = []
    for poller in running.pollers:
        poller._watch = taken.extend
    began = time.time()
    async with ReceiptingServer(broker_port).connected() as server:
        with mock.patch("edge.clock_step.CLOCK_LOOK", 0.1):
            task = asyncio.create_task(running.run())
            await until(lambda: len(taken) >= 3, 20)
            assert not server.stored
            assert not running.status().clock_right
            shift |= {"seconds": 0.0, "right": True}
            await until(lambda: len(server.redated) >= 3, 20)
            right_at = time.time()
            assert running.status().clock_right
            for jump in (3600.0, -3600.0, 0.0):
                shift["seconds"] = jump
                count = len(taken)
                await until(lambda count=count: len(taken) >= count + 2, 20)
            await until(lambda: running.outbox.waiting == 0, 20)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    await modbus.stop()
    wrong = sum(not began - 1 < key[2] / 1000 < right_at for key in server.redated)
    return {"generated": len(taken), "stored": len(server.stored), "lost": len(taken) - len(server.stored),
            "conflicts": len(server.conflicts), "dated_afterwards": len(server.redated), "dated_wrong": wrong}  # fmt: skip
