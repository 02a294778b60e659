"""A commune's farm weather for radio, SMS and page, every morning and every ten days."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog

from notify.languages import OFFICIAL
from notify.publications.broadcast import Spoken, ask, speak_of
from notify.settings import NotifySettings
from notify.texts.bulletin_text import compose_all, language_for
from notify.texts.sms_segments import compose
from notify.texts.weather_facts import facts
from store import bulletin as bulletins
from store import delivery, due
from store import document as documents
from store.bulletin import Bulletin, Commune, Reader
from store.delivery import NewDelivery
from store.document import Document
from store.due import Due
from store.pool import Connection

#: Local days of a month on which the ten-day bulletin is issued (the meteorological dekads).
DEKADS = (1, 11, 21)
DAYS = {"daily": 1, "ten_day": 10}
#: Segments that a bulletin's SMS may take.
MOST = 2

_log = structlog.get_logger()


def next_issue(kind: str, after: datetime, zone: str, at: str) -> datetime:
    """First moment after ``after`` at which bulletins of this kind are issued, as aware UTC."""
    local = after.astimezone(ZoneInfo(zone))
    clock = time.fromisoformat(at)
    day = local.date()
    while True:
        moment = datetime.combine(day, clock, ZoneInfo(zone)).astimezone(UTC)
        if moment > after and (kind == "daily" or day.day in DEKADS):
            return moment
        day += timedelta(days=1)


async def plan(connection: Connection, now: datetime, settings: NotifySettings) -> None:
    """Write due rows for the next bulletins of every time zone that has stations."""
    for zone in await bulletins.zones(connection):
        for kind in DAYS:
            at = next_issue(kind, now, zone, settings.bulletin_at)
            await due.plan(connection, "notify", Due(at, "bulletin", f"{kind}:{zone}"))


async def issue(connection: Connection, topic: str, now: datetime, settings: NotifySettings) -> int:
    """Make the bulletins of a kind for a zone's communes, and plan the next; returns how many."""
    kind, _, zone = topic.partition(":")
    made = 0
    for commune in await bulletins.communes(connection, zone):
        made += await _issue(connection, commune, kind, now, settings)
    await due.plan(connection, "notify", Due(next_issue(kind, now, zone, settings.bulletin_at), "bulletin", topic))
    return made


async def _issue(connection: Connection, commune: Commune, kind: str, now: datetime, settings: NotifySettings) -> bool:
    found = await facts(connection, commune, now, DAYS[kind])
    if not found.known:
        return False
    said = dict.fromkeys(language_for(found, language) for language in settings.languages)
    texts = {language: compose_all(found, kind, language) for language in said}
    waits = settings.bulletin_approval
    kept = json.dumps(found.document(), ensure_ascii=False, default=str)
    number = await bulletins.insert(connection, commune.id, kind, found.day, texts, kept, now, released=not waits)
    if number is None:
        return False
    if waits:
        title = next(iter(texts.values()))["title"]
        await ask(connection, "bulletin", f"bulletin:{number}", title, now, now + timedelta(hours=12))
    else:
        await release(connection, number, now, settings)
    return True


async def release(connection: Connection, number: int, now: datetime, settings: NotifySettings) -> None:
    """Send a bulletin to its readers, its loudspeakers and the page."""
    await bulletins.release(connection, number, now)
    made = await bulletins.bulletin(connection, number)
    if made is None:
        return
    readers = await bulletins.readers(connection, made.kind, made.place)
    expires = now + timedelta(hours=12)
    for reader in readers:
        await delivery.insert(connection, _message(made, reader, now, expires))
    if readers:
        await delivery.wake_senders(connection)
    if OFFICIAL in made.texts and settings.loudspeakers is not None:
        spoken = Spoken(f"bulletin:{number}", made.place, made.texts[OFFICIAL]["radio"], expires)
        await speak_of(connection, spoken, "thong_thuong", now, exercise=settings.exercise)
    await documents.put(connection, _page(made, now))
    _log.info("bulletin released", bulletin=number, kind=made.kind, readers=len(readers))


def _message(made: Bulletin, reader: Reader, now: datetime, expires: datetime) -> NewDelivery:
    """A bulletin as a reader gets it: in their language where there is one, else in Vietnamese, else in any."""
    language = next((code for code in (reader.language, OFFICIAL) if code in made.texts), next(iter(made.texts)))
    texts = made.texts[language]
    composed = compose(texts["short"], accents=reader.accents, most=MOST)
    return NewDelivery(
        about=f"bulletin:{made.id}",
        subscriber=reader.subscriber,
        kind=reader.kind,
        place=made.place,
        hazard="",
        level=0,
        language=language,
        title=texts["title"],
        text=composed.text,
        coding=composed.coding,
        segments=composed.segments,
        long=texts["page"],
        at=now,
        expires=expires,
    )


def _page(made: Bulletin, now: datetime) -> Document:
    """A bulletin as a document."""
    texts = made.texts.get(OFFICIAL) or next(iter(made.texts.values()))
    body = f"{texts['title']}\n\n{texts['page']}\n".encode()
    return Document(
        "bulletin", f"bulletin-{made.id}-page.txt", "text/plain; charset=utf-8", body, now, place=made.place
    )
