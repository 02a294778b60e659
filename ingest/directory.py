"""Finds a registered datastream by the name under which it travels, with its limits, as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.quantities import QUANTITIES, RAIN_SHARE, record_rain
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


_LIMITS = ("minimum", "maximum", "local_minimum", "local_maximum")


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
    #: Between readings as born [s]; 0 where they are not regular.
    interval: float = 0.0

    @property
    def limits(self) -> tuple[float, float, float, float]:
        """What it can be, and what its place has: minimum, maximum, minimum, maximum."""
        quantity = QUANTITIES[self.quantity]
        low = -np.inf if self.minimum is None else self.minimum
        high = np.inf if self.maximum is None else self.maximum
        if self.quantity != "precipitation":
            return quantity.minimum, quantity.maximum, low, high
        # what can fall depends on how long it fell; where nobody said how long, a day may be meant
        record = float(record_rain(self.interval or 86_400.0))
        return quantity.minimum, record, low, RAIN_SHARE * record if self.maximum is None else high

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
    #: Name and unit → row.
    rows: dict[tuple[str, str], int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    #: The same of what is at the stations of a gateway.
    rows_of: dict[str | None, dict[tuple[str, str], int]] = field(default_factory=dict)
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
        """Add datastreams that are not there yet, and take the limits of the others anew."""
        said = [entry for entry in entries if entry.quantity in QUANTITIES]
        for entry in said:
            if entry.name in self.names:  # born anew: its interval may be another
                for column, limit in zip(_LIMITS, entry.limits, strict=True):
                    self.table[column][self.names[entry.name]] = limit
        fresh = [entry for entry in said if entry.name not in self.names]
        start = len(self.names)
        added = np.zeros(len(fresh), ROW)
        for offset, entry in enumerate(fresh):
            row, quantity = start + offset, QUANTITIES[entry.quantity]
            self.names[entry.name] = row
            key, owner = (entry.name, quantity.senml_unit), self.stations.get(entry.station, (0, None))[1]
            self.rows[key] = self.rows_of.setdefault(owner, {})[key] = row
            added[offset] = (entry.id, quantity.factor, *entry.limits, ESTIMATED if entry.estimated else 0, -1, 0.0)
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
