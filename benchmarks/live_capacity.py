"""How many places a second one analytics process computes as their readings come, warm, and what that takes.

Data: 300 stations with a reading every 10 minutes, and 60 with one a minute, of 12 quantities, in communes of a province, with
five days of history. `nongvu ingest run` and one `nongvu analytics run` as they are. Readings of the present come as packs of
12 through the broker, a station after the other, 10 a second and then 20, 40, … for 20 s each, until there is a queue: more
than a second's packs not computed 3 s after the last was sent. (A station is so heard more often than every 10 minutes; what
a place costs is that of its window.) Latency is from publish to the commit of what was computed of it; CPU is of analytics and
of the database server, ingest's writing included, a place computed.

Rows: the highest rate without a queue; CPU at 20 a second, which can be compared from run to run; latency at half of the
highest rate; places waiting where it did not keep up; memory at the end, warm.
"""

import contextlib
import sys
import time
from datetime import UTC, datetime

import numpy as np
import psycopg

from benchmarks import analytics_stage as hall
from benchmarks import stage
from telemetry import wire
from telemetry.pack import CBOR, Stream
from telemetry.reading import Reading

DATA = {"10 min": (stage.size(300, 20), 600), "1 min": (stage.size(60, 6), 60)}
RATES = stage.size((10, 20, 40, 60, 80, 100, 120, 160, 200, 240), (5, 10))
SECONDS, AFTER, COMPARED = stage.size(20, 5), 3.0, stage.size(20, 10)


class Sender:
    """Sends the stations' packs at a rate, and knows when each was sent."""

    def __init__(self, broker, stations):
        self.fleet = stage.Fleet(broker, window=20_000)
        self.stations, self.sequence, self.sent = stations, 0, {}

    def pack(self, moment):
        """The next station's reading of every quantity."""
        number, tick = self.sequence % self.stations, self.sequence // self.stations
        readings = [
            Reading(f"s-{number}", quantity, moment, round(hall.CALM[quantity][0] * (1 + tick % 9 * 1e-3), 3))
            for quantity in stage.QUANTITIES
        ]
        self.sequence += 1
        return number, stage.Pack(number, tick, Stream.LIVE, wire.encode(readings, CBOR), boot="capacity")

    def send(self):
        moment = int(time.time() * 1000)
        number, pack = self.pack(moment)
        self.fleet.send(pack)
        return number, datetime.fromtimestamp(moment / 1000, UTC), time.monotonic()


def trial(connection, sender, places, rate, processes):
    """Send at a rate for some seconds; waits [s], places waiting at the end, CPU of analytics and server, places computed."""
    before, waits, open_ = hall.spent(processes, connection), [], {}
    start, sent, end = time.monotonic(), 0, None
    while end is None or (open_ and time.monotonic() < end):
        while end is None and time.monotonic() >= start + sent / rate:
            number, moment, at = sender.send()
            open_.setdefault(places[number], []).append((moment, at))
            sent += 1
        if end is None and time.monotonic() - start > SECONDS:
            end = time.monotonic() + AFTER
        take_up(connection, open_, waits)
        time.sleep(0.02)
    left = sum(map(len, open_.values()))
    lost = time.monotonic()
    waits += [lost - at for entries in open_.values() for _, at in entries]
    hall.settled(connection)
    after = hall.spent(processes, connection)
    return waits, left, [b - a for a, b in zip(before, after, strict=True)], sent


def take_up(connection, open_, waits):
    """Move what is computed by now from the open ones to the waits."""
    asked = "SELECT place, through FROM worked WHERE place = ANY (%s)"
    for place, through in connection.execute(asked, [list(open_)]).fetchall():
        now = time.monotonic()
        done = [at for moment, at in open_[place] if moment <= through]
        waits += [now - at for at in done]
        open_[place] = [entry for entry in open_[place] if entry[0] > through]
        if not open_[place]:
            del open_[place]


@contextlib.contextmanager
def ended(worker):
    """The ingest worker, stopped whatever comes of the rest."""
    try:
        yield
    finally:
        code = worker.stop()
    if code:
        raise RuntimeError(f"ingest ended with {code}")


def measured(database, broker, data, stations, interval):
    """Figures of each rate: {rate: (p50, p99, waiting, CPU ms of Python and of the server a place)}, and MB resident."""
    url = stage.fresh(database)
    ids = hall.province(url, stations, interval)
    found = {}
    with (
        ended(stage.Worker(url, broker)),
        psycopg.connect(url, autocommit=True) as connection,
        hall.running(url) as process,
    ):
        at_start = process.memory_info().rss
        places = dict(
            connection.execute("SELECT substr(code, 3)::int, id FROM place WHERE kind = 'station'").fetchall()
        )
        for _ in range(2):  # cold, and once more
            for number in range(stations):
                hall.deliver(connection, *with_moment(*hall.at_rest(ids, number)))
            hall.settled(connection)
        sender = Sender(broker, stations)
        for rate in RATES:
            waits, left, cpu, count = trial(connection, sender, places, rate, [process])
            p50, p99 = (float(np.percentile(waits, q)) for q in (50, 99))
            found[rate] = p50, p99, left, *(seconds / count * 1000 for seconds in cpu)
            print(f"  {data}, {rate}/s: p50 {p50:.2f} s, p99 {p99:.2f} s, {left} waiting,"
                  f" CPU a place {found[rate][3]:.1f} ms Python, {found[rate][4]:.1f} ms server", file=sys.stderr)  # fmt: skip
            if left > rate:
                break
        memory = process.memory_info().rss / 1e6, at_start / 1e6
        sender.fleet.close()
    return found, memory


def with_moment(ids, values):
    return ids, hall.now(), values


def rows(data, stations, found, memory):
    """Rows of one kind of data."""
    name = f"live_capacity {data}"
    kept = [rate for rate, (_, _, left, *_) in found.items() if left <= rate]
    full = [rate for rate in found if rate not in kept]
    highest = max(kept, default=0)
    half = min(found, key=lambda rate: abs(rate - highest / 2))
    queue = (
        f"places waiting after {SECONDS} s at {full[0]}/s" if full else f"places waiting at {highest}/s, the most tried"
    )
    return [
        {"name": name, "value": highest, "unit": "places/s without a queue"},
        {"name": f"{name} cpu", "value": round(sum(found[COMPARED][3:]), 2) if COMPARED in found else None,
         "unit": f"CPU ms / place at {COMPARED} a second"},
        {"name": f"{name} latency", "value": round(found[half][1], 3), "unit": f"s p99 at {half} places/s"},
        {"name": f"{name} latency median", "value": round(found[half][0], 3), "unit": f"s p50 at {half} places/s"},
        {"name": f"{name} queue", "value": found[full[0] if full else highest][2] if found else None, "unit": queue},
        {"name": f"{name} memory", "value": round((memory[0] - memory[1]) / stations, 2),
         "unit": f"MB resident a station; {memory[0]:.0f} of {stations}, {memory[1]:.0f} at the start"},
    ]  # fmt: skip


def run():
    found = []
    for data, (stations, interval) in DATA.items():
        with stage.services() as (database, broker):
            found += rows(data, stations, *measured(database, broker, data, stations, interval))
    return found
