"""What is written down of a message has evidence: receipts of every shape, refusals, budgets, bad numbers."""

import asyncio
import json
import struct
import time
from datetime import timedelta

import psycopg
import pytest
from aiosmtpd.controller import Controller
from psycopg.conninfo import make_conninfo

from notify.delivery.route import Route, RouteTable, read_routes
from notify.provider import Elsewhere, Heard, Later, Receipt, Sent
from notify.providers import PROVIDERS
from notify.providers.smpp_pdu import Command, Pdu, said
from standalone.services.ports import free_port
from tests.notify.conftest import NOW, HandClock, running, until
from tests.notify.test_providers import message
from tests.store.gammu_tables import TABLES

STATS = {
    "DELIVRD": "delivered", "delivrd": "delivered", "DELIVERED": "delivered", "Delivered": "delivered",
    "EXPIRED": "failed", "DELETED": "failed", "UNDELIV": "failed", "UNDELIVERABLE": "failed", "REJECTD": "failed",
    "REJECTED": "failed", "FAILED": "failed", "undeliv": "failed",
    "ACCEPTD": "underway", "ENROUTE": "underway", "UNKNOWN": "unknown", "WEIRD": "unknown",
}  # fmt: skip


def deliver_sm(text, esm_class=0, coding=0, options=b"", source="84912345678"):
    body = b"\0\1\1" + source.encode() + b"\0\5\0NONGVU\0" + bytes([esm_class]) + b"\0\0\0\0\0\0" + bytes([coding, 0])
    return body + bytes([len(text)]) + text + options


def receipt_text(known_as="m1", stat="DELIVRD", text="Ret hai"):
    return (
        f"id:{known_as} sub:001 dlvrd:001 submit date:2601151000 done date:2601151001 stat:{stat} err:000 text:{text}"
    )


@pytest.mark.parametrize("esm_class", [0x00, 0x04, 0x08, 0x20])
@pytest.mark.parametrize("stat", STATS)
def test_a_receipt_is_one_whatever_its_esm_class_and_case(esm_class, stat):
    assert said(deliver_sm(receipt_text(stat=stat).encode(), esm_class)) == Receipt("m1", STATS[stat], f"{stat} 000")


@pytest.mark.parametrize(
    ("written", "coding"),
    [
        ("Id:m1 Sub:001 Stat:DELIVRD Err:000 Text:", 0),
        ("id: m1 sub: 001 stat: DELIVRD err: 000 text: x", 0),
        (receipt_text(text="id:777 stat:UNDELIV"), 0),
        (receipt_text(), 8),
        (receipt_text(), 0x108),  # UCS-2, and the coding does not say so
    ],
)
def test_receipts_as_real_centres_write_them(written, coding):
    octets = written.encode("utf-16-be" if coding & 8 else "ascii")
    assert said(deliver_sm(octets, coding=coding & 0xFF if coding != 0x108 else 0)) == Receipt(
        "m1", "delivered", "DELIVRD 000"
    )


def test_a_state_that_contradicts_itself_is_not_a_delivery():
    contradiction = struct.pack(">HHB", 0x0427, 1, 2)
    assert said(deliver_sm(receipt_text(stat="UNDELIV").encode(), 4, options=contradiction)).state == "unknown"
    assert said(deliver_sm(b"id:m1 text:", 4)).state == "unknown"


@pytest.mark.parametrize("text", ["Dừng lại", "id 5 ok", "toi da nhan tin", "id: xin hoi", "stat:DELIVRD"])
def test_what_a_person_writes_is_no_receipt(text):
    assert said(deliver_sm(text.encode("utf-16-be"), coding=8)) == Heard("84912345678", text)


def test_a_notice_that_names_no_message_is_nobodys_sms():
    with pytest.raises(ValueError, match="names no message"):
        said(deliver_sm(b"something", 0x08))


