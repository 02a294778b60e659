"""Measures of the coming night: forecasts that hold from an hour of its evening until it is over, night by night."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.grid import HOUR, Array
from analytics.indices import frost_night, pond_night
from analytics.official import EVENING
from analytics.rule import Facts, Measure

#: Local hour at which children leave home, and that until which a school's morning is spoken of.
_SCHOOL, _NOON, _DAY = 6, 12, 24


class Foreseen(NamedTuple):
    """A forecast of the coming night; every array is (places, days), the day being that of the evening."""

    #: Full hour from which it is known, counted from the row's first midnight; below 0 never.
    hour: NDArray[np.int64]
    #: [the rule's unit], and its standard error; None where there is none.
    value: Array
    error: Array | None = None
    #: Bits of what was not measured; None: of no day that was computed.
    lacking: NDArray[np.uint8] | None = None


def coming_frost(facts: Facts) -> Measure:
    """Forecast of the night's minimum, from the look before dusk to 8 h; of the look after it where it is worse."""

    def look(when: frost_night.Look, name: str, error: str) -> Foreseen:
        found = facts.window.values.get(name)
        hour = frost_night.look_hours(facts.window, when)
        return Foreseen(hour, facts.indices[name], facts.indices[error], None if found is None else found.method)

    before = look(frost_night.AFTERNOON, "frost_night_minimum_before_dusk", "frost_night_minimum_before_dusk_error")
    after = look(frost_night.DUSK, "frost_night_minimum_forecast", "frost_night_minimum_error")
    return night_ahead(facts, (before, after), frost_night.LEAN)


def coming_oxygen(facts: Facts) -> Measure:
    """Oxygen of a pond projected to dawn, from 21 h on."""
    grid = facts.window.hourly_grid()
    return night_ahead(facts, (Foreseen(grid.edges[:, :-1] + pond_night.LOOK, facts.indices[pond_night.NAME]),), 0.0)


def school_morning(facts: Facts) -> Measure:
    """Air temperature at 6 h [°C], from then to noon."""
    grid = facts.window.hourly_grid()
    return night_ahead(facts, (Foreseen(grid.edges[:, :-1] + _SCHOOL, _at_school(facts)),), 0.0, ends=_NOON - _DAY)


def school_morrow(facts: Facts) -> Measure:
    """The same of this morning, from 18 h until the next: what tomorrow brings if it is like today."""
    grid = facts.window.hourly_grid()
    return night_ahead(facts, (Foreseen(grid.edges[:, :-1] + EVENING, _at_school(facts)),), 0.0, ends=_SCHOOL)


def _at_school(facts: Facts) -> Array:
    """(places, days) first reading of the hour in which children leave home [°C]: what was decided by it stays so."""
    grid = facts.window.grid
    hour = HOUR // grid.step
    found = grid.by_day(facts.window.series("air_temperature"))[..., _SCHOOL * hour : (_SCHOOL + 1) * hour]
    first = np.isfinite(found).argmax(axis=2)[..., None]
    return np.take_along_axis(found, first, axis=2)[..., 0]


def night_ahead(facts: Facts, looks: Sequence[Foreseen], lean: float, ends: int = 8) -> Measure:
    """Hour by hour the worst, so many errors below it, of what looks said of the night; idle between the nights."""
    grid = facts.window.hourly_grid()
    hour = np.arange(grid.steps)
    evening = np.stack([np.searchsorted(row, hour, side="right") for row in grid.edges[:, 1:] + ends])
    ahead = evening < grid.days
    evening = np.minimum(evening, grid.days - 1)
    value, error = np.full(evening.shape, np.nan), np.full(evening.shape, np.nan)
    lacking, idle = np.zeros(evening.shape, np.uint8), np.ones(evening.shape, np.bool_)
    for look in looks:
        begins, said = (np.take_along_axis(one, evening, axis=1) for one in look[:2])
        off = np.zeros(said.shape) if look.error is None else np.take_along_axis(look.error, evening, axis=1)
        known = (begins >= 0) & (hour >= begins) & ahead
        idle &= ~known
        worse = known & np.isfinite(said) & ~(said - lean * off >= value - lean * error)
        value, error = np.where(worse, said, value), np.where(worse, off, error)
        if look.lacking is not None:
            lacking = np.where(worse, np.take_along_axis(look.lacking, evening, axis=1), lacking)
    sure = all(look.error is None for look in looks)
    return Measure(value, unasked=idle, error=None if sure else error, lacking=lacking)
