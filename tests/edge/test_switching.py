"""An order is done only when the relay says so: real brokers, a real Modbus server, devices that lie and are away."""

import asyncio
import contextlib
import struct
import time

import aiomqtt
import msgspec
import pytest
from gateway_faults import opened
from gateway_peers import Liar, until
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.action_settings import Alarm, Relay
from edge.actuation import ActionError, Actuation
from edge.alarm import AlarmState
from edge.bus import tcp_bus
from edge.bus_settings import TcpBus
from edge.commands import _show_found
from edge.fitness import unfit
from edge.probe import Found
from edge.remote_commands import Orders
from edge.switching import SwitchError, stands, switch_topic
from standalone.services import free_port
from telemetry.birth import Command, Reply, decode, encode
from telemetry.clock import RealClock
from telemetry.reading import Reading

FAN = {"name": "fan", "mqtt": "local", "topic": "cmnd/fan/POWER", "answer": 0.6}


def arguments(broker):
    return {"hostname": "127.0.0.1", "port": broker.port}


@contextlib.asynccontextmanager
async def device(broker, answer):
    """A device on the broker: ``answer(payload)`` is what it says on its state topic; None for nothing."""
    heard = []
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.subscribe("cmnd/fan/POWER", qos=1)

        async def work():
            async for message in client.messages:
                heard.append(bytes(message.payload))
                if (said := answer(heard[-1])) is not None:
                    await client.publish("stat/fan/POWER", said, qos=1)

        task = asyncio.create_task(work())
        try:
            yield heard
        finally:
            while not task.done():
                task.cancel()
                await asyncio.wait([task], timeout=1)


async def test_nobody_listens_is_not_done(broker):
    for more in ({}, {"state_topic": "stat/fan/POWER"}):
        with pytest.raises(SwitchError, match="nobody listens on cmnd/fan/POWER"):
            await switch_topic(arguments(broker), Relay(**FAN, **more), on=True)


async def test_sent_and_nothing_proves_it(broker):
    async with device(broker, lambda payload: None) as heard:
        proof = await switch_topic(arguments(broker), Relay(**FAN), on=True)
        await until(lambda: heard)
    assert proof.knowledge == "unconfirmed"
    assert "state_topic" in proof.detail


@pytest.mark.parametrize(
    ("answer", "more", "outcome"),
    [
        (lambda payload: payload, {}, "confirmed"),
        (lambda payload: b"on" if payload == b"ON" else b"off", {}, "confirmed"),
        (lambda payload: b'{"state": {"POWER": "ON"}}', {"state_key": "state.POWER"}, "confirmed"),
        (lambda payload: b"1", {"state_on": "1", "state_off": "0"}, "confirmed"),
        (lambda payload: b"OFF", {}, "says that it is off"),
        (lambda payload: b"what?", {}, "said nothing on stat/fan/POWER"),
        (lambda payload: None, {}, "said nothing on stat/fan/POWER"),
    ],
)
async def test_what_the_device_says_decides(broker, answer, more, outcome):
    relay = Relay(**FAN, state_topic="stat/fan/POWER", **more)
    async with device(broker, answer):
        if outcome == "confirmed":
            assert (await switch_topic(arguments(broker), relay, on=True)).knowledge == "confirmed"
        else:
            with pytest.raises(SwitchError, match=outcome):
                await switch_topic(arguments(broker), relay, on=True)


async def test_a_state_of_before_proves_nothing(broker):
    relay = Relay(**FAN, state_topic="stat/fan/POWER")
    async with aiomqtt.Client("127.0.0.1", broker.port) as client:
        await client.publish("stat/fan/POWER", b"ON", qos=1, retain=True)
        try:
            async with device(broker, lambda payload: None):
                with pytest.raises(SwitchError, match="said nothing"):
                    await switch_topic(arguments(broker), relay, on=True)
        finally:
            await client.publish("stat/fan/POWER", b"", qos=1, retain=True)


async def test_a_device_that_was_away_does_not_obey_late(broker):
    """Its session lasts, so the broker takes the order; when it comes back the order has expired."""
    session = {"identifier": "sleeper", "protocol": aiomqtt.ProtocolVersion.V311}
    async with aiomqtt.Client("127.0.0.1", broker.port, clean_session=False, **session) as client:
        await client.subscribe("cmnd/fan/POWER", qos=1)
    proof = await switch_topic(arguments(broker), Relay(**FAN), on=True)
    assert proof.knowledge == "unconfirmed"
    await asyncio.sleep(2.2)
    heard = []
    async with aiomqtt.Client("127.0.0.1", broker.port, clean_session=False, **session) as client:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                async for message in client.messages:
                    heard.append(bytes(message.payload))
    async with aiomqtt.Client("127.0.0.1", broker.port, clean_session=True, **session):
        pass
    assert heard == []


