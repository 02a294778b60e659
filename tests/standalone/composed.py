"""compose.yaml read as Compose reads it, and each service's command run with what its service gives it."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from standalone.services import free_port, programs
from tests.standalone.deployed import OUTSIDE, PROGRAMS, ROOT, ROUTES, Process

_VARIABLE = re.compile(r"\$\{(\w+)(?::-((?:[^{}]|\{[^{}]*\})*))?\}")


def interpolated(value, settings):
    """Values as Compose fills them: ``${NAME:-default}``, ``$$`` for a dollar; anything else of its language fails."""
    if isinstance(value, dict):
        return {key: interpolated(item, settings) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolated(item, settings) for item in value]
    if not isinstance(value, str):
        return value
    parts = value.split("$$")
    filled = [_VARIABLE.sub(lambda found: settings.get(found[1]) or (found[2] or ""), part) for part in parts]
    assert not any("${" in part for part in filled), value
    return "$".join(filled)


def settings_file(text):
    """Names and values of a file in the form that Compose, systemd and a shell all read."""
    found = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            name, _, value = line.strip().partition("=")
            if value[:1] in {"'", '"'}:
                assert value[-1] == value[0], line
                value = value[1:-1]
            found[name] = value
    return found


def read(settings):
    """compose.yaml with these settings in `.env` beside it."""
    return interpolated(yaml.safe_load((ROOT / "compose.yaml").read_text()), settings)


def image():
    """What Containerfile sets in the environment, and where the image works."""
    text = (ROOT / "Containerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    environment = {}
    for line in re.findall(r"^ENV (.*)$", last, re.MULTILINE):
        environment |= dict(pair.split("=", 1) for pair in line.split())
    assert {"espeak-ng", "ffmpeg", "postgresql-client"} <= set(last.split()), "the image lacks a program"
    return (
        environment,
        re.search(r"^WORKDIR (\S+)$", last, re.MULTILINE)[1],
        json.loads(re.search(r"^ENTRYPOINT (\[.*\])$", last, re.MULTILINE)[1]),
    )


class Composed:
    """The services of compose.yaml over a `Ground`."""

    def __init__(self, ground, settings):
        self.ground, self.settings = ground, settings
        self.document = read(settings)
        self.services = self.document["services"]
        self.running = {}
        self.peers = {"grafana": None}  # further services that stand somewhere here: name → host:port
        (ground.secrets / "routes").write_text(ROUTES)

    # what the file gives a service

    def networks(self, name):
        return set(self.services[name].get("networks", ["default"]))

    def leads_out(self, name):
        """Whether a network of the service leads to the world."""
        return any(not (self.document["networks"][net] or {}).get("internal") for net in self.networks(name))

    def secrets(self, name):
        """Folder with the service's secrets under the names it sees, and nothing else."""
        folder = self.ground.folder / "run" / name / "secrets"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for secret in self.services[name].get("secrets", []):
            source, target = (secret, secret) if isinstance(secret, str) else (secret["source"], secret["target"])
            file = Path(self.document["secrets"][source]["file"]).name
            (folder / target).write_text(self.here(name, (self.ground.secrets / file).read_text()))
        return folder

    def volumes(self, name):
        """Path in the container → folder here, and whether it may be written."""
        found = {}
        for mount in self.services[name].get("volumes", []):
            source, target, *mode = mount.split(":")
            if source.startswith(("./deployment", "./dashboards")):
                folder = self._copied(name, ROOT / source, Path(target).name)
            else:
                folder = self.ground.folder / "volumes" / source.removeprefix("./")
                folder.mkdir(parents=True, exist_ok=True)
            found[target] = (folder, mode != ["ro"])
        return found

    def _copied(self, name, source, target):
        if source.is_dir():
            return source
        copy = self.ground.folder / "run" / name / "files" / target
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(self.here(name, source.read_text()))
        return copy

    # what is rewritten

    def here(self, name, text):
        """A text of the service with the addresses of this machine in it."""
        for other, address in self._addresses(name).items():
            if other in text:
                assert other.partition(":")[0] in {"sms", "0.0.0.0"} or self.networks(name) & self.networks(
                    other.partition(":")[0]
                ), f"{name} is told of {other}, and shares no network with it"
                text = text.replace(other, address)
        text = text.replace("/run/secrets", str(self.ground.folder / "run" / name / "secrets"))
        if "postgresql://" in text and "\n" not in text.strip():
            text = self.ground.owner(text.strip())
        if OUTSIDE in text:
            text = text.replace(OUTSIDE, self.ground.outside.url if self.leads_out(name) else "http://127.0.0.1:1")
        return text

    def _addresses(self, name):
        ports = self.ground.ports
        known = {
            "broker:8883": f"localhost:{ports['broker']}",
            "api:8000": f"127.0.0.1:{ports['api']}",
        }
        if self.peers["grafana"]:
            known["grafana:3000"] = self.peers["grafana"]
        return known

    def _metrics(self, name):
        return self.ground.ports["metrics"].setdefault(name, free_port())

    def environment(self, name):
        """All variables that the process has."""
        service, (environment, _, _) = self.services[name], image()
        given = dict(environment)
        for file in service.get("env_file", []):
            assert file == {"path": ".env", "required": False}
            given |= self.settings
        given |= service.get("environment", {})
        given["PATH"] = ":".join([*self.ground.voices(), str(PROGRAMS), "/usr/bin", "/bin"])
        given["CREDENTIALS_DIRECTORY"] = str(self.secrets(name))  # stands for /run/secrets, which every image has
        ports = {
            "NONGVU_METRICS_PORT": ("9100", self._metrics(name)),
            "NONGVU_API_PORT": ("8000", self.ground.ports["api"]),
        }
        for key, (there, port) in ports.items():
            if key in given:
                assert given[key] == there
                given[key] = str(port)
        nets = [net for net in self.document["networks"].values() if net and "ipam" in net]
        if "NONGVU_TRUSTED_PROXIES" in given:  # who comes through the published port bears the network's address
            front = nets[0]["ipam"]["config"][0]["subnet"]
            given["NONGVU_TRUSTED_PROXIES"] = given["NONGVU_TRUSTED_PROXIES"].replace(front, "127.0.0.2/32")
        return {key: self._path(name, self.here(name, str(value))) for key, value in given.items()}

    def _path(self, name, value):
        """A path in the container as the folder here that stands for it; where there is none, nothing can be kept."""
        if not value.startswith("/") or value.startswith((str(self.ground.folder), str(PROGRAMS), "/usr/bin")):
            return value
        for target, (folder, writable) in self.volumes(name).items():
            if Path(value).is_relative_to(target):
                assert writable or Path(value) == Path(target), f"{name}: {value} cannot be written"
                return str(folder / Path(value).relative_to(target)) if Path(value) != Path(target) else str(folder)
        raise AssertionError(f"{name}: {value} is in no volume: it is read only, and gone with the container")

    def command(self, name, words=None):
        service, (_, _, entrypoint) = self.services[name], image()
        command = [*service.get("entrypoint", entrypoint), *(service.get("command", []) if words is None else words)]
        made = []
        for word in command:
            option, equals, path = word.rpartition("=")
            made.append(f"{option}{equals}{self._path(name, path)}" if path.startswith("/") else word)
        return made

    def folder(self, name):
        """Where the process works: the service's own choice, else the image's; read only where it is no volume."""
        place = self.services[name].get("working_dir", image()[1])
        found = self.volumes(name).get(place)
        if found:
            return found[0]
        nowhere = self.ground.folder / "run" / name / "nowhere"
        nowhere.mkdir(parents=True, exist_ok=True)
        return nowhere

    # running

    def start(self, name, words=None):
        environment = self.environment(name)
        log = self.ground.folder / f"{name}-{len(self.running)}.log"
        process = Process(name, self.command(name, words), environment, self.folder(name), log)
        self.running[name] = process
        return process

    def once(self, name, *words):
        """Run a service that ends, and return what it said."""
        process = self.start(name, list(words) or None)
        code = process.ended()
        del self.running[name]
        assert code == 0, f"{name} {' '.join(words)} ended with {code}:\n{process.said()}"
        return process.said()

    def admin(self, *words):
        return self.once("admin", *words)

    def well(self, name):
        """Whether the service's own health check passes; what it says."""
        test = self.services[name]["healthcheck"]["test"]
        if test[0] == "CMD-SHELL":
            line = (
                test[1]
                .replace("/run/secrets", str(self.secrets(name)))
                .replace("8883", str(self.ground.ports["broker"]))
            )
            found = programs()
            environment = {"PATH": f"{found.path('mosquitto_sub').parent}:/usr/bin:/bin"}
            done = subprocess.run(["/bin/sh", "-c", line], env=environment, capture_output=True, text=True, timeout=20)
        else:
            environment = self.environment(name)
            program = shutil.which(test[1], path=environment["PATH"])
            done = subprocess.run([program, *test[2:]], env=environment, capture_output=True, text=True, timeout=60,
                                  cwd=self.folder(name))  # fmt: skip
        return done.returncode == 0, done.stdout + done.stderr

    def start_broker(self):
        """The broker as its entrypoint starts it, on the file that is mounted."""
        assert "mosquitto.conf" in (ROOT / "deployment/mosquitto/start.sh").read_text()
        text = (ROOT / "deployment/mosquitto/mosquitto.conf").read_text()
        data, found = self.ground.broker_data(), programs()
        self.ground.ports["broker"] = free_port()
        secrets = self.secrets("broker")
        secrets.chmod(0o755)
        for old, new in (
            ("/usr/lib/mosquitto_dynamic_security.so", str(found.dynamic_security)),
            ("/mosquitto/data/", f"{data}/"),
            ("/run/secrets", str(secrets)),
            ("listener 8883", f"listener {self.ground.ports['broker']} 127.0.0.1"),
        ):
            assert old in text, old
            text = text.replace(old, new)
        self.ground.start_broker(text)

    def stop(self):
        return {name: process.stop() for name, process in reversed(self.running.items())}
