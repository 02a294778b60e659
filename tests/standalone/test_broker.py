"""The broker as ``up`` runs it: strangers and one gateway's password reach nothing that is another's."""

import asyncio
import contextlib
import json
import os
import re
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiomqtt
import pytest

from standalone.broker_access import SERVER_USERS
from standalone.platform import Plan, Platform
from standalone.services import Broker, BrokerOptions, temporary_folder
from standalone.services.broker import MOST_CONNECTIONS
from standalone.services.folders import account
from telemetry.broker import address
from telemetry.dynamic_security import gateway_rules, write_initial
from telemetry.topics import CLOCK, Kind, topic
from tests.ingest.test_hostile import authority

ROOT = Path(__file__).parents[2]
A, B = "gw-a", "gw-b"
COMPOSE = ROOT / "deployment/mosquitto/mosquitto.conf"
OF_LISTENER = {"use_username_as_clientid", "max_connections", "cafile", "certfile", "keyfile", "require_certificate"}


def started_by_up(folder: Path) -> tuple[Broker, Path]:
    """What `Platform` starts, without its database and its processes."""
    platform = Platform(Plan(folder, (A, B), "real", 0))
    platform._start_broker()
    return platform.broker, platform.secrets


class Compose(Broker):
    """Compose's own file, its paths laid on this machine."""

    def configuration(self) -> list[str]:
        text = COMPOSE.read_text()
        for there, here in {
            "/mosquitto/data/": f"{self.data}/", "/run/secrets/mqtt_authority": f"{self.data}/authority.crt",
            "/run/secrets/mqtt_certificate": f"{self.data}/broker.crt", "/run/secrets/mqtt_key": f"{self.data}/broker.key",
            "/usr/lib/mosquitto_dynamic_security.so": str(self._plugin()), "listener 8883": f"listener {self.port} 127.0.0.1",
        }.items():  # fmt: skip
            assert there in text, there
            text = text.replace(there, here)
        return text.splitlines()


def started_by_compose(folder: Path) -> tuple[Broker, Path]:
    data, secrets = folder / "broker" / "data", folder / "secrets"
    data.mkdir(parents=True)
    users = [(code, f"gateway-{code}") for code in (A, B)] + [(user, role) for user, role in SERVER_USERS.items()]
    words = write_initial(data / "dynamic-security.json", "administrator", users)
    document = json.loads((data / "dynamic-security.json").read_text())
    document["roles"] += [{"rolename": f"gateway-{code}", "acls": gateway_rules(code)} for code in (A, B)]
    document["roles"] += [{"rolename": "nothing", "acls": []}]
    (data / "dynamic-security.json").write_text(json.dumps(document))
    secrets.mkdir()
    for user, word in words.items():
        (secrets / user).write_text(word)
    authority(data)
    owner = account()
    for file in (data, *data.iterdir()):
        if owner.uid is not None:
            os.chown(file, owner.uid, owner.gid)
    options = BrokerOptions(certificate=data / "broker.crt", key=data / "broker.key")
    return Compose.start(folder / "broker", options=options), secrets


@pytest.fixture(params=[started_by_up, started_by_compose], ids=["up", "compose"])
def broker(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broker]:
    with temporary_folder() as folder:
        running, secrets = request.param(folder)
        monkeypatch.setenv("NONGVU_MQTT_PASSWORDS", str(secrets))
        yield running
        running.stop()


@pytest.fixture
def up() -> Iterator[Broker]:
    with temporary_folder() as folder:
        running, _ = started_by_up(folder)
        yield running
        running.stop()


def where(broker: Broker, user: str | None = None) -> dict[str, object]:
    certificate = broker.options.certificate
    return address(broker.url, user, authority=certificate and certificate.with_name("authority.crt"))


def client(broker: Broker, user: str | None, **more: object) -> aiomqtt.Client:
    return aiomqtt.Client(**where(broker, user), **({"protocol": aiomqtt.ProtocolVersion.V5, "timeout": 5} | more))


@contextlib.asynccontextmanager
async def hearing(broker: Broker, user: str, *filters: str) -> AsyncIterator[list[aiomqtt.Message]]:
    heard: list[aiomqtt.Message] = []

    async def listen(line: aiomqtt.Client) -> None:
        async for message in line.messages:
            heard.append(message)

    async with client(broker, user, identifier=user) as line:
        for one in filters:
            with contextlib.suppress(aiomqtt.MqttError):
                await line.subscribe(one, qos=1)
        task = asyncio.create_task(listen(line))
        yield heard
        await asyncio.sleep(0.3)
        task.cancel()


async def test_nobody_enters_without_a_password_of_their_own(broker: Broker) -> None:
    for more in ({}, {"username": A}, {"username": A, "password": "wrong"}, {"username": "nobody", "password": "x"}):
        with pytest.raises(aiomqtt.MqttError):
            async with aiomqtt.Client(**(where(broker) | more), timeout=5):
                pass


@pytest.mark.parametrize("victim", ["api-0", "ingest-0-live", B])
async def test_nobody_takes_over_anothers_session(broker: Broker, victim: str) -> None:
    own = topic("api", Kind.RECEIPT) if victim == "api-0" else topic(B, Kind.STATUS if victim != B else Kind.RECEIPT)
    told = "ingest-0-live" if victim != "ingest-0-live" else B
    async with hearing(broker, victim, own) as heard:
        for _ in range(3):
            async with client(broker, A, identifier=victim, clean_start=True):
                await asyncio.sleep(0.1)
        async with client(broker, told, clean_start=False) as sender:
            await sender.publish(own, "still there", qos=1)
        await asyncio.sleep(0.3)
    assert [bytes(message.payload) for message in heard] == [b"still there"]


