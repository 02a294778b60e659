"""Read what people write (STOP, START, OK, a question about the weather) and answer it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import dropwhile

import structlog

from notify import languages
from notify.delivery.phone import PhoneError, normalised
from notify.languages import OFFICIAL
from notify.people.subscriber import CONSENT_TEXT
from notify.provider import Heard
from notify.texts.message_text import wording
from notify.texts.sms_segments import compose, fold
from notify.texts.weather_facts import Facts, facts
from store import delivery, reply, subscriber
from store.delivery import NewDelivery
from store.pool import Connection

_log = structlog.get_logger()

#: Answers in 24 hours to one subscriber, and to all who have not subscribed together.
MOST_ANSWERS, MOST_TO_STRANGERS = 10, 200

#: Who wants no more: what it begins with, and whether anything may follow; else only words of `_BESIDE`.
STOP = (
    ("STOP", True), ("S T O P", True), ("TC", True), ("TU CHOI", False), ("HUY", False), ("NGUNG", False),
    ("KHONG MUON NHAN", False), ("KHONG NHAN NUA", False), ("KHONG NHAN TIN NUA", False), ("UNSUBSCRIBE", False),
    ("END", False), ("QUIT", False), ("CANCEL", False),
)  # fmt: skip
#: Words before and behind it that people add.
_BEFORE = frozenset(
    {"TOI", "EM", "CON", "CHAU", "BAC", "XIN", "MUON", "DE", "NGHI", "VUI", "LONG", "PLEASE", "I", "WANT", "TO"}
)
_BESIDE = frozenset(
    {"NHAN", "TIN", "NUA", "DK", "DANG", "KY", "LAI", "DI", "NHE", "A", "BAO", "CANH", "THOI", "TIET", "NONG", "VU",
     "NONGVU", "ME", "ALL", "SMS", "MESSAGES"}
)  # fmt: skip
START = frozenset({"START", "DK", "DANG KY", "BAT DAU"})
ACKNOWLEDGE = frozenset({"OK", "OKE", "DA NHAN", "DA BIET", "NHAN", "1", "Y", "YES", "CO"})
#: Characters of a message that are read: more than ten SMS hold, and nobody asks for more.
LONGEST = 2_000
_WEATHER = re.compile(r"(?:THOI TIET|TT|WEATHER)\b\s*(.*)")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a text asks for."""

    kind: str  # stop, start, acknowledgement, weather, unknown
    place: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote."""

    address: str
    subscriber: int | None = None
    language: str = OFFICIAL
    accents: bool = False


def wish(text: str) -> Wish:
    """Understand a person's message, with or without accents, in any case."""
    said = re.sub(r"[^A-Z0-9 ]+", " ", fold(text[:LONGEST]).upper())
    said = " ".join(said.split())
    if _no_more(said.split(), text[:LONGEST]):
        return Wish("stop")
    if said in START:
        return Wish("start")
    if said in ACKNOWLEDGE:
        return Wish("acknowledgement")
    asked = _WEATHER.match(said)
    return Wish("weather", asked[1].strip()) if asked else Wish("unknown")


def _no_more(words: list[str], text: str) -> bool:
    """Whether somebody wants no more messages; ``words`` are those of the text without marks, in capitals."""
    words = list(dropwhile(_BEFORE.__contains__, words))
    for begins, anything in STOP:
        head = begins.split()
        if words[: len(head)] == head and (anything or _BESIDE.issuperset(words[len(head) :])):
            return True
    if words[:1] != ["DUNG"] or not _BESIDE.issuperset(words[1:]):
        return False
    # dừng (stop) and đúng (right) are one word without their marks: the marks tell, or what is said beside it
    marked = unicodedata.normalize("NFC", text).lower()
    return "dừng" in marked or (marked.isascii() and bool({"NHAN", "TIN"} & set(words[1:])))


