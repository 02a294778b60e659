"""What docs/gateway.md installs, in a clean environment: the gateway runs, and nothing of the server came with it.

What cannot be installed fails here: it could not be installed on a gateway either.
"""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
SERVERS = {"numpy", "pandas", "fastapi", "psycopg", "psycopg-binary", "scipy", "grafana-client"}


def test_a_clean_environment(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    python = tmp_path / "env" / "bin" / "python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for what in (["--require-hashes", "-r", ROOT / "requirements" / "edge.txt"], ["--no-deps", ROOT]):
        done = subprocess.run([*pip, *what], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0].lower() for line in listed.stdout.splitlines()}
    assert not names & SERVERS
    nongvu = tmp_path / "env" / "bin" / "nongvu"
    models = subprocess.run([nongvu, "edge", "models"], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert models.returncode == 0, models.stderr
    assert "lufft-ws" in models.stdout  # the shelf came along
    check = subprocess.run([nongvu, "edge", "check", "absent.toml"], capture_output=True, text=True, cwd=tmp_path)
    assert check.returncode == 2
    imported = "import edge.run, edge.commands, edge.payload; edge.payload.payload_shelf()"
    assert subprocess.run([python, "-c", imported], capture_output=True, cwd=tmp_path).returncode == 0
    server = subprocess.run([nongvu, "api", "run"], capture_output=True, text=True, cwd=tmp_path)
    assert server.returncode != 0
