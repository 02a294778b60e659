"""Directory: every registered datastream by the name under which it travels, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.quantities import QUANTITIES
from telemetry.wire import URN

#: Pairs that must agree when they come in one pack: the first is never above the second by more than the tolerance.
#: Dew point above air temperature is supersaturation beyond what instruments err by; a gust is at least the mean wind.
AGREEMENTS = (("dew_point", "air_temperature", 0.5), ("wind_speed", "wind_gust", 0.5))


#: As store.flag.Check.ESTIMATED; this module knows no store, a test compares them.
ESTIMATED = 1 << 22

ROW = np.dtype(
    [
        ("id", "i4"),
        ("factor", "f8"),
        ("minimum", "f8"),
        ("maximum", "f8"),
        ("local_minimum", "f8"),
        ("local_maximum", "f8"),
        ("flag", "i4"),
        ("partner", "i4"),
        ("tolerance", "f8"),
    ]
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One datastream as registered."""

    id: int
    station: str
    quantity: str
    level: str = ""
    estimated: bool = False
    minimum: float | None = None
    maximum: float | None = None

    @property
    def name(self) -> str:
        """Name under which it travels."""
        return (
            f"{URN}{self.station}:{self.quantity}/{self.level}"
            if self.level
            else f"{URN}{self.station}:{self.quantity}"
        )


@dataclass(slots=True)
class Directory:
    """Lookup tables; rows are datastreams in no particular order."""

    #: Station code → (id, code of its gateway).
    stations: dict[str, tuple[int, str | None]] = field(default_factory=dict)
    gateways: dict[str, int] = field(default_factory=dict)
    #: Name and unit, a blank between → row.
    rows: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    owners: list[str | None] = field(default_factory=list)
    #: Columns: id, factor, minimum, maximum, local minimum, local maximum, flags that always stand, partner row.
    table: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0, ROW))

    @classmethod
    def of(
        cls, gateways: dict[str, int], stations: dict[str, tuple[int, str | None]], entries: Iterable[Entry]
    ) -> Directory:
        """Directory of a registry."""
        directory = cls(stations, gateways)
        directory.extend(entries)
        return directory

    def extend(self, entries: Iterable[Entry]) -> None:
        """Add datastreams that are not there yet."""
        fresh = [entry for entry in entries if entry.name not in self.names and entry.quantity in QUANTITIES]
        start = len(self.owners)
        added = np.zeros(len(fresh), ROW)
        for offset, entry in enumerate(fresh):
            row, quantity = start + offset, QUANTITIES[entry.quantity]
            self.names[entry.name] = row
            self.rows[f"{entry.name} {quantity.senml_unit}"] = row
            self.owners.append(self.stations.get(entry.station, (0, None))[1])
            low = -np.inf if entry.minimum is None else entry.minimum
            high = np.inf if entry.maximum is None else entry.maximum
            limits = (quantity.minimum, quantity.maximum, low, high)
            added[offset] = (entry.id, quantity.factor, *limits, ESTIMATED if entry.estimated else 0, -1, 0.0)
        self.table = np.concatenate([self.table, added])
        for offset, entry in enumerate(fresh):
            self._pair(start + offset, entry)

    def _pair(self, row: int, entry: Entry) -> None:
        for low, high, tolerance in AGREEMENTS:
            if entry.quantity not in (low, high):
                continue
            other = high if entry.quantity == low else low
            partner = self.names.get(Entry(0, entry.station, other, entry.level).name)
            if partner is not None:
                lower, upper = (row, partner) if entry.quantity == low else (partner, row)
                self.table[lower]["partner"], self.table[lower]["tolerance"] = upper, tolerance
