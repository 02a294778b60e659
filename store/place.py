"""The tree of provinces, communes, farms, fields and stations, and the registers it is filled from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import LiteralString
from zoneinfo import ZoneInfo

from psycopg import Connection, errors
from psycopg.rows import DictRow, TupleRow, dict_row
from psycopg.types.json import Jsonb

from store import audit, outline
from store.csv_list import Row, lines, read_list
from store.outline import Geometry
from store.property import checked, known
from store.statements import statement
from telemetry.reading import CODE

KINDS = ("country", "province", "commune", "village", "farm", "field", "barn", "pond", "reservoir", "river",
         "forest_plot", "station")  # fmt: skip
#: Columns of a list of places that are no properties.
COLUMNS = ("code", "kind", "name", "parent", "longitude", "latitude", "elevation", "time_zone")
#: Columns that are meant by other names.
LIKE = {
    "lon": "longitude", "lng": "longitude", "long": "longitude", "x": "longitude", "lat": "latitude", "y": "latitude",
    "altitude": "elevation", "timezone": "time_zone", "type": "kind",
}  # fmt: skip
#: Metres above the sea between which places are.
ELEVATIONS = (-500.0, 9000.0)
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
    geometry: Geometry | None = None
    properties: Mapping[str, object] = field(default_factory=dict)
    #: File and row that it came from, as told where it is refused.
    origin: str = field(default="", compare=False)
    #: Its geometry, or its point, once that was checked.
    laid: outline.Outline | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what the tables would refuse, in words that help."""
        if not CODE.match(self.code):
            raise PlaceError(f"{self.code!r} is no code: use a-z, 0-9 and '-', at most 63 characters")
        if self.kind not in KINDS:
            raise PlaceError(f"{self.kind!r} is no kind of place: choose of {', '.join(KINDS)}")
        if (self.longitude is None) != (self.latitude is None):
            raise PlaceError(f"place {self.code}: give longitude and latitude together, or neither")
        if self.elevation is not None and not ELEVATIONS[0] <= self.elevation <= ELEVATIONS[1]:
            raise PlaceError(f"place {self.code}: elevation {self.elevation} m is none on Earth")
        if self.laid is None:
            self._lay()
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError) as error:
            raise PlaceError(f"place {self.code}: {self.time_zone!r} is no IANA time zone") from error

    def _lay(self) -> None:
        """Check where it lies; a place with a geometry gets a point within that."""
        if self.geometry is None and self.longitude is None:
            return
        point = {"type": "Point", "coordinates": (self.longitude, self.latitude)}
        try:
            found = outline.checked(point if self.geometry is None else self.geometry)
        except outline.OutlineError as error:
            raise PlaceError(f"place {self.code}: {error}") from error
        object.__setattr__(self, "laid", found)
        if self.geometry is not None:
            object.__setattr__(self, "geometry", found.geometry)
            object.__setattr__(self, "longitude", found.longitude)
            object.__setattr__(self, "latitude", found.latitude)


def add(connection: Connection[TupleRow], place: Place) -> int:
    """Add a place and return its id; `PlaceError` if its code is taken or its parent is unknown."""
    try:
        return _write(connection, place, statement("place", "add"))
    except errors.UniqueViolation as error:
        raise PlaceError(f"place {place.code!r} is there already") from error


def put(connection: Connection[TupleRow], place: Place) -> int:
    """Add a place, or bring the one of the same code up to date, and return its id."""
    return _write(connection, place, statement("place", "put"))


def _write(connection: Connection[TupleRow], place: Place, sql: LiteralString) -> int:
    if place.parent is not None and _id(connection, place.parent) is None:
        raise PlaceError(f"{_said(place)}: its parent {place.parent!r} is unknown: add that first")
    _lies_well(connection, place)
    row = connection.execute(sql, _parameters(place)).fetchone()
    return int(row[0]) if row else 0


def _said(place: Place) -> str:
    return f"{place.origin}, place {place.code}" if place.origin else f"place {place.code}"


def _lies_well(connection: Connection[TupleRow], place: Place) -> None:
    """Refuse a place far from the one in which it lies, and a point outside of the outline that it has."""
    if place.laid is None:
        return
    with connection.cursor(row_factory=dict_row) as cursor:
        asked = {"code": place.code, "parent": place.parent}
        found = cursor.execute(statement("place", "around"), asked).fetchone() or {}
    own = found.pop("own", None)
    if place.geometry is None and own and not outline.holds(own, place.laid):
        raise PlaceError(f"{_said(place)}: [{place.longitude}, {place.latitude}] lies outside of the outline that it"
                         " has: import that anew, as GeoJSON, or give a point inside")  # fmt: skip
    try:
        outline.near(place.kind, place.laid, outline.Above(**found) if found.get("code") else None)
    except outline.OutlineError as error:
        raise PlaceError(f"{_said(place)}: {error}") from error


def _id(connection: Connection[TupleRow], code: str) -> int | None:
    row = connection.execute(statement("place", "id_of"), {"code": code}).fetchone()
    return int(row[0]) if row else None


def _parameters(place: Place) -> dict[str, object]:
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


