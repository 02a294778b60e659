"""Tables of gammu-smsd, which drives a USB modem: its outbox, its reports, its inbox.

They are the daemon's own, in a database that need not be ours. Its times have no zone and are whole seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Part:
    """One SMS of a message; ``header``: its user data header in hexadecimal, empty where it is the only part."""

    position: int
    text: str
    coding: str
    header: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the daemon says became of a part; ``reference`` is ours."""

    updated: datetime
    number: int
    position: int
    reference: str
    status: str


@dataclass(frozen=True, slots=True)
class Received:
    """An SMS that somebody sent."""

    number: int
    sender: str = field(repr=False)
    text: str = field(repr=False)


async def hold(connection: Connection, reference: str) -> None:
    """Let nobody else insert a message under this reference until the transaction ends."""
    await query.run(connection, "gammu", "hold", reference=reference)


async def known(connection: Connection, reference: str) -> bool:
    """Whether a message waits to be sent or was sent, in whole or in part."""
    return await query.truth(connection, "gammu", "known", reference=reference)


async def insert(connection: Connection, reference: str, phone: str, parts: Sequence[Part]) -> None:
    """Put a message of one or more parts into the outbox; its delivery is to be reported."""
    first, *others = parts
    number = await query.number(
        connection, "gammu", "insert", reference=reference, phone=phone, multipart=bool(others),
        text=first.text, coding=first.coding, header=first.header,
    )  # fmt: skip
    for part in others:
        await query.run(
            connection, "gammu", "insert_part", number=number,
            position=part.position, text=part.text, coding=part.coding, header=part.header,
        )  # fmt: skip


async def reports(
    connection: Connection, since: datetime | None, most: int, *, number: int = -1, position: int = -1
) -> list[Report]:
    """A page of reports on our messages, in order, behind the report of this time, number and position.

    ``since`` alone: from that second on; None: all.
    """
    values = {"since": since, "number": number, "position": position, "most": most}
    return await query.rows(connection, Report, "gammu", "reports", **values)


async def inbox(connection: Connection) -> list[Received]:
    """Up to a hundred SMS that nobody has taken yet, in order."""
    return await query.rows(connection, Received, "gammu", "inbox")


async def note_taken(connection: Connection, number: int) -> None:
    """Note that an SMS of the inbox was taken."""
    await query.run(connection, "gammu", "processed", number=number)
