"""GeoJSON geometries that lie on Earth, in degrees, with rings that are whole; and a point in each.

RFC 7946 says what a geometry is: longitude before latitude, in degrees of WGS 84, rings closed, none crossing the
antimeridian; the simple features standard (OGC 06-103r4, 6.1.11) says what a whole polygon is. A geometry that is not
so is refused with the very point and what to do; none is mended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np

from store import ring
from store.ring import Array

#: How far [km] parts of a place may lie from its middle: far more than any has, far less than a wrong axis makes.
REACH = {
    "country": 3000.0, "province": 250.0, "commune": 40.0, "village": 20.0, "farm": 30.0, "field": 20.0, "barn": 5.0,
    "pond": 20.0, "reservoir": 100.0, "river": 600.0, "forest_plot": 30.0, "station": 20.0,
}  # fmt: skip
#: Of any other kind.
USUAL_REACH = 100.0
#: How far [km] beyond the outline of a place what belongs to it may lie: borders of two sources differ.
MARGIN = 10.0
#: Coordinate reference systems that are degrees of WGS 84, longitude first, as files of the older GeoJSON name them.
_DEGREES = ("crs84", "epsg:4326", "epsg::4326")
_MEND = "QGIS mends it: Vector geometry ▸ Fix geometries"


#: Positions, lines, rings, polygons: lists within lists, as deep as a geometry's kind wants, and still to be checked.
Coordinates: TypeAlias = Sequence[Any]
#: RFC 7946 §3.1: type and coordinates.
Geometry: TypeAlias = Mapping[str, Any]


class OutlineError(ValueError):
    """A geometry that cannot be a place's; never worth another try."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A geometry that was checked, and a point of it: inside of its polygons, outside of their holes."""

    geometry: Geometry
    longitude: float  # degrees east
    latitude: float  # degrees north
    #: All its positions: (n, 2) array of longitude and latitude [°].
    positions: Array


