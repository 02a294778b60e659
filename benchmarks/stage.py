"""A database, a broker and an ingest worker for benchmarks, and a fleet of gateways that sends ready-made packs."""

import contextlib
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import paho.mqtt.client as paho
import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties, VariableByteIntegers

from standalone.services import Broker, BrokerOptions, Database, program_environment, temporary_folder
from standalone.services.folders import compiled_once
from store.migrate import migrate
from telemetry import topics, wire
from telemetry.pack import CBOR, Label, Stream, decode_receipt
from telemetry.reading import Reading

QUANTITIES = (
    "air_temperature", "relative_humidity", "air_pressure", "precipitation", "wind_speed", "wind_gust",
    "wind_direction", "global_radiation", "soil_moisture", "soil_temperature", "leaf_wetness", "battery_voltage",
)  # fmt: skip
START = 1_790_000_000_000  # ms
#: `python -m benchmarks --small`: a benchmark is tried, not measured.
SMALL = bool(os.environ.get("NONGVU_BENCH_SMALL"))
#: A server as an operator would set it up: every commit is on disk before it is acknowledged.
DURABLE = {"shared_buffers": "512MB", "max_wal_size": "4GB", "logging_collector": "off", "checkpoint_timeout": "15min"}


def size(full, small):
    """How much of something: what is measured, or what a trial takes."""
    return small if SMALL else full


@contextlib.contextmanager
def services():
    """A database server and a broker of their own."""
    with temporary_folder() as folder:
        database = Database.start(folder / "database", settings=DURABLE)
        broker = Broker.start(folder / "broker", options=BrokerOptions(allow_anonymous=True, persistence=False))
        os.environ |= program_environment()
        try:
            yield database, broker
        finally:
            broker.stop()
            database.stop()


def fresh(database, name="nongvu"):
    """A migrated database of this name, the former one dropped."""
    database.drop(name)
    url = database.create(name)
    migrate(url)
    return url


