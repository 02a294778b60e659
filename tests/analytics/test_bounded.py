"""Work is bounded by readings, whatever the intervals say; a place that fails is set apart and stops nobody."""

import sys
from datetime import UTC
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from field import AT_ONCE, HOUR, START, contents, deliver, same, scalar, settle, station, winter

from analytics.run.engine import compute, engine, forecast_run, load, portions
from analytics.run.engine.engine import Engine
from store import uncomputed, work
from store.check import check
from store.patience import is_away
from store.pool import pool
from store.statements import statement
from store.work import Span

DAYS = 8
NOW = START + DAYS * 24 * HOUR


def fill(database):
    """Two stations and a field that both feed; one station's interval is a lie, the field has two thermometers."""
    streams = {}
    for code in ("ls01", "ls02"):
        place, mine = station(database, code)
        warm, rain = winter(DAYS, seed=3 if code == "ls01" else 4)
        deliver(database, mine["air_temperature"], warm)
        deliver(database, mine["precipitation"], rain)
        deliver(database, mine["air_temperature"], [(time + HOUR / 7, value + 0.4) for time, value in warm])
        deliver(database, mine["air_temperature"], [(time + HOUR / 6, value - 0.3) for time, value in warm])
        streams[code] = mine
    place, _ = station(database, "ruong", kind="field", quantities=())
    with psycopg.connect(database) as connection:
        for code in streams:
            connection.execute(
                "INSERT INTO feeds (place, datastream) VALUES (%s, %s)", (place, streams[code]["air_temperature"])
            )
        connection.execute(
            "UPDATE datastream SET interval_seconds = 0 WHERE id = %s", (streams["ls01"]["precipitation"],)
        )
        connection.execute("SELECT mark_places(array_agg(id), %s, %s, 'test') FROM place", (START, NOW))
    return streams


async def test_slices_in_the_middle_of_days_and_places_come_to_the_same(database, empty_database, monkeypatch):
    from store.migrate import migrate

    migrate(empty_database)
    for url in (database, empty_database):
        fill(url)
    await settle(database, NOW)
    monkeypatch.setattr(load, "PAGE", 97)
    monkeypatch.setattr(portions, "READINGS", 400)
    monkeypatch.setattr(compute, "PLACE_DAYS", 7)
    seen = []
    page = work.page

    async def watched(connection, spans, most):
        found = await page(connection, spans, most)
        seen.append(len(found[0]))
        return found

    monkeypatch.setattr(work, "page", watched)
    await settle(empty_database, NOW)
    assert max(seen) <= 97
    assert len(seen) > 30
    expected, found = contents(database), contents(empty_database)
    assert len(expected["values"]) > 300
    assert same(found, expected)


@settings(max_examples=60)
@given(st.data())
def test_pages_are_the_whole(data):
    """What is left behind a page is exactly what did not come yet."""
    spans = work.merged(
        Span(stream, START + HOUR * a, START + HOUR * (a + data.draw(st.integers(0, 40))))
        for stream in range(1, 4)
        for a in data.draw(st.lists(st.integers(0, 100), max_size=3))
    )
    every = [(one.datastream, one.from_time + HOUR * k / 2) for one in spans
             for k in range(int((one.to_time - one.from_time) / HOUR * 2) + 1)]  # fmt: skip
    array = work.LOADED.empty(len(every))
    array["datastream_id"] = [stream for stream, _ in every]
    array["phenomenon_time"] = [time.astimezone(UTC).replace(tzinfo=None) for _, time in every]
    if not every:
        return
    size = data.draw(st.integers(1, len(every)))
    left = work.behind(spans, array[:size])
    assert [
        one for one in every if any(s.datastream == one[0] and s.from_time <= one[1] <= s.to_time for s in left)
    ] == (every[size:])


async def test_a_page_never_holds_more_than_it_may(database):
    _, streams = station(database)
    readings = [(START + HOUR * k / 60, float(k)) for k in range(500)]
    deliver(database, streams["air_temperature"], readings)
    deliver(database, streams["precipitation"], readings)
    spans = [Span(stream, START, NOW) for stream in streams.values()]
    async with pool(database, name="test") as connections, connections.connection() as connection:
        whole = await work.readings(connection, spans)
        for most in (1, 7, 500, 999, 1000, 1001):
            assert (await work.readings(connection, spans, most) == whole).all(), most
            found, left = await work.page(connection, work.merged(spans), most)
            assert len(found) == min(most, 1000)
            assert bool(left) or most >= 1000
            assert most <= 1000 or not left
    assert len(whole) == 1000


