"""A board's preview in a real browser: it is drawn, nothing is empty, and nothing is asked of the network."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards.boards import BOARDS
from dashboards.preview.write import write

pytestmark = pytest.mark.acceptance
HERE = Path(__file__).parent
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--hide-scrollbars"]  # fmt: skip


def province():
    path = HERE.parent / "dashboards" / "province.py"
    spec = importlib.util.spec_from_file_location("small_province", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["small_province"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(BROWSER is None, reason="chromium is absent: run tests/acceptance/peers")
def test_chromium_draws_the_boards(database, tmp_path):
    small = province()
    small.fill(database, days=10, stations=4)
    chosen = [board for board in BOARDS if board.name in {"province_today", "station", "farmers"}]
    for page in write(database, chosen, ("vi",), tmp_path, note=small.NOTE):
        picture = page.with_suffix(".png")
        profile = tmp_path / f"profile-{page.stem}"
        profile.mkdir()
        subprocess.run(
            [BROWSER, *QUIET, f"--user-data-dir={profile}", "--window-size=1600,1900", f"--screenshot={picture}", page.as_uri()],
            capture_output=True, timeout=120, check=True,
        )  # fmt: skip
        # a blank page of this size is a few kilobytes
        assert picture.stat().st_size > 80_000, page.stem
