"""A USB modem through gammu-smsd's PostgreSQL tables: its outbox, its reports, its inbox."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

import psycopg
import structlog
from pydantic import BaseModel, ConfigDict, Field

from notify.provider import Hear, Heard, Kind, Later, Message, Receipt, Sent
from notify.texts.sms_segments import segments, user_data_header
from store import gammu
from store.gammu import Part, Report
from store.patience import ABSENT, Patience
from store.pool import Connection

KINDS: frozenset[Kind] = frozenset({"phone"})
CONTENT_TYPE = "application/json"
#: Status of sentitems (Gammu SMSD database structure); any other word is unknown.
_STATES: dict[str, Literal["delivered", "failed", "underway"]] = {
    "DeliveryOK": "delivered",
    **dict.fromkeys(("SendingError", "DeliveryFailed", "Error"), "failed"),
    **dict.fromkeys(("SendingOK", "SendingOKNoReport", "DeliveryPending"), "underway"),
}
#: Reports heard at once.
PAGE = 500
#: The daemon's times are whole seconds of when its transaction began: so far back reports are looked at again.
MARGIN = timedelta(minutes=1)

_log = structlog.get_logger()


class GammuOptions(BaseModel):
    """Table of a ``gammu`` route."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    database_url: str = Field(repr=False)  # of the daemon's tables
    poll: float = Field(2.0, gt=0)


@dataclass(slots=True)
class GammuProvider:
    """Puts messages into the outbox once, whatever crashes: our reference is their ``CreatorID``."""

    options: GammuOptions
    kinds: frozenset[Kind] = KINDS
    idempotent: Literal[True] = True
    _hear: Hear | None = None
    _after: datetime | None = None  # daemon's time of the newest report heard
    _told: dict[tuple[int, int, str], datetime] = field(default_factory=dict)  # those that are looked at again
    _polling: asyncio.Task[None] | None = None
    _references: Iterator[int] = field(default_factory=lambda: itertools.cycle(range(256)))

    def listen(self, hear: Hear) -> None:
        """Hand reports and people's messages to ``hear``."""
        self._hear = hear

    async def open(self) -> None:
        """Begin to look for reports and messages."""
        if self._hear is not None:
            self._polling = asyncio.create_task(self._poll(self._hear), name="gammu")

    async def close(self) -> None:
        """Stop looking."""
        if self._polling is not None:
            self._polling.cancel()
            await asyncio.gather(self._polling, return_exceptions=True)

    async def send(self, message: Message) -> Sent:
        """Insert all parts in one transaction, unless this reference is there already."""
        parts = self._parts(message, segments(message.text))
        try:
            async with await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
                await gammu.hold(connection, message.reference)
                if not await gammu.known(connection, message.reference):
                    await gammu.insert(connection, message.reference, message.address, parts)
        except ABSENT as error:
            reason = "gammu-smsd's database is away"
            raise Later(reason, unsure=True) from error
        return Sent(tuple(f"{message.reference}/{number}" for number in range(1, len(parts) + 1)), len(parts))

    async def find(self, reference: str) -> bool | None:
        """Whether the outbox or the sent items have it."""
        async with await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
            return await gammu.known(connection, reference)

    def read(self, content_type: str, payload: bytes) -> list[Receipt | Heard]:
        """Read what the poll kept."""
        document = json.loads(payload)
        if content_type != CONTENT_TYPE or not {"id", "sender"} & set(document):
            message = "not what a poll of gammu's tables keeps"
            raise ValueError(message)
        if "sender" in document:
            return [Heard(document["sender"], document["text"])]
        state = document["state"]
        return [Receipt(document["id"], _STATES.get(state, "unknown"), state)]

    def _parts(self, message: Message, texts: list[str]) -> list[Part]:
        """Parts of a message as the daemon's tables want them; one that stands alone has no header."""
        reference = next(self._references)
        coding = "Unicode_No_Compression" if message.coding == "ucs2" else "Default_No_Compression"
        alone = len(texts) == 1
        return [
            Part(n, text, coding, "" if alone else user_data_header(reference, len(texts), n).hex().upper())
            for n, text in enumerate(texts, 1)
        ]

    async def _poll(self, hear: Hear) -> None:
        patience = Patience("gammu", remedy="is the database of gammu-smsd up, and database_url of the route right?")
        while True:
            async with patience, await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
                while True:
                    await self._look(connection, hear)
                    patience.works()
                    await asyncio.sleep(self.options.poll)

    async def _look(self, connection: Connection, hear: Hear) -> None:
        """Hear all that is new; reports are repeated after a restart, which changes nothing."""
        await self._hear_reports(connection, hear)
        for received in await gammu.inbox(connection):
            person = {"inbox": received.number, "sender": received.sender, "text": received.text}
            await hear(CONTENT_TYPE, [json.dumps(person, ensure_ascii=False).encode()])
            await gammu.note_taken(connection, received.number)
        with contextlib.suppress(psycopg.ProgrammingError):
            await connection.commit()

    async def _hear_reports(self, connection: Connection, hear: Hear) -> None:
        """Hear new reports page by page, from a margin before the newest one that was heard."""
        page = await gammu.reports(connection, self._after - MARGIN if self._after else None, PAGE)
        while page:
            fresh = [report for report in page if _told(report) not in self._told]
            if fresh:
                await hear(CONTENT_TYPE, [_document(report) for report in fresh])
            self._told |= {_told(report): report.updated for report in fresh}  # only what was kept counts as heard
            last = page[-1]
            self._after = max(self._after or last.updated, last.updated)
            if len(page) < PAGE:
                break
            page = await gammu.reports(connection, last.updated, PAGE, number=last.number, position=last.position)
        if self._after is not None:
            self._told = {report: at for report, at in self._told.items() if at >= self._after - MARGIN}


def _told(report: Report) -> tuple[int, int, str]:
    """What makes a report one that was heard before."""
    return report.number, report.position, report.status


def _document(report: Report) -> bytes:
    """A report as it is kept, for `GammuProvider.read`."""
    return json.dumps({"id": f"{report.reference}/{report.position}", "state": report.status}).encode()
