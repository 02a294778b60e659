"""Every unit of deployment/systemd, started with exactly what docs/operating.md tells an operator to give it, does its work.

The unit and its drop-ins are read by their own lines; specifiers (`%i`, `%d`, `%S`), credentials and state folders become
folders here, addresses of the province's machine become those of this one. Not seen here: systemd's own sandbox, but that
every folder a process is told to write to lies where the unit lets it write.
"""

import contextlib
import re
import shlex

import httpx
import pytest

from standalone.services import free_port, programs, temporary_folder
from tests.standalone.composed import settings_file
from tests.standalone.deployed import OUTSIDE, PROGRAMS, ROOT, ROUTES, Ground, Process, until
from tests.standalone.test_compose_works import PLACES, SERVER, measured, spoken, told

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("replay")]
UNITS = ROOT / "deployment/systemd"
BROKER = "broker.lang-son.example"


def blocks(heading):
    """The fenced blocks under a heading of docs/operating.md."""
    text = (ROOT / "docs/operating.md").read_text()
    return re.findall(
        r"^```\n(.*?)^```", text.split(f"\n## {heading}\n")[1].split("\n## ")[0], re.DOTALL | re.MULTILINE
    )


def unit(name):
    """Lines of the unit and its drop-ins: name → values in order; an empty value takes back what stood before."""
    found = {}
    files = [UNITS / "nongvu@.service", *sorted((UNITS / f"nongvu@{name}.service.d").glob("*.conf"))]
    for line in "\n".join(file.read_text() for file in files).splitlines():
        key, equals, value = line.partition("=")
        if equals and key[:1].isupper():
            found.setdefault(key, []).append(value.replace("%i", name))
    return found


class Installed:
    """Units over a `Ground`."""

    def __init__(self, ground):
        self.ground, self.running = ground, {}
        (ground.secrets / "routes").write_text(ROUTES)
        (ground.secrets / "mqtt_url").unlink(missing_ok=True)
        self.etc = ground.folder / "etc"
        self.etc.mkdir()
        own = next(block for block in blocks("With systemd") if block.startswith("NONGVU_MQTT_URL="))
        self.settings = settings_file((ROOT / "deployment/settings.env").read_text()) | settings_file(own)

    def here(self, text):
        text = text.replace(f"{BROKER}:8883", f"localhost:{self.ground.ports['broker']}")
        return text.replace(OUTSIDE, self.ground.outside.url)

    def environment(self, name):
        read = unit(name)
        run = self.ground.folder / "units" / name
        credentials, state = run / "credentials", run / "state"
        for folder in (credentials, state):
            folder.mkdir(parents=True, exist_ok=True)
        for line in read["LoadCredential"]:
            target, source = line.split(":")
            if source == f"/etc/nongvu/credentials/{name}.database_url":
                text = self.ground.owner((self.ground.secrets / f"database_{name}_url").read_text().strip())
            else:
                assert source.startswith("/etc/nongvu/secrets/"), source
                text = (self.ground.secrets / source.rpartition("/")[2]).read_text()
            (credentials / target).write_text(self.here(text))
        given = dict(pair.split("=", 1) for line in read.get("Environment", []) for pair in shlex.split(line))
        self.writable(name, read, given)
        assert read["EnvironmentFile"] == ["/etc/nongvu/nongvu.env", f"-/etc/nongvu/{name}.env"]
        given |= self.settings  # files win over the unit's own lines
        if "NONGVU_API_PORT" in given:
            given["NONGVU_API_PORT"] = str(self.ground.ports["api"])
        filled = {
            key: self.here(value.replace("%d", str(credentials)).replace(f"%S/nongvu/{name}", str(state)))
            for key, value in given.items()
        }
        path = ":".join([*self.ground.voices(), "/usr/local/bin:/usr/bin:/bin"])
        return filled | {"PATH": path, "CREDENTIALS_DIRECTORY": str(credentials)}

    def writable(self, name, read, given):
        """The system is read only to it, so what it is told to write to is below its state folder."""
        assert read["ProtectSystem"] == ["strict"]
        assert read["StateDirectory"] == [f"nongvu/{name}"]
        assert read["WorkingDirectory"] == [f"%S/nongvu/{name}"]  # where names that are no whole paths lead
        for key, value in given.items():
            if key in {"NONGVU_LOUDSPEAKERS", "NONGVU_MESSAGES"}:
                assert value.startswith(f"%S/nongvu/{name}/"), f"{name}: {key} cannot be written"

    def start(self, name):
        (words,) = unit(name)["ExecStart"]
        program, *arguments = words.split()
        assert program == "/opt/nongvu/bin/nongvu"
        environment = self.environment(name)
        log = self.ground.folder / f"{name}.log"
        command = [str(PROGRAMS / "nongvu"), *arguments]
        self.running[name] = Process(name, command, environment, self.ground.folder / "units" / name / "state", log)

    def command(self, *words):
        """A command of the administrator, with what the page says that it needs."""
        text = (ROOT / "docs/operating.md").read_text()
        names = re.search(r"Commands of this page need.*?\n\n", text.split("## With systemd")[1], re.DOTALL)[0]
        given = dict(re.findall(r"`(NONGVU_\w+)=([^`]*)`", names))
        given |= {"NONGVU_DATABASE_URL": self.ground.owner_url, "NONGVU_MQTT_URL": self.settings["NONGVU_MQTT_URL"]}
        given["NONGVU_API_PORT"] = str(self.ground.ports["api"])
        (self.ground.secrets / "routes").write_text(self.here(ROUTES))
        filled = {
            key: self.here(value.replace("/etc/nongvu/secrets", str(self.ground.secrets)))
            for key, value in given.items()
        }
        log = self.ground.folder / "command.log"
        log.unlink(missing_ok=True)
        process = Process(
            words[0], [str(PROGRAMS / "nongvu"), *words], filled | {"PATH": "/usr/bin:/bin"}, self.etc, log
        )
        assert process.ended() == 0, process.said()
        return process.said()

    def start_broker(self):
        """mosquitto on the file that the page makes with `sed`, every path in it where the page puts the file."""
        made = "\n".join(blocks("With systemd"))
        line = next(line for line in made.splitlines() if line.startswith("sed "))
        text = (ROOT / "deployment/mosquitto/mosquitto.conf").read_text()
        for old, new in re.findall(r"s\|([^|]*)\|([^|]*)\|", line):
            assert old in text, old
            text = text.replace(old, new)
        data, found = self.ground.broker_data(), programs()
        self.ground.ports["broker"] = free_port()
        copies = self.ground.folder / "broker" / "certificates"
        copies.mkdir()
        for name in ("mqtt_authority", "mqtt_certificate", "mqtt_key"):
            assert f"/etc/nongvu/secrets/{name}" in made
            (copies / name).write_text((self.ground.secrets / name).read_text())
        for old, new in (
            ("$(ls /usr/lib/*/mosquitto_dynamic_security.so)", str(found.dynamic_security)),
            ("/var/lib/mosquitto", str(data)),
            ("/etc/mosquitto/nongvu", str(copies)),
            ("listener 8883", f"listener {self.ground.ports['broker']} 127.0.0.1"),
        ):
            assert old in text, old
            text = text.replace(old, new)
        self.ground.start_broker(text)

    def stop(self):
        return {name: process.stop() for name, process in reversed(self.running.items())}

    # what the story asks of a deployment

    def volumes(self, name):
        return {"/var/lib/nongvu": (self.ground.folder / "units" / name / "state", True)}


