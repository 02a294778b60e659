"""The look for known vulnerabilities: found ones fail, and silence never passes for a clean bill."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SPEC = importlib.util.spec_from_file_location("audit", ROOT / "deployment" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
sys.modules["audit"] = audit
SPEC.loader.exec_module(audit)

CLEAN = {"name": "numpy", "version": "2.4.0", "vulns": []}
BAD = {"name": "jinja2", "version": "2.4.1", "vulns": [{"id": "PYSEC-2014-8", "fix_versions": ["2.7.2"]}]}
UNKNOWN = {"name": "typer", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def answered(*packages):
    return audit.read(json.dumps({"dependencies": packages, "fixes": []}))


@pytest.mark.parametrize(
    ("answer", "required", "code", "says"),
    [
        (answered(CLEAN), True, 0, "1 pinned packages: no known vulnerability"),
        (answered(CLEAN, BAD, UNKNOWN), False, 1, "jinja2 2.4.1: PYSEC-2014-8, cured in 2.7.2"),
        (answered(CLEAN, UNKNOWN), False, 0, "NOT CHECKED for known vulnerabilities: nothing is known of typer"),
        (answered(CLEAN, UNKNOWN), True, 1, "NOT CHECKED"),
        (None, False, 0, "NOT CHECKED for known vulnerabilities: the service does not answer"),
        (None, True, 1, "NOT CHECKED"),
    ],
)
def test_the_verdict(answer, required, code, says):
    said, ended = audit.verdict(answer, required=required)
    assert ended == code
    assert says in said


def test_what_is_no_answer_is_none():
    assert audit.read("") is None
    assert audit.read("{}") is None


def test_everything_that_is_installed_is_asked_about():
    assert all((ROOT / file).is_file() for file in audit.FILES)
