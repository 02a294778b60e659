"""20,000 waiting messages drained at the route's own rate, each handed over once.

Data: 200 subscribers with 100 messages of one segment each wait, the database durable; `nongvu notify run` sends them at
a rate of 500 a second, window 100: by the route `file`, and by SMPP to an SMSC of another maker (npm smpp), which answers each with a
receipt that notify keeps and takes up meanwhile; files are not synced one by one, which measures the disk. Peer: the
route's rate. Handed over twice: a second attempt, and at the SMSC the same text to the same number. Time is from the first
message handed over to the last, and from the first receipt taken up to the last.
"""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from benchmarks import judge, peers, stage
from benchmarks.alert_latency import Process
from notify.people.subscriber import Person, add
from standalone.services.ports import free_port

PEOPLE, EACH, RATE, WINDOW, LONGEST = 200, stage.size(100, 5), 500.0, 100, 180.0
#: Of the route's rate: what a process that shares two cores with the database and the SMSC must keep.
BAR = 0.95
SMSC = Path(__file__).parent.parent / "tests" / "acceptance" / "smsc.js"


def run():
    rows = measure("drain_deliveries file")
    try:
        return rows + measure("drain_deliveries smpp")
    except judge.AbsentError as error:
        return rows + [judge.absent(f"drain_deliveries {what}", error) for what in ("smpp", "receipts")]


def measure(name):
    """Fill a fresh database and drain it by one route; its row, and one of its receipts where it gives any."""
    smpp = name.endswith("smpp")
    with (
        stage.services() as (database, _),
        tempfile.TemporaryDirectory() as folder,
        smsc() if smpp else nullcontext((None, None)) as (port, taken),
    ):
        url = stage.fresh(database)
        fill(url)
        routes = Path(folder) / "routes.toml"
        routes.write_text(route(smpp, port, folder))
        notify = Process(url, folder, "notify", {"NONGVU_ROUTES": str(routes)})
        try:
            notify.ready()
            sent, attempts, seconds = drained(url)
            receipts, receipt_seconds = receipted(url) if smpp else (0, 1.0)
        finally:
            code = notify.stop()
    assert code == 0, code
    assert sent == PEOPLE * EACH, sent
    again = max(attempts - sent, sum(taken.values()) - len(taken) if smpp else 0)
    assert not again, f"{again} handed over again"
    assert not smpp or len(taken) == sent, len(taken)
    assert receipts == (sent if smpp else 0), receipts
    unit = f"messages/s of {sent}, {again} handed over again"
    rows = [row(name, sent / seconds, unit)]
    if smpp:
        rows.append(row("drain_deliveries receipts", receipts / receipt_seconds, f"receipts/s of {receipts}"))
    return rows


def row(name, rate, unit):
    return {
        "name": name,
        "value": round(rate, 1),
        "unit": unit,
        "peer": "the route's rate",
        "peer_value": RATE,
        "ratio": round(rate / RATE, 3),
        "bar": f"≥ {BAR}",
        "met": rate / RATE >= BAR,
    }


def route(smpp, port, folder):
    """The routes file."""
    if smpp:
        table = f'host = "127.0.0.1", port = {port}, system_id = "nongvu", password = "secret", sender = "NONGVU"'
    else:
        table = f'folder = "{folder}/messages", durable = false'
    provider = "smpp" if smpp else "file"
    return (
        f'[[route]]\nname = "out"\nprovider = "{provider}"\nrate = {RATE}\nwindow = {WINDOW}\noptions = {{ {table} }}\n'
    )


@contextmanager
def smsc():
    """The SMSC's port, and how often each (number, text) came."""
    module = peers.node_modules(peers.SMPP) / "smpp"
    environment = os.environ | {"SMPP_MODULE": str(module), "PORT": str(free_port())}
    taken = Counter()

    def listen():
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "submit":
                taken[event["to"], event["text"]] += 1

    with subprocess.Popen(["node", str(SMSC)], env=environment, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        thread = threading.Thread(target=listen)
        thread.start()
        try:
            yield environment["PORT"], taken
        finally:
            process.terminate()
            process.wait()
            thread.join()


def fill(url):
    """Subscribers of one commune and their waiting messages."""
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO place (code, kind, name) VALUES ('xa', 'commune', 'xa')")
        for number in range(PEOPLE):
            add(connection, Person(address=f"0912{number:06}", places=("xa",), consent_channel="paper"), now, "bench")
        connection.execute(
            "INSERT INTO delivery (about, subscriber, rung, kind, place, hazard, level, language, text, coding, at, expires)"
            " SELECT 'bench:' || n, subscriber.id, 0, 'phone', place.id, 'cold', 2, 'vi', 'Ret dam ' || n, 'gsm7',"
            " %(now)s, %(now)s + interval '1 day' FROM subscriber, place, generate_series(1, %(each)s) AS n",
            {"now": now, "each": EACH},
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("ANALYZE delivery, subscriber, place")


def drained(url):
    """Messages sent, attempts in all, and seconds from the first to the last."""
    end = time.monotonic() + LONGEST
    waiting = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() != (0,) and time.monotonic() < end:
            time.sleep(0.5)
        return connection.execute(
            "SELECT count(*) FILTER (WHERE state IN ('sent', 'delivered')), sum(attempts)::int,"
            " extract(epoch FROM max(handed_at) - min(handed_at))::float8 FROM delivery"
        ).fetchone()


def receipted(url):
    """Receipts taken up, and seconds from the first to the last."""
    end = time.monotonic() + LONGEST
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM delivery WHERE state = 'sent'").fetchone() != (0,):
            if time.monotonic() > end:
                break
            time.sleep(0.5)
        return connection.execute(
            "SELECT count(*), extract(epoch FROM max(receipt_at) - min(receipt_at))::float8 FROM delivery_part"
            " WHERE receipt = 'delivered'"
        ).fetchone()
