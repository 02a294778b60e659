"""Relays that do not answer: switched off as soon as they can be, without a worn card or a blocked line."""

import asyncio
import contextlib
import struct

import msgspec
from gateway_faults import opened
from gateway_peers import Liar, crc, until

from edge.action_settings import Alarm, Relay
from edge.actuation import Actuation
from edge.remote_commands import Orders
from telemetry.birth import Command, Reply, decode, encode
from telemetry.clock import RealClock
from telemetry.reading import Reading


def relays(folder_box, bus):
    relay = Relay(name="pump", bus="line", unit=9, coil=3, shortest_off=0)
    alarm = Alarm(name="dry", station="s", quantity="soil_moisture", below=0.1, relay="pump", samples=1)

    async def publish(relay, on, not_after):
        raise AssertionError

    return Actuation([relay], [alarm], {"line": bus}, publish, folder_box, lambda: "t")


@contextlib.asynccontextmanager
async def working(actuation):
    task = asyncio.create_task(actuation.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def echo(liar, body):
    if body[1] == 1:  # this relay does not say how its coil stands
        body = bytes([body[0], 0x81, 1])
    return crc(body) if liar.rtu else struct.pack(">HHH", 0, 0, len(body)) + body


async def test_a_relay_left_on_is_switched_off_as_soon_as_it_answers(tmp_path):
    """The gateway crashed while the pump ran, and its line is not there yet when it starts again."""
    liar, coils = Liar(rtu=True), []

    def lie(unit, body, tid):
        if body[1] == 5:
            coils.append(body[4:6] == b"\xff\x00")
        return echo(liar, body) if len(coils) > 2 else None

    liar.lie = lie
    async with opened(tmp_path / "b") as box, liar.running() as bus:
        actuation = relays(box, bus)
        async with working(actuation):
            await until(lambda: actuation.relays["pump"].sure, 15)
        assert coils == [False, False, False]
        noted = [row[4] for row in msgspec.msgpack.decode(box.memory["actions"])]
        assert [text.split(":")[0] for text in noted] == [
            "failed",
            "sent, unconfirmed",
        ]  # what goes on failing is noted once


async def test_a_dead_relay_neither_blocks_the_line_nor_wears_the_card(tmp_path):
    liar, asked = Liar(rtu=True), []

    def lie(unit, body, tid):
        asked.append(body[1])
        return liar.right(unit, [7]) if body[1] == 3 else None

    liar.lie = lie
    async with opened(tmp_path / "b") as box, liar.running() as bus:
        actuation = relays(box, bus)
        async with working(actuation):
            actuation.watch([Reading("s", "soil_moisture", 1, 0.05)])
            await until(lambda: asked.count(5) == 3, 15)  # after 0, 1 and 3 s and the waits for an answer
            for _ in range(20):
                assert await bus.read(1, 3, 0, 1, 0.5) == [7]
            commits = box.keeper.commits
            await asyncio.sleep(2)
        assert asked.count(5) == 3
        assert box.keeper.commits == commits


async def test_a_relay_whose_answer_was_lost_is_not_left_on(tmp_path):
    """It was switched on, said so and was not heard; then the alarm ended."""
    liar, coil = Liar(rtu=True), {"on": True}

    def lie(unit, body, tid):
        if body[1] == 1:
            return echo(liar, body)
        switched_on = not coil["on"] and body[4:6] == b"\xff\x00"
        coil["on"] = body[4:6] == b"\xff\x00"
        return None if switched_on else echo(liar, body)

    liar.lie = lie
    async with opened(tmp_path / "b") as box, liar.running() as bus:
        actuation = relays(box, bus)
        async with working(actuation):
            await until(lambda: actuation.relays["pump"].sure, 15)
            actuation.watch([Reading("s", "soil_moisture", 1, 0.05)])
            await until(lambda: coil["on"], 15)
            await asyncio.sleep(0.2)
            actuation.watch([Reading("s", "soil_moisture", 2, 0.35)])
            await until(lambda: not coil["on"] and actuation.relays["pump"].sure, 15)


async def test_no_relay_is_switched_while_nobody_knows_whether_the_order_has_expired(tmp_path):
    liar, replies, right = Liar(rtu=True), [], []
    liar.lie = lambda unit, body, tid: echo(liar, body)

    async def say(payload):
        replies.append(decode(payload, Reply))
        return True

    async with opened(tmp_path / "b") as box, liar.running() as bus:
        now = RealClock().now
        orders = Orders(box, relays(box, bus), now, say, lambda: None, lambda: None, lambda: bool(right))
        for number in ("1", "2"):
            order = Command(number, "set_relay", "2099-01-01T00:00:00+00:00", {"relay": "pump", "on": True})
            await orders.hear("t", encode(order))
            right.append(True)
    assert [reply.outcome for reply in replies] == ["refused", "failed"]
    assert replies[1].evidence == "unconfirmed"
    assert "does not know the time" in replies[0].detail