async def test_what_waits_for_an_absent_gateway_is_its_own(broker: Broker) -> None:
    lasting = {"properties": _expiry(), "clean_start": False}
    async with client(broker, B, identifier=B, **lasting) as line:
        await line.subscribe(topic(B, Kind.COMMAND), qos=1)
    async with client(broker, "ingest-0-live") as server:
        await server.publish(topic(B, Kind.COMMAND), "open the valve", qos=1)
    async with client(broker, A, identifier=B, **lasting):
        await asyncio.sleep(0.2)
    async with client(broker, B, identifier=B, **lasting) as line:
        message = await asyncio.wait_for(anext(aiter(line.messages)), 5)
    assert message.payload == b"open the valve"


def _expiry():
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 600
    return properties


async def test_a_gateway_says_and_hears_what_is_its_own(broker: Broker) -> None:
    foreign = [topic(B, kind) for kind in Kind] + [topic(A, kind) for kind in (Kind.RECEIPT, Kind.COMMAND, Kind.CONFIG)]
    async with (
        hearing(broker, "ingest-0-live", "nongvu/v1/#") as server,
        hearing(broker, A, "#", "$SYS/#", "+/+/#") as spy,
    ):
        async with client(broker, A, identifier="x") as hostile:
            for name in (*foreign, CLOCK, "anything", "$SYS/broker/uptime", "$CONTROL/dynamic-security/v1"):
                with contextlib.suppress(aiomqtt.MqttError):
                    await hostile.publish(name, "false", qos=1, retain=True)
            await hostile.publish(topic(A, Kind.LIVE), "true", qos=1)
        async with client(broker, B) as other:
            await other.publish(topic(B, Kind.LIVE), "b's", qos=1)
        await asyncio.sleep(0.3)
    assert sorted(bytes(message.payload) for message in server) == [b"b's", b"true"]
    assert spy == []
    async with hearing(broker, "analytics", CLOCK) as after, hearing(broker, B, topic(B, Kind.COMMAND), CLOCK) as late:
        await asyncio.sleep(0.2)
    assert after == late == [], "nothing false was kept for those who come later"


async def test_a_packet_that_is_too_large_ends_its_sender_alone(broker: Broker) -> None:
    async with hearing(broker, "ingest-0-live", "nongvu/v1/#") as server:
        with pytest.raises(aiomqtt.MqttError):
            async with client(broker, A) as hostile:
                await hostile.publish(topic(A, Kind.LIVE), b"x" * 1_100_000, qos=1, timeout=3)
        async with client(broker, B) as other:
            await other.publish(topic(B, Kind.LIVE), b"y" * 1_000_000, qos=1)
        await asyncio.sleep(0.3)
    assert [len(message.payload) for message in server] == [1_000_000]


async def test_connections_of_strangers_leave_room_for_gateways(broker: Broker) -> None:
    """As many as an ordinary limit of descriptors has: the broker's is higher, and its own bound lies below it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # of this process, which plays the strangers
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        for _ in range(1100):
            line = stack.enter_context(socket.socket())
            line.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                line.connect(("127.0.0.1", broker.port))
            await asyncio.sleep(0)
        async with client(broker, A, identifier=A, timeout=10) as gateway:
            await gateway.publish(topic(A, Kind.LIVE), "1", qos=1)
    assert open_files(broker) >= int(directives(broker.configuration())["listener", "max_connections"]) + 50


def open_files(broker: Broker) -> int:
    found = re.search(r"Max open files\s+(\d+)", Path(f"/proc/{broker.service.pid}/limits").read_text())
    assert found is not None
    return int(found[1])


def directives(lines: list[str]) -> dict[tuple[str, str], str]:
    """(Where it stands, name) → value: what is of a listener does nothing above it."""
    found, part = {}, "broker"
    for line in (line.strip() for line in lines):
        name, _, value = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        part = "listener" if name == "listener" else part
        found["listener" if part == "listener" and name in OF_LISTENER else "broker", name] = value
    return found


def test_both_brokers_are_told_the_same(up: Broker) -> None:
    """Every line of compose's file holds here too, but where each keeps its files, listens and logs."""
    own = {"listener", "persistence_location", "log_dest", "log_type", "log_timestamp_format"}
    access = {"plugin", "plugin_opt_config_file", "password_file", "acl_file"}
    tls = {"cafile", "certfile", "keyfile", "tls_version", "require_certificate"}
    theirs, ours = directives(COMPOSE.read_text().splitlines()), directives(up.configuration())
    same = {key for key in theirs.keys() | ours.keys() if key[1] not in own | access | tls | {"max_connections"}}
    assert {key: theirs.get(key) for key in same} == {key: ours.get(key) for key in same}
    assert ours["listener", "use_username_as_clientid"] == "true"
    assert int(theirs["listener", "max_connections"]) == MOST_CONNECTIONS


def test_rights_have_one_source(up: Broker) -> None:
    """A gateway's lines of the access file are its role of the plugin, rule by rule."""
    text = (up.data / "rights").read_text()
    block = re.search(rf"user {A}\n((?:topic .*\n)+)", text)
    assert block is not None
    lines = set(block[1].splitlines())
    for rule in gateway_rules(A):
        kind = {"publishClientSend": "write", "publishClientReceive": "read"}.get(rule["acltype"])
        if kind:
            assert f"topic {kind} {rule['topic']}" in lines
    assert len(lines) == sum(rule["acltype"] != "subscribeLiteral" for rule in gateway_rules(A))
