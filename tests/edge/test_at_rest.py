"""What a gateway keeps in memory: only what its file asks for. The figures are the benchmark's (edge_at_rest)."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from gateway_peers import GATEWAY, UNIT, ModbusPeer, until

from standalone.services import free_port

#: What must not be loaded by a gateway that asks sensors on a bus, and MB that each takes.
NOT_AT_REST = {
    "pydantic": 9, "pydantic_core": 4, "pydantic_settings": 2,  # the server's settings
    "typer": 2, "click": 2, "rich.console": 4, "pygments": 2,  # the other commands, and coloured tracebacks
    "starlette": 3, "uvicorn": 5, "anyio": 2,  # [[http]]
    "tomlkit": 1, "edge.commands": 1, "edge.new_file": 1, "edge.probe": 1,
    "numpy": 20, "pandas": 40, "psycopg": 5, "fastapi": 20, "httpx": 5,
}  # fmt: skip
LOADED = re.compile(r"^import time: +\d+ \| +\d+ \| +(\S+)$", re.MULTILINE)


@pytest.fixture
async def loaded(tmp_path):
    """Modules that the real command has loaded once it has read its sensor, by what Python says of each import."""
    modbus = ModbusPeer({1: {}})
    await modbus.start()
    path, log = tmp_path / "gateway.toml", tmp_path / "log"
    text = GATEWAY.format(broker=free_port(), folder=tmp_path, modbus=modbus.port)
    path.write_text(text + UNIT.format(name="p", station="s", model="elsner-p03", unit=1, interval=1))
    with log.open("wb") as place:
        command = (sys.executable, "-X", "importtime", "nongvu.py", "edge", "run", str(path))
        process = await asyncio.create_subprocess_exec(*command, stderr=place, cwd=Path(__file__).parents[2])
    try:
        await until(lambda: len(modbus.reads) > 1 and "line down" in log.read_text(), 20)
    finally:
        process.terminate()
        assert await process.wait() == 0
        await modbus.stop()
    return set(LOADED.findall(log.read_text()))


async def test_a_gateway_at_rest_loads_nothing_that_its_file_does_not_ask_for(loaded):
    assert {"edge.run", "pymodbus.client", "structlog", "aiomqtt"} <= loaded, "the command is not seen at work"
    assert sorted(loaded & set(NOT_AT_REST)) == []


def test_rich_is_there_for_those_who_ask_for_it():
    import rich.console

    import edge  # noqa: F401

    assert rich.console.Console
