"""`NONGVU_TEST_DATABASE_URL` that leads nowhere is said in a line: the variable, the reason, the remedy, no password."""

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_server_that_is_away_is_named(tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    word = "not-to-be-shown"
    given = os.environ | {"NONGVU_TEST_DATABASE_URL": f"postgresql://tester:{word}@127.0.0.1:{port}/postgres"}
    asked = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist",
             "tests/store/test_store_place.py", "--maxfail=1"]  # fmt: skip
    done = subprocess.run(asked, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "NONGVU_TEST_DATABASE_URL" in said
    assert "127.0.0.1" in said
    assert str(port) in said
    assert "unset it" in said
    assert "Traceback" not in said
    assert "conftest.py:" not in said, "a place in our code helps nobody here"
    assert word not in said
