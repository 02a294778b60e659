"""A USB modem through gammu-smsd's PostgreSQL tables: its outbox, its reports, its inbox."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
import structlog
from pydantic import BaseModel, ConfigDict, Field

from notify.provider import Hear, Heard, Kind, Later, Message, Receipt, Sent
from notify.texts.sms_segments import segments, user_data_header
from store.patience import ABSENT, Patience
from store.statements import statement

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
        parts = segments(message.text)
        try:
            async with await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
                await self._insert(connection, message, parts)
        except ABSENT as error:
            reason = "gammu-smsd's database is away"
            raise Later(reason, unsure=True) from error
        return Sent(tuple(f"{message.reference}/{number}" for number in range(1, len(parts) + 1)), len(parts))

    async def find(self, reference: str) -> bool | None:
        """Whether the outbox or the sent items have it."""
        async with await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
            return await _known(connection, reference)

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

    async def _insert(self, connection: psycopg.AsyncConnection[Any], message: Message, parts: list[str]) -> None:
        await connection.execute(statement("gammu", "hold"), {"reference": message.reference})
        if await _known(connection, message.reference):
            return
        reference = next(self._references)
        wide = message.coding == "ucs2"
        rows = [
            {
                "text": part,
                "coding": "Unicode_No_Compression" if wide else "Default_No_Compression",
                "header": user_data_header(reference, len(parts), n).hex().upper() if len(parts) > 1 else "",
                "position": n,
            }
            for n, part in enumerate(parts, 1)
        ]
        first = rows[0] | {
            "number": message.address,
            "reference": message.reference,
            "multipart": "true" if len(parts) > 1 else "false",
        }
        found = await (await connection.execute(statement("gammu", "insert"), first)).fetchone()
        for row in rows[1:]:
            await connection.execute(statement("gammu", "insert_part"), row | {"id": found[0] if found else 0})

    async def _poll(self, hear: Hear) -> None:
        patience = Patience("gammu", remedy="is the database of gammu-smsd up, and database_url of the route right?")
        while True:
            async with patience, await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
                while True:
                    await self._look(connection, hear)
                    patience.works()
                    await asyncio.sleep(self.options.poll)

    async def _look(self, connection: psycopg.AsyncConnection[Any], hear: Hear) -> None:
        """Hear all that is new, page by page; reports are repeated after a restart, which changes nothing."""
        last: tuple[Any, int, int] = (self._after - MARGIN if self._after else "-infinity", -1, -1)
        while True:
            values = {"after": last[0], "number": last[1], "position": last[2], "most": PAGE}
            page = await (await connection.execute(statement("gammu", "reports"), values)).fetchall()
            fresh = [row for row in page if (row[1], row[2], row[4]) not in self._told]
            if fresh:
                said = [json.dumps({"id": f"{row[3]}/{row[2]}", "state": row[4]}).encode() for row in fresh]
                await hear(CONTENT_TYPE, said)
            self._told |= {(row[1], row[2], row[4]): row[0] for row in fresh}  # only what was kept counts as heard
            if page:
                last = page[-1][:3]
                self._after = max(self._after or last[0], last[0])
            if len(page) < PAGE:
                break
        if self._after is not None:
            self._told = {row: at for row, at in self._told.items() if at >= self._after - MARGIN}
        for number, sender, text in await (await connection.execute(statement("gammu", "inbox"))).fetchall():
            person = {"inbox": number, "sender": sender, "text": text}
            await hear(CONTENT_TYPE, [json.dumps(person, ensure_ascii=False).encode()])
            await connection.execute(statement("gammu", "processed"), {"id": number})
        with contextlib.suppress(psycopg.ProgrammingError):
            await connection.commit()


async def _known(connection: psycopg.AsyncConnection[Any], reference: str) -> bool:
    found = await (await connection.execute(statement("gammu", "known"), {"reference": reference})).fetchone()
    return bool(found and found[0])
