"""MQTT QoS 1 packs of 500 readings → committed, with marks, latest and receipts.

Data: 40 gateways, 12 quantities, a reading a minute, 1,200 packs of 500 as CBOR, 1 in 100 sent again (as a gateway
does that missed a receipt): 600,000 readings. Peer: raw binary COPY of the same rows into the same table, 10,000 rows a
transaction, the most that ingest may put into one here. Both on one server with durable commits, one after the other,
three times in turn, after a short one that warms the machine; the ratio is the median of the three. The bars are the ratio
and the worker's CPU. Beside them, without a bar, what a user could pick instead, on the same stream: see `peers`.
"""

import statistics
import time

import psycopg

from benchmarks import judge, peers, stage

GATEWAYS, EACH, RECORDS, BATCH = 40, stage.size(30, 3), 500, 10_000
TURNS = stage.size(judge.RUNS, 1)
#: Of the rate of a bare COPY; CPU seconds a million readings.
LEAST, MOST = 0.55, 2.3


def through_ingest(url, broker, made):
    """Readings/s from the first publish to the last receipt, CPU seconds per million readings, resident bytes."""
    worker = stage.Worker(url, broker, NONGVU_INGEST_BATCH_ROWS=str(BATCH))
    fleet = stage.Fleet(broker)
    before = worker.cpu()
    start = time.monotonic()
    for number, pack in enumerate(made):
        fleet.send(pack)
        if number % 100 == 99:
            fleet.send(made[number - 50], again=True)
    fleet.wait(len(made))
    seconds = time.monotonic() - start
    cpu, memory = worker.cpu() - before, worker.memory()
    fleet.close()
    assert worker.stop() == 0
    with psycopg.connect(url) as connection:
        (stored,) = connection.execute("SELECT count(*) FROM reading").fetchone()
    assert stored == len(made) * RECORDS == fleet.receipts["stored"], (stored, fleet.receipts)
    assert fleet.receipts["set_aside"] == 0
    return stored / seconds, cpu / stored * 1e6, memory


def warm(database, broker, made):
    """A short turn that counts for nothing."""
    url = stage.fresh(database)
    stage.register(url, GATEWAYS)
    through_ingest(url, broker, made[: len(made) // 10])


def run():
    made = stage.packs(GATEWAYS, EACH, RECORDS)
    raw, ours, cpu, memory = [], [], [], []
    with stage.services() as (database, broker):
        warm(database, broker, made)
        for _ in range(TURNS):
            url = stage.fresh(database)
            ids = stage.register(url, GATEWAYS)
            raw.append(round(stage.raw_copy(url, ids, made, BATCH)))
            url = stage.fresh(database)
            stage.register(url, GATEWAYS)
            rate, seconds, resident = through_ingest(url, broker, made)
            ours.append(round(rate))
            cpu.append(round(seconds, 2))
            memory.append(resident)
        found = peers.rates(database, broker, lambda url: stage.register(url, GATEWAYS), made)
    row = judge.median("ingest_end_to_end", ours, "readings/s", peer="raw binary COPY",
                       peer_value=statistics.median(raw))  # fmt: skip
    ratios = [mine / theirs for mine, theirs in zip(ours, raw, strict=True)]
    return [
        judge.beside(row, ratios, LEAST),
        judge.at_most(judge.median("ingest_end_to_end cpu", cpu, "CPU s / 1e6 readings"), MOST),
        {"name": "ingest_end_to_end memory", "value": round(max(memory) / 2**20), "unit": "MiB resident"},
        *peers.rows("ingest_end_to_end", row["value"], found),
    ]
