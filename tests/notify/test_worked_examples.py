"""The shelf of providers by worked examples: what each answer and receipt of its documents means, and what none means."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from notify.delivery.route import Route, RouteTable
from notify.provider import Doubt, Elsewhere, Heard, Later, Never, NotSent, Receipt
from notify.providers import PROVIDERS
from notify.providers.http import examples, presets
from notify.providers.service_response import Answer, Callback, answered, posted
from notify.providers.smpp_pdu import Command, Pdu
from tests.notify.conftest import running, until
from tests.notify.test_evidence import deliver_sm, receipt_text
from tests.notify.test_providers import VALUES, Server, message, opened, web  # noqa: F401 — a fixture

ANSWERS = [(preset, example) for preset in presets() for example in examples(preset)[0]]
RECEIPTS = [(preset, example) for preset in presets() for example in examples(preset)[1]]


def sms(stat):
    return "application/smpp", Pdu(Command.DELIVER_SM, 0, 1, deliver_sm(receipt_text(stat=stat).encode())).encoded()


def report(state):
    return "application/json", json.dumps({"id": "nv-7/1", "state": state}).encode()


#: Providers that are code: table, and what they hear → its state; none where they hear nothing.
CODED = {
    "smpp": (
        {"host": "h", "system_id": "x", "password": "y", "sender": "N"},
        [(sms("DELIVRD"), "delivered"), (sms("UNDELIV"), "failed"), (sms("ENROUTE"), "underway"), (sms("HM"), "unknown")],
    ),
    "gammu": (
        {"database_url": "postgresql://h"},
        [(report("DeliveryOK"), "delivered"), (report("DeliveryFailed"), "failed"), (report("SendingOK"), "underway"),
         (report("DeliveryUnknown"), "unknown")],
    ),
    "email": ({"host": "h", "sender": "a@example.org"}, []),
    "webhook": ({}, []),
    "chat": ({}, []),
    "file": ({"folder": "f"}, [(("", b"0912345678\nOK"), "heard")]),
}  # fmt: skip


def test_every_provider_has_worked_examples():
    assert set(CODED) | {"http"} == set(PROVIDERS)
    for preset in presets():
        answers, receipts = examples(preset)
        meanings = {example.means for example in answers}
        assert {"taken", "unclear"} <= meanings or preset == "esms-zalo", preset
        assert meanings & {"later", "person", "elsewhere", "never"}, f"{preset}: no refusal"
        provider = PROVIDERS["http"]({"preset": preset, "values": VALUES[preset]})
        if provider.options.answer.repeated and preset == "esms":
            assert "repeated" in meanings
        if provider.options.callback.id:
            states = {example.state for example in receipts}
            possible = {rule.state for rule in provider.options.callback.states} | {"unknown"}
            assert possible <= states, f"{preset}: no example of {possible - states}"
        assert any(example.request for example in answers) or preset == "viettel", preset


@pytest.mark.parametrize("name", CODED)
def test_what_coded_providers_hear(name):
    table, heard = CODED[name]
    provider = PROVIDERS[name](table)
    for (content_type, payload), state in heard:
        (one,) = provider.read(content_type, payload)
        assert (one.state if isinstance(one, Receipt) else "heard") == state
    if not heard:
        with pytest.raises(ValueError, match=r"callback|receipts"):
            provider.read("application/json", b"{}")


FAILURES = {"later": Later, "person": Later, "elsewhere": Elsewhere, "never": Never}


@pytest.mark.parametrize(("preset", "example"), ANSWERS, ids=lambda one: one if isinstance(one, str) else one.means)
async def test_what_an_answer_means(preset, example, web):  # noqa: F811
    async with opened("http", preset=preset, values=VALUES[preset], url=web.url) as provider:
        web.says(example.answer, example.status)
        if example.means == "taken":
            sent = await provider.send(message())
            assert sent.provider_ids == ((example.id,) if example.id else ())
        elif example.means in {"unclear", "repeated"}:
            with pytest.raises((Doubt, NotSent)) as found:
                await provider.send(message())
            if example.means == "unclear":
                assert isinstance(found.value, Doubt) or found.value.unsure
        else:
            with pytest.raises(FAILURES[example.means]) as found:
                await provider.send(message())
            assert getattr(found.value, "person", False) == (example.means == "person")
            assert not getattr(found.value, "unsure", False)
        if example.request:
            assert json.loads(web.requests[0][2]) == json.loads(example.request)


@pytest.mark.parametrize(("preset", "example"), RECEIPTS, ids=lambda one: one if isinstance(one, str) else one.state)
def test_what_a_receipt_means(preset, example):
    provider = PROVIDERS["http"]({"preset": preset, "values": VALUES[preset]})
    (one,) = provider.read(example.type, example.body.encode())
    if example.state == "heard":
        assert isinstance(one, Heard)
    else:
        assert (one.provider_id, one.state) == (example.id, example.state)
        assert one.detail, "what was said is shown"


@pytest.mark.parametrize("preset", presets())
@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        "null",
        "{}",
        "[]",
        '"100"',
        "100",
        "<!DOCTYPE html><html>100 OK</html>",
        "<html>1</html>",
        '{"data": null}',
    ],
)
async def test_what_says_nothing_is_never_sent(preset, body, web):  # noqa: F811
    async with opened("http", preset=preset, values=VALUES[preset], url=web.url) as provider:
        web.says(body)
        with pytest.raises((Doubt, Later)) as found:
            await provider.send(message())
        assert isinstance(found.value, Doubt) or found.value.unsure, "nor is it refused"


async def test_a_page_for_people_is_no_answer_of_a_service_without_a_code(web):  # noqa: F811
    async with opened("http", url=web.url, body={"t": "{text}"}) as provider:
        web.says("<!doctype html><title>Bảo trì</title>")
        with pytest.raises(Doubt):
            await provider.send(message())


TAKEN = '{"CodeResult": "100", "SMSID": "abc"}'
REFUSED = '{"CodeResult": "103", "ErrorMessage": "Balance not enough"}'
TEMPLATE = '{"CodeResult": "146", "ErrorMessage": "Sai template Brandname CSKH", "SMSID": "x"}'
EXISTS = '{"CodeResult": "124", "ErrorMessage": "Request exist 1", "SendStatus": "5"}'


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        (["hang up", EXISTS], True),
        (["<html>", EXISTS], True),
        ([TAKEN, EXISTS], True),
        ([REFUSED, EXISTS], False),
        ([TEMPLATE, EXISTS], False),
        (["hang up", REFUSED, EXISTS], False),
        ([EXISTS], False),
    ],
)
async def test_a_known_reference_is_sent_only_if_a_try_may_have_been_taken(web, answers, sent):  # noqa: F811
    async with opened("http", preset="esms", values=VALUES["esms"], url=web.url) as provider:
        done = None
        for answer in answers:
            if answer == "hang up":
                web.answer = answer
            else:
                web.says(answer)
            try:
                done = await provider.send(message())
            except (NotSent, Doubt):
                done = None
        assert (done is not None) == sent
        if sent and answers[0] != TAKEN:
            assert done.provider_ids == ("nv-7",), "receipts name the reference"


async def test_after_a_restart_the_table_says_whether_a_try_may_have_been_taken(web):  # noqa: F811
    now = datetime.now(UTC)
    web.says(EXISTS)
    async with opened("http", preset="esms", values=VALUES["esms"], url=web.url) as provider:
        assert (await provider.send(message(unsure_since=now - timedelta(hours=1)))).provider_ids == ("nv-7",)
        with pytest.raises(Doubt, match="24 hours"):
            await provider.send(message(unsure_since=now - timedelta(hours=25)))
    assert len(web.requests) == 1, "what the service has forgotten is not sent again"


class Esms(Server):
    """Answers by turns, and remembers references as eSMS does."""

    def __init__(self, *answers):
        super().__init__()
        self.turns, self.known = list(answers), set()
        outer = self
        base = self.server.RequestHandlerClass

        class Handler(base):
            def do_POST(self):
                turn = outer.turns.pop(0) if outer.turns else TAKEN
                if turn == "hang up":
                    outer.answer = turn
                else:
                    outer.says(turn)
                super().do_POST()

        self.server.RequestHandlerClass = Handler


@pytest.mark.parametrize(
    ("answers", "state", "references"),
    [
        ((TAKEN,), "sent", ["nv-1"]),
        ((REFUSED, TAKEN), "sent", ["nv-1", "nv-1-1"]),
        (("hang up", EXISTS), "sent", ["nv-1", "nv-1"]),
        ((TEMPLATE, EXISTS), "failed", ["nv-1"]),
        ((EXISTS, TAKEN), "sent", ["nv-1", "nv-1-1"]),
    ],
)
async def test_what_is_written_down_of_esms(province, monkeypatch, answers, state, references):
    monkeypatch.setattr("notify.delivery.ledger.backoff", lambda _: 0.05)
    monkeypatch.setattr("notify.delivery.throttle.backoff", lambda _: 0.05)
    _, (station, _) = province.commune()
    province.subscriber()
    server = Esms(*answers)
    provider = PROVIDERS["http"]({"preset": "esms", "values": VALUES["esms"], "url": server.url})
    try:
        async with running(province.url, routes=[Route(RouteTable(name="esms", provider="http"), provider)]):
            province.step(province.alert(station))
            await until(lambda: [row[2] for row in province.messages()] == [state])
            assert [json.loads(body)["RequestId"] for _, _, body in server.requests] == references
            if state == "sent":
                named = f"SMSID=&RequestId={references[-1]}&SendStatus=5&SendSuccess=1&SendFailed=0".encode()
                province.connection.execute(
                    "INSERT INTO inbound (route, content_type, payload) VALUES ('esms', 'application/x-www-form-urlencoded', %s)",
                    [named],
                )
                province.connection.execute("SELECT pg_notify('inbound', '')")
                await until(lambda: [row[2] for row in province.messages()] == ["delivered"])
    finally:
        server.server.shutdown()
        server.server.server_close()


@pytest.mark.parametrize(
    "given", [["a"], {"a": 1}, True, False, 0, -1, "0", "-1", float("inf"), "x" * 201, " "]
)  # fmt: skip
def test_what_can_be_no_id_names_no_message(given):
    """A list's text, or 0, was kept as the id that receipts name; what is longer than an index takes held up all others."""
    meaning = Answer(code="code", ok=("00",), id="data.id")
    assert meaning.meant({"code": "00", "data": {"id": given}})[0] == "unclear"
    with pytest.raises(ValueError, match="names no message"):
        Callback(id="id", state="s").read({"id": given, "s": "1"})


@pytest.mark.parametrize("given", [["00"], {"00": 1}, float("nan"), True])
def test_what_can_be_no_code_says_nothing(given):
    assert Answer(code="code", ok=("00",), id="id").meant({"code": given, "id": "x"})[0] == "unclear"


def test_answers_with_a_byte_order_mark_are_read():
    """.NET services write one; a message that was taken ended as doubtful."""
    assert answered("json", '\ufeff{"code": "00"}') == {"code": "00"}
    assert posted("application/json", b'\xef\xbb\xbf{"id": 1}') == [{"id": 1}]


@pytest.mark.parametrize("body", ["[" * 100_000, '{"a":' * 100_000])
def test_nested_without_end_is_no_document(body):
    with pytest.raises(ValueError, match="nested"):
        answered("json", body)
    with pytest.raises(ValueError, match="nested"):
        posted("application/json", body.encode())
