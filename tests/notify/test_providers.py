"""The shelf of providers, and each against a real server that behaves and misbehaves."""

import base64
import hashlib
import hmac
import ipaddress
import json
import re
import threading
import tomllib
from contextlib import asynccontextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

import notify.providers
from notify.delivery.route import RouteError, read_routes
from notify.provider import Doubt, Elsewhere, Heard, Later, Message, Never, Receipt
from notify.providers import PROVIDERS
from notify.providers.http import examples, presets
from notify.providers.webhook import reachable, signature
from notify.texts.sms_segments import compose
from standalone.services.ports import free_port
from tests.notify.conftest import NOW

GIVEN = {
    "esms": {"api_key": "K", "secret_key": "S", "brandname": "NONGVU"},
    "esms-zalo": {"api_key": "K", "secret_key": "S", "brandname": "NONGVU", "oa_id": "1", "template": "9"},
    "speedsms": {"token": "T", "brandname": "NONGVU"},
    "viettel": {"url": "http://127.0.0.1/", "user": "U", "password": "P", "cp_code": "C", "brandname": "NONGVU"},
    "zalo-zns": {"access_token": "T", "template": "9"},
}
_TAKEN = {
    "esms": {"CodeResult": "100", "SMSID": "abc"},
    "esms-zalo": {"CodeResult": "100", "SMSID": "abc"},
    "speedsms": {"status": "success", "code": "00", "data": {"tranId": 77}},
    "viettel": "<Envelope><return><result>1</result><message>OK</message></return></Envelope>",
    "zalo-zns": {"error": 0, "message": "Success", "data": {"msg_id": "m1"}},
}
_REFUSED = {
    "esms": {"CodeResult": "103", "ErrorMessage": "Balance not enough"},
    "esms-zalo": {"CodeResult": "101", "ErrorMessage": "Authorize Failed"},
    "speedsms": {"status": "error", "code": "300", "message": "balance"},
    "viettel": "<return><result>0</result><message>Sai brandname</message></return>",
    "zalo-zns": {"error": -124, "message": "token"},
}


def by_its_file(preset):
    """Values of a preset that nobody gave: each is its own name; and how its examples say taken and refused."""
    needs = tomllib.loads((FOLDER / "presets" / f"{preset}.toml").read_text("utf-8")).get("needs", [])
    answers = {example.means: example.answer for example in reversed(examples(preset)[0])}
    return {name: name for name in needs}, answers.get("taken"), answers.get("later")


FOLDER = Path(notify.providers.__file__).parent
#: Of each preset of the folder, so that a new one is tried without a line here.
VALUES = {preset: GIVEN.get(preset) or by_its_file(preset)[0] for preset in presets()}
TAKEN = {preset: _TAKEN.get(preset) or by_its_file(preset)[1] for preset in presets()}
REFUSED = {preset: _REFUSED.get(preset) or by_its_file(preset)[2] for preset in presets()}


def message(text="Rét hại: giữ ấm trâu bò & nghé", address="+84912345678", kind="phone", **rest):
    done = compose(text)
    return Message(
        "nv-7",
        kind,
        address,
        done.text,
        done.coding,
        done.segments,
        NOW,
        NOW + timedelta(hours=6),
        "vi",
        "Rét hại",
        **rest,
    )


class Server:
    """Answers every POST as told, and remembers it."""

    def __init__(self):
        outer = self
        self.requests, self.answer = [], (200, {}, b"{}")

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.path, dict(self.headers), body))
                if outer.answer == "hang up":
                    self.connection.close()
                    return
                status, headers, said = outer.answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(said))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/sms"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def says(self, document, status=200, **headers):
        said = document if isinstance(document, str) else json.dumps(document)
        self.answer = (status, headers, said.encode())


@pytest.fixture
def web():
    found = Server()
    yield found
    found.server.shutdown()
    found.server.server_close()


@asynccontextmanager
async def opened(name, **table):
    provider = PROVIDERS[name](table)
    await provider.open()
    try:
        yield provider
    finally:
        await provider.close()


