"""What a commune's loudspeaker says, in its legal class, approved where it is urgent, as text and audio."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from lxml import etree

from notify import languages
from notify.languages import OFFICIAL
from notify.settings import NotifySettings
from notify.step import Step
from notify.texts import text_to_speech
from notify.texts.message_text import advice_of, filled, wording
from notify.texts.sms_segments import headline
from notify.texts.text_normalisation import spelled
from store import approval as approvals
from store import broadcast as broadcasts
from store import bulletin as bulletins
from store import document as documents
from store import due
from store.broadcast import Announced, Laid, NewBroadcast, Unvoiced
from store.document import Document
from store.due import Due
from store.pool import Connection, Pool

#: Legal classes of grassroots broadcasting by level of the rule: ordinary, priority, urgent.
CLASSES = ("thong_thuong", "uu_tien", "khan_cap")
URGENT = CLASSES[-1]
_ATOM = "http://www.w3.org/2005/Atom"

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is to be said, and until when it is of use."""

    about: str
    commune: int
    text: str
    expires: datetime
    play_from: datetime | None = None
    language: str = OFFICIAL


def aloud(steps: list[Step]) -> str:
    """What a loudspeaker says of these steps: the place at length, or all places by name, and what to do."""
    said = wording(max(steps, key=lambda step: (step.level, step.id)).texts, OFFICIAL)
    many = len({step.place for step in steps}) > 1
    names = ", ".join(dict.fromkeys(step.place_name for step in steps))
    text = filled(said.get("group", ""), steps, names) if many else said.get("long") or said.get("short", "")
    return f"{text} {advice_of(said, 'farmer')}".strip()


def announced(text: str, chosen: str, language: str, *, exercise: bool) -> str:
    """A text as it is said aloud: what its class begins with, whether it is a drill, and itself."""
    drill = languages.SHELF.words(language, "frame")["exercise"] if exercise else ""
    return f"{languages.SHELF.words(language, 'loudspeaker')[chosen]} {drill}{text}"


async def speak_of(connection: Connection, said: Spoken, chosen: str, now: datetime, *, exercise: bool) -> int | None:
    """Queue a broadcast once; an urgent one waits for a person. Returns its number, None if it was there."""
    text = announced(said.text, chosen, said.language, exercise=exercise)
    new = NewBroadcast(
        about=said.about,
        place=said.commune,
        legal_class=chosen,
        state="waiting" if chosen == URGENT else "ready",
        language=said.language,
        text=text,
        spoken=spelled(text, said.language),
        at=now,
        play_from=said.play_from or now,
        expires=said.expires,
        exercise=exercise,
    )
    number = await broadcasts.insert(connection, new)
    if number is not None and chosen == URGENT:
        await ask(connection, "broadcast", f"broadcast:{number}", headline(said.text, 160), now, said.expires)
    return number


async def ask(connection: Connection, kind: str, topic: str, title: str, now: datetime, expires: datetime) -> None:
    """Ask for a person's approval; what nobody decides expires."""
    number = await approvals.ask(connection, kind, topic, title, now, expires)
    if number is not None:
        await due.plan(connection, "notify", Due(expires, "approval", str(number)))
        _log.warning("waits for a person's approval: 'nongvu notify approve'", approval=number, topic=topic)


async def expire(connection: Connection, approval: int) -> None:
    """Nobody decided in time."""
    topic = await approvals.expire(connection, approval)
    if topic is None:
        return
    kind, _, number = topic.partition(":")
    if kind == "broadcast":
        await broadcasts.settle(connection, int(number), "expired")
    else:
        await bulletins.refuse(connection, int(number))


async def voice_all(connections: Pool, now: datetime, settings: NotifySettings) -> int:
    """Make the audio of broadcasts that have none yet; returns how many."""
    if settings.loudspeakers is None or not text_to_speech.installed():
        return 0
    async with connections.connection() as connection:
        rows = await broadcasts.unvoiced(connection, now)
    for row in rows:
        audio = await asyncio.to_thread(
            text_to_speech.speak, row.spoken, text_to_speech.of(row.language, settings.voice)
        )
        async with connections.connection() as connection, connection.transaction():
            await _publish(connection, row, audio, now, settings)
        await asyncio.to_thread(_lay_out, settings.loudspeakers, row, audio)
    return len(rows)


