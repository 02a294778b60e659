"""The gateway against Modbus of other makers: npm modbus-serial's servers, mbpoll (libmodbus), a serial line of socat."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.bus import NoAnswerError, RefusedError, serial_bus, tcp_bus
from edge.bus_settings import SerialBus, TcpBus
from edge.modbus_register import words_of
from standalone.services import free_port

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
CACHE = Path(
    os.environ.get("NONGVU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nongvu"
)
NODE = CACHE / "node" / "node_modules"

#: Words of unit 7: a Lufft weather station's input registers.
WORDS = {10: 925, 14: 10032, 18: 2700, 27: 32767, 31: 65511, 35: 32767, 48: 35, 83: 3600, 85: 65535}

SERVER = """
const {ServerTCP, ServerSerial} = require(process.argv[2] + "/modbus-serial");
const words = JSON.parse(process.argv[4]);
const vector = {
  getInputRegister: (a) => words[a] ?? 0,
  getHoldingRegister: (a) => { if (a === 500) throw {modbusErrorCode: 2}; return words[a] ?? 0; },
  getCoil: (a) => coils[a] ?? false,
  setCoil: (a, v) => { coils[a] = v; console.log(`coil ${a} ${v}`); },
};
const coils = {};
if (process.argv[3].startsWith("/")) {
  const s = new ServerSerial(vector, {port: process.argv[3], baudRate: 9600, unitID: 7, openOptions: {parity: "none"}});
  s.on("initialized", () => console.log("ready")); s.on("open", () => console.log("ready"));
  s.on("error", (e) => console.log("error " + e));
} else {
  const s = new ServerTCP(vector, {host: "127.0.0.1", port: Number(process.argv[3]), unitID: 7});
  s.on("initialized", () => console.log("ready"));
}
"""


def needs(*programs, node=False):
    missing = [name for name in programs if shutil.which(name) is None]
    if node and (shutil.which("node") is None or not (NODE / "modbus-serial").exists()):
        missing.append("node with modbus-serial")
    if missing:
        pytest.skip(f"{', '.join(missing)} absent: run tests/acceptance/peers as root")


@contextlib.contextmanager
def modbus_serial(place, folder):
    script = folder / "server.cjs"
    script.write_text(SERVER)
    command = ["node", script, NODE, str(place), json.dumps(WORDS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        first = process.stdout.readline().strip()
        assert first == "ready", first
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextlib.contextmanager
def line_pair(folder):
    """Two ends of a serial line."""
    ends = folder / "here", folder / "there"
    process = subprocess.Popen(["socat", *(f"pty,raw,echo=0,link={end}" for end in ends)])
    try:
        for _ in range(200):
            if all(end.exists() for end in ends):
                break
            time.sleep(0.02)
        yield ends
    finally:
        process.kill()
        process.wait()


def mbpoll(*arguments):
    done = subprocess.run(
        ["mbpoll", "-1", "-0", "-q", *map(str, arguments)], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {int(address): int(value) & 0xFFFF for address, value in re.findall(r"\[(\d+)\]:\s+(-?\d+)", done.stdout)}


async def test_modbus_tcp_of_another_maker(tmp_path):
    needs(node=True)
    port = free_port()
    with modbus_serial(port, tmp_path) as process:
        bus = tcp_bus(TcpBus(name="b", kind="modbus_tcp", host="127.0.0.1", port=port))
        words = await bus.read(7, 4, 10, 40, 2.0)
        assert {address: words[address - 10] for address in range(10, 50)} == {
            a: WORDS.get(a, 0) for a in range(10, 50)
        }
        await bus.write_coil(7, 3, on=True, budget=2.0)
        assert await asyncio.to_thread(process.stdout.readline) == "coil 3 true\n"
        with pytest.raises(RefusedError):
            await bus.read(7, 3, 500, 1, 2.0)
        with pytest.raises(NoAnswerError):
            await bus.read(8, 4, 10, 1, 0.5)  # not this unit
        assert await bus.read(7, 4, 31, 1, 2.0) == [65511]
        await bus.close()


async def test_the_same_words_as_mbpoll(tmp_path):
    needs("mbpoll", node=True)
    port = free_port()
    with modbus_serial(port, tmp_path):
        bus = tcp_bus(TcpBus(name="b", kind="modbus_tcp", host="127.0.0.1", port=port))
        ours = await bus.read(7, 4, 0, 100, 2.0)
        await bus.close()
        theirs = await asyncio.to_thread(
            mbpoll, "-m", "tcp", "-p", port, "-a", 7, "-t", "3", "-r", 0, "-c", 100, "127.0.0.1"
        )
        assert theirs == dict(enumerate(ours))


async def test_a_serial_line_of_another_maker(tmp_path):
    needs("socat", node=True)
    with line_pair(tmp_path) as (here, there), modbus_serial(there, tmp_path):
        bus = serial_bus(SerialBus(name="b", kind="modbus_rtu", device=str(here), baud_rate=9600))
        words = await bus.read(7, 4, 10, 40, 2.0)
        assert words == [WORDS.get(address, 0) for address in range(10, 50)]
        with pytest.raises(NoAnswerError):
            await bus.read(9, 4, 10, 1, 0.5)
        assert await bus.read(7, 4, 83, 3, 2.0) == [3600, 0, 65535]
        await bus.close()


async def test_mbpoll_reads_what_our_registers_encode(tmp_path):
    """The other way round: words that edge.modbus_register makes, served by pymodbus, read as numbers by libmodbus."""
    needs("mbpoll")
    sys.path.insert(0, str(ROOT / "tests" / "edge"))
    from gateway_peers import ModbusPeer

    values = {
        0: ("f32", "ABCD", 27.9),
        10: ("f32", "CDAB", -3.25),
        20: ("i32", "ABCD", -123456),
        30: ("i16", "ABCD", -101),
    }
    words = {}
    for address, (kind, order, value) in values.items():
        words |= {address + at: word for at, word in enumerate(words_of(value, kind, order))}
    peer = ModbusPeer({7: words})
    await peer.start()

    def ask(address, kind, *more):
        done = subprocess.run(["mbpoll", "-1", "-0", "-q", "-m", "tcp", "-p", str(peer.port), "-a", "7", "-t", kind, *more,
                               "-r", str(address), "-c", "1", "127.0.0.1"], capture_output=True, text=True, timeout=20)  # fmt: skip
        assert done.returncode == 0, done.stdout
        return float(re.search(r"\[\d+\]:\s+(-?[\d.]+)", done.stdout)[1])

    try:
        assert await asyncio.to_thread(ask, 0, "4:float", "-B") == pytest.approx(27.9, rel=1e-5)
        assert await asyncio.to_thread(ask, 10, "4:float") == -3.25
        assert await asyncio.to_thread(ask, 20, "4:int", "-B") == -123456
    finally:
        await peer.stop()


async def test_probe_recognises_a_station_on_a_serial_line(tmp_path):
    needs("socat", node=True)
    with line_pair(tmp_path) as (here, there), modbus_serial(there, tmp_path):
        command = [
            sys.executable,
            "nongvu.py",
            "edge",
            "probe",
            here,
            "--units",
            "6-8",
            "--model",
            "lufft-ws",
            "--json",
        ]
        done = await asyncio.to_thread(
            subprocess.run, list(map(str, command)), capture_output=True, text=True, cwd=ROOT, timeout=60
        )
        assert done.returncode == 0, done.stderr
        station = next(unit for unit in json.loads(done.stdout) if unit["unit"] == 7)  # 6 and 8 are silent
        readings = {row["name"]: row["value"] for row in station["readings"]}
        assert readings["air_temperature"] == -2.5
        assert readings["wind_speed"] == 10.0
        assert "dew_point" not in readings
