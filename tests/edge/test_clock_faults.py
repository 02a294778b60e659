"""F22 on the gateway: a clock at 1970 that becomes right, jumps of an hour, a year in the future; nothing is lost."""

import asyncio
import time
from datetime import UTC, datetime

from gateway_peers import GATEWAY, UNIT, ModbusPeer, ReceiptingServer, until

from edge.gateway_clock import GatewayClock
from edge.run import Running
from edge.settings import parse


async def test_a_clock_that_is_wrong_at_first_and_then_jumps(broker, tmp_path, monkeypatch):
    monkeypatch.setattr("edge.clock_care.CLOCK_LOOK", 0.1)
    modbus = ModbusPeer({1: {0: 200}})
    await modbus.start()
    unit = UNIT.format(name="probe", station="tram-1", model="elsner-p03", unit=1, interval=1)
    text = GATEWAY.format(broker=broker.port, folder=tmp_path, modbus=modbus.port) + unit
    shift = {"seconds": -time.time() + 1000.0, "right": False}  # 1970, as after a start without a battery clock
    running = Running(parse(text), "real")
    running.real = GatewayClock(
        "ntp", wall=lambda: time.time() + shift["seconds"], synchronised=lambda: shift["right"]
    )  # fmt: skip
    taken = []
    for poller in running.pollers:
        poller._watch = taken.extend
    began = datetime.now(UTC).timestamp()
    async with ReceiptingServer(broker.port).connected() as server:
        task = asyncio.create_task(running.run())
        await until(lambda: len(taken) >= 3, 20)
        assert not server.stored
        assert not running.status().clock_right
        shift |= {"seconds": 0.0, "right": True}
        await until(lambda: len(server.redated) >= 3, 20)
        times = sorted(key[2] / 1000 for key in server.redated)
        assert began - 1 < times[0] < time.time()  # dated to when they were taken, not to when that was known
        assert running.status().clock_right
        for jump in (3600.0, -3600.0, 0.0):
            shift["seconds"] = jump
            count = len(taken)
            await until(lambda count=count: len(taken) >= count + 2, 20)
        await until(lambda: running.outbox.waiting == 0, 20)
        assert len(server.stored) == len(taken)
        assert server.conflicts == []
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await modbus.stop()