def position(value: object, where: str = "") -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON position; a third number, the height, is not read.

    Raises
    ------
    OutlineError
        No two or three numbers, or none that are degrees.
    """
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or len(value) not in (2, 3):
        raise OutlineError(f"{where}{_short(value)} is no position: write [longitude, latitude]")
    for number in value:
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise OutlineError(f"{where}{_short(value)}: {_short(number)} is no number: write it without quotes")
        if not abs(number) < 1e15:
            raise OutlineError(f"{where}{_short(value)} is no position: {_short(number)} is no number of degrees")
    longitude, latitude = float(value[0]), float(value[1])
    problem = _no_degrees(longitude, latitude)
    if problem:
        raise OutlineError(f"{where}{_spot(longitude, latitude)} {problem}")
    return longitude, latitude


def _no_degrees(longitude: float, latitude: float) -> str:
    """Why two numbers are no place on Earth, and what to do; empty where they are one."""
    if abs(longitude) > 400 or abs(latitude) > 400:
        return "are metres of a map projection (VN-2000, UTM), no degrees: export the layer in WGS 84 (EPSG:4326)"
    if abs(latitude) > 90:
        swapped = "; it seems to have the latitude first: write longitude, then latitude"
        hint = swapped if abs(longitude) <= 90 and abs(latitude) <= 180 else ""
        return f"is no place: latitude {latitude:g} is not between -90 and 90{hint}"
    if abs(longitude) > 180:
        return f"is no place: longitude {longitude:g} is not between -180 and 180"
    if longitude == 0 and latitude == 0:
        return "lies in the sea off Africa: programs write it where they know no position; leave it out, or measure it"
    return ""


def checked(geometry: object) -> Outline:
    """Outline of a GeoJSON Point, LineString, Polygon or their Multi- kinds of lines and polygons.

    Raises
    ------
    OutlineError
        What is wrong with it, where, and what to do.
    """
    if not isinstance(geometry, Mapping):
        raise OutlineError(f"{_short(geometry)} is no geometry")
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    degrees(geometry)
    if kind == "Point":
        spot = position(coordinates)
        return Outline({"type": kind, "coordinates": coordinates}, *spot, np.array([spot]))
    if kind in {"LineString", "MultiLineString"}:
        return _of_lines(str(kind), coordinates or ())
    if kind in {"Polygon", "MultiPolygon"}:
        return _of_polygons(str(kind), coordinates or ())
    raise OutlineError(f"geometry {_short(kind)}: a place has a Polygon, a MultiPolygon, a LineString or a Point;"
                       " split it into features, or merge its polygons into one MultiPolygon")  # fmt: skip


def degrees(document: Mapping[str, object]) -> None:
    """Refuse what an older GeoJSON says to be in another coordinate reference system than WGS 84 in degrees."""
    if "crs" not in document:
        return
    crs = document["crs"]
    properties = crs.get("properties") if isinstance(crs, Mapping) else None
    name = str(properties.get("name", "")) if isinstance(properties, Mapping) else ""
    if not name.lower().endswith(_DEGREES):
        raise OutlineError(f"its crs is {_short(name or crs)}: export it in WGS 84 (EPSG:4326)")


def _of_lines(kind: str, coordinates: Coordinates) -> Outline:
    lines = _several(coordinates, "line") if kind == "MultiLineString" else [coordinates]
    found = [_line(line, f"line {number}, " if len(lines) > 1 else "") for number, line in enumerate(lines, start=1)]
    for number, line in enumerate(found, start=1):
        if len(ring.without_repeats(line)) < 2:
            raise OutlineError(f"line {number} at {_spot(*line[0])} has no length: give two points that differ")
    longest = max(found, key=len)
    middle = longest[len(longest) // 2]
    return Outline(
        {"type": kind, "coordinates": coordinates}, float(middle[0]), float(middle[1]), np.concatenate(found)
    )


def _of_polygons(kind: str, coordinates: Coordinates) -> Outline:
    parts = _several(coordinates, "polygon") if kind == "MultiPolygon" else [coordinates]
    polygons, names = [], []
    for number, part in enumerate(parts, start=1):
        where = f"polygon {number}, " if len(parts) > 1 else ""
        titles = [f"{where}{'ring' if not row else f'hole {row}'}" for row in range(len(_several(part, "ring", where)))]
        polygons.append([_ring(one, f"{title}, ") for one, title in zip(part, titles, strict=True)])
        names.append(titles)
    _whole(polygons, names)
    for number, polygon in enumerate(polygons):
        _holes(polygon, names[number])
    _disjoint(polygons, names)
    largest = max(polygons, key=_ground)
    turned = [_turned(part, polygon) for part, polygon in zip(parts, polygons, strict=True)]
    kept: Geometry = {"type": kind, "coordinates": turned if kind == "MultiPolygon" else turned[0]}
    return Outline(kept, *ring.within(largest), np.concatenate([one for polygon in polygons for one in polygon]))


def _ground(polygon: Sequence[Array]) -> float:
    """Area [m²] of a polygon without its holes."""
    return abs(ring.area(polygon[0])) - sum(abs(ring.area(hole)) for hole in polygon[1:])


def _several(value: object, what: str, where: str = "") -> Coordinates:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        raise OutlineError(f"{where}it has no {what}: leave the geometry out (null) where there is none")
    return value


def _line(value: object, where: str) -> Array:
    points = _several(value, "points", where)
    found = np.array([position(point, f"{where}point {n}: ") for n, point in enumerate(points, start=1)])
    jump = np.flatnonzero(np.abs(np.diff(found[:, 0])) > 180.0)
    if len(jump):
        ends = f"{_spot(*found[jump[0]])} to {_spot(*found[jump[0] + 1])}"
        raise OutlineError(f"{where}from {ends} it goes over the antimeridian: split it there (RFC 7946, 3.1.9),"
                           " or mend the sign of the longitude")  # fmt: skip
    return found


def _ring(value: object, where: str) -> Array:
    """Closed ring of four positions or more, without repeated points, that holds some ground."""
    line = _line(value, where)
    first, last = line[0], line[-1]
    if len(line) < 4:
        raise OutlineError(f"{where}from {_spot(*first)}: {len(line)} points make no area: a ring has four or more,"
                           " the last as the first")  # fmt: skip
    if (first != last).any():
        raise OutlineError(f"{where}is not closed: it begins at {_spot(*first)} and ends at {_spot(*last)}:"
                           " repeat the first point at its end")  # fmt: skip
    kept = ring.without_repeats(line)
    if len(kept) < 4 or ring.width(kept) < 1e-9:  # a tenth of a millimetre
        raise OutlineError(f"{where}at {_spot(*first)} has no area: all its points lie on one line or spot")
    return kept


def _whole(polygons: Sequence[Sequence[Array]], names: Sequence[Sequence[str]]) -> None:
    """No ring touches itself; no two cross or run along each other."""
    titles = [title for polygon in names for title in polygon]
    for met in ring.contacts([one for polygon in polygons for one in polygon]):
        (one, first), (other, second) = met.first, met.second
        spot = _spot(*met.point)
        sides = f"sides {first + 1} and {second + 1}"
        if one == other:
            raise OutlineError(f"{titles[one]} {'crosses' if met.crosses else 'touches'} itself at {spot} ({sides}):"
                               f" {_MEND}")  # fmt: skip
        if met.crosses:
            raise OutlineError(f"{titles[one]} and {titles[other]} cross or lie along each other at {spot} ({sides}):"
                               f" {_MEND}, and dissolve what is one")  # fmt: skip


def _holes(polygon: Sequence[Array], names: Sequence[str]) -> None:
    """Every hole lies in its ring and in no other hole; rings do not cross by now, but may touch in points."""
    shell, holes = polygon[0], polygon[1:]
    for title, hole in zip(names[1:], holes, strict=True):
        outside = _outside(shell, hole)
        if outside is not None:
            raise OutlineError(f"{title} lies outside of its ring at {_spot(*outside)}: give each area a polygon of its"
                               f" own, holes after their ring ({_MEND})")  # fmt: skip
    for (title, hole), (other, larger) in combinations(zip(names[1:], holes, strict=True), 2):
        for inner, outer in ((hole, larger), (larger, hole)):
            if ring.boxes_meet(inner, outer) and ring.contains([outer], np.array([ring.within([inner])]))[0]:
                raise OutlineError(f"{title} and {other} lie in each other at {_spot(*ring.within([inner]))}: what is"
                                   f" within a hole is a polygon of its own ({_MEND})")  # fmt: skip


def _outside(shell: Array, hole: Array) -> Array | None:
    """A point of a hole that is not within the shell."""
    points = np.concatenate([hole[:-1], (hole[:-1] + hole[1:]) / 2, [ring.within([hole])]])
    out = points[~ring.contains([shell], points)]
    out = out[~ring.on_boundary(shell, out)]
    return out[0] if len(out) else None


def _disjoint(polygons: Sequence[Sequence[Array]], names: Sequence[Sequence[str]]) -> None:
    """No polygon of several lies within another."""
    for one, other in combinations(range(len(polygons)), 2):
        for inner, outer in ((one, other), (other, one)):
            if not ring.boxes_meet(polygons[inner][0], polygons[outer][0]):
                continue
            spot = ring.within(polygons[inner])
            if ring.contains(polygons[outer], np.array([spot]))[0]:
                raise OutlineError(f"{names[inner][0]} lies within {names[outer][0]} at {_spot(*spot)}: make it a hole,"
                                   " or leave it out")  # fmt: skip


def _turned(part: Coordinates, polygon: Sequence[Array]) -> list[Coordinates]:
    """Rings as RFC 7946 turns them: shell anticlockwise, holes clockwise; the positions as they were given."""
    right = [(ring.area(one) > 0) == (number == 0) for number, one in enumerate(polygon)]
    return [list(one) if ok else list(reversed(one)) for one, ok in zip(part, right, strict=True)]


def holds(geometry: Mapping[str, object], other: Outline) -> bool:
    """Whether a stored (multi)polygon has another's point inside or on its border; true of all that is no polygon."""
    try:
        kept = checked(geometry).geometry
    except OutlineError:  # of an earlier version: 'nongvu store check' names it
        return True
    if kept["type"] not in {"Polygon", "MultiPolygon"}:
        return True
    parts = kept["coordinates"] if kept["type"] == "MultiPolygon" else [kept["coordinates"]]
    point = np.array([[other.longitude, other.latitude]])
    rings = [np.array([spot[:2] for spot in one], np.float64) for part in parts for one in part]
    return bool(ring.contains(rings, point)[0]) or any(bool(ring.on_boundary(one, point)[0]) for one in rings)


