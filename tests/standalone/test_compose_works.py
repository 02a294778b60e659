"""Every service of compose.yaml, started with exactly what the file gives it, does its work.

What is rewritten to run without containers is said in `tests.standalone.deployed`. Not seen here: the engine itself, images
of others, and limits of memory and processors.
"""

import contextlib
import json
import ssl
from datetime import UTC, datetime, timedelta

import aiomqtt
import httpx
import psycopg
import pytest

from standalone.services import temporary_folder
from store.statements import statement
from telemetry import topics
from tests.dashboards.grafana_server import TOKEN, Grafana, Served
from tests.ingest.field import Gateway
from tests.standalone.composed import Composed, interpolated, settings_file
from tests.standalone.deployed import ROOT, Ground, until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]

SETTINGS = settings_file((ROOT / "deployment/settings.env").read_text())
COLD, COLDER = 2.0, 1.5  # °C: frost is below 4
SERVER = ("ingest", "analytics", "notify", "api")
PLACES = """code,kind,name,parent,longitude,latitude,elevation
lang-son,province,Lạng Sơn,,106.76,21.85,
lang-son-mau-son,commune,Mẫu Sơn,lang-son,106.95,21.85,
mau-son-1,station,Trạm Mẫu Sơn,lang-son-mau-son,106.95,21.85,1180
field-7,field,Ruộng bà Lan,lang-son-mau-son,,,
"""


class Secured(Gateway):
    """A gateway that signs in over TLS, as one in the field does."""

    def __init__(self, port, code, password, authority):
        super().__init__(f"mqtts://localhost:{port}", code)
        self.station, self.password, self.authority = "mau-son-1", password, authority

    async def __aenter__(self):
        self.client = aiomqtt.Client(
            "localhost", int(self.port), protocol=aiomqtt.ProtocolVersion.V5, identifier=self.code,
            username=self.code, password=self.password, tls_context=ssl.create_default_context(cafile=self.authority),
        )  # fmt: skip
        await self.client.__aenter__()
        await self.client.subscribe([(topics.topic(self.code, kind), 1) for kind in topics.HEARD_BY_GATEWAY])
        self.heard, self.said = __import__("asyncio").create_task(self._hear()), {}
        return self


class BasicGrafana(Grafana):
    """Grafana's administrator signs in by name and password, as the secret `grafana_url` has them."""

    def answer(self, method, address, token, body):
        return super().answer(method, address, f"Bearer {TOKEN}" if (token or "").startswith("Basic ") else token, body)


@pytest.fixture
def composed(empty_database):
    with temporary_folder() as folder:
        ground = Ground(folder, empty_database)
        ground.make_secrets("broker.lang-son.example")
        deployment = Composed(ground, SETTINGS)
        try:
            yield deployment
        finally:
            with contextlib.suppress(Exception):
                deployment.stop()
            ground.close()


async def test_every_service_does_its_work(composed):
    composed.once("migrate")
    composed.once("users")
    composed.start_broker()
    until(lambda: composed.well("broker")[0], 10, lambda: composed.well("broker")[1])
    for name in SERVER:
        composed.start(name)
    password = registered(composed)
    for name in SERVER:
        until(lambda: composed.running[name].alive() and composed.well(name)[0], 40, composed.running[name].said, 1.0)  # noqa: B023
    await measured(composed, password)
    told(composed)
    spoken(composed)
    read_through_a_proxy(composed)
    drawn(composed)
    looked_over(composed)
    assert set(composed.stop().values()) == {0}


def rows(composed, query, *values):
    with psycopg.connect(composed.ground.owner_url, autocommit=True) as connection:
        return connection.execute(query, values).fetchall()


def registered(composed):
    """Places, a gateway, a person and a season, by the commands of docs/operating.md, from files in ./files."""
    files = composed.volumes("admin")["/files"][0]
    (files / "places.csv").write_text(PLACES)
    composed.admin("place", "import", "places.csv")
    said = composed.admin("gateway", "add", "huu-lung-01", "--station", "mau-son-1")
    (files / "people.csv").write_text("phone,places,consent_channel,hazards\n0912345678,lang-son-mau-son,paper,frost\n")
    composed.admin("subscriber", "import", "people.csv")
    (files / "seasons.csv").write_text("place,crop,sown\nfield-7,rice_spring,10/02/2026\n")
    composed.admin("season", "import", "seasons.csv")
    assert rows(composed, "SELECT count(*) FROM season") == [(1,)]
    return next(word for word in said.split() if len(word) > 25)