@pytest.mark.parametrize("how", ["one that raises", "a statement that fails"])
async def test_a_place_that_fails_is_set_apart_and_the_others_go_on(database, monkeypatch, how):
    warm, rain = winter(DAYS)
    places = {}
    for number in range(5):
        place, streams = station(database, f"ls0{number}")
        places[f"ls0{number}"] = place
        deliver(database, streams["air_temperature"], warm)
        deliver(database, streams["precipitation"], rain)
    sick = places["ls02"]
    computed = compute.compute

    async def fails(connection, jobs, *rest):
        if any(job.known.spot.id == sick for job in jobs):
            if how == "one that raises":
                raise ZeroDivisionError("a sick place")
            await connection.execute("SELECT 1 / 0")
        return await computed(connection, jobs, *rest)

    monkeypatch.setattr(engine, "compute", fails)
    async with pool(database, name="test", most=3) as connections:
        worker = Engine(connections, AT_ONCE)
        while await worker.step(NOW):
            pass
        assert scalar(database, "SELECT count(DISTINCT place) FROM index_value") == 4
        # its marks are kept under a lease that nobody has, it is told, and nobody tries it before its time
        assert scalar(database, "SELECT array_agg(place) FROM lease") == [sick]
        span = "SELECT (marks -> 0 ->> 0)::timestamptz, (marks -> 0 ->> 1)::timestamptz, jsonb_array_length(marks) FROM lease"
        with psycopg.connect(database) as connection:
            times = [time for time, _ in warm + rain]
            assert connection.execute(span).fetchone() == (min(times), max(times), 1)
        assert scalar(database, "SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM lease") > 50
        reason = scalar(database, "SELECT reason FROM uncomputed")
        assert reason == (
            "ZeroDivisionError: a sick place" if how == "one that raises" else "DivisionByZero: division by zero"
        )
        said = told(database)
        assert len(said) == 1
        assert said[0].startswith("ls02 cannot be computed since")
        # tried again after a while, and after longer each time
        async with connections.connection() as connection:
            await uncomputed.again(connection)
        while await worker.step(NOW):
            pass
        assert scalar(database, "SELECT failures FROM uncomputed") == 2
        assert scalar(database, "SELECT extract(epoch FROM expires_at - clock_timestamp()) FROM lease") > 110
        # cured: nothing of it is lost
        monkeypatch.setattr(engine, "compute", computed)
        async with connections.connection() as connection:
            await uncomputed.again(connection)
        while await worker.step(NOW):
            pass
    assert scalar(database, "SELECT count(*) FROM uncomputed") == 0
    assert scalar(database, "SELECT count(*) FROM lease") == 0
    assert scalar(database, "SELECT count(DISTINCT place) FROM index_value") == 5
    assert (
        scalar(database, "SELECT count(DISTINCT n) FROM (SELECT count(*) AS n FROM index_value GROUP BY place) AS x")
        == 1
    )


async def test_what_fails_before_it_is_computed_is_set_apart_too(database):
    warm, _ = winter(DAYS)
    for number in range(3):
        _, streams = station(database, f"ls0{number}")
        deliver(database, streams["air_temperature"], warm)
    with psycopg.connect(database) as connection:
        # as from before time zones were checked
        connection.execute("UPDATE place SET properties = '[1]' WHERE code = 'ls01'")
    async with pool(database, name="test", most=3) as connections:
        worker = Engine(connections, AT_ONCE)
        while await worker.step(NOW):
            pass
    done = scalar(database, "SELECT array_agg(DISTINCT place.code) FROM index_value JOIN place ON place.id = place")
    assert {"ls00", "ls02"} <= set(done)


async def test_an_absent_database_is_no_fault_of_a_place(database, monkeypatch):
    _, streams = station(database)
    deliver(database, streams["air_temperature"], winter(DAYS)[0])

    async def gone(connection, *_):
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(engine, "compute", gone)
    async with pool(database, name="test", most=3) as connections:
        with pytest.raises(psycopg.OperationalError) as error:
            await Engine(connections, AT_ONCE).step(NOW)
    assert is_away(error.value)
    assert scalar(database, "SELECT count(*) FROM uncomputed") == 0