def change(connection: Connection[TupleRow], code: str, numbers: Mapping[str, float | None]) -> None:
    """Give a place's properties, or take them away (None)."""
    row = connection.execute(
        statement("place", "change"), {"code": code, "properties": Jsonb(dict(numbers))}
    ).fetchone()
    if row is None:
        raise PlaceError(f"there is no place {code!r}: see 'nongvu place list'")
    audit.record(connection, "place set", f"place:{code}", **numbers)


def end(connection: Connection[TupleRow], code: str, day: date | None) -> None:
    """Say that a station reports no more from a day on, or (None) that it does again."""
    ended = None if day is None else day.isoformat()
    row = connection.execute(
        statement("place", "change"), {"code": code, "properties": Jsonb({"ended": ended})}
    ).fetchone()
    if row is None:
        raise PlaceError(f"there is no place {code!r}: see 'nongvu place list'")
    audit.record(connection, "place end", f"place:{code}", ended=ended)


def with_numbers(connection: Connection[TupleRow], places: Iterable[Place], *, strict: bool) -> list[Place]:
    """Places whose properties are numbers that can be; those of other names are refused where ``strict``, else kept."""
    allowed = known(connection, "place")
    found = []
    for place in places:
        given = {name: value for name, value in place.properties.items()
                 if name in allowed or (strict and value not in (None, ""))}  # fmt: skip
        _no_columns(place, given)
        numbers = checked(allowed, given, _said(place))
        kept = {} if strict else place.properties
        found.append(replace(place, properties={**kept, **numbers}))
    return found


def _no_columns(place: Place, given: Mapping[str, object]) -> None:
    """Tell columns by another name from properties."""
    for name in given:
        plain = name.strip().lower()
        column = LIKE.get(plain, plain if plain in COLUMNS else None)
        if column is not None:
            hint = "the geometry says where it lies: leave it out" if place.geometry else f"write {column!r}"
            raise PlaceError(f"{_said(place)}: {name!r} is no property: {hint}")


def distinct(places: Iterable[Place]) -> list[Place]:
    """Places of a file, each once; `PlaceError` where two have one code."""
    found: dict[str, Place] = {}
    for place in places:
        first = found.setdefault(place.code, place)
        if first is not place:
            raise PlaceError(f"{place.origin}: its code {place.code!r} is that of {first.origin} already")
    return list(found.values())


def listed(connection: Connection[TupleRow], kind: str | None = None, below: str | None = None) -> list[DictRow]:
    """Places in the order of the tree, of one kind, or below one, or all."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement("place", "listed"), {"kind": kind, "below": below}).fetchall()


def feed(
    connection: Connection[TupleRow], place: str, station: str, quantity: str | None = None, since: date | None = None
) -> int:
    """Let a station's datastreams (of one quantity, or all) speak for a field; mark it, and return how many do now."""
    _can_feed(connection, place, station, quantity)
    return _say_feeds(connection, "feed", place, station, quantity, since)


def unfeed(connection: Connection[TupleRow], place: str, station: str, until: date, quantity: str | None = None) -> int:
    """Let a station's datastreams speak for a field no more; mark it, and return how many those are."""
    _can_feed(connection, place, station, quantity)
    return _say_feeds(connection, "unfeed", place, station, quantity, until)


def _can_feed(connection: Connection[TupleRow], place: str, station: str, quantity: str | None) -> None:
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
    connection: Connection[TupleRow], how: str, place: str, station: str, quantity: str | None, day: date | None
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
    for _, row, _ in lines(text, REGISTERS[name], PlaceError):
        yield Place(row["code"], "commune", row["name"], "lang-son", float(row["longitude"]), float(row["latitude"]),
                    properties={"register_code": row["register_code"], "division": row["kind"]})  # fmt: skip


def from_csv(path: Path) -> Iterator[Place]:
    """Places of a CSV file: code, kind, name, as wanted the others of `COLUMNS`; every further column is a property."""
    found = read_list(path, COLUMNS, ("code", "kind", "name"), _place, PlaceError)
    for number, place in found:
        yield replace(place, origin=f"{path.name}, line {number} ({place.name})")


def _place(row: Row, further: Row) -> Place:
    longitude, latitude, elevation = (number_of(name, row.get(name)) for name in ("longitude", "latitude", "elevation"))
    return Place(row["code"], row["kind"], row["name"], row.get("parent") or None, longitude, latitude, elevation,
                 row.get("time_zone") or "Asia/Ho_Chi_Minh", properties=further)  # fmt: skip


def number_of(name: str, value: object) -> float | None:
    """Number of a cell, with a decimal comma as well; None where there is nothing."""
    if value is None or value == "":
        return None
    try:
        return float("no" if isinstance(value, bool) else str(value).strip().replace(",", "."))
    except ValueError:
        unit = "metres" if name == "elevation" else "degrees, as 106.7580"
        raise PlaceError(f"{name} {value!r} is no number: write {unit}") from None


def put_all(connection: Connection[TupleRow], places: Iterable[Place]) -> int:
    """Write places in one transaction, all or none, and return how many they were."""
    with connection.transaction():
        return sum(1 for place in places if put(connection, place))
