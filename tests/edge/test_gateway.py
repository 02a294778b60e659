"""A whole gateway as a real process: kills, cut lines, orders, alarms, configuration, a refusing broker."""

import asyncio
import contextlib
import json
import time
from datetime import UTC, datetime, timedelta

import aiomqtt
import pytest
from gateway_peers import GATEWAY, UNIT, EdgeProcess, ModbusPeer, ReceiptingServer, until

from telemetry.birth import Command, Config, Configured, Reply, Status, decode, encode
from telemetry.topics import Kind, topic

RELAY = """
[[relay]]
name = "siren"
bus = "field"
unit = 9
coil = 3
longest_on = 30
shortest_off = 0

[[alarm]]
name = "heat"
station = "tram-1"
quantity = "air_temperature"
above = 40
hysteresis = 1
duration = 0
relay = "siren"
"""


def gateway_text(broker, folder, modbus, more="", interval=0.2):
    text = GATEWAY.format(broker=broker, folder=folder, modbus=modbus) + '\n[[bus.unit]]\nname = "u9"\n'
    text += 'station = "tram-9"\nmodel = "elsner-p03"\nunit = 9\ninterval = 1\n'
    text += UNIT.format(name="probe", station="tram-1", model="elsner-p03", unit=1, interval=1)
    text = text.replace("interval = 1\n", f"interval = {max(interval, 1)}\n")
    return text + '\n[clock]\ntrust = "always"\n' + more


@contextlib.asynccontextmanager
async def gateway(broker, tmp_path, more="", **options):
    modbus = ModbusPeer({1: {0: 200}, 9: {0: 100}})
    await modbus.start()
    path = tmp_path / "gateway.toml"
    path.write_text(gateway_text(broker.port, tmp_path, modbus.port, more, **options))
    edge = EdgeProcess(path)
    async with ReceiptingServer(broker.port).connected() as server:
        await edge.start()
        try:
            await until(lambda: server.births, 20)
            yield edge, modbus, server
        finally:
            if edge.process.returncode is None:
                await edge.kill()
            await modbus.stop()
            with contextlib.suppress(aiomqtt.MqttError):
                for kind in (Kind.BIRTH, Kind.STATUS, Kind.CONFIG, Kind.CONFIGURED):
                    await server.client.publish(topic("test-01", kind), b"", qos=1, retain=True)


def order(action, number="1", seconds=60, **arguments):
    expires = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    return encode(Command(number, action, expires, arguments))


def replies(server):
    return [decode(payload, Reply) for kind, payload in server.others if kind == "reply"]


async def test_readings_come_live_and_a_clean_stop_says_so(broker, tmp_path):
    async with gateway(broker, tmp_path) as (edge, _, server):
        await until(lambda: len(server.values("tram-1:air_temperature")) >= 3, 20)
        second = EdgeProcess(edge.path)
        await second.start()
        assert await asyncio.wait_for(second.process.wait(), 60) == 1
        assert "another gateway works on" in edge.path.with_suffix(".log").read_text()
        assert set(server.values("tram-1:air_temperature")) == {20.0}
        assert {stream for _, stream in server.streams[2:]} <= {"live", "backlog"}
        assert server.streams[-1][1] == "live"
        assert await edge.stop() == 0
        await until(lambda: decode(server.statuses[-1], Status).cause == "stopped")


async def test_orders_once_and_never_late(broker, tmp_path):
    async with gateway(broker, tmp_path, RELAY) as (edge, modbus, server):

        async def say(payload):
            await server.client.publish(topic("test-01", Kind.COMMAND), payload, qos=1)

        await say(order("set_relay", "a", relay="siren", on=True, seconds=20))
        await until(lambda: len(replies(server)) == 1)
        await say(order("set_relay", "a", relay="siren", on=True))
        await say(order("set_relay", "b", seconds=-5, relay="siren", on=False))
        await say(order("set_relay", "c", relay="nope", on=True))
        await say(order("set_relay", "d", relay="siren"))
        await say(b"{}")
        await say(order("read_now", "e"))
        await until(lambda: len(replies(server)) == 6)
        assert [(reply.id, reply.outcome) for reply in replies(server)] == [
            ("a", "done"), ("a", "repeated"), ("b", "expired"), ("c", "failed"), ("d", "refused"), ("e", "done")]  # fmt: skip
        writes = [read for read in modbus.reads if read[1] == 5]
        assert len(writes) == 2  # off at the start, on by the order
        await edge.kill()
        await edge.start()
        await until(lambda: len(server.births) >= 2, 20)
        await say(order("set_relay", "a", relay="siren", on=True))
        # an answer of before, which the broker had and the killed gateway no longer knew to be there, may come again
        await until(lambda: [reply for reply in replies(server)[6:] if (reply.id, reply.outcome) == ("a", "repeated")])
        assert not [reply for reply in replies(server)[6:] if (reply.id, reply.outcome) == ("a", "done")]
        births = len(server.births)
        await say(order("restart", "f"))
        await until(lambda: len(server.births) > births, 20)
        assert edge.process.returncode is None


async def test_an_alarm_works_with_the_line_cut(own_broker, tmp_path):
    async with gateway(own_broker, tmp_path, RELAY) as (_, modbus, server):
        await until(lambda: server.values("tram-1:air_temperature"), 20)
        own_broker.kill()
        before = len([read for read in modbus.reads if read[1] == 5])
        modbus.words[1][0] = 410
        await until(lambda: len([read for read in modbus.reads if read[1] == 5]) > before, 10)
        modbus.words[1][0] = 385
        await until(lambda: len([read for read in modbus.reads if read[1] == 5]) > before + 1, 10)