def register(url, gateways, quantities=QUANTITIES, interval=60):
    """Gateways g-0, g-1, … with one station each; datastream ids by (gateway, quantity)."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO gateway (code) SELECT 'g-' || n FROM generate_series(0, %(n)s - 1) AS n", {"n": gateways}
        )
        connection.execute(
            "INSERT INTO place (code, kind, name) SELECT 's-' || n, 'station', 's-' || n"
            " FROM generate_series(0, %(n)s - 1) AS n",
            {"n": gateways},
        )
        connection.execute(
            "INSERT INTO gateway_station (gateway, station) SELECT g.id, p.id FROM gateway g JOIN place p"
            " ON substr(p.code, 3) = substr(g.code, 3) AND g.code LIKE 'g-%%' AND p.code LIKE 's-%%'",
            {},
        )
        connection.execute(
            "INSERT INTO datastream (place, quantity, interval_seconds)"
            " SELECT id, q, %s FROM place, unnest(%s::text[]) AS q WHERE kind = 'station'",
            [interval, list(quantities)],
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE place, gateway, gateway_station, datastream")
        rows = connection.execute(
            "SELECT substr(place.code, 3)::int, quantity, datastream.id FROM datastream JOIN place ON place.id = place"
        ).fetchall()
    return {(gateway, quantity): id_ for gateway, quantity, id_ in rows}


def value(quantity, n):
    """Something believable, with as many digits as a sensor gives."""
    base = {"air_pressure": 950.0, "soil_moisture": 0.31, "global_radiation": 400.0}.get(quantity, 20.0)
    return round(base * (1 + 0.1 * np.sin(n / 7)), 3)


@dataclass
class Pack:
    """A pack ready to be published."""

    gateway: int
    sequence: int
    stream: Stream
    payload: bytes
    boot: str = "bench"
    records: int = 0

    @cached_property
    def properties(self):
        """MQTT 5 properties as they travel."""
        bag = Properties(PacketTypes.PUBLISH)
        bag.ContentType = CBOR
        bag.UserProperty = Label(self.boot, self.stream, self.sequence).properties()
        return bag.pack()

    @cached_property
    def topic(self):
        return topics.topic(f"g-{self.gateway}", topics.Kind(self.stream.value))


def packs(gateways, each, records, stream=Stream.LIVE, start=START, step=60_000, first=0):
    """``each`` packs of ``records`` readings for every gateway, oldest first, as all gateways together send them."""
    made = []
    times = max(1, records // len(QUANTITIES))
    for sequence in range(first, first + each):
        for gateway in range(gateways):
            readings = []
            for n in range(records):
                tick = sequence * (times + 1) + n // len(QUANTITIES)
                quantity = QUANTITIES[n % len(QUANTITIES)]
                readings.append(Reading(f"s-{gateway}", quantity, start + tick * step, value(quantity, tick)))
            pack = Pack(gateway, sequence, stream, wire.encode(readings, CBOR), records=records)
            made.append(pack)
    assert all(pack.topic and pack.properties for pack in made)  # made now, not while the clock runs
    return made


class Worker:
    """``nongvu ingest run`` as a process, and what it used."""

    def __init__(self, url, broker, **settings):
        self.log = Path(tempfile.mkstemp(suffix=".log")[1])
        environment = compiled_once(os.environ) | {"NONGVU_DATABASE_URL": url, "NONGVU_MQTT_URL": broker.url,
                                    "NONGVU_LOG_FORMAT": "json", "NONGVU_OLDEST": "P4000D", **settings}  # fmt: skip
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nongvu", "ingest", "run"], env=environment, stderr=log
            )
        deadline = time.monotonic() + 60
        while self.log.read_text().count('"connected"') < 2:
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(self.log.read_text()[-2000:])
            time.sleep(0.05)

    def cpu(self):
        """Seconds of CPU so far."""
        import psutil

        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def memory(self):
        """Resident bytes."""
        import psutil

        return psutil.Process(self.process.pid).memory_info().rss

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.log.unlink()
        return code


class Line:
    """Publishes at QoS 1, MQTT 5 by hand, faster than anything here takes it: the sender is never the measure."""

    def __init__(self, broker, name):
        host, port = broker.url.split("//")[1].split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        body = b"\0\x04MQTT\x05\x02\0\0\0" + _text(name)
        self.socket.sendall(b"\x10" + VariableByteIntegers.encode(len(body)) + body)
        threading.Thread(target=self._drop_answers, daemon=True).start()
        self.sent = 0

    def _drop_answers(self):
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass

    def send(self, messages):
        """Publish topics with payloads, and properties (their length before them) where there are some."""
        self.socket.sendall(b"".join([self._packet(*message) for message in messages]))

    def _packet(self, topic, payload, properties=b"\0"):
        self.sent += 1
        name = _text(topic)
        length = VariableByteIntegers.encode(len(name) + 2 + len(properties) + len(payload))
        return b"".join((b"\x32", length, name, struct.pack(">H", self.sent % 65535 + 1), properties, payload))

    def close(self):
        self.socket.sendall(b"\xe0\0")
        self.socket.close()


def _text(text):
    return struct.pack(">H", len(text.encode())) + text.encode()


@dataclass
class Fleet:
    """Publishes packs of all gateways, holding back as a gateway does, and gathers receipts."""

    broker: Broker
    window: int = 400
    name: str = "fleet"
    receipts: dict = field(default_factory=lambda: {"stored": 0, "repeated": 0, "set_aside": 0})
    receipted: dict = field(default_factory=dict)

    def __post_init__(self):
        self._room = threading.Semaphore(self.window)
        self._done = threading.Condition()
        self._line = Line(self.broker, f"{self.name}-line")
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2, self.name)
        self._client.on_message = self._heard
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        host, port = self.broker.url.split("//")[1].split(":")
        self._client.connect(host, int(port))
        self._client.loop_start()
        self._client.subscribe(f"{topics.ROOT}/+/+/receipt", qos=1)
        ready.wait(10)

    def _heard(self, _client, _data, message):
        now = time.monotonic()
        receipt = decode_receipt(message.payload)
        gateway = int(message.topic.split("/")[3][2:])
        for name in self.receipts:
            self.receipts[name] += getattr(receipt, name)
        for first, last in receipt.ranges:
            for sequence in range(first, last + 1):
                key = (gateway, receipt.stream, sequence)
                if key not in self.receipted:
                    self._room.release()
                self.receipted.setdefault(key, now)
        with self._done:
            self._done.notify_all()

    def send(self, pack, *, again=False):
        """Publish one pack when there is room for it."""
        if not again:
            self._room.acquire()
        self._line.send([(pack.topic, pack.payload, pack.properties)])

    def wait(self, count, within=600):
        """Wait until so many packs are receipted."""
        with self._done:
            if not self._done.wait_for(lambda: len(self.receipted) >= count, within):
                raise TimeoutError(f"{len(self.receipted)} of {count} receipted")

    def close(self):
        self._line.close()
        self._client.disconnect()
        self._client.loop_stop()


def send_all(fleet, made):
    """Send packs and wait for all receipts; seconds."""
    start = time.monotonic()
    for pack in made:
        fleet.send(pack)
    fleet.wait(len(made))
    return time.monotonic() - start


def raw_copy(url, ids, made, rows_each):
    """Rows/s of a raw binary COPY of the packs' readings, in transactions of so many rows; batch rows are free."""
    from store.binary import READING
    from store.statements import statement

    arrays = []
    for pack in made:
        columns = wire.columns(pack.payload, CBOR)
        array = READING.empty(len(columns.value))
        array["phenomenon_time"] = (np.array(columns.time) * 1e6).astype("M8[us]")
        array["result"], array["flag"], array["batch_id"] = columns.value, 1, 1
        array["datastream_id"] = [ids[pack.gateway, name.rsplit(":", 1)[1]] for name in columns.name]
        arrays.append(array)
    joined = np.concatenate(arrays)
    payloads = [READING.encode(joined[n : n + rows_each]) for n in range(0, len(joined), rows_each)]
    with psycopg.connect(url) as connection:
        start = time.monotonic()
        for payload in payloads:
            with connection.transaction(), connection.cursor().copy(statement("reading", "copy")) as copy:
                copy.write(payload)
        return len(joined) / (time.monotonic() - start)
