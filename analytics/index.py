"""What an index is: a pure kernel beside a row that says its name, unit, needs, titles, source and state.

How the engine uses the shelf (``analytics.indices.INDICES``, ordered so that what an index needs comes before it)::

    window = Window(grid, places, readings, past=…, states=…, lead=…)
    results = evaluate(INDICES, window)            # name → Result, also put into window.values
    seasons = window.take(rows, season)            # a row for each (place, season)
    evaluate(SEASON_INDICES, seasons)

- A window is ``grid.days`` consecutive local days of many places. The first ``lead`` days are context only (a kernel
  may look back ``Need.before`` days of readings); what is computed for them is not to be stored. Values of *indices*
  before the window come through ``Window.past`` (name → (places, days before day 0), the day before day 0 last; NaN
  where there is none); an index says how many it wants by ``Need.before``.
- A recursive index names the columns of its state in ``Index.state``. ``Window.states[name]`` is (places, columns),
  the state after the day before day ``lead`` (a row of NaN where there is none: the index starts from
  ``State.initial``). ``Result.state`` is (places, days, columns), the state after *every* day (NaN on the lead days):
  store it by day, and resume at the first touched day from the row of the day before.
- ``Result.value`` is (places, days) for `Step.DAY` and `Step.MONTH` (a month's value stands on the month's last day
  and is NaN on all others), (places, hours) for `Step.HOUR` (hours from the first local midnight: ``grid.times(3600)``)
  and (places, steps) for `Step.GRID`. NaN is "no value": nothing is stored.
- ``Result.completeness`` has the shape of ``value``; ``evaluate`` has already made NaN what is less complete than
  ``Index.completeness``. ``Result.method`` holds codes into ``Index.methods`` (None: always the first).
- Readings to be laid on the grid are those that are good or not evaluated: suspect and failed ones are left out, so
  they are NaN here and count against completeness.
- A need that is not ``required`` may be missing from ``Window.readings``; a required one that is missing for the whole
  batch makes ``evaluate`` skip the index. A place without it has a row of NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics import grid as grids
from analytics import languages
from analytics.grid import Array, Grid, Series, Summary, Times
from analytics.properties import OF_PLACE
from telemetry.quantities import Aggregate
from telemetry.unknown import Why

Given = TypeVar("Given")


class Step(StrEnum):
    """For what length of time an index speaks."""

    GRID = "grid"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


class Kind(StrEnum):
    """What an index can need."""

    SERIES = "series"  # readings of a quantity
    INDEX = "index"  # another index's values
    PLACE = "place"  # a property of the place
    CROP = "crop"  # a parameter of the season's crop


@dataclass(frozen=True, slots=True)
class Need:
    """An input of an index."""

    kind: Kind
    #: A quantity of ``telemetry.quantities``, an index, a field of `Places` or a parameter of a crop.
    name: str
    required: bool = True
    #: Days before the first computed day that the kernel looks at.
    before: int = 0
    #: What is taken where a property is not given; empty: then there is no value.
    otherwise: str = ""
    #: Properties of which any one will do.
    any_of: tuple[str, ...] = ()


def series(name: str, *, required: bool = True, before: int = 0) -> Need:
    """A need of readings."""
    return Need(Kind.SERIES, name, required, before)


def of_index(name: str, *, required: bool = True, before: int = 0) -> Need:
    """A need of another index's values."""
    return Need(Kind.INDEX, name, required, before)


def of_place(name: str, otherwise: str = "", any_of: tuple[str, ...] = ()) -> Need:
    """A need of a property of the place."""
    return Need(Kind.PLACE, name, otherwise=otherwise, any_of=any_of)


def of_crop(name: str, otherwise: str = "", *, required: bool = True) -> Need:
    """A need of a parameter of the season's crop."""
    return Need(Kind.CROP, name, required, otherwise=otherwise)


@dataclass(frozen=True, slots=True)
class State:
    """A column of the state that a recursive index carries from day to day."""

    name: str
    unit: str
    #: What the index starts from where nothing is known.
    initial: float


@dataclass(frozen=True, slots=True)
class Places:
    """Static properties of the places of a batch; every array is (places,), NaN where not known."""

    #: [deg], north positive.
    latitude: Array
    #: [deg], east positive.
    longitude: Array
    #: [m] above the sea.
    elevation: Array
    #: [m] of the anemometer above ground; NaN is taken as 2 m, the agrometeorological mast.
    wind_height: Array
    #: Further numbers of the places, e.g. the mean annual rain or a reservoir's marks; (places,) each.
    properties: Mapping[str, Array] = field(default_factory=dict)

    def property(self, name: str, default: float = np.nan) -> Array:
        """(places,) a further number (`analytics.properties`), ``default`` where it is not given."""
        if name not in OF_PLACE:
            raise KeyError(f"{name} stands in no row of analytics.properties: an operator could not give it")
        given = self.properties.get(name)
        if given is None:
            return np.full(self.latitude.shape, default)
        return np.where(np.isfinite(given), given, default)

    def take(self, rows: NDArray[np.int64]) -> Places:
        """The properties of some rows."""
        further = {name: values[rows] for name, values in self.properties.items()}
        return Places(self.latitude[rows], self.longitude[rows], self.elevation[rows], self.wind_height[rows], further)


