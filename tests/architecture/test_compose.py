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
    for package in ("ingest", "analytics.run", "notify", "api", "store"):
        importlib.import_module(f"{package}.settings")

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
    "name", [name for name in SERVICES if name not in ("migrate", "users", "admin", "gateway", "device")]
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


def test_only_who_administers_has_the_owners_address():
    holders = {
        name
        for name, service in SERVICES.items()
        for secret in service.get("secrets", [])
        if (secret if isinstance(secret, str) else secret["source"]) in {"database_owner_url", "administrator"}
    }
    assert holders == {"migrate", "users", "admin"}


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
    for name in ("ingest", "api"):
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
