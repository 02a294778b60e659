"""compose.yaml and the systemd unit: every command, setting, secret and file that they name exists."""

import importlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from telemetry.settings import Settings

ROOT = Path(__file__).parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("nongvu")}
COMMANDS = {name: service for name, service in OURS.items() if "command" in service and "entrypoint" not in service}
#: Read by `telemetry.broker`, not by a settings class.
ELSEWHERE = {"NONGVU_MQTT_PASSWORDS"}


def known_settings() -> set[str]:
    for module in ("ingest.settings", "analytics.run.settings", "notify.settings", "api.settings", "store.settings",
                   "dashboards.settings", "standalone.doctor_connections"):  # fmt: skip
        importlib.import_module(module)

    def names(kind: type[Settings]) -> set[str]:
        own = {f"NONGVU_{field.upper()}" for field in kind.model_fields}
        return own.union(*(names(child) for child in kind.__subclasses__()))

    return names(Settings) | ELSEWHERE


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists(name):
    words = [word for word in COMMANDS[name]["command"] if not word.startswith("/")]
    done = subprocess.run([sys.executable, "-m", "nongvu", *words, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_setting_exists():
    named = {key for service in OURS.values() for key in service.get("environment", {})}
    assert {key for key in named if key.startswith("NONGVU_")} <= known_settings()


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_and_file_and_volume_is_there(name):
    service = SERVICES[name]
    for secret in service.get("secrets", []):
        assert (secret if isinstance(secret, str) else secret["source"]) in COMPOSE["secrets"]
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        if source != "./files":  # the operator makes it: docs/operating.md
            assert (ROOT / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for dependency in service.get("depends_on", {}):
        assert dependency in SERVICES


@pytest.mark.parametrize("name", OURS)
def test_our_processes_have_least_rights(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"].split(":")[0] != "0"
    assert "memory" in service["deploy"]["resources"]["limits"]


@pytest.mark.parametrize(
    "name", [name for name in SERVICES if name not in ("migrate", "users", "admin", "boards", "gateway", "device")]
)
def test_what_runs_for_long_says_whether_it_is_well(name):
    assert "healthcheck" in SERVICES[name]


def test_backups_are_made_by_programs_of_the_servers_version():
    """pg_dump refuses a newer server; Debian's suite decides which one the image has."""
    clients = {"bookworm": 15, "trixie": 17}
    (suite,) = set(
        re.findall(
            r"^FROM docker\.io/library/python:[\d.]+-slim-(\w+)", (ROOT / "Containerfile").read_text(), re.MULTILINE
        )
    )
    for name in ("database", "replica"):
        assert int(re.search(r"-pg(\d+)$", SERVICES[name]["image"])[1]) <= clients[suite]


def test_no_secret_gets_into_the_image():
    assert {".git", "deployment/secrets"} <= set((ROOT / ".dockerignore").read_text().split())


def test_nobody_gains_rights():
    for name, service in SERVICES.items():
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "limits" in service["deploy"]["resources"], name


def test_every_image_was_looked_up():
    """A tag that is gone stops everything; nobody can pull here, so each is held to a list with its evidence."""
    known = {}
    for line in (ROOT / "deployment/images.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            image, date, evidence = line.split(maxsplit=2)
            assert re.fullmatch(r"20\d\d-\d\d-\d\d", date)
            known[image] = evidence
    named = {service["image"] for name, service in SERVICES.items() if name not in OURS}
    named |= set(re.findall(r"^FROM (\S+)", (ROOT / "Containerfile").read_text(), re.MULTILINE))
    assert named == set(known)
    assert not any(image.endswith(":latest") or ":" not in image for image in named)
    withdrawn = {"grafana/grafana:13.0.0", "grafana/grafana:13.2.0"}  # gone; wants a plug-in from outside
    assert not named & withdrawn


def test_the_database_and_its_copy_are_of_one_image():
    assert SERVICES["database"]["image"] == SERVICES["replica"]["image"]


def leads_out(service):
    return any(not (COMPOSE["networks"][name] or {}).get("internal") for name in service["networks"])


def test_who_speaks_to_the_world_can_and_nobody_else():
    """Messages, the administrator's tries and Grafana's mails go out; published ports need a way in."""
    out = {name for name, service in SERVICES.items() if leads_out(service)}
    assert {"notify", "admin", "api", "grafana", "broker"} <= out
    assert not out & {"database", "ingest", "ingest-1", "analytics", "analytics-1", "migrate", "users", "replica"}
    for name, service in SERVICES.items():
        if service.get("ports"):
            assert leads_out(service), name


def test_the_proxy_is_believed_and_no_other_container():
    """What comes in at the published port bears an address of a network on which the API is alone."""
    (front,) = [name for name in SERVICES["api"]["networks"] if (COMPOSE["networks"][name] or {}).get("ipam")]
    assert {name for name, service in SERVICES.items() if front in service["networks"]} == {"api"}
    subnet = re.search(r":-(.*)\}", COMPOSE["networks"][front]["ipam"]["config"][0]["subnet"])[1]
    assert f'"{subnet}"' in SERVICES["api"]["environment"]["NONGVU_TRUSTED_PROXIES"]


def test_only_who_administers_has_the_owners_address():
    holders = {
        name
        for name, service in SERVICES.items()
        for secret in service.get("secrets", [])
        if (secret if isinstance(secret, str) else secret["source"]) in {"database_owner_url", "administrator"}
    }
    assert holders == {"migrate", "users", "admin"}


def test_settings_of_a_province_are_read_by_somebody():
    text = (ROOT / "deployment/settings.env").read_text()
    named = set(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=", text, re.MULTILINE))
    interpolated = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    assert named <= known_settings() | interpolated
    assert interpolated <= named | {"NONGVU_WORKERS"}


def test_only_the_broker_listens_to_the_world():
    outside = {
        name
        for name, service in SERVICES.items()
        for port in service.get("ports", [])
        if not port.startswith("127.0.0.1:")
    }
    assert outside == {"broker"}


def test_every_secret_is_explained():
    readme = (ROOT / "deployment/secrets/README.md").read_text()
    for secret in COMPOSE["secrets"]:
        assert f"`{secret}`" in readme, secret


def test_no_secret_is_in_the_repository():
    tracked = subprocess.run(
        ["git", "ls-files", "deployment/secrets"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(tracked.stdout.split()) <= {"deployment/secrets/.gitignore", "deployment/secrets/README.md"}


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is absent")
def test_the_units_are_right_and_tight(tmp_path):
    for name in ("ingest", "notify", "api"):
        unit = tmp_path / f"nongvu@{name}.service"
        unit.write_text(
            (ROOT / "deployment/systemd/nongvu@.service")
            .read_text()
            .replace("/opt/nongvu/bin/nongvu %i run", "/bin/true")
        )
        shutil.copytree(ROOT / f"deployment/systemd/nongvu@{name}.service.d", tmp_path / f"{unit.name}.d")
        done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
        assert unit.name not in done.stderr, done.stderr
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True)
        if done.returncode == 0 and "Overall exposure" in done.stdout:
            assert float(done.stdout.rpartition(":")[2].split()[0]) < 3.0


def test_the_systemd_unit_starts_what_exists():
    unit = (ROOT / "deployment/systemd/nongvu@.service").read_text()
    assert re.search(r"^ExecStart=/opt/nongvu/bin/nongvu %i run$", unit, re.MULTILINE)
    for directive in ("NoNewPrivileges=yes", "ProtectSystem=strict", "SystemCallFilter=@system-service"):
        assert directive in unit
