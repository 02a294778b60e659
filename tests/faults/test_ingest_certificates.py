"""F32: certificates that are expired, of another authority, for another name, or missing, on either side of the line."""

import asyncio
import gc
import os
import ssl
import subprocess

import aiomqtt
import pytest

from standalone.services import Broker, BrokerOptions, program_environment, temporary_folder
from standalone.services.folders import give
from store.migrate import migrate
from telemetry.broker import address
from telemetry.dynamic_security import write_initial
from tests.faults.chaos import LedgerGateway
from tests.faults.table import note
from tests.ingest.field import Worker
from tests.ingest.test_hostile import USERS, authority

pytestmark = pytest.mark.faults


def issue(folder, name, *, days=2, names="IP:127.0.0.1"):
    """A certificate by our authority."""
    (folder / "extra").write_text(f"subjectAltName={names}")
    for arguments in (
        ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
         "-keyout", f"{name}.key", "-out", f"{name}.csr"],
        ["x509", "-req", "-in", f"{name}.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial",
         "-days", str(days), "-extfile", "extra", "-out", f"{name}.crt"],
    ):  # fmt: skip
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    for ending in ("key", "crt"):
        give(folder / f"{name}.{ending}", 0o644)


@pytest.fixture
def security(monkeypatch):
    with temporary_folder() as folder:
        authority(folder)
        issue(folder, "elsewhere", names="DNS:broker.elsewhere.example")
        issue(folder, "client")
        issue(folder, "late", days=0)
        words = folder / "words"
        words.mkdir()
        for user, word in write_initial(folder / "dynamic-security.json", "admin", USERS).items():
            (words / user).write_text(word)
        give(folder, 0o755)
        give(folder / "dynamic-security.json")
        monkeypatch.setenv("NONGVU_MQTT_PASSWORDS", str(words))
        yield folder


def start_broker(folder, security, certificate):
    options = BrokerOptions(
        dynamic_security=security / "dynamic-security.json",
        certificate=security / f"{certificate}.crt",
        key=security / f"{certificate}.key",
        lines=(f"cafile {security / 'authority.crt'}", "require_certificate true", "use_username_as_clientid true"),
    )
    running = Broker.start(folder / certificate, options=options)
    os.environ |= program_environment()
    return running


async def admitted(broker, security, *, trusted, shown):
    """Whether a connection comes to be, and what was said where it does not."""
    certificate, key = (security / f"{shown}.crt", security / f"{shown}.key") if shown else (None, None)
    where = address(broker.url, "analytics", authority=security / trusted, certificate=certificate, key=key)
    try:
        async with aiomqtt.Client(**where, protocol=aiomqtt.ProtocolVersion.V5, identifier="analytics", timeout=10):
            return True, ""
    except (aiomqtt.MqttError, ssl.SSLError) as error:
        return False, str(error)


CASES = [  # certificate of the broker, authority that is trusted, certificate that is shown, whether it may connect
    ("broker", "authority.crt", "client", True),
    ("expired", "authority.crt", "client", False),
    ("elsewhere", "authority.crt", "client", False),
    ("broker", "stranger.crt", "client", False),
    ("broker", "authority.crt", None, False),
    ("broker", "authority.crt", "late", False),
    ("broker", "authority.crt", "stranger", False),
]


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")  # paho's, of a handshake that was refused
async def test_f32_only_certificates_in_order_are_accepted(own_server, security, tmp_path):
    await asyncio.sleep(1.5)  # the last second of those of no days
    wrongly = refused = 0
    with temporary_folder() as folder:
        brokers = {name: start_broker(folder, security, name) for name in ("broker", "expired", "elsewhere")}
        try:
            for certificate, trusted, shown, welcome in CASES:
                came, said = await admitted(brokers[certificate], security, trusted=trusted, shown=shown)
                assert came or not welcome, said
                wrongly += came and not welcome
                refused += not came
            await a_worker_connects_with_its_certificate(own_server, brokers["broker"], security, tmp_path)
        finally:
            for broker in brokers.values():
                broker.stop()
    gc.collect()  # lest sockets of refused handshakes be found in another test
    assert wrongly == 0
    note("F32", "certificates expired, of another authority, for another name, missing",
         "3 of the broker's, 3 of a client's", refused=refused, accepted_wrongly=wrongly)  # fmt: skip


async def a_worker_connects_with_its_certificate(server, broker, security, folder):
    url = server.create("nongvu")
    migrate(url)
    LedgerGateway("mqtt://127.0.0.1:1", "g-0").register(url)
    settings = {
        "NONGVU_MQTT_AUTHORITY": str(security / "authority.crt"),
        "NONGVU_MQTT_CERTIFICATE": str(security / "client.crt"),
        "NONGVU_MQTT_KEY": str(security / "client.key"),
    }
    worker = Worker(url, broker, folder, **settings)
    try:
        await worker.ready()
        assert worker.stop() == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()
