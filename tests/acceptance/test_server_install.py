"""What an operator installs, and no more: `requirements/server.txt` by hash, then Nông Vụ itself, in an environment of
their own. Its command imports history and forecasts and serves exports, and tests of these pass in it. Whatever cannot be
installed fails here: it could not be installed by an operator either.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import httpx
import pyarrow.parquet as pq
import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
#: Tests of import, export, forecasts, the client and the API that need no package beyond the server's.
TESTS = ("tests/ingest/test_history.py", "tests/api/test_formats.py", "tests/api/test_client.py")
RUNNER = ("pytest", "pytest-asyncio", "hypothesis")


def done(command, **more):
    ended = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=600, **more)
    assert ended.returncode == 0, f"{' '.join(map(str, command))}\n{ended.stdout[-3000:]}\n{ended.stderr[-3000:]}"
    return ended.stdout


def checkout(folder):
    """What stands in the repository, without the leavings of former builds."""
    names = done(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder of commands of an environment made as docs/operating.md and the Containerfile make it."""
    folder = tmp_path_factory.mktemp("server")
    source, programs = checkout(folder / "source"), folder / "env" / "bin"
    done([sys.executable, "-m", "venv", folder / "env"])
    pip = [programs / "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    done([*pip, "--require-hashes", "-r", source / "requirements/server.txt"])
    done([*pip, "--no-deps", source])
    return programs


@pytest.fixture
def nongvu(installed, database, tmp_path):
    environment = os.environ | {"NONGVU_DATABASE_URL": database}
    return lambda *words: done([installed / "nongvu", *words], cwd=tmp_path, env=environment)


def pins():
    """All that tests run on, as constraints: without hashes, which would be asked of every package then."""
    return re.sub(r" \\$|^ +(#|--hash).*\n", "", (ROOT / "requirements/dev.txt").read_text(), flags=re.MULTILINE)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_history_and_forecast_come_in_and_exports_go_out(nongvu, installed, database, tmp_path):
    nongvu("place", "add", "a-station", "station", "A station", "--longitude", "106.76", "--latitude", "21.85")
    (tmp_path / "history.csv").write_text("time,air_temperature\n2026-01-01 07:00,12.5\n2026-01-01 08:00,\n")
    stored = json.loads(nongvu("ingest", "import", "history.csv", "--station", "a-station", "--create", "--json"))
    assert [one["stored"] for one in stored] == [1]
    (tmp_path / "ahead.csv").write_text("valid_time,air_temperature\n2026-01-02T00:00:00Z,9.5\n")
    said = nongvu("ingest", "forecast", "ahead.csv", "--place", "a-station", "--issued", "2026-01-01T12:00:00")
    assert "1 of 1" in said
    port = free_port()
    told = os.environ | {"NONGVU_DATABASE_URL": database, "NONGVU_API_PORT": str(port)}
    address = (f"http://127.0.0.1:{port}/v1/stations/a-station/readings?datastream=air_temperature"
               "&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z&format=")  # fmt: skip
    with (tmp_path / "log").open("w") as log, subprocess.Popen(
        [installed / "nongvu", "api", "run"], env=told, cwd=tmp_path, stdout=log, stderr=log
    ) as server:  # fmt: skip
        try:
            answers_within(30, server, port, tmp_path / "log")
            text, table = (httpx.get(address + layout) for layout in ("csv", "parquet"))
        finally:
            server.terminate()
            server.wait(20)
    assert re.search(r"a-station,air_temperature,2026-01-01T00:00:00\S*,12\.5,good", text.text), text.text
    assert pq.read_table(BytesIO(table.content))["value"].to_pylist() == [12.5]


def answers_within(seconds, server, port, log):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/healthz")
        except httpx.TransportError:
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


def test_tests_pass_on_what_is_installed(installed, tmp_path):
    """The tests lie alone in a folder: what they import is what was installed."""
    (tmp_path / "constraints.txt").write_text(pins())
    client = shutil.copytree(ROOT / "nongvu_client", tmp_path / "client")  # a build leaves things where it is made
    done([Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--python", installed / "python",
          "--constraint", tmp_path / "constraints.txt", *RUNNER, client])  # fmt: skip
    here = checkout(tmp_path / "source")
    for one in here.iterdir():
        if one.name not in {"tests", "docs", "pyproject.toml"}:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    origin = done([installed / "python", "-c", "import ingest; print(ingest.__file__)"], cwd=here)
    assert origin.startswith(str(installed.parent))
    report = done([installed / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS,
                   "-k", "not broken_off"], cwd=here)  # fmt: skip
    assert re.search(r"^\d+ passed, 1 deselected in", report, re.MULTILINE), report  # nothing skipped
