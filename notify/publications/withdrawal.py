"""What waits for a loudspeaker lives as long as its alert: taken back, asked again, cleaned up."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import structlog

from notify.grouping.fan_out import load_steps
from notify.grouping.grouping import until
from notify.languages import OFFICIAL
from notify.publications.broadcast import CLASSES, Spoken, aloud, announced, paths_of, speak_of, write_feed
from notify.settings import NotifySettings
from notify.step import Step, superseded
from notify.texts import text_to_speech
from notify.texts.sms_segments import headline
from notify.texts.text_normalisation import spelled
from store import approval as approvals
from store import broadcast as broadcasts
from store import document as documents
from store import due
from store.broadcast import Laid
from store.due import Due
from store.pool import Connection, Pool

_log = structlog.get_logger()


async def take_back(
    connection: Connection, commune: int, bundle: int, steps: list[Step], now: datetime, settings: NotifySettings
) -> None:
    """Withdraw what speaks of alerts that these steps end, and say that it is over where it may have been heard."""
    rows = await broadcasts.withdraw(connection, commune, [step.alert for step in steps])
    await approvals.withdraw_broadcasts(connection, [row.id for row in rows])
    speaks = settings.loudspeakers is not None and text_to_speech.installed()
    for row in rows:
        _log.info("withdrawn: its alert is over", broadcast=row.id, was=row.was)
        heard = row.was == "ready" and row.play_from <= now and (row.audio or not speaks)
        over = [step for step in steps if step.rule in row.rules and not superseded(step) and not step.private]
        if heard and over:
            spoken = Spoken(f"over:{bundle}", row.place, aloud(over), until(over, now))
            chosen = CLASSES[min(CLASSES.index(row.legal_class), 1)]
            await speak_of(connection, spoken, chosen, now, exercise=settings.exercise)


async def ask_again(connection: Connection, approval: int, now: datetime, settings: NotifySettings) -> bool:
    """Whether what nobody decided in time is asked again, as its alert is now, because that goes on."""
    asked = await broadcasts.still_asked(connection, approval)
    if asked is None or not asked.steps:
        return False
    steps = await load_steps(connection, asked.steps)
    said, expires = aloud(steps), until(steps, now)
    text = announced(said, asked.legal_class, OFFICIAL, exercise=settings.exercise)
    await broadcasts.say_anew(connection, asked.broadcast, text, spelled(text, OFFICIAL), now, expires)
    await approvals.ask_anew(connection, approval, headline(said, 160), expires)
    await due.plan(connection, "notify", Due(expires, "approval", str(approval)))
    _log.warning("still waits for a person's approval: 'nongvu notify approve'", approval=approval)
    return True


async def clean(connections: Pool, now: datetime, settings: NotifySettings) -> int:
    """Take files out of the players' folders that are withdrawn or have expired; returns of how many broadcasts."""
    async with connections.connection() as connection:
        rows = await broadcasts.outdated(connection, now)
    if not rows or settings.loudspeakers is None:
        return 0
    for row in rows:
        await asyncio.to_thread(_remove, settings.loudspeakers, row)
    async with connections.connection() as connection, connection.transaction():
        await broadcasts.note_cleaned(connection, [row.id for row in rows])
        await documents.retire(connection, [row.audio for row in rows], now)
        await write_feed(connection, now, settings)
    return len(rows)


def _remove(folder: Path, row: Laid) -> None:
    for path in paths_of(folder, row):
        path.unlink(missing_ok=True)
