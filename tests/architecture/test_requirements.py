"""What is shipped is what is tested: every lock comes of one resolution, and nothing in it is an index's address."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in PIN.findall(lock.read_text())}


def test_no_two_locks_pin_the_same_package_differently():
    found = defaultdict(lambda: defaultdict(list))
    for lock in LOCKS:
        for name, version in pins(lock).items():
            found[name][version].append(lock.name)
    differ = {name: dict(versions) for name, versions in found.items() if len(versions) > 1}
    assert not differ, f"'make lock' makes all of one resolution: {differ}"


@pytest.mark.parametrize("lock", ["edge.txt", "server.txt"])
def test_all_that_is_shipped_is_tested(lock):
    tested = pins(ROOT / "requirements" / "dev.txt")
    assert pins(ROOT / "requirements" / lock).items() <= tested.items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_index_and_hashes_all(lock):
    text = lock.read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert not [block.split()[0] for block in blocks if "--hash=sha256:" not in block]


def test_the_image_has_the_python_that_is_pinned_for_and_tested():
    (pinned,) = re.findall(r"--python-version (\S+)", (ROOT / "Makefile").read_text())
    bases = re.findall(r"^FROM \S+/python:(\d+\.\d+)", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    assert bases
    assert set(bases) == {pinned}
