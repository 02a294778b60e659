"""Days of stations as their neighbours are compared with them: raw readings less what the ordered checks doubt.

A day is made from the readings of the day and of the one before, which the checks in time look back at; of nothing
later, and of no verdict. So it is the same whenever it is made, and in whatever company.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics import grid as grids
from analytics.grid import HOUR, Array, Grid, Series, Times
from analytics.index import Window
from analytics.quality import check_window
from analytics.quality.area import WHOLE
from analytics.quality.check import trusted
from analytics.run.window.frame import declared_rain, static
from analytics.run.window.gridding import gather, lay_series, rain_in_doubt
from analytics.run.window.place_facts import STEP, Known, good_readings, midnight
from store.area import Days
from store.work import Span
from telemetry.instant import INSTANT

#: Readings and days laid on the grid at once.
READINGS, ROWS = 1_000_000, 1000
#: Readings a day of a datastream that does not say how often it reads: one a minute.
UNKNOWN = 1440.0
#: As many digits as tables keep of an index, so that sums in another order are the same.
DIGITS = 9


class Piece(NamedTuple):
    """Days of a station to make, both ends included."""

    known: Known
    first: date
    last: date


def slices(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Cut what is to be made so that it is loaded and laid at once."""
    part: list[Piece] = []
    readings, rows = 0.0, 0
    for known, begin, last in pieces:
        first, each = begin, _a_day(known)
        while first <= last:
            room = min(int((READINGS - readings) // each) - 1, ROWS - rows)
            if room < 1 and part:
                yield part
                part, readings, rows = [], 0.0, 0
                continue
            days = min(max(room, 1), (last - first).days + 1)
            part.append(Piece(known, first, first + timedelta(days=days - 1)))
            readings, rows = readings + (days + 1) * each, rows + days
            first += timedelta(days=days)
    if part:
        yield part


def _a_day(known: Known) -> float:
    """Readings a day."""
    day = 86_400.0
    return sum(day / feed.interval_seconds if feed.interval_seconds > 0 else UNKNOWN for feed in known.feeds) or 1.0


def spans(pieces: Sequence[Piece]) -> list[Span]:
    """Readings that pieces are made from."""
    found = []
    for known, first, last in pieces:
        zone = known.spot.time_zone
        begin = midnight(first - timedelta(days=1), zone)
        end = midnight(last + timedelta(days=1), zone) - INSTANT
        found += [Span(feed.datastream, begin, end) for feed in known.feeds]
    return found


class _Rows(NamedTuple):
    """Days to make, a row each; arrays are (rows, …)."""

    known: list[Known]
    #: Rows of the readings of each and of the day before.
    which: list[NDArray[np.int64]]
    day: Times
    #: Start of the day before [UTC], and the midnights after it [steps].
    start: Times
    edges: NDArray[np.int64]


def days_of(pieces: Sequence[Piece], array: NDArray[Any]) -> Days:
    """Days of pieces from their readings, an array of `store.work.LOADED` in order of datastream and time."""
    rows = _rows(pieces, array)
    if not rows.known:
        empty = np.empty(0)
        return Days(empty.astype("i4"), empty.astype("M8[D]"), empty, empty, empty.astype("i4"), empty)
    grid = Grid(rows.day.min(), STEP, rows.start, rows.edges)
    window = _checked(grid, rows, array)
    alone, cut = _day_alone(grid)
    air, rain = (_cut(window.readings.get(name), cut) for name in ("air_temperature", "precipitation"))
    warmth, fallen = grids.daily(alone, air), grids.daily(alone, rain)
    hours = np.round(grids.hourly(alone, air).mean, DIGITS)
    length = alone.edges[:, 1] * STEP // HOUR
    return Days(
        np.array([known.spot.id for known in rows.known], np.int32),
        rows.day,
        _whole(warmth.mean, warmth.completeness),
        _whole(fallen.total, fallen.completeness),
        length.astype(np.int32),
        hours[np.arange(hours.shape[1]) < length[:, None]],
    )


def _whole(value: Array, completeness: Array) -> Array:
    """(days,) value of the days that are whole."""
    return np.asarray(np.round(np.where(completeness >= WHOLE, value, np.nan), DIGITS)[:, 0], np.float64)


def _rows(pieces: Sequence[Piece], array: NDArray[Any]) -> _Rows:
    """The days of pieces on which anything was read."""
    ids, time = np.ascontiguousarray(array["datastream_id"]), np.ascontiguousarray(array["phenomenon_time"])
    known_of: list[Known] = []
    which: list[NDArray[np.int64]] = []
    day: list[np.datetime64] = []
    start: list[np.datetime64] = []
    edges: list[NDArray[np.int64]] = []
    for known, first, last in pieces:
        grid = grids.local_days(first - timedelta(days=1), last, [known.spot.time_zone], STEP)
        midnights = (grid.start[0] + grid.edges[0] * np.timedelta64(STEP, "s")).astype("M8[us]")
        parts = []
        for feed in known.feeds:
            begin, end = np.searchsorted(ids, [feed.datastream, feed.datastream + 1])
            parts.append(begin + np.searchsorted(time[begin:end], midnights))
        bounds = np.array(parts)
        for k in np.flatnonzero((bounds[:, 2:] > bounds[:, 1:-1]).any(axis=0)).tolist():
            known_of.append(known)
            which.append(np.concatenate([np.arange(one[k], one[k + 2]) for one in parts]))
            day.append(grid.dates[k + 1])
            start.append(midnights[k])
            edges.append(grid.edges[0, k : k + 3] - grid.edges[0, k])
    bounds_of = np.array(edges, np.int64).reshape(-1, 3)
    return _Rows(known_of, which, np.array(day, "M8[D]"), np.array(start, "M8[s]"), bounds_of)


def _checked(grid: Grid, rows: _Rows, array: NDArray[Any]) -> Window:
    """What stands of the rows after the ordered checks."""
    good = good_readings(array, ())
    readings = gather([(array[which], good[which]) for which in rows.which])
    window = Window(
        grid, static(rows.known), lay_series(grid, rows.known, readings), lead=1,
        doubted=rain_in_doubt(grid, rows.known, readings), declared=declared_rain(rows.known),
    )  # fmt: skip
    return trusted(window, check_window(window))


def _day_alone(grid: Grid) -> tuple[Grid, NDArray[np.int64]]:
    """The grid without the day before, and for each of its steps that of the grid; −1 beyond the day's end."""
    begin, length = grid.edges[:, 1:2], np.diff(grid.edges[:, 1:], axis=1)
    edges = np.concatenate((np.zeros_like(length), length), axis=1)
    start = grid.start + grid.edges[:, 1] * np.timedelta64(STEP, "s")
    alone = Grid(grid.first, STEP, start, edges)
    steps = np.arange(alone.steps)
    return alone, np.where(steps < length, begin + steps, -1)


def _cut(series: Series | None, cut: NDArray[np.int64]) -> Series:
    if series is None:
        return grids.of_values(np.full(cut.shape, np.nan))

    def taken(values: Array) -> Array:
        return np.where(cut >= 0, np.take_along_axis(values, np.maximum(cut, 0), axis=1), np.nan)

    return Series(taken(series.value), taken(series.minimum), taken(series.maximum))
