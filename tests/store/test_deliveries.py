"""Messages on their way: claimed once, noted as sent, tried again or ended, taken over from the dead."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from store import delivery

AT = datetime(2026, 1, 20, tzinfo=UTC)
ONE = {"better": [], "least": 0, "most": 1}


@asynccontextmanager
async def queued(database, *levels):
    """A connection, beside deliveries of these levels, numbered from 1."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        for number, level in enumerate(levels):
            await connection.execute(
                "INSERT INTO delivery (about, kind, language, text, level, at, expires)"
                " VALUES (%s, 'phone', 'vi', 'x', %s, %s, %s)",
                (f"test:{number}", level, AT, AT + timedelta(hours=1)),
            )
        yield connection


async def one(connection, columns, number):
    return await (await connection.execute(f"SELECT {columns} FROM delivery WHERE id = %s", (number,))).fetchone()


async def test_the_most_urgent_is_claimed_first_and_by_one_worker_only(database):
    async with queued(database, 1, 3, 2) as connection:
        claim = delivery.claim
        assert [each.id for each in await claim(connection, 7, "a", "phone", better=[], least=2, most=9)] == [2, 3]
        assert await claim(connection, 8, "a", "phone", better=[], least=2, most=9) == []
        assert await claim(connection, 8, "a", "email", **ONE) == []
        assert await claim(connection, 8, "b", "phone", better=["a"], least=0, most=9) == [], "not refused by a"
        (claimed,) = await claim(connection, 8, "a", "phone", **ONE)
        assert (claimed.id, claimed.level, claimed.attempts, claimed.traces) == (1, 1, 1, [])
        assert not claimed.maybe_taken
        await delivery.take_back(connection, 7, {3})
        assert await one(connection, "state, attempts", 2) == ("queued", 0)
        assert await one(connection, "state, attempts", 3) == ("sending", 1)
        assert await one(connection, "state", 1) == ("sending",)


async def test_what_was_handed_over_is_noted_with_its_parts(database):
    async with queued(database, 1, 1) as connection:
        await delivery.claim(connection, 7, "a", "phone", better=[], least=0, most=2)
        sent = [
            delivery.HandedOver(number, AT, AT, number + 1, 250.0, "a", ids)
            for number, ids in ((1, ("x", "y")), (2, ()))
        ]
        await delivery.settle_sent(connection, 7, sent)
        assert await one(connection, "state, sent_at, segments, cost::int", 1) == ("sent", AT, 2, 250)
        parts = "SELECT delivery, part, route, provider_id FROM delivery_part ORDER BY part"
        assert await (await connection.execute(parts)).fetchall() == [(1, 1, "a", "x"), (1, 2, "a", "y")]
        await delivery.settle_sent(connection, 7, [delivery.HandedOver(1, AT, AT, 1, 0.0, "a", ("z",))])
        assert await (await connection.execute(parts)).fetchall() == [(1, 1, "a", "z")]
        assert await delivery.spent(connection, "a", AT) == delivery.Spent(5, 500.0)
        assert await delivery.spent(connection, "a", AT + timedelta(seconds=1)) == delivery.Spent(0, 0.0)


async def test_a_message_is_tried_again_or_ends(database):
    async with queued(database, 1, 1, 1) as connection:
        await delivery.claim(connection, 7, "a", "phone", better=[], least=0, most=3)
        again = {"detail": "busy", "refused_by": ["a"], "unfit_by": [], "seconds": 0.0}
        await delivery.settle_again(connection, 7, 1, **again, unsure=False, renamed=True)
        (claimed,) = await delivery.claim(connection, 7, "b", "phone", better=["a"], least=0, most=1)
        assert (claimed.id, claimed.refused_by, claimed.renamed, claimed.maybe_taken) == (1, ["a"], 1, False)
        await delivery.settle_again(connection, 7, 1, **again, unsure=True, renamed=False)
        assert await delivery.claim(connection, 7, "a", "phone", **ONE) == [], "only the route that may have it"
        (claimed,) = await delivery.claim(connection, 7, "b", "phone", **ONE)
        assert (claimed.pinned, claimed.maybe_taken) == ("b", True)
        await delivery.settle_again(connection, 7, 2, **again | {"seconds": 60.0}, unsure=False, renamed=False)
        assert await delivery.claim(connection, 7, "b", "phone", better=["a"], least=0, most=1) == []
        await delivery.settle_end(connection, 7, 3, "doubtful", "nobody knows", AT)
        assert await one(connection, "state, detail, sent_at", 3) == ("doubtful", "nobody knows", AT)
        await delivery.settle_end(connection, 8, 1, "failed", "not its own", AT)
        assert await one(connection, "state", 1) == ("sending",)


async def test_what_a_dead_worker_had_is_taken_over(database):
    async with queued(database, 1, 1, 1) as connection:
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as other:
            dead, alive = await delivery.next_worker(other), await delivery.next_worker(connection)
            assert dead != alive
            assert await delivery.hold_worker(other, dead)
            assert not await delivery.hold_worker(connection, dead)
            await delivery.claim(other, dead, "a", "phone", better=[], least=0, most=3)
        assert await delivery.claimants(connection, alive) == [dead]
        assert await delivery.claimants(connection, dead) == []
        while not await delivery.hold_worker(connection, dead):
            pass
        orphans = await delivery.orphans(connection, dead)
        assert orphans == [delivery.Orphan(number, "a", 0) for number in (1, 2, 3)]
        for orphan, verdict in zip(orphans, ("requeue_orphan", "doubt_orphan", "adopt_orphan"), strict=True):
            await delivery.settle_orphan(connection, dead, orphan.id, verdict)
        states = [await one(connection, "state, pinned", number) for number in (1, 2, 3)]
        assert states == [("queued", "a"), ("doubtful", None), ("sent", None)]
        await delivery.let_worker(connection, dead)


async def test_a_budget_that_is_used_up_is_told(database):
    async with queued(database, 1, 1) as connection:
        await delivery.note_budget(connection, "a", delivery.Spent(10, 4000.0), AT, over=True)
        await delivery.note_budget(connection, "b", delivery.Spent(1, 400.0), AT, over=False)
        (used,) = told = await delivery.exhausted(connection)
        assert (used.route, used.spent_at, used.segments, used.waiting) == ("a", AT, 10, 2)
        with psycopg.connect(database) as now:
            assert delivery.exhausted_now(now) == told
            assert delivery.unknown_receipts_now(now) == []
        await delivery.note_budget(connection, "a", delivery.Spent(9, 0.0), AT, over=False)
        assert await delivery.exhausted(connection) == []


async def test_where_a_delivery_goes_is_known_and_forgotten(database):
    async with queued(database, 1, 1) as connection:
        await connection.execute("INSERT INTO personal.answer_address (delivery, address) VALUES (2, '+84900000001')")
        first, second = sorted(await delivery.addresses(connection, [1, 2]), key=lambda each: each.id)
        assert (first.address, second.address, second.secret, second.subscriber_state) == (
            None, "+84900000001", "", None,
        )  # fmt: skip
        await delivery.forget_answer_addresses(connection, [2])
        assert [each.address for each in await delivery.addresses(connection, [2])] == [None]
