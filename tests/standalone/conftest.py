"""Replays, the plain scan they are compared with, and what a replay left in the tables, are in this folder."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
#: A storm's worst day: rain, wet and warm nights, messages, bulletins.
DAY = date(2013, 6, 7)


@dataclass(frozen=True)
class Demonstrated:
    """A demo's own tables after its last hour; its gateways were well when they were last heard."""

    server: object
    end: datetime

    @contextmanager
    def copied(self) -> Iterator[str]:
        """Url of a copy, for a test that changes it."""
        name = "copied"
        yield self.server.create(name, template="nongvu")
        self.server.drop(name)


@pytest.fixture(scope="session")
def demonstrated() -> Iterator[Demonstrated]:
    """The demo, once a session: one day of the storm through real devices, gateways, broker and processes."""
    from standalone.replay import Options, Replay
    from standalone.services import Database, temporary_folder

    async def played(replay: Replay) -> None:
        async with replay.opened():
            await replay.run()
            for process in ("ingest", "analytics", "notify", "api"):  # so that no gateway says farewell
                await replay.platform.processes[process].stop()

    with temporary_folder() as folder:
        replay = Replay(Options(folder, DAY, DAY))
        asyncio.run(played(replay))
        with Database.start(folder / "database") as server:
            server.freeze("nongvu")  # a template may have no connection, not even of TimescaleDB's scheduler
            yield Demonstrated(server, replay.end)
