"""The uplink beside the outbox: it rests when nothing can be sent, listens before it promises to, and keeps answers."""

import asyncio
from datetime import UTC, datetime, timedelta

import aiomqtt
import pytest
from gateway_faults import opened, sending
from gateway_peers import ReceiptingServer, until

from edge.outbox import BACKLOG_WINDOW
from edge.remote_commands import Orders
from edge.switching import Proof
from telemetry.birth import Command, Reply, decode, encode
from telemetry.pack import Stream
from telemetry.reading import Reading
from telemetry.topics import Kind, topic


def taken(count, start=1_790_000_000_000):
    return [Reading("tram-1", "air_temperature", start + 1000 * at, 20.0) for at in range(count)]


async def resting(box, seconds=1.0):
    """Writes to the card while nothing happens."""
    await asyncio.sleep(0.3)  # what was under way ends
    before = box.keeper.commits
    await asyncio.sleep(seconds)
    return box.keeper.commits - before


@pytest.mark.parametrize("first", ["readings", "line"])
async def test_undated_readings_do_not_make_it_spin(broker, tmp_path, first):
    """Readings that wait for the time can go into no pack: asking the card for them again and again wears it out."""
    async with sending(tmp_path, broker.port) as (box, uplink):
        if first == "line":
            await until(lambda: box.line_up, 30)
        await box.add(taken(50), clock="kernel-1")
        await until(lambda: box.line_up, 30)
        assert await resting(box) <= 2
        assert (box.waiting, box.bundled, len(box.formed)) == (50, 0, 0)
        assert await box.date("kernel-1", 0) == 50
        await until(lambda: uplink.sent == 1, 30)  # and what can be sent is sent at once


async def test_it_rests_while_no_server_gives_receipts(broker, tmp_path):
    async with sending(tmp_path, broker.port, resend=600) as (box, uplink):
        await until(lambda: box.line_up, 30)
        for at in range(60):
            await box.add(taken(5, 1_790_000_000_000 + 100_000 * at))
        await until(lambda: box.room(Stream.BACKLOG) == 0, 30)
        assert await resting(box) <= 2
        assert uplink.resent == 0
        assert box.waiting == 300
        assert sum(1 for key in box.formed if key[1] is Stream.BACKLOG) == BACKLOG_WINDOW


async def test_a_count_that_is_wrong_heals_itself(broker, tmp_path):
    async with sending(tmp_path, broker.port) as (box, _):
        await until(lambda: box.line_up, 30)
        box.bundled = 7
        box.changed.set()
        await until(lambda: box.bundled == 0, 30)
        assert await resting(box) <= 2
        await asyncio.wait_for(box.emptied(), 10)


async def test_an_order_sent_on_the_birth_is_heard(broker, tmp_path):
    """Birth promises that the gateway listens: no order sent after it is lost, whatever session the broker had."""
    heard = []

    async def hear(_, payload):
        heard.append(payload)

    async with ReceiptingServer(broker.port).connected() as server, sending(tmp_path, broker.port) as (_, uplink):
        uplink.hear(topic("line-01", Kind.COMMAND), hear)
        await until(lambda: server.births, 30)
        await server.client.publish(topic("line-01", Kind.COMMAND), b"now", qos=1)
        await until(lambda: heard == [b"now"], 30)


class Relays:
    """Stands for the actuation: notes what was ordered."""

    def __init__(self):
        self.ordered = []

    async def order(self, name, *, on, seconds, why, not_after):
        self.ordered.append((name, on))
        return Proof("confirmed")


def order(number, action="set_relay"):
    expires = (datetime.now(UTC) + timedelta(seconds=600)).isoformat()
    return encode(Command(number, action, expires, {"relay": "siren", "on": True}))


def orders(box, say, relays=None):
    return Orders(box, relays or Relays(), lambda: datetime.now(UTC), say, lambda: None, lambda: None)


async def test_an_answer_waits_for_a_line_and_survives_a_restart(tmp_path):
    said = []

    async def no_line(payload):
        raise aiomqtt.MqttError("no connection")

    async def nobody_listens(payload):
        said.append(payload)
        return False

    async def line(payload):
        said.append(payload)
        return True

    relays = Relays()
    async with opened(tmp_path / "b") as box:
        with pytest.raises(aiomqtt.MqttError):
            await orders(box, no_line, relays).hear("", order("a"))
        await orders(box, nobody_listens, relays).hear("", order("a"))  # repeated by the broker: the answer stands
    async with opened(tmp_path / "b", "boot-2") as box:
        again = orders(box, line, relays)
        await again.answer()
        await again.answer()  # said once
    assert [(reply.id, reply.outcome) for reply in (decode(text, Reply) for text in said)] == [("a", "done")] * 2
    assert relays.ordered == [("siren", True)]


async def test_an_order_that_a_stop_interrupted_is_answered_and_not_done_again(tmp_path):
    said, forever = [], asyncio.Event()

    class Stuck(Relays):
        async def order(self, name, *, on, seconds, why, not_after):
            self.ordered.append(name)
            await forever.wait()

    async def line(payload):
        said.append(decode(payload, Reply))
        return True

    stuck = Stuck()
    async with opened(tmp_path / "b") as box:
        task = asyncio.create_task(orders(box, line, stuck).hear("", order("a")))
        await until(lambda: stuck.ordered, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert said == []
    async with opened(tmp_path / "b", "boot-2") as box:
        await orders(box, line).answer()
        await orders(box, line, stuck).hear("", order("a"))
    assert [(reply.id, reply.outcome) for reply in said] == [("a", "failed"), ("a", "repeated")]
    assert "may have been done" in said[0].detail
    assert stuck.ordered == ["siren"]
