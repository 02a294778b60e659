"""What came in: kept raw, taken up once, applied to messages; and what a person's reply asks the tables."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from store import delivery, inbound, reply
from store.delivery import NewDelivery
from store.inbound import NamedReceipt, Outcome

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)


@pytest.fixture
async def connection(database):
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        yield connection


async def one(connection, sql, *values):
    return (await (await connection.execute(sql, values)).fetchone())[0]


async def sent(connection, *parts, about="test:1"):
    """A message that was handed over in parts under these ids."""
    message = NewDelivery(about, "phone", None, "", 0, "vi", "", "text", "", "gsm7", 1, NOW, NOW + timedelta(hours=1))
    number = await delivery.insert(connection, message)
    await connection.execute("UPDATE delivery SET state = 'sent' WHERE id = %s", [number])
    for part, name in enumerate(parts, 1):
        await connection.execute(
            "INSERT INTO delivery_part (delivery, part, route, provider_id) VALUES (%s, %s, 'sms', %s)",
            [number, part, name],
        )
    return number


def receipts(*said):
    return [NamedReceipt(number, 0, "sms", name, state, "") for number, (name, state) in enumerate(said)]


async def test_what_came_is_taken_up_until_its_outcome_is_noted(connection):
    await inbound.keep(connection, "sms", "text/plain", [b"a", b"b"])
    for _ in range(2):
        taken = await inbound.take(connection, 10)
        assert [(row.route, row.payload, row.tries) for row in taken] == [("sms", b"a", 0), ("sms", b"b", 0)]
    assert len(await inbound.take(connection, 1)) == 1
    first, second = (row.id for row in taken)
    await inbound.note(
        connection, [Outcome(first, "done", "receipt", None, ""), Outcome(second, "waiting", "receipt", None, "x")], NOW
    )
    assert await inbound.take(connection, 10) == [], "what waits is taken up a second later at the earliest"
    await connection.execute("UPDATE inbound SET received_at = received_at - interval '1 minute'")
    assert [(row.id, row.tries) for row in await inbound.take(connection, 10)] == [(second, 1)]


async def test_payloads_that_wait_for_nothing_are_emptied_after_their_days(connection):
    await inbound.keep(connection, "sms", "text/plain", [b"old", b"new", b"open"])
    old, new, _ = (row.id for row in await inbound.take(connection, 10))
    await inbound.note(connection, [Outcome(number, "done", "unknown", None, "") for number in (old, new)], NOW)
    await connection.execute("UPDATE inbound SET received_at = received_at - interval '8 days' WHERE id <> %s", [new])
    await inbound.forget(connection, 7)
    rows = await (await connection.execute("SELECT payload FROM inbound ORDER BY id")).fetchall()
    assert [payload for (payload,) in rows] == [b"", b"new", b"open"]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ([("a", "delivered")], "sent"),
        ([("a", "delivered"), ("b", "delivered")], "delivered"),
        ([("a", "delivered"), ("b", "failed")], "failed"),
        ([("a", "failed"), ("a", "delivered"), ("b", "delivered")], "delivered"),
        ([("a", "underway"), ("b", "unknown")], "sent"),
    ],
)
async def test_receipts_of_the_parts_settle_the_message(connection, said, state):
    number = await sent(connection, "a", "b")
    found = await inbound.apply_receipts(connection, receipts(*said, ("strange", "failed")), NOW)
    assert found == dict.fromkeys(range(len(said)), number)
    assert await one(connection, "SELECT state FROM delivery WHERE id = %s", number) == state


async def test_the_first_name_that_is_known_counts(connection):
    first, second = await sent(connection, "a"), await sent(connection, "b", about="test:2")
    names = [NamedReceipt(7, rank, "sms", name, "delivered", "") for rank, name in enumerate(("x", "b", "a"))]
    assert await inbound.apply_receipts(connection, names, NOW) == {7: second}
    assert await one(connection, "SELECT state FROM delivery WHERE id = %s", first) == "sent"


async def test_answers_are_counted_of_one_subscriber_or_of_all_strangers(connection):
    number = await one(connection, "INSERT INTO subscriber (created_at) VALUES (%s) RETURNING id", NOW)
    for about, age, whose in (("inbound:1", 1, number), ("inbound:2", 25, number), ("bundle:3", 1, number),
                              ("inbound:4", 1, None), ("inbound:5", 1, None)):  # fmt: skip
        await connection.execute(
            "INSERT INTO delivery (about, subscriber, kind, language, text, at, expires)"
            " VALUES (%s, %s, 'phone', 'vi', '', %s, %s)",
            [about, whose, NOW - timedelta(hours=age), NOW],
        )
    assert await reply.count_answers(connection, number, NOW) == 1
    assert await reply.count_answers(connection, None, NOW) == 2


async def test_who_wrote_is_known_by_their_phone(connection):
    number = await one(
        connection, "INSERT INTO subscriber (language, accents, created_at) VALUES ('en', false, %s) RETURNING id", NOW
    )
    await connection.execute(
        "INSERT INTO personal.contact (subscriber, kind, address) VALUES (%s, 'phone', '+84912345678')", [number]
    )
    assert await reply.sender(connection, "+84912345678") == reply.Sender(number, "en", accents=False)
    assert await reply.sender(connection, "+84912345679") is None


async def test_the_weather_of_communes_comes_before_that_of_farms(connection):
    for code, kind in (("farm", "farm"), ("dong-dang", "commune"), ("station", "station")):
        await connection.execute("INSERT INTO place (code, kind, name) VALUES (%s, %s, %s)", [code, kind, code])
    assert [place.code for place in await reply.places(connection)] == ["dong-dang", "farm"]


@pytest.mark.parametrize(("age", "acknowledged"), [(47, 1), (49, 0)])
async def test_the_newest_warning_of_two_days_is_acknowledged_once(connection, age, acknowledged):
    number = await one(connection, "INSERT INTO subscriber (created_at) VALUES (%s) RETURNING id", NOW)
    place = await one(connection, "INSERT INTO place (code, kind, name) VALUES ('x', 'commune', 'x') RETURNING id")
    bundle = await one(
        connection,
        "INSERT INTO bundle (commune, hazard, kind, level, at, expires, outcome)"
        " VALUES (%s, 'cold', 'open', 1, %s, %s, 'expanded') RETURNING id",
        place, NOW, NOW,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO delivery (about, bundle, subscriber, kind, language, text, at, expires, state)"
        " VALUES ('bundle:1', %s, %s, 'phone', 'vi', '', %s, %s, 'sent')",
        [bundle, number, NOW - timedelta(hours=age), NOW],
    )
    for _ in range(2):
        await reply.acknowledge_last(connection, number, NOW)
    rows = await (await connection.execute("SELECT bundle, who FROM acknowledgement")).fetchall()
    assert rows == [(bundle, f"subscriber:{number}")] * acknowledged


async def test_the_address_of_a_stranger_is_kept_for_one_answer(connection):
    number = await sent(connection)
    await reply.keep_address(connection, number, "+84912345678")
    (found,) = await delivery.addresses(connection, [number])
    assert (found.address, found.subscriber_state) == ("+84912345678", None)