async def test_configuration_applied_refused_and_rolled_back(broker, tmp_path):
    async with gateway(broker, tmp_path) as (edge, _, server):

        def told():
            return [decode(payload, Configured) for kind, payload in server.others if kind == "configured" and payload]

        async def desire(revision, text):
            payload = encode(Config(revision, text))
            await server.client.publish(topic("test-01", Kind.CONFIG), payload, qos=1, retain=True)

        present = edge.path.read_text()
        await desire(1, present.replace('model = "elsner-p03"', 'model = "nope"'))
        await until(lambda: told() and told()[-1].outcome == "refused", 10)
        assert any("no model 'nope'" in reason for reason in told()[-1].reasons)
        await desire(2, present.replace("status_interval = 5", "status_interval = 6"))
        await until(lambda: told()[-1].outcome == "applied", 20)
        assert told()[-1].revision == 2
        # a broker that is not there: the new configuration loses the line and goes back by itself
        lost = present.replace(f"127.0.0.1:{broker.port}", "127.0.0.1:9").replace("status_interval = 5", "trial = 2")
        await desire(3, lost)
        await until(lambda: told()[-1].outcome == "rolled_back", 40)
        assert told()[-1].revision == 3
        assert json.loads((tmp_path / "configuration.json").read_text())["outcome"] == "rolled_back"
        assert "status_interval = 6" in (tmp_path / "configuration.toml").read_text()
        count = len(server.values("tram-1:air_temperature"))
        await until(lambda: len(server.values("tram-1:air_temperature")) > count, 20)


async def test_killed_again_and_again(broker, tmp_path):
    """A short selection of the fault test of the same name."""
    async with gateway(broker, tmp_path) as (edge, _, server):
        for pause in (1.1, 0.4, 1.7, 0.9, 1.3):
            await asyncio.sleep(pause)
            await edge.kill()
            await edge.start()
        await until(lambda: decode(server.statuses[-1], Status).online, 20)
        await until(lambda: len(server.values("tram-1:air_temperature")) >= 4, 20)
        assert await edge.stop() == 0
        assert server.conflicts == []
        assert server.changed_packs == []


@pytest.mark.parametrize("refusal", ["acl", "nobody"])
async def test_a_broker_that_refuses_or_discards_costs_nothing(tmp_path, refusal):
    from standalone.services import Broker, BrokerOptions, temporary_folder

    with temporary_folder() as folder:
        rules = folder / "acl"
        everything = "topic readwrite #\nuser test-01\n"
        deny = "" if refusal == "nobody" else "topic deny nongvu/v1/+/+/live\ntopic deny nongvu/v1/+/+/backlog\n"
        rules.write_text(everything + deny + "topic readwrite #\n")
        rules.chmod(0o644)
        folder.chmod(0o755)
        options = BrokerOptions(allow_anonymous=True, persistence=False, lines=(f"acl_file {rules}",))
        broker = await asyncio.to_thread(Broker.start, folder / "broker", None, options)
        modbus = ModbusPeer({1: {0: 200}, 9: {0: 100}})
        await modbus.start()
        path = tmp_path / "gateway.toml"
        path.write_text(gateway_text(broker.port, tmp_path, modbus.port))
        edge = EdgeProcess(path)
        await edge.start()
        try:
            await until(lambda: "broker does not pass readings on" in path.with_suffix(".log").read_text(), 20)
            reason = "0x87" if refusal == "acl" else "0x10"
            assert reason in path.with_suffix(".log").read_text()
            await asyncio.sleep(1.5)
            if refusal == "acl":
                rules.write_text(everything + "topic readwrite #\n")
                await asyncio.to_thread(broker.restart)
            began = time.time()
            async with ReceiptingServer(broker.port).connected() as server:
                await until(lambda: len(server.values("tram-1:air_temperature")) >= 3, 30)
                oldest = min(key[2] for key in server.stored) / 1000
                assert oldest < began  # what was refused before came now
            assert await edge.stop() == 0
        finally:
            if edge.process.returncode is None:
                await edge.kill()
            await modbus.stop()
            await asyncio.to_thread(broker.stop)


LOCAL = """
[[mqtt]]
name = "local"
url = "mqtt://127.0.0.1:{port}"

[[mqtt.device]]
name = "barn"
station = "tram-7"
kind = "zigbee2mqtt"
topic = "zigbee2mqtt/barn"
payload = "zigbee-climate"

[[relay]]
name = "fan"
mqtt = "local"
topic = "cmnd/fan/POWER"
shortest_off = 0

[[alarm]]
name = "stuffy"
station = "tram-7"
quantity = "air_temperature"
above = 35
hysteresis = 2
relay = "fan"
"""


async def test_a_device_and_a_relay_behind_a_local_broker(broker, tmp_path):
    async with gateway(broker, tmp_path, LOCAL.format(port=broker.port)) as (_, _, server):
        said = []
        async with aiomqtt.Client("127.0.0.1", broker.port) as client:
            await client.subscribe("cmnd/fan/POWER", qos=1)

            async def listen():
                async for message in client.messages:
                    said.append(bytes(message.payload))

            task = asyncio.create_task(listen())
            for value, wanted in ((36.0, b"ON"), (32.0, b"OFF")):
                for _ in range(100):
                    seen = {"temperature": value, "last_seen": datetime.now(UTC).isoformat()}
                    await client.publish("zigbee2mqtt/barn", json.dumps(seen), qos=1)
                    await asyncio.sleep(0.2)
                    if said and said[-1] == wanted:
                        break
                assert said[-1] == wanted
            await until(lambda: {36.0, 32.0} <= set(server.values("tram-7:air_temperature")), 20)
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=1)
