"""What the tables know of a commune: its stations' values, the newest forecast, open alerts, what grows there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypedDict

from store import query
from store.pool import Connection


@dataclass(frozen=True, slots=True)
class Source:
    """A station that speaks for a commune."""

    id: int
    name: str
    #: It stands in the commune; else it is the nearest one.
    own: bool


@dataclass(frozen=True, slots=True)
class Extremes:
    """An index of days: its least and most, and the mean of all; averaged over the stations."""

    index: str
    least: float
    most: float
    mean: float


@dataclass(frozen=True, slots=True)
class Total:
    """An index summed over days, and on how many it was 0.1 or more."""

    index: str
    total: float
    days: int


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of a quantity, of the last three hours."""

    quantity: str
    value: float
    at: datetime


class Foretold(TypedDict):
    """What the newest forecast says of a quantity."""

    quantity: str
    least: float
    most: float
    total: float
    source: str


class OpenAlert(TypedDict):
    """The worst alert of a hazard that goes on, and its newest texts by language."""

    hazard: str
    rule: str
    level: int
    texts: dict[str, Any]


class Crop(TypedDict):
    """A crop that grows in a commune: of all its seasons the earliest."""

    crop: str
    sown: date
    #: By language; None where no rule knows the crop.
    title: dict[str, str] | None
    audience: str | None
    stage: float | None
    days_to_irrigation: float | None


async def sources(connection: Connection, commune: int) -> list[Source]:
    """Stations that speak for a commune: its own, else the nearest one; never a farm's."""
    return await query.rows(connection, Source, "commune_weather", "sources", commune=commune)


async def extremes(
    connection: Connection, places: Sequence[int], indices: Sequence[str], first: datetime, last: datetime
) -> list[Extremes]:
    """Daily indices of places from a moment until another."""
    values = {"places": list(places), "indices": list(indices), "first": first, "last": last}
    return await query.rows(connection, Extremes, "commune_weather", "daily_values", **values)


async def totals(
    connection: Connection, places: Sequence[int], indices: Sequence[str], first: datetime, last: datetime
) -> list[Total]:
    """Sums of daily indices of places from a moment until another."""
    values = {"places": list(places), "indices": list(indices), "first": first, "last": last}
    return await query.rows(connection, Total, "commune_weather", "sums", **values)


async def latest(connection: Connection, places: Sequence[int], now: datetime) -> list[Latest]:
    """Newest trusted values of places, averaged."""
    return await query.rows(connection, Latest, "commune_weather", "latest_values", places=list(places), now=now)


async def forecast(connection: Connection, places: Sequence[int], now: datetime, until: datetime) -> list[Foretold]:
    """The newest forecast of places, up to a moment."""
    values = {"places": list(places), "now": now, "until": until}
    return await query.rows(connection, Foretold, "commune_weather", "forecast", **values)


async def open_alerts(connection: Connection, commune: int) -> list[OpenAlert]:
    """What goes on in a commune, however long ago it was told last."""
    return await query.rows(connection, OpenAlert, "commune_weather", "open_alerts", commune=commune)


async def crops(connection: Connection, commune: int, day: date, now: datetime) -> list[Crop]:
    """What grows in a commune on a day."""
    return await query.rows(connection, Crop, "commune_weather", "crops", commune=commune, day=day, now=now)