@pytest.fixture
def installed(empty_database):
    with temporary_folder() as folder:
        ground = Ground(folder, empty_database)
        ground.make_secrets(BROKER)
        deployment = Installed(ground)
        try:
            yield deployment
        finally:
            with contextlib.suppress(Exception):
                deployment.stop()
            ground.close()


async def test_every_unit_does_its_work(installed):
    installed.start_broker()
    installed.command("store", "migrate")
    for name in SERVER:
        file = installed.ground.secrets / f"database_{name}_url"
        password = installed.command("store", "user", name, f"nongvu_{name}").strip()
        file.write_text(f"postgresql://{name}:{password}@localhost/nongvu")
        installed.start(name)
    (installed.etc / "places.csv").write_text(PLACES)
    installed.command("place", "import", "places.csv")
    (installed.etc / "seasons.csv").write_text("place,crop,sown\nfield-7,rice_spring,10/02/2026\n")
    installed.command("season", "import", "seasons.csv")
    password = installed.command("gateway", "add", "huu-lung-01", "--station", "mau-son-1")
    installed.command("subscriber", "add", "0912345678", "--place", "lang-son-mau-son", "--consent", "paper")
    for name, word in zip(SERVER, ("connected", "started", "started", "serving"), strict=True):
        until(lambda: installed.running[name].alive() and word in installed.running[name].said(), 40)  # noqa: B023
    await measured(installed, next(word for word in password.split() if len(word) > 25))
    told(installed)
    spoken(installed)
    proxied(installed)
    assert set(installed.stop().values()) == {0}


def proxied(installed):
    """The reverse proxy on this machine is believed: one reader who asks too often is not all of them."""
    page = f"http://127.0.0.1:{installed.ground.ports['api']}"
    with httpx.Client(timeout=30) as proxy:
        much = {"X-Forwarded-For": "113.160.0.1"}
        assert any(proxy.get(f"{page}/v1/rules", headers=much).status_code == 429 for _ in range(1000))
        assert proxy.get(f"{page}/v1/rules", headers={"X-Forwarded-For": "113.160.0.2"}).status_code == 200


def test_a_process_that_can_never_work_is_given_up_where_everybody_sees_it():
    read = unit("notify")
    assert read["Restart"] == ["always"]
    assert read["RestartPreventExitStatus"] == ["2"]  # wrong settings: `systemctl --failed`