def test_no_provider_is_forgotten():
    providers = {
        path.stem
        for path in FOLDER.glob("*.py")
        if re.search(r"^class \w+Provider\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert providers == set(PROVIDERS)
    assert {path.stem for path in (FOLDER / "presets").glob("*.toml")} == set(presets()) >= set(GIVEN)


@pytest.mark.parametrize("preset", VALUES)
async def test_presets_hand_over_and_understand_refusals(preset, web):
    async with opened("http", preset=preset, values=VALUES[preset], url=web.url) as provider:
        web.says(TAKEN[preset])
        sent = await provider.send(message())
        assert sent.segments == 1
        _, _, body = web.requests[0]
        said = body.decode()
        assert "912345678" in said
        assert "Rét hại" in said
        assert "{" not in said.replace('{"', "").replace("{ ", "") or preset != "viettel"
        if provider.options.format == "json":
            assert "{text}" not in json.dumps(json.loads(said))
        web.says(REFUSED[preset])
        with pytest.raises(Later):
            await provider.send(message())
        web.says("<html>Bad gateway</html>")
        with pytest.raises(Later if provider.idempotent else Doubt) as failure:
            await provider.send(message())
        assert isinstance(failure.value, Doubt) or failure.value.unsure


async def test_esms_is_asked_as_its_documents_say(web):
    async with opened("http", preset="esms", values=VALUES["esms"], url=web.url) as provider:
        web.says(TAKEN["esms"])
        assert (await provider.send(message())).provider_ids == ("abc",)
        assert json.loads(web.requests[0][2]) == {
            "ApiKey": "K", "SecretKey": "S", "Content": "Rét hại: giữ ấm trâu bò & nghé", "Phone": "0912345678",
            "Brandname": "NONGVU", "SmsType": "2", "IsUnicode": "1", "Sandbox": "0", "RequestId": "nv-7",
        }  # fmt: skip
        web.says({"CodeResult": "124", "SMSID": "abc"})
        assert (await provider.send(message())).provider_ids == ("abc",)


async def test_speedsms_token_and_viettel_text(web):
    async with opened("http", preset="speedsms", values=VALUES["speedsms"], url=web.url) as provider:
        web.says(TAKEN["speedsms"])
        await provider.send(message())
        assert web.requests[0][1]["Authorization"] == "Basic " + base64.b64encode(b"T:x").decode()
        assert provider.read("application/json", b'{"type":"report","tranId":77,"status":0}') == [
            Receipt("77", "delivered", "status=0")
        ]
        assert provider.read("application/json", '{"type":"sms","phone":"84912345678","content":"Dừng"}'.encode()) == [
            Heard("84912345678", "Dừng")
        ]
    async with opened("http", preset="viettel", values=VALUES["viettel"], url=web.url) as provider:
        web.says(TAKEN["viettel"])
        await provider.send(message())
        assert b"&" not in web.requests[1][2]
        with pytest.raises(Elsewhere, match="480"):
            await provider.send(Message("nv-8", "phone", "+84912345678", "a" * 481, "gsm7", 4, NOW, NOW, "vi"))


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        ((429, {"Retry-After": "7"}, b""), Later),
        ((503, {}, b""), Later),
        ((401, {}, b""), Later),
        ((500, {}, b""), Doubt),
        ("hang up", Doubt),
        ((302, {"Location": "http://example.org"}, b""), Later),
    ],
)
async def test_an_http_service_that_misbehaves(web, answer, failure):
    async with opened("http", preset="speedsms", values=VALUES["speedsms"], url=web.url) as provider:
        web.answer = answer
        with pytest.raises(failure) as found:
            await provider.send(message())
        if answer[0] == 429:
            assert found.value.seconds == 7
        assert len(web.requests) == 1


async def test_a_service_that_is_away_can_be_asked_later():
    async with opened("http", preset="esms", values=VALUES["esms"], url="http://127.0.0.1:9/") as provider:
        with pytest.raises(Later) as found:
            await provider.send(message())
        assert not found.value.unsure


