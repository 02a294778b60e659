"""Two ingest and two analytics processes on one broker and one database: nothing lost, and the same results as of one each."""

import asyncio
import math
import time

import psycopg
import pytest

from store.migrate import migrate
from telemetry import wire
from telemetry.pack import CBOR
from telemetry.reading import Reading
from tests.faults.chaos import START, LedgerGateway, compare, drained, running
from tests.faults.table import note
from tests.faults.workers import Analytics
from tests.ingest.field import Worker, until

pytestmark = [pytest.mark.faults, pytest.mark.slow]
GATEWAYS, DAYS, STEP = 10, 20, 600_000
#: What must not depend on how many workers there were; ids and the times of steps record the order and may differ.
RESULTS = {
    "index_value": "SELECT place.code, index, subject, time, value, completeness FROM indexed"
    " JOIN place ON place.id = place ORDER BY 1, 2, 3, 4",
    "verdict": "SELECT place.code, quantity, valid_from, valid_to, flag, reason FROM verdict"
    " JOIN datastream ON datastream.id = datastream_id JOIN place ON place.id = place ORDER BY 1, 2, 3, 4, 6",
    "rollup_day": "SELECT place.code, quantity, bucket, class, count, round(sum::numeric, 6), minimum, maximum FROM rollup_day"
    " JOIN datastream ON datastream.id = datastream_id JOIN place ON place.id = place ORDER BY 1, 2, 3, 4",
    "alert": "SELECT place.code, rule, basis, state, level, started, ended FROM alert JOIN place ON place.id = place"
    " WHERE state <> 'cancelled' AND hazard <> 'network' ORDER BY 1, 2, 3, 6",
}


class WeatherGateway(LedgerGateway):
    """Twenty days of cold weather at a station, every ten minutes, in packs as they are sent after an outage."""

    def fill(self, k):
        for day in range(DAYS):
            for part in range(6):
                self.sequence += 1
                readings = []
                for n in range(24):
                    at = START + (day * 144 + part * 24 + n) * STEP
                    phase = math.sin((part * 24 + n) / 144 * 2 * math.pi)
                    warmth = round(10 + 6 * math.sin(day / 3 + k) + 5 * phase, 2)
                    for quantity, value in (
                        ("air_temperature", warmth),
                        ("relative_humidity", round(75 - 15 * phase, 1)),
                    ):
                        readings.append(Reading(self.station, quantity, at, value))
                        self.ledger[quantity, at] = value
                self.outbox[self.sequence] = wire.encode(readings, CBOR)
        self.producing = False


async def worked(server, broker, folder, name, each):
    """Send everything through so many processes of each kind; results, figures, seconds."""
    url = server.create(name)
    migrate(url)
    gateways = [
        WeatherGateway(broker.url, f"g-{n}", quantities=("air_temperature", "relative_humidity"))
        for n in range(GATEWAYS)
    ]
    for k, gateway in enumerate(gateways):
        gateway.register(url)
        gateway.fill(k)
    slots = [{"NONGVU_INGEST_WORKER": str(n), "NONGVU_INGEST_WORKERS": str(each)} for n in range(each)]
    quick = {"NONGVU_ANALYTICS_QUIET": "PT1S", "NONGVU_ANALYTICS_OLDEST": "PT5S"}
    ingest = [Worker(url, broker, folder, **slot) for slot in slots]
    analytics = [Analytics(url, broker, folder, **quick) for _ in range(each)]
    try:
        for worker in ingest:
            await worker.ready()
        for worker in analytics:
            worker.start()
        began = time.monotonic()
        async with running(gateways, rate=1):
            await drained(gateways, 180)
        with psycopg.connect(url, autocommit=True) as connection:
            waiting = (
                "SELECT (SELECT count(*) FROM mark) + (SELECT count(*) FROM lease) + (SELECT count(*) FROM touched)"
            )
            await until(lambda: connection.execute(waiting).fetchone() == (0,), 180)
            seconds = time.monotonic() - began
            results = {table: connection.execute(query).fetchall() for table, query in RESULTS.items()}
        return results, compare(url, gateways), seconds
    finally:
        codes = [await asyncio.to_thread(worker.stop, 60) for worker in (*ingest, *analytics)]
        server.drop(name)
        assert codes == [0] * len(codes)


async def test_two_of_each_give_what_one_of_each_gives(own_server, own_broker, tmp_path):
    one, figures, alone = await worked(own_server, own_broker, tmp_path, "one", 1)
    two, again, together = await worked(own_server, own_broker, tmp_path, "two", 2)
    assert again == figures
    for table in RESULTS:
        assert one[table] == two[table], table
    assert one["index_value"]
    assert one["rollup_day"]
    assert one["alert"]
    rows = {f"equal_rows_of_{table}": len(rows) for table, rows in two.items()}
    note("F14 (more workers)", "two ingest and two analytics processes beside one of each", f"{GATEWAYS} gateways, {DAYS} days of backlog",
         **again, **rows, seconds=f"{alone:.0f} with one, {together:.0f} with two of each on 2 shared cores")  # fmt: skip
