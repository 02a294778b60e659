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
from pathlib import Path

from gateway_peers import Proxy, ReceiptingServer, until

from edge.keeper import Keeper
from edge.outbox import Outbox
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
from edge.keeper import Keeper
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
    line = Line(address(f"mqtt://127.0.0.1:{port}", "line-01"), "line-01", resend, keepalive)
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
    """Sixty channels, one set of readings an event minute."""

    def __init__(self, box: Outbox) -> None:
        self.box, self.minute = box, 0

    async def minutes(self, count: int, pause: float = 0.0) -> None:
        for _ in range(count):
            time_ = START + self.minute * 60_000
            self.minute += 1
            await self.box.add(
                [Reading(f"s{c // 10}", "soil_moisture", time_, c / 100, f"c{c % 10}") for c in range(60)]
            )
            await asyncio.sleep(pause)


def figures(taking: Taking, server: ReceiptingServer) -> dict[str, int]:
    generated = taking.minute * 60
    return {"generated": generated, "stored": len(server.stored), "lost": generated - len(server.stored),
            "conflicts": len(server.conflicts), "changed_packs": len(server.changed_packs),
            "repeated_packs": server.repeats}  # fmt: skip


async def cut_line(folder: Path, broker_port: int, days: float, cuts: int, seed: int) -> dict[str, int]:
    """F8: the line is cut again and again, for days in all (simulated minutes)."""
    draw = random.Random(seed)
    proxy = Proxy(broker_port)
    await proxy.open()
    async with ReceiptingServer(broker_port).connected() as server, sending(folder, proxy.port) as (box, _):
        taking = Taking(box)
        for _ in range(cuts):
            await taking.minutes(draw.randint(3, 10), 0.02)
            await proxy.cut()
            await taking.minutes(int(days * 1440 / cuts))
            await proxy.open()
            await asyncio.sleep(draw.uniform(0.5, 2.5))
        began = time.monotonic()
        await until(lambda: box.waiting == 0, 120)
        result = figures(taking, server) | {"drained_in_s": round(time.monotonic() - began, 1)}
    await proxy.cut()
    return result


async def half_open(folder: Path, broker_port: int, times: int) -> dict[str, int]:
    """F9: nothing comes back, then nothing goes at all; packs are sent again and nothing is doubled."""
    proxy = Proxy(broker_port)
    await proxy.open()
    async with ReceiptingServer(broker_port).connected() as server, sending(folder, proxy.port) as (box, _):
        taking = Taking(box)
        for _ in range(times):
            await taking.minutes(5, 0.05)
            proxy.deaf = True
            await taking.minutes(20, 0.05)
            proxy.deaf = False
            await proxy.cut()
            await proxy.open()
            await taking.minutes(5, 0.05)
            proxy.stuck = True
            await taking.minutes(60, 0.01)
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
        await taking.minutes(backlog_minutes)
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
        result = {"generated": taking.minute * 60 + 8, "stored": len(server.stored),
                  "repeated_packs": server.repeats, "worst_live_delay_s": round(max(delays), 1)}  # fmt: skip
    await proxy.cut()
    return result
