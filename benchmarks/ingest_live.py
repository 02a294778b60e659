"""The same way with packs of 12 readings, one a gateway and minute, as live data come.

Data: 200 gateways, 12 quantities, 60 packs of 12 each as CBOR: 12,000 packs, 144,000 readings, sent as fast as receipts
allow (2,000 packs unreceipted, 10 a gateway). What counts is
the worker's CPU, the median of three turns, and the rate is told beside it. Beside it, without a bar, what a user could pick
instead, on the same stream: see `peers`.
"""

import psycopg

from benchmarks import judge, peers, stage

GATEWAYS, EACH, RECORDS, TURNS = 200, stage.size(60, 5), 12, stage.size(judge.RUNS, 1)
#: CPU seconds a million readings.
MOST = 8.0


def turn(url, broker, made):
    """Readings/s and CPU seconds a million readings of a worker that has connected."""
    stage.register(url, GATEWAYS)
    worker = stage.Worker(url, broker)
    fleet = stage.Fleet(broker, window=2_000)
    before = worker.cpu()
    seconds = stage.send_all(fleet, made)
    stored = fleet.receipts["stored"]
    cpu = worker.cpu() - before
    fleet.close()
    assert worker.stop() == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM reading").fetchone() == (len(made) * RECORDS,)
    return round(stored / seconds), round(cpu / stored * 1e6, 2)


def run():
    made = stage.packs(GATEWAYS, EACH, RECORDS)
    with stage.services() as (database, broker):
        turn(stage.fresh(database), broker, made[: GATEWAYS * 2])  # warms the machine, counts for nothing
        rates, cpus = zip(*[turn(stage.fresh(database), broker, made) for _ in range(TURNS)], strict=True)
        found = peers.rates(database, broker, lambda url: stage.register(url, GATEWAYS), made)
    row = judge.median("ingest_live", rates, "readings/s")
    return [
        row,
        judge.at_most(judge.median("ingest_live cpu", cpus, "CPU s / 1e6 readings"), MOST),
        *peers.rows("ingest_live", row["value"], found),
    ]
