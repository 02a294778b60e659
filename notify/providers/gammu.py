"""Gammu: a USB modem through gammu-smsd's PostgreSQL tables: its outbox, its reports, its inbox."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import psycopg
import structlog
from pydantic import BaseModel, ConfigDict, Field

from notify.message import segments, user_data_header
from notify.provider import Hear, Heard, Kind, Later, Message, Receipt, Sent
from store.statements import statement

KINDS: frozenset[Kind] = frozenset({"phone"})
CONTENT_TYPE = "application/json"
_DELIVERED = frozenset({"DeliveryOK"})
_FAILED = frozenset({"SendingError", "DeliveryFailed", "Error"})

#: Reports remembered as told: more than a modem makes in a second.
REMEMBERED = 2000

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
    _told: dict[tuple[int, int, str], None] = field(default_factory=dict)
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
        except psycopg.OperationalError as error:
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
        word: Literal["delivered", "failed", "underway"] = "failed" if state in _FAILED else "underway"
        return [Receipt(document["id"], "delivered" if state in _DELIVERED else word, state)]

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
        after = None
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.options.database_url) as connection:
                    while True:
                        after = await self._look(connection, hear, after)
                        await asyncio.sleep(self.options.poll)
            except psycopg.Error as error:
                _log.warning("gammu-smsd's database is away", error=type(error).__name__)
                await asyncio.sleep(self.options.poll)

    async def _look(self, connection: psycopg.AsyncConnection[Any], hear: Hear, after: Any) -> Any:
        """Hear what is new; reports are repeated after a restart, which changes nothing."""
        newest = await (await connection.execute(statement("gammu", "newest_report"))).fetchone()
        reports = await connection.execute(statement("gammu", "reports"), {"after": after or "-infinity"})
        for number, position, reference, state in await reports.fetchall():
            # The daemon's times are whole seconds, so the last one is looked at again.
            if (number, position, state) in self._told:
                continue
            self._told[number, position, state] = None
            while len(self._told) > REMEMBERED:
                del self._told[next(iter(self._told))]
            await hear(CONTENT_TYPE, [json.dumps({"id": f"{reference}/{position}", "state": state}).encode()])
        for number, sender, text in await (await connection.execute(statement("gammu", "inbox"))).fetchall():
            said = {"inbox": number, "sender": sender, "text": text}
            await hear(CONTENT_TYPE, [json.dumps(said, ensure_ascii=False).encode()])
            await connection.execute(statement("gammu", "processed"), {"id": number})
        with contextlib.suppress(psycopg.ProgrammingError):
            await connection.commit()
        return newest[0] if newest else after


async def _known(connection: psycopg.AsyncConnection[Any], reference: str) -> bool:
    found = await (await connection.execute(statement("gammu", "known"), {"reference": reference})).fetchone()
    return bool(found and found[0])
