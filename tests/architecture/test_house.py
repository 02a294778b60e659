"""The house: the command, its rooms, and what the project may never contain."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nongvu

ROOT = Path(__file__).parent.parent.parent
PACKAGES = (
    "telemetry",
    "edge",
    "ingest",
    "store",
    "analytics",
    "notify",
    "api",
    "dashboards",
    "standalone",
    "nongvu_client",
)
GENERIC = {"utils", "util", "common", "core", "manager", "helpers", "misc", "lib", "base"}


def sources():
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("name", nongvu.ROOMS)
def test_every_room_of_the_command_has_help(name):
    done = subprocess.run([sys.executable, "-m", "nongvu", name, "--help"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert f"nongvu {name}" in done.stdout
    assert "--install-completion" not in done.stdout, (
        "it would complete a command of another name: add_completion=False"
    )


def test_the_command_lists_its_rooms_without_entering_any():
    code = "import sys, nongvu; nongvu.listing(); print(sorted(m for m in sys.modules if m.split('.')[0] in %r))" % (
        PACKAGES,
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_analytics_starts_without_what_only_monthly_indices_need():
    code = "import sys, analytics.run.worker; print([m for m in sys.modules if m.split('.')[0] == 'scipy'][:3])"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_room_is_called_by_a_generic_name():
    rooms = {part for path in sources() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert not rooms & GENERIC


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_says_what_lives_in_it(path):
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), "write one sentence at the top"


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_opens_by_its_own_name(path):
    first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
    label = re.match(r"([\w ]+): ", first)
    said = label[1].lower().replace(" ", "_").rstrip("s") if label else ""
    assert said != path.stem.rstrip("s"), f"{label[1]!r} is the file's name again: begin with what lives in it"


def test_requirements_are_pinned_by_hash_and_name_no_address():
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "--index-url" not in text
        assert "--find-links" not in text
        assert "://" not in text, path
        pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==", text, re.MULTILINE)
        assert pins
        assert text.count("--hash=sha256:") >= len(pins)


def test_every_package_can_be_imported():
    for package in PACKAGES:
        importlib.import_module(package)
