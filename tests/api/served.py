"""A running API in a thread of its own, for clients that wait; and ingest beside it."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from api.app import create
from api.run import Server, listening, opened
from api.settings import ApiSettings
from tests.api.conftest import StoppedClock


@contextmanager
def running(url: str, *, stopped: bool = True, **settings: object) -> Iterator[str]:
    """Address of a server over a database; event time stands still unless told otherwise."""
    usual = {"per_minute": 1_000_000, "secure_cookies": False, "api_port": 0}
    told = ApiSettings(database_url=url, **(usual | settings))
    started = threading.Event()
    found: dict[str, object] = {}

    async def serve() -> None:
        async with opened(told) as resources:
            if stopped:
                resources.clock = StoppedClock()
            server = Server(listening(create(resources), told))
            task = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            found["address"] = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
            found["stop"] = asyncio.Event()
            found["loop"] = asyncio.get_running_loop()
            started.set()
            await found["stop"].wait()
            resources.stopping = True
            server.should_exit = True
            await task

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="api")
    thread.start()
    if not started.wait(30):
        message = "the API did not start"
        raise RuntimeError(message)
    try:
        yield str(found["address"])
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join(20)


@contextmanager
def ingesting(url: str, broker: str) -> Iterator[None]:
    """``nongvu ingest run`` as a process."""
    told = os.environ | {"NONGVU_DATABASE_URL": url, "NONGVU_MQTT_URL": broker, "NONGVU_OLDEST": "P4000D"}
    with subprocess.Popen([sys.executable, "-m", "nongvu", "ingest", "run"], env=told) as process:
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
