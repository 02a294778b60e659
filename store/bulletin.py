"""Bulletins of communes: made once a day or dekad, released at once or after approval, and who reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.types.json import Jsonb

from store import query
from store.pool import Connection

#: Texts of a bulletin by language: title, short, radio, page.
Texts = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune that bulletins are made for."""

    id: int
    code: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A bulletin as it was made."""

    id: int
    place: int
    kind: str
    day: date
    state: str
    texts: Texts
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber who gets bulletins, and how."""

    subscriber: int
    kind: str
    language: str
    accents: bool


async def zones(connection: Connection) -> list[str]:
    """Time zones of communes that have a station."""
    return await query.words(connection, "bulletin", "zones")


async def communes(connection: Connection, zone: str) -> list[Commune]:
    """Communes of a time zone that have a station."""
    return await query.rows(connection, Commune, "bulletin", "communes", zone=zone)


async def insert(
    connection: Connection, place: int, kind: str, day: date, texts: Texts, facts: str, at: datetime, *, released: bool
) -> int | None:
    """Write a bulletin and return its number; None where the day has one. ``facts`` are JSON, kept beside the texts."""
    return await query.number(
        connection, "bulletin", "insert", place=place, kind=kind, day=day, texts=Jsonb(texts), facts=facts, at=at,
        state="released" if released else "waiting", released_at=at if released else None,
    )  # fmt: skip


async def bulletin(connection: Connection, number: int) -> Bulletin | None:
    """A bulletin by its number; None where there is none."""
    return await query.row(connection, Bulletin, "bulletin", "bulletin", bulletin=number)


async def release(connection: Connection, number: int, now: datetime) -> None:
    """Mark a bulletin that waits as released."""
    await query.run(connection, "bulletin", "release", bulletin=number, now=now)


async def refuse(connection: Connection, number: int) -> None:
    """Mark a bulletin that waits as refused."""
    await query.run(connection, "bulletin", "refuse", bulletin=number)


async def readers(connection: Connection, kind: str, commune: int) -> list[Reader]:
    """Who agreed to get bulletins of a kind and looks after a place of the commune."""
    return await query.rows(connection, Reader, "bulletin", "readers", kind=kind, commune=commune)
