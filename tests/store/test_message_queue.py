"""Messages as an operator sees them, and which of them are sent again on their word."""

from datetime import UTC, datetime

import psycopg
import pytest

from store import message_queue

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
STATES = ("queued", "failed", "doubtful", "sent", "failed")


@pytest.fixture
def connection(database):
    with psycopg.connect(database, autocommit=True) as connection:
        for number, state in enumerate(STATES, 1):
            connection.execute(
                "INSERT INTO delivery (about, kind, language, text, at, expires, state, attempts, refused_by, claimed_at)"
                " VALUES (%s, 'phone', 'vi', '', %s, %s, %s, 3, '{a}', %s)",
                [f"test:{number}", NOW, NOW, state, NOW],
            )
        yield connection


def test_messages_are_counted_and_listed_newest_first(connection):
    assert message_queue.count(connection) == {"doubtful": 1, "failed": 2, "queued": 1, "sent": 1}
    listed = message_queue.listed(connection, ["failed", "sent"], 2)
    assert [(one.id, one.state) for one in listed] == [(5, "failed"), (4, "sent")]


def test_only_what_failed_or_is_doubtful_is_sent_again(connection):
    connection.execute("LISTEN delivery")
    assert sorted(message_queue.retry(connection, [1, 2, 3, 4])) == [2, 3]
    assert [notice.channel for notice in connection.notifies(timeout=5, stop_after=1)] == ["delivery"]
    rows = connection.execute("SELECT id, renamed, unsure_since, attempts FROM delivery WHERE id IN (2, 3) ORDER BY id")
    assert rows.fetchall() == [(2, 1, None, 0), (3, 0, NOW, 0)], "a doubtful one keeps its reference and since when"
    assert [one.id for one in message_queue.listed(connection, ["queued"], 9)] == [3, 2, 1]