async def test_a_place_that_cannot_be_looked_ahead_waits_longer_each_time_and_its_readings_go_on(database, monkeypatch):
    _, streams = station(database)
    deliver(database, streams["air_temperature"], winter(DAYS)[0])
    looked = forecast_run.look

    async def fails(*_):
        raise ZeroDivisionError("a sick forecast")

    async with pool(database, name="test", most=3) as connections, connections.connection() as connection:
        await connection.set_autocommit(True)
        worker = Engine(connections, AT_ONCE)
        while await worker.step(NOW):
            pass
        monkeypatch.setattr(forecast_run, "look", fails)
        for tried in (1, 2, 3):
            # what was read goes on being computed at once, whatever becomes of the look ahead
            moment = NOW + tried * HOUR
            deliver(database, streams["air_temperature"], [(moment, 5.0 + tried)])
            deliver(database, streams["precipitation"], [(moment, 0.0)], cause="forecast")
            while await worker.step(moment):
                pass
            assert scalar(database, "SELECT through FROM worked") == moment
            assert scalar(database, "SELECT (SELECT count(*) FROM lease) + (SELECT count(*) FROM mark)") == 0
            query = "SELECT failures, extract(epoch FROM again_at - clock_timestamp())::int FROM uncomputed WHERE task = 'ahead'"
            with psycopg.connect(database) as looking:
                failures, again = looking.execute(query).fetchone()
            assert failures == tried
            assert again == pytest.approx(60 * 2 ** (tried - 1), abs=15)
            assert await uncomputed.wake(connection, moment) == 0
            await connection.execute("UPDATE uncomputed SET again_at = clock_timestamp()")
            assert await uncomputed.wake(connection, moment) == 1
            if tried == 2:
                assert [one.task for one in await uncomputed.everything(connection)] == ["ahead"]
                assert told(database)[0].startswith("ls01 cannot be looked ahead on its forecast since")
        monkeypatch.setattr(forecast_run, "look", looked)
        while await worker.step(NOW + 3 * HOUR):
            pass
    assert scalar(database, "SELECT count(*) FROM uncomputed") == 0
    assert scalar(database, "SELECT count(*) FROM lease") == 0


def told(database):
    with psycopg.connect(database, autocommit=True) as connection:
        return [one.says for one in check(connection, database) if one.subject == "uncomputed"]


async def test_what_was_due_at_a_place_set_apart_is_not_overdue(database, monkeypatch):
    """The check names the place and why; that its own due rows and marks are not done is no news."""
    for code in ("ls01", "ls02"):
        _, streams = station(database, code)
        deliver(database, streams["air_temperature"], winter(DAYS)[0])
    async with pool(database, name="test", most=3) as connections:
        worker = Engine(connections, AT_ONCE)
        while await worker.step(NOW):
            pass

        async def fails(_, jobs, *__):
            raise ZeroDivisionError

        later = NOW + 24 * HOUR
        monkeypatch.setattr(engine, "compute", fails)
        sick = scalar(database, "SELECT id FROM place WHERE code = 'ls01'")
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("DELETE FROM due WHERE owner <> 'analytics' OR topic <> %s", (str(sick),))
            assert connection.execute("SELECT count(*) FROM due").fetchone()[0] > 0
            while await worker.step(later):
                pass
            connection.execute(
                "INSERT INTO mark (place, from_time, to_time, cause, marked_at) VALUES (%s, %s, %s, 'reading', now() - interval '1 hour')",
                (sick, later, later),
            )
            arguments = {"owner": "analytics", "before": later, "now": later, "tick": later}
            assert connection.execute(statement("standalone", "overdue"), arguments).fetchone() == (0, None)
            assert connection.execute(statement("standalone", "waiting"), arguments).fetchone()[:2] == (0, 0.0)
            assert connection.execute(statement("replay", "waiting"), arguments).fetchone()[:3] == (0, 0, 0)
            connection.execute("UPDATE lease SET worker = 'w'")  # one that works is as late as ever
            assert connection.execute(statement("standalone", "overdue"), arguments).fetchone()[0] > 0
            assert connection.execute(statement("standalone", "waiting"), arguments).fetchone()[1] > 3000
