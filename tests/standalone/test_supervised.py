"""A supervised process is started again when it dies, stopped in order, and given up when it cannot live."""

import asyncio
import os
import time

import pytest

from standalone.supervised import Supervised

GATEWAY = """
[gateway]
code = "lonely"
[broker]
url = "mqtt://127.0.0.1:1"
[buffer]
path = "{folder}/buffer.sqlite"
"""


@pytest.fixture
def supervised(tmp_path):
    said = []
    path = tmp_path / "gateway.toml"
    path.write_text(GATEWAY.format(folder=tmp_path))

    def make(*arguments):
        return Supervised(
            "edge", arguments or ("edge", "run", str(path)), dict(os.environ), tmp_path / "log",
            lambda name, code: said.append((name, code)),
        )  # fmt: skip

    return make, said


async def until(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_killed_it_lives_again_and_stopped_it_ends_cleanly(supervised, tmp_path):
    make, said = supervised
    process = make()
    await process.start()
    first = process.pid
    await until((tmp_path / "buffer.sqlite").exists)
    process.kill()
    await until(lambda: process.pid not in (None, first))
    assert said == [("edge", -9)]
    assert process.hopeless == ""
    await until(lambda: "line down" in process.last_lines())
    await asyncio.sleep(3)  # the line may be the first one's; nobody can end cleanly before Python runs
    assert await process.stop() == 0
    assert process.pid is None


async def test_wrong_settings_are_not_tried_again(supervised):
    make, said = supervised
    process = make("edge", "run", "/nowhere/gateway.toml")
    await process.start()
    await until(lambda: process.hopeless)
    await asyncio.sleep(0.5)
    assert said == [("edge", 2)]
    assert "/nowhere/gateway.toml" in process.hopeless
    assert await process.stop() == 2
