"""The R example of docs/api.md, by R itself."""

import shutil
import subprocess

import psycopg
import pytest

from tests.api.conftest import FILL
from tests.api.documented import blocks
from tests.api.served import running

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(
        shutil.which("Rscript") is None, reason="R is not installed: tests/acceptance/peers installs it"
    ),
]


def test_r_reads_what_the_docs_say(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(FILL)
    with running(database) as address:
        (block,) = blocks("r", address)
        said = 'cat(nrow(daily), round(mean(daily$value), 1), format(daily$time[1], "%H:%M", tz = "UTC"))'
        done = subprocess.run(["Rscript", "-e", block + said], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    count, mean, begins = done.stdout.split("\n")[-1].split()
    assert int(count) in {3, 4}
    assert 5 < float(mean) < 15
    assert begins == "17:00", "days begin at midnight in Lạng Sơn"