async def test_webhooks_are_signed_and_carry_their_id(web):
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
    async with opened("webhook", plain=True, allow=["127.0.0.0/8"]) as provider:
        await provider.send(message(address=web.url, kind="webhook", secret=secret))
    _, headers, body = web.requests[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(b"0123456789abcdef0123456789abcdef", signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == "nv-7"
    assert json.loads(body)["data"]["text"] == "Rét hại: giữ ấm trâu bò & nghé"


def test_the_signature_of_the_published_example():
    """Example of the Standard Webhooks reference libraries' tests."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "10.0.0.1", "192.168.1.1", "172.16.9.9", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]",
     "[::ffff:127.0.0.1]", "[fd00::1]", "[fe80::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "255.255.255.255",
     "2130706433", "0x7f000001", "127.1"],
)  # fmt: skip
async def test_webhooks_never_reach_private_networks(host, web):
    async with opened("webhook", plain=True) as provider:
        with pytest.raises((Never, Later)) as found:
            await provider.send(message(address=f"http://{host}:{web.server.server_port}/", kind="webhook"))
        assert isinstance(found.value, Never) or "cannot be found" in str(found.value)
    assert web.requests == []


def test_public_addresses_are_reachable():
    for address in ("8.8.8.8", "2606:4700::1111"):
        assert reachable(ipaddress.ip_address(address))
    assert not reachable(ipaddress.ip_address("2001:db8::1"))


async def test_webhooks_need_https_and_follow_no_redirect(web):
    async with opened("webhook") as provider:
        with pytest.raises(Never):
            await provider.send(message(address=web.url, kind="webhook"))
    web.answer = (302, {"Location": web.url + "/elsewhere"}, b"")
    async with opened("webhook", plain=True, allow=["127.0.0.0/8"]) as provider:
        with pytest.raises(Later):
            await provider.send(message(address=web.url, kind="webhook"))
    assert len(web.requests) == 1


class Mailbox:
    """An SMTP server's handler that can refuse."""

    def __init__(self):
        self.letters, self.rcpt, self.data = [], "250 OK", "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(envelope)
        if self.data == "hang up":
            server.transport.abort()
        return self.data


@pytest.fixture
def mailbox():
    handler = Mailbox()
    controller = Controller(handler, hostname="127.0.0.1", port=free_port())
    controller.start()
    handler.port = controller.server.sockets[0].getsockname()[1]
    yield handler
    controller.stop()


async def test_an_e_mail_arrives_as_written(mailbox):
    async with opened(
        "email", host="127.0.0.1", port=mailbox.port, sender="bao@nongvu.example", security="none"
    ) as provider:
        sent = await provider.send(message(address="lan@example.org", kind="email", long="Toàn văn.\n\nGiữ ấm."))
        (letter,) = mailbox.letters
        assert letter.rcpt_tos == ["lan@example.org"]
        from email import message_from_bytes, policy

        read = message_from_bytes(letter.content, policy=policy.default)
        assert read["Subject"] == "Rét hại"
        assert read.get_content().strip() == "Toàn văn.\n\nGiữ ấm."
        assert sent.provider_ids == (read["Message-ID"],) == ("<nv-7@nongvu.example>",)


@pytest.mark.parametrize(
    ("rcpt", "data", "failure"),
    [
        ("550 no such user", "250 OK", Never),
        ("451 later", "250 OK", Later),
        ("250 OK", "452 full", Later),
        ("250 OK", "554 no", Never),
        ("250 OK", "hang up", Doubt),
    ],
)
async def test_a_mail_server_that_refuses(mailbox, rcpt, data, failure):
    mailbox.rcpt, mailbox.data = rcpt, data
    async with opened(
        "email", host="127.0.0.1", port=mailbox.port, sender="bao@nongvu.example", security="none", timeout=3
    ) as provider:
        with pytest.raises(failure):
            await provider.send(message(address="lan@example.org", kind="email"))


async def test_chat_refuses_what_a_route_does_not_name():
    async with opened("chat") as provider:
        for address in ("json://127.0.0.1", "dbus://", "nonsense", "mailto://a:b@example.org"):
            with pytest.raises(Never):
                await provider.send(message(address=address, kind="chat"))


async def test_an_smsc_that_is_away_can_be_asked_later():
    async with opened("smpp", host="127.0.0.1", port=9, system_id="x", password="y", sender="NONGVU") as provider:
        with pytest.raises(Later):
            await provider.send(message())


def test_routes_are_read_with_all_problems_at_once(tmp_path):
    file = tmp_path / "routes.toml"
    file.write_text(
        """
        [[route]]
        name = "one"
        provider = "pigeon"
        [[route]]
        name = "Two Words"
        provider = "file"
        [[route]]
        name = "three"
        provider = "http"
        options = { preset = "esms", values = { api_key = "k" } }
        """
    )
    with pytest.raises(RouteError) as error:
        read_routes(file, None, {})
    said = "\n".join(error.value.problems)
    assert "no provider 'pigeon'" in said
    assert "route 2" in said
    assert "values.secret_key, values.brandname missing" in said
    with pytest.raises(RouteError, match="NONGVU_MESSAGES"):
        read_routes(None, None, {})


def test_secrets_come_from_the_environment(tmp_path):
    file = tmp_path / "routes.toml"
    file.write_text(
        '[[route]]\nname = "esms"\nprovider = "http"\noptions = { preset = "esms", values = { api_key = "${KEY}", secret_key = "${SECRET}", brandname = "N" } }\n'
    )
    with pytest.raises(RouteError, match="the environment has no KEY"):
        read_routes(file, None, {"SECRET": "s"})
    (route,) = read_routes(file, None, {"SECRET": "s", "KEY": "k"})
    assert route.provider.options.values["api_key"] == "k"
    assert "'k'" not in repr(route)
