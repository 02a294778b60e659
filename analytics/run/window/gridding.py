"""Readings of a group of places on its grid, laid slice by slice, so that never all of them are at hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics import grid as grids
from analytics.grid import Array, Grid, Series, Times
from analytics.run.window.place_facts import RAIN, Known, naive, rain_streams
from store.flag import QUALITY_MASK, Check, Quality
from store.work import Verdict
from telemetry.quantities import QUANTITIES, Aggregate

#: Readings of a datastream by whose distance it is judged how often they come, where nobody said.
RECENT = 200
#: Row → datastream → when its last readings came, datetime64[s]; of places of which nobody said how often they do.
Recent: TypeAlias = dict[int, dict[int, Times]]


@dataclass(frozen=True, slots=True)
class Readings:
    """Readings of a batch: each belongs to a row, a place; those of a datastream may belong to several."""

    row: NDArray[np.int64]
    #: As `store.work.LOADED`.
    array: NDArray[Any]
    good: NDArray[np.bool_]


def gather(of_place: Sequence[tuple[NDArray[Any], NDArray[np.bool_]]]) -> Readings:
    """Lay the readings of places behind each other."""
    row = np.repeat(np.arange(len(of_place)), [array.size for array, _ in of_place])
    return Readings(
        row, np.concatenate([array for array, _ in of_place]), np.concatenate([good for _, good in of_place])
    )


def lay_series(grid: Grid, places: Sequence[Known], readings: Readings) -> dict[str, Series]:
    """Every series of a batch on its grid; those that aggregate alike are laid together."""
    wanted: dict[str, list[tuple[int, int]]] = {}
    for row, known in enumerate(places):
        for datastream, called in known.series().items():
            for name in called:
                wanted.setdefault(name, []).append((row, datastream))
    alike: dict[tuple[Aggregate, bool], list[str]] = {}
    for name, members in wanted.items():
        several = len({row for row, _ in members}) < len(members)  # what two sensors measured has to be sorted
        alike.setdefault((QUANTITIES[name.split("/", 1)[0]].aggregate, several), []).append(name)
    time = readings.array["phenomenon_time"].astype("datetime64[s]")
    key = readings.row << 32 | readings.array["datastream_id"]
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    laid = {}
    for (aggregate, _), names in alike.items():
        cells, keys = [], []
        for n, name in enumerate(names):
            cells += [n * grid.places + row for row, _ in wanted[name]]
            keys += [row << 32 | datastream for row, datastream in wanted[name]]
        begins, ends = np.searchsorted(ordered, keys), np.searchsorted(ordered, keys, side="right")
        cell = np.repeat(np.array(cells), ends - begins)
        spans = zip(begins.tolist(), ends.tolist(), strict=True)
        which = np.concatenate([order[begin:end] for begin, end in spans])
        good = readings.good[which]
        if not good.all():
            cell, which = cell[good], which[good]
        wide = grid.take(np.tile(np.arange(grid.places), len(names)))
        found = grids.lay(wide, cell, time[which], readings.array["result"][which], aggregate)
        for n, name in enumerate(names):
            part = slice(n * grid.places, (n + 1) * grid.places)
            laid[name] = Series(found.value[part], found.minimum[part], found.maximum[part])
    return laid


def rain_in_doubt(
    grid: Grid, places: Sequence[Known], readings: Readings, said: Sequence[Sequence[Verdict]] = ()
) -> dict[str, Series]:
    """Rain that is more than is believed unasked, but possible: kept beside what stands, for the rules to weigh."""
    flag = readings.array["flag"]
    doubted = (flag & QUALITY_MASK == Quality.SUSPECT) & (flag & Check.LOCAL_RANGE != 0) & ~readings.good
    if not doubted.any():
        return {}
    of_place = [rain_streams(known) for known in places]
    for place in np.flatnonzero(doubted).tolist():
        doubted[place] = int(readings.array["datastream_id"][place]) in of_place[int(readings.row[place])]
    for verdict in (one for verdicts in said for one in verdicts):
        # what was said of it has settled it
        inside = (readings.array["phenomenon_time"] >= naive(verdict.valid_from)) & (
            readings.array["phenomenon_time"] <= naive(verdict.valid_to)
        )
        doubted &= ~(inside & (readings.array["datastream_id"] == verdict.datastream))
    rain = Readings(readings.row[doubted], readings.array[doubted], readings.good[doubted])
    time = rain.array["phenomenon_time"].astype("datetime64[s]")
    return {RAIN: grids.lay(grid, rain.row, time, rain.array["result"], QUANTITIES[RAIN].aggregate)}


def intervals(places: Sequence[Known], recent: Recent, heard: Times) -> Array:
    """(places,) [s] between the readings of each place's most frequent datastream, declared or by its own readings."""
    found = np.array([known.interval for known in places])
    for row, times in ((row, times) for row, mine in recent.items() for times in mine.values()):
        known = times if times.size > 2 or np.isnat(heard[row]) else np.append(heard[row], times)
        if known.size > 1:
            apart = float(np.median(np.diff(known).astype(np.float64)))
            found[row] = np.fmin(found[row], max(apart, 1.0))
    return found