class Centre:
    """A message centre that answers with given ids and statuses, and remembers how deliveries were answered."""

    def __init__(self, ids=(), status=None):
        self.ids, self.status = list(ids), status or {}
        self.writers, self.answers, self.submits = [], [], []

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()
        for writer in self.writers:
            writer.close()

    async def serve(self, reader, writer):
        self.writers.append(writer)
        try:
            while True:
                length, command, status, number = struct.unpack(">IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if command & 0x80000000:
                    self.answers.append((command & 0xFFFF, status))
                    continue
                answer, status = b"SMSC\0", 0
                if command == Command.SUBMIT_SM:
                    to = next((part for part in body.split(b"\0") if part.startswith(b"\1\1849")), b"")[2:].decode()
                    self.submits.append((time.monotonic(), to))
                    status = self.status.get(to, 0)
                    answer = (
                        b"" if status else (self.ids.pop(0) if self.ids else f"m{len(self.submits)}").encode() + b"\0"
                    )
                writer.write(Pdu(command | 0x80000000, status, number, answer).encoded())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    def deliver(self, body, command=Command.DELIVER_SM):
        self.writers[-1].write(Pdu(command, 0, 77, body).encoded())

    def route(self, window=50, **options):
        table = {"host": "127.0.0.1", "port": self.port, "system_id": "x", "password": "y", "sender": "NONGVU"}
        return Route(RouteTable(name="smsc", provider="smpp", window=window), PROVIDERS["smpp"](table | options))


@pytest.mark.parametrize(
    ("ids", "answered", "received"),
    [
        ("hex", "39f99dd5", "972660181"),
        ("hex", "39F99DD5", "0972660181"),
        ("decimal", "972660181", "39F99DD5"),
        ("as sent", "00B8BE19", "b8be19"),
        ("as sent", "1101c1aa", "1101C1AA"),
        ("as sent", "7d9e1f8e-0c5b-4a1e-9c52-1f6f3f9b6f10", "7D9E1F8E-0C5B-4A1E-9C52-1F6F3F9B6F10"),
    ],
)
async def test_a_receipt_finds_its_message_however_its_id_is_written(province, ids, answered, received):
    _, (station, _) = province.commune()
    province.subscriber()
    async with Centre([answered]) as centre, running(province.url, routes=[centre.route(ids=ids)]):
        province.step(province.alert(station))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
        centre.deliver(deliver_sm(receipt_text(received).encode()))
        await until(lambda: [row[2] for row in province.messages()] == ["delivered"])
    assert len(province.messages()) == 1, "a receipt is answered to nobody"


async def test_receipts_by_data_sm_are_heard_and_answered(province):
    _, (station, _) = province.commune()
    province.subscriber()
    body = b"\0\1\x0184912345678\0\5\0NONGVU\0\4\0\0" + struct.pack(">HH", 0x001E, 3) + b"m1\0" + b"\x04\x27\0\1\2"
    async with Centre() as centre, running(province.url, routes=[centre.route()]):
        province.step(province.alert(station))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
        centre.deliver(body, Command.DATA_SM)
        await until(lambda: [row[2] for row in province.messages()] == ["delivered"])
        await until(lambda: (Command.DATA_SM, 0) in centre.answers)


async def test_a_word_that_nobody_knows_is_shown_and_is_no_delivery(province):
    _, (station, _) = province.commune()
    province.subscriber()
    async with Centre() as centre, running(province.url, routes=[centre.route()]):
        province.step(province.alert(station))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
        centre.deliver(deliver_sm(receipt_text(stat="WEIRD").encode()))
        await until(lambda: "WEIRD" in province.one("SELECT detail FROM delivery"))
        assert province.one("SELECT state FROM delivery") == "sent"
        assert "WEIRD" in province.one("SELECT detail FROM inbound")
        centre.deliver(deliver_sm(receipt_text(stat="UNDELIV").encode()))
        await until(lambda: province.one("SELECT state FROM delivery") == "failed")
        centre.deliver(deliver_sm(receipt_text(stat="DELIVRD").encode()))
        await until(lambda: province.one("SELECT state FROM delivery") == "delivered")


@pytest.mark.parametrize("status", [0x45, 0x0B, 0x4FF])
async def test_bad_numbers_make_nobody_else_wait(province, status):
    """15 of 100 refused by the only route: the others go on as if nothing were."""
    _, (station, _) = province.commune()
    for number in range(100):
        province.subscriber(f"0912{number:06}")
    bad = {f"84912{number:06}": status for number in range(0, 100, 7)}
    async with Centre(status=bad) as centre:
        async with running(province.url, routes=[centre.route(window=5)]):
            province.step(province.alert(station))
            good = 100 - len(bad)
            await until(lambda: [row[2] for row in province.messages()].count("sent") == good)
        moments = [moment for moment, to in centre.submits if to not in bad]
    assert max(moments) - min(moments) < 1.5, "the route was left alone for a while"


async def test_who_cannot_be_reached_by_one_route_is_by_the_next(province, tmp_path):
    _, (station, _) = province.commune()
    province.subscriber()
    files, centre = read_routes(None, tmp_path, {}), Centre(status={"84912345678": 0x0B})
    async with centre, running(province.url, routes=[centre.route(), *files]):
        province.step(province.alert(station))
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert len(centre.submits) == 1
    assert province.all("SELECT route, unfit_by FROM delivery") == [("file", ["smsc"])]


class Scripted:
    """A route that answers as told, one outcome a try."""

    kinds = frozenset({"phone"})

    def __init__(self, *outcomes, idempotent=True):
        self.outcomes, self.idempotent, self.asked = list(outcomes), idempotent, []

    async def open(self):
        pass

    async def close(self):
        pass

    async def find(self, reference):
        return None

    def read(self, content_type, payload):
        raise ValueError

    async def send(self, message):
        self.asked.append((message.reference, message.unsure_since is not None))
        outcome = self.outcomes.pop(0) if self.outcomes else Sent(("x",))
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def scripted(name, provider, **table):
    return Route(RouteTable(name=name, provider="file", **table), provider)


@pytest.mark.parametrize(
    ("outcomes", "asked", "state"),
    [
        ([Later("no credit", 0.1)], [("nv-1", False), ("nv-1-1", False)], "sent"),
        ([Later("time-out", 0.1, unsure=True)], [("nv-1", False), ("nv-1", True)], "sent"),
        (
            [Later("time-out", 0.1, unsure=True), Later("no", 0.1)],
            [("nv-1", False), ("nv-1", True), ("nv-1", True)],
            "sent",
        ),
        (
            [Later("time-out", 0.1, unsure=True), *[Later("no", 0.1)] * 2],
            [("nv-1", False), *[("nv-1", True)] * 2],
            "doubtful",
        ),
        ([Later("time-out", 0.1, unsure=True), Elsewhere("no")], [("nv-1", False), ("nv-1", True)], "doubtful"),
        ([Elsewhere("no such number")], [("nv-1", False)], "failed"),
        ([Later("busy", 0.1)] * 3, [("nv-1", False), ("nv-1-1", False), ("nv-1-2", False)], "failed"),
    ],
)
async def test_a_reference_is_repeated_only_while_it_may_have_been_taken(province, monkeypatch, outcomes, asked, state):
    monkeypatch.setattr("notify.delivery.ledger.backoff", lambda _: 0.05)
    _, (station, _) = province.commune()
    province.subscriber()
    provider = Scripted(*outcomes)
    async with running(province.url, routes=[scripted("out", provider, attempts=3)]):
        province.step(province.alert(station))
        await until(lambda: [row[2] for row in province.messages()] == [state])
    assert provider.asked == asked


async def test_what_is_urgent_is_tried_until_it_expires(province, monkeypatch):
    monkeypatch.setattr("notify.delivery.ledger.backoff", lambda _: 0.05)
    _, (station, _) = province.commune()
    province.subscriber()
    provider = Scripted(*[Later("away", 0.01)] * 12)
    async with running(province.url, routes=[scripted("out", provider, attempts=3)]):
        province.step(province.alert(station, level=4), level=4)
        await until(lambda: [row[2] for row in province.messages()] == ["sent"])
    assert len(provider.asked) == 13


@pytest.mark.parametrize(("level", "sent"), [(4, True), (2, False)])
async def test_an_emergency_tries_a_route_that_is_left_alone(province, monkeypatch, level, sent):
    """It failed, and would be left alone for minutes: what is urgent looks whether it is back."""
    monkeypatch.setattr("notify.delivery.throttle.PROBE", 0.3)
    monkeypatch.setattr("notify.delivery.ledger.PROBE", 0.3)
    monkeypatch.setattr("notify.delivery.ledger.backoff", lambda _: 300.0)
    monkeypatch.setattr("notify.delivery.throttle.backoff", lambda _: 300.0)
    _, (station, other) = province.commune()
    province.subscriber()
    provider = Scripted(Later("away"), Later("away"))
    async with running(province.url, routes=[scripted("out", provider)]):
        province.step(province.alert(station))
        await until(lambda: province.all("SELECT attempts FROM delivery") == [(1,)])
        province.step(province.alert(other, "flood", "flash_flood_rain", level), level=level)
        await until(lambda: len(province.messages()) == 2)
        if sent:
            await until(lambda: province.messages()[1][2] == "sent", 10)
        else:
            await asyncio.sleep(1.5)
            assert [row[2] for row in province.messages()] == ["queued", "queued"]


@pytest.mark.parametrize("name", ["webhook", "email"])
async def test_one_address_that_is_away_is_not_the_routes_trouble(name, mailbox_451):
    if name == "webhook":
        provider = PROVIDERS["webhook"]({"plain": True, "allow": ["127.0.0.0/8"]})
        asked = message(address="http://127.0.0.1:9/", kind="webhook")
    else:
        provider = PROVIDERS["email"](
            {"host": "127.0.0.1", "port": mailbox_451, "sender": "bao@nongvu.example", "security": "none", "timeout": 3}
        )
        asked = message(address="lan@example.org", kind="email")
    with pytest.raises(Later) as found:
        await provider.send(asked)
    assert found.value.person


async def test_a_sender_that_the_mail_server_refuses_is_not_the_persons_trouble(mailbox_451):
    provider = PROVIDERS["email"](
        {"host": "127.0.0.1", "port": mailbox_451, "sender": "refused@nongvu.example", "security": "none", "timeout": 3}
    )
    with pytest.raises(Later) as found:
        await provider.send(message(address="lan@example.org", kind="email"))
    assert not found.value.person


@pytest.fixture
def mailbox_451():
    """A mail server that knows no sender 'refused', and has no room for anybody now."""

    class Handler:
        async def handle_MAIL(self, server, session, envelope, address, options):
            if address.startswith("refused"):
                return "550 5.7.1 sender not allowed"
            envelope.mail_from = address
            return "250 OK"

        async def handle_RCPT(self, server, session, envelope, address, options):
            return "451 later"

    controller = Controller(Handler(), hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller.port
    controller.stop()


async def test_an_emergency_does_not_wait_for_a_budget(province, tmp_path):
    _, stations = province.commune(stations=4)
    province.subscriber(daily_cap=50)
    file = tmp_path / "routes.toml"
    file.write_text(
        f'[[route]]\nname = "out"\nprovider = "file"\ndaily_segments = 1\noptions = {{ folder = "{tmp_path}/out" }}\n'
    )
    clock = HandClock()
    async with running(province.url, routes=read_routes(file, None), clock=clock):
        for station, level in zip(stations[:2], (2, 2), strict=True):
            province.step(province.water(station, level), level=level)
            await until(lambda: not province.one("SELECT count(*) FROM due WHERE kind = 'step'"))
            await asyncio.sleep(0.3)
        assert [row[2] for row in province.messages()] == ["sent", "queued"]
        province.step(province.alert(stations[2], "flood", "flash_flood_rain", 4), level=4)
        await until(lambda: [row[2] for row in province.messages()] == ["sent", "queued", "sent"])
        assert province.all("SELECT route, spent_at FROM route_budget") == [("out", NOW)]
        clock.moment = NOW + timedelta(hours=25)
        await until(lambda: province.one("SELECT spent_at FROM route_budget") is None)


@pytest.mark.parametrize("spread", [0, 1, 60])
async def test_a_modems_reports_are_all_heard(province, spread):
    """700 of them at once, of one second or of many, and what comes late within the same minute."""
    with psycopg.connect(province.url, autocommit=True) as daemon:
        daemon.execute("CREATE SCHEMA gammu; SET search_path TO gammu")
        daemon.execute(TABLES)
        daemon.execute(
            "INSERT INTO sentitems SELECT timestamp '2026-01-15 03:00' + n * %s * interval '1 second', n, 1, 'nv-' || n,"
            " 'DeliveryOK' FROM generate_series(1, 700) AS n",
            [spread],
        )
        heard = []

        async def hear(_, payloads):
            heard.extend(json.loads(payload)["id"] for payload in payloads)

        provider = PROVIDERS["gammu"](
            {"database_url": make_conninfo(province.url, options="-c search_path=gammu"), "poll": 0.05}
        )
        provider.listen(hear)
        await provider.open()
        await until(lambda: len(heard) >= 700, 10)
        daemon.execute(
            "INSERT INTO sentitems SELECT max(\"UpdatedInDB\"), 701, 1, 'nv-701', 'DeliveryOK' FROM sentitems"
        )
        await until(lambda: "nv-701/1" in heard, 5)
        await provider.close()
    assert sorted(heard) == sorted(f"nv-{n}/1" for n in range(1, 702)), "each once"


@pytest.mark.parametrize(
    ("status", "state"),
    [("DeliveryOK", "delivered"), ("DeliveryFailed", "failed"), ("SendingError", "failed"), ("SendingOK", "underway"),
     ("SendingOKNoReport", "underway"), ("DeliveryPending", "underway"), ("DeliveryUnknown", "unknown"), ("New", "unknown")],
)  # fmt: skip
def test_what_a_modem_reports(status, state):
    provider = PROVIDERS["gammu"]({"database_url": "postgresql://x"})
    said = json.dumps({"id": "nv-1/1", "state": status}).encode()
    assert provider.read("application/json", said) == [Receipt("nv-1/1", state, status)]
