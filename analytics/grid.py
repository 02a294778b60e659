"""Readings laid on a regular grid of local days: arrays (place × time), day and hour summaries with completeness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from telemetry.quantities import Aggregate

Array: TypeAlias = NDArray[np.float64]
#: What a kernel takes and gives: a number or an array of floats of any shape; its docstring says which.
Values: TypeAlias = Any
Times: TypeAlias = NDArray[np.datetime64]

HOUR = 3600
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Grid:
    """Consecutive local days of several places, cut into steps of equal length.

    Each place's row begins at its own first local midnight, so rows of different time zones lie side by side and a
    row is gapless. A day is what lies between two local midnights: 23 or 25 hours where clocks change.
    """

    #: Local date of the first day, the same for every place.
    first: np.datetime64
    #: Length of a step [s]; a divisor of an hour.
    step: int
    #: (places,) instant of the first local midnight, UTC, datetime64[s].
    start: Times
    #: (places, days + 1) where each local day begins, in steps from ``start``; the last is the end of the last day.
    edges: NDArray[np.int64]

    @property
    def places(self) -> int:
        """Number of rows."""
        return int(self.edges.shape[0])

    @property
    def days(self) -> int:
        """Number of local days."""
        return int(self.edges.shape[1]) - 1

    @property
    def steps(self) -> int:
        """Number of steps of a row: the longest row's, filled to a whole hour."""
        hour = HOUR // self.step
        return -(-int(self.edges[:, -1].max(initial=0)) // hour) * hour

    @property
    def dates(self) -> Times:
        """(days,) local dates, datetime64[D]."""
        dates: Times = self.first.astype("datetime64[D]") + np.arange(self.days)
        return dates

    @property
    def day_hours(self) -> Array:
        """(places, days) length of each local day [h]."""
        return np.diff(self.edges, axis=1) * (self.step / HOUR)

    @property
    def day_starts(self) -> Times:
        """(places, days) instant at which each local day begins, UTC, datetime64[s]."""
        return self.start[:, None] + self.edges[:, :-1] * np.timedelta64(self.step, "s")

    def times(self, every: int | None = None) -> Times:
        """(places, steps) instants at which the steps begin, UTC; ``every`` [s] for a coarser count, e.g. hours."""
        every = every or self.step
        count = self.steps * self.step // every
        return self.start[:, None] + np.arange(count) * np.timedelta64(every, "s")

    def shared_times(self, every: int | None = None) -> Times:
        """The same, of one row where all places' rows begin at the same instant: (places or 1, steps)."""
        same = bool((self.start == self.start[:1]).all())
        return (self.take(np.zeros(1, np.int64)) if same and self.places else self).times(every)

    def by_day(self, series: Array) -> Array:
        """Cut (places, steps) into (places, days, steps of the longest day); what a shorter day lacks is NaN."""
        lengths = np.diff(self.edges, axis=1)
        longest = int(lengths.max(initial=0))
        if (lengths == longest).all():
            return series[:, : self.days * longest].reshape(self.places, self.days, longest)
        hour = HOUR // self.step
        longest = -(-longest // hour) * hour
        index = self.edges[:, :-1, None] + np.arange(longest)
        beyond = index >= self.edges[:, 1:, None]
        index[beyond] = 0
        cut = np.take_along_axis(series[:, None, :], index.reshape(self.places, 1, -1), axis=2).reshape(index.shape)
        return np.where(beyond, np.nan, cut)

    def day_ends(self, series: Array) -> Array:
        """(places, days) value of the last step of each local day of a (places, steps) series."""
        return np.take_along_axis(series, self.edges[:, 1:] - 1, axis=1)

    def take(self, rows: NDArray[np.int64]) -> Grid:
        """The grid of some rows, in their order; a row may be taken several times."""
        return Grid(self.first, self.step, self.start[rows], self.edges[rows])


@lru_cache(maxsize=256)
def _midnights(time_zone: str, first: date, days: int) -> Times:
    """(days + 1,) instants of local midnight, UTC, datetime64[s]."""
    zone = ZoneInfo(time_zone)
    dates = (first + timedelta(days=k) for k in range(days + 1))
    midnights = (datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in dates)
    return np.array([moment.replace(tzinfo=None) for moment in midnights], dtype="datetime64[s]")


def local_days(first: date, last: date, time_zones: Sequence[str], step: int = 600) -> Grid:
    """Lay the grid of the local days ``first`` to ``last`` (inclusive); a time zone (IANA) for each place."""
    if HOUR % step:
        message = f"a step of {step} s does not divide an hour"
        raise ValueError(message)
    days = (last - first).days + 1
    midnights = np.array([_midnights(zone, first, days) for zone in time_zones], dtype="datetime64[s]")
    midnights = midnights.reshape(len(time_zones), days + 1)
    edges = (midnights - midnights[:, :1]).astype(np.int64) // step
    return Grid(np.datetime64(first, "D"), step, midnights[:, 0], edges)


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one quantity on a grid; every array is (places, steps), NaN where there is none."""

    #: Mean, sum, mean direction or last of the readings in a step, as the quantity aggregates.
    value: Array
    #: Smallest and largest reading in a step.
    minimum: Array
    maximum: Array

    def take(self, rows: NDArray[np.int64]) -> Series:
        """The series of some rows."""
        return Series(self.value[rows], self.minimum[rows], self.maximum[rows])


def of_values(value: Array) -> Series:
    """A series whose steps hold one reading each."""
    return Series(value, value, value)


def lay(grid: Grid, row: NDArray[np.int64], time: Times, value: Array, aggregate: Aggregate) -> Series:
    """Lay readings on the grid: a reading belongs to the step, and the day, in which its time lies.

    ``row``, ``time`` (UTC) and ``value`` are (readings,); pass only readings to be trusted: what is suspect or failed
    is left out by the caller and so becomes NaN. Readings in order of row and time cost no sort.
    """
    cell, value = _cells(grid, row, time, value)
    size = grid.places * grid.steps
    arrays = [np.full(size, np.nan) for _ in range(3)]
    if cell.size:
        begins = np.flatnonzero(np.concatenate(([True], cell[1:] != cell[:-1])))
        where = cell[begins]
        arrays[0][where] = _gather(value, begins, aggregate)
        arrays[1][where] = np.minimum.reduceat(value, begins)
        arrays[2][where] = np.maximum.reduceat(value, begins)
    shaped = (array.reshape(grid.places, grid.steps) for array in arrays)
    return Series(*shaped)


def _cells(grid: Grid, row: NDArray[np.int64], time: Times, value: Array) -> tuple[NDArray[np.int64], Array]:
    """Cell number of each reading on the grid and its value, in order of cell and time."""
    # floor_divide of timedelta64 rounds down, so a reading before the start falls outside
    column = (time - grid.start[row]) // np.timedelta64(grid.step, "s")
    inside = (column >= 0) & (column < grid.edges[row, -1]) & np.isfinite(value)
    cell = row * grid.steps + column
    if not inside.all():
        cell, value, time = cell[inside], value[inside], time[inside]
    ahead = np.diff(cell)
    if (ahead < 0).any() or (np.diff(time)[ahead == 0] < np.timedelta64(0)).any():
        order = np.lexsort((time, cell))
        cell, value = cell[order], value[order]
    return cell, np.asarray(value, dtype=np.float64)


def _gather(value: Array, begins: NDArray[np.int64], aggregate: Aggregate) -> Array:
    """One value a group of readings."""
    if aggregate is Aggregate.LAST:
        return np.asarray(value[np.append(begins[1:], value.size) - 1])
    if aggregate is Aggregate.MAXIMUM:
        return np.asarray(np.maximum.reduceat(value, begins))
    if aggregate is Aggregate.VECTOR:
        angle = np.radians(value)
        east, north = np.add.reduceat(np.sin(angle), begins), np.add.reduceat(np.cos(angle), begins)
        return np.degrees(np.arctan2(east, north)) % 360.0
    total: Array = np.add.reduceat(value, begins)
    return total if aggregate is Aggregate.SUM else total / np.diff(np.append(begins, value.size))


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of a quantity in each period; every array is (places, periods), NaN where nothing was measured."""

    mean: Array
    minimum: Array
    maximum: Array
    total: Array
    #: Share of the period's hours (of an hour: of its steps) that were measured, 0 to 1.
    completeness: Array


def hourly(grid: Grid, series: Series) -> Summary:
    """Summary of each hour, counted from the first local midnight: (places, hours)."""
    per_hour = HOUR // grid.step
    shape = (grid.places, grid.steps // per_hour, per_hour)
    value = series.value.reshape(shape)
    present = np.isfinite(value)
    count = present.sum(axis=2)
    total = np.where(present, value, 0.0).sum(axis=2)
    seen = np.where(count > 0, 1.0, np.nan)
    return Summary(
        mean=total / np.where(count > 0, count, np.nan),
        minimum=np.fmin.reduce(series.minimum.reshape(shape), axis=2),
        maximum=np.fmax.reduce(series.maximum.reshape(shape), axis=2),
        total=total * seen,
        completeness=count / per_hour,
    )


def daily(grid: Grid, series: Series) -> Summary:
    """Summary of each local day: (places, days).

    The mean is that of the hours' means, so that an hour read more often weighs no more than another. An hour counts
    as measured when it holds at least half as many filled steps as the best hour of its day; completeness is the share
    of the day's hours measured. All of it depends on the day's own readings only, so a day comes out the same in
    whatever window it is computed.
    """
    per_hour = HOUR // grid.step
    value = grid.by_day(series.value)
    hours = (grid.places, grid.days, value.shape[2] // per_hour, per_hour)
    present = np.isfinite(value).reshape(hours)
    count = present.sum(axis=3)
    sums = np.where(present, value.reshape(hours), 0.0).sum(axis=3)
    seen = count > 0
    hour_means = np.divide(sums, count, out=np.zeros_like(sums), where=seen)
    measured = (2 * count >= count.max(axis=2, initial=0)[..., None]) & seen
    hours_seen = seen.sum(axis=2)
    some = np.where(hours_seen > 0, 1.0, np.nan)
    return Summary(
        mean=hour_means.sum(axis=2) / np.where(hours_seen > 0, hours_seen, np.nan),
        minimum=np.fmin.reduce(grid.by_day(series.minimum), axis=2),
        maximum=np.fmax.reduce(grid.by_day(series.maximum), axis=2),
        total=sums.sum(axis=2) * some,
        completeness=np.minimum(measured.sum(axis=2) / grid.day_hours, 1.0),
    )


def daily_direction(grid: Grid, direction: Series, speed: Series | None = None) -> Array:
    """Direction [deg] of the mean wind vector of each local day, (places, days); of unit vectors without a speed."""
    angle = np.radians(direction.value)
    weight = np.ones_like(angle) if speed is None else speed.value
    east = np.nansum(grid.by_day(weight * np.sin(angle)), axis=2)
    north = np.nansum(grid.by_day(weight * np.cos(angle)), axis=2)
    length = np.hypot(east, north)
    with np.errstate(invalid="ignore"):
        return np.where(length > 1e-9, np.degrees(np.arctan2(east, north)) % 360.0, np.nan)