def weather_text(found: Facts, language: str, alerts: list[str]) -> str:
    """Answer to a question for the weather."""
    words, mark = languages.SHELF.words(language, "weather"), languages.SHELF.language(language).decimal

    def tenths(value: float) -> str:
        return f"{value:.1f}".replace(".", mark)

    parts = []
    if "air_temperature" in found.now:
        parts.append(words["temperature"].format(value=tenths(found.now["air_temperature"])))
    if "relative_humidity" in found.now:
        parts.append(words["humidity"].format(value=round(found.now["relative_humidity"])))
    if "precipitation_sum" in found.total:
        parts.append(words["rain"].format(value=tenths(found.total["precipitation_sum"])))
    if "air_temperature" in found.ahead:
        ahead = found.ahead["air_temperature"]
        parts.append(words["ahead"].format(least=round(ahead["least"]), most=round(ahead["most"])))
    near = not found.own and bool(found.stations)
    where = words["nearest"].format(commune=found.commune, station=found.stations[0]) if near else found.commune
    return ". ".join([f"{where}: {', '.join(parts)}" if parts else "", *alerts]).strip(". ") if parts or alerts else ""


async def answer(connection: Connection, inbound: int, heard: Heard, now: datetime) -> tuple[str, int | None, str]:
    """Do what a person's message asks, queue the answer, and return its kind, whose it is, and a remark."""
    try:
        person = await _person(connection, normalised(heard.sender))
    except PhoneError:
        return "unknown", None, "not from a phone number"
    asked = wish(heard.text)
    said = await _answer(connection, person, asked, now)
    if said:
        await _reply(connection, person, said, f"inbound:{inbound}", now)
    return asked.kind, person.subscriber, ""


async def _person(connection: Connection, phone: str) -> Person:
    found = await reply.sender(connection, phone)
    return Person(phone, found.subscriber, found.language, found.accents) if found else Person(phone)


async def _answer(connection: Connection, person: Person, asked: Wish, now: datetime) -> str:
    """Do what was asked and return what to answer; empty: nothing."""
    says = languages.SHELF.words(person.language, "replies")
    if asked.kind == "weather":
        return await _weather(connection, person, asked.place, now)
    if person.subscriber is None:
        return says["stranger"] if asked.kind == "start" else ""
    if asked.kind == "stop":
        await subscriber.stop(connection, person.subscriber, now, "sms")
        return says["stop"]
    if asked.kind == "start":
        await subscriber.agree(connection, person.subscriber, subscriber.Agreement(CONSENT_TEXT, "sms", now, "sms"))
        return says["start"]
    if asked.kind == "acknowledgement":
        await reply.acknowledge_last(connection, person.subscriber, now)
        return ""
    return says["unknown"]


async def _weather(connection: Connection, person: Person, name: str, now: datetime) -> str:
    wanted = re.sub(r"^(XA|PHUONG|THI TRAN)\s+", "", name)
    places = await reply.places(connection) if wanted else []
    place = next((place for place in places if _key(place.name) == wanted), None)
    if place is None:
        return languages.SHELF.words(person.language, "replies")["no_place"]
    known = await facts(connection, place, now)
    language = languages.SHELF.spoken(person.language, "weather", "replies")
    if any(language not in alert["texts"] for alert in known.alerts):
        language = OFFICIAL  # an alert that nobody has translated: then all of the answer is Vietnamese
    alerts = [str(wording(alert["texts"], language).get("short", "")) for alert in known.alerts]
    return weather_text(known, language, alerts) or languages.SHELF.words(language, "replies")["no_values"].format(
        commune=known.commune
    )


def _key(name: str) -> str:
    """Name of a commune as people type it: no accents, no kind before it."""
    bare = " ".join(re.sub(r"[^A-Z0-9 ]+", " ", fold(name).upper()).split())
    return re.sub(r"^(XA|PHUONG|THI TRAN)\s+", "", bare)


async def _reply(connection: Connection, person: Person, text: str, about: str, now: datetime) -> None:
    """Queue an answer, unless this person, or strangers together, had their share of answers."""
    most = MOST_TO_STRANGERS if person.subscriber is None else MOST_ANSWERS
    if await reply.count_answers(connection, person.subscriber, now) >= most:
        _log.warning("no answer: enough for 24 hours", subscriber=person.subscriber)
        return
    composed = compose(text, accents=person.accents)
    message = NewDelivery(
        about, "phone", place=None, hazard="", level=0, language=person.language, title="", text=composed.text, long="",
        coding=composed.coding, segments=composed.segments, at=now, expires=now + timedelta(hours=1),
        subscriber=person.subscriber,
    )  # fmt: skip
    number = await delivery.insert(connection, message)
    if number is not None and person.subscriber is None:
        await reply.keep_address(connection, number, person.address)
    await delivery.wake_senders(connection)
