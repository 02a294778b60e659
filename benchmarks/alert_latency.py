"""From a crossing reading's publish to its message in the SMS route's hands, under 2,000 readings/s.

Data: 200 gateways send packs of 10 readings (2,000 readings/s in all, of the present time); beside them 60 stations, each in
a commune of its own with one subscriber, send one reading of frost (below 4 °C), 2 a second. Ingest, analytics and notify run
as processes of their own with their usual settings, grouping wait of 1 s included; the route is `file`, whose files' times
are when messages were handed over. Peer: the grouping wait itself, below which no message may go.

Twice: at stations without a parent or history; and ("week") in a province whose stations all have five days of history every
10 minutes, while one more gateway brings a week of its buffer (25 packs of 500, one every 0.4 s); the crossings come one a
second, so that what its old days set going, once they were quiet for 30 s, falls among them.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psycopg

from benchmarks import analytics_stage as hall
from benchmarks import stage
from notify.people.subscriber import Person, add
from telemetry import wire
from telemetry.pack import CBOR, Stream
from telemetry.reading import Reading

CROWD, CROSSING, RATE, GROUPING = stage.size(200, 10), stage.size(60, 6), stage.size(2000, 100), 1.0
BAR, LONGEST = 3.0, 90.0
#: Without a week and with one: seconds between crossings, and the air that is sent [°C] (a station with history may not jump).
EVERY, FROST = {False: 0.5, True: 1.0}, {False: 1.5, True: 3.4}
COLD = {"air_temperature": (5.6, 0.6)}
#: Weather of the crowd: nothing to warn of.
CALM = {
    "air_temperature": 22.0, "relative_humidity": 70.0, "air_pressure": 950.0, "precipitation": 0.0, "wind_speed": 1.5,
    "wind_gust": 2.5, "wind_direction": 90.0, "global_radiation": 400.0, "soil_moisture": 0.31, "soil_temperature": 20.0,
}  # fmt: skip


def run():
    return [*measured("alert_latency", week=False), *measured("alert_latency week", week=True)]


def measured(name, week):
    """Rows of a trial: with a week's backlog and history beside it, or with neither."""
    with stage.services() as (database, broker), tempfile.TemporaryDirectory() as folder:
        url = stage.fresh(database)
        stations = CROWD + CROSSING + week
        if week:
            hall.province(url, stations, 600, lambda n: COLD if CROWD <= n < CROWD + CROSSING else {})
        else:
            stage.register(url, stations)
        subscribe(url)
        worker = stage.Worker(url, broker)
        messages = Path(folder) / "messages"
        others = [
            Process(url, folder, "analytics", {}),
            Process(url, folder, "notify", {"NONGVU_MESSAGES": str(messages)}),
        ]
        try:
            for process in others:
                process.ready()
            sent = publish(url, broker, messages, week)
            waits = handed_over(url, messages, sent)
        finally:
            codes = [process.stop() for process in others] + [worker.stop()]
    assert codes == [0, 0, 0], codes
    print(f"  {name}: {len(waits)} of {CROSSING} came", file=sys.stderr)
    waits += [LONGEST] * (CROSSING - len(waits))  # what did not come in time
    p50, p99 = (float(np.percentile(waits, q)) for q in (50, 99))
    return [
        row(name, p99, met=p99 < BAR),
        row(f"{name} median", p50, met=None),
    ]


def row(name, seconds, met):
    return {
        "name": name,
        "value": round(seconds, 3),
        "unit": "s",
        "peer": "grouping wait",
        "peer_value": GROUPING,
        "ratio": round(seconds / GROUPING, 2),
        "bar": f"p99 < {BAR:g} s" if met is not None else None,
        "met": met,
    }


