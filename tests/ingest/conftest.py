"""A real ingest worker, and the gateway's end of the wire."""

import psycopg
import pytest

from tests.ingest.field import Gateway, Worker


@pytest.fixture
def make_worker(database, broker, tmp_path):
    made = []

    def make(*, database=database, broker=broker, **settings):
        # tests share the broker: every worker is told a slot of its own, but takes all shards
        worker = Worker(database, broker, tmp_path, **settings)
        made.append(worker)
        return worker

    yield make
    for worker in made:
        if worker.process is not None and worker.process.poll() is None:
            worker.kill()


@pytest.fixture
def rows(database):
    def read(query, *parameters):
        with psycopg.connect(database) as connection:
            return connection.execute(query, parameters).fetchall()

    return read


@pytest.fixture
async def gateway(broker):
    async with Gateway(broker.url) as one:
        yield one
