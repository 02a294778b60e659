"""How much a rain gauge or meter can have counted in a given time; nothing beyond it is believed."""

from __future__ import annotations

from typing import NamedTuple

from telemetry.quantities import QUANTITIES

#: Most that a quantity grows by in a minute [unit/min]: what is believed at once, and what is possible at all;
#: and most in one reading [unit].
#: Rain: gauges take at most 4 to 10 mm/min (makers' sheets of tipping buckets); 2 mm/min for an hour, 120 mm, is a
#: storm of the century in the province; more than 400 mm at a time never fell there. Water: a farm's pump and canal.
PER_MINUTE: dict[str, tuple[float, float, float]] = {
    "precipitation": (2.0, 10.0, 400.0),
    "sunshine_duration": (1.0, 1.0, 1440.0),
    "water_volume": (20.0, 200.0, 1e6),
}
#: A short time counts as this long [ms]: consoles and radio sensors deliver in bursts.
SHORTEST, SHORTEST_USUAL = 60_000, 150_000
#: A fall of at most this part of what a minute can bring is a trembling last digit, not a fall.
JITTER = 0.05


class CounterLimit(NamedTuple):
    """Bounds of a count; raw counts, times in milliseconds."""

    #: Most in a millisecond: believed at once, and possible at all.
    usual: float = float("inf")
    possible: float = float("inf")
    #: Most in one reading, whatever the time.
    most: float = float("inf")

    def believed(self, elapsed: int) -> float:
        """Most that is taken at once; more waits for a second sample."""
        return min(self.usual * max(elapsed, SHORTEST_USUAL), self.bound(elapsed))

    def bound(self, elapsed: int) -> float:
        """Most that can have been counted."""
        return min(self.possible * max(elapsed, SHORTEST), self.most) * (1 + 1e-9)

    @property
    def jitter(self) -> float:
        """Largest fall that is no fall."""
        return 0.0 if self.possible == float("inf") else self.possible * 60_000 * JITTER

    def least_time(self, added: float) -> int:
        """Shortest time [ms] in which so much can have been counted."""
        return 0 if added <= self.bound(0) else int(added / self.possible)


#: Of a counter whose quantity is not in the table.
UNLIMITED = CounterLimit()


def counter_limit(quantity: str, unit_of_count: float | None, per_minute: float | None = None) -> CounterLimit:
    """Limit of a counter.

    Parameters
    ----------
    quantity : str
        What it counts.
    unit_of_count : float
        What one count is worth [the quantity's unit].
    per_minute : float, optional
        Most that this gauge can count in a minute [unit/min], where it is known to differ from the table.
    """
    worth = abs(unit_of_count or 0.0)
    usual, possible, most = PER_MINUTE.get(quantity, (float("inf"), float("inf"), QUANTITIES[quantity].maximum))
    if per_minute is not None:
        usual, possible = min(usual, per_minute), per_minute
    if worth == 0.0:
        return UNLIMITED
    return CounterLimit(usual / 60_000 / worth, possible / 60_000 / worth, most / worth)
