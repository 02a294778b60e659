"""Values of the past days as an SVG picture drawn on the server, so that it needs no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from zoneinfo import ZoneInfo

from api import languages
from api.web.words import Language, short_date

WIDTH, HEIGHT = 360, 190
LEFT, RIGHT, TOP, BOTTOM = 38, 8, 10, 26


@dataclass(frozen=True, slots=True)
class Frame:
    """What the axes show."""

    start: datetime
    end: datetime
    low: float
    high: float

    def x(self, moment: datetime) -> float:
        """Place of a moment on the picture."""
        return LEFT + (moment - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Place of a value on the picture."""
        return TOP + (self.high - value) / (self.high - self.low) * (HEIGHT - TOP - BOTTOM)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values from at or below ``low`` to at or above ``high``, steps of 1, 2 or 5 times a power of ten."""
    if high - low < 1e-9:
        spread = max(abs(low) * 0.1, 0.1)
        low, high = low - spread, high + spread
    rough = (high - low) / count
    power: float = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [index * step for index in range(first, last + 1)]


def _midnights(frame: Frame, zone: ZoneInfo) -> list[datetime]:
    local = frame.start.astimezone(zone)
    day = datetime(local.year, local.month, local.day, tzinfo=zone)
    days = [day + timedelta(days=count) for count in range((frame.end - frame.start).days + 3)]
    return [midnight for midnight in days if frame.start <= midnight <= frame.end]


def _axes(frame: Frame, marks: Sequence[float], zone: ZoneInfo, language: Language) -> list[str]:
    parts = []
    digits = max(0, -math.floor(math.log10(marks[1] - marks[0]) + 1e-9))
    for value in marks:
        y = frame.y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        label = f"{value:.{digits}f}".replace("-", "−").replace(".", languages.SHELF.language(language).decimal)
        parts.append(f'<text class="tick" x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    midnights = _midnights(frame, zone)
    step = max(1, math.ceil(len(midnights) / 6))
    for count, midnight in enumerate(midnights):
        x = frame.x(midnight)
        parts.append(f'<line class="grid day" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        if count % step == 0 and x < WIDTH - 24:
            label = short_date(midnight, language)
            parts.append(f'<text class="tick" x="{x + 2:.1f}" y="{HEIGHT - 8}">{label}</text>')
    return parts


def _line(points: Sequence[tuple[datetime, float]], frame: Frame, gap: timedelta) -> str:
    """Path through the points, broken where values are missing."""
    path, before = [], None
    for moment, value in points:
        pen = "M" if before is None or moment - before > gap else "L"
        path.append(f"{pen}{frame.x(moment):.1f} {frame.y(value):.1f}")
        before = moment
    return f'<path class="line" d="{"".join(path)}"/>'


def _bars(points: Sequence[tuple[datetime, float]], frame: Frame, width: timedelta) -> str:
    parts = []
    zero = frame.y(max(frame.low, 0))
    for moment, value in points:
        if value > 0:
            x, end, y = frame.x(moment), frame.x(moment + width), frame.y(value)
            parts.append(f"M{x:.1f} {zero:.1f}V{y:.1f}H{max(end, x + 1):.1f}V{zero:.1f}z")
    return f'<path class="bars" d="{"".join(parts)}"/>'


def chart(
    points: Sequence[tuple[datetime, float]],
    times: tuple[datetime, datetime],
    *,
    zone: ZoneInfo,
    unit: str,
    language: Language,
    bars: bool,
    every: timedelta,
    label: str,
) -> str:
    """SVG of one series; ``label`` is what a screen reader says in its place."""
    if unit == "m3/m3":  # people read per cent
        points = [(moment, value * 100) for moment, value in points]
    values = [value for _, value in points]
    low, high = (0.0, max([*values, 1.0])) if bars else (min(values), max(values))
    marks = ticks(low, high)
    frame = Frame(*times, marks[0], marks[-1])
    drawn = _bars(points, frame, every) if bars else _line(points, frame, every * 2)
    body = "".join([*_axes(frame, marks, zone, language), drawn])
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{body}</svg>"
    )
