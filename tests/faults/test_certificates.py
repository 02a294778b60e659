"""F32: a broker whose certificate has ended, is another authority's, or another name's; clients of the same kinds."""

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import aiomqtt
import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))

from gateway_peers import GATEWAY, UNIT, EdgeProcess, ModbusPeer

from standalone.replay import counted
from standalone.services import Broker, BrokerOptions, free_port, temporary_folder
from telemetry.broker import address
from tests.certificates import Authority
from tests.faults.table import note
from tests.ingest.field import Worker, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
REFUSED = ("certificate verify failed", "CERTIFICATE_VERIFY_FAILED")


class Clients:
    """Everybody who comes to the broker over TLS: a gateway, both sessions of ingest, the API."""

    def __init__(self, database, broker, authority, folder, modbus):
        trust = {"NONGVU_MQTT_AUTHORITY": str(authority)}
        self.broker, self.port, self.folder = broker, free_port(), folder
        text = GATEWAY.format(broker=broker.port, folder=folder, modbus=modbus.port).replace("mqtt://", "mqtts://")
        path = folder / "gateway.toml"
        path.write_text(
            text.replace("resend = 1.0\n", f'resend = 1.0\nauthority = "{authority}"\n')
            + '[clock]\ntrust = "always"\n'
            + UNIT.format(name="p", station="s", model="elsner-p03", unit=1, interval=1)
        )
        self.edge = EdgeProcess(path)
        self.worker = Worker(database, broker, folder, **trust)
        environment = self.worker.environment | {"NONGVU_API_PORT": str(self.port)}
        self.api_log = folder / "api.log"
        with self.api_log.open("w") as log:
            self.api = subprocess.Popen(
                [sys.executable, "-m", "nongvu", "api", "run"], env=environment, stdout=log, stderr=log
            )
        self.logs = [path.with_suffix(".log"), self.worker.log, self.api_log]

    async def start(self):
        self.worker.start()
        await self.edge.start()

    def refusals(self):
        """How often each has said that it does not accept the certificate."""
        return [sum(log.read_text().count(word) for word in REFUSED) if log.exists() else 0 for log in self.logs]

    def health(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)
        except OSError:
            return {}

    async def stop(self):
        if self.edge.process is not None and self.edge.process.returncode is None:
            await self.edge.stop()
        self.worker.stop()
        self.api.terminate()
        self.api.wait(30)


def admitted(broker, seen):
    """Clients that the broker let in since its log was so long."""
    return (broker.folder / "server.log").read_text()[seen:].count("New client connected")


async def test_f32_a_certificate_that_nobody_may_accept(database, tmp_path):
    with temporary_folder() as folder:
        ours, stranger = Authority(folder, "ours"), Authority(folder, "stranger")
        bad = {
            "expired": ours.issue("expired", days=-1),
            "wrong authority": stranger.issue("server-of-stranger"),
            "wrong name": ours.issue("server-elsewhere", host="elsewhere.example"),
        }
        register(database)
        certificate, key = bad["expired"]
        options = BrokerOptions(allow_anonymous=True, certificate=certificate, key=key, persistence=False)
        broker = await asyncio.to_thread(Broker.start, folder / "broker", None, options)
        modbus = ModbusPeer({1: {0: 200}})
        await modbus.start()
        clients = Clients(database, broker, ours.file, tmp_path, modbus)
        try:
            await clients.start()
            refused, let_in = await refuse_all(broker, clients, bad)
            assert let_in == 0
            figures = await welcome(broker, clients, modbus, *ours.issue("server"), database)
            note("F32", "the broker's certificate is not to be trusted", ", ".join(bad), **refused,
                 accepted=let_in, **figures)  # fmt: skip
            assert figures["generated"] == figures["stored"] > 0
        finally:
            await clients.stop()
            await modbus.stop()
            await asyncio.to_thread(broker.stop)


def stored_of(connection):
    return connection.execute("SELECT count(*) FROM reading").fetchone()[0]


def register(database):
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO gateway (code) VALUES ('test-01')")
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('s', 'station', 'S')")
        connection.execute(
            "INSERT INTO gateway_station (gateway, station) SELECT g.id, p.id FROM gateway g, place p"
            " WHERE g.code = 'test-01' AND p.code = 's'"
        )


async def refuse_all(broker, clients, bad):
    refused, let_in = {}, 0
    for kind, (certificate, key) in bad.items():
        broker.options = replace(broker.options, certificate=certificate, key=key)
        await asyncio.to_thread(broker.restart)
        seen, before = len((broker.folder / "server.log").read_text()), clients.refusals()
        await until(lambda before=before: all(a > b for a, b in zip(clients.refusals(), before, strict=True)), 90)
        assert (await asyncio.to_thread(clients.health))["broker"] == "away"
        refused[f"refused_{kind}"] = f"by {len(before)} of {len(before)} processes"
        let_in += admitted(broker, seen)
    return refused, let_in


async def welcome(broker, clients, modbus, certificate, key, database):
    """The right certificate: everybody comes by themselves, and what waited arrives."""
    broker.options = replace(broker.options, certificate=certificate, key=key)
    await asyncio.to_thread(broker.restart)
    await until(lambda: admitted(broker, 0) >= 4, 90)
    await until(lambda: clients.health().get("status") == "well", 60)
    with psycopg.connect(database, autocommit=True) as connection:
        await until(lambda: stored_of(connection) > 5, 90)
        assert await clients.edge.stop() == 0
        await modbus.stop()  # no more is read; what its last second left in the buffer is sent
        taken = counted(clients.folder / "buffer.sqlite")
        await clients.edge.start()
        await until(lambda: stored_of(connection) >= taken, 60)
        stored = stored_of(connection)
    return {"generated": taken, "stored": stored}


@pytest.mark.parametrize("kind", ["expired", "of another authority", "none"])
async def test_f32_a_client_whom_the_broker_may_not_accept(kind):
    with temporary_folder() as folder:
        ours, stranger = Authority(folder, "ours"), Authority(folder, "stranger")
        certificate, key = ours.issue("server")
        options = BrokerOptions(certificate=certificate, key=key, authority=ours.file, persistence=False)
        with await asyncio.to_thread(Broker.start, folder / "broker", None, options) as broker:
            own, own_key = {"expired": ours.issue("client", days=-1), "of another authority": stranger.issue("client"),
                            "none": (None, None)}[kind]  # fmt: skip
            where = address(broker.url, authority=ours.file, certificate=own, key=own_key)
            with pytest.raises(aiomqtt.MqttError):
                async with aiomqtt.Client(**where, identifier="client", timeout=10):
                    pass
            good = address(
                broker.url, authority=ours.file, **dict(zip(("certificate", "key"), ours.issue("known"), strict=True))
            )
            async with aiomqtt.Client(**good, identifier="known", timeout=10):
                pass
            let_in = admitted(broker, 0)
        assert let_in == 1  # the known one
        note("F32", f"a client's certificate: {kind}", "a broker that asks for certificates", accepted=let_in - 1)
