"""The worker does all of its work under its own least role."""

import uuid

import psycopg

from store.roles import drop_user, put_user
from telemetry.pack import Label, Stream
from tests.ingest.field import NOW


async def test_the_worker_under_its_role(make_worker, gateway, database, rows):
    gateway.register(database)
    name = f"w_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        password = put_user(connection, name, "nongvu_ingest")
        worker = await make_worker(
            database=psycopg.conninfo.make_conninfo(database, user=name, password=password)
        ).ready()
        try:
            await gateway.bear("air_temperature", "relative_humidity", sensor_model="m", serial="1")
            many = [gateway.reading(20, NOW + n * 1000) for n in range(300)]
            receipt = await gateway.receipted(await gateway.send(many))
            assert receipt.stored == 300  # COPY into a chunk made just now
            receipt = await gateway.receipted(
                await gateway.send([*many[200:], gateway.reading(21, NOW), gateway.reading(9, quantity="wind_gust")])
            )
            assert (receipt.repeated, receipt.set_aside) == (100, 2)
            gateway.sequence[Stream.LIVE] += 1
            label = Label(gateway.boot, Stream.LIVE, gateway.sequence[Stream.LIVE], revision=1)
            receipt = await gateway.receipted(await gateway.send([gateway.reading(22, NOW)], label=label))
            assert receipt.stored == 1
            assert rows("SELECT count(*) FROM superseded") == [(1,)]
            assert worker.stop() == 0
            assert "database_unavailable" not in [
                line.split('"event": "')[-1].split('"')[0] for line in worker.log.read_text().splitlines()
            ]
        finally:
            drop_user(connection, name)
