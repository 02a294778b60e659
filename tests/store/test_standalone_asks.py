"""What `nongvu up`, `nongvu doctor` and `nongvu demo` ask of tables with nothing in them but a mark and a message."""

from datetime import UTC, datetime, timedelta

import psycopg

from store import heard, replay, standalone, subscriber_entry
from store.subscriber import Agreement, Contact, Wishes

NOW = datetime(2026, 1, 20, tzinfo=UTC)


def test_the_doctor_is_told_what_waits(database):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("INSERT INTO gateway (code, name) VALUES ('g-1', 'one')")
        connection.execute("INSERT INTO due VALUES (%s, 'notify', 'quiet', '1')", (NOW,))
        connection.execute(
            "INSERT INTO delivery (about, kind, language, text, at, expires, state) VALUES"
            " ('test:1', 'phone', 'vi', 'x', %s, %s, 'failed')",
            (NOW, NOW),
        )
        server = standalone.server(connection)
        assert server.timescaledb == server.offered
        waiting = standalone.waiting(connection, NOW)
        assert (waiting.marks, waiting.oldest, waiting.failed, waiting.sending, waiting.due) == (0, 0.0, 1, 0, 1)
        assert standalone.waiting(connection, NOW - timedelta(seconds=1)).due == 0
        assert standalone.overdue(connection, "notify", NOW) == standalone.Overdue(1, NOW)
        assert standalone.overdue(connection, "analytics", NOW) == standalone.Overdue(0, None)
        assert standalone.workers(connection, "notify") == standalone.Workers(0, [])
        assert standalone.signs(connection, NOW).oldest_step == NOW
        (gateway,) = standalone.gateways(connection)
        assert (gateway.code, gateway.status_at, gateway.waiting) == ("g-1", None, 0)
        assert standalone.connected(connection, ["ingest"]) == set()
        with psycopg.connect(database, application_name="nongvu-ingest-0"):
            assert standalone.connected(connection, ["ingest", "api"]) == {"ingest"}
        assert standalone.ended(connection, NOW) == []
        assert standalone.counts(connection) == standalone.Counts(0, 0)


async def test_a_tick_has_passed_when_nothing_waits(database):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        assert await standalone.admitted(connection) == []
        assert (await replay.waiting(connection, NOW)).nothing
        await connection.execute("INSERT INTO due VALUES (%s, 'notify', 'quiet', '1')", (NOW,))
        assert (await replay.waiting(connection, NOW)).due == 1
        assert not (await replay.waiting(connection, NOW)).nothing
        assert (await replay.waiting(connection, NOW - timedelta(hours=1))).nothing
        assert await replay.waiting_detail(connection, NOW) == ["due notify quiet 1 at 2026-01-20 00:00:00+00"]
        assert await replay.stored(connection) == replay.Stored(0, 0, 0, 0, 0)


async def test_nothing_is_heard_of_empty_tables(database):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        assert await heard.heads(connection) == heard.Heads(0, 0)
        assert await heard.batches(connection, 0) == [] == await heard.steps(connection, 0)
        assert await heard.latest_since(connection, 0) == [] == await heard.latest_of(connection, [1])
        assert await heard.steps_of(connection, [1]) == []


async def test_who_agreed_is_entered_once_and_refuses_for_good(database):
    wishes = Wishes("farmer", "vi", True, 1, ["nonsense"], [], [], [], "Asia/Ho_Chi_Minh", None, None, 3, 10)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        (unknown,) = await subscriber_entry.unknown_words(connection, wishes)
        assert (unknown.field, unknown.word) == ("hazard", "nonsense")
        who = ("phone", "+84900000001")
        assert await subscriber_entry.find(connection, *who) is None
        agreed = (Contact(*who, "Lan", ""), [], Agreement("2026-1", "paper", NOW, "officer"), NOW)
        number = await subscriber_entry.enter(connection, None, wishes, *agreed)
        assert await subscriber_entry.find(connection, *who) == number
        assert await subscriber_entry.refusal(connection, *who) is None
        assert await subscriber_entry.enter(connection, number, wishes, *agreed) == number
        assert await (await connection.execute("SELECT count(*) FROM consent")).fetchone() == (1,)
