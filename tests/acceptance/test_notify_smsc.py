"""SMPP against an SMSC of another maker: segments as it reads them, receipts, throttling, cut connections, answers."""

import json
import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from notify.delivery.route import Route, RouteTable
from notify.providers import PROVIDERS
from standalone.services.ports import free_port
from tests.notify.conftest import province, running, until  # noqa: F401 — a fixture

MODULE = (
    Path(os.environ.get("NONGVU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nongvu")
    / "node/node_modules/smpp"
)
pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(
        not (shutil.which("node") and MODULE.is_dir()), reason="the peers script has not installed npm smpp"
    ),
]


@contextmanager
def smsc(port=None, **behaviour):
    """The SMSC as a process; yields its port and the events it tells."""
    port = port or free_port()
    environment = (
        os.environ
        | {"SMPP_MODULE": str(MODULE), "PORT": str(port)}
        | {name.upper(): str(value) for name, value in behaviour.items()}
    )
    process = subprocess.Popen(
        ["node", str(Path(__file__).parent / "smsc.js")], env=environment, stdout=subprocess.PIPE, text=True
    )
    events = [json.loads(process.stdout.readline())]

    def listen():
        for line in process.stdout:
            events.append(json.loads(line))

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield port, events
    finally:
        process.kill()
        process.wait()
        thread.join()
        process.stdout.close()


def routes(port, **table):
    options = {
        "host": "127.0.0.1",
        "port": port,
        "system_id": "nongvu",
        "password": "secret",
        "sender": "NONGVU",
        "timeout": 3,
        "pause": 0.1,
    } | table
    return [Route(RouteTable(name="smsc", provider="smpp", window=5), PROVIDERS["smpp"](options))]


def alerts(found, subscribers, **person):
    _, (station, _) = found.commune()
    for number in range(subscribers):
        found.subscriber(f"09123{number:05}", **person)
    found.step(found.alert(station))


def submits(events):
    return [event for event in events if event["event"] == "submit"]


async def test_messages_and_receipts(province):  # noqa: F811
    with smsc() as (port, events):
        alerts(province, 30)
        async with running(province.url, routes=routes(port)):
            await until(lambda: [row[2] for row in province.messages()] == ["delivered"] * 30, 30)
        assert len(submits(events)) == 30
        assert {event["text"] for event in submits(events)} == {province.messages()[0][3]}
        assert {(event["from"], event["ton"], event["coding"]) for event in submits(events)} == {("NONGVU", 5, 8)}
        assert {event["to"] for event in submits(events)} == {f"849123{number:05}" for number in range(30)}
        await until(lambda: events[-1] == {"event": "unbound"})
        assert {event["status"] for event in events if event["event"] == "deliver_sm_resp"} == {0}


async def test_receipts_before_the_answer(province):  # noqa: F811
    with smsc(early=1) as (port, _):
        alerts(province, 5)
        async with running(province.url, routes=routes(port)):
            await until(lambda: [row[2] for row in province.messages()] == ["delivered"] * 5, 30)


async def test_gsm_and_long_texts_are_read_as_written(province):  # noqa: F811
    from datetime import timedelta

    from notify.provider import Message
    from notify.texts.sms_segments import compose
    from tests.notify.conftest import NOW

    texts = ["plain {with} [brackets] €5 @home_ £", "Rét hại " * 40, "x{" * 200, "🙂 Trời rét " * 12]
    with smsc() as (port, events):
        (route,) = routes(port)
        await route.provider.open()
        for text in texts:
            done = compose(text, most=10)
            message = Message(
                "nv-1",
                "phone",
                "+84912345678",
                done.text,
                done.coding,
                done.segments,
                NOW,
                NOW + timedelta(hours=1),
                "vi",
            )
            sent = await route.provider.send(message)
            await until(lambda: len(submits(events)) >= len(sent.provider_ids))  # noqa: B023
            parts = [event for event in submits(events) if event["id"] in sent.provider_ids]
            assert "".join(event["text"] for event in parts) == done.text
            assert [event["udh"] for event in parts] == (
                [""]
                if len(parts) == 1
                else [f"0003{parts[0]['udh'][4:6]}{len(parts):02x}{number:02x}" for number in range(1, len(parts) + 1)]
            )
        await route.provider.close()


async def test_a_throttling_smsc_gets_everything_in_the_end(province):  # noqa: F811
    with smsc(throttle=4) as (port, events):
        alerts(province, 20)
        async with running(province.url, routes=routes(port)):
            await until(lambda: [row[2] for row in province.messages()] == ["delivered"] * 20, 60)
        assert len(submits(events)) == 20
        assert any(event["event"] == "throttled" for event in events)


async def test_a_connection_cut_in_mid_window_leaves_doubt_not_repeats(province):  # noqa: F811
    with smsc(cut=7) as (port, events):
        alerts(province, 20)
        async with running(province.url, routes=routes(port)):
            await until(
                lambda: (
                    province.one("SELECT count(*) FROM delivery WHERE state IN ('sent', 'delivered', 'doubtful')") == 20
                ),
                60,
            )
        numbers = [event["to"] for event in submits(events)]
        assert len(numbers) == len(set(numbers))
        doubtful = [row for row in province.messages() if row[2] == "doubtful"]
        assert 1 <= len(doubtful) <= 5  # no more than the window
        assert sum(event["event"] == "bound" for event in events) == 2


async def test_an_smsc_that_comes_back(province):  # noqa: F811
    port = free_port()
    alerts(province, 3)
    async with running(province.url, routes=routes(port)):
        await until(lambda: province.one("SELECT count(*) FROM delivery WHERE attempts > 0 AND state = 'queued'"), 20)
        with smsc(port):
            await until(lambda: [row[2] for row in province.messages()] == ["delivered"] * 3, 40)


async def test_a_wrong_password_is_said_and_nothing_lost(province):  # noqa: F811
    with smsc() as (port, events):
        alerts(province, 1)
        async with running(province.url, routes=routes(port, password="wrong")):
            await until(
                lambda: province.one("SELECT count(*) FROM delivery WHERE attempts > 0 AND state = 'queued'"), 20
            )
        assert "check system_id and password" in province.one("SELECT detail FROM delivery")
        assert submits(events) == []


async def test_a_farmers_stop_arrives(province):  # noqa: F811
    with smsc(reply="Hủy") as (port, _):
        alerts(province, 1)
        async with running(province.url, routes=routes(port)):
            await until(lambda: province.one("SELECT state FROM subscriber") == "stopped", 30)
            await until(lambda: len(province.messages()) >= 2)
