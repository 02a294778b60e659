"""Places that are computed together, and their readings as a window of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from analytics import grid as grids
from analytics.grid import Array, Grid, Times
from analytics.index import Places, Window
from analytics.indices.crops import seasons
from analytics.properties import OF_GROUND
from analytics.run.window.gridding import Laid, Readings, intervals
from analytics.run.window.place_facts import RAIN, STEP, Known, naive, rain_streams
from store.flag import QUALITY_MASK, Quality
from store.work import Verdict


def static(places: Sequence[Known]) -> Places:
    """Properties of a batch's places as arrays."""

    def column(name: str) -> Array:
        return np.array([np.nan if getattr(p.spot, name) is None else getattr(p.spot, name) for p in places], float)

    further: dict[str, Array] = {}
    for k, known in enumerate(places):
        for name, value in known.spot.properties.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                further.setdefault(name, np.full(len(places), np.nan))[k] = value
    return Places(column("latitude"), column("longitude"), column("elevation"), column("wind_height"), further)


def vouched_rain(
    grid: Grid, places: Sequence[Known], said: Sequence[Sequence[Verdict]]
) -> dict[str, NDArray[np.bool_]]:
    """(places, steps) whose rain a person found good."""
    found = np.zeros((grid.places, grid.steps), np.bool_)
    for row, verdicts in enumerate(said):
        for one in verdicts:
            if one.who.startswith("person:") and (one.flag & QUALITY_MASK) == Quality.GOOD:
                if one.datastream not in rain_streams(places[row]):
                    continue
                ends = (naive(one.valid_from), naive(one.valid_to))
                begin, end = ((moment - grid.start[row]) // np.timedelta64(grid.step, "s") for moment in ends)
                found[row, max(int(begin), 0) : max(int(end) + 1, 0)] = True
    return {RAIN: found} if found.any() else {}


def declared_rain(places: Sequence[Known]) -> dict[str, Array]:
    """(places,) [s] between the readings of each main rain gauge as it was declared; NaN where nobody said."""
    said = np.full(len(places), np.nan)
    for row, known in enumerate(places):
        mine = rain_streams(known)
        regular = [one.interval_seconds for one in known.feeds if one.datastream in mine and one.interval_seconds > 0]
        said[row] = min(regular, default=np.nan)
    return {RAIN: said}


def _ground(known: Known) -> dict[str, object]:
    """What was said of the land of a field for all its seasons."""
    return {name: value for name, value in known.spot.properties.items() if name in OF_GROUND}


@dataclass(frozen=True, slots=True)
class Frame:
    """A window of a batch, ready for indices and rules."""

    places: Sequence[Known]
    window: Window
    #: First day that is to be computed; the ones before are context.
    first: date
    now: np.datetime64
    moment: datetime
    heard: Times
    present: NDArray[np.bool_]
    interval: Array
    #: Season of each row; 0 is the place by itself.
    seasons: tuple[int, ...]

    @property
    def rows(self) -> list[tuple[int, int]]:
        """(place, season) of each row."""
        return [(known.spot.id, season) for known, season in zip(self.places, self.seasons, strict=True)]

    @property
    def ended(self) -> NDArray[np.bool_]:
        """(places, days) which computed days have ended."""
        grid = self.window.grid
        ends = grid.start[:, None] + grid.edges[:, 1:] * np.timedelta64(grid.step, "s")
        return np.asarray((np.arange(grid.days) >= self.window.lead) & (ends <= self.now))

    def grown(self) -> Frame | None:
        """The frame of the crop seasons at its places, a row each; None where there are none."""
        first, last = self.window.grid.dates[0].item(), self.window.grid.dates[-1].item()
        found = [
            (row, season)
            for row, known in enumerate(self.places)
            for season in known.seasons
            if season.sown <= last and (season.ended is None or season.ended >= first)
        ]
        if not found:
            return None
        rows = np.array([row for row, _ in found])
        window = self.window.take(
            rows,
            seasons(
                [season.crop for _, season in found],
                np.array([season.sown for _, season in found], "datetime64[D]"),
                np.array([season.ended for _, season in found], "datetime64[D]"),
                [_ground(self.places[row]) | dict(season.properties) for row, season in found],
            ),
        )
        return replace(
            self,
            places=[self.places[row] for row in rows],
            window=window,
            heard=self.heard[rows],
            present=self.present[rows],
            interval=self.interval[rows],
            seasons=tuple(season.id for _, season in found),
        )


def frame_of_readings(
    places: Sequence[Known],
    readings: Readings,
    first: date,
    last: date,
    lead: int,
    now: datetime,
    heard: Times,
    said: Sequence[Sequence[Verdict]] = (),
) -> Frame:
    """Lay a batch on the grid of ``lead`` days before ``first``, to ``last``; ``said`` has each place's verdicts."""
    laid = Laid.of(grid_of(places, first, last, lead), places, readings, said)
    return frame_of(places, laid, first, lead, now, heard, said)


def grid_of(places: Sequence[Known], first: date, last: date, lead: int) -> Grid:
    """The grid of ``lead`` days before ``first``, to ``last``."""
    zones = [known.spot.time_zone for known in places]
    return grids.local_days(first - timedelta(days=lead), last, zones, STEP)


def frame_of(
    places: Sequence[Known],
    laid: Laid,
    first: date,
    lead: int,
    now: datetime,
    heard: Times,
    said: Sequence[Sequence[Verdict]] = (),
) -> Frame:
    """A frame of what was laid."""
    window = Window(
        laid.grid, static(places), laid.series, lead=lead,
        doubted=laid.doubted, vouched=vouched_rain(laid.grid, places, said), declared=declared_rain(places),
    )  # fmt: skip
    return Frame(
        places,
        window,
        first,
        naive(now).astype("datetime64[s]"),
        now,
        heard,
        laid.last >= 0,
        intervals(places, laid.recent, heard),
        (0,) * len(places),
    )
