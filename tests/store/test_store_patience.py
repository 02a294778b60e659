"""One way to wait for the database, and one to be woken by it."""

import asyncio
import time

import psycopg
import pytest
from structlog.testing import capture_logs

from store import patience as waiting
from store.listen import listen
from store.patience import Patience, is_away


def unavailable(task):
    return waiting.UNAVAILABLE.labels(task)._value.get()


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(waiting, "FIRST", 0.001)


@pytest.mark.usefixtures("quick")
async def test_what_begins_changes_and_ends_is_told_once_with_who_waits_and_a_remedy():
    patience = Patience("care", remedy="")
    with capture_logs() as lines:
        for error in (
            psycopg.OperationalError("gone\nmore of it"),
            psycopg.OperationalError("gone"),
            psycopg.InterfaceError("the cursor is closed"),
            ConnectionResetError("by peer"),
            psycopg.errors.InsufficientPrivilege("permission denied"),
        ):
            async with patience:
                raise error
            assert not patience.worked
            assert unavailable("care") == 1
        assert patience.error == "InsufficientPrivilege: permission denied"
        async with patience:
            pass
    assert patience.worked
    assert unavailable("care") == 0
    assert [(line["event"], line["task"], line["tries"], line.get("why")) for line in lines] == [
        ("database_unavailable", "care", 1, "does not answer"),
        ("database_unavailable", "care", 3, "does not answer"),
        ("database_unavailable", "care", 4, "does not answer"),
        ("database_unavailable", "care", 5, "refuses"),
        ("database_available", "care", 5, None),
    ]
    assert all(line["since"] == lines[0]["since"] and line["remedy"] for line in lines[:-1])


@pytest.mark.usefixtures("quick")
async def test_what_lasts_is_told_again(monkeypatch):
    patience = Patience("care")
    with capture_logs() as lines:
        for _ in range(3):
            async with patience:
                raise psycopg.OperationalError("gone")
        monkeypatch.setattr(waiting, "AGAIN", 0.0)
        async with patience:
            raise psycopg.OperationalError("gone")
    assert [line["tries"] for line in lines] == [1, 4]


async def test_what_is_not_the_databases_is_raised_and_leaves_no_alert():
    patience = Patience("ours", refusals=False)
    async with patience:
        raise psycopg.OperationalError("gone")
    for error in (ValueError("ours"), psycopg.errors.UndefinedTable("no such table")):
        with pytest.raises(type(error)):
            async with patience:
                raise error
        assert unavailable("ours") == 0


async def test_a_task_that_is_stopped_while_it_waits_leaves_no_alert():
    async def work():
        async with Patience("stopped"):
            raise psycopg.OperationalError("gone")

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    assert unavailable("stopped") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert unavailable("stopped") == 0


async def test_waits_grow_to_the_longest_and_begin_anew(monkeypatch):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    monkeypatch.setattr(waiting.asyncio, "sleep", sleep)
    patience = Patience("grows", longest=0.8)
    for _ in range(6):
        async with patience:
            raise psycopg.OperationalError("gone")
    async with patience:
        pass
    async with patience:
        raise psycopg.OperationalError("gone")
    tops = [0.1, 0.2, 0.4, 0.8, 0.8, 0.8, 0.1]
    assert all(top / 2 <= wait <= top for wait, top in zip(waits, tops, strict=True)), waits


async def test_until_tries_until_it_works_and_gives_what_came():
    tries = []

    async def work():
        tries.append(1)
        if len(tries) < 3:
            raise psycopg.InterfaceError("closed")
        return "done"

    assert await Patience("until").until(work) == "done"
    assert len(tries) == 3


async def test_a_connection_that_listens_and_is_ended_is_told_and_made_anew(database):
    woken, looks, begun = [], [], []

    async def begin(connection):
        begun.append(connection.info.backend_pid)

    async def look(connection):
        looks.append((await (await connection.execute("SELECT 1")).fetchone())[0])

    async def until(holds):
        end = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < end
            await asyncio.sleep(0.02)

    wakes = {"step": lambda: woken.append("step"), "odd name": lambda: woken.append("odd")}
    with capture_logs() as lines:
        task = asyncio.create_task(
            listen(database, wakes, name="test", patience=Patience("wake"), begin=begin, look=look, every=0.3)
        )
        await until(lambda: len(looks) > 1)  # again and again, and all are woken
        assert {"step", "odd"} <= set(woken)
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            woken.clear()
            await other.execute('NOTIFY "odd name"')
            await until(lambda: "odd" in woken)
            await other.execute("SELECT pg_terminate_backend(%s)", begun)
            await until(lambda: len(begun) > 1)
            await until(lambda: any(line["event"] == "database_available" for line in lines))
        task.cancel()
    assert [line["event"] for line in lines] == ["database_unavailable", "database_available"]
    assert lines[0]["task"] == "wake"


@pytest.mark.parametrize(
    ("state", "away"),
    [
        ("08006", True),
        ("57P01", True),
        ("57014", False),
        ("53300", True),
        ("53200", False),
        ("42501", False),
        ("23505", False),
    ],
)
def test_which_errors_say_that_the_database_itself_is_away(state, away):
    assert is_away(psycopg.errors.lookup(state)()) is away
