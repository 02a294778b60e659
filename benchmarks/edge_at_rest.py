"""Memory of a gateway that has little to do, as most have: two sensors by Modbus TCP every ten seconds.

Data: `nongvu edge run` as a process of its own, in a virtual environment of requirements/edge.txt alone (what a Raspberry
Pi has), with a file of one bus and two units; a Modbus server, a broker and one who receipts beside it. Resident memory, the
most of the last third of the time. Other files take a LoRaWAN node from a local broker besides: `lorawan`, one that is
silent; `codec`, one whose message of ten seconds is taken apart by the payload model of its maker's codec.
"""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import paho.mqtt.client as paho

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
#: What a network server makes of the bytes 017564 03671901 04CA7300 057FF000 by the codec of the node's maker.
MESSAGE = {
    "deviceInfo": {"devEui": "24e124126a148401"},
    "object": {"battery": 100, "temperature": 28.1, "soil_moisture": 11.5, "ec": 2.4},
}


def environment(folder):
    """A virtual environment with what a gateway has, made by uv."""
    uv = str(Path(sys.executable).parent / "uv")
    subprocess.run(
        [uv, "venv", "--quiet", "--python", sys.executable, "venv"], cwd=folder, check=True, capture_output=True
    )
    # compiled, as pip leaves it on a gateway: what is compiled at the start stays in memory for a good part
    command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", "-r", str(LOCK)]
    where = os.environ | {"VIRTUAL_ENV": str(folder / "venv")}
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=where)


def python():
    """The interpreter of that environment, made once a lock."""
    name = f"edge-compiled-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    return peers.fetched(name, environment) / "venv" / "bin" / "python"


@contextlib.contextmanager
def node_at_work(broker):
    """A network server that passes a node's message on every `INTERVAL`; yields readings of it that reached ours."""
    taken = []
    client = paho.Client(paho.CallbackAPIVersion.VERSION2)
    client.on_message = lambda _, __, message: taken.extend([message.topic] * message.payload.count(b"s9:"))
    client.connect("127.0.0.1", broker)
    client.subscribe("nongvu/v1/+/+/live", 1)
    client.loop_start()
    ended = threading.Event()

    def speak():
        while not ended.wait(INTERVAL / 5):
            client.publish("application/1/device/24e124126a148401/event/up", json.dumps(MESSAGE), 1)

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        yield taken
    finally:
        ended.set()
        speaker.join()
        client.loop_stop()
        client.disconnect()


def resident(program, broker, more=""):
    """MB that a gateway with this file has resident."""
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
            found = watched(edge, Path(name) / "log")
            if not arrived(Path(name) / "count"):
                raise RuntimeError("no reading came: " + (Path(name) / "log").read_text()[-2000:])
        finally:
            edge.terminate()
            edge.wait(20)
    return max(found[-len(found) // 3 :])


def watched(edge, log):
    """MB resident, every half second."""
    import psutil

    found, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        time.sleep(0.5)
        if edge.poll() is not None:
            raise RuntimeError(log.read_text()[-2000:])
        found.append(psutil.Process(edge.pid).memory_info().rss / 1e6)
    return found


def run():
    options = BrokerOptions(allow_anonymous=True, persistence=False)
    with temporary_folder() as folder, Broker.start(folder / "broker", options=options) as broker:
        program = python()
        rest = resident(program, broker.port)
        silent = resident(program, broker.port, NODE)
        with node_at_work(broker.port) as taken:
            decoding = resident(program, broker.port, NODE)
    if len(taken) < SECONDS / INTERVAL:
        raise RuntimeError(f"of the node's readings {len(taken)} came")
    return [
        judge.at_most({"name": "edge_at_rest", "value": round(rest, 1), "unit": "MB resident, two units by Modbus TCP"}, REST),
        {"name": "edge_at_rest lorawan", "value": round(silent, 1), "unit": "MB resident, and a silent node by a local broker"},
        judge.at_most({"name": "edge_at_rest codec", "value": round(decoding, 1), "unit": "MB resident, and a node whose messages are decoded"}, CODEC),
    ]  # fmt: skip
