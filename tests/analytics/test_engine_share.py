"""Several workers on a real database: each place has one that takes it first, the most urgent of it first."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from store import lease
from store.lease import Waits
from store.pool import pool

NOW = datetime(2026, 1, 20, 5, tzinfo=UTC)  # noon in Lạng Sơn
DAY = timedelta(days=1)
SECONDS = timedelta(seconds=1)


@pytest.fixture
def connection(database):
    with psycopg.connect(database, autocommit=True) as opened:
        yield opened


def stations(connection, count):
    rows = connection.execute(
        "INSERT INTO place (code, kind, name) SELECT 's' || k, 'station', 'S' || k FROM generate_series(1, %s) AS k"
        " RETURNING id",
        (count,),
    ).fetchall()
    return [row[0] for row in rows]


def mark(connection, places, moment=NOW, age=timedelta(0), cause="reading"):
    connection.execute(
        "INSERT INTO mark (place, from_time, to_time, cause, marked_at)"
        " SELECT place, %s, %s, %s, clock_timestamp() - %s FROM unnest(%s::int[]) AS place",
        (moment, moment, cause, age, list(places)),
    )


def alive(connection, *names, age=timedelta(0)):
    connection.cursor().executemany(
        "INSERT INTO worker (owner, name, seen_at) VALUES ('analytics', %s, clock_timestamp() - %s)"
        " ON CONFLICT (owner, name) DO UPDATE SET seen_at = excluded.seen_at",
        [(name, age) for name in names],
    )


async def take(database, worker, most=1000, waits=None):
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        found = await lease.take(one, worker, uuid4(), NOW, most, waits or Waits())
        return [leased.place for leased in found]


async def shares(database, connection, places, names):
    """Who takes which place first."""
    found = {}
    for name in names:
        mark(connection, places)
        found[name] = set(await take(database, name))
        connection.execute("DELETE FROM lease; DELETE FROM mark")
    return found


async def test_places_are_shared_and_few_move_when_a_worker_comes_or_goes(database, connection):
    places = stations(connection, 300)
    alive(connection, "a", "b")
    two = await shares(database, connection, places, ("a", "b"))
    assert two["a"] | two["b"] == set(places)
    assert not two["a"] & two["b"]
    assert 100 < len(two["a"]) < 200
    alive(connection, "c")
    three = await shares(database, connection, places, ("a", "b", "c"))
    assert set.union(*three.values()) == set(places)
    assert sum(map(len, three.values())) == 300
    assert three["a"] < two["a"]  # nothing moved but to the one that came
    assert three["b"] < two["b"]
    alive(connection, "b", "c", age=9 * SECONDS)
    assert await shares(database, connection, places, ("a",)) == {"a": set(places)}


async def test_a_place_whose_worker_is_late_is_taken_by_another_that_has_nothing_of_its_own(database, connection):
    places = stations(connection, 200)
    alive(connection, "a", "b")
    of_a = (await shares(database, connection, places, ("a",)))["a"]
    of_b = set(places) - of_a
    mark(connection, of_b)
    assert await take(database, "a") == []
    connection.execute("UPDATE mark SET marked_at = clock_timestamp() - interval '3 s'")
    mark(connection, list(of_a)[:1])
    assert await take(database, "a") == list(of_a)[:1]
    few = set(await take(database, "a"))  # a few: each costs it the window that the other has
    assert few < of_b
    assert len(few) == 40
    assert set(await take(database, "b")) == of_b - few


async def test_what_only_time_brought_is_shared_as_marks_are(database, connection):
    places = stations(connection, 100)
    alive(connection, "a", "b")
    connection.execute(
        "INSERT INTO due (at, owner, kind, topic) SELECT clock_timestamp(), 'analytics', 'silence', place::text"
        " FROM unnest(%s::int[]) AS place",
        (places,),
    )
    connection.execute("UPDATE due SET at = %s + interval '400 days'", (NOW,))
    later = Waits()
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        ahead = NOW + 400 * DAY  # a clock that is ahead makes nothing late
        first = {leased.place for leased in await lease.take(one, "a", uuid4(), ahead, 1000, later)}
        assert await lease.take(one, "a", uuid4(), ahead, 1000, later) == []
        rest = {leased.place for leased in await lease.take(one, "b", uuid4(), ahead, 1000, later)}
    assert first
    assert first | rest == set(places)


async def test_older_days_are_shared_from_when_they_are_ready(database, connection):
    places = stations(connection, 60)
    alive(connection, "a", "b")
    of_a = (await shares(database, connection, places, ("a",)))["a"]
    mark(connection, places, NOW - 3 * DAY, age=31 * SECONDS)  # quiet for a second
    assert set(await take(database, "a")) == of_a
    assert await take(database, "a") == []
    connection.execute("UPDATE mark SET marked_at = marked_at - interval '3 s'")
    assert set(await take(database, "a")) == set(places) - of_a


async def test_who_is_alone_or_unknown_takes_everything(database, connection):
    places = stations(connection, 20)
    mark(connection, places)
    alive(connection, "gone", age=3600 * SECONDS)
    assert await take(database, "nobody") == places
    connection.execute("DELETE FROM lease")
    alive(connection, "a", "b")
    mark(connection, places)
    now = Waits(late=timedelta(0))
    assert await take(database, "nobody") == []  # beside workers that live: only what is late
    assert await take(database, "a", waits=now) == places


async def test_the_most_urgent_first(database, connection):
    a, b, c, d, e, f = stations(connection, 6)
    mark(connection, [a], NOW - 300 * DAY, age=DAY)
    mark(connection, [b], NOW - 2 * DAY, age=DAY)
    connection.execute(
        "INSERT INTO mark (place, from_time, to_time, cause, marked_at) VALUES (%s, %s, %s, 'backfill', '-infinity')",
        (c, NOW - 300 * DAY, NOW),
    )
    connection.execute("INSERT INTO due VALUES (%s, 'analytics', 'end-of-day', %s)", (NOW - DAY, str(d)))
    mark(connection, [e], age=SECONDS)
    mark(connection, [f])
    warned = stations_with_alert(connection)
    mark(connection, [warned])
    order = []
    while taken := await take(database, "w", most=1):
        order += taken
    assert order == [warned, e, f, d, b, a, c]


def stations_with_alert(connection):
    (place,) = connection.execute(
        "INSERT INTO place (code, kind, name) VALUES ('warned', 'station', 'W') RETURNING id"
    ).fetchone()
    connection.execute(
        "INSERT INTO alert (rule, hazard, place, basis, level, started) VALUES ('frost', 'frost', %s, 'observed', 1, %s)",
        (place, NOW),
    )
    return place


def buffers(connection):
    row = connection.execute(
        "SELECT sum(idx_tup_fetch + seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname = 'mark'"
    ).fetchone()
    return int(row[0] or 0)


@pytest.mark.parametrize("age", [5, 60, 1000])
def test_a_mark_of_today_does_not_wait_for_those_of_older_days(connection, age):
    """Whether older days have just come, wait for quiet, or are ready: rows looked at are few."""
    places = stations(connection, 1001)
    connection.execute(
        "INSERT INTO mark (place, from_time, to_time, cause, marked_at)"
        " SELECT place, %(old)s, %(old)s, 'reading', clock_timestamp() - make_interval(secs => %(age)s)"
        " FROM generate_series(1, 200) AS n, unnest(%(places)s::int[]) AS place",
        {"old": NOW - 3 * DAY, "age": age, "places": places[:1000]},
    )
    if age == 60:  # not quiet yet
        mark(connection, places[:1000], NOW - 3 * DAY)
    assert len(took(connection, "warm", most=1)[0]) == (age == 1000)
    if age == 60:  # waiting they cost little at each look
        assert took(connection, "look", most=200)[1] < 1_000
    for place in (places[-1], places[500]):  # the second has 200 older ones of its own
        mark(connection, [place])
        taken, looked, seconds = took(connection, "again", most=2)
        assert place in taken
        assert looked < 12_000, looked  # of 200,000
        assert seconds < 0.25


def took(connection, worker, most):
    """(Places taken, rows of mark looked at, seconds)."""
    with connection.transaction():
        before, begin = buffers(connection), time.perf_counter()
        rows = connection.execute(
            "SELECT place FROM take_marks(%s, %s, %s, %s, '30 s', '5 min', '60 s')", (worker, uuid4(), NOW, most)
        ).fetchall()
        seconds = time.perf_counter() - begin
        return {row[0] for row in rows}, buffers(connection) - before, seconds


@pytest.mark.parametrize(("many", "each"), [(400, 200), (1, 60_000)])
def test_a_take_never_moves_more_marks_than_a_live_reading_can_wait_for(connection, many, each):
    """Many marks of older days are taken in parts, whoever they are of; nothing is lost, and each take is short."""
    places = stations(connection, many + 1)
    connection.execute(
        "INSERT INTO mark (place, from_time, to_time, cause, marked_at)"
        " SELECT place, %(old)s, %(old)s, 'reading', clock_timestamp() - interval '1000 s' + make_interval(secs => n / 1e3)"
        " FROM generate_series(1, %(each)s) AS n, unnest(%(places)s::int[]) AS place",
        {"old": NOW - 3 * DAY, "each": each, "places": places[:many]},
    )
    total = many * each
    taken, _, seconds = took(connection, "a", most=500)
    (left,) = connection.execute("SELECT count(*) FROM mark").fetchone()
    assert taken
    assert total - 10_000 <= left < total
    assert seconds < 2.0
    # under its lease, and given back, what was taken of a place is one mark
    assert connection.execute("SELECT max(jsonb_array_length(marks)) FROM lease").fetchone() == (1,)
    connection.execute("UPDATE lease SET expires_at = '-infinity'; SELECT expire_leases()")
    assert connection.execute("SELECT count(*) FROM mark").fetchone() == (left + len(taken),)
    mark(connection, [places[-1]])
    assert places[-1] in took(connection, "b", most=500)[0]
    connection.execute("DELETE FROM lease")
    takes = 0
    while took(connection, "a", most=500)[0]:
        connection.execute("DELETE FROM lease")
        takes += 1
    assert connection.execute("SELECT count(*) FROM mark").fetchone() == (0,)
    assert takes <= total / 5_000
