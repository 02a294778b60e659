"""Rings of an outline as arrays: where one crosses or touches another, what lies inside, area, and a point within.

A ring is a closed (n + 1, 2) array of longitude and latitude [°]; a polygon is its shell and then its holes. Contacts
are looked for with floating numbers and confirmed with exact ones, so that nothing is called broken by rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
#: Mean radius of the Earth [m] (IUGG), and metres of one degree of latitude on it.
EARTH = 6_371_008.8
DEGREE = EARTH * np.pi / 180.0
#: Pairs of segments that are compared at once.
_BLOCK = 1_000_000


class Contact(NamedTuple):
    """Two segments that meet: number of ring and of segment of both, and where."""

    first: tuple[int, int]
    second: tuple[int, int]
    point: tuple[float, float]
    crosses: bool  # else they touch in one point


def without_repeats(ring: Array) -> Array:
    """Ring without points that repeat the one before."""
    keep = np.append(True, (np.diff(ring, axis=0) != 0.0).any(axis=1))
    kept: Array = ring[keep]
    return kept


def area(ring: Array) -> float:
    """Area [m²] on the sphere's plane at the ring's middle; positive where it runs anticlockwise."""
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    twice = float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())
    return 0.5 * twice * DEGREE**2 * float(np.cos(np.radians(ring[:, 1].mean())))


def width(ring: Array) -> float:
    """How far [°] its points lie from the line between its first point and the one farthest from that, at most."""
    apart = ring - ring[0]
    far = apart[np.argmax((apart**2).sum(axis=1))]
    return float(np.abs(apart[:, 0] * far[1] - apart[:, 1] * far[0]).max() / max(float(np.hypot(*far)), 1e-300))


def distances(points: Array, longitude: float, latitude: float) -> Array:
    """Great-circle distances [m] of (n, 2) points from one (haversine)."""
    phi, other = np.radians(points[:, 1]), np.radians(latitude)
    half = np.sin((phi - other) / 2) ** 2
    half = half + np.cos(phi) * np.cos(other) * np.sin(np.radians(points[:, 0] - longitude) / 2) ** 2
    return np.asarray(2.0 * EARTH * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0))))


def contains(rings: Sequence[Array], points: Array) -> npt.NDArray[np.bool_]:
    """Whether each of (n, 2) points lies within an odd number of rings: in a polygon and in none of its holes."""
    inside = np.zeros(len(points), np.bool_)
    for ring in rings:
        for start in range(0, len(points), max(1, _BLOCK // len(ring))):
            part = slice(start, start + max(1, _BLOCK // len(ring)))
            x, y = points[part, 0, None], points[part, 1, None]
            (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
            spans = (y0 > y) != (y1 > y)
            with np.errstate(divide="ignore", invalid="ignore"):
                left = x < x0 + (y - y0) / (y1 - y0) * (x1 - x0)
            inside[part] ^= (spans & left).sum(axis=1) % 2 == 1
    return inside


def boxes_meet(one: Array, other: Array) -> bool:
    """Whether the boxes around two rings share a point."""
    return bool((one.min(axis=0) <= other.max(axis=0)).all() and (other.min(axis=0) <= one.max(axis=0)).all())


def on_boundary(ring: Array, points: Array) -> npt.NDArray[np.bool_]:
    """Whether each of (n, 2) points lies on the ring, to a hundredth of a millimetre."""
    found = np.zeros(len(points), np.bool_)
    begin, along = ring[:-1], np.diff(ring, axis=0)
    length = np.maximum((along**2).sum(axis=1), 1e-300)
    for number, point in enumerate(points):
        share = np.clip(((point - begin) * along).sum(axis=1) / length, 0.0, 1.0)
        apart = point - begin - share[:, None] * along
        found[number] = bool(((apart**2).sum(axis=1) < 1e-20).any())
    return found


def within(rings: Sequence[Array]) -> tuple[float, float]:
    """A point inside a polygon and outside its holes: the middle of the widest chord among those of the tallest bands.

    Between two neighbouring heights of corners every chord is free of corners, so its middle is inside whatever the
    shape is (concave, ring-like, thin); the centroid may not be.
    """
    heights = np.unique(np.concatenate([ring[:, 1] for ring in rings]))
    bands = np.argsort(np.diff(heights))[::-1][:32]
    best, found = -1.0, (float(rings[0][0, 0]), float(rings[0][0, 1]))
    for band in bands:
        height = float(heights[band] + (heights[band + 1] - heights[band]) / 2)
        chords = np.sort(np.concatenate([_at_height(ring, height) for ring in rings])).reshape(-1, 2)
        widths = chords[:, 1] - chords[:, 0]
        widest = int(np.argmax(widths))
        worth = float(min(widths[widest], heights[band + 1] - heights[band]))
        if worth > best:
            best, found = worth, (float(chords[widest, 0] + widths[widest] / 2), height)
    return found


def _at_height(ring: Array, height: float) -> Array:
    (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
    crossed = (y0 > height) != (y1 > height)
    x0, y0, x1, y1 = x0[crossed], y0[crossed], x1[crossed], y1[crossed]
    return np.asarray(x0 + (height - y0) / (y1 - y0) * (x1 - x0))


def contacts(rings: Sequence[Array]) -> Iterator[Contact]:
    """Where segments of rings meet, but for the corners that neighbours share; of these, those that run back."""
    begin, end = np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])
    lengths = [len(ring) - 1 for ring in rings]
    ring_of = np.repeat(np.arange(len(rings)), lengths)
    place = np.concatenate([np.arange(length) for length in lengths])
    last = np.repeat(lengths, lengths) - 1
    for first, second in _boxes_meet(begin, end):
        same = ring_of[first] == ring_of[second]
        apart = np.abs(place[first] - place[second])
        neighbours = same & ((apart == 1) | (apart == last[first]))
        unclear = _may_meet(begin[first], end[first], begin[second], end[second])
        unclear = unclear[~neighbours[unclear] | _back(begin, end, first[unclear], second[unclear])]
        for one, other, beside in zip(first[unclear], second[unclear], neighbours[unclear], strict=True):
            met = _meet(begin[one], end[one], begin[other], end[other])
            if met is None or (beside and not met[1]):
                continue  # neighbours share a corner
            low, high = sorted((int(ring_of[n]), int(place[n])) for n in (one, other))
            yield Contact(low, high, met[0], met[1])


def _boxes_meet(begin: Array, end: Array) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Pairs of segments whose boxes meet, each once, a block at a time."""
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    order = np.argsort(low[:, 0], kind="stable")
    until = np.searchsorted(low[order, 0], high[order, 0], side="right")
    counts = until - np.arange(len(order)) - 1
    starts = np.append(0, np.cumsum(counts))
    row = 0
    while row < len(order):
        stop = max(row + 1, int(np.searchsorted(starts, starts[row] + _BLOCK, side="right")) - 1)
        number = counts[row:stop]
        first = np.repeat(np.arange(row, stop), number)
        second = first + 1 + np.arange(len(first)) - np.repeat(starts[row:stop] - starts[row], number)
        first, second = order[first], order[second]
        meet = (low[first, 1] <= high[second, 1]) & (low[second, 1] <= high[first, 1])
        yield first[meet], second[meet]
        row = stop


