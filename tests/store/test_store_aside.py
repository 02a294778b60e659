"""What was set aside: listed newest first, tried again oldest first, closed or kept under another fault."""

from datetime import UTC, datetime, timedelta

import psycopg

from store import aside

START = datetime(2026, 1, 20, tzinfo=UTC)
PUT = (
    "INSERT INTO set_aside (gateway, boot, stream, sequence, record, reason, detail, content_type, payload,"
    " payload_sha256, received_at) VALUES (%s, 'b', 'live', %s, 0, %s, 'why', 'application/cbor', 'x', sha256('x'), %s)"
)


async def test_entries_are_listed_found_and_closed(database):
    rows = [("g-1", "unknown_station"), ("g-1", "malformed"), ("g-2", "unknown_station"), ("g-1", "unknown_station")]
    with psycopg.connect(database, autocommit=True) as connection:
        for number, (gateway, reason) in enumerate(rows):
            connection.execute(PUT, (gateway, number, reason, START + timedelta(hours=number)))
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            reasons = {"unknown_station"}
            assert await aside.curable_gateways(other, {"malformed"}) == ["g-1"]
            first, last = await aside.curable(other, "g-1", reasons, after=0)
            assert (first.sequence, last.sequence) == (0, 3)
            assert (first.payload, first.received_at) == (b"x", START)
            assert await aside.curable(other, "g-1", reasons, after=first.id) == [last]
            assert await aside.still_aside(other, ["g-1", "g-2"], reasons) == 3
            await aside.replayed(other, [first.id])
            await aside.another_reason(other, last.id, "future", "a day ahead")
            assert await aside.still_aside(other, ["g-1"], reasons) == 0
        listed = aside.listed(connection, None, None, 10, everything=False)
        assert [(row["gateway"], row["sequence"], row["reason"]) for row in listed] == [
            ("g-1", 3, "future"),
            ("g-2", 2, "unknown_station"),
            ("g-1", 1, "malformed"),
        ]
        assert len(aside.listed(connection, None, None, 10, everything=True)) == 4
        assert [row["detail"] for row in aside.listed(connection, "g-1", "future", 1, everything=False)] == [
            "a day ahead"
        ]