def recent_times(places: Sequence[Known], readings: Readings) -> Recent:
    """When the last readings came, of places of which nobody said how often they do."""
    unsaid = np.array([np.isnan(known.interval) for known in places], np.bool_)
    if not unsaid.any() or not readings.row.size:
        return {}
    mine = np.flatnonzero(unsaid[readings.row])
    time = readings.array["phenomenon_time"][mine].astype("datetime64[s]")
    row, stream = readings.row[mine], readings.array["datastream_id"][mine]
    order = np.lexsort((time, stream, row))
    time, row, stream = time[order], row[order], stream[order]
    begins = np.flatnonzero(np.concatenate(([True], (row[1:] != row[:-1]) | (stream[1:] != stream[:-1]))))
    found: Recent = {}
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), time.size], strict=True):
        if begin < end:
            found.setdefault(int(row[begin]), {})[int(stream[begin])] = newest(
                None, time[max(begin, end - RECENT) : end]
            )
    return found


def last_read(grid: Grid, readings: Readings) -> NDArray[np.int16]:
    """(places, steps) [s] into each step at which its last reading came, trusted or not; -1 where there is none."""
    last = np.full(grid.places * grid.steps, -1, np.int16)
    since = (readings.array["phenomenon_time"].astype("datetime64[s]") - grid.start[readings.row]).astype(np.int64)
    column, second = np.divmod(since, grid.step)
    inside = (column >= 0) & (column < grid.steps)
    cell = readings.row * grid.steps + column
    np.maximum.at(last, cell[inside], second[inside].astype(np.int16))
    return last.reshape(grid.places, grid.steps)


@dataclass(slots=True)
class Laid:
    """Readings of a batch on its grid, as much of them as was laid so far; every array is (places, steps)."""

    grid: Grid
    series: dict[str, Series]
    #: Seconds into each step at which its last reading came; -1 where there is none.
    last: NDArray[np.int16]
    #: Rain that may be true and may not.
    doubted: dict[str, Series]
    recent: Recent = field(default_factory=dict)

    @classmethod
    def of(
        cls, grid: Grid, places: Sequence[Known], readings: Readings, said: Sequence[Sequence[Verdict]] = ()
    ) -> Laid:
        """Lay all of them; ``said`` has each place's verdicts."""
        return cls(
            grid,
            lay_series(grid, places, readings),
            last_read(grid, readings),
            rain_in_doubt(grid, places, readings, said),
            recent_times(places, readings),
        )

    @classmethod
    def blank(cls, grid: Grid, names: Iterable[str]) -> Laid:
        """Nothing laid yet."""
        shape = grid.places, grid.steps
        series = {name: Series(*(np.full(shape, np.nan) for _ in range(3))) for name in names}
        return cls(grid, series, np.full(shape, -1, np.int16), {})

    def put(self, rows: NDArray[np.int64], first: int, part: Laid) -> None:
        """Lay what was laid of some rows on the steps from ``first`` on, in place of what was there."""
        steps = slice(first, min(first + part.grid.steps, self.grid.steps))
        width = steps.stop - first
        for name, found in part.series.items():
            _put(self.series[name], found, rows, steps)
        for name, found in part.doubted.items():
            if name not in self.doubted:
                self.doubted[name] = Series(*(np.full(self.last.shape, np.nan) for _ in range(3)))
            _put(self.doubted[name], found, rows, steps)
        self.last[rows, steps] = part.last[:, :width]
        for row, mine in part.recent.items():
            had = self.recent.setdefault(int(rows[row]), {})
            had |= {stream: newest(had.get(stream), times) for stream, times in mine.items()}


def newest(had: Times | None, times: Times) -> Times:
    """The last of times of readings, in their order."""
    return np.unique(times if had is None else np.concatenate((had, times)))[-RECENT:]


def _put(here: Series, found: Series, rows: NDArray[np.int64], steps: slice) -> None:
    width = steps.stop - steps.start
    here.value[rows, steps] = found.value[:, :width]
    here.minimum[rows, steps] = found.minimum[:, :width]
    here.maximum[rows, steps] = found.maximum[:, :width]


def part_of(grid: Grid, rows: NDArray[np.int64], first: int, end: int) -> Grid:
    """The steps ``first`` to ``end`` of some rows as a grid of its own, of one span and not of days."""
    ends = np.clip(grid.edges[rows, -1], first, end) - first
    edges = np.stack((np.zeros_like(ends), ends), axis=1)
    return Grid(grid.first, grid.step, grid.start[rows] + first * np.timedelta64(grid.step, "s"), edges)
