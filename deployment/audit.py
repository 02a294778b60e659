"""Asks whether a known vulnerability is in what gets installed; says aloud where nobody could be asked.

``make check`` runs it. It ends with 1 where something is found, or where ``NONGVU_AUDIT=required`` (a release) and the
service did not answer for all; silence never passes for a clean bill.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

FILES = ("requirements/server.txt", "requirements/edge.txt")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service said: packages asked about, those it did not know, and findings as text."""

    asked: int
    unknown: Sequence[str]
    found: Sequence[str]


def read(document: str) -> Answer | None:
    """Understand what pip-audit printed; none where it is no answer."""
    try:
        packages = json.loads(document)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {problem['id']}, cured in {', '.join(problem['fix_versions']) or '–'}"
        for package in packages
        for problem in package.get("vulns", ())
    ]
    return Answer(len(packages), unknown, found)


def ask() -> Answer | None:
    """Ask the Open Source Vulnerabilities service about everything that is pinned; none where it does not answer."""
    command = [sys.executable, "-P", "-m", "pip_audit", "--disable-pip", "--require-hashes", "--format", "json",
               "--progress-spinner", "off", "--timeout", "10", "--vulnerability-service", "osv"]  # fmt: skip
    for file in FILES:
        command += ["--requirement", file]
    return read(subprocess.run(command, capture_output=True, text=True, check=False).stdout)


def verdict(answer: Answer | None, *, required: bool) -> tuple[str, int]:
    """What to say, and the exit code."""
    if answer is not None and answer.found:
        return "vulnerable:\n  " + "\n  ".join(sorted(set(answer.found))), 1
    if answer is not None and not answer.unknown:
        return f"{answer.asked} pinned packages: no known vulnerability", 0
    which = "the service does not answer" if answer is None else f"nothing is known of {', '.join(answer.unknown)}"
    says = f"NOT CHECKED for known vulnerabilities: {which}. Run 'make audit' where there is a network."
    return f"{'*' * len(says)}\n{says}\n{'*' * len(says)}", 1 if required else 0


def main() -> int:
    """Ask, say, and return the exit code."""
    says, code = verdict(ask(), required=os.environ.get("NONGVU_AUDIT") == "required")
    sys.stderr.write(says + "\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
