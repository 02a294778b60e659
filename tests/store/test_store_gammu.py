"""The tables of a USB modem's daemon: messages put out once, reports in order and by the page, SMS taken once."""

from datetime import datetime, timedelta

import psycopg
import pytest

from store import gammu
from store.gammu import Part, Report

from .gammu_tables import make_tables

AT = datetime(2026, 1, 15, 3, 0)
ONE = [Part(1, "rét đậm", "Unicode_No_Compression", "")]


@pytest.fixture
async def connection(empty_database):
    make_tables(empty_database)
    async with await psycopg.AsyncConnection.connect(empty_database) as connection:
        yield connection


async def rows(connection, sql):
    return await (await connection.execute(sql)).fetchall()


async def report(connection, number, status="DeliveryOK", *, at=AT, reference="nv-7", position=1):
    await connection.execute(
        "INSERT INTO sentitems VALUES (%s, %s, %s, %s, %s)", [at, number, position, reference, status]
    )


async def test_all_parts_of_a_message_are_put_out_under_its_reference(connection):
    parts = [Part(n, f"part {n}", "Default_No_Compression", f"0500030102{n:02}") for n in (1, 2, 3)]
    await gammu.insert(connection, "nv-7", "+84912345678", parts)
    await gammu.insert(connection, "nv-8", "+84912345679", ONE)
    first = 'SELECT "CreatorID", "DestinationNumber", "TextDecoded", "MultiPart", "DeliveryReport" FROM outbox ORDER BY "ID"'
    assert await rows(connection, first) == [
        ("nv-7", "+84912345678", "part 1", True, "yes"), ("nv-8", "+84912345679", "rét đậm", False, "yes"),
    ]  # fmt: skip
    others = 'SELECT "CreatorID", "SequencePosition", part."TextDecoded", part."UDH" FROM outbox_multipart AS part JOIN outbox USING ("ID")'
    assert await rows(connection, others) == [
        ("nv-7", 2, "part 2", "050003010202"), ("nv-7", 3, "part 3", "050003010203"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "known"),
    [("SendingOK", True), ("DeliveryFailed", True), ("SendingError", False), ("Error", False)],
)
async def test_what_was_sent_is_known_and_what_could_not_be_is_not(connection, status, known):
    assert not await gammu.known(connection, "nv-7")
    await report(connection, 1, status)
    assert await gammu.known(connection, "nv-7") is known


async def test_what_waits_is_known(connection):
    await gammu.hold(connection, "nv-7")
    await gammu.insert(connection, "nv-7", "+84912345678", ONE)
    assert await gammu.known(connection, "nv-7")
    assert not await gammu.known(connection, "nv-70")


async def test_reports_on_our_messages_come_by_the_page_in_order(connection):
    for number, at in ((3, AT), (1, AT), (2, AT - timedelta(seconds=1)), (4, AT + timedelta(seconds=1))):
        await report(connection, number, at=at)
    await report(connection, 5, reference="somebody else's")
    page = await gammu.reports(connection, None, 2)
    assert page == [
        Report(AT - timedelta(seconds=1), 2, 1, "nv-7", "DeliveryOK"), Report(AT, 1, 1, "nv-7", "DeliveryOK"),
    ]  # fmt: skip
    last = page[-1]
    page = await gammu.reports(connection, last.updated, 2, number=last.number, position=last.position)
    assert [one.number for one in page] == [3, 4]
    assert [one.number for one in await gammu.reports(connection, AT, 9)] == [1, 3, 4], "that second again"


async def test_an_sms_is_there_until_it_was_taken(connection):
    await connection.execute(
        """INSERT INTO inbox ("SenderNumber", "TextDecoded") VALUES ('+84', 'OK'), ('+85', 'HUY')"""
    )
    (first, second) = await gammu.inbox(connection)
    assert (first.sender, first.text, second.text) == ("+84", "OK", "HUY")
    assert "OK" not in repr(first)
    await gammu.note_taken(connection, first.number)
    assert await gammu.inbox(connection) == [second]