async def measured(composed, password):
    """Ingest takes packs and receipts them; analytics makes indices and an alert of them."""
    authority = composed.ground.secrets / "mqtt_authority"
    async with Secured(composed.ground.ports["broker"], "huu-lung-01", password, authority) as gateway:
        await gateway.bear("air_temperature", "relative_humidity")
        now = int(datetime.now(UTC).timestamp() * 1000)
        readings = [gateway.reading(COLD, now - 60_000 * n) for n in range(30, 1, -1)]
        receipt = await gateway.receipted(await gateway.send(readings))
        assert receipt.stored == len(readings)
        await gateway.receipted(await gateway.send([gateway.reading(COLDER, now)]))
    until(lambda: rows(composed, "SELECT count(*) FROM index_value")[0][0], 90, composed.running["analytics"].said)
    until(lambda: rows(composed, "SELECT 1 FROM alert WHERE hazard = 'frost'"), 90, composed.running["analytics"].said)


def told(composed):
    """Notify hands the message to a service outside, and publishes the warning under the province's own names."""
    outside = composed.ground.outside
    until(
        lambda: outside.taken,
        40,
        lambda: [*rows(composed, "SELECT state, detail FROM delivery"), composed.running["notify"].said()[-2000:]],
    )
    assert outside.taken[0]["to"].endswith("912345678")
    (name, body) = until(
        lambda: rows(composed, "SELECT name, body FROM document WHERE kind = 'cap' AND name LIKE '%%.xml'"), 20
    )[0]
    text = bytes(body).decode()
    assert SETTINGS["NONGVU_CAP_SENDER"] in name
    assert SETTINGS["NONGVU_CAP_SENDER_NAME"] in text
    feed = until(lambda: rows(composed, "SELECT body FROM document WHERE name = 'cap.atom'"), 20)
    assert SETTINGS["NONGVU_PUBLIC_URL"] in bytes(feed[0][0]).decode()


def spoken(composed):
    """A broadcast is laid out where the communes' players find it, in a folder that outlives the container."""
    now = datetime.now(UTC)
    with psycopg.connect(composed.ground.owner_url, autocommit=True) as connection:
        (commune,) = connection.execute("SELECT id FROM place WHERE code = 'lang-son-mau-son'").fetchone()
        connection.execute(statement("broadcast", "insert_broadcast"), {
            "about": "test:1", "place": commune, "legal_class": "uu_tien", "state": "ready", "language": "vi", "text": "Thử.",
            "spoken": "thử", "at": now, "play_from": now, "expires": now + timedelta(hours=2), "exercise": False,
        })  # fmt: skip
    folder, writable = composed.volumes("notify")["/var/lib/nongvu"]
    assert writable
    until(lambda: [*folder.glob("loudspeakers/lang-son-mau-son/uu_tien/*.mp3")], 20, composed.running["notify"].said)


def read_through_a_proxy(composed):
    """Readers behind the reverse proxy are told apart: 21 of them have 420 pages, and nobody is refused."""
    page = f"http://127.0.0.1:{composed.ground.ports['api']}"
    with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), timeout=30) as proxy:
        seen = set()
        for n in range(420):
            asked = page if n < 42 else f"{page}/v1/rules"
            seen.add(proxy.get(asked, headers={"X-Forwarded-For": f"113.160.0.{n % 21 + 1}"}).status_code)
        assert seen == {200}
        assert proxy.get(f"{page}/healthz").json()["proxy"] == "well"


def drawn(composed):
    """Boards lead to the province's page; provisioning reaches Grafana as its administrator."""
    composed.once("boards")
    boards = composed.ground.folder / "volumes" / "boards"
    written = [*boards.rglob("*.json")]
    assert len(written) > 20
    assert all(SETTINGS["NONGVU_PUBLIC_URL"] in file.read_text() for file in written)
    with Served(BasicGrafana()) as url:
        composed.peers["grafana"] = url.removeprefix("http://")
        said = composed.admin("dashboards", "provision", "--dry-run")
        assert "data source nongvu-chart: would create" in said
        composed.peers["grafana"] = None


def looked_over(composed):
    """The doctor in the administrator's container finds nothing wrong but what is so here."""
    process = composed.start("admin", ["doctor", "--json"])
    process.ended()
    del composed.running["admin"]
    findings = json.loads(process.said()[process.said().index("[") :])
    wrong = {finding["subject"]: finding["says"] for finding in findings if finding["grade"] == "wrong"}
    wrong.pop("commits", None)  # the tests' server forgets on a power cut, on purpose
    wrong.pop("gateway huu-lung-01", None)  # it says no status
    assert wrong == {}, findings
    assert any(finding["subject"] == "routes" and "service" in finding["says"] for finding in findings)


def test_what_the_file_asks_of_compose_is_understood():
    assert interpolated("${A:-x}-$$b", {"A": ""}) == "x-$b"
    assert interpolated('${A:-["1", "2"]}', {}) == '["1", "2"]'
