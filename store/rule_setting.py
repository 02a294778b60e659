"""What an area's department changed of a rule, since when, and who did it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store import audit, mark
from store.pool import Connection
from store.statements import statement


class UnknownPlace(LookupError):  # noqa: N818 — says what it is
    """A code that no place has."""


class Below(NamedTuple):
    """A place of an area."""

    id: int
    code: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Given:
    """A setting as it stands in the table."""

    rule: str
    code: str
    name: str
    values: dict[str, object]
    valid_from: datetime
    who: str
    said_at: datetime


async def area(connection: Connection, code: str) -> list[Below]:
    """Places at and below one; `UnknownPlace` if there is no such code."""
    cursor = await connection.execute(statement("rule_setting", "area"), {"code": code})
    found = [Below(*row) for row in await cursor.fetchall()]
    if not found:
        message = f"there is no place {code!r}: see 'nongvu place list'"
        raise UnknownPlace(message)
    return found


async def given(connection: Connection, rule: str | None = None) -> list[Given]:
    """Settings of one rule or of all."""
    async with connection.cursor(row_factory=class_row(Given)) as cursor:
        await cursor.execute(statement("rule_setting", "all"), {"rule": rule})
        return await cursor.fetchall()


async def add(
    connection: Connection,
    rule: str,
    code: str,
    values: dict[str, object],
    valid_from: datetime,
    who: str,
    now: datetime,
) -> None:
    """Set a rule for a place and everything below it: dated, audited, and marked to be computed again."""
    async with connection.transaction():
        row = await (await connection.execute(statement("rule_setting", "place"), {"code": code})).fetchone()
        if row is None:
            message = f"there is no place {code!r}: see 'nongvu place list'"
            raise UnknownPlace(message)
        arguments = {"rule": rule, "place": row[0], "values": Jsonb(values), "valid_from": valid_from, "who": who}
        await connection.execute(statement("rule_setting", "add"), arguments | {"said_at": now})
        said = {"rule": rule, "values": values, "valid_from": valid_from.isoformat()}
        await audit.record_asked(connection, who, "rule set", f"place:{code}", **said)
        # also from a day to come: the mark waits until event time reaches it
        await mark.below(connection.cursor(), int(row[0]), min(valid_from, now), max(valid_from, now), "rule")
