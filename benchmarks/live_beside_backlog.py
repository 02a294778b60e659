"""How long live readings wait, send to receipt, while gateways that were away drain their backlog.

Data: 200 gateways, 12 quantities; each had been away for a week and sends what it has as packs of 500 (a reading of each
quantity every 10 minutes: 12,096 readings, 25 packs, 5,000 packs in all, or the part of them that 60 s drain), while all
send a live pack of 12 readings every 10 s. p99 from publish to receipt (the receipt follows the commit). How often a season is
computed anew meanwhile is counted by `season_recomputed`.
"""

import threading
import time

import numpy as np

from benchmarks import stage
from telemetry.pack import Stream

GATEWAYS, SECONDS, EVERY = 200, 60, 10.0


def run():
    week = stage.packs(GATEWAYS, 25, 500, Stream.BACKLOG, start=stage.START - 8 * 86_400_000, step=600_000)
    live = stage.packs(GATEWAYS, int(SECONDS / EVERY) + 1, 12, start=stage.START)
    with stage.services() as (database, broker):
        url = stage.fresh(database)
        stage.register(url, GATEWAYS, interval=600)
        worker = stage.Worker(url, broker)
        drain, now = stage.Fleet(broker, window=400, name="away"), stage.Fleet(broker, window=10_000, name="live")
        stop = threading.Event()

        def send_backlog():
            for pack in week:
                if stop.is_set():
                    return
                drain.send(pack)

        thread = threading.Thread(target=send_backlog)
        thread.start()
        sent = {}
        start = time.monotonic()
        for number, pack in enumerate(live):
            due = start + number * EVERY / GATEWAYS
            if due - start > SECONDS or not thread.is_alive():
                break
            time.sleep(max(due - time.monotonic(), 0))
            sent[pack.gateway, pack.stream, pack.sequence] = time.monotonic()
            now.send(pack)
        seconds = time.monotonic() - start
        drained = sum(1 for key in drain.receipted if key[1] is Stream.BACKLOG)
        stop.set()
        thread.join()
        deadline = time.monotonic() + 30
        while not set(sent) <= set(now.receipted) and time.monotonic() < deadline:
            time.sleep(0.05)
        memory = worker.memory()
        delays = [now.receipted[key] - moment for key, moment in sent.items()]  # a KeyError here is a lost reading
        drain.close()
        now.close()
        assert worker.stop() == 0
    p99 = float(np.percentile(delays, 99))
    return [
        {"name": "live_beside_backlog", "value": round(p99, 3), "unit": "s p99", "bar": "< 2", "met": p99 < 2},
        {"name": "live_beside_backlog drain", "value": round(drained * 500 / seconds), "unit": "readings/s meanwhile"},
        {"name": "live_beside_backlog memory", "value": round(memory / 2**20), "unit": "MiB resident"},
    ]
