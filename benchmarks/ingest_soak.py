"""Memory of an ingest worker over a long run; its rate is not the measure, so that other work may go on beside it.

Data: 40 gateways for 10 minutes (``NONGVU_BENCH_MINUTES``): 100 live packs of 12 readings a second, 4 packs of 500 a second as
backlog, 1 pack in 50 sent again, 1 in 100 that is no pack at all. Resident memory every 10 s; what it was after the first
fifth, by when everything has been used once, against the most of the last fifth.
"""

import os
import time

import psycopg

from benchmarks import stage
from telemetry.pack import Stream

GATEWAYS, MINUTES, SLICE = 40, float(os.environ.get("NONGVU_BENCH_MINUTES", "10")), 20.0
LIVE, LATE = 2000, 80  # packs a slice
#: Sequences of packs that are none begin here.
POISON = 10**9


def slices():
    """What is sent in 20 s, slice after slice."""
    for number in range(int(MINUTES * 60 / SLICE)):
        each, late = LIVE // GATEWAYS, LATE // GATEWAYS
        live = stage.packs(GATEWAYS, each, 12, first=number * each, start=stage.START)
        old = stage.packs(
            GATEWAYS, late, 500, Stream.BACKLOG, first=number * late, start=stage.START - 300 * 86_400_000
        )
        yield spread(live, old)


def spread(live, old):
    """Live packs with those of the backlog among them."""
    ratio = len(live) // len(old)
    return [pack for n, some in enumerate(old) for pack in (some, *live[n * ratio : (n + 1) * ratio])]


def send(fleet, packs, until):
    """Send packs evenly until a moment; how many were no packs."""
    poison, start = 0, time.monotonic()
    for number, pack in enumerate(packs):
        time.sleep(max(start + (until - start) * number / len(packs) - time.monotonic(), 0))
        fleet.send(pack)
        if number % 50 == 0:
            fleet.send(pack, again=True)
        if number % 100 == 0:
            fleet.send(
                stage.Pack(pack.gateway, POISON + number, pack.stream, b"\xff\xff", boot=f"p{time.time_ns()}"),
                again=True,
            )
            poison += 1
    return poison


def run():
    with stage.services() as (database, broker):
        url = stage.fresh(database)
        stage.register(url, GATEWAYS)
        worker, fleet = stage.Worker(url, broker), stage.Fleet(broker, window=20_000)
        memory, sent, readings, poison = [], 0, 0, 0
        for packs in slices():
            start = time.monotonic()
            for half in (packs[: len(packs) // 2], packs[len(packs) // 2 :]):
                poison += send(fleet, half, time.monotonic() + SLICE / 2)
                memory.append(worker.memory() / 2**20)
            sent, readings = sent + len(packs), readings + sum(pack.records for pack in packs)
            late = time.monotonic() - start - SLICE
            if late > SLICE:
                raise RuntimeError(f"{late:.0f} s behind: this machine has no room for the run")
        deadline = time.monotonic() + 120
        while len([key for key in fleet.receipted if key[2] < POISON]) < sent and time.monotonic() < deadline:
            time.sleep(0.5)
        fleet.close()
        assert worker.stop() == 0
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT count(*) FROM reading").fetchone() == (readings,)
            assert connection.execute("SELECT count(*) FROM set_aside").fetchone() == (poison,)
    fifth = len(memory) // 5
    early, late = max(memory[:fifth]), max(memory[-fifth:])
    return [
        {"name": "ingest_soak memory", "value": round(late), "unit": f"MiB after {MINUTES:.0f} min, {readings:,} readings",
         "peer": "after the first fifth", "peer_value": round(early), "ratio": round(late / early, 3), "bar": "≤ 1.05",
         "met": late / early <= 1.05},
    ]  # fmt: skip
