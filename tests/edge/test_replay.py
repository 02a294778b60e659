"""A gateway under a replayed clock: every tick once, receipted, said; also after kill -9."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from gateway_peers import GATEWAY, UNIT, EdgeProcess, ModbusPeer, ReceiptingServer, until

from edge.sensor import shelf
from telemetry.birth import Birth, Status, decode
from telemetry.clock import encode_tick

START = datetime(2013, 1, 1, tzinfo=UTC)


def words(hour: int) -> dict[int, int]:
    return {
        10: 500 + hour % 400,
        31: (hour * 7) % 400,
        35: 32767,
        48: sum(past % 5 for past in range(hour + 1)),
        14: 10132,
        18: 1800,
        83: 360,
        85: 65535,
    }


async def replay(edge, modbus, server, hours, kill_at=()):
    seconds = []
    for hour in range(hours):
        modbus.words[1] = words(hour)
        tick = START + timedelta(hours=hour)
        began = asyncio.get_running_loop().time()
        await server.tick(encode_tick(tick, hour))
        if hour in kill_at:
            await asyncio.sleep(random.uniform(0, 0.03))
            await edge.kill()
            await edge.start()
        await until(lambda: server.statuses and said(server).polled == tick.isoformat(), 20)  # noqa: B023
        assert said(server).waiting == 0
        if hour not in kill_at:
            seconds.append(asyncio.get_running_loop().time() - began)
    return seconds


def said(server) -> Status:
    return decode(server.statuses[-1], Status)


@pytest.fixture
async def field(broker, tmp_path):
    modbus = ModbusPeer({1: words(0)})
    await modbus.start()
    path = tmp_path / "gateway.toml"
    path.write_text(
        GATEWAY.format(broker=broker.port, folder=tmp_path, modbus=modbus.port)
        + UNIT.format(name="mast", station="tram-1", model="lufft-ws", unit=1, interval=3600)
    )
    async with ReceiptingServer(broker.port).connected() as server:
        edge = EdgeProcess(path, clock="replayed")
        await edge.start()
        try:
            yield edge, modbus, server
        finally:
            if edge.process.returncode is None:
                await edge.kill()
            await modbus.stop()
            await server.client.publish("nongvu/v1/clock", b"", qos=1, retain=True)


async def test_a_tick_is_read_receipted_and_said(field):
    edge, modbus, server = field
    seconds = await replay(edge, modbus, server, 60)
    assert server.values("tram-1:air_temperature") == [((hour * 7) % 400) / 10 for hour in range(60)]
    assert server.values("tram-1:dew_point") == []  # a sentinel is no reading
    assert min(seconds) < 0.1  # the machine may be shared: the best tick says what the gateway takes
    birth = decode(server.births[-1], Birth)
    assert {stream.quantity for stream in birth.stations[0].datastreams} >= {"air_temperature", "dew_point"}
    assert shelf()["lufft-ws"].name == birth.stations[0].datastreams[0].sensor_model
    assert await edge.stop() == 0
    await until(lambda: said(server).cause == "stopped")
    assert not said(server).online


async def test_killed_in_mid_replay_it_sends_the_same_and_nothing_twice(field):
    edge, modbus, server = field
    await replay(edge, modbus, server, 40, kill_at={3, 9, 10, 17, 18, 19, 25, 33})
    assert server.values("tram-1:precipitation") == [(hour % 5) / 100 for hour in range(1, 40)]  # a counter: the first
    assert len(server.values("tram-1:air_temperature")) == 40
    assert server.conflicts == []
    assert server.changed_packs == []
    assert await edge.stop() == 0
