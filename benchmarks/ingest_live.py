"""ingest_live: the same way with packs of 12 readings, one a gateway and minute, as live data come.

Data: 200 gateways, 12 quantities, 60 packs of 12 each as CBOR: 12,000 packs, 144,000 readings, sent as fast as receipts
allow (2,000 packs unreceipted, 10 a gateway). What counts is CPU: the worker's, and the rate beside it. Beside it what a user could
pick instead, on the same stream: see `peers`.
"""

import statistics

import psycopg

from benchmarks import peers, stage

GATEWAYS, EACH, RECORDS, TURNS = 200, 60, 12, 2


def run():
    made = stage.packs(GATEWAYS, EACH, RECORDS)
    rates, cpus = [], []
    with stage.services() as (database, broker):
        for _ in range(TURNS):
            url = stage.fresh(database)
            stage.register(url, GATEWAYS)
            worker = stage.Worker(url, broker)
            fleet = stage.Fleet(broker, window=2_000)
            before = worker.cpu()
            seconds = stage.send_all(fleet, made)
            stored = fleet.receipts["stored"]
            cpus.append((worker.cpu() - before) / stored * 1e6)
            rates.append(stored / seconds)
            fleet.close()
            assert worker.stop() == 0
            with psycopg.connect(url) as connection:
                assert connection.execute("SELECT count(*) FROM reading").fetchone() == (len(made) * RECORDS,)
        found = peers.rates(database, broker, lambda url: stage.register(url, GATEWAYS), made)
    value = statistics.median(rates)
    return [
        {"name": "ingest_live", "value": round(value), "unit": "readings/s"},
        {"name": "ingest_live cpu", "value": round(statistics.median(cpus), 1), "unit": "CPU s / 1e6 readings"},
        *peers.rows("ingest_live", value, found, 5),
    ]
