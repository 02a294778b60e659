"""A short selection of the fault matrix: the whole of it is tests/faults (`make faults`)."""

import pytest

from tests.faults.chaos import running
from tests.faults.test_ingest_kills import Stage


@pytest.mark.slow
async def test_everything_is_killed_once_and_nothing_is_lost(own_server, own_broker, tmp_path):
    async with Stage(own_server, own_broker, tmp_path, seed=1) as one, running(one.gateways, rate=10):
        for kill in (one.ingest, one.kill_broker, one.database, one.ingest):
            await one.wait(0.5, 1.5)
            await kill()
        figures = await one.finish(None, "short")
    assert figures["duplicates"] == 0
    assert figures["stored"] == figures["generated"] > 0
