"""Gateways that keep a ledger and re-send until receipted, and the breaking of everything between them and the tables."""

import asyncio
import contextlib
import random
import time
import uuid

import aiomqtt
import numpy as np
import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from telemetry import topics, wire
from telemetry.pack import CBOR, Label, Stream, decode_receipt
from telemetry.reading import Reading
from tests.ingest.field import until

START = 1_790_000_000_000  # ms


class LedgerGateway:
    """As a gateway of the design: forgets a pack only when a receipt names it."""

    def __init__(self, broker_url, code, *, quantities=("air_temperature",), window=20, size=10, stream=Stream.LIVE):
        self.code, self.station, self.boot = code, f"{code}-s", uuid.uuid4().hex[:8]
        self.host, self.port = broker_url.split("//")[1].split(":")
        self.quantities, self.window, self.size, self.stream = quantities, window, size, stream
        self.outbox = {}  # sequence → bytes, kept until receipted
        self.sent_at = {}
        self.sequence = 0
        self.ledger = {}  # (quantity, time) → value: what was generated
        self.receipts = {"stored": 0, "repeated": 0, "set_aside": 0, "resent": 0}
        self.waited = []  # seconds from first sending to receipt
        self.first_sent = {}
        self.producing = True

    def generate(self, value=None):
        """One more pack into the outbox."""
        self.sequence += 1
        readings = []
        for n in range(self.size):
            for quantity in self.quantities:
                at = START + (self.sequence * self.size + n) * 1000
                number = (
                    round(random.Random(f"{self.code}{quantity}{at}").uniform(-5, 35), 2) if value is None else value
                )
                readings.append(Reading(self.station, quantity, at, number))
                self.ledger[quantity, at] = number
        self.outbox[self.sequence] = wire.encode(readings, CBOR)

    def register(self, url):
        with psycopg.connect(url) as connection:
            gateway = connection.execute("INSERT INTO gateway (code) VALUES (%s) RETURNING id", [self.code]).fetchone()[
                0
            ]
            place = connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, 'station', %s) RETURNING id", [self.station] * 2
            ).fetchone()[0]
            connection.execute("INSERT INTO gateway_station (gateway, station) VALUES (%s, %s)", [gateway, place])
            for quantity in self.quantities:
                connection.execute("INSERT INTO datastream (place, quantity) VALUES (%s, %s)", [place, quantity])

    async def run(self, resend=1.0):
        """Connect, send, re-send, forget what is receipted; until cancelled."""
        while True:
            with contextlib.suppress(aiomqtt.MqttError):
                async with aiomqtt.Client(
                    self.host,
                    int(self.port),
                    protocol=aiomqtt.ProtocolVersion.V5,
                    identifier=self.code,
                    keepalive=5,
                    timeout=5,
                ) as client:
                    await client.subscribe(topics.topic(self.code, topics.Kind.RECEIPT), qos=1)
                    self.sent_at.clear()
                    async with asyncio.TaskGroup() as tasks:
                        tasks.create_task(self._hear(client))
                        tasks.create_task(self._send(client, resend))
            await asyncio.sleep(0.1)

    async def _hear(self, client):
        try:
            async for message in client.messages:
                receipt = decode_receipt(message.payload)
                if receipt.boot != self.boot or receipt.stream is not self.stream:
                    continue
                for name in ("stored", "repeated", "set_aside"):
                    self.receipts[name] += getattr(receipt, name)
                for first, last in receipt.ranges:
                    for sequence in range(first, last + 1):
                        if self.outbox.pop(sequence, None) is not None:
                            self.waited.append(time.monotonic() - self.first_sent.get(sequence, time.monotonic()))
                        self.sent_at.pop(sequence, None)
        except aiomqtt.MqttError as error:
            raise ConnectionError from error

    async def _send(self, client, resend):
        while True:
            now = time.monotonic()
            for sequence in list(self.outbox)[: self.window]:
                if now - self.sent_at.get(sequence, -1e9) > resend * random.uniform(0.8, 1.2):
                    self.receipts["resent"] += sequence in self.first_sent
                    self.first_sent.setdefault(sequence, now)
                    self.sent_at[sequence] = now
                    bag = Properties(PacketTypes.PUBLISH)
                    bag.ContentType, bag.UserProperty = CBOR, Label(self.boot, self.stream, sequence).properties()
                    info = client._client.publish(self.topic, self.outbox[sequence], 1, False, bag)
                    if info.rc:
                        raise ConnectionError
            await asyncio.sleep(0.02)

    @property
    def topic(self):
        return topics.topic(self.code, topics.Kind(self.stream.value))


@contextlib.asynccontextmanager
async def running(gateways, rate):
    """Gateways that generate ``rate`` packs/s each and send them; leaves when told, still sending."""

    async def produce(gateway):
        while gateway.producing:
            gateway.generate()
            await asyncio.sleep(1 / rate)

    async def keep(gateway):
        while True:
            try:
                await gateway.run()
            except* ConnectionError:
                pass

    tasks = [asyncio.create_task(keep(gateway)) for gateway in gateways]
    producers = [asyncio.create_task(produce(gateway)) for gateway in gateways]
    try:
        yield
    finally:
        for task in (*tasks, *producers):
            task.cancel()
        await asyncio.gather(*tasks, *producers, return_exceptions=True)


async def drained(gateways, within=60.0):
    """Produce no more, wait until every pack is receipted; seconds it took."""
    start = time.monotonic()
    for gateway in gateways:
        gateway.producing = False
    await until(lambda: not any(gateway.outbox for gateway in gateways), within)
    return time.monotonic() - start


def compare(url, gateways):
    """Generated, stored, distinct; every value that was generated stands in the table."""
    generated = sum(len(gateway.ledger) for gateway in gateways)
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT code, quantity, (extract(epoch FROM phenomenon_time) * 1000)::bigint, result FROM reading"
            " JOIN datastream ON datastream.id = datastream_id JOIN place ON place.id = place"
        ).fetchall()
    stored = {(code, quantity, time): value for code, quantity, time, value in rows}
    expected = {(g.station, quantity, time): value for g in gateways for (quantity, time), value in g.ledger.items()}
    assert len(rows) == len(stored), "a reading is there twice"
    assert stored.keys() == expected.keys(), (
        f"lost {len(expected.keys() - stored.keys())}, invented {len(stored.keys() - expected.keys())}"
    )
    assert all(stored[key] == value for key, value in expected.items())
    return {"generated": generated, "stored": len(rows), "distinct": len(stored), "duplicates": len(rows) - len(stored)}


def percentile(values, q):
    return round(float(np.percentile(values, q)), 3) if values else None
