"""Sources at work: a real web server that devices push to, a real local broker."""

import asyncio
import contextlib
import socket
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import aiomqtt
import httpx
from gateway_peers import until

from edge.push_settings import HttpDevice, HttpSource, MqttDevice, MqttSource
from edge.sources import http_push, mqtt
from edge.sources.envelope import HTTP, MQTT
from edge.sources.messenger import Messenger
from standalone.services import free_port

PASSKEY = "0123456789ABCDEF0123456789ABCDEF"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@contextlib.asynccontextmanager
async def working(work):
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=1)


async def test_http_push_takes_its_devices_and_refuses_everybody_else():
    device = HttpDevice.model_validate({"name": "d", "station": "yard", "kind": "ecowitt", "payload": "ecowitt",
                                        "path": "/data/secret/", "identity": PASSKEY})  # fmt: skip
    source = HttpSource(name="web", host="127.0.0.1", port=free_port())
    messenger, taken = Messenger(device, HTTP["ecowitt"], ZONE, PASSKEY), []

    def take(item, path, body):
        taken.extend(item.take(path, body, datetime.now(UTC)) or [])

    form = {"PASSKEY": PASSKEY, "dateutc": "now", "tempf": "68.0", "humidity": "55"}
    async with working(http_push.serve(source, [(device.path, messenger)], take)):  # noqa: SIM117
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{source.port}") as client:
            for _ in range(200):
                with contextlib.suppress(httpx.ConnectError):
                    await client.get("/")
                    break
                await asyncio.sleep(0.05)
            assert (await client.post("/data/secret/", data=form)).status_code == 200
            assert (await client.post("/data/secret/", data={**form, "PASSKEY": "F" * 32})).status_code == 403
            assert (await client.post("/data/other/", data=form)).status_code == 404
            assert (await client.post("/data/secret/", content=b"x" * 70_000)).status_code == 413
            assert (await client.post("/data/secret/", content=b"\xff\x00=%%%")).status_code == 403
            assert (await client.put("/data/secret/", data=form)).status_code == 405
    assert {(item.quantity, item.value) for item in taken} == {("air_temperature", 20.0), ("relative_humidity", 55.0)}


async def test_a_port_that_another_program_has_does_not_stop_the_gateway(monkeypatch):
    monkeypatch.setattr(http_push, "PORT_AGAIN", 0.1)
    device = HttpDevice.model_validate({"name": "d", "station": "yard", "kind": "ecowitt", "payload": "ecowitt",
                                        "path": "/data/", "identity": PASSKEY})  # fmt: skip
    messenger, taken = Messenger(device, HTTP["ecowitt"], ZONE, PASSKEY), []
    with socket.create_server(("127.0.0.1", 0)) as other:
        source = HttpSource(name="web", host="127.0.0.1", port=other.getsockname()[1])
        task = asyncio.create_task(
            http_push.serve(source, [(device.path, messenger)], lambda *said: taken.append(said))
        )
        await asyncio.sleep(0.3)
        assert not task.done()
    form = {"PASSKEY": PASSKEY, "dateutc": "now", "tempf": "68.0"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{source.port}") as client:
        for _ in range(200):
            with contextlib.suppress(httpx.ConnectError):
                await client.post("/data/", data=form)
                break
            await asyncio.sleep(0.05)
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    assert len(taken) == 1


async def test_a_password_that_is_not_there_yet_is_waited_for(own_broker, tmp_path):
    source = MqttSource(name="local", url=own_broker.url, user="u", password_file=tmp_path / "password")
    heard = []
    device = MqttDevice.model_validate({"name": "d", "station": "barn", "kind": "zigbee2mqtt", "topic": "zigbee2mqtt/+",
                                        "payload": "zigbee-climate"})  # fmt: skip
    messenger = Messenger(device, MQTT["zigbee2mqtt"], ZONE)
    async with working(mqtt.listen(source, [(device.topic, messenger)], lambda *said: heard.append(said), "gw")):
        await asyncio.sleep(0.3)
        (tmp_path / "password").write_text("secret\n")

        async def spoken():
            async with aiomqtt.Client("127.0.0.1", own_broker.port) as client:
                await client.publish("zigbee2mqtt/barn", '{"temperature": 20}', qos=1)
            return heard

        for _ in range(40):
            if await spoken():
                break
            await asyncio.sleep(0.2)
    assert heard


async def test_a_local_broker_is_heard_and_old_retained_values_are_not(own_broker):
    device = MqttDevice.model_validate({"name": "d", "station": "barn", "kind": "zigbee2mqtt", "topic": "zigbee2mqtt/+",
                                        "payload": "zigbee-climate"})  # fmt: skip
    source = MqttSource(name="local", url=own_broker.url)
    messenger, taken = Messenger(device, MQTT["zigbee2mqtt"], ZONE), []

    def take(item, topic, body):
        taken.extend(item.take(topic, body, datetime.now(UTC)) or [])

    async def publish(payload, retain=False):
        async with aiomqtt.Client("127.0.0.1", own_broker.port) as client:
            await client.publish("zigbee2mqtt/barn", payload, qos=1, retain=retain)

    await publish('{"temperature": 99}', retain=True)
    async with working(mqtt.listen(source, [(device.topic, messenger)], take, "gw")):

        async def spoken():
            await publish('{"temperature": 21.5}')
            return bool(taken)

        for _ in range(100):
            if await spoken():
                break
            await asyncio.sleep(0.1)
        assert {item.value for item in taken} == {21.5}
        await asyncio.to_thread(own_broker.kill)
        await asyncio.to_thread(own_broker.restart)
        before = len(taken)
        for _ in range(200):
            with contextlib.suppress(aiomqtt.MqttError):
                await spoken()
            if len(taken) > before:
                break
            await asyncio.sleep(0.1)
        assert len(taken) > before
        await until(lambda: messenger.last_good is not None)
