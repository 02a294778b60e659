"""Credentials and rights at a real broker: a hostile gateway, revoking, rotating, TLS with an authority of our own."""

import asyncio
import contextlib
import os
import socket
import ssl
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import aiomqtt
import psycopg
import pytest
from typer.testing import CliRunner

from standalone.services import Broker, BrokerOptions, program_environment, temporary_folder
from standalone.services.folders import account
from store.commands.gateway import app
from telemetry import topics
from telemetry.broker import address
from telemetry.dynamic_security import write_initial
from telemetry.topics import Kind
from tests.ingest.field import Gateway, until

USERS = [("ingest-0-live", "ingest"), ("ingest-0-backlog", "ingest"), ("api-0", "api"), ("analytics", "clock-reader")]


def authority(folder):
    """A certificate authority, a certificate of the broker, and one of somebody else."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("authority", "stranger"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.crt")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    for name, days in (("broker", "2"), ("expired", "0")):
        openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=broker",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial", "-days", days,
                "-extfile", "names", "-out", f"{name}.crt")  # fmt: skip
    owner = account()
    for file in folder.iterdir():
        file.chmod(0o644)
        if owner.uid is not None:
            os.chown(file, owner.uid, owner.gid)


@contextlib.contextmanager
def guarded_broker(monkeypatch, *, tls=False, certificate="broker"):
    """A broker with the plugin, client ids bound to users; passwords by user."""
    with temporary_folder() as folder:
        data = folder / "security"
        data.mkdir()
        words = write_initial(data / "dynamic-security.json", "admin", USERS)
        if tls:
            authority(data)
        owner = account()
        if owner.uid is not None:
            for path in (data, data / "dynamic-security.json"):
                os.chown(path, owner.uid, owner.gid)
        secrets = folder / "words"
        secrets.mkdir()
        for user, word in words.items():
            (secrets / user).write_text(word)
        monkeypatch.setenv("NONGVU_MQTT_PASSWORDS", str(secrets))
        options = BrokerOptions(
            dynamic_security=data / "dynamic-security.json",
            certificate=data / f"{certificate}.crt" if tls else None,
            key=data / f"{certificate}.key" if tls else None,
        )
        with Broker.start(folder / "broker", options=options) as running:
            os.environ |= program_environment()
            yield SimpleNamespace(url=running.url, restart=running.restart, secrets=secrets, security=data)


@pytest.fixture
def broker(monkeypatch):
    with guarded_broker(monkeypatch) as running:
        yield running


@pytest.fixture
def nongvu(database, broker, monkeypatch):
    monkeypatch.setenv("NONGVU_DATABASE_URL", database)
    monkeypatch.setenv("NONGVU_MQTT_URL", broker.url)
    monkeypatch.setenv("NONGVU_MQTT_ADMIN", "admin")

    def call(*arguments, code=0):
        done = CliRunner().invoke(app, [*arguments])
        assert done.exit_code == code, done.output + repr(done.exception)
        if "password" in done.output:
            (broker.secrets / arguments[1]).write_text(done.output.split(": ")[-1].strip())
        return done.output

    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO place (code, kind, name) SELECT x, 'station', x FROM unnest(ARRAY['one', 'two']) x"
        )
        connection.execute("INSERT INTO datastream (place, quantity) SELECT id, 'air_temperature' FROM place")
    return call


def client(broker, user, **more):
    return aiomqtt.Client(**address(broker.url, user), protocol=aiomqtt.ProtocolVersion.V5, timeout=5, **more)


class Guarded(Gateway):
    """A gateway with credentials."""

    def __init__(self, broker, code, station):
        super().__init__(broker.url, code)
        self.station, self.broker = station, broker

    async def __aenter__(self):
        self.client = client(self.broker, self.code, identifier=self.code)
        await self.client.__aenter__()
        await self.client.subscribe([(topics.topic(self.code, kind), 1) for kind in topics.HEARD_BY_GATEWAY])
        self.heard = asyncio.create_task(self._hear())
        self.said = {}
        return self


async def test_a_hostile_gateway_reaches_nothing_that_is_not_its_own(nongvu, broker, make_worker, database, rows):
    nongvu("add", "good", "--station", "one")
    nongvu("add", "evil", "--station", "two")
    worker = await make_worker(broker=broker).ready()
    async with Guarded(broker, "good", "one") as good, Guarded(broker, "evil", "two") as evil:
        assert (await good.receipted(await good.send([good.reading()]))).stored == 1
        # another's station in its own topic
        receipt = await evil.receipted(await evil.send([evil.reading(station="one", time=good.reading().time + 1000)]))
        assert receipt.problems[0].reason == "foreign_station"
        # another's topic, a forged receipt, an order: the broker takes none of them
        for topic in (
            topics.topic("good", Kind.LIVE),
            topics.topic("good", Kind.RECEIPT),
            topics.topic("good", Kind.COMMAND),
            topics.CLOCK,
        ):
            info = evil.client._client.publish(topic, b"[]", qos=1)
            await until(info.is_published)
        await evil.client.subscribe(
            [("#", 1), (topics.topic("good", Kind.LIVE), 1), ("nongvu/v1/+/+/receipt", 1), ("$CONTROL/#", 1)]
        )
        before = len(good.receipts)
        sequence = await good.send([good.reading(21, good.reading().time + 5000)])
        assert (await good.receipted(sequence)).stored == 1
        assert len(good.receipts) == before + 1
        await asyncio.sleep(0.3)
        assert not [receipt for receipt in evil.receipts if receipt.boot == good.boot]
        # the worker's session: its client id is bound to its user
        with contextlib.suppress(aiomqtt.MqttError):
            async with client(broker, "evil", identifier="ingest-0-live", clean_start=True):
                pass
        assert worker.process.poll() is None
        assert "another worker" not in worker.log.read_text()
    async with Guarded(broker, "good", "one") as good:
        assert (await good.receipted(await good.send([good.reading(5, good.reading().time + 9000)]))).stored == 1
    assert rows("SELECT DISTINCT gateway FROM set_aside") == [("evil",)]
    assert rows("SELECT count(*) FROM reading") == [(3,)]
    with pytest.raises(aiomqtt.MqttError):
        async with aiomqtt.Client(good.host, int(good.port), protocol=aiomqtt.ProtocolVersion.V5, timeout=5):
            pass  # nobody without a name


async def test_revoking_cuts_a_live_connection_within_a_second(nongvu, broker):
    nongvu("add", "lost", "--station", "one")
    async with Guarded(broker, "lost", "one") as gateway:
        start = time.monotonic()
        await asyncio.to_thread(nongvu, "revoke", "lost")
        await asyncio.wait_for(asyncio.wait([gateway.client._disconnected]), 5)
        seconds = time.monotonic() - start
        gateway.client._disconnected.exception()
    assert seconds < 1.0
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, "lost"):
            pass
    nongvu("revoke", "lost", "--undo")
    async with client(broker, "lost"):
        pass


async def test_rotating_ends_the_old_password(nongvu, broker, database):
    nongvu("add", "box", "--station", "one")
    old = (broker.secrets / "box").read_text()
    nongvu("rotate", "box")
    async with client(broker, "box"):
        pass
    (broker.secrets / "box").write_text(old)
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, "box"):
            pass
    broker.restart()  # the plugin keeps what it was told
    with pytest.raises(aiomqtt.MqttError):
        async with client(broker, "box"):
            pass
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT action FROM audit ORDER BY id").fetchall() == [
            ("gateway add",),
            ("gateway rotate",),
        ]


def test_orders_and_configurations_are_written_with_their_audit(nongvu, database, tmp_path):
    nongvu("add", "box", "--station", "one")
    nongvu("command", "box", "set_relay", "--argument", "relay=2", "--argument", "on=true")
    assert "no order" in nongvu("command", "box", "explode", code=1)
    (tmp_path / "good.toml").write_text("a = 1\n")
    (tmp_path / "bad.toml").write_text("a = \n")
    assert "revision 1" in nongvu("configure", "box", str(tmp_path / "good.toml"))
    assert "not TOML" in nongvu("configure", "box", str(tmp_path / "bad.toml"), code=1)
    assert "set_relay  waiting" in nongvu("orders", "box")
    nongvu("command", "box", "read_now", "--minutes", "0.1")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "UPDATE command SET published_at = ordered_at, expires = ordered_at WHERE action = 'read_now'"
        )
    assert "read_now  no answer" in nongvu("orders", "box")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("DELETE FROM command WHERE action = 'read_now'")
        connection.execute("DELETE FROM audit WHERE detail ->> 'action' = 'read_now' OR detail::text LIKE '%read_now%'")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT arguments FROM command").fetchall() == [({"relay": 2, "on": True},)]
        assert connection.execute("SELECT count(*) FROM audit").fetchone() == (3,)


async def test_tls_with_an_authority_of_our_own(make_worker, monkeypatch, database):
    with guarded_broker(monkeypatch, tls=True) as running:
        worker = make_worker(broker=running, NONGVU_MQTT_AUTHORITY=str(running.security / "authority.crt"))
        await worker.ready()
        assert worker.stop() == 0
        for wrong in ("stranger.crt", None):
            with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
                shake_hands(running, running.security / wrong if wrong else None)
        shake_hands(running, running.security / "authority.crt")


def shake_hands(broker, trusted):
    """TLS as our processes make it, without MQTT above it."""
    where = address(broker.url, "analytics", authority=trusted)
    with (
        socket.create_connection((where["hostname"], where["port"]), timeout=5) as plain,
        where["tls_context"].wrap_socket(plain, server_hostname=where["hostname"]),
    ):
        pass


async def test_an_expired_certificate_is_refused(monkeypatch):
    with guarded_broker(monkeypatch, tls=True, certificate="expired") as running:
        await asyncio.sleep(1.1)  # its last second
        with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
            shake_hands(running, running.security / "authority.crt")


def test_withheld_counts_are_shown_and_a_strange_status_does_no_harm(nongvu, database):
    nongvu("add", "box", "--station", "one")
    with psycopg.connect(database, autocommit=True) as connection:
        for status in ('{"units": 7}', '{"units": [1, {"withheld": "x"}, {"withheld": true}]}', "[]", "null"):
            connection.execute("UPDATE gateway SET status = %s::jsonb WHERE code = 'box'", (status,))
            assert "note:" not in nongvu("list")
        unit = '{"units": [{"name": "gauge", "withheld": 3, "doubt": "precipitation: count 68258 cannot be"}]}'
        connection.execute("UPDATE gateway SET status = %s::jsonb WHERE code = 'box'", (unit,))
    assert "note: gauge: 3 counts withheld that could not be; last: precipitation: count 68258" in nongvu("list")


@pytest.mark.parametrize(("outcome", "code"), [("done", 0), ("unconfirmed", 1), ("failed", 1), (None, 1)])
def test_an_order_that_is_waited_for_ends_well_only_when_it_is_done(nongvu, database, outcome, code):
    nongvu("add", "box", "--station", "one")

    def answer():
        with psycopg.connect(database, autocommit=True) as connection:
            for _ in range(200):
                if connection.execute("UPDATE command SET outcome = %s, detail = 'so'", (outcome,)).rowcount:
                    return
                time.sleep(0.02)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(answer)
        said = nongvu("command", "box", "set_relay", "--argument", "relay=fan", "--wait", "2", code=code)
    assert (f"{outcome}  so" if outcome else "no answer yet") in said
