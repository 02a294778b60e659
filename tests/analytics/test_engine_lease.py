"""Marks and leases on a real database: nothing marked is ever lost, and nothing is written without a lease."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from store import lease
from store.lease import Waits
from store.pool import pool

NOW = datetime(2026, 1, 20, 5, tzinfo=UTC)  # noon in Lạng Sơn
TODAY = datetime(2026, 1, 19, 17, tzinfo=UTC)
AT_ONCE = Waits(quiet=timedelta(0), oldest=timedelta(0))


@pytest.fixture
def places(database):
    with psycopg.connect(database) as connection:
        return [
            connection.execute(
                "INSERT INTO place (code, kind, name) VALUES (%s, 'station', %s) RETURNING id", (f"s{k}", f"S{k}")
            ).fetchone()[0]
            for k in range(3)
        ]


def mark(database, place, from_time, to_time, cause="reading", age=timedelta(0)):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO mark (place, from_time, to_time, cause, marked_at)"
            " VALUES (%s, %s, %s, %s, clock_timestamp() - %s)",
            (place, from_time, to_time, cause, age),
        )


def count(database, table):
    with psycopg.connect(database) as connection:
        return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


async def test_mark_made_while_leased_is_left_for_the_next_worker(database, places):
    """The race: marks made while a lease is held are never lost."""
    hour = timedelta(hours=1)
    mark(database, places[0], NOW - hour, NOW - hour)
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        token = uuid4()
        (taken,) = await lease.take(one, "a", token, NOW, 10, AT_ONCE)
        assert (taken.place, taken.from_time) == (places[0], NOW - hour)
        mark(database, places[0], NOW, NOW)
        assert await lease.take(one, "b", uuid4(), NOW, 10, AT_ONCE) == []
        async with one.transaction(), one.cursor() as cursor:
            await lease.finish(cursor, token, [places[0]], NOW)
            assert await lease.finished(cursor) == {places[0]: 1}
        (again,) = await lease.take(one, "b", uuid4(), NOW, 10, AT_ONCE)
        assert (again.from_time, again.generation) == (NOW, 1)


async def test_a_lost_lease_becomes_marks_and_its_worker_writes_nothing(database, places):
    mark(database, places[0], NOW, NOW)
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        token = uuid4()
        await lease.take(one, "a", token, NOW, 10, Waits(timedelta(0), timedelta(0), hold=timedelta(0)))
        assert count(database, "mark") == 0
        assert await lease.expire(one) == 1
        assert count(database, "mark") == 1
        async with one.transaction(), one.cursor() as cursor:
            await lease.finish(cursor, token, [places[0]], NOW)
            assert await lease.finished(cursor) == {}


async def test_todays_marks_go_at_once_and_older_days_wait_until_quiet(database, places):
    mark(database, places[0], NOW, NOW)
    mark(database, places[0], NOW - timedelta(days=3), NOW - timedelta(days=2))
    mark(database, places[1], NOW - timedelta(days=3), NOW - timedelta(days=2))
    mark(database, places[2], TODAY - timedelta(days=1), NOW)
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        token = uuid4()
        taken = {found.place: found for found in await lease.take(one, "a", token, NOW, 10, Waits())}
        assert set(taken) == {places[0], places[2]}
        assert taken[places[0]].from_time == NOW
        assert taken[places[2]].from_time == TODAY  # cut in two at local midnight
        assert count(database, "mark") == 3
        async with one.transaction(), one.cursor() as cursor:
            await lease.finish(cursor, token, list(taken), NOW)
        older = await lease.take(one, "a", uuid4(), NOW, 10, Waits(quiet=timedelta(0)))
        assert sorted(found.place for found in older) == places
        assert count(database, "mark") == 0


async def test_readings_ahead_of_the_clock_wait_for_it(database, places):
    mark(database, places[0], NOW + timedelta(minutes=5), NOW + timedelta(minutes=5))
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        assert await lease.take(one, "a", uuid4(), NOW, 10, AT_ONCE) == []
        assert len(await lease.take(one, "a", uuid4(), NOW + timedelta(minutes=5), 10, AT_ONCE)) == 1


async def test_due_rows_bring_a_place_without_marks(database, places):
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO due VALUES (%s, 'analytics', 'silence', %s), (%s, 'notify', 'step', '1')",
            (NOW, str(places[1]), NOW),
        )
    async with pool(database, name="test") as connections, connections.connection() as one:
        await one.set_autocommit(True)
        assert await lease.take(one, "a", uuid4(), NOW - timedelta(seconds=1), 10, AT_ONCE) == []
        (taken,) = await lease.take(one, "a", uuid4(), NOW, 10, AT_ONCE)
        assert (taken.place, taken.from_time, taken.kinds) == (places[1], None, ["silence"])