def test_what_a_state_message_says():
    relay = Relay(**FAN, state_topic="s", state_key="POWER")
    assert stands(relay, b'{"POWER":"ON"}') is True
    assert stands(relay, b'{"POWER":"off"}') is False
    for payload in (b"", b"[", b"ON", b'{"POWER":true}', b'{"x":"ON"}', b"\xff"):
        assert stands(relay, payload) is None


@contextlib.asynccontextmanager
async def coils():
    """A real Modbus server with real coils."""
    port = free_port()
    simulated = SimDevice(9, simdata=([SimData(0, count=16, values=False, datatype=DataType.BITS)],
                                      [SimData(0, count=16, values=False, datatype=DataType.BITS)],
                                      [SimData(0, count=16, values=0, datatype=DataType.REGISTERS)],
                                      [SimData(0, count=16, values=0, datatype=DataType.REGISTERS)]))  # fmt: skip
    server = ModbusTcpServer(simulated, address=("127.0.0.1", port))
    task = asyncio.create_task(server.serve_forever())
    bus = tcp_bus(TcpBus(name="line", kind="modbus_tcp", host="127.0.0.1", port=port))
    try:
        await asyncio.sleep(0.3)
        yield bus
    finally:
        await bus.close()
        await server.shutdown()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def acting(box, bus, publish=None, **alarm):
    relays = [Relay(name="pump", bus="line", unit=9, coil=3, shortest_off=0)]
    rule = {"name": "heat", "station": "s", "quantity": "air_temperature", "above": 35, "relay": "pump"} | alarm
    return Actuation(relays, [Alarm(**rule)], {"line": bus}, publish, box, lambda: "t")


@contextlib.asynccontextmanager
async def working(actuation):
    task = asyncio.create_task(actuation.run())
    try:
        await until(lambda: actuation.relays["pump"].sure, 15)
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_coil_is_read_back_and_watched(tmp_path, monkeypatch):
    monkeypatch.setattr("edge.actuation.ASK", 0.3)
    async with opened(tmp_path / "b") as box, coils() as bus:
        actuation = acting(box, bus)
        async with working(actuation):
            proof = await actuation.order("pump", on=True, seconds=None, why="order 1")
            assert proof.knowledge == "confirmed"
            assert await bus.read_coil(9, 3, 1.0)
            await bus.write_coil(9, 3, on=False, budget=1.0)  # somebody switches it off by hand
            await until(lambda: any("reads off" in row[4] for row in noted(box)), 10)
        assert not await bus.read_coil(9, 3, 1.0)


def noted(box):
    stored = box.memory.get("actions")
    return msgspec.msgpack.decode(stored) if stored else []


async def test_a_coil_that_only_says_yes_is_not_done(tmp_path):
    """It answers every order and obeys none."""
    liar = Liar()

    def lie(unit, body, tid):
        answer = bytes([unit, 1, 1, 0]) if body[1] == 1 else body
        return struct.pack(">HHH", tid, 0, len(answer)) + answer

    liar.lie = lie
    async with opened(tmp_path / "b") as box, liar.running() as bus:
        actuation = acting(box, bus)
        async with working(actuation):
            with pytest.raises(ActionError, match="its coil reads off"):
                await actuation.order("pump", on=True, seconds=None, why="order 1")
            assert actuation.relays["pump"].knowledge == "unknown"


async def test_an_order_that_expires_while_the_line_is_busy_is_not_carried_out(tmp_path):
    async with opened(tmp_path / "b") as box, coils() as bus:
        actuation = acting(box, bus)
        async with working(actuation):
            peer = asyncio.create_task(hold(bus, 0.8))
            await asyncio.sleep(0.1)
            with pytest.raises(ActionError, match="not free in time"):
                await actuation.order("pump", on=True, seconds=None, why="o", not_after=time.monotonic() + 0.2)
            await peer
            assert not await bus.read_coil(9, 3, 1.0)


async def hold(bus, seconds):
    async with bus._lock:
        await asyncio.sleep(seconds)


async def test_replies_say_what_is_known(tmp_path, broker):
    said = []

    async def say(payload):
        said.append(decode(payload, Reply))
        return True

    relay = Relay(**FAN)

    async def publish(settings, on, not_after):
        return await switch_topic(arguments(broker), settings, on=on, not_after=not_after)

    async with opened(tmp_path / "b") as box:
        actuation = Actuation([relay], [], {}, publish, box, lambda: "t")
        orders = Orders(box, actuation, RealClock().now, say, lambda: None, lambda: None)

        async def order(number):
            command = Command(number, "set_relay", "2099-01-01T00:00:00+00:00", {"relay": "fan", "on": True})
            await orders.hear("t", encode(command))

        await order("1")
        async with device(broker, lambda payload: None) as heard:
            await order("2")
            await order("2")
            await until(lambda: heard)
            assert len(heard) == 1
    assert [(reply.id, reply.outcome, reply.evidence) for reply in said] == [
        ("1", "failed", ""), ("2", "failed", "unconfirmed"), ("2", "repeated", "")]  # fmt: skip
    assert "nobody listens" in said[0].detail
    assert said[1].detail.startswith("sent, unconfirmed")