class Process:
    """``nongvu <name> run``."""

    def __init__(self, url, folder, name, settings):
        environment = os.environ | {"NONGVU_DATABASE_URL": url} | settings
        self.path = Path(folder) / f"{name}.log"
        self.log = self.path.open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "nongvu", name, "run"], env=environment, stderr=self.log
        )

    def ready(self):
        """Wait until it says that it has started."""
        end = time.monotonic() + 120
        while "started" not in self.path.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.path.read_text()[-2000:])
            time.sleep(0.1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.log.close()
        return code


def subscribe(url):
    """A commune and a subscriber for every crossing station."""
    with psycopg.connect(url) as connection:
        for number in range(CROWD, CROWD + CROSSING):
            connection.execute(
                "WITH made AS (INSERT INTO place (code, kind, name, parent) VALUES (%(code)s, 'commune', %(code)s,"
                " (SELECT id FROM place WHERE code = 'province')) RETURNING id)"
                " UPDATE place SET parent = made.id FROM made WHERE place.code = %(station)s",
                {"code": f"own-{number}", "station": f"s-{number}"},
            )
            person = Person(
                address=f"0912{number:06}", places=(f"own-{number}",), consent_channel="paper", hazards=("frost",)
            )
            add(connection, person, datetime.now(UTC), "bench")


def bring_week(broker):
    """The week of the gateway that was away, as fast as one sends it; a thread."""
    start = int(time.time() * 1000) // 600_000 * 600_000 - 8 * 86_400_000
    times = stage.packs(1, stage.size(25, 3), 500, Stream.BACKLOG, start=start, step=600_000)
    fleet = stage.Fleet(broker, name="away")

    def send():
        for pack in times:
            pack.gateway, pack.payload = CROWD + CROSSING, renamed(pack.payload)
            pack.__dict__.pop("topic", None)
            fleet.send(pack)
            time.sleep(0.4)
        fleet.wait(len(times), 60)
        fleet.close()

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def renamed(payload):
    """The pack of station s-0 as one of the last station."""
    columns = wire.columns(payload, CBOR)
    station = f"s-{CROWD + CROSSING}"
    readings = [
        Reading(station, name.rsplit(":", 1)[1], round(moment * 1000), value)
        for name, moment, value in zip(columns.name, columns.time, columns.value, strict=True)
    ]
    return wire.encode(readings, CBOR)


def publish(url, broker, messages, week):
    """Send the crowd and the crossings; monotonic-free times of the crossings, as files have them."""
    crowd, crossing = (
        stage.Fleet(broker, window=20_000, name="crowd"),
        stage.Fleet(broker, window=1000, name="crossing"),
    )
    done = threading.Event()
    thread = threading.Thread(target=send_crowd, args=(crowd, done))
    thread.start()
    calm(url)
    away = bring_week(broker) if week else None
    sent = {}
    for number in range(CROWD, CROWD + CROSSING):
        payload = wire.encode([Reading(f"s-{number}", "air_temperature", int(time.time() * 1000), FROST[week])], CBOR)
        pack = stage.Pack(number, 0, Stream.LIVE, payload, boot=f"b{int(time.time())}")
        sent[f"own-{number}"] = time.time()
        crossing.send(pack)
        time.sleep(EVERY[week])
    end = time.monotonic() + LONGEST
    while len(list(messages.glob("nv-*.txt"))) < CROSSING and time.monotonic() < end:
        time.sleep(0.2)
    done.set()
    thread.join()
    if away:
        away.join()
    crossing.close()
    crowd.close()
    return sent


def calm(url):
    """Wait until the first computations of the crowd are over: no place's mark is older than 5 s."""
    end = time.monotonic() + LONGEST
    time.sleep(5)
    with psycopg.connect(url, autocommit=True) as connection:
        asked = "SELECT count(*) FROM mark WHERE marked_at < clock_timestamp() - interval '5 s'"
        while connection.execute(asked).fetchone() != (0,) and time.monotonic() < end:
            time.sleep(0.5)


def send_crowd(fleet, done):
    size, sequence, start = len(CALM), 0, time.monotonic()
    while not done.is_set():
        gateway, tick = sequence % CROWD, sequence // CROWD
        now = int(time.time() * 1000)
        readings = [Reading(f"s-{gateway}", q, now, v + tick % 5 * 0.01) for q, v in CALM.items()]
        fleet.send(stage.Pack(gateway, tick, Stream.LIVE, wire.encode(readings, CBOR), boot="crowd"))
        sequence += 1
        time.sleep(max(start + sequence * size / RATE - time.monotonic(), 0))


def handed_over(url, messages, sent):
    """Seconds from publish to file, of every crossing."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT delivery.id, place.code FROM delivery JOIN place ON place.id = delivery.place WHERE rung = 0"
        ).fetchall()
    files = {path.stem: path.stat().st_mtime for path in messages.glob("nv-*.txt")}
    return [files[f"nv-{number}"] - sent[code] for number, code in rows if f"nv-{number}" in files and code in sent]
