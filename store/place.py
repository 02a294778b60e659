"""Place: the tree of provinces, communes, farms, fields and stations, and the registers it is filled from."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from psycopg import Connection, errors
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from store import audit
from store.list_file import Row, read_list
from store.property import checked, known
from store.statements import statement
from telemetry.reading import CODE

KINDS = ("country", "province", "commune", "village", "farm", "field", "barn", "pond", "reservoir", "river",
         "forest_plot", "station")  # fmt: skip
#: Columns of a list of places that are no properties.
COLUMNS = ("code", "kind", "name", "parent", "longitude", "latitude", "elevation", "time_zone")
#: What ``nongvu place import --register`` knows.
REGISTERS = {"lang-son": "lang_son_communes.csv"}


class PlaceError(ValueError):
    """A place that cannot be; never worth another try."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the tree."""

    code: str
    kind: str
    name: str
    parent: str | None = None
    longitude: float | None = None  # degrees east
    latitude: float | None = None  # degrees north
    elevation: float | None = None  # m above mean sea level
    time_zone: str = "Asia/Ho_Chi_Minh"
    geometry: dict[str, Any] | None = None
    properties: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what the tables would refuse, in words that help."""
        if not CODE.match(self.code):
            raise PlaceError(f"{self.code!r} is no code: use a-z, 0-9 and '-', at most 63 characters")
        if self.kind not in KINDS:
            raise PlaceError(f"{self.kind!r} is no kind of place: choose of {', '.join(KINDS)}")
        if (self.longitude is None) != (self.latitude is None):
            raise PlaceError(f"place {self.code}: give longitude and latitude together, or neither")
        if self.latitude is not None and not -90 <= self.latitude <= 90:
            raise PlaceError(f"place {self.code}: latitude {self.latitude} is not between -90 and 90")
        if self.longitude is not None and not -180 <= self.longitude <= 180:
            raise PlaceError(f"place {self.code}: longitude {self.longitude} is not between -180 and 180")
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise PlaceError(f"place {self.code}: {self.time_zone!r} is no IANA time zone") from error


def add(connection: Connection[Any], place: Place) -> int:
    """Add a place and return its id; `PlaceError` if its code is taken or its parent is unknown."""
    try:
        return _write(connection, place, statement("place", "add"))
    except errors.UniqueViolation as error:
        raise PlaceError(f"place {place.code!r} is there already") from error


def put(connection: Connection[Any], place: Place) -> int:
    """Add a place, or bring the one of the same code up to date, and return its id."""
    return _write(connection, place, statement("place", "put"))


def _write(connection: Connection[Any], place: Place, sql: LiteralString) -> int:
    if place.parent is not None and _id(connection, place.parent) is None:
        raise PlaceError(f"place {place.code}: its parent {place.parent!r} is unknown: add that first")
    row = connection.execute(sql, _parameters(place)).fetchone()
    return int(row[0]) if row else 0


def _id(connection: Connection[Any], code: str) -> int | None:
    row = connection.execute(statement("place", "id_of"), {"code": code}).fetchone()
    return int(row[0]) if row else None


def _parameters(place: Place) -> dict[str, Any]:
    return {
        "code": place.code,
        "kind": place.kind,
        "name": place.name,
        "parent": place.parent,
        "longitude": place.longitude,
        "latitude": place.latitude,
        "elevation": place.elevation,
        "time_zone": place.time_zone,
        "geometry": Jsonb(place.geometry) if place.geometry else None,
        "properties": Jsonb(place.properties),
    }


def change(connection: Connection[Any], code: str, numbers: Mapping[str, float | None]) -> None:
    """Give a place's properties, or take them away (None)."""
    row = connection.execute(
        statement("place", "change"), {"code": code, "properties": Jsonb(dict(numbers))}
    ).fetchone()
    if row is None:
        raise PlaceError(f"there is no place {code!r}: see 'nongvu place list'")
    audit.record(connection, "place set", f"place:{code}", **numbers)


def with_numbers(connection: Connection[Any], places: Iterable[Place], *, strict: bool) -> list[Place]:
    """Places whose properties are numbers that can be; those of other names are refused where ``strict``, else kept."""
    allowed = known(connection, "place")
    found = []
    for place in places:
        given = {name: value for name, value in place.properties.items() if strict or name in allowed}
        numbers = checked(allowed, given, f"place {place.code}")
        found.append(replace(place, properties=place.properties | numbers))
    return found


