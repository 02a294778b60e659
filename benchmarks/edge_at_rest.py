"""edge_at_rest: memory of a gateway that has little to do, as most have: two sensors by Modbus TCP every ten seconds.

Data: `nongvu edge run` as a process of its own, in a virtual environment of requirements/edge.txt alone (what a Raspberry
Pi has), with a file of one bus and two units; a Modbus server, a broker and one who receipts beside it. Resident memory, the
most of the last third of the time. The second file takes a LoRaWAN node from a local broker besides, whose bytes are
decoded by its maker's codec; a version that runs none on the gateway has no such figure.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import judge, peers, stage
from benchmarks.edge_poll import arrived, free, gateway, peer
from standalone.services import Broker, BrokerOptions, temporary_folder

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "edge.txt"
SECONDS, INTERVAL = stage.size(60, 12), 10.0
REST, CODEC = 45, 60
NODE = """
[[mqtt]]
name = "lorawan"
url = "mqtt://127.0.0.1:{broker}"
[[mqtt.device]]
name = "node"
station = "s9"
kind = "chirpstack"
topic = "application/+/device/24e124126a148401/event/up"
payload = "milesight-em500-smtc"
"""


def environment(folder):
    """A virtual environment with what a gateway has, made by uv."""
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, "venv"], cwd=folder, check=True, capture_output=True
    )
    command = [uv, "pip", "install", "--quiet", "--require-hashes", "-r", str(LOCK)]
    where = os.environ | {"VIRTUAL_ENV": str(folder / "venv")}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=where)


def python():
    """The interpreter of that environment, made once a lock."""
    name = f"edge-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    return peers.fetched(name, environment) / "venv" / "bin" / "python"


def resident(program, broker, more=""):
    """MB that a gateway with this file has resident."""
    import psutil

    modbus = free()
    with (
        tempfile.TemporaryDirectory() as name,
        peer("modbus", modbus, 2),
        peer("receipts", broker, f"{name}/count"),
    ):
        path = gateway(Path(name), broker, modbus, [1, 2], INTERVAL)
        path.write_text(path.read_text() + more.format(broker=broker))
        told = {**os.environ, "NONGVU_CLOCK": "real", "PYTHONPATH": str(ROOT)}
        with (Path(name) / "log").open("wb") as log:
            edge = subprocess.Popen([program, "nongvu.py", "edge", "run", str(path)], cwd=ROOT, env=told, stderr=log)
        try:
            found, end = [], time.monotonic() + SECONDS
            while time.monotonic() < end:
                time.sleep(0.5)
                if edge.poll() is not None:
                    raise RuntimeError((Path(name) / "log").read_text()[-2000:])
                found.append(psutil.Process(edge.pid).memory_info().rss / 1e6)
            if not arrived(Path(name) / "count"):
                raise RuntimeError("no reading came: " + (Path(name) / "log").read_text()[-2000:])
        finally:
            edge.terminate()
            edge.wait(20)
    return max(found[-len(found) // 3 :])


def has_codec():
    """Whether a device's file may name a codec that the gateway runs itself."""
    from edge.push_settings import PushDevice

    return "codec" in PushDevice.model_fields


def run():
    options = BrokerOptions(allow_anonymous=True, persistence=False)
    with temporary_folder() as folder, Broker.start(folder / "broker", options=options) as broker:
        program = python()
        rest = resident(program, broker.port)
        pushed = resident(program, broker.port, NODE)
    rows = [
        judge.at_most({"name": "edge_at_rest", "value": round(rest, 1), "unit": "MB resident, two units by Modbus TCP"}, REST),
        {"name": "edge_at_rest lorawan", "value": round(pushed, 1), "unit": "MB resident, and a node by a local broker"},
    ]  # fmt: skip
    if not has_codec():
        return [*rows, judge.absent("edge_at_rest codec", "this version runs no codec on the gateway")]
    raise RuntimeError(f"a gateway runs codecs: give NODE one here, with its bar of {CODEC} MB")
