"""docs/api.md word by word: its commands, its curl and its Python against a running server."""

import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from standalone.services import Broker
from store import access

from .documented import blocks, commands
from .served import ingesting, running


@pytest.fixture
def served(province: str, own_broker: Broker) -> Iterator[tuple[str, str]]:
    """Address of the API with everything behind it, and a key of a gateway."""
    with psycopg.connect(province) as connection:
        access.add_account(connection, "program")
        access.grant(connection, "program", "gateway", "huu-lung")
        key = access.add_key(connection, "program", scopes=["read", "readings"]).text
    with ingesting(province, own_broker.url), running(province, mqtt_url=own_broker.url) as address:
        yield address, key


@pytest.mark.skipif(
    shutil.which("curl") is None, reason="curl is not installed: the examples of docs/api.md are not tried"
)
def test_every_curl_of_the_docs(served: tuple[str, str], tmp_path: Path) -> None:
    address, key = served
    tried, told = [], os.environ | {"KEY": key}
    for block in blocks("sh", address):
        names, *rest = commands(block)
        if not re.match(r"[AS]=http", names):
            continue
        for command in rest:
            shell = f'curl() {{ command curl --fail-with-body -sS --max-time 20 "$@"; }}\n{names}\n{command}'
            endless = "/v1/stream" in command
            done = subprocess.run(
                ["bash", "-c", shell.replace("--max-time 20", "--max-time 2") if endless else shell], cwd=tmp_path,
                env=told, capture_output=True, check=False, timeout=60,
            )  # fmt: skip
            tried.append(command)
            assert done.returncode == (28 if endless else 0), (command, done.stdout[:500], done.stderr[:500])
            if "-o " not in command:
                assert len(done.stdout) > 40, (command, done.stdout)
                assert b'"value":[]' not in done.stdout, (command, "finds nothing")
                assert b'"items":[]' not in done.stdout, (command, "finds nothing")
    assert len(tried) >= 11
    lines = (tmp_path / "readings.csv").read_bytes().splitlines()
    assert lines[0] == b"station,datastream,time,value,quality,flag"
    assert len(lines) > 1000
    assert (tmp_path / "year.parquet").read_bytes()[:4] == b"PAR1"


def test_the_python_of_the_docs(served: tuple[str, str]) -> None:
    address, _ = served
    (block,) = blocks("python", address)
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(block, "docs/api.md", "exec"), names)
    assert list(names["stations"].index) == ["huu-lung-1"]
    assert {name for _, name in names["hourly"].columns} == {"air_temperature", "precipitation"}
    assert len(names["hourly"]) > 50
    assert list(names["cold"]["rule"]) == ["cold_spell"]


def test_the_commands_of_the_docs(province: str) -> None:
    (block,) = [block for block in blocks("sh", "") if "nongvu account add" in block]
    prefix, ran = "", []
    for line in commands(block):
        words = re.sub(r"1a2b3c4d", prefix, line.split("  #")[0].strip()).replace("8f1c…", "8f1c")
        command = words.replace("nongvu ", f"{sys.executable} -m nongvu ", 1)
        done = subprocess.run(
            ["bash", "-c", command], env=os.environ | {"NONGVU_DATABASE_URL": province}, input="a long enough password\n",
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
        prefix = done.stdout[3:11] if done.stdout.startswith("nv_") and not prefix else prefix
        ran.append(words)
    assert len(ran) == 6
    assert prefix
