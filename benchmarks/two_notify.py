"""What a message costs, and how long it waits, with two `nongvu notify run` beside one.

Data: 40 communes of 5 stations and 20 subscribers each, the route `file` without syncing. Storm, six times: at one moment a step
at every station, bundled, expanded and sent until nothing waits (800 messages); CPU of the processes and of PostgreSQL a
message. Trickle: `RATE` steps a second for `SECONDS`, each in a commune of its own turn, from its commit to the hand-over of its
last message. One and two processes by turns, three times, each with a database of its own; ratios are medians. Bars: two take
at most 1.15 × the CPU of one, say the same to the same people and no step twice, and what waits longest (p99) waits no longer.
"""

import contextlib
import json
import statistics
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import psycopg

from benchmarks import judge, stage
from benchmarks.alert_latency import Process
from benchmarks.two_workers import spent
from notify.people.subscriber import Person, add

COMMUNES, STATIONS, PEOPLE = 40, 5, stage.size(20, 2)
STORMS, SECONDS, RATE = stage.size(6, 1), stage.size(20, 2), 8
TURNS = stage.size(judge.RUNS, 1)
BAR = 1.15
TEXTS = {
    "vi": {
        "short": "Mực nước vượt báo động 2 tại {place}: 5,4 m",
        "group": "Mực nước vượt báo động 2 tại {count} nơi: {places}",
        "advice": {"farmer": "Rời bờ suối."},
    }
}
WAITING = (
    "SELECT (SELECT count(*) FROM due WHERE owner = 'notify' AND kind = 'step')"
    " + (SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending'))"
)
#: What people were told: whom, on which rung, which steps, in which words.
SAID = (
    "SELECT contact.address, delivery.rung, array_agg(alert_step.known_at || place.code ORDER BY 1), delivery.text"
    " FROM delivery JOIN personal.contact ON contact.subscriber = delivery.subscriber"
    " JOIN delivery_step ON delivery_step.delivery = delivery.id JOIN alert_step ON alert_step.id = delivery_step.step"
    " JOIN alert ON alert.id = alert_step.alert JOIN place ON place.id = alert.place"
    " GROUP BY delivery.id, contact.address"
)


def run():
    cpu, waits, said = {1: [], 2: []}, {1: [], 2: []}, []
    with stage.services() as (database, _):
        for _ in range(TURNS):
            for processes in (1, 2):
                spent_each, waited, heard = turn(stage.fresh(database), processes)
                cpu[processes].append(spent_each)
                waits[processes].append(waited)
                said.append(heard)
    assert all(heard == said[0] for heard in said), "one and two processes do not say the same"
    return compared(cpu, waits)


def compared(cpu, waits):
    """Rows of CPU and of waits."""
    for processes, turns in cpu.items():
        for python, server in turns:
            print(f"{processes}: {python:.2f} ms Python, {server:.2f} ms PostgreSQL a message", file=sys.stderr)
    one, two = ([sum(each) for each in cpu[processes]] for processes in (1, 2))
    ratios = [b / a for a, b in zip(one, two, strict=True)]
    row = judge.median("two_notify cpu", [round(each, 2) for each in two], "CPU ms / message", peer="one process",
                       peer_value=round(statistics.median(one), 2))  # fmt: skip
    ratio = statistics.median(ratios)
    rows = [
        row
        | {
            "ratio": round(ratio, 2),
            "ratios": [round(each, 2) for each in ratios],
            "bar": f"≤ {BAR} ×",
            "met": ratio <= BAR,
        }
    ]
    for q in (50, 99):
        alone, together = (statistics.median(float(np.percentile(each, q)) for each in waits[n]) for n in (1, 2))
        bar = (
            {"bar": "no worse (a tenth or 50 ms)", "met": together <= max(1.1 * alone, alone + 0.05)} if q == 99 else {}
        )
        rows.append({"name": f"two_notify p{q}", "value": round(together, 3), "unit": "s", "peer": "one process",
                     "peer_value": round(alone, 3), "ratio": round(together / alone, 2)} | bar)  # fmt: skip
    return rows


def turn(url, processes):
    """(CPU ms of Python, of PostgreSQL) a message of the storms, waits [s] of the trickle, and what was said in the storms."""
    stations = fill(url)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(psycopg.connect(url, autocommit=True))
        running = [psutil.Process(stack.enter_context(notify(url)).process.pid) for _ in range(processes)]
        step(connection, stations, "water_rise")  # warms, counts for nothing
        settled(connection)
        connection.execute("TRUNCATE delivery, delivery_step, delivery_part CASCADE")
        before = spent(running, connection)
        for number in range(STORMS):
            step(connection, stations, "water_marks", level=1 + number % 3)
            settled(connection)
        after = spent(running, connection)
        messages = connection.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone()[0]
        assert messages == STORMS * COMMUNES * PEOPLE, messages
        attempts, rungs = connection.execute(
            "SELECT (SELECT sum(attempts) FROM delivery), (SELECT count(*) FROM delivery_step)"
        ).fetchone()
        assert attempts == messages, f"{attempts} tries of {messages} messages"
        assert rungs == messages * STATIONS, rungs
        heard = Counter((address, rung, len(steps), text) for address, rung, steps, text in connection.execute(SAID))
        waits = trickle(connection, stations)
    return tuple((b - a) / messages * 1000 for a, b in zip(before, after, strict=True)), waits, heard


