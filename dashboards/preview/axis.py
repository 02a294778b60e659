"""Round ticks of numbers and of local time, and the way from values to pixels."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.preview.say import ZONE

_HOURS = (1, 2, 3, 6, 12, 24, 48, 72, 168, 336, 744, 1488, 2976)


@dataclass(frozen=True, slots=True)
class Frame:
    """The drawing area inside a panel [px]."""

    width: float
    height: float
    left: float = 46
    right: float = 12
    top: float = 8
    bottom: float = 20

    @property
    def inner_width(self) -> float:
        """Width between the axes."""
        return self.width - self.left - self.right

    @property
    def inner_height(self) -> float:
        """Height between the axes."""
        return self.height - self.top - self.bottom


@dataclass(frozen=True, slots=True)
class Scale:
    """Straight line from values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Pixel of a value."""
        return self.start + (value - self.low) / ((self.high - self.low) or 1) * (self.end - self.start)


def round_ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Ticks at 1, 2, 2.5 or 5 times a power of ten that enclose the values."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    power = 10 ** math.floor(math.log10((high - low) / wanted))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if (high - low) / (power * times) <= wanted)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, last + 1)]


def time_ticks(start: datetime, end: datetime, wanted: int) -> Iterable[tuple[datetime, str]]:
    """Ticks at round local hours or days."""
    span = (end - start).total_seconds() / 3600
    hours = next((step for step in _HOURS if span / step <= wanted), _HOURS[-1])
    midnight = start.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight
    while moment <= end:
        if moment >= start:
            yield moment, f"{moment:%H:%M}" if hours < 24 and moment.hour else f"{moment:%d/%m}"
        moment += timedelta(hours=hours)
