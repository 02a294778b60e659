"""Publish each step as a CAP message in the transaction that takes it, and the feed of all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from notify.grouping.fan_out import load_steps
from notify.languages import OFFICIAL
from notify.publications import cap
from notify.settings import NotifySettings
from notify.step import Step
from notify.texts.message_text import advice_of, title_of, wording
from store import document as documents
from store.document import Document, Warned
from store.pool import Connection, Pool
from telemetry.clock import Clock

_log = structlog.get_logger()


async def publish(connection: Connection, steps: list[Step], now: datetime, settings: NotifySettings) -> None:
    """Write a CAP message for every step, stale ones too; those of their alerts that came before go before them."""
    ids = [step.id for step in steps]
    before = await documents.unpublished(connection, ids)
    steps = sorted([*steps, *(await load_steps(connection, before) if before else ())], key=lambda step: step.id)
    rows = {row.id: row for row in await documents.warned(connection, [step.id for step in steps])}
    for step in steps:
        references = tuple(await documents.references(connection, step.alert, step.id, now))
        await _put(connection, step, rows[step.id], references, settings)


def warn_of(step: Step, row: Warned, references: tuple[str, ...], settings: NotifySettings) -> cap.Warn:
    """What a step's message is made of."""
    entry = row.rule_entry or {}
    said = {}
    known = [language for language in settings.languages if language in step.texts]
    for language in known or [OFFICIAL]:
        texts = wording(step.texts, language)
        said[language] = cap.Said(
            event=event_of(entry, language, step),
            headline=title_of([step], language),
            description=str(texts.get("long") or texts.get("short", "")),
            instruction=advice_of(texts, "farmer") or " ".join(dict.fromkeys(texts.get("advice", {}).values())),
        )
    outlines = cap.rings(row.geometry) or cap.rings(row.commune_geometry)
    return cap.Warn(
        identifier=f"{settings.cap_sender}-{step.alert}-{row.number}",
        sender=settings.cap_sender,
        sender_name=settings.cap_sender_name,
        status="Exercise" if settings.exercise else settings.cap_status,
        kind=step.kind,
        level=step.level,
        basis=step.basis,
        rule=step.rule,
        hazard=step.hazard,
        sent=step.known_at,
        onset=step.at,
        expires=step.expires,
        time_zone=row.time_zone,
        said=said,
        area=", ".join(dict.fromkeys((step.place_name, row.commune_name))),
        codes=(("nongvu:place", row.place_code), ("nongvu:commune", row.commune_code)),
        polygons=outlines,
        circle=None if row.latitude is None or row.longitude is None else (row.latitude, row.longitude),
        references=references if step.kind != "open" else (),
        web=settings.public_url,
        authority=settings.cap_authority,
        urgency=step.urgency,
    )


async def _put(
    connection: Connection, step: Step, row: Warned, references: tuple[str, ...], settings: NotifySettings
) -> None:
    warn = warn_of(step, row, references, settings)
    try:
        root = cap.message(warn)
    except cap.CapError as error:
        # A warning that cannot be published must not hold back the messages to people.
        _log.exception("a CAP message breaks the rules and is not published", step=step.id, reasons=str(error))
        return
    if settings.cap_key is not None and settings.cap_certificate is not None:
        root = cap.signed(root, settings.cap_key.read_bytes(), settings.cap_certificate.read_bytes())
    properties = {
        "alert": str(step.alert),
        "step": step.id,
        "identifier": warn.identifier,
        "reference": cap.reference(warn),
        "sent": cap.moment(warn.sent, warn.time_zone),
        "headline": next(iter(warn.said.values())).headline,
        "area": warn.area,
    }
    message = Document(
        "cap", f"{warn.identifier}.xml", "application/cap+xml", cap.octets(root), step.known_at,
        step.place, step.expires, properties,
    )  # fmt: skip
    await documents.put(connection, message)


@dataclass(slots=True)
class Feed:
    """The feed of warnings, written anew when there is a message that it does not name or one in it has expired."""

    pool: Pool
    clock: Clock
    settings: NotifySettings
    #: There is a message that the feed may not name.
    published: asyncio.Event
    #: When the first message in the feed expires.
    until: datetime | None = None

    async def keep(self) -> None:
        """Write it anew if it has to be."""
        now = self.clock.now()
        if not self.published.is_set() and (self.until is None or now < self.until):
            return
        self.published.clear()
        try:
            async with self.pool.connection() as connection:
                self.until = await publish_feed(connection, now, self.settings)
        except BaseException:
            self.published.set()
            raise


async def publish_feed(connection: Connection, now: datetime, settings: NotifySettings) -> datetime | None:
    """Write the feed anew: once for many messages, and again after a restart, so that none is missing for long.

    Returns when the first of its messages expires, and it has to be written again; None: none in it will.
    """
    rows = await documents.feed(connection, now)
    entries = [{"name": row.name, **row.properties} for row in rows]
    feed = cap.feed(entries, settings.public_url, settings.cap_sender_name, now)
    await documents.put(connection, Document("cap", "cap.atom", "application/atom+xml", feed, now))
    return min((row.expires for row in rows if row.expires and row.expires > now), default=None)


def event_of(entry: Mapping[str, Any], language: str, step: Step) -> str:
    """Name of the event: of the rule's level, else of the rule, else the hazard's word."""
    levels = entry.get("levels") or []
    words = levels[step.level - 1].get("words", {}) if 1 <= step.level <= len(levels) else {}
    said = words.get(language) or words.get(OFFICIAL) or {}
    return str(said.get("name") or entry.get("title", {}).get(language) or step.hazard)