def fill(url):
    """Communes, their stations and readers; ids of stations by commune."""
    now = datetime.now(UTC)
    stations = []
    with psycopg.connect(url) as connection:
        for commune in range(COMMUNES):
            above = connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, 'commune', %s) RETURNING id",
                (f"xa-{commune}", f"Xã {commune}"),
            ).fetchone()[0]
            stations.append([
                connection.execute(
                    "INSERT INTO place (code, kind, name, parent) VALUES (%s, 'station', %s, %s) RETURNING id",
                    (f"xa-{commune}-{n}", f"Trạm {n}", above),
                ).fetchone()[0]
                for n in range(STATIONS)
            ])  # fmt: skip
            for n in range(PEOPLE):
                person = Person(address=f"0912{commune * 100 + n:06}", places=(f"xa-{commune}",), consent_channel="paper",
                                daily_cap=1000, hazards=("water",))  # fmt: skip
                add(connection, person, now, "bench")
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE subscriber, subscriber_place, place")
    return stations


@contextlib.contextmanager
def notify(url):
    """``nongvu notify run`` with the route ``file``."""
    with tempfile.TemporaryDirectory() as folder:
        routes = Path(folder) / "routes.toml"
        routes.write_text('[[route]]\nname = "out"\nprovider = "file"\nrate = 5000\nwindow = 200\n'
                       f'options = {{ folder = "{folder}/messages", durable = false }}\n')  # fmt: skip
        process = Process(url, folder, "notify", {"NONGVU_ROUTES": str(routes), "NONGVU_BUNDLE_WAIT": "0"})
        process.ready()
        try:
            yield process
        finally:
            code = process.stop()
        assert code == 0, process.path.read_text()[-2000:]


def step(connection, communes, rule, level=1):
    """An alert anew at every station of these communes, written as analytics writes it; the moment of its commit."""
    now = datetime.now(UTC)
    places = [station for stations in communes for station in stations]
    with connection.transaction():
        connection.execute(
            "UPDATE alert SET state = 'ended', ended = %s WHERE state = 'open' AND rule = %s AND place = ANY (%s)",
            (now, rule, places),
        )
        connection.execute(
            "WITH begun AS (INSERT INTO alert (rule, hazard, place, basis, level, started)"
            "   SELECT %(rule)s, 'water', place, 'observed', %(level)s, %(now)s FROM unnest(%(places)s::int[]) AS place"
            "   RETURNING id, place), said AS ("
            "   INSERT INTO alert_step (alert, number, kind, level, at, known_at, expires, stale, texts)"
            "   SELECT begun.id, 1, 'open', %(level)s, %(now)s, %(now)s, %(until)s, false,"
            "          replace(%(texts)s, '{place}', place.name)::jsonb FROM begun JOIN place ON place.id = begun.place"
            "   ORDER BY begun.id RETURNING id)"
            " INSERT INTO due (at, owner, kind, topic) SELECT %(now)s, 'notify', 'step', id::text FROM said",
            {"rule": rule, "level": level, "now": now, "places": places, "until": now + timedelta(hours=12),
             "texts": json.dumps(TEXTS)},
        )  # fmt: skip
        connection.execute("SELECT pg_notify('step', '')")
    return now


def settled(connection):
    """Wait until nothing waits."""
    end = time.monotonic() + 180
    while connection.execute(WAITING).fetchone() != (0,):
        if time.monotonic() > end:
            raise TimeoutError(WAITING)
        time.sleep(0.05)


def trickle(connection, communes):
    """Seconds from a step's commit to the hand-over of its last message, `RATE` steps a second."""
    start, since = time.monotonic(), datetime.now(UTC)
    for number in range(SECONDS * RATE):
        time.sleep(max(0.0, start + number / RATE - time.monotonic()))
        turn_of = communes[number % len(communes)][number // len(communes) % STATIONS]
        step(connection, [[turn_of]], "water_rise")
    settled(connection)
    rows = connection.execute(
        "SELECT extract(epoch FROM max(delivery.handed_at) - alert_step.known_at)::float8 FROM alert_step"
        " JOIN delivery_step ON delivery_step.step = alert_step.id JOIN delivery ON delivery.id = delivery_step.delivery"
        " WHERE alert_step.known_at > %s GROUP BY alert_step.id", (since,)
    ).fetchall()  # fmt: skip
    assert len(rows) == SECONDS * RATE, len(rows)
    return [row[0] for row in rows]
