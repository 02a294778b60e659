"""Time series, states and heat maps as SVG of our own, without scripts."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any

from dashboards import palette
from dashboards.kinds import TimeSeries
from dashboards.macros import Shown
from dashboards.panel import Draw, Panel
from dashboards.preview import say
from dashboards.preview.ask import Answer
from dashboards.preview.axis import Frame, Scale, round_ticks, time_ticks
from dashboards.words import Language
from telemetry.quantities import QUANTITIES

Points = list[tuple[datetime, float]]
_DASHES = {"dashed": "7 4", "dotted": "1.5 4"}
#: Cividis at five points (Nuñez, Anderton, Renslow 2018): dark is low; reversed, so that dark is much.
_CIVIDIS = ((253, 231, 55), (188, 175, 111), (124, 123, 120), (65, 77, 107), (0, 32, 77))


def series(answer: Answer) -> dict[str, Points]:
    """Lines of an answer by name: a metric's, or a column's."""
    found: dict[str, Points] = defaultdict(list)
    names = answer.names[1:]
    for time, *rest in answer.rows:
        if "metric" in names:
            pairs: list[tuple[str, Any]] = [(str(rest[0]), rest[1])]
        else:
            pairs = list(zip(names, rest, strict=True))
        for name, value in pairs:
            if value is not None:
                found[name].append((time, float(value)))
    return dict(found)


def svg(frame: Frame, body: str) -> str:
    """An SVG of the frame's size."""
    return f'<svg width="{frame.width:.0f}" height="{frame.height:.0f}">{body}</svg>'


def text(x: float, y: float, words: str, css: str = "") -> str:
    """A piece of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{css}">{words}</text>'


def line(x1: float, y1: float, x2: float, y2: float, style: str = 'class="grid"') -> str:
    """A straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {style}/>'


def time_axis(frame: Frame, shown: Shown) -> tuple[Scale, str]:
    """Scale of time and its ticks."""
    scale = Scale(shown.start.timestamp(), shown.end.timestamp(), frame.left, frame.width - frame.right)
    foot = frame.height - frame.bottom
    drawn = [
        line(scale(tick.timestamp()), frame.top, scale(tick.timestamp()), foot)
        + text(scale(tick.timestamp()), foot + 14, label, "tick mid")
        for tick, label in time_ticks(shown.start, shown.end, max(2, int(frame.inner_width / 80)))
    ]
    return scale, "".join(drawn)


def value_axis(frame: Frame, low: float, high: float) -> tuple[Scale, str]:
    """Scale of values and its ticks."""
    ticks = round_ticks(low, high, max(2, int(frame.inner_height / 34)))
    scale = Scale(ticks[0], ticks[-1], frame.height - frame.bottom, frame.top)
    drawn = [
        line(frame.left, scale(tick), frame.width - frame.right, scale(tick))
        + text(frame.left - 6, scale(tick) + 4, f"{tick:g}", "tick end")
        for tick in ticks
    ]
    return scale, "".join(drawn)


def _pieces(points: Points, bridge: float) -> Iterator[Points]:
    """Parts between gaps that are not bridged."""
    piece: Points = []
    for point in points:
        if piece and bridge and (point[0] - piece[-1][0]).total_seconds() > bridge:
            yield piece
            piece = []
        piece.append(point)
    if piece:
        yield piece


def _line(points: Points, x: Scale, y: Scale, color: str, draw: Draw, bridge: float) -> str:
    made = []
    for piece in _pieces(points, bridge):
        path = " ".join(f"{x(time.timestamp()):.1f},{y(value):.1f}" for time, value in piece)
        dash = f' stroke-dasharray="{_DASHES[draw]}"' if draw in _DASHES else ""
        if len(piece) == 1:
            made.append(_dots(piece, x, y, color))
        elif draw == "area":
            foot = f"{x(piece[-1][0].timestamp()):.1f},{y.start:.1f} {x(piece[0][0].timestamp()):.1f},{y.start:.1f}"
            made.append(f'<polygon points="{path} {foot}" fill="{color}" opacity=".2"/>')
        made.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="1.6"{dash}/>')
    return "".join(made)


def _dots(points: Points, x: Scale, y: Scale, color: str) -> str:
    return "".join(
        f'<circle cx="{x(time.timestamp()):.1f}" cy="{y(value):.1f}" r="2.4" fill="{color}"/>' for time, value in points
    )