def _may_meet(a: Array, b: Array, c: Array, d: Array) -> npt.NDArray[np.intp]:
    """Pairs that floating numbers do not show to be apart."""

    def side(p: Array, q: Array, r: Array) -> tuple[Array, Array]:
        u, v = q - p, r - p
        error = 1e-13 * (np.abs(u).sum(axis=1) * np.abs(v).sum(axis=1)) + 1e-24
        return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0], error

    def apart(p: Array, q: Array, r: Array, s: Array) -> npt.NDArray[np.bool_]:
        (one, error), (other, error_too) = side(p, q, r), side(p, q, s)
        return np.asarray((np.minimum(one, other) > np.maximum(error, error_too))
                          | (np.maximum(one, other) < -np.maximum(error, error_too)))  # fmt: skip

    return np.flatnonzero(~(apart(a, b, c, d) | apart(c, d, a, b)))


def _back(begin: Array, end: Array, first: npt.NDArray[np.intp], second: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Neighbours that seem to run back along each other from the corner they share."""
    follows = (end[first] == begin[second]).all(axis=1)[:, None]
    corner = np.where(follows, end[first], begin[first])
    u = np.where(follows, begin[first], end[first]) - corner
    v = np.where(follows, end[second], begin[second]) - corner
    cross = np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0])
    return np.asarray((cross <= 1e-12 * np.abs(u).sum(axis=1) * np.abs(v).sum(axis=1)) & ((u * v).sum(axis=1) > 0.0))


_Exact = tuple[Fraction, Fraction]


def _meet(a: Array, b: Array, c: Array, d: Array) -> tuple[tuple[float, float], bool] | None:
    """Where two segments meet, and whether they cross or run along each other; None where they do not. Exact."""
    p, q, r, s = ((Fraction(float(point[0])), Fraction(float(point[1]))) for point in (a, b, c, d))
    sides = (_side(p, q, r), _side(p, q, s), _side(r, s, p), _side(r, s, q))
    if not any(sides):  # on one line
        axis = 0 if p[0] != q[0] else 1
        low = max(min(p, q, key=lambda e: e[axis]), min(r, s, key=lambda e: e[axis]), key=lambda e: e[axis])
        high = min(max(p, q, key=lambda e: e[axis]), max(r, s, key=lambda e: e[axis]), key=lambda e: e[axis])
        return None if low[axis] > high[axis] else (_plain(low), low[axis] < high[axis])
    if sides[0] * sides[1] > 0 or sides[2] * sides[3] > 0:
        return None
    share = sides[2] / (sides[2] - sides[3])
    where = (p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1]))
    return _plain(where), all(sides)


def _side(p: _Exact, q: _Exact, r: _Exact) -> Fraction:
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def _plain(point: _Exact) -> tuple[float, float]:
    return float(point[0]), float(point[1])