def listed(connection: Connection[Any], kind: str | None = None, below: str | None = None) -> list[dict[str, Any]]:
    """Places in the order of the tree, of one kind, or below one, or all."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("place", "listed"), {"kind": kind, "below": below}).fetchall()


def feed(
    connection: Connection[Any], place: str, station: str, quantity: str | None = None, since: date | None = None
) -> int:
    """Let a station's datastreams (of one quantity, or all) speak for a field; mark it, and return how many do now."""
    _can_feed(connection, place, station, quantity)
    return _say_feeds(connection, "feed", place, station, quantity, since)


def unfeed(connection: Connection[Any], place: str, station: str, until: date, quantity: str | None = None) -> int:
    """Let a station's datastreams speak for a field no more; mark it, and return how many those are."""
    _can_feed(connection, place, station, quantity)
    return _say_feeds(connection, "unfeed", place, station, quantity, until)


def _can_feed(connection: Connection[Any], place: str, station: str, quantity: str | None) -> None:
    for code in (place, station):
        if _id(connection, code) is None:
            raise PlaceError(f"there is no place {code!r}: see 'nongvu place list'")
    if place == station:
        raise PlaceError(f"the sensors of {station} always speak for it")
    asked = {"station": station, "quantity": quantity}
    row = connection.execute(statement("place", "datastreams_of"), asked).fetchone()
    if not row or not row[0]:
        what = f"datastream of {quantity}" if quantity else "datastreams"
        raise PlaceError(f"{station} has no {what} yet: they come with its gateway's first birth; say it again then")


def _say_feeds(
    connection: Connection[Any], how: str, place: str, station: str, quantity: str | None, day: date | None
) -> int:
    said = {"place": place, "station": station, "quantity": quantity, "day": day}
    moments = [row[0] for row in connection.execute(statement("place", how), said).fetchall()]
    if moments:
        span = {"from_time": moments[0] or "-infinity", "to_time": "infinity"}  # the same day of all
        connection.execute(statement("place", "mark"), {"place": place, "cause": "feeds", **span})
        audit.record(
            connection, f"place {how}", f"place:{place}", station=station, quantity=quantity or "", day=str(day)
        )
    return len(moments)


def register(name: str) -> Iterator[Place]:
    """Places of a published register that comes with Nông Vụ: the province and its communes."""
    if name not in REGISTERS:
        raise PlaceError(f"no register {name!r}: there is {', '.join(REGISTERS)}")
    text = (files("store") / "registers" / REGISTERS[name]).read_text(encoding="utf-8")
    # The province's point and its code 20 are of the same dataset as its communes.
    yield Place("lang-son", "province", "Lạng Sơn", None, 106.728, 21.7736, properties={"register_code": "20"})
    for row in csv.DictReader(text.splitlines()):
        yield Place(row["code"], "commune", row["name"], "lang-son", float(row["longitude"]), float(row["latitude"]),
                    properties={"register_code": row["register_code"], "division": row["kind"]})  # fmt: skip


def from_csv(path: Path) -> Iterator[Place]:
    """Places of a CSV file: code, kind, name, as wanted the others of `COLUMNS`; every further column is a property."""
    return read_list(path, COLUMNS, ("code", "kind", "name"), _place, PlaceError)


def _place(row: Row, further: Row) -> Place:
    def number(name: str) -> float | None:
        return float(row[name]) if row.get(name) else None

    return Place(row["code"], row["kind"], row["name"], row.get("parent") or None, number("longitude"),
                 number("latitude"), number("elevation"), row.get("time_zone") or "Asia/Ho_Chi_Minh",
                 properties=further)  # fmt: skip


def from_geojson(path: Path) -> Iterator[Place]:
    """Places of a GeoJSON file: features with properties code, kind, name and, as wanted, parent and elevation."""
    document = json.loads(path.read_text(encoding="utf-8"))
    for number, feature in enumerate(document.get("features", ())):
        properties = dict(feature.get("properties") or {})
        missing = [name for name in ("code", "kind", "name") if not properties.get(name)]
        if missing:
            raise PlaceError(f"{path.name}, feature {number}: property {', '.join(missing)} is missing")
        code, kind, name = (str(properties.pop(key)) for key in ("code", "kind", "name"))
        geometry = feature.get("geometry")
        point = geometry["coordinates"] if geometry and geometry.get("type") == "Point" else (None, None)
        yield Place(code, kind, name, properties.pop("parent", None), point[0], point[1],
                    properties.pop("elevation", None), properties.pop("time_zone", "Asia/Ho_Chi_Minh"), geometry,
                    properties)  # fmt: skip


def put_all(connection: Connection[Any], places: Iterable[Place]) -> int:
    """Write places in one transaction, all or none, and return how many they were."""
    with connection.transaction():
        return sum(1 for place in places if put(connection, place))
