"""What waits in the tables for a process: things due, marks, requests, and the workers that share them."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import AsyncConnection

from store import due, mark, request, worker
from store.due import Due

NOW = datetime(2026, 1, 15, 3, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def places(database):
    """A commune with a station that measures, and a place apart that does not."""
    with psycopg.connect(database) as connection:
        ids = []
        for code, kind, above in [
            ("hl", "commune", None),
            ("s-1", "station", 0),
            ("s-2", "station", 0),
            ("cl", "commune", None),
        ]:
            parent = None if above is None else ids[above]
            ids.append(
                connection.execute(
                    "INSERT INTO place (code, kind, name, parent) VALUES (%s, %s, %s, %s) RETURNING id",
                    (code, kind, code, parent),
                ).fetchone()[0]
            )
        connection.execute("INSERT INTO datastream (place, quantity) VALUES (%s, 'air_temperature')", (ids[1],))
        connection.execute("DELETE FROM mark")
    return ids


def rows(database, statement):
    with psycopg.connect(database) as connection:
        return connection.execute(statement).fetchall()


async def test_what_is_due_is_replaced_by_topic_and_kind_and_taken_once(database):
    async with await AsyncConnection.connect(database) as connection:
        cursor = connection.cursor()
        first = [Due(NOW + HOUR, "lapse", "1"), Due(NOW, "end-of-day", "1"), Due(NOW, "end-of-day", "2")]
        await due.replace(cursor, "analytics", ["1", "2"], ["lapse", "end-of-day"], first)
        await due.replace(cursor, "notify", ["1"], ["end-of-day"], [Due(NOW, "end-of-day", "1")])
        # of topic 1 the lapse is gone and the day is later; topic 2 and the other kinds are not asked
        await due.replace(cursor, "analytics", ["1"], ["lapse", "end-of-day"], [Due(NOW + 2 * HOUR, "end-of-day", "1")])
        await connection.commit()
        assert rows(database, "SELECT owner, kind, topic, at FROM due ORDER BY 1, 3") == [
            ("analytics", "end-of-day", "1", NOW + 2 * HOUR),
            ("analytics", "end-of-day", "2", NOW),
            ("notify", "end-of-day", "1", NOW),
        ]
        assert await due.take(cursor, "analytics", "lapse", NOW, 9) == []
        assert await due.take(cursor, "analytics", "end-of-day", NOW - timedelta(microseconds=1), 9) == []
        assert await due.take(cursor, "analytics", "end-of-day", NOW, 9) == [Due(NOW, "end-of-day", "2")]
        await connection.rollback()
        assert await due.take(cursor, "analytics", "end-of-day", NOW + 2 * HOUR, 1) == [Due(NOW, "end-of-day", "2")]
        await connection.commit()
        taken = await due.take(cursor, "analytics", "end-of-day", NOW + 2 * HOUR, 9)
        assert taken == [Due(NOW + 2 * HOUR, "end-of-day", "1")]


async def test_two_that_take_at_once_never_take_the_same(database):
    async with await AsyncConnection.connect(database) as one, await AsyncConnection.connect(database) as other:
        await due.replace(
            one.cursor(), "notify", ["1", "2"], ["step"], [Due(NOW, "step", "1"), Due(NOW + HOUR, "step", "2")]
        )
        await one.commit()
        assert [row.topic for row in await due.take(one.cursor(), "notify", "step", NOW + HOUR, 1)] == ["1"]
        assert [row.topic for row in await due.take(other.cursor(), "notify", "step", NOW + HOUR, 9)] == ["2"]


def marked(database):
    return rows(database, "SELECT place.code, from_time, to_time, cause, marked_at = '-infinity' FROM mark"
                          " JOIN place ON place.id = mark.place ORDER BY 1, 4")  # fmt: skip


async def test_marks_are_of_the_places_named_or_of_all_below(database, places):
    async with await AsyncConnection.connect(database) as connection, await AsyncConnection.connect(database) as other:
        await other.set_autocommit(True)
        await other.execute(f"LISTEN {mark.CHANNEL}")
        cursor = connection.cursor()
        await mark.append(cursor, [places[1], places[3], places[1]], NOW, NOW + HOUR, "reading")
        await connection.commit()
        assert marked(database) == [(code, NOW, NOW + HOUR, "reading", False) for code in ("cl", "s-1")]
        assert [note.channel async for note in other.notifies(timeout=10, stop_after=1)] == [mark.CHANNEL]
        assert await mark.waiting(connection) == 2
        await connection.execute("DELETE FROM mark")
        await mark.below(cursor, places[0], NOW, NOW + HOUR, "feeds")
        await connection.commit()
        assert [(code, cause) for code, _, _, cause, _ in marked(database)] == [
            ("hl", "feeds"),
            ("s-1", "feeds"),
            ("s-2", "feeds"),
        ]


async def test_a_span_marks_what_measures_and_says_what_is_left(database, places):
    async with await AsyncConnection.connect(database) as connection:
        assert await mark.span(connection, ["cl"], NOW, NOW + HOUR, "backfill") == 0
        assert await mark.span(connection, ["hl"], NOW, NOW + HOUR, "backfill") == 1
        assert await mark.span(connection, None, NOW, NOW + HOUR, "all") == 1
        await connection.commit()
        # it is taken without a wait
        assert marked(database) == [("s-1", NOW, NOW + HOUR, cause, True) for cause in ("all", "backfill")]
        await mark.span(connection, ["s-1"], NOW + HOUR, NOW + 2 * HOUR, "backfill")
        assert await mark.left(connection, "backfill") == 1, "a place counts once"
        assert await mark.left(connection, "nothing") == 0
        assert await mark.waiting(connection) == 3


async def test_a_request_is_answered_once_by_whoever_holds_it(database):
    ask = "INSERT INTO request (kind, topic, who) VALUES ('explain', '{\"alert\": %s}', 'officer')"
    async with await AsyncConnection.connect(database) as one, await AsyncConnection.connect(database) as other:
        assert await request.take(one) is None
        for number in (1, 2):
            await one.execute(ask % number)
        await one.commit()
        first, second = await request.take(one), await request.take(other)
        assert (first.kind, first.topic, first.who) == ("explain", {"alert": 1}, "officer")
        assert second.topic == {"alert": 2}
        await other.rollback()  # it died: the request waits again
        await request.answer(one, first.id, "done", {"level": 2})
        await one.commit()
        again = await request.take(one)
        assert again == second
        await request.answer(one, again.id, "failed", {"detail": "no such alert"})
        await one.commit()
        assert await request.take(one) is None
        assert rows(database, "SELECT state, progress, answer, answered_at IS NOT NULL FROM request ORDER BY id") == [
            ("done", 1.0, {"level": 2}, True), ("failed", 1.0, {"detail": "no such alert"}, True),
        ]  # fmt: skip


async def test_workers_share_places_and_the_dead_have_none(database):
    many = list(range(1, 201))
    async with await AsyncConnection.connect(database, autocommit=True) as connection:
        assert await worker.own(connection, "analytics", "a", many) == set(many), "who is alone takes all"
        assert await worker.beat(connection, "analytics", "b") == ["b"]
        assert await worker.beat(connection, "analytics", "a", "no disk") == ["a", "b"]
        assert await worker.beat(connection, "notify", "n") == ["n"]
        of_a, of_b = [await worker.own(connection, "analytics", name, many) for name in "ab"]
        assert of_a | of_b == set(many)
        assert not of_a & of_b
        assert 60 <= len(of_a) <= 140
        await worker.leave(connection, "analytics", "b")
        assert await worker.own(connection, "analytics", "a", many) == set(many)
        assert rows(database, "SELECT owner, name, trouble FROM worker ORDER BY 2") == [
            ("analytics", "a", "no disk"),
            ("notify", "n", ""),
        ]
        # not seen for 8 seconds it is taken for dead; after an hour it is forgotten
        await worker.beat(connection, "analytics", "b")
        await connection.execute(
            "UPDATE worker SET seen_at = clock_timestamp() - interval '9 seconds' WHERE name = 'b'"
        )
        assert await worker.beat(connection, "analytics", "a") == ["a"]
        assert await worker.own(connection, "analytics", "a", many) == set(many)
        await connection.execute(
            "UPDATE worker SET seen_at = clock_timestamp() - interval '61 minutes' WHERE name IN ('b', 'n')"
        )
        await worker.beat(connection, "analytics", "a")
        assert rows(database, "SELECT name FROM worker ORDER BY 1") == [("a",), ("n",)]
    assert worker.BEAT * 3 < 8
