"""How often a place's season is computed anew while its gateway, away for a week, sends what it has.

Data: 20 gateways, 12 quantities every 10 minutes for a week, as 25 packs of 500 each, a pack every 2 s from each; beside them a
live pack of each every 10 s; a season of rice at every place, sown two months ago. Ingest and analytics run as they are, with
their usual settings. Counted are the leases of a place with marks of past days (the whole season follows from them): the most
of any place. A count, so that other work may go on beside it.
"""

import os
import subprocess
import sys
import tempfile
import time

import psycopg

from benchmarks import stage
from standalone.services.folders import compiled_once
from telemetry.pack import Stream

GATEWAYS, PACKS, EVERY, LIVE_EVERY = 20, 25, 2.0, 10.0
COUNTED = """
CREATE TABLE bench_taken (place int NOT NULL, past boolean NOT NULL);
CREATE FUNCTION bench_taken() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO bench_taken SELECT NEW.place, EXISTS (
        SELECT FROM jsonb_array_elements(NEW.marks) AS entry
        WHERE (entry ->> 0)::timestamptz < date_trunc('day', now(), 'Asia/Ho_Chi_Minh'));
    RETURN NULL;
END $$;
CREATE TRIGGER bench_taken AFTER UPDATE OF marks ON lease FOR EACH ROW EXECUTE FUNCTION bench_taken();
INSERT INTO season (place, crop, sown) SELECT id, 'rice', current_date - 60 FROM place WHERE kind = 'station';
TRUNCATE mark;
"""


def send(fleet, week, live):
    """Send both streams, each at its pace."""
    start, turn = time.monotonic(), 0
    for number, packs in enumerate(batched_by(week, GATEWAYS)):
        time.sleep(max(start + number * EVERY - time.monotonic(), 0))
        for pack in packs:
            fleet.send(pack)
        while turn * LIVE_EVERY <= number * EVERY:
            for pack in live[turn * GATEWAYS : (turn + 1) * GATEWAYS]:
                fleet.send(pack)
            turn += 1
    return time.monotonic() - start


def batched_by(packs, size):
    return [packs[n : n + size] for n in range(0, len(packs), size)]


def left(connection):
    """Marks and leases of past days."""
    return connection.execute(
        "SELECT (SELECT count(*) FROM mark WHERE from_time < date_trunc('day', now(), 'Asia/Ho_Chi_Minh'))"
        " + (SELECT count(*) FROM lease)"
    ).fetchone()[0]


def run():
    now = int(time.time() * 1000)
    week = stage.packs(GATEWAYS, PACKS, 500, Stream.BACKLOG, start=now - 8 * 86_400_000, step=600_000)
    live = stage.packs(GATEWAYS, int((PACKS - 1) * EVERY / LIVE_EVERY) + 1, 12, start=now, step=1000)
    with stage.services() as (database, broker), tempfile.TemporaryFile() as log:
        url = stage.fresh(database)
        stage.register(url, GATEWAYS, interval=600)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(COUNTED)
            worker, fleet = stage.Worker(url, broker), stage.Fleet(broker, window=10_000)
            environment = compiled_once(os.environ) | {"NONGVU_DATABASE_URL": url}
            analytics = subprocess.Popen(
                [sys.executable, "-P", "-m", "nongvu", "analytics", "run"], env=environment, stderr=log
            )
            try:
                seconds = send(fleet, week, live)
                fleet.wait(len(week) + len(live), 60)
                deadline = time.monotonic() + 200
                while left(connection) and time.monotonic() < deadline:
                    assert analytics.poll() is None
                    time.sleep(1)
                assert not left(connection), "analytics did not finish"
                rows = connection.execute(
                    "SELECT place, count(*) FILTER (WHERE past), count(*) FROM bench_taken GROUP BY place"
                ).fetchall()
                days = connection.execute("SELECT count(DISTINCT time) FROM indexed").fetchone()[0]
            finally:
                analytics.terminate()
                analytics.wait(30)
                fleet.close()
                assert worker.stop() == 0
    assert len(rows) == GATEWAYS
    assert days >= 7, f"index values of {days} days only"
    most, all_of_them = max(row[1] for row in rows), max(row[2] for row in rows)
    return [
        {"name": "season_recomputed", "value": most, "bar": "≤ 3", "met": most <= 3,
         "unit": f"times, the most of {GATEWAYS} places, backlog of {seconds:.0f} s (today's hours: {all_of_them - most} times)"},
    ]  # fmt: skip