@dataclass(frozen=True, slots=True)
class Season:
    """Crop seasons, one for each row of the window that `Window.take` made for them."""

    #: Name in the crop table (``analytics.indices.crops``) of each row.
    crop: tuple[str, ...]
    #: (rows,) day of sowing or planting, datetime64[D]; the first day of the season.
    sown: Times
    #: (rows,) last day, NaT while it goes on.
    ended: Times
    #: Parameters of the crop, the soil and the field, (rows,) each: NaN where not known.
    parameters: Mapping[str, Array]

    def parameter(self, name: str, default: float = np.nan) -> Array:
        """(rows,) a parameter, ``default`` where it is not known."""
        given = self.parameters.get(name)
        if given is None:
            return np.full(len(self.crop), default)
        return np.where(np.isfinite(given), given, default)


@dataclass(frozen=True, slots=True)
class Result:
    """What an index computed over a window; shapes are said in the module's docstring."""

    value: Array
    completeness: Array
    method: NDArray[np.uint8] | None = None
    state: Array | None = None
    #: Numbers of `telemetry.unknown.Why` where there is a reason of its own for no value, else 0.
    why: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The inputs of a batch of places over consecutive local days."""

    grid: Grid
    places: Places
    #: Quantity → readings on the grid; the quantity's main level. Other levels stand as ``quantity/level``.
    readings: Mapping[str, Series]
    #: Index → (places, days before day 0) stored values, the latest last.
    past: Mapping[str, Array] = field(default_factory=dict)
    #: Index → (places, columns) state after the day before day ``lead``.
    states: Mapping[str, Array] = field(default_factory=dict)
    #: Days at the beginning that are context only.
    lead: int = 0
    season: Season | None = None
    #: What was computed so far, by index.
    values: dict[str, Result] = field(default_factory=dict)
    #: Readings of rain that may be true and may not: kept out of every sum, but not forgotten; on the grid.
    doubted: Mapping[str, Series] = field(default_factory=dict)
    #: (places, steps) whose rain a person, or a forecast, stands for: no check of one bucket may doubt it.
    vouched: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    #: Quantity → (places,) [s] between readings as declared; NaN where nobody said.
    declared: Mapping[str, Array] = field(default_factory=dict)
    _memory: dict[tuple[str, str], Summary] = field(default_factory=dict)
    _begun: dict[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """(places, days)."""
        return self.grid.places, self.grid.days

    def series(self, quantity: str) -> Array:
        """(places, steps) readings of a quantity; all NaN where the batch has none."""
        found = self.readings.get(quantity)
        return np.full((self.grid.places, self.grid.steps), np.nan) if found is None else found.value

    def summary(self, quantity: str) -> Summary:
        """Daily summary of a quantity, (places, days) each."""
        return self._summary("day", quantity)

    def hourly(self, quantity: str) -> Summary:
        """Hourly summary of a quantity, (places, hours) each."""
        return self._summary("hour", quantity)

    def _summary(self, period: str, quantity: str) -> Summary:
        key = (period, quantity)
        if key not in self._memory:
            found = self.readings.get(quantity) or grids.of_values(self.series(quantity))
            self._memory[key] = (grids.daily if period == "day" else grids.hourly)(self.grid, found)
        return self._memory[key]

    def hourly_grid(self) -> Grid:
        """The same days cut into hours."""
        per_hour = grids.HOUR // self.grid.step
        return replace(self.grid, step=grids.HOUR, edges=self.grid.edges // per_hour)

    def once(self, name: str, compute: Callable[[Window], Given]) -> Given:
        """What several indices begin with, computed for the first of them."""
        if name not in self._begun:
            self._begun[name] = compute(self)
        found: Given = self._begun[name]
        return found

    def index(self, name: str, before: int = 0) -> Array:
        """(places, before + days) values of an index, with those of ``before`` days ahead of the window."""
        found = self.values.get(name)
        value = np.full(self.shape, np.nan) if found is None else found.value
        if before == 0:
            return value
        past = np.full((self.grid.places, before), np.nan)
        stored = self.past.get(name)
        if stored is not None and stored.shape[1]:
            known = min(before, stored.shape[1])
            past[:, -known:] = stored[:, -known:]
        return np.concatenate((past, value), axis=1)

    def fresh(self, index: Index) -> NDArray[np.bool_]:
        """(places,) whether a recursive index begins: nothing is stored of it."""
        stored = self.states.get(index.name)
        none = np.ones(self.grid.places, np.bool_)
        return none if stored is None else np.asarray(np.isnan(stored).all(axis=1))

    def state(self, index: Index) -> Array:
        """(places, columns) state of a recursive index before its first computed day."""
        initial = np.array([column.initial for column in index.state])
        stored = self.states.get(index.name)
        if stored is None:
            return np.tile(initial, (self.grid.places, 1))
        return np.where(np.isnan(stored).all(axis=1, keepdims=True), initial, stored)

    def take(self, rows: NDArray[np.int64], season: Season | None = None) -> Window:
        """The window of some rows (several times the same for its several seasons); states are given anew."""
        return Window(
            self.grid.take(rows),
            self.places.take(rows),
            {name: found.take(rows) for name, found in self.readings.items()},
            {name: found[rows] for name, found in self.past.items()},
            {},
            self.lead,
            season,
            {name: _taken(found, rows) for name, found in self.values.items()},
            {name: found.take(rows) for name, found in self.doubted.items()},
            {name: found[rows] for name, found in self.vouched.items()},
            {name: found[rows] for name, found in self.declared.items()},
        )


def _taken(result: Result, rows: NDArray[np.int64]) -> Result:
    method = None if result.method is None else result.method[rows]
    return Result(result.value[rows], result.completeness[rows], method)


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example of an index's kernel, from its source where that prints one."""

    arguments: Mapping[str, Any]
    expected: Any
    tolerance: float
    source: str
    #: Which of several returned arrays ``expected`` speaks of; None: the kernel returns one.
    part: int | None = None
    #: Which place of the last axis it speaks of; None: all.
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """An agronomic index: what it is called, what it needs and how it is computed."""

    name: str
    #: UCUM.
    unit: str
    needs: tuple[Need, ...]
    #: Pure: a window in, a result out.
    compute: Callable[[Window], Result]
    #: The bare-array function behind it.
    kernel: Callable[..., Any]
    source: str
    #: For people to read: the equation, in plain text.
    equation: str
    example: Example
    step: Step = Step.DAY
    #: Least completeness for a value to be given.
    completeness: float = 0.8
    #: Names of the methods that ``Result.method`` codes.
    methods: tuple[str, ...] = ("",)
    state: tuple[State, ...] = ()
    #: How days become months on a chart.
    aggregate: Aggregate = Aggregate.MEAN
    #: Computed for each crop season, not for a place by itself.
    season: bool = False
    #: True: only of a crop that stands in water; False: only of one that does not; None: of any.
    flooded: bool | None = None
    #: Why there is no value where all that it needs is there.
    unknown: Why = Why.READINGS
    #: Arguments of the kernel that may be unknown and leave a bound, not NaN.
    bounded: frozenset[str] = frozenset()
    #: What a reader must know: limits, assumptions, what is left out.
    note: str = ""

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called, in every language that has a name for it."""
        return languages.SHELF.titles(f"indices.{self.name}")

    @property
    def before(self) -> int:
        """Days of readings that it looks back."""
        return max((need.before for need in self.needs if need.kind is Kind.SERIES), default=0)

    def evaluate(self, window: Window) -> Result:
        """Compute, and make NaN what is not complete enough, and what is not for its crop."""
        meant = self._meant(window)
        if meant is not None and not meant.any():
            return Result(np.full(window.shape, np.nan), np.zeros(window.shape))
        result = self.compute(window)
        confident = result.completeness >= self.completeness - 1e-9
        if meant is not None:
            confident &= meant[:, None]
            why = None if result.why is None else np.where(meant[:, None], result.why, np.uint8(0))
            state = None if result.state is None else np.where(meant[:, None, None], result.state, np.nan)
            result = replace(result, why=why, state=state)
        return replace(result, value=np.where(confident, result.value, np.nan))

    def _meant(self, window: Window) -> NDArray[np.bool_] | None:
        """(rows,) whether it is for the season's crop; None where it is for any."""
        if self.flooded is None or window.season is None:
            return None
        return np.asarray((window.season.parameter("flooded", 0.0) > 0.0) == self.flooded)


