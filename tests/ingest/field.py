"""A real ingest worker, and the gateway's end of the wire."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import uuid

import aiomqtt
import psycopg
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from standalone.services.folders import compiled_once
from telemetry import topics, wire
from telemetry.birth import Birth, BornDatastream, BornStation, encode
from telemetry.pack import CBOR, Label, Stream, decode_receipt
from telemetry.reading import Reading

NOW = 1_790_000_000_000  # ms; tests that need the real clock say so


async def until(holds, within=15.0):
    """Wait until something holds."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 — nobody tells
            await asyncio.sleep(0.02)


class Gateway:
    """A gateway as the wire sees it."""

    def __init__(self, broker_url, code=None):
        self.code = code or f"g-{uuid.uuid4().hex[:10]}"
        self.station = f"{self.code}-s"
        self.boot = uuid.uuid4().hex[:8]
        self.host, self.port = broker_url.split("//")[1].split(":")
        self.receipts = []
        self.sequence = {Stream.LIVE: 0, Stream.BACKLOG: 0}

    async def __aenter__(self):
        self.client = aiomqtt.Client(
            self.host, int(self.port), protocol=aiomqtt.ProtocolVersion.V5, identifier=self.code
        )
        await self.client.__aenter__()
        await self.client.subscribe([(topics.topic(self.code, kind), 1) for kind in topics.HEARD_BY_GATEWAY])
        self.heard = asyncio.create_task(self._hear())
        self.said = {}
        return self

    async def _hear(self):
        async for message in self.client.messages:
            kind = topics.parse(message.topic.value).kind
            if kind is topics.Kind.RECEIPT:
                self.receipts.append(decode_receipt(message.payload))
            else:
                self.said.setdefault(kind, []).append(message.payload)

    async def __aexit__(self, *_):
        self.heard.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await self.heard
        with contextlib.suppress(aiomqtt.MqttError):
            await self.client.__aexit__(None, None, None)

    def register(self, database, *quantities, stations=None):
        with psycopg.connect(database) as connection:
            connection.execute("INSERT INTO gateway (code) VALUES (%s) ON CONFLICT DO NOTHING", [self.code])
            for station in stations or [self.station]:
                connection.execute(
                    "INSERT INTO place (code, kind, name) VALUES (%s, 'station', %s) ON CONFLICT DO NOTHING",
                    [station] * 2,
                )
                connection.execute(
                    "INSERT INTO gateway_station (gateway, station) SELECT g.id, p.id FROM gateway g, place p"
                    " WHERE g.code = %s AND p.code = %s",
                    [self.code, station],
                )
                for quantity in quantities:
                    name, _, level = quantity.partition("/")
                    connection.execute(
                        "INSERT INTO datastream (place, quantity, level) SELECT id, %s, %s FROM place WHERE code = %s",
                        [name, level, station],
                    )

    def reading(self, value=20.0, time=NOW, quantity="air_temperature", station=None):
        name, _, level = quantity.partition("/")
        return Reading(station or self.station, name, time, value, level)

    async def send(self, readings, stream=Stream.LIVE, *, payload=None, content_type=CBOR, label=None, properties=None):
        if label is None:
            self.sequence[stream] += 1
            label = Label(self.boot, stream, self.sequence[stream])
        payload = wire.encode(readings, content_type) if payload is None else payload
        bag = Properties(PacketTypes.PUBLISH)
        bag.ContentType = content_type
        bag.UserProperty = label.properties() if properties is None else properties
        topic = topics.topic(self.code, topics.Kind(stream.value))
        await self.client.publish(topic, payload, qos=1, properties=bag)
        return label.sequence

    async def bear(self, *quantities, stations=None, time="2026-01-01T00:00:00+00:00", **more):
        born = [
            BornStation(
                station,
                [BornDatastream(q.partition("/")[0], q.partition("/")[2], 60.0, **more) for q in quantities],
            )
            for station in stations or [self.station]
        ]
        message = encode(Birth(self.code, self.boot, time, "1.0", born))
        await self.client.publish(topics.topic(self.code, topics.Kind.BIRTH), message, qos=1, retain=True)

    async def receipted(self, *sequences, stream=Stream.LIVE, within=15.0):
        """Wait until receipts of these have come; the one that named the last."""

        async def wait():
            while True:
                for receipt in self.receipts:
                    if receipt.stream is stream and receipt.boot == self.boot:
                        missing = [s for s in sequences if not any(a <= s <= b for a, b in receipt.ranges)]
                        if len(missing) < len(sequences):
                            found[:] = [receipt]
                        covered.update(set(sequences) - set(missing))
                if covered >= set(sequences):
                    return found[0]
                await asyncio.sleep(0.01)

        found, covered = [], set()
        return await asyncio.wait_for(wait(), within)


class Worker:
    """`nongvu ingest run` as a process."""

    def __init__(self, database, broker, folder, **settings):
        self.environment = compiled_once(os.environ) | {
            "NONGVU_DATABASE_URL": database,
            "NONGVU_MQTT_URL": broker.url,
            "NONGVU_LOG_FORMAT": "json",
            "NONGVU_OLDEST": "P4000D",
            **settings,
        }
        self.log = folder / f"ingest-{uuid.uuid4().hex[:6]}.log"
        self.process = None

    def start(self):
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nongvu", "ingest", "run"], env=self.environment, stderr=log
            )
        return self

    async def ready(self, within=90.0):
        start = self.log.stat().st_size if self.log.exists() else 0
        self.start()

        def connected():
            assert self.process.poll() is None, self.log.read_text()
            return self.log.read_text()[start:].count('"connected"') >= 2

        await until(connected, within)
        return self

    def stop(self, within=15.0):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(within)

    def kill(self):
        self.process.kill()
        self.process.wait()
