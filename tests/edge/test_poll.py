"""A line's devices over long intervals: another chance within one, and all at once when the line itself is back."""

import asyncio
import contextlib
from datetime import UTC, datetime
from unittest import mock

from gateway_faults import opened, right
from gateway_peers import Liar, until

from edge.bus import tcp_bus
from edge.bus_settings import TcpBus, Unit
from edge.device import Device
from edge.poll import Poller
from edge.sensor import shelf

NOW = datetime(2026, 7, 1, tzinfo=UTC)
MODEL = shelf()["elsner-p03"]


def devices(count, interval):
    return [
        Device(Unit(name=f"u{u}", station=f"s{u}", model=MODEL.name, unit=u, interval=interval, timeout=0.1, retries=0),
               MODEL, MODEL.registers[:1])
        for u in range(1, count + 1)
    ]  # fmt: skip


@contextlib.asynccontextmanager
async def polling(folder, bus, those):
    """A poller in whose world time stands still: what is read is read within one interval."""
    taken = []
    async with opened(folder / "b") as box:
        poller = Poller(bus, those, box, lambda: (int(NOW.timestamp() * 1000), ""), lambda: NOW, taken.extend)
        task = asyncio.create_task(poller.run())
        try:
            yield taken
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_a_noisy_moment_does_not_cost_a_reading_of_ten_minutes(tmp_path):
    liar = Liar(rtu=True)
    liar.lie = lambda unit, body, tid: None if liar.requests < 3 else right(liar, unit, body)
    with mock.patch("edge.poll.AGAIN", 0.3):
        async with liar.running() as bus, polling(tmp_path, bus, devices(1, 600)) as taken:
            await until(lambda: taken, 5)
    assert liar.requests == 3


async def test_a_device_that_stays_silent_is_left_alone_within_a_long_interval_too(tmp_path):
    liar = Liar(rtu=True)
    with mock.patch("edge.poll.AGAIN", 0.1):
        async with liar.running() as bus, polling(tmp_path, bus, those := devices(1, 600)):
            await until(lambda: those[0].circuit.opened, 5)
            await asyncio.sleep(0.5)
    assert liar.requests == 3


async def test_when_a_line_is_back_all_its_devices_are_read_at_once(tmp_path):
    liar = Liar(rtu=True)
    liar.lie = lambda unit, body, tid: right(liar, unit, body)
    bus = tcp_bus(TcpBus(name="b", kind="modbus_rtu_over_tcp", host="127.0.0.1", port=liar.port))
    those = devices(5, 600)
    with mock.patch("edge.poll.AGAIN", 0.05):
        async with polling(tmp_path, bus, those) as taken:
            await until(lambda: all(device.circuit.opened for device in those), 10)
            for device in those:  # the line is away for hours
                for _ in range(8):
                    device.circuit.failed(device.circuit.next_trial, 600, line=True)
            assert {device.circuit.wait for device in those} == {600.0}
            those[0].circuit.next_trial, those[0].memory.slot = 0.0, -1
            async with liar.running():
                await until(lambda: len(taken) == 5, 5)
                await bus.close()
    assert not any(device.circuit.opened for device in those)
