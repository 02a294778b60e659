"""Documents that people and programs fetch: warnings as CAP, their feed, audio, pages of bulletins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from psycopg.types.json import Jsonb

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Document:
    """A document to put; one of a name."""

    kind: Literal["cap", "audio", "bulletin"]
    name: str
    content_type: str
    body: bytes
    at: datetime
    #: Whose it is: of a farm it is the farm's. None: everybody's.
    place: int | None = None
    expires: datetime | None = None
    properties: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Warned:
    """What a CAP message says of a step beside its texts: its place, the commune above it, its rule."""

    id: int
    number: int
    started: datetime
    place_code: str
    latitude: float | None
    longitude: float | None
    #: GeoJSON, as the place's.
    geometry: Mapping[str, object] | None
    time_zone: str
    commune_code: str
    commune_name: str
    commune_geometry: Mapping[str, object] | None
    #: The rule in the catalogue; None where it is there no more.
    rule_entry: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What a later CAP message calls an earlier one."""

    reference: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A CAP message in the feed."""

    name: str
    properties: Mapping[str, object]
    expires: datetime | None


async def put(connection: Connection, document: Document) -> None:
    """Put a document in place of what has its name."""
    await query.run(
        connection, "document", "put", kind=document.kind, name=document.name, content_type=document.content_type,
        body=document.body, place=document.place, at=document.at, expires=document.expires,
        properties=Jsonb(document.properties),
    )  # fmt: skip


async def unpublished(connection: Connection, steps: Sequence[int]) -> list[int]:
    """Earlier steps of these steps' alerts that have no CAP message yet."""
    return await query.numbers(connection, "document", "unpublished", steps=list(steps))


async def warned(connection: Connection, steps: Sequence[int]) -> list[Warned]:
    """What CAP messages say of steps beside their texts."""
    return await query.rows(connection, Warned, "document", "warnings", steps=list(steps))


async def references(connection: Connection, alert: int, step: int, now: datetime) -> list[str]:
    """Earlier CAP messages of an alert that one of a step takes the place of (CAP 1.2, section 3.2.1)."""
    values = {"alert": str(alert), "step": step, "now": now}
    return [row.reference for row in await query.rows(connection, Reference, "document", "references", **values)]


async def feed(connection: Connection, now: datetime) -> list[Listed]:
    """CAP messages that everybody may read: not expired, and the newest one of every open alert; newest first."""
    return await query.rows(connection, Listed, "document", "feed", now=now)


async def retire(connection: Connection, audio: Sequence[str], now: datetime) -> None:
    """Let the documents of broadcasts, named by their audio, be of the past."""
    await query.run(connection, "document", "retire", names=list(audio), now=now)
