"""Outlines: what is no place on Earth is refused with its point; a point within is always inside."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from store import outline, ring
from store.outline import Above, OutlineError, checked, near

SQUARE = [[106.7, 21.8], [106.8, 21.8], [106.8, 21.9], [106.7, 21.9], [106.7, 21.8]]
HOLE = [[106.72, 21.82], [106.72, 21.84], [106.74, 21.84], [106.74, 21.82], [106.72, 21.82]]


def moved(points, east=0.0, north=0.0):
    return [[x + east, y + north] for x, y in points]


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def multi(*polygons):
    return {"type": "MultiPolygon", "coordinates": [list(rings) for rings in polygons]}


def point(*numbers):
    return {"type": "Point", "coordinates": list(numbers)}


WRONG = {
    "metres": (polygon([[449314.3, 2417549.6], [449400, 2417549.6], [449400, 2417600], [449314.3, 2417549.6]]),
               ("449314.3, 2417549.6", "VN-2000", "WGS 84")),
    "a point in metres": (point(449314.3, 2417549.6), ("449314.3", "EPSG:4326")),
    "latitude first": (polygon([p[::-1] for p in SQUARE]), ("21.8, 106.7", "latitude first")),
    "beyond the pole": (point(106.7, 91.5), ("latitude 91.5",)),
    "beyond the date line": (point(181.5, 21.8), ("longitude 181.5",)),
    "nowhere": (point(0, 0), ("[0, 0]", "know no position")),
    "NaN": (point(math.nan, 21.8), ("nan",)),
    "infinity": (polygon([*SQUARE[:2], [106.8, math.inf], *SQUARE[3:]]), ("point 3", "inf")),
    "a number beyond all": (point(10**400, 21.8), ("no number of degrees",)),
    "text": (point("106.7", "21.8"), ("'106.7'", "without quotes")),
    "a truth": (point(True, False), ("True",)),
    "null": (point(None, 21.8), ("None",)),
    "one number": (point(106.7), ("no position",)),
    "four numbers": (point(106.7, 21.8, 5, 7), ("no position",)),
    "no coordinates": ({"type": "Point"}, ("no position",)),
    "empty": (polygon(), ("no ring", "null")),
    "an empty ring": (polygon([]), ("no points",)),
    "a ring that is text": (polygon("106.7 21.8"), ("no points",)),
    "no list": ({"type": "Polygon", "coordinates": 7}, ("no ring",)),
    "unclosed": (polygon(SQUARE[:-1]), ("not closed", "[106.7, 21.8]", "[106.7, 21.9]")),
    "three points": (polygon([*SQUARE[:2], SQUARE[0]]), ("3 points",)),
    "no area": (polygon([SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[0]]), ("no area",)),
    "on one line": (polygon([[106.7, 21.8], [106.8, 21.8], [106.75, 21.8], [106.7, 21.8]]), ("no area",)),
    "one point four times": (polygon([SQUARE[0]] * 4), ("no area", "[106.7, 21.8]")),
    "a bow tie": (polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]), ("crosses itself at [106.75, 21.85]",)),
    "a spike": (polygon([SQUARE[0], SQUARE[1], [106.9, 21.8], SQUARE[1], *SQUARE[2:]]), ("itself at", "21.8")),
    "a figure of eight": (polygon([[106, 21], [106.1, 21.1], [106.2, 21], [106.2, 21.2], [106.1, 21.1], [106, 21.2], [106, 21]]),
                          ("touches itself at [106.1, 21.1]",)),
    "a hole outside": (polygon(SQUARE, moved(HOLE, 0.5)), ("hole 1", "outside of its ring")),
    "a hole across": (polygon(SQUARE, moved(HOLE, 0.07)), ("ring and hole 1 cross",)),
    "a hole as large": (polygon(SQUARE, SQUARE), ("ring and hole 1",)),
    "the hole first": (polygon(HOLE, SQUARE), ("hole 1", "outside of its ring")),
    "a hole through corners": (polygon(SQUARE, [SQUARE[0], [106.65, 21.85], SQUARE[3], [106.72, 21.85], SQUARE[0]]),
                               ("hole 1",)),
    "holes that cross": (polygon(SQUARE, HOLE, moved(HOLE, 0.01, 0.01)), ("hole 1 and hole 2 cross",)),
    "a hole in a hole": (polygon(SQUARE, [[106.71, 21.81], [106.71, 21.89], [106.79, 21.89], [106.71, 21.81]], HOLE),
                         ("hole 2", "hole")),
    "the same hole twice": (polygon(SQUARE, HOLE, HOLE), ("hole 1 and hole 2",)),
    "polygons that cross": (multi([SQUARE], [moved(SQUARE, 0.05, 0.05)]), ("polygon 1, ring and polygon 2, ring cross",)),
    "a polygon in another": (multi([SQUARE], [HOLE]), ("polygon 2", "lies within polygon 1")),
    "the same polygon twice": (multi([SQUARE], [SQUARE]), ("polygon 1, ring and polygon 2, ring",)),
    "over the antimeridian": (polygon([[179.9, 16], [-179.9, 16], [-179.9, 16.1], [179.9, 16.1], [179.9, 16]]),
                              ("[179.9, 16] to [-179.9, 16]", "antimeridian")),
    "a lost sign": (polygon([SQUARE[0], [-106.8, 21.8], *SQUARE[2:]]), ("[-106.8, 21.8]", "sign")),
    "a collection": ({"type": "GeometryCollection", "geometries": [point(106.7, 21.8)]}, ("GeometryCollection", "MultiPolygon")),
    "many points": ({"type": "MultiPoint", "coordinates": [[106.7, 21.8]]}, ("MultiPoint",)),
    "no type": ({"coordinates": [106.7, 21.8]}, ("None",)),
    "a list": ([106.7, 21.8], ("no geometry",)),
    "a line of one spot": ({"type": "LineString", "coordinates": [[106.7, 21.8], [106.7, 21.8]]}, ("no length",)),
    "its own crs": (polygon(SQUARE) | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::9215"}}},
                    ("EPSG::9215", "WGS 84")),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_outline_is_refused_with_the_point_and_the_remedy(name):
    geometry, says = WRONG[name]
    with pytest.raises(OutlineError) as refused:
        checked(geometry)
    for text in says:
        assert text in str(refused.value), str(refused.value)


RIGHT = {
    "a square": polygon(SQUARE),
    "clockwise": polygon(SQUARE[::-1]),
    "with heights": polygon([[*p, 250.5] for p in SQUARE]),
    "with a hole": polygon(SQUARE, HOLE),
    "a hole that touches in a point": polygon(SQUARE, [[106.7, 21.85], [106.74, 21.84], [106.74, 21.86], [106.7, 21.85]]),
    "a hole wound like its ring": polygon(SQUARE, HOLE[::-1]),
    "repeated points": polygon([SQUARE[0], SQUARE[0], *SQUARE[1:]]),
    "two": multi([SQUARE, HOLE], [moved(SQUARE, 0.2)]),
    "two that touch in a point": multi([SQUARE], [moved(SQUARE, 0.1, 0.1)]),
    "an island in a hole": multi([SQUARE, HOLE], [[[106.725, 21.825], [106.735, 21.825], [106.73, 21.835], [106.725, 21.825]]]),
    "a point on a straight side": polygon([SQUARE[0], [106.75, 21.8], *SQUARE[1:]]),
    "a sào": polygon([[106.7, 21.8], [106.7001836, 21.8], [106.7001836, 21.8001707], [106.7, 21.8001707], [106.7, 21.8]]),
    "with the old name of WGS 84": polygon(SQUARE) | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}},
}  # fmt: skip


def strictly_inside(geometry, x, y):
    """Even-odd by exact numbers, an implementation of its own; on a border is not inside."""
    parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    x, y = Fraction(x), Fraction(y)
    count = 0
    for one in (one for part in parts for one in part):
        spots = [(Fraction(p[0]), Fraction(p[1])) for p in one]
        for (x0, y0), (x1, y1) in pairwise(spots):
            turn = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
            if turn == 0 and min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1):
                return False
            if (y0 > y) != (y1 > y):
                count += (turn > 0) == (y1 > y0)
    return count % 2 == 1


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_whole_is_taken_and_has_a_point_inside(name):
    found = checked(RIGHT[name])
    assert strictly_inside(found.geometry, found.longitude, found.latitude)
    assert set(found.geometry) == {"type", "coordinates"}
    parts = (
        found.geometry["coordinates"] if found.geometry["type"] == "MultiPolygon" else [found.geometry["coordinates"]]
    )
    for part in parts:
        turns = [ring.area(np.array([p[:2] for p in one])) > 0 for one in part]
        assert turns == [True] + [False] * (len(part) - 1)  # RFC 7946, 3.1.6


@given(
    st.lists(st.floats(0.02, 1.0), min_size=3, max_size=40), st.floats(1e-4, 1.0), st.floats(0.05, 0.9), st.booleans()
)
def test_the_point_of_any_star_with_a_hole_is_inside(radii, size, share, holed):
    """Stars with arms of all lengths: concave, thin; with a hole about the middle that takes most of it."""
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    spots = np.c_[np.cos(angles), np.sin(angles)] * np.array(radii)[:, None] * size

    def closed(array):
        listed = (array + np.array([106.7, 21.8])).tolist()
        return [*listed, listed[0]]

    geometry = polygon(closed(spots), *([closed(spots[::-1] * share)] if holed else []))
    try:
        found = checked(geometry)
    except OutlineError as error:
        assume("no area" not in str(error))  # of three arms two may lie on one line
        raise
    assert strictly_inside(geometry, found.longitude, found.latitude)


@given(st.lists(st.tuples(st.integers(-30, 30), st.integers(-30, 30)), min_size=3, max_size=9))
def test_whatever_is_taken_does_not_cross_itself(corners):
    """Any polygon of corners of a lattice: taken just when no two sides meet, by exact comparison of all pairs."""
    spots = [[107 + x / 64, 22 + y / 64] for x, y in corners]
    spots = [*spots, spots[0]]
    try:
        found = checked(polygon(spots))
    except OutlineError:
        assert not _simple(corners)
        return
    assert _simple(corners)
    assert strictly_inside(found.geometry, found.longitude, found.latitude)


def _simple(corners):
    kept = [c for n, c in enumerate(corners) if c != corners[n - 1]]
    count = len(kept)
    if count < 3:
        return False

    def turn(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    def on(a, b, c):
        return (
            turn(a, b, c) == 0
            and min(a[0], b[0]) <= c[0] <= max(a[0], b[0])
            and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])
        )

    sides = [(kept[n], kept[(n + 1) % count]) for n in range(count)]
    for n, (a, b) in enumerate(sides):
        for m in range(n + 1, count):
            c, d = sides[m]
            if m == n + 1 or (n == 0 and m == count - 1):
                shared, one, other = (
                    (b, a, d) if m == n + 1 and not (n == 0 and m == count - 1 and count == 2) else (a, b, c)
                )
                if on(shared, one, other) or on(shared, other, one):
                    return False
                continue
            signs = turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
            if signs or on(a, b, c) or on(a, b, d) or on(c, d, a) or on(c, d, b):
                return False
    return True


def test_a_long_outline_takes_no_time():
    angles = np.linspace(0, 2 * np.pi, 20_001)[:-1]
    radii = 0.3 * (1 + 0.2 * np.sin(40 * angles))
    spots = (np.c_[np.cos(angles), np.sin(angles)] * radii[:, None] + [106.7, 21.8]).tolist()
    found = checked(polygon([*spots, spots[0]]))
    assert strictly_inside(found.geometry, found.longitude, found.latitude)
    spots[100], spots[13_000] = spots[13_000], spots[100]
    with pytest.raises(OutlineError, match="crosses itself"):
        checked(polygon([*spots, spots[0]]))


LANG_SON = Above("lang-son", "Lạng Sơn", "province", 106.728, 21.7736)


@pytest.mark.parametrize(
    ("kind", "geometry", "above", "says"),
    [
        ("commune", polygon(moved(SQUARE, -6.0)), LANG_SON, ("[100.7, 21.8]", "lang-son", "more than 250 km")),
        ("station", point(21.7, 60.0), LANG_SON, ("lang-son",)),
        ("station", point(40.64, -73.78), Above("ny", "New York", "province", -73.9, 40.7), ("swapped",)),
        ("field", polygon([*SQUARE[:2], [108.8, 21.85], *SQUARE[2:]]), None, ("[108.8, 21.85]", "a field has at most")),
        ("field", polygon(moved(SQUARE, 1.0)), Above("c", "C", "commune", 106.75, 21.85, polygon(SQUARE)), ("[107.8,",)),
    ],
)  # fmt: skip
def test_what_lies_far_from_its_place_is_refused(kind, geometry, above, says):
    with pytest.raises(OutlineError) as refused:
        near(kind, checked(geometry), above)
    for text in says:
        assert text in str(refused.value), str(refused.value)


def test_what_lies_near_is_taken():
    for kind, geometry in (
        ("commune", polygon(SQUARE)),
        ("station", point(106.34, 21.51)),
        ("river", point(104.0, 23.0)),
    ):
        near(kind, checked(geometry), LANG_SON if kind != "river" else None)
    commune = Above("c", "C", "commune", 106.75, 21.85, polygon(SQUARE))
    near("field", checked(polygon(HOLE)), commune)
    near("station", checked(point(106.85, 21.85)), commune)  # borders of two sources differ
    assert outline.holds(polygon(SQUARE, HOLE), checked(point(106.75, 21.85)))
    assert not outline.holds(polygon(SQUARE, HOLE), checked(point(106.73, 21.83)))
