"""Subscribers in the tables: added, brought up to date, heard for their places, and erased."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import psycopg
import pytest

from store import subscriber
from store.subscriber import Agreement, Contact, Refusal, Wishes

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
WISHES = Wishes(
    audience="farmer", language="vi", accents=True, minimum_level=1, hazards=[], crops=[], animals=[],
    bulletins=["daily"], time_zone="Asia/Ho_Chi_Minh", quiet_from=None, quiet_to=None, urgent_level=3, daily_cap=10,
)  # fmt: skip
CONTACT = Contact("phone", "+84912345678", "Lan", "")


@pytest.fixture
def connection(database):
    with psycopg.connect(database, options="-c timezone=UTC") as connection:
        yield connection


def test_who_is_added_is_found_by_their_address_only(connection):
    number = subscriber.add(connection, WISHES, CONTACT, NOW)
    assert subscriber.find(connection, "phone", "+84912345678") == number
    assert subscriber.find(connection, "email", "+84912345678") is None
    (kept,) = subscriber.listed(connection, subscriber=number)
    assert (kept.address, kept.bulletins, kept.consent_given_at) == ("+84912345678", ["daily"], None)


def test_only_what_was_given_changes(connection):
    number = subscriber.add(connection, WISHES, CONTACT, NOW)
    wishes = replace(WISHES, language="en", daily_cap=3, quiet_from=time(21), quiet_to=time(5))
    subscriber.update(connection, number, wishes, replace(CONTACT, name=""), {"daily_cap", "address"})
    (kept,) = subscriber.listed(connection)
    assert (kept.language, kept.daily_cap, kept.quiet_from, kept.name) == ("vi", 3, None, "Lan")


def test_places_are_given_and_taken_away(connection):
    for code in ("dong-dang", "loc-binh"):
        connection.execute(
            "INSERT INTO place (code, kind, name, latitude, longitude) VALUES (%s, 'commune', %s, 21.8, 106.7)",
            [code, code],
        )
    number = subscriber.add(connection, WISHES, CONTACT, NOW)
    places = subscriber.places_of(connection, ["dong-dang", "loc-binh", "nowhere"])
    assert sorted(place.code for place in places) == ["dong-dang", "loc-binh"]
    ids = [place.id for place in places]
    for _ in range(2):
        subscriber.add_places(connection, number, ids)
    assert subscriber.leave_places(connection, number, ids[:1]) == 1
    assert subscriber.leave_places(connection, number, ids) == 1


def test_words_that_nothing_matches_are_told(connection):
    unknown = subscriber.unknown_words(connection, replace(WISHES, audience="sorcerer"))
    assert [(one.field, one.word) for one in unknown] == [("audience", "sorcerer")]
    assert "farmer" in unknown[0].known
    assert subscriber.unknown_words(connection, WISHES) == []


def test_a_refusal_lasts_until_they_agree_again_and_an_erasure_for_ever(connection):
    number = subscriber.add(connection, WISHES, CONTACT, NOW)
    agreement = Agreement("2026-1", "paper", NOW, "test")
    subscriber.agree_now(connection, number, agreement)
    assert subscriber.refusal(connection, CONTACT.kind, CONTACT.address) is None
    later = NOW + timedelta(days=1)
    assert subscriber.stop_now(connection, number, later, "sms")
    assert subscriber.refusal(connection, CONTACT.kind, CONTACT.address) == Refusal(later, erased=False)
    kept = subscriber.record_of(connection, number)
    assert [event.kind for event in kept.consent_events] == ["given", "withdrawn"]
    assert [(one.given_at, one.withdrawn_channel) for one in kept.consents] == [(NOW, "sms")]
    assert subscriber.erase(connection, number, later)
    assert not subscriber.erase(connection, number, later)
    assert not subscriber.stop_now(connection, number, later, "sms")
    assert subscriber.find(connection, CONTACT.kind, CONTACT.address) is None
    assert subscriber.refusal(connection, CONTACT.kind, CONTACT.address) == Refusal(later, erased=True)
    (kept,) = subscriber.listed(connection, state="erased")
    assert (kept.address, kept.name, kept.places) == (None, None, [])


def test_what_leads_to_a_person_is_not_printed(connection):
    subscriber.add(connection, WISHES, CONTACT, NOW)
    for one in (CONTACT, *subscriber.listed(connection)):
        assert "912345" not in repr(one)
        assert "Lan" not in repr(one)


async def test_a_persons_own_word_stops_and_starts_them(database, connection):
    number = subscriber.add(connection, WISHES, CONTACT, NOW)
    connection.commit()
    async with await psycopg.AsyncConnection.connect(database) as asking:
        await subscriber.stop(asking, number, NOW, "sms")
        await subscriber.agree(asking, number, Agreement("2026-1", "sms", NOW + timedelta(hours=1), "sms"))
    (kept,) = subscriber.listed(connection)
    assert (kept.state, kept.consent_given_at) == ("active", NOW + timedelta(hours=1))
    assert [event.kind for event in subscriber.record_of(connection, number).consent_events] == ["withdrawn", "given"]
