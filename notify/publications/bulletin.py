"""A commune's farm weather for radio, SMS and page, every morning and every ten days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from psycopg.rows import dict_row

from notify.languages import OFFICIAL
from notify.publications.broadcast import Spoken, ask, speak_of
from notify.settings import NotifySettings
from notify.texts.bulletin_text import compose_all, language_for
from notify.texts.sms_segments import compose
from notify.texts.weather_facts import facts
from store import due
from store.due import Due
from store.pool import Connection
from store.statements import statement

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
    zones = await (await connection.execute(statement("bulletin", "zones"))).fetchall()
    for (zone,) in zones:
        for kind in DAYS:
            at = next_issue(kind, now, zone, settings.bulletin_at)
            await due.plan(connection, "notify", Due(at, "bulletin", f"{kind}:{zone}"))


async def issue(connection: Connection, topic: str, now: datetime, settings: NotifySettings) -> int:
    """Make the bulletins of a kind for a zone's communes, and plan the next; returns how many."""
    kind, _, zone = topic.partition(":")
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("bulletin", "communes"), {"zone": zone})
        communes = await cursor.fetchall()
    made = 0
    for commune in communes:
        made += await _issue(connection, commune, kind, now, settings)
    await due.plan(connection, "notify", Due(next_issue(kind, now, zone, settings.bulletin_at), "bulletin", topic))
    return made


async def _issue(
    connection: Connection, commune: Mapping[str, Any], kind: str, now: datetime, settings: NotifySettings
) -> bool:
    found = await facts(connection, commune, now, DAYS[kind])
    if not found.known:
        return False
    said = dict.fromkeys(language_for(found, language) for language in settings.languages)
    texts = {language: compose_all(found, kind, language) for language in said}
    waits = settings.bulletin_approval
    values = {
        "place": commune["id"],
        "kind": kind,
        "day": found.day,
        "state": "waiting" if waits else "released",
        "at": now,
        "released_at": None if waits else now,
        "texts": json.dumps(texts, ensure_ascii=False),
        "facts": json.dumps(found.document(), ensure_ascii=False, default=str),
    }
    row = await (await connection.execute(statement("bulletin", "insert"), values)).fetchone()
    if row is None:
        return False
    if waits:
        title = next(iter(texts.values()))["title"]
        await ask(connection, "bulletin", f"bulletin:{row[0]}", title, now, now + timedelta(hours=12))
    else:
        await release(connection, int(row[0]), now, settings)
    return True


async def release(connection: Connection, bulletin: int, now: datetime, settings: NotifySettings) -> None:
    """Send a bulletin to its readers, its loudspeakers and the page."""
    await connection.execute(statement("bulletin", "release"), {"bulletin": bulletin, "now": now})
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement("bulletin", "bulletin"), {"bulletin": bulletin})
        row = await cursor.fetchone()
        if row is None:
            return
        await cursor.execute(statement("bulletin", "readers"), {"kind": row["kind"], "commune": row["place"]})
        readers = await cursor.fetchall()
    expires = now + timedelta(hours=12)
    for reader in readers:
        await _deliver(connection, row, reader, now, expires)
    if readers:
        await connection.execute(statement("delivery", "wake_senders"))
    if OFFICIAL in row["texts"] and settings.loudspeakers is not None:
        spoken = Spoken(f"bulletin:{bulletin}", row["place"], row["texts"][OFFICIAL]["radio"], expires)
        await speak_of(connection, spoken, "thong_thuong", now, exercise=settings.exercise)
    await _document(connection, row, now)
    _log.info("bulletin released", bulletin=bulletin, kind=row["kind"], readers=len(readers))


async def _deliver(
    connection: Connection, row: Mapping[str, Any], reader: Mapping[str, Any], now: datetime, expires: datetime
) -> None:
    language = next((code for code in (reader["language"], OFFICIAL) if code in row["texts"]), next(iter(row["texts"])))
    texts = row["texts"][language]
    composed = compose(texts["short"], accents=reader["accents"], most=MOST)
    values = {
        "about": f"bulletin:{row['id']}",
        "bundle": None,
        "subscriber": reader["subscriber"],
        "rung": 0,
        "kind": reader["kind"],
        "place": row["place"],
        "hazard": "",
        "level": 0,
        "language": language,
        "title": texts["title"],
        "text": composed.text,
        "coding": composed.coding,
        "segments": composed.segments,
        "long": texts["page"],
        "at": now,
        "expires": expires,
        "state": "queued",
    }
    await connection.execute(statement("delivery", "insert_delivery"), values)


async def _document(connection: Connection, row: Mapping[str, Any], now: datetime) -> None:
    texts = row["texts"].get(OFFICIAL) or next(iter(row["texts"].values()))
    values = {
        "kind": "bulletin",
        "name": f"bulletin-{row['id']}-page.txt",
        "content_type": "text/plain; charset=utf-8",
        "body": f"{texts['title']}\n\n{texts['page']}\n".encode(),
        "place": row["place"],
        "at": now,
        "expires": None,
        "properties": "{}",
    }
    await connection.execute(statement("document", "put"), values)
