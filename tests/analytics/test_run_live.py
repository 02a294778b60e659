"""The process itself: two that share the work, what the database refuses, stopped politely (killed: tests/faults)."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from standalone.doctor_service import troubled
from store.roles import drop_user, put_user

sys.path.insert(0, str(Path(__file__).parent))

from field import HOUR, START, deliver, scalar, settle, station


def start(database):
    environment = os.environ | {
        "NONGVU_DATABASE_URL": database,
        "NONGVU_ANALYTICS_QUIET": "PT0S",
        "NONGVU_ANALYTICS_HOLD": "PT1S",
        "NONGVU_LOG": "warning",
    }
    command = [sys.executable, "-c", "import nongvu; nongvu.main()", "analytics", "run"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


async def until(query, database, wanted, seconds=30.0):
    end = time.monotonic() + seconds
    while (found := scalar(database, query)) != wanted:
        assert time.monotonic() < end, (query, found)
        await asyncio.sleep(0.1)


def warm(database, places, moment):
    """A reading at each place."""
    with psycopg.connect(database) as connection:
        streams = connection.execute(
            "SELECT min(id) FROM datastream WHERE place = ANY (%s) GROUP BY place", (places,)
        ).fetchall()
    for (stream,) in streams:
        deliver(database, stream, [(moment, 20.0)])


async def test_two_processes_share_the_places_and_one_that_is_killed_leaves_them_within_seconds(database):
    places = [station(database, f"s{k}")[0] for k in range(12)]
    one, other = start(database), start(database)
    try:
        await until("SELECT cardinality(live_workers('analytics'))", database, 2)
        warm(database, places, datetime.now(UTC))
        await until("SELECT count(*) FROM worked", database, 12)
        other.kill()
        moment = datetime.now(UTC)
        warm(database, places, moment)
        began = time.monotonic()
        await until("SELECT min(through) > (SELECT max(phenomenon_time) FROM reading) FROM worked", database, True)
        assert time.monotonic() - began < 12  # what is late at once, and all when it is known to be dead
        await until("SELECT cardinality(live_workers('analytics'))", database, 1)
        one.send_signal(signal.SIGTERM)
        said = await asyncio.to_thread(one.stderr.read)
        one.wait(30)
        assert one.returncode == 0, said
        assert scalar(database, "SELECT cardinality(live_workers('analytics'))") == 0  # it said that it goes
    finally:
        for process in (one, other):
            process.kill()
            process.wait()
            process.stderr.close()


async def test_what_the_database_refuses_is_told_once_counted_and_seen_by_the_doctor(database, server):
    if "@" not in database:
        pytest.skip("this server asks for no password")
    name, password = f"analytics_{uuid4().hex[:8]}", uuid4().hex
    with psycopg.connect(database, autocommit=True) as connection:
        put_user(connection, name, "nongvu_analytics", password)
        connection.execute("REVOKE UPDATE ON request FROM nongvu_analytics")
        process = start(psycopg.conninfo.make_conninfo(database, user=name, password=password))
        try:
            await until("SELECT count(*) FROM worker WHERE trouble ~ 'requests: .*permission denied'", database, 1)
            findings = {finding.subject: finding for finding in troubled(connection, "analytics")}
            assert "permission denied" in findings["analytics workers"].says
            await asyncio.sleep(3)  # it tries each second
            connection.execute("GRANT UPDATE ON request TO nongvu_analytics")
            await until("SELECT count(*) FROM worker WHERE trouble = ''", database, 1)
            assert list(troubled(connection, "analytics")) == []
            process.send_signal(signal.SIGTERM)
            said = await asyncio.to_thread(process.stderr.read)
        finally:
            process.kill()
            process.wait()
            process.stderr.close()
            drop_user(connection, name)
    told = [line for line in said.splitlines() if "permission denied for table request" in line]
    assert len(told) == 1, said


@pytest.mark.parametrize("zone", ["Asia/Ho_Chi_Minh", "Asia/Kathmandu"])
async def test_a_station_of_minute_readings_that_falls_silent_is_told_when_its_time_comes(database, zone):
    """Its time lies between two steps of the grid: the look comes when the step ends that shows it, not before."""
    place, streams = station(database, zone=zone)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE datastream SET interval_seconds = 60")
    last = START + 30 * HOUR + 3 * HOUR / 60
    for stream in streams.values():
        deliver(database, stream, [(last - HOUR * k / 60, 15.0 + k % 7 / 10) for k in range(600)])
    query = "SELECT count(*) FROM alert WHERE rule = 'silent_station' AND place = %s"
    due = "SELECT min(at) FROM due WHERE kind = 'silence' AND topic = %s"
    await settle(database, last + HOUR / 60)
    assert scalar(database, query, place) == 0
    for _ in range(3):
        at = scalar(database, due, str(place))
        assert at is not None
        assert at <= last + 3 * HOUR + HOUR / 3
        await settle(database, at)
        if scalar(database, query, place):
            break
    assert scalar(database, query, place) == 1