HEAT = Alarm(name="heat", station="s", quantity="air_temperature", above=35, relay="pump")


@pytest.mark.parametrize("value", [327.67, 3276.7, 6553.5, 65_535, -9999, float("nan"), float("inf"), 61, -5572.8])
def test_what_cannot_be_never_begins_an_alarm_nor_holds_it(value):
    state = AlarmState(HEAT)
    frost = AlarmState(HEAT.model_copy(update={"above": None, "below": 2.0}))
    for now in range(10):
        assert state.take(value, now, 0.0)
        assert frost.take(value, now, 0.0)
        assert not state.active
        assert not frost.active
    state.take(40, 20, 0.0)
    state.take(40, 21, 0.0)
    assert state.active
    for now in range(22, 2000, 10):
        state.take(value, now, 0.0)
        state.look(now)
    assert not state.active  # it heard nothing for 15 minutes
    assert state.why
    assert state.disregarded == 208


@pytest.mark.parametrize(
    ("quantity", "value"),
    [("illuminance", 65_535), ("water_level", 65.535), ("water_level", 655.35), ("water_flow", 3276.7),
     ("soil_water_potential", -9999), ("battery_voltage", 65.535), ("water_volume", 32_767)],
)  # fmt: skip
def test_no_value_within_the_limits_is_none_either(quantity, value):
    assert "no value" in unfit(quantity, value, 0.0, 900)


@pytest.mark.parametrize(("age", "why"), [(None, "nobody knows"), (3 * 86_400.0, "s old"), (901.0, "s old")])
def test_what_is_old_or_of_unknown_time_does_not_act(age, why):
    state = AlarmState(HEAT)
    for now in (10_000, 10_001, 10_002):
        assert why in state.take(38.5, now, age)
    assert not state.active


def test_one_sample_decides_nothing_and_a_sample_twice_is_one():
    state = AlarmState(HEAT)
    for now, value, active in [(0, 38, False), (60, 20, False), (120, 38, False), (120.01, 38, False), (180, 38, True),
                               (240, 20, True), (300, 38, True), (360, 20, True), (420, 20, False)]:  # fmt: skip
        state.take(value, now, 0.0)
        assert state.active is active
    state.take(38, 1000, 0.0)
    state.take(38, 3000, 0.0)  # too long after the first to be its second
    assert not state.active


def test_how_many_must_agree():
    assert [HEAT.agreeing(interval) for interval in (0, 60, 600, 3600)] == [2, 2, 2, 1]
    assert [HEAT.patience(interval) for interval in (0, 60, 3600)] == [900, 900, 9000]
    chosen = HEAT.model_copy(update={"samples": 3, "stale": 60.0})
    assert (chosen.agreeing(3600), chosen.patience(3600)) == (3, 60)


async def test_a_sentinel_switches_no_pump(tmp_path):
    async with opened(tmp_path / "b") as box, coils() as bus:
        actuation = acting(box, bus)
        async with working(actuation):
            for _ in range(4):
                actuation.watch([Reading("s", "air_temperature", 1, 327.67)])
                await asyncio.sleep(0.15)
            actuation.watch([Reading("s", "air_temperature", 1, 38.5)], 3 * 86_400.0)
            actuation.watch([Reading("s", "air_temperature", 1, 38.5)], None)
            actuation.watch([Reading("s", "air_temperature", 1, 38.5)])
            await asyncio.sleep(0.5)
            assert not await bus.read_coil(9, 3, 1.0)
            actuation.watch([Reading("s", "air_temperature", 1, 38.6)])
            await until(lambda: actuation.relays["pump"].on, 10)
            assert await bus.read_coil(9, 3, 1.0)


def test_a_probe_says_which_values_cannot_be(capsys):
    said = (("air_temperature", 3276.7, "Cel", True), ("air_pressure", 1004.0, "hPa", True),
            ("precipitation", 2400.0, "mm", True))  # fmt: skip
    _show_found([Found(1, ("m",), said)], as_json=False)
    lines = capsys.readouterr().out.splitlines()[1:]
    assert ["cannot be" in line for line in lines] == [True, False, False]
    with pytest.raises(SystemExit):
        _show_found([Found(1, (), (), "exception code 2")], as_json=False)