def evaluate(indices: Iterable[Index], window: Window) -> dict[str, Result]:
    """Compute indices in their order, each from the readings and the ones before it; skip those that lack a need."""
    results = {}
    for index in indices:
        if any(need.required and not _given(need, window) for need in index.needs):
            continue
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            results[index.name] = window.values[index.name] = index.evaluate(window)
    return results


def _given(need: Need, window: Window) -> bool:
    if need.kind is Kind.SERIES:
        return need.name in window.readings
    if need.kind is Kind.INDEX:
        return need.name in window.values  # the days before, stored, do not stand in for a sensor that is not there
    return need.kind is not Kind.CROP or window.season is not None


def whole(value: Array) -> Array:
    """Completeness of a value that has no parts: 1 where there is one, else 0."""
    return np.isfinite(value).astype(np.float64)


def remembered(present: NDArray[np.bool_], before: Array, days: float) -> Array:
    """(places, days) completeness of a recursive index: the share of days present over its memory.

    Exponentially weighted with the time constant ``days``: ``c ← c + (present − c) / days``, from ``before``
    (places,), 0 where an index has just begun.
    """
    share = np.empty(present.shape)
    now = before
    for day in range(present.shape[1]):
        now = now + (present[:, day] - now) / days
        share[:, day] = now
    return share