@dataclass(frozen=True, slots=True)
class Above:
    """The nearest place above of which it is known where it lies."""

    code: str
    name: str
    kind: str
    longitude: float
    latitude: float
    geometry: Geometry | None = None


def near(kind: str, outline: Outline, above: Above | None) -> None:
    """Refuse an outline that is too wide for its kind of place, or too far from the place in which it shall lie.

    Raises
    ------
    OutlineError
        Its farthest point, how far that is, and what may be wrong.
    """
    middle = (outline.longitude, outline.latitude)
    far, spot = _farthest(outline.positions, *middle)
    reach = REACH.get(kind, USUAL_REACH)
    if far > reach:
        raise OutlineError(f"{_spot(*spot)} lies {far:,.0f} km from {_spot(*middle)} of the same outline: a {kind} has"
                           f" at most {reach:g} km; mend that point")  # fmt: skip
    if above is None:
        return
    positions = np.array([middle]) if kind in {"river", "country"} else outline.positions  # rivers come from elsewhere
    far, spot = _farthest(positions, above.longitude, above.latitude)
    reach = _reach(above)
    if far > reach:
        turned = ring.distances(np.array([spot[::-1]]), above.longitude, above.latitude)[0] / 1000.0
        swapped = abs(spot[0]) <= 90 and turned <= reach
        hint = "longitude and latitude are swapped" if swapped else "mend its coordinates, or its parent"
        raise OutlineError(f"{_spot(*spot)} lies {far:,.0f} km from {above.code} ({above.name}), in which it should"
                           f" lie: more than {reach:,.0f} km; {hint}")  # fmt: skip


def _reach(above: Above) -> float:
    """How far [km] from its point what lies in a place may be: its outline's radius and a margin, else its kind's."""
    spots = _corners(above.geometry or {})
    if len(spots) < 3:
        return REACH.get(above.kind, USUAL_REACH)
    return _farthest(spots, above.longitude, above.latitude)[0] + MARGIN


def _corners(geometry: Geometry) -> Array:
    """Positions of a stored (multi)polygon; none where an earlier version took it unchecked and it is no place."""
    none = np.empty((0, 2))
    if geometry.get("type") not in {"Polygon", "MultiPolygon"}:
        return none
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    try:
        found = np.array([spot[:2] for part in parts for one in part for spot in one], np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        return none
    return found if (np.abs(found) <= (180.0, 90.0)).all() else none


def _farthest(positions: Array, longitude: float, latitude: float) -> tuple[float, tuple[float, float]]:
    apart = ring.distances(positions, longitude, latitude) / 1000.0
    worst = int(np.argmax(apart))
    return float(apart[worst]), (float(positions[worst, 0]), float(positions[worst, 1]))


def _spot(longitude: float, latitude: float) -> str:
    return f"[{float(longitude):.10g}, {float(latitude):.10g}]"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