async def _publish(
    connection: Connection, row: Unvoiced, audio: text_to_speech.Audio, now: datetime, settings: NotifySettings
) -> None:
    base = name_of(row.about)
    for ending, content_type, body in (
        ("mp3", "audio/mpeg", audio.mp3),
        ("wav", "audio/wav", audio.wav),
        ("txt", "text/plain; charset=utf-8", row.text.encode()),
    ):
        name = f"{base}.{ending}"
        await documents.put(connection, Document("audio", name, content_type, body, now, row.place, row.expires))
    await broadcasts.set_audio(connection, row.id, f"{base}.mp3")
    await write_feed(connection, now, settings)


async def write_feed(connection: Connection, now: datetime, settings: NotifySettings) -> None:
    """Write the feed of what loudspeakers are to say."""
    feed = feed_of(await broadcasts.announced(connection, now), settings.public_url, now)
    await documents.put(connection, Document("audio", "loudspeaker.atom", "application/atom+xml", feed, now))


def name_of(about: str) -> str:
    """Name of a broadcast's documents without their ending: ``bulletin-7``, ``alert-12``."""
    kind, _, number = about.partition(":")
    return f"{'alert' if kind == 'bundle' else kind}-{number}"


def feed_of(rows: list[Announced], address: str, now: datetime) -> bytes:
    """Atom feed of what is to be said, for a province's source-information system or a commune's player."""
    base = f"{address.rstrip('/')}/v1/documents"
    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={"n": "urn:nongvu:broadcast", "a": _ATOM})
    _text(root, "id", f"{base}/loudspeaker.atom")
    titles = [languages.SHELF.words(code, "loudspeaker")["feed"] for code in languages.SHELF.codes]
    _text(root, "title", " / ".join(dict.fromkeys(titles)))
    _text(root, "updated", now.isoformat())
    for row in rows:
        entry = etree.SubElement(root, f"{{{_ATOM}}}entry")
        stem = row.audio.removesuffix(".mp3")
        _text(entry, "id", f"{base}/{stem}")
        _text(entry, "title", f"{row.name}: {row.legal_class}")
        _text(entry, "updated", row.at.isoformat())
        _text(entry, "summary", row.text)
        for ending, content_type in (("mp3", "audio/mpeg"), ("wav", "audio/wav"), ("txt", "text/plain")):
            link = etree.SubElement(entry, f"{{{_ATOM}}}link", rel="enclosure", type=content_type)
            link.set("href", f"{base}/{stem}.{ending}")
        for key, value in (("class", row.legal_class), ("commune", row.code)):
            etree.SubElement(entry, f"{{{_ATOM}}}category", scheme=f"urn:nongvu:broadcast:{key}", term=value)
        for key, moment in (("play_from", row.play_from), ("expires", row.expires)):
            etree.SubElement(entry, f"{{urn:nongvu:broadcast}}{key}").text = moment.isoformat()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _text(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{_ATOM}}}{name}").text = text


def paths_of(folder: Path, row: Laid | Unvoiced) -> list[Path]:
    """Files a player reads: a folder a commune and class, named by the time from which they are to be played."""
    local = row.play_from.astimezone(ZoneInfo(row.time_zone))
    stem = f"{local:%Y%m%dT%H%M}-{name_of(row.about)}"
    return [folder / row.code / row.legal_class / f"{stem}.{ending}" for ending in ("txt", "wav", "mp3")]


def _lay_out(folder: Path, row: Unvoiced, audio: text_to_speech.Audio) -> None:
    for path, body in zip(paths_of(folder, row), (row.text.encode(), audio.wav, audio.mp3), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(body)
        part.replace(path)
