"""two_ingest_workers: what a reading costs two `nongvu ingest run`, each with its half of the gateways, beside one.

Data: 200 gateways with 60 live packs of 12 readings each, and 40 with 30 packs of 500, 1 in 100 sent again, as CBOR. CPU of the
workers and of PostgreSQL a reading, three turns of one and of two by turns, each with a database and a broker of its own (a
session would bring what is left of the turn before); the ratio is the median of the three. Bar: two take at most 1.1 × the
CPU of one.
"""

import statistics
import sys

import psutil
import psycopg

from benchmarks import judge, stage
from benchmarks.two_workers import spent
from standalone.services import Broker, BrokerOptions, temporary_folder

#: Records a pack → gateways, packs each, packs that may be without a receipt.
DATA = {12: (200, stage.size(60, 3), 2_000), 500: (40, stage.size(30, 2), 400)}
TURNS = stage.size(judge.RUNS, 1)
BAR = 1.1


def run():
    rows = []
    with stage.services() as (database, _):
        for records, (gateways, each, window) in DATA.items():
            made = stage.packs(gateways, each, records)
            turn(stage.fresh(database), made[: len(made) // 10], gateways, window, 1)  # warms, counts for nothing
            cpu = {1: [], 2: []}
            for _ in range(TURNS):
                for workers, turns in cpu.items():
                    turns.append(turn(stage.fresh(database), made, gateways, window, workers))
            rows.append(compared(records, cpu))
    return rows


def compared(records, cpu):
    """The row of packs of one size."""
    for workers, turns in cpu.items():
        said = ", ".join(f"{python:.1f} + {server:.1f}" for python, server in turns)
        print(f"{workers} with packs of {records}: {said} (workers + PostgreSQL)", file=sys.stderr)
    one, two = ([sum(turn) for turn in cpu[workers]] for workers in (1, 2))
    row = judge.median(f"two_ingest_workers {records}", [round(each, 2) for each in two], "CPU s / 1e6 readings",
                       peer="one worker", peer_value=round(statistics.median(one), 2))  # fmt: skip
    ratio = statistics.median([both / alone for both, alone in zip(two, one, strict=True)])
    return row | {"ratio": round(ratio, 2), "bar": f"≤ {BAR} ×", "met": ratio <= BAR}


def turn(url, made, gateways, window, workers):
    """CPU seconds a million readings: of the workers, and of PostgreSQL."""
    stage.register(url, gateways)
    with temporary_folder() as folder:
        broker = Broker.start(folder, options=BrokerOptions(allow_anonymous=True, persistence=False))
        try:
            return measured(url, broker, made, window, workers)
        finally:
            broker.stop()


def measured(url, broker, made, window, workers):
    """As `turn`, on a broker that nobody has used."""
    running = [
        stage.Worker(url, broker, NONGVU_INGEST_WORKER=str(number), NONGVU_INGEST_WORKERS=str(workers))
        for number in range(workers)
    ]
    fleet = stage.Fleet(broker, window=window)
    processes = [psutil.Process(worker.process.pid) for worker in running]
    with psycopg.connect(url, autocommit=True) as connection:
        before = spent(processes, connection)
        for number, pack in enumerate(made):
            fleet.send(pack)
            if number % 100 == 99:
                fleet.send(made[number - 50], again=True)
        fleet.wait(len(made))
        after = spent(processes, connection)
        fleet.close()
        for worker in running:
            assert worker.stop() == 0
        (stored,) = connection.execute("SELECT count(*) FROM reading").fetchone()
    assert stored == fleet.receipts["stored"] == sum(pack.records for pack in made), (stored, fleet.receipts)
    return tuple((b - a) / stored * 1e6 for a, b in zip(before, after, strict=True))