def _bars(lines: dict[str, Points], x: Scale, y: Scale, colors: dict[str, str], *, stacked: bool) -> str:
    times = sorted({time for points in lines.values() for time, _ in points})
    gap = min((b - a).total_seconds() for a, b in pairwise(times)) if len(times) > 1 else 3600
    width = max(1.2, (x(times[0].timestamp() + gap) - x(times[0].timestamp())) * 0.86) if times else 1
    each, made, base = (width if stacked else width / len(lines)), [], defaultdict[datetime, float](float)
    for place, (name, points) in enumerate(lines.items()):
        for time, value in points:
            low, left = (base[time], 0.0) if stacked else (0.0, place * each)
            base[time] += value
            top, foot = y(low + value), y(low)
            made.append(
                f'<rect x="{x(time.timestamp()) + left:.1f}" y="{min(top, foot):.1f}" width="{max(each, 0.8):.1f}"'
                f' height="{abs(foot - top):.1f}" fill="{colors[name]}" opacity=".85"/>'
            )
    return "".join(made)


def time_series(panel: TimeSeries, answer: Answer, shown: Shown, frame: Frame, language: Language) -> str:
    """Lines, bars and points, thresholds as dashed lines, a legend with the last values."""
    lines = {
        name: points
        for name, points in series(answer).items()
        if not (name in panel.columns and panel.columns[name].hidden)
    }
    if not lines:
        return ""
    colors = _colors(panel, list(lines))
    draws: dict[str, Draw] = {
        name: (panel.columns[name].draw if name in panel.columns else None) or panel.draw for name in lines
    }
    legend = _legend(panel, lines, colors, draws, language)
    frame = Frame(frame.width, frame.height - 18 * min(2, 1 + len(lines) // 6))
    low, high = _range(panel, lines, draws)
    x, ground = time_axis(frame, shown)
    y, levels = value_axis(frame, low, high)
    bars = {name: points for name, points in lines.items() if draws[name] == "bars"}
    body = _bars(bars, x, y, colors, stacked=panel.stacked) if bars else ""
    for name, points in lines.items():
        if draws[name] == "points":
            body += _dots(points, x, y, colors[name])
        elif draws[name] != "bars":
            body += _line(points, x, y, colors[name], draws[name], panel.bridge)
    return svg(frame, ground + levels + body + _limits(panel, y, frame)) + legend


def _range(panel: TimeSeries, lines: dict[str, Points], draws: dict[str, Draw]) -> tuple[float, float]:
    values = [value for points in lines.values() for _, value in points]
    low, high = min(values), max(values)
    if "bars" in draws.values():
        low, high = min(low, 0), max(high, low + 1 if high == low else high)
    if panel.stacked:
        sums: dict[datetime, float] = defaultdict(float)
        for points in lines.values():
            for time, value in points:
                sums[time] += value
        high = max(sums.values())
    if panel.lines and panel.thresholds:
        steps = [step["value"] for step in panel.thresholds["steps"] if "value" in step]
        near = [value for value in steps if low - (high - low) <= value <= high + (high - low)]
        room = 0.08 * (max([high, *near]) - min([low, *near]))  # above a threshold stands its number
        low, high = min([low, *near]), max([high, *(value + room for value in near)])
    return (panel.minimum if panel.minimum is not None else low), (panel.maximum if panel.maximum is not None else high)


def _limits(panel: TimeSeries, y: Scale, frame: Frame) -> str:
    if not (panel.lines and panel.thresholds):
        return ""
    made = []
    for step in panel.thresholds["steps"]:
        if "value" in step and y.low <= step["value"] <= y.high:
            at = y(step["value"])
            made.append(
                line(frame.left, at, frame.width - frame.right, at, f'stroke="{step["color"]}" stroke-dasharray="9 5"')
                + text(frame.width - frame.right - 3, at - 3, f"{step['value']:g}", "limit end")
            )
    return "".join(made)


def _colors(panel: Panel, names: list[str]) -> dict[str, str]:
    given = {name: panel.columns[name].color for name in names if name in panel.columns and panel.columns[name].color}
    free = [color for color in palette.SERIES if color not in given.values()]
    others = [name for name in names if name not in given]
    return given | {name: free[place % len(free)] for place, name in enumerate(others)}


def _legend(
    panel: Panel, lines: dict[str, Points], colors: dict[str, str], draws: dict[str, Draw], language: Language
) -> str:
    made = []
    for name, points in lines.items():
        last, _ = say.cell(panel, name, points[-1][1], language)
        mark = {"dashed": "╌", "dotted": "┈", "points": "●", "bars": "▮"}.get(draws[name], "━")
        title = say.title(panel, name, language)
        made.append(f'<span><b style="color:{colors[name]}">{mark}</b> {title} <i>{last}</i></span>')
    return f'<div class="legend">{" ".join(made)}</div>'


def states(panel: Panel, answer: Answer, shown: Shown, frame: Frame, language: Language) -> str:
    """A row a series, a bar a state, the state written within."""
    lines = series(answer)
    names = sorted(lines)[: max(1, int((frame.height - 24) / 17))]
    frame = Frame(frame.width, frame.height, left=190)
    x, ground = time_axis(frame, shown)
    row = min(30.0, frame.inner_height / max(1, len(names)))
    body = []
    for place, name in enumerate(names):
        top = frame.top + place * row
        body.append(text(frame.left - 8, top + row / 2 + 4, escape(_named(name, language)[:30]), "tick end"))
        for start, end, value in _runs(lines[name], shown.end):
            words, color = say.cell(panel, name, value, language)
            left, width = x(start.timestamp()), x(end.timestamp()) - x(start.timestamp())
            body.append(
                f'<rect x="{left:.1f}" y="{top + 1.5:.1f}" width="{max(width, 0.6):.1f}" height="{row - 3:.1f}"'
                f' fill="{color or "#56b4e9"}" opacity=".92"/>'
            )
            if width > 7 * len(words) and row > 12:
                dark = "light" if color in {palette.LEVEL_COLORS[4], palette.LEVEL_COLORS[5], palette.VERMILION} else ""
                body.append(text(left + 5, top + row / 2 + 4, words, f"state {dark}"))
    return svg(frame, ground + "".join(body))


def _named(metric: str, language: Language) -> str:
    """Quantities at the beginning of a series' name are said by their title."""
    first, _, rest = metric.partition(" ")
    return f"{palette.title_of(first).get(language)} {rest}" if first in QUANTITIES else metric


def _runs(points: Points, end: datetime) -> Iterator[tuple[datetime, datetime, float]]:
    start, held = points[0]
    for time, value in points[1:]:
        if value != held:
            yield start, time, held
            start, held = time, value
    yield start, end, held


def heat_map(panel: Panel, answer: Answer, shown: Shown, frame: Frame, language: Language) -> str:
    """A row a series, a cell a time; the number is written where there is room."""
    lines = series(answer)
    if not lines:
        return ""
    names = sorted(lines)[: max(1, int((frame.height - 24) / 14))]
    frame = Frame(frame.width, frame.height, left=150)
    x, ground = time_axis(frame, shown)
    row = min(30.0, frame.inner_height / len(names))
    values = [value for points in lines.values() for _, value in points]
    shade = Scale(min(values), max(values), 0, 1)
    times = sorted({time for points in lines.values() for time, _ in points})
    gap = min(((b - a).total_seconds() for a, b in pairwise(times)), default=86400.0)
    body = []
    for place, name in enumerate(names):
        top = frame.top + place * row
        body.append(text(frame.left - 8, top + row / 2 + 4, escape(_named(name, language)[:24]), "tick end"))
        for time, value in lines[name]:
            left = max(x(time.timestamp()), frame.left)
            width = min(x(time.timestamp() + gap), frame.width - frame.right) - left
            red, green, blue = _cividis(shade(value))
            body.append(
                f'<rect x="{left:.1f}" y="{top + 1:.1f}" width="{max(width - 1, 0.6):.1f}" height="{row - 2:.1f}"'
                f' fill="rgb({red:.0f},{green:.0f},{blue:.0f})"/>'
            )
            if width > 26 and row > 13:
                words = say.plain(value, "", panel.decimals)
                body.append(
                    text(
                        left + width / 2,
                        top + row / 2 + 4,
                        words,
                        "state mid" + (" light" if 0.3 * red + 0.59 * green + 0.11 * blue < 132 else ""),
                    )
                )
    return svg(frame, ground + "".join(body))


def _cividis(share: float) -> tuple[float, ...]:
    share = min(max(share, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    place = min(math.floor(share), len(_CIVIDIS) - 2)
    part = share - place
    return tuple(a + (b - a) * part for a, b in zip(_CIVIDIS[place], _CIVIDIS[place + 1], strict=True))
